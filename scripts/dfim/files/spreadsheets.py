"""Worksheets of Excel files (.xlsx), as journals publish supplementary tables, as tables of text."""

import os
import zipfile
from collections.abc import Mapping, Sequence

import pandas as pd

from dfim.errors import InputError


def worksheet_table(
    path: str | os.PathLike, columns: Sequence[str], sheet: str = "", rows: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """Return columns of a worksheet as text, one row for each of its rows below the header.

    The header is the first row that has all of ``columns`` and those of ``rows``; titles above it are passed
    over. ``sheet`` is the worksheet's name, the first one without it. With ``rows`` (a value for each of some
    columns) only the rows that have these values are kept. Whole numbers are written without a point; rows
    whose ``columns`` are all empty are left out.

    Raises InputError when the file is no Excel file, has no such worksheet or header, and when no row is left.
    """
    wanted = dict(rows or {})
    cells = _read(path, sheet)
    needed = [*columns, *wanted]
    header = next((row for row in cells if set(needed) <= set(row)), None)
    if header is None:
        names = next((row for row in cells if sum(map(bool, row)) > 1), [])
        raise InputError(
            f"{path}: no row of the worksheet {sheet or 'at its beginning'} has the columns {', '.join(needed)}; "
            f"the first row with several cells has {', '.join(filter(None, names)) or 'none'}."
        )
    below = cells[cells.index(header) + 1 :]
    table = pd.DataFrame(below, columns=range(len(header)), dtype=str)
    places = {name: header.index(name) for name in needed}
    for name, value in wanted.items():
        table = table[table[places[name]] == value]
    found = table[[places[name] for name in columns]].set_axis(list(columns), axis=1)
    found = found[(found != "").any(axis=1)].reset_index(drop=True)
    if found.empty:
        chosen = " and ".join(f"{name} {value!r}" for name, value in wanted.items())
        raise InputError(f"{path}: the worksheet {sheet} has no row{f' with {chosen}' if chosen else ''}.")
    return found


def _read(path: str | os.PathLike, sheet: str) -> list[list[str]]:
    """Return the cells of a worksheet as text, rows of one length."""
    # Imported here: only those who read such a file wait for it.
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with open(path, "rb") as handle:  # whatever the file is called
            book = load_workbook(handle, read_only=True, data_only=True)
            if sheet and sheet not in book.sheetnames:
                names = ", ".join(book.sheetnames)
                raise InputError(f"{path} has no worksheet {sheet!r}; its worksheets are {names}.")
            rows = book[sheet] if sheet else book.worksheets[0]
            cells = [[_text(value) for value in row] for row in rows.iter_rows(values_only=True)]
    except (zipfile.BadZipFile, InvalidFileException, KeyError, EOFError) as error:
        raise InputError(f"{path} is no Excel file (.xlsx): {error}.") from None
    width = max(map(len, cells), default=0)
    return [row + [""] * (width - len(row)) for row in cells]


def _text(value) -> str:
    """Return a cell as text on one line; whole numbers, which Excel keeps as fractions, without a point."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return " ".join(str(value).split())
