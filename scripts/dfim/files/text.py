"""Tab-separated text that users hand in: reading it, and refusing it with a sentence that names the line."""

import gzip
import os
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from dfim.errors import InputError

# Lines of the field's text files that are no data, by their beginning.
COMMENTS = ("#", "track", "browser")
_GZIP_MAGIC = b"\x1f\x8b"


def is_gzipped(path: str | os.PathLike) -> bool:
    """Tell whether a file is gzip (or bgzip) by its first two bytes, whatever its name."""
    with open(path, "rb") as handle:
        return handle.read(2) == _GZIP_MAGIC


def read_text(path: str | os.PathLike, what: str) -> str:
    """Return the text of a file; InputError, saying ``what`` is needed, when it is missing or no text."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{path} is not text in UTF-8: {what} is needed.") from None
    except (FileNotFoundError, IsADirectoryError):
        raise InputError(f"{path} is no file: give the path of {what}.") from None


def read_columns(path: str | os.PathLike, **options) -> pd.DataFrame:
    """Read a table with a header through :func:`pandas.read_csv`; InputError when it cannot be read."""
    try:
        table = pd.read_csv(path, **options)
    except (ValueError, EOFError, OSError, zlib.error) as error:  # pandas' own errors are ValueErrors
        reason = " ".join(str(error).split()).rstrip(".")
        raise InputError(
            f"{path} cannot be read ({reason}): a table with a header, gzipped as its name says, is needed."
        ) from error
    if not isinstance(table.index, pd.RangeIndex):  # what pandas makes of columns without a name
        raise InputError(
            f"{path} has rows with more columns than its header: separate columns by single tabs."
        )
    return table


def read_lines(path: str | os.PathLike) -> tuple[list[str], np.ndarray]:
    """Read the lines of a text table, gzipped or not by its content, and their 1-based line numbers.

    Empty lines are left out. Raises InputError for a missing or empty file, a damaged gzip file, a file
    that is not text, and a web page saved in the table's place.
    """
    if not os.path.isfile(path):
        raise InputError(f"{path} was not found: give the path of a tab-separated table.")
    try:
        with gzip.open(path) if is_gzipped(path) else open(path, "rb") as handle:
            text = handle.read().decode("utf-8")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path} is a damaged gzip file ({error}): fetch it again.") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not text: a tab-separated table, gzipped or not, is needed.") from None
    if text.lstrip()[:1] == "<":
        raise InputError(f"{path} is a web page, not a table: fetch the file itself.")
    lines = [line.rstrip("\r") for line in text.split("\n")]
    kept = [number for number, line in enumerate(lines, start=1) if line.strip()]
    if not kept:
        raise InputError(f"{path} is empty: a tab-separated table is needed.")
    return [lines[number - 1] for number in kept], np.array(kept)


class TableLines:
    """The lines of a table that its rows were read from, for messages that name file and line.

    ``numbers`` are the 1-based line numbers of the rows.
    """

    def __init__(self, path: str | os.PathLike, numbers: np.ndarray):
        self.path, self.numbers = path, numbers

    def where(self, row: int) -> str:
        """Name the file and the line of a row."""
        return f"{self.path}, line {self.numbers[row]}"

    def refuse(self, wrong: np.ndarray, say: Callable[[int], str]) -> None:
        """Raise InputError for the first row where ``wrong`` is true, with what ``say(row)`` tells of it."""
        rows = np.flatnonzero(wrong)
        if rows.size:
            raise InputError(f"{self.where(rows[0])}: {say(rows[0])}.")

    def integers(self, name: str, values: list[str]) -> np.ndarray:
        """Turn text into integers, shape (rows,); refuses text that is not a whole number."""
        text = pd.Series(values, dtype=str)
        wrong = ~text.str.fullmatch(r"-?[0-9]{1,18}").to_numpy(dtype=bool)
        self.refuse(wrong, lambda row: f"{name} is {values[row]!r}, and a whole number is needed")
        return text.astype(np.int64).to_numpy()
