"""Signs that peaks and a genome are not of one assembly: they would give plausible garbage.

Three signs are looked for: sizes of chromosomes that are not those of the assembly that is named, summits
that lie in stretches of N, and a factor's motif that is no commoner at the summits than beside them.
Positions are 0-based.
"""

import logging
import os
from collections.abc import Mapping

import numpy as np
import pandas as pd
import scipy  # scipy.stats, a second to load, is loaded where it is called

from dfim.errors import InputError, counted
from dfim.genomes.fasta import Genome
from dfim.genomes.intervals import windows_at
from dfim.genomes.known_assemblies import SIZES, known_assembly, other_assemblies
from dfim.sequences.motifs import find_pattern

logger = logging.getLogger(__name__)

# A motif counts when its middle is at most so far from the summit, or from a place beside it (bp).
_REACH = 50
_BESIDE = (-400, -250, 250, 400)
_WINDOW = 2 * (max(_BESIDE) + _REACH) + 1
_LARGEST_P = 0.01
_FEWEST, _MOST = 40, 1000


def check_sizes(sizes: Mapping[str, int], assembly: str, fasta: str | os.PathLike) -> None:
    """Raise InputError when a genome does not have the chromosome sizes of the assembly that is named.

    Only chromosomes that both have are compared. Raises InputError also for an assembly that is not known
    (:data:`dfim.genomes.known_assemblies.SIZES`), and when no chromosome is shared.
    """
    if assembly not in SIZES:
        raise InputError(
            f"the assembly {assembly!r} is not known, and the sizes of {', '.join(SIZES)} are: name one of "
            "them, or none."
        )
    expected = SIZES[assembly]
    shared = [chrom for chrom in expected if chrom in sizes]
    if not shared:
        raise InputError(
            f"{fasta} has none of the chromosomes of {assembly}, which are called "
            f"{', '.join(list(expected)[:3])} …: it has {', '.join(list(sizes)[:3])} …; give the genome "
            "that is named, or name another assembly."
        )
    for chrom in shared:
        if sizes[chrom] != expected[chrom]:
            found = known_assembly(sizes)
            are = f": these are the sizes of {found}" if found else ""
            raise InputError(
                f"{fasta} has {sizes[chrom]} bp of {chrom}, and {assembly}, which the key 'assembly' "
                f"names, has {expected[chrom]}{are}; give the genome that is named, or name the right "
                "assembly."
            )


def check_summits(
    genome: Genome,
    peaks: pd.DataFrame,
    name: str,
    largest_n: float = 0.02,
    motif: str | None = None,
) -> None:
    """Raise InputError when the summits of peaks look as if they were of another assembly than the genome.

    ``peaks`` are those of :func:`dfim.genomes.intervals.read_peaks`, called ``name`` in messages. Refused are
    a share of N at the summits above ``largest_n``, and, where a ``motif`` is given (an exact pattern, see
    :func:`dfim.sequences.motifs.find_pattern`, on either strand), summits that do not have it more often
    within 50 bp than four places beside each of them (250 and 400 bp away, to either side) have on average: a
    one-sided binomial test of the number of summits with a motif, against a fifth of that of all five places,
    with a p-value above .01. Fewer than 40 summits are not tested for the motif, and of more than 1000 peaks
    1000 are looked at, evenly spaced in their file.
    """
    some = peaks.iloc[np.unique(np.linspace(0, len(peaks) - 1, min(len(peaks), _MOST)).astype(int))]
    windows = windows_at(some["chrom"], some["summit"], _WINDOW, genome.sizes).reset_index(drop=True)
    bases = genome.fetch(windows, _WINDOW)
    unknown = int((bases[:, _WINDOW // 2] == ord("N")).sum())
    hint = _hint(peaks, genome.sizes)
    if len(bases) and unknown / len(bases) > largest_n:
        raise InputError(
            f"{name}: {unknown} of {counted(len(bases), 'summit')} are N in the genome, and of peaks of its "
            "own "
            f"assembly next to none are: they seem to be of another one{hint}; give peaks and genome of one "
            "assembly (or raise 'max_n_summits')."
        )
    if motif is None or len(bases) < _FEWEST:
        return
    sites = find_pattern(bases, motif, "both")
    offset = (sites["start"] + sites["end"]) / 2 - _WINDOW // 2
    counts = [sites["example"][(offset - place).abs() <= _REACH].nunique() for place in (0, *_BESIDE)]
    at, beside = counts[0], np.mean(counts[1:])
    p = (
        scipy.stats.binomtest(at, sum(counts), 1 / len(counts), alternative="greater").pvalue
        if sum(counts)
        else 1.0
    )
    logger.info(
        "%s: %s at %d of %d summits, beside them at %.1f (p = %.2g)", name, motif, at, len(bases), beside, p
    )
    if p > _LARGEST_P:
        raise InputError(
            f"{name}: the motif {motif} is at {at} of {counted(len(bases), 'summit')}, and beside them at "
            f"{beside:.1f} (p = {p:.2g}): where it binds, a factor's motif is commoner, so peaks and genome "
            f"seem to be of different assemblies{hint}; give both of one, or another motif (or none) in the "
            "sheet."
        )


def _hint(peaks: pd.DataFrame, sizes: Mapping[str, int]) -> str:
    """Return in brackets which other known assemblies hold all peaks; nothing when there are none."""
    others = other_assemblies(peaks, sizes)
    return f" ({' or '.join(others)}, into which all of them fit)" if others else ""
