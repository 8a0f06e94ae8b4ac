"""Peaks that replicates agree on: naive overlap or IDR, the blacklist, and which set of peaks is kept.

Tables have the columns of narrowPeak; kept peaks are rows of the pooled peaks, with their summits.
"""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from dfim.errors import InputError
from dfim.files.tables import read_headerless
from dfim.genomes.intervals import overlapping
from dfim.genomes.narrowpeak import NARROWPEAK_COLUMNS, write_narrowpeak
from dfim.reads import idr
from dfim.reads.tools import last_line, run_tool

HALF = 0.5


def naive_overlap(first: pd.DataFrame, second: pd.DataFrame, pooled: pd.DataFrame) -> pd.DataFrame:
    """Return the pooled peaks that overlap a peak of both replicates by at least half of either peak."""
    kept = overlapping(pooled, first, share=HALF) & overlapping(pooled, second, share=HALF)
    return pooled[kept].reset_index(drop=True)


def reproducible_by_idr(
    first: pd.DataFrame, second: pd.DataFrame, pooled: pd.DataFrame, threshold: float
) -> tuple[pd.DataFrame, dict]:
    """Return the pooled peaks with an IDR up to a threshold, and what ran.

    The command ``idr`` scores the peaks when it is on the PATH, otherwise :mod:`dfim.reads.idr`. The second
    value has ``implementation``, ``compared`` (pooled peaks found in both), the fitted parameters of our own
    implementation (empty for the command, which prints them rounded), ``related_p``
    (:func:`dfim.reads.idr.unrelated_p`; above the threshold no peak is kept) and ``warning``: what makes the
    numbers doubtful, else empty.
    """
    scored, model, related_p = idr.score_peaks(first, second, pooled, threshold)
    name = "dfim.reads.idr"
    if shutil.which("idr"):
        name, model = "command idr", None
        if related_p <= threshold:
            scored = _command_idr(first, second, pooled)
    summary = {"implementation": name, "compared": len(scored)}
    for parameter in ("mu", "sigma", "rho", "p", "rounds", "converged"):
        summary[parameter] = getattr(model, parameter) if model else ""
    summary |= {"related_p": related_p, "warning": _doubt(model, related_p, threshold)}
    kept = scored[scored["idr"] <= threshold]
    return kept[NARROWPEAK_COLUMNS].reset_index(drop=True), summary


def _doubt(model: idr.Fit | None, related_p: float, threshold: float) -> str:
    """Say what makes the result of IDR doubtful; nothing where nothing does."""
    if related_p > threshold:
        return f"the ranks of the two are unrelated (p = {related_p:.2g}): no peak is kept"
    if model is not None and not model.converged:
        return f"the fit did not converge in {model.rounds} rounds"
    if model is not None and model.at_bounds:
        return f"the fit ended at a bound of {', '.join(model.at_bounds)}: too few peaks, or too much alike"
    return ""


def _command_idr(first: pd.DataFrame, second: pd.DataFrame, pooled: pd.DataFrame) -> pd.DataFrame:
    """Score peaks with the published command, as ENCODE calls it; returns the pooled peaks with ``idr``."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"{name}.narrowPeak.gz") for name in ("first", "second", "pooled")]
        for peaks, path in zip((first, second, pooled), paths, strict=True):
            write_narrowpeak(peaks, path)
        scored = Path(folder, "scored.txt")
        command = ["idr", "--samples", *paths[:2], "--peak-list", paths[2], "--output-file", scored]
        command += ["--input-file-type", "narrowPeak", "--rank", "p.value", "--use-best-multisummit-IDR"]
        ran = run_tool(command)
        if ran.returncode:
            raise InputError(f"the command idr failed: {last_line(ran.stdout)}")
        # Twelve columns come first: those of narrowPeak, then −log10 of the local and of the global IDR.
        columns = dict(enumerate([*NARROWPEAK_COLUMNS, "local_idr", "idr"]))
        table = read_headerless(scored, columns, ("chrom", "name", "strand"))
    return table.assign(idr=10.0 ** -table["idr"])


def without_blacklisted(peaks: pd.DataFrame, blacklist: pd.DataFrame) -> pd.DataFrame:
    """Return the peaks that no interval of the blacklist overlaps."""
    return peaks[~overlapping(peaks, blacklist)].reset_index(drop=True)


def reproducibility(true: Mapping[str, int], pseudo: int, own: Mapping[str, int]) -> dict[str, float | str]:
    """Return ENCODE's measures of how well replicates agree, from numbers of reproducible peaks.

    ``true`` has the peaks of each pair of replicates, ``pseudo`` those of the pooled pseudoreplicates,
    ``own`` those of each replicate's own pseudoreplicates. ``rescue_ratio`` is the larger of the best
    pair's and the pseudoreplicates' number over the smaller, ``self_consistency_ratio`` the largest over
    the smallest of ``own``; infinite when the smaller is 0. ``conservative`` names the pair with the most
    peaks, ``optimal`` the larger set, that pair or ``pseudoreplicates``.
    """
    best = max(true, key=true.__getitem__)
    return {
        "conservative": best,
        "optimal": best if true[best] > pseudo else "pseudoreplicates",
        "rescue_ratio": _ratio([true[best], pseudo]),
        "self_consistency_ratio": _ratio(list(own.values())),
    }


def _ratio(numbers: list[int]) -> float:
    """Return the largest over the smallest."""
    return max(numbers) / min(numbers) if min(numbers) else float("inf")


def union(*tables: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that any of some tables has, each once."""
    return pd.concat(tables).drop_duplicates(["chrom", "start", "end", "summit"]).reset_index(drop=True)


def in_genome_order(peaks: pd.DataFrame, sizes: Mapping[str, int]) -> pd.DataFrame:
    """Return peaks sorted by chromosome, start, end and summit."""
    rank = {chrom: number for number, chrom in enumerate(sizes)}
    order = np.lexsort([peaks["summit"], peaks["end"], peaks["start"], peaks["chrom"].map(rank)])
    return peaks.iloc[order].reset_index(drop=True)
