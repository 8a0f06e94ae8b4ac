"""Peaks from what other pipelines leave: folders of their output, and matrices of read counts.

Intervals are 0-based and half-open.
"""

import os
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
import pandas as pd

from dfim.errors import InputError
from dfim.files.text import HeaderedTable, TableLines
from dfim.genomes.intervals import LENGTHS, check_intervals, zero_based

# Where the peaks of a set lie in a folder of output; the first place that holds any counts. ENCODE's
# atac-seq-pipeline as croo arranges it and as Cromwell leaves it, and atac_dnase_pipelines (peak/macs2/…).
PEAK_SETS = {
    "idr": (
        "peak/idr_reproducibility/idr.optimal_peak.narrowPeak.gz",
        "call-reproducibility_idr/execution/*optimal_peak.narrowPeak.gz",
        "peak/macs2/idr/optimal_set/*.filt.narrowPeak.gz",
    ),
    "overlap": (
        "peak/overlap_reproducibility/overlap.optimal_peak.narrowPeak.gz",
        "call-reproducibility_overlap/execution/*optimal_peak.narrowPeak.gz",
        "peak/macs2/overlap/optimal_set/*.naive_overlap.filt.narrowPeak.gz",
        "peak/macs2/overlap/*.naive_overlap.filt.narrowPeak.gz",
    ),
}
# The columns of intervals in a matrix of counts, in lower case, and what else is no sample (featureCounts,
# R).
_MATRIX_COLUMNS = {"chr": ("chr", "chrom", "chromosome", "seqnames"), "start": ("start",), "end": ("end",)}
_NO_SAMPLES = ("", "geneid", "strand", *LENGTHS)


def find_pipeline_peaks(folder: str | os.PathLike, peak_set: str) -> str:
    """Return the path of the peaks that a pipeline left in its folder of output.

    ``peak_set`` is a key of :data:`PEAK_SETS`: ``idr`` (reproducible by IDR) or ``overlap`` (naive overlap
    of replicates), each the pipeline's optimal set, without blacklisted regions. Raises InputError, with
    the places that were looked at, when there is no such file, and when there are several at one place.
    """
    if peak_set not in PEAK_SETS:
        raise InputError(f"there is no set of peaks {peak_set!r}: choose one of {', '.join(PEAK_SETS)}.")
    for place in PEAK_SETS[peak_set]:
        found = sorted(Path(folder).glob(place))
        if len(found) > 1:
            names = ", ".join(path.name for path in found)
            raise InputError(f"{folder} has several peak files at {place} ({names}): give the path of one.")
        if found:
            return str(found[0])
    raise InputError(
        f"{folder} is a folder without the peaks of the set {peak_set!r}, which are looked for at "
        f"{', '.join(PEAK_SETS[peak_set])}: give the path of the peak file."
    )


def peaks_from_counts(
    path: str | os.PathLike, samples: Sequence[str], least: float, sizes: Mapping[str, int] | None = None
) -> pd.DataFrame:
    """Return the intervals of a matrix of read counts that are open in a cell type.

    The matrix is tab-separated, gzipped or not, with the columns Chr, Start, End (in any case), 0-based and
    half-open, and one column of counts for each sample, as GEO's GSE74912_ATACseq_All_Counts.txt.gz is. With
    a column Length (or width), as of featureCounts and R, the intervals may be counted from 1
    (:func:`dfim.genomes.intervals.zero_based`). ``samples`` are shell patterns (``*-7A*``) for the names of
    the type's samples. An interval is open when its counts per million reads of the matrix, averaged over
    these samples, are ``least`` or more. Returns ``chrom``, ``start``, ``end``, in the order of the matrix.

    Raises InputError, naming file and line, when a pattern fits no sample, a column is missing or no number,
    what is no interval (of the genome, where its ``sizes`` are given), and when no interval is open.
    """
    matrix = HeaderedTable(path)
    interval, length = _interval_columns(matrix)
    chosen = _chosen_samples(matrix, samples, interval)
    (chroms, starts, ends, *columns), table = matrix.columns([*interval, *chosen, *length])
    table.refuse(
        [";" in chrom for chrom in chroms],
        lambda row: (
            f"the row has several intervals ({chroms[row]}), and one is needed: count peaks, not genes"
        ),
    )
    start, end = table.integers("start", starts), table.integers("end", ends)
    lengths = table.integers("length", columns.pop()) if length else None
    start = zero_based(table, start, end, lengths)
    peaks = pd.DataFrame({"chrom": chroms, "start": start, "end": end})
    check_intervals(table, peaks, sizes)
    counts = np.array([_counts(table, *column) for column in zip(chosen, columns, strict=True)])
    totals = counts.sum(axis=1, keepdims=True)
    per_million = np.divide(counts * 1e6, totals, out=np.zeros_like(counts), where=totals > 0)
    open_there = per_million.mean(axis=0) >= least
    if not open_there.any():
        raise InputError(
            f"no interval of {path} has {least:g} counts per million on average over {', '.join(chosen)}: "
            "lower it."
        )
    return peaks[open_there].reset_index(drop=True)


def _interval_columns(matrix: HeaderedTable) -> tuple[list[str], list[str]]:
    """Return the names of the columns of chromosome, start and end, and of the length where there is one."""
    lower = {name.lower(): name for name in reversed(matrix.header)}
    found = []
    for needed, names in _MATRIX_COLUMNS.items():
        known = [lower[name] for name in names if name in lower]
        if not known:
            raise InputError(
                f"{matrix.path} has no column {needed!r}: a matrix of counts begins with Chr, Start, End."
            )
        found.append(known[0])
    length = [lower[name] for name in LENGTHS if name in lower][:1]
    if "geneid" in lower and not length:
        raise InputError(
            f"{matrix.path} has a column {lower['geneid']!r} and no column 'Length': featureCounts counts "
            "intervals from 1, which the length tells; keep that column."
        )
    return found, length


def _chosen_samples(matrix: HeaderedTable, patterns: Sequence[str], interval: list[str]) -> list[str]:
    """Return the columns that one of some patterns fits."""
    names = [name for name in matrix.header if name not in interval and name.lower() not in _NO_SAMPLES]
    chosen = []
    for pattern in patterns:
        fitting = [name for name in names if fnmatchcase(name, pattern)]
        if not fitting:
            raise InputError(
                f"no sample of {matrix.path} has a name like {pattern!r}: the samples are {', '.join(names)}."
            )
        chosen += [name for name in fitting if name not in chosen]
    return chosen


def _counts(table: TableLines, sample: str, cells: list[str]) -> np.ndarray:
    """Return the counts of a sample, float64 (rows,)."""
    counts = pd.to_numeric(pd.Series(cells, dtype=str), errors="coerce").to_numpy(float)
    table.refuse(
        ~(np.isfinite(counts) & (counts >= 0)),
        lambda row: f"the sample {sample} has {cells[row]!r}, and a count from 0 is needed",
    )
    return counts
