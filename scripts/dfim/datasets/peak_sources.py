"""Peaks from what other pipelines leave: folders of their output, and matrices of read counts.

Intervals are 0-based and half-open.
"""

import os
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import pandas as pd

from dfim.errors import InputError
from dfim.files.text import read_columns

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
_MATRIX_COLUMNS = ("chr", "start", "end")


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


def peaks_from_counts(path: str | os.PathLike, samples: Sequence[str], least: float) -> pd.DataFrame:
    """Return the intervals of a matrix of read counts that are open in a cell type.

    The matrix is tab-separated, gzipped or not, with the columns Chr, Start, End (in any case), 0-based and
    half-open, and one column of counts for each sample, as GEO's GSE74912_ATACseq_All_Counts.txt.gz is.
    ``samples`` are shell patterns (``*-7A*``) for the names of the type's samples. An interval is open when
    its counts per million reads of the matrix, averaged over these samples, are ``least`` or more. Returns
    ``chrom``, ``start``, ``end``, in the order of the matrix.

    Raises InputError when a pattern fits no sample, a column is missing or no number, and no interval is
    open.
    """
    header = list(read_columns(path, sep="\t", nrows=0).columns)
    places = {name.lower(): name for name in header}
    missing = [name for name in _MATRIX_COLUMNS if name not in places]
    if missing:
        raise InputError(
            f"{path} has no column {missing[0]!r}: a matrix of counts begins with Chr, Start, End."
        )
    interval = [places[name] for name in _MATRIX_COLUMNS]
    chosen = []
    for pattern in samples:
        fitting = [name for name in header if name not in interval and fnmatchcase(name, pattern)]
        if not fitting:
            names = ", ".join(name for name in header if name not in interval)
            raise InputError(f"no sample of {path} has a name like {pattern!r}: the samples are {names}.")
        chosen += [name for name in fitting if name not in chosen]
    table = read_columns(path, sep="\t", usecols=[*interval, *chosen], dtype={interval[0]: str})
    counts = table[chosen].apply(pd.to_numeric, errors="coerce")
    wrong = counts.isna() | (counts < 0)
    if wrong.to_numpy().any():
        row, column = next(zip(*wrong.to_numpy().nonzero(), strict=True))
        raise InputError(
            f"{path}, line {row + 2}: the sample {chosen[column]} has {table[chosen[column]].iloc[row]!r}, "
            "and a count from 0 is needed."
        )
    per_million = counts / counts.sum() * 1e6
    open_there = (per_million.mean(axis=1) >= least).to_numpy()
    if not open_there.any():
        raise InputError(
            f"no interval of {path} has {least:g} counts per million on average over {', '.join(chosen)}: "
            "lower it."
        )
    return table.loc[open_there, interval].set_axis(["chrom", "start", "end"], axis=1).reset_index(drop=True)
