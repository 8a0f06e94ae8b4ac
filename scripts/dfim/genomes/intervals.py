"""Peaks and windows on a genome: reading, checking, merging, overlapping.

Intervals are tables with the columns ``chrom``, ``start``, ``end``: 0-based, half-open, in bp. Sizes are
a dictionary from chromosome to length in bp. bedtools does the overlaps.
"""

import logging
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from dfim.errors import InputError
from dfim.files.tables import read_headerless
from dfim.files.text import TableLines, data_fields
from dfim.genomes.fasta import check_chromosome, genome_order
from dfim.genomes.known_assemblies import other_assemblies

if TYPE_CHECKING:
    from pybedtools import BedTool

logger = logging.getLogger(__name__)

INTERVAL_COLUMNS = ["chrom", "start", "end"]
# Columns of a table that have the length of its intervals, in lower case.
LENGTHS = ("length", "width")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[Ii]nf|NA|nan")
_SUMMIT = 9  # column 10 of a narrowPeak


def read_peaks(path: str | os.PathLike, sizes: Mapping[str, int]) -> pd.DataFrame:
    """Read peaks from narrowPeak, broadPeak or BED (3 columns or more), gzipped or not.

    Returns ``chrom``, ``start``, ``end`` and ``summit``, in the order of the file; ``summit`` is the
    0-based position of the summit on the chromosome: start + column 10 of a narrowPeak, however many columns
    follow (IDR adds ten), and the midpoint, (start + end) // 2, where that is -1 or there is no such column.
    The blocks of a BED of twelve columns are no summits. Lines that begin with ``#``, and with the words
    ``track`` or ``browser``, are left out. Raises InputError, naming file, line, what was found and what was
    needed, for anything that is not an interval of the genome.
    """
    fields, table = data_fields(path)
    if not fields:
        raise InputError(f"{path} has no peaks: at least one line of BED or narrowPeak is needed.")
    columns = np.array([len(line) for line in fields])
    table.refuse(
        columns < len(INTERVAL_COLUMNS),
        lambda row: (
            f"found {columns[row]} tab-separated column{'s' * int(columns[row] != 1)} in "
            f"{chr(9).join(fields[row])!r}, and chromosome, start and end are needed: separate columns by "
            "tabs"
        ),
    )
    table.refuse(
        [[cell.lower() for cell in line[1:3]] == INTERVAL_COLUMNS[1:] for line in fields[:1]],
        lambda row: (
            f"found a header ({', '.join(fields[row][:3])}), and BED and narrowPeak have none: remove the "
            "line, and take 1 from each start where they are counted from 1 (as in MACS's .xls)"
        ),
    )
    peaks = pd.DataFrame(
        {
            "chrom": [line[0] for line in fields],
            "start": table.integers("start", [line[1] for line in fields]),
            "end": table.integers("end", [line[2] for line in fields]),
        }
    )
    check_intervals(table, peaks, sizes)
    if has_summits(fields):
        offsets = [line[_SUMMIT] if len(line) > _SUMMIT else "-1" for line in fields]
    else:
        logger.warning("%s: its columns are not those of narrowPeak: midpoints are taken for summits", path)
        offsets = ["-1"] * len(fields)
    offsets = table.integers("the summit (column 10)", offsets)
    peaks["summit"] = _summits(table, peaks, offsets)
    logger.info("%s: %d peaks, %d of them with a summit", path, len(peaks), (offsets != -1).sum())
    return peaks


def has_summits(fields: list[list[str]]) -> bool:
    """Tell whether column 10 of a file's rows is a summit: they are narrowPeak, perhaps with more columns.

    Rows of ten columns are. Longer ones are when they are no BED of twelve columns, which has the number of
    its blocks there, and columns 7 to 10 are numbers.
    """
    long = [line for line in fields if len(line) > _SUMMIT + 1]
    if long and all(_is_bed12(line) for line in long):
        return False
    return all(_NUMBER.fullmatch(cell) for line in long for cell in line[6:10])


def _is_bed12(line: list[str]) -> bool:
    """Tell whether a row has blocks: as many sizes and starts as column 10 says, and thick ends within it."""
    whole = [line[place] for place in (1, 6, 7, 2, 9)]
    if len(line) < 12 or not all(cell.isdecimal() for cell in whole):
        return False
    start, thick_start, thick_end, end, blocks = map(int, whole)
    listed = [len(line[place].rstrip(",").split(",")) for place in (10, 11)]
    return start <= thick_start <= thick_end <= end and listed == [blocks, blocks]


def zero_based(
    table: TableLines, start: np.ndarray, end: np.ndarray, length: np.ndarray | None
) -> np.ndarray:
    """Return the starts of intervals counted from 0, half-open, told from the lengths that their table has.

    Where length = end - start + 1 the intervals are counted from 1 and their ends are included, as
    featureCounts, R (GRanges) and GFF do. Without ``length`` they are taken as they are. Raises InputError,
    with its line, for a length that is neither, or not what the rows before it say.
    """
    if length is None or not len(length):
        return start
    extra = length - (end - start)
    table.refuse(
        (extra != extra[0]) | ~np.isin(extra, (0, 1)),
        lambda row: (
            f"the length {length[row]} does not fit the interval from {start[row]} to {end[row]}"
            f"{' as in the rows before' if row else ''}, and end - start (counted from 0) or end - start + 1 "
            "(counted from 1) is needed in all rows"
        ),
    )
    if extra[0]:
        table.refuse(
            start < 1,
            lambda row: (
                f"start is {start[row]}, and intervals that are counted from 1 (by their length) need 1"
            ),
        )
        logger.info("%s: the intervals are counted from 1 (length = end - start + 1)", table.path)
    return start - extra[0]


