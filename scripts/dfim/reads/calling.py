"""Calling peaks with MACS as the named pipeline does: cut sites smoothed over a window, a lenient p."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from dfim.errors import InputError
from dfim.genomes.narrowpeak import read_narrowpeak
from dfim.reads.tools import last_line, require_tool, run_tool


def call_peaks(
    tags: str | os.PathLike,
    sizes: Mapping[str, int],
    genome_size: str | int,
    p_threshold: float,
    window: int,
    maximum: int,
) -> tuple[pd.DataFrame, str]:
    """Call peaks of a tagAlign file; return them in the columns of narrowPeak, and the program that ran.

    Runs ``macs2``, or ``macs3`` when that is what there is: ``--nomodel --shift -window/2 --extsize window
    --keep-dup all --call-summits -p p_threshold``. Peaks are cut at the chromosomes' ends, sorted by p
    (smallest first), limited to ``maximum`` and named by rank. A peak with several summits has several rows.
    Raises InputError when no peak is called.
    """
    program = require_tool("macs2", "macs3")
    macs = Path(program).name
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "callpeak", "-t", tags, "-f", "BED", "-n", "tags", "--outdir", folder]
        command += ["-g", genome_size, "-p", p_threshold, "--nomodel", "--shift", -round(window / 2)]
        command += ["--extsize", window, "--keep-dup", "all", "--call-summits", "--tempdir", folder]
        ran = run_tool(command)
        called = Path(folder, "tags_peaks.narrowPeak")
        if ran.returncode or not called.is_file():
            raise InputError(f"{macs} failed on {tags}: {last_line(ran.stdout)}")
        if called.stat().st_size == 0:
            raise InputError(
                f"{macs} called no peak in {tags} at p < {p_threshold:g}: sequence deeper, or check that the "
                "genome is the reads' own."
            )
        peaks = read_narrowpeak(called)
    return rank_peaks(trim_to_genome(peaks, sizes), maximum), macs


def trim_to_genome(peaks: pd.DataFrame, sizes: Mapping[str, int]) -> pd.DataFrame:
    """Cut peaks at the ends of their chromosomes, the summit (an offset) staying in place or at the end."""
    peaks = peaks.copy()
    start = peaks["start"].clip(lower=0)
    peaks["summit"] += peaks["start"] - start
    peaks["start"], peaks["end"] = start, peaks["end"].clip(upper=peaks["chrom"].map(sizes))
    peaks["summit"] = peaks["summit"].clip(0, peaks["end"] - start - 1)
    return peaks[peaks["start"] < peaks["end"]]


def rank_peaks(peaks: pd.DataFrame, maximum: int) -> pd.DataFrame:
    """Sort peaks by −log10 p, largest first, then by place; keep ``maximum``, named Peak_1, Peak_2 …"""
    order = ["pvalue", "chrom", "start", "end", "summit"]
    peaks = peaks.sort_values(order, ascending=[False, True, True, True, True]).head(maximum)
    return peaks.assign(name=[f"Peak_{rank}" for rank in range(1, len(peaks) + 1)]).reset_index(drop=True)
