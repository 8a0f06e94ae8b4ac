"""narrowPeak files with all ten columns: 0-based half-open intervals, the summit an offset from the start."""

import gzip
import os

import pandas as pd

from dfim.errors import counted
from dfim.files.text import data_fields, open_bytes
from dfim.files.whole import atomic_path

NARROWPEAK_COLUMNS = [
    "chrom", "start", "end", "name", "score", "strand", "signal", "pvalue", "qvalue", "summit",
]  # fmt: skip


def write_narrowpeak(peaks: pd.DataFrame, path: str | os.PathLike) -> None:
    """Write peaks as gzipped narrowPeak: ten columns, no header, the same bytes for the same table."""
    # As they are: quotation marks mean nothing in this format, and a reader of CSV would double them.
    columns = [map(str, peaks[name].tolist()) for name in NARROWPEAK_COLUMNS]
    content = "".join("\t".join(row) + "\n" for row in zip(*columns, strict=True))
    with atomic_path(path) as temporary:
        temporary.write_bytes(gzip.compress(content.encode(), compresslevel=4, mtime=0))


def read_narrowpeak(path: str | os.PathLike, may_be_empty: bool = False) -> pd.DataFrame:
    """Read a narrowPeak file, gzipped or not, as a table of :data:`NARROWPEAK_COLUMNS` in the file's order.

    ``pvalue`` and ``qvalue`` are −log10, as in the file. Raises InputError for a missing file, for an empty
    one unless it ``may_be_empty``, and, with its line, for a row that has not ten columns or no number in
    one.
    """
    if may_be_empty and os.path.isfile(path) and _is_empty(path):
        return pd.DataFrame(columns=NARROWPEAK_COLUMNS)
    fields, table = data_fields(path)
    width = len(NARROWPEAK_COLUMNS)
    table.refuse(
        [len(line) < width for line in fields],
        lambda row: f"found {counted(len(fields[row]), 'column')}, and narrowPeak has ten",
    )
    peaks = pd.DataFrame([line[:width] for line in fields], columns=NARROWPEAK_COLUMNS)
    for column in ("start", "end", "score", "summit"):
        peaks[column] = table.integers(column, list(peaks[column]))
    for column in ("signal", "pvalue", "qvalue"):
        peaks[column] = table.numbers_of(column, list(peaks[column]))
    return peaks


def _is_empty(path: str | os.PathLike) -> bool:
    """Tell whether a file, gzipped or not, holds nothing."""
    with open_bytes(path, "a narrowPeak file") as handle:
        return not handle.read(1)
