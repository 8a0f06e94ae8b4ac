"""The one way of opening text: what a user hands in, packed or not, and a sentence that names its line.

Text is UTF-8. A byte order mark is no text, wherever a line begins with one. A file is unpacked when it is
gzip by its first bytes, whatever its name, and any number of gzip members count. Lines end with LF, CR LF or
CR. Line and column numbers are 1-based.
"""

import csv
import gzip
import io
import os
import re
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

import numpy as np
import pandas as pd

from dfim.errors import InputError

_GZIP_MAGIC = b"\x1f\x8b"
_MARK = "\ufeff"
_MARK_BYTES = _MARK.encode()
_PACKED = {
    b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zstd", b"PK\x03\x04": "zip (as .xlsx is)",
    b"7z\xbc\xaf": "7z",
}  # fmt: skip
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
TABLE = "a tab-separated table"
# Lines of the field's text files that are no data. A contig may be called "trackA", or even "track".
_COMMENT = re.compile(r"#|(track|browser)(\s|$)(?!\d+\t\d+(\t|$))")
_WHOLE = re.compile(r"([+-]?\d{1,18})(\.0*)?")
_ROUNDED = re.compile(r"[+-]?\d+(\.\d*)?[eE][+-]?\d+")


def is_gzipped(path: str | os.PathLike) -> bool:
    """Tell whether a file is gzip (or bgzip) by its first two bytes, whatever its name."""
    with open(path, "rb") as handle:
        return handle.read(2) == _GZIP_MAGIC


def is_comment(line: str) -> bool:
    """Tell whether a line is no data: it begins with ``#``, or with the word ``track`` or ``browser``."""
    return bool(_COMMENT.match(line))


def has_mark(path: str | os.PathLike) -> bool:
    """Tell whether a file, unpacked where it is gzip, begins with a byte order mark."""
    with gzip.open(path) if is_gzipped(path) else open(path, "rb") as handle:
        return handle.read(len(_MARK_BYTES)) == _MARK_BYTES


def _packing(path: str | os.PathLike) -> str | None:
    """Return what a file is packed with, other than gzip, by its first bytes."""
    with open(path, "rb") as handle:
        begin = handle.read(6)
    return next((name for magic, name in _PACKED.items() if begin.startswith(magic)), None)


@contextmanager
def open_bytes(path: str | os.PathLike, what: str) -> Iterator[io.BufferedIOBase]:
    """Open the content of a file to read bytes: unpacked, and past a byte order mark.

    Raises InputError, saying ``what`` is needed, for a missing file, and, also while it is read, for a
    damaged gzip file.
    """
    if not os.path.isfile(path):
        found = "is a folder" if os.path.isdir(path) else "was not found"
        raise InputError(f"{path} {found}: give the path of {what}.")
    if packing := _packing(path):
        raise InputError(f"{path} is packed with {packing}: give it unpacked, or packed with gzip.")
    try:
        with gzip.open(path) if is_gzipped(path) else open(path, "rb") as handle:
            if handle.peek(len(_MARK_BYTES)).startswith(_MARK_BYTES):
                handle.read(len(_MARK_BYTES))
            yield handle
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            f"{path} is a damaged gzip file ({str(error).rstrip('.')}): fetch it again."
        ) from error


def text_lines(path: str | os.PathLike, what: str) -> Iterator[tuple[int, str]]:
    """Yield number and text of each line of a file, without its end.

    Raises InputError, saying ``what`` is needed, as :func:`open_bytes` does, and for a file that is not text
    in UTF-8, naming the line.
    """
    with open_bytes(path, what) as handle, io.TextIOWrapper(handle, encoding="utf-8", newline=None) as text:
        try:
            for number, line in enumerate(text, start=1):
                if "\0" in line:
                    raise _no_text(path, what, f"line {number} holds a NUL byte")
                yield number, line.rstrip("\n").removeprefix(_MARK)
        except UnicodeDecodeError as error:
            raise _no_text(path, what, _undecodable(path, what)) from error


