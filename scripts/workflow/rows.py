"""The rows of a sheet: a TSV file with a header, each row checked against a schema."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from dfim.errors import InputError, counted
from dfim.files.text import read_text, without_empty_end
from workflow.schema import check


def read_sheet(path: str | Path, schema_path: str | Path, what: str) -> Iterator[tuple[int, dict]]:
    """Yield line number (from 1) and columns of each row of a TSV file with a header.

    Lines that are empty or start with ``#`` are skipped. ``what`` says what the sheet is of. Raises
    InputError, naming file and line, on a missing file, wrong or missing columns, a row of the wrong
    length, or a value out of form.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(
            f"the sheet of {what} {path} does not exist; give the path of a TSV file with a header."
        )
    text = read_text(path, f"a sheet of {what}")
    try:
        lines = [
            (number, row)
            for number, row in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter="\t"), start=1)
            if row and any(row) and not row[0].startswith("#")
        ]
    except csv.Error as error:
        raise InputError(f"{path} is no sheet of {what} ({error}): a TSV file is needed.") from None
    if len(lines) < 2:
        raise InputError(f"{path} has no row of {what}; it needs a header and at least one row.")
    header = without_empty_end(lines[0][1], 1)
    if twice := [name for place, name in enumerate(header) if name in header[:place]]:
        raise InputError(f"{path}, line {lines[0][0]}: two columns are called {twice[0]!r}: remove one.")
    for number, row in lines[1:]:
        row = without_empty_end(row, len(header))
        if len(row) > len(header):
            raise InputError(
                f"{path}, line {number}: found {counted(len(row), 'column')} where the header has "
                f"{len(header)}; separate the columns by single tabs."
            )
        entry = dict(zip(header, row + [""] * (len(header) - len(row)), strict=True))
        check(entry, schema_path, f"{path}, line {number}")
        yield number, entry
