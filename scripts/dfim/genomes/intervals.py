"""Peaks and windows on a genome: reading, checking, merging, overlapping.

Intervals are tables with the columns ``chrom``, ``start``, ``end``: 0-based, half-open, in bp. Sizes are
a dictionary from chromosome to length in bp. bedtools does the overlaps.
"""

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pybedtools

from dfim.errors import InputError
from dfim.files.text import TableLines, read_lines
from dfim.genomes.fasta import check_chromosome, genome_order
from dfim.genomes.known_assemblies import other_assemblies

logger = logging.getLogger(__name__)

INTERVAL_COLUMNS = ["chrom", "start", "end"]
_HEADERS = ("#", "track", "browser")
_NARROWPEAK_COLUMNS = 10


def read_peaks(path: str | os.PathLike, sizes: Mapping[str, int]) -> pd.DataFrame:
    """Read peaks from narrowPeak, broadPeak or BED (3 columns or more), gzipped or not.

    Returns ``chrom``, ``start``, ``end`` and ``summit``, in the order of the file; ``summit`` is the
    0-based position of the summit on the chromosome: start + column 10 of a narrowPeak (the files with
    exactly ten columns), and the midpoint, (start + end) // 2, where that is -1 or there is no such
    column. Lines that begin with ``#``, ``track`` or ``browser`` are left out. Raises InputError, naming
    file, line, what was found and what was needed, for anything that is not an interval of the genome.
    """
    lines, numbers = read_lines(path)
    kept = [row for row, line in enumerate(lines) if not line.startswith(_HEADERS)]
    if not kept:
        raise InputError(f"{path} has no peaks: at least one line of BED or narrowPeak is needed.")
    fields = [lines[row].split("\t") for row in kept]
    table = TableLines(path, numbers[kept])
    columns = np.array([len(line) for line in fields])
    table.refuse(
        columns < 3,
        lambda row: (
            f"found {columns[row]} tab-separated column{'s' * int(columns[row] > 1)} in "
            f"{lines[kept[row]]!r}, and chromosome, start and end are needed: separate columns by tabs"
        ),
    )
    peaks = pd.DataFrame(
        {
            "chrom": [line[0] for line in fields],
            "start": table.integers("start", [line[1] for line in fields]),
            "end": table.integers("end", [line[2] for line in fields]),
        }
    )
    _check_on_genome(table, peaks, sizes)
    offsets = [line[9] if len(line) == _NARROWPEAK_COLUMNS else "-1" for line in fields]
    peaks["summit"] = _summits(table, peaks, table.integers("the summit (column 10)", offsets))
    return peaks


def check_chromosomes(table: TableLines, chroms: pd.Series, sizes: Mapping[str, int]) -> None:
    """Raise InputError for the first row whose chromosome is not in the genome."""
    for row in np.flatnonzero(~chroms.isin(list(sizes)))[:1]:
        check_chromosome(chroms.iloc[row], sizes, table.where(row))


def _check_on_genome(table: TableLines, peaks: pd.DataFrame, sizes: Mapping[str, int]) -> None:
    """Refuse intervals that are empty or not within a chromosome of the genome."""
    check_chromosomes(table, peaks["chrom"], sizes)
    start, end = peaks["start"].to_numpy(), peaks["end"].to_numpy()
    table.refuse(start < 0, lambda row: f"start is {start[row]}, and 0 or more is needed")
    table.refuse(
        start >= end,
        lambda row: f"start {start[row]} is not below end {end[row]}, and an interval needs start < end",
    )
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
    found = np.zeros(len(intervals), dtype=bool)
    if intervals.empty or others.empty:
        return found
    numbered = intervals[INTERVAL_COLUMNS].assign(row=np.arange(len(intervals)))
    with _bedtools():
        least = {} if share is None else {"f": share, "F": share, "e": True}
        hits = _bed(numbered).intersect(_bed(others[INTERVAL_COLUMNS]), u=True, **least)
        if os.path.getsize(hits.fn):
            found[pd.read_csv(hits.fn, sep="\t", header=None, usecols=[3])[3]] = True
    return found


def merged(intervals: pd.DataFrame, sizes: Mapping[str, int]) -> pd.DataFrame:
    """Return the union of intervals, overlapping and touching ones joined, in the order of the genome."""
    with _bedtools():
        union = _bed(intervals[INTERVAL_COLUMNS]).sort().merge()
        table = pd.read_csv(
            union.fn, sep="\t", header=None, names=INTERVAL_COLUMNS, dtype={"chrom": str}, na_filter=False
        )
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
    require_bedtools()
    before = pybedtools.get_tempdir()
    with tempfile.TemporaryDirectory() as folder:
        pybedtools.set_tempdir(folder)
        try:
            yield
        finally:
            pybedtools.cleanup()
            pybedtools.set_tempdir(before)


def _bed(table: pd.DataFrame) -> pybedtools.BedTool:
    """Return a table of intervals as a BedTool on a temporary file."""
    return pybedtools.BedTool.from_dataframe(table)