def _no_text(path: str | os.PathLike, what: str, found: str) -> InputError:
    return InputError(f"{path} is not text in UTF-8 ({found}): {what} is needed.")


def _undecodable(path: str | os.PathLike, what: str) -> str:
    """Say where a file is not UTF-8."""
    with open_bytes(path, what) as handle:
        for number, line in enumerate(handle, start=1):
            if number == 1 and line.startswith(_UTF16_MARKS):
                return "it is UTF-16: save it as UTF-8"
            try:
                line.decode()
            except UnicodeDecodeError as error:
                return f"line {number} has the byte 0x{line[error.start]:02x}"
    return "it changed while it was read"


def read_text(path: str | os.PathLike, what: str) -> str:
    """Return the text of a file, its lines ended by LF; InputError as :func:`text_lines` raises it."""
    return "".join(f"{line}\n" for _, line in text_lines(path, what))


def read_lines(path: str | os.PathLike, what: str = TABLE) -> tuple[list[str], np.ndarray]:
    """Read the lines of a text table, gzipped or not by its content, and their 1-based line numbers.

    Empty lines are left out. Raises InputError for a missing or empty file, a damaged gzip file, a file
    that is not text, and a web page saved in the table's place.
    """
    kept = [(number, line) for number, line in text_lines(path, what) if line.strip()]
    if not kept:
        raise InputError(f"{path} is empty: {what} is needed.")
    if kept[0][1].lstrip().startswith("<"):
        raise InputError(f"{path} is a web page, not a table: fetch the file itself.")
    numbers, lines = zip(*kept, strict=True)
    return list(lines), np.array(numbers)


def data_fields(path: str | os.PathLike, what: str = TABLE) -> tuple[list[list[str]], "TableLines"]:
    """Read the rows of a table without a header (BED and its kin) as cells, comments left out.

    Empty cells at the end of a row are no columns: tabs at the end of a line change nothing. There may be no
    row. Raises InputError as :func:`read_lines` does.
    """
    lines, numbers = read_lines(path, what)
    rows = [row for row, line in enumerate(lines) if not is_comment(line)]
    return [without_empty_end(lines[row].split("\t"), 0) for row in rows], TableLines(path, numbers[rows])


def without_empty_end(cells: list[str], least: int) -> list[str]:
    """Return cells without the empty ones at the end, but at least so many as there are of these."""
    end = len(cells)
    while end > least and not cells[end - 1].strip():
        end -= 1
    return cells[:end]


