"""Measures of the quality of reads and peaks, as users of ENCODE expect them, and when to warn.

Counts are of reads, mates counted apart. Positions are 0-based, intervals half-open.
"""

import os
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pybedtools

from dfim.files.text import data_fields
from dfim.genomes.intervals import INTERVAL_COLUMNS, require_bedtools
from dfim.reads.tagalign import complexity

# The steps of a read's way to the peak caller, in order.
STEPS = ("sequenced", "trimmed", "mapped", "filtered", "deduplicated", "nuclear", "used")

# Which side of its threshold a measure has to be on.
AT_LEAST = ("mapping_rate", "nrf", "pbc1", "pbc2", "frip", "tss_enrichment", "used")
AT_MOST = ("duplication_rate", "rescue_ratio", "self_consistency_ratio")

TSS_REACH = 2000  # bp on either side of a transcription start site
TSS_FLANK = 100  # bp at either end of the window that are the background
TSS_BIN = 10  # bp
TSS_SMOOTH = 5  # bins


def count_steps(trimmed: pd.DataFrame, mapped: int, counts: Mapping[str, int], ends: int) -> dict[str, int]:
    """Return the number of reads after every step.

    ``trimmed`` has a row for each lane with ``sequenced`` and ``trimmed``; ``mapped`` counts primary
    alignments; ``counts`` are those of :class:`dfim.reads.tagalign.Library` and the number of ``tags``.
    """
    return {
        "sequenced": int(trimmed["sequenced"].sum()),
        "trimmed": int(trimmed["trimmed"].sum()),
        "mapped": mapped,
        "filtered": counts["units"] * ends,
        "deduplicated": (counts["units"] - counts["duplicates"]) * ends,
        "nuclear": counts["kept"] * ends,
        "used": counts["tags"],
    }


def library_measures(
    steps: Mapping[str, int], counts: Mapping[str, int], multiplicities: Mapping[int, int]
) -> dict[str, float]:
    """Return the measures of one replicate that need no peaks: mapping, duplication and complexity."""
    return {
        "mapping_rate": steps["mapped"] / steps["trimmed"],
        "duplication_rate": counts["duplicates"] / counts["units"],
        "mitochondrial_share": counts["mitochondrial"] / (counts["mitochondrial"] + counts["kept"]),
        **complexity(multiplicities),
    }


def frip(tags: str | os.PathLike, peaks: pd.DataFrame) -> float:
    """Return the fraction of tags that overlap a peak by 1 bp or more."""
    require_bedtools()
    intervals = pybedtools.BedTool.from_dataframe(peaks[INTERVAL_COLUMNS]).sort()
    reads = pybedtools.BedTool(str(tags))
    try:
        return reads.intersect(intervals, u=True, stream=True).count() / reads.count()
    finally:
        os.unlink(intervals.fn)


def tss_profile(sites: Mapping[str, np.ndarray], starts: pd.DataFrame) -> tuple[pd.DataFrame, float]:
    """Return the number of cut sites around transcription start sites over that in the flanks, and its peak.

    ``sites`` are sorted cut sites by chromosome; ``starts`` has ``chrom``, ``position`` and ``strand``. Cut
    sites within 2 kb are counted in bins of 10 bp, upstream first, divided by the mean of the outer 100 bp
    at both ends, and averaged over 5 bins (about a read's length, as ENCODE's coverage is). The profile has
    ``distance`` (bp, the middle of a bin) and ``enrichment``; the TSS enrichment is its largest value.
    """
    edges = np.arange(-TSS_REACH, TSS_REACH + 1, TSS_BIN)
    counts = np.zeros(len(edges) - 1)
    for start in starts.itertuples():
        near = sites.get(start.chrom, np.empty(0, dtype=int))
        first, last = np.searchsorted(near, [start.position - TSS_REACH, start.position + TSS_REACH])
        distance = near[first:last] - start.position
        counts += np.histogram(-distance if start.strand == "-" else distance, edges)[0]
    flank = TSS_FLANK // TSS_BIN
    background = np.r_[counts[:flank], counts[-flank:]].mean()
    smooth = np.convolve(counts, np.ones(TSS_SMOOTH) / TSS_SMOOTH, mode="same")
    with np.errstate(divide="ignore", invalid="ignore"):
        enrichment = smooth / background
    profile = pd.DataFrame({"distance": edges[:-1] + TSS_BIN / 2, "enrichment": enrichment})
    return profile, float(np.nanmax(enrichment)) if np.isfinite(enrichment).any() else float("nan")


def judge(measures: pd.DataFrame, thresholds: Mapping[str, float]) -> pd.DataFrame:
    """Add the thresholds of measures and the warnings to a table with ``library``, ``measure``, ``value``.

    ``threshold`` is empty for a measure without one; ``warning`` is a sentence where a value is on the wrong
    side of it, and empty otherwise.
    """
    judged = measures.assign(threshold=measures["measure"].map(thresholds))
    low = judged["measure"].isin(AT_LEAST) & (judged["value"] < judged["threshold"])
    high = judged["measure"].isin(AT_MOST) & (judged["value"] > judged["threshold"])
    judged["warning"] = [
        f"{row.measure} of {row.library} is {row.value:.4g}, {'below' if is_low else 'above'} "
        f"{row.threshold:g}"
        if is_low or is_high
        else ""
        for row, is_low, is_high in zip(judged.itertuples(), low, high, strict=True)
    ]
    return judged


def read_tss(path: str | os.PathLike) -> pd.DataFrame:
    """Read transcription start sites from BED6: ``chrom``, ``position`` (0-based) and ``strand``.

    The site is the first base of an interval on the + strand and the last of one on the - strand. Raises
    InputError, naming the line, for a row without six columns, whole numbers or a strand.
    """
    fields, table = data_fields(path)
    table.refuse(
        [len(line) < 6 or line[5] not in ("+", "-") for line in fields],
        lambda row: (
            f"found {chr(9).join(fields[row])!r}, and BED6 has six tab-separated columns, the last of them "
            "+ or -"
        ),
    )
    start, end = (
        table.integers(name, [line[column] for line in fields]) for column, name in ((1, "start"), (2, "end"))
    )
    strand = np.array([line[5] for line in fields])
    position = np.where(strand == "+", start, end - 1)
    return pd.DataFrame({"chrom": [line[0] for line in fields], "position": position, "strand": strand})