def check_chromosomes(table: TableLines, chroms: pd.Series, sizes: Mapping[str, int]) -> None:
    """Raise InputError for the first row whose chromosome is not in the genome."""
    for row in np.flatnonzero(~chroms.isin(list(sizes)))[:1]:
        check_chromosome(chroms.iloc[row], sizes, table.where(row))


def check_intervals(table: TableLines, peaks: pd.DataFrame, sizes: Mapping[str, int] | None) -> None:
    """Raise InputError for the first interval that is empty, or not within a chromosome of the genome.

    Without ``sizes`` the genome is not known, and intervals may have any chromosome and end.
    """
    if sizes is not None:
        check_chromosomes(table, peaks["chrom"], sizes)
    start, end = peaks["start"].to_numpy(), peaks["end"].to_numpy()
    table.refuse(start < 0, lambda row: f"start is {start[row]}, and 0 or more is needed")
    table.refuse(
        start >= end,
        lambda row: f"start {start[row]} is not below end {end[row]}, and an interval needs start < end",
    )
    if sizes is None:
        return
    lengths = peaks["chrom"].map(sizes).to_numpy()
    beyond = end > lengths
    others = other_assemblies(peaks, sizes) if beyond.any() else []
    table.refuse(
        beyond,
        lambda row: (
            f"end {end[row]} lies beyond {peaks['chrom'].iloc[row]}, which is {lengths[row]} bp long: use "
            "peaks of the genome's own assembly"
            + (f" (all of these fit into {' or '.join(others)})" if others else "")
        ),
    )


def _summits(table: TableLines, peaks: pd.DataFrame, offsets: np.ndarray) -> np.ndarray:
    """Return summit positions from offsets from the start, -1 meaning the midpoint.

    An offset equal to the peak's length is accepted: ENCODE's uniform peaks have a few of them.
    """
    start, end = peaks["start"].to_numpy(), peaks["end"].to_numpy()
    table.refuse(
        (offsets < -1) | (offsets > end - start),
        lambda row: (
            f"the summit (column 10) is {offsets[row]}, and a peak of {end[row] - start[row]} bp needs 0 to "
            f"{end[row] - start[row]}, or -1 for none"
        ),
    )
    return np.where(offsets == -1, (start + end) // 2, start + offsets)


def windows_at(chroms: pd.Series, summits: np.ndarray, width: int, sizes: Mapping[str, int]) -> pd.DataFrame:
    """Return windows of ``width`` bp from summit - width // 2, the summit at 0-based index width // 2.

    ``summits`` are 0-based positions. Windows that cross an end of their chromosome are left out, and
    counted in the log; the index of the result tells which rows are kept.
    """
    windows = pd.DataFrame({"chrom": chroms, "start": summits - width // 2})
    windows["end"] = windows["start"] + width
    inside = (windows["start"] >= 0) & (windows["end"] <= windows["chrom"].map(sizes))
    if not inside.all():
        logger.info("%d of %d windows cross a chromosome end: left out", (~inside).sum(), len(windows))
    return windows[inside]


def overlapping(intervals: pd.DataFrame, others: pd.DataFrame, share: float | None = None) -> np.ndarray:
    """Tell which intervals overlap any of the others by 1 bp or more: booleans, shape (intervals,).

    With a ``share``, by at least that share of the one's length or of the other's.
    """
    return overlapping_each(intervals, [others], share)[:, 0]


def overlapping_each(
    intervals: pd.DataFrame, tables: Sequence[pd.DataFrame], share: float | None = None
) -> np.ndarray:
    """Return what :func:`overlapping` does for each of some tables of others: (intervals, tables)."""
    found = np.zeros((len(intervals), len(tables)), dtype=bool)
    if intervals.empty or all(others.empty for others in tables):
        return found
    least = {} if share is None else {"f": share, "F": share, "e": True}
    with _bedtools():
        numbered = _bed(intervals[INTERVAL_COLUMNS].assign(row=np.arange(len(intervals))))
        for column, others in zip(found.T, tables, strict=True):
            if others.empty:
                continue
            hits = numbered.intersect(_bed(others[INTERVAL_COLUMNS]), u=True, **least)
            if os.path.getsize(hits.fn):
                column[read_headerless(hits.fn, {3: "row"}, ())["row"]] = True
    return found


def merged(intervals: pd.DataFrame, sizes: Mapping[str, int]) -> pd.DataFrame:
    """Return the union of intervals, overlapping and touching ones joined, in the order of the genome."""
    with _bedtools():
        union = _bed(intervals[INTERVAL_COLUMNS]).sort().merge()
        table = read_headerless(union.fn, dict(enumerate(INTERVAL_COLUMNS)), ("chrom",))
    return table.iloc[genome_order(table, sizes)].reset_index(drop=True)


def require_bedtools() -> None:
    """Raise InputError when bedtools is not on the PATH."""
    if shutil.which("bedtools") is None:
        raise InputError(
            "bedtools was not found: install it with 'apt-get install bedtools' or "
            "'conda install -c bioconda bedtools' and run again."
        )


@contextmanager
def _bedtools() -> Iterator[None]:
    """Check for bedtools, and keep its temporary files in a folder that is removed afterwards."""
    import pybedtools  # slow to load, and only overlaps need it

    require_bedtools()
    before = pybedtools.get_tempdir()
    with tempfile.TemporaryDirectory() as folder:
        pybedtools.set_tempdir(folder)
        try:
            yield
        finally:
            pybedtools.cleanup()
            pybedtools.set_tempdir(before)


def _bed(table: pd.DataFrame) -> "BedTool":
    """Return a table of intervals as a BedTool on a temporary file."""
    import pybedtools

    return pybedtools.BedTool.from_dataframe(table)