class HeaderedTable:
    """A table whose first line names the columns, read row by row; comments (``#``) and empty lines left out.

    The header may itself begin with ``#``, and comments may come before it: it is the first line that has all
    ``needed`` columns, else the first that is no comment. Where rows have one cell more than the header, the
    first is the row's name, as R writes it. ``header`` are the names of the columns. Cells are text, whatever
    they look like; quotation marks around a whole cell are no part of it.

    Raises InputError as :func:`text_lines` does, for a file without a header, a web page, and two columns of
    one name; iteration raises one, with its line, for a row that is longer or shorter than the header.
    """

    def __init__(
        self, path: str | os.PathLike, needed: Collection[str] = (), separator: str = "\t", what: str = TABLE
    ):
        self.path, self.what, self._separator = path, what, separator
        candidates, after = self._beginning()
        names = [self._cells(line.lstrip("#").lstrip(" ")) for _, line in candidates]
        fitting = [row for row, cells in enumerate(names) if needed and set(needed) <= set(cells)]
        chosen = fitting[0] if fitting else self._likely(candidates, names, after)
        self._line = candidates[chosen][0]
        self.header = without_empty_end(names[chosen], 1)
        if chosen + 1 < len(candidates):
            after = None if candidates[-1][1].startswith("#") else candidates[-1][1]
        row = [] if after is None else without_empty_end(self._cells(after), len(self.header))
        if len(row) == len(self.header) + 1 and "" not in self.header:
            self.header = ["", *self.header]
        for name in self.header:
            if name and (fitting or not needed) and self.header.count(name) > 1:
                raise InputError(f"{path}, line {self._line}: two columns are called {name!r}: rename one.")

    def _beginning(self) -> tuple[list[tuple[int, str]], str | None]:
        """Return the lines that may be the header, with their numbers, and the one after them."""
        candidates = []
        for number, line in text_lines(self.path, self.what):
            if not line.strip():
                continue
            if not candidates and line.lstrip().startswith("<"):
                raise InputError(f"{self.path} is a web page, not a table: fetch the file itself.")
            if candidates and not candidates[-1][1].startswith("#"):
                if line.startswith("#"):
                    continue
                return candidates, line
            candidates.append((number, line))
        if not candidates:
            raise InputError(f"{self.path} is empty: {self.what} is needed.")
        return candidates, None

    @staticmethod
    def _likely(candidates: list[tuple[int, str]], names: list[list[str]], after: str | None) -> int:
        """Return which line is most like a header, when none has the needed columns."""
        last = len(candidates) - 1
        if candidates[last][1].startswith("#") or last == 0:
            return last
        # A header that begins with "#" has as many columns as the row that follows it.
        return last - 1 if len(names[last - 1]) == len(names[last]) > 1 else last

    def _cells(self, line: str) -> list[str]:
        if self._separator != "\t":
            return next(csv.reader([line], delimiter=self._separator), [])
        cells = line.split("\t")
        if '"' in line:
            cells = [cell[1:-1].replace('""', '"') if re.fullmatch('".*"', cell) else cell for cell in cells]
        return cells

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        """Yield line number and cells of each row."""
        width = len(self.header)
        for number, line in text_lines(self.path, self.what):
            if number <= self._line or not line.strip() or line.startswith("#"):
                continue
            cells = without_empty_end(self._cells(line), width)
            if len(cells) != width:
                raise InputError(
                    f"{self.path}, line {number}: found {len(cells)} column{'s' * (len(cells) != 1)}, and "
                    f"the header has {width}: separate columns by single tabs."
                )
            yield number, cells

    def columns(self, names: Collection[str]) -> tuple[list[list[str]], "TableLines"]:
        """Return the cells of some columns, a list for each name, and the lines of the rows."""
        places = [self.header.index(name) for name in names]
        numbers, rows = [], []
        for number, cells in self:
            numbers.append(number)
            rows.append([cells[place] for place in places])
        columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in places]
        return columns, TableLines(self.path, np.array(numbers, dtype=np.int64))


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
        """Turn text into integers, shape (rows,); refuses text that is not a whole number.

        ``1e+05`` is one, as R writes it, and ``100.0``. Refused as rounded is what is longer so than with all
        its digits (``1.23457e+07``): no program writes that which keeps them.
        """
        found = [_whole(value) for value in values]
        self.refuse(
            [number is None for number in found],
            lambda row: (
                f"{name} is {values[row]!r}, "
                + (
                    "which is rounded, and all digits of a whole number are needed"
                    if _ROUNDED.fullmatch(values[row].strip())
                    else "and a whole number is needed"
                )
            ),
        )
        return np.array(found, dtype=np.int64)

    def numbers_of(self, name: str, values: list[str]) -> np.ndarray:
        """Turn text into finite numbers, float64 (rows,); refuses other text."""
        found = pd.to_numeric(pd.Series(values, dtype=str), errors="coerce").to_numpy(float)
        self.refuse(~np.isfinite(found), lambda row: f"{name} is {values[row]!r}, and a number is needed")
        return found


def is_interval(cells: list[str]) -> bool:
    """Tell whether a row begins with a chromosome, a start and an end, as BED and narrowPeak do."""
    return len(cells) >= 3 and None not in map(_whole, cells[1:3])


def _whole(text: str) -> int | None:
    """Return the whole number that a text is, None when it is none, or rounded."""
    text = text.strip(" ")
    if not text.isascii():
        return None
    if match := _WHOLE.fullmatch(text):
        return int(match[1])
    if not _ROUNDED.fullmatch(text):
        return None
    value = float(text)
    if not value.is_integer() or abs(value) >= 1e15:
        return None
    return int(value) if len(text) <= max(5, len(str(int(value)))) else None
