"""Windows of the genome off all peaks that are like those at peaks: negatives where there is one peak file.

Peaks have more G and C than the rest of a genome, and fewer repeats: a network that is trained against any
other windows learns that. Repeats are the lower-case letters of the FASTA file, as soft-masked genomes have
them.
"""

import logging
from collections.abc import Mapping

import numpy as np
import pandas as pd
import scipy  # scipy.spatial, slow to load, is loaded where it is called

from dfim.errors import InputError, counted
from dfim.genomes.fasta import Genome
from dfim.genomes.intervals import INTERVAL_COLUMNS, overlapping

logger = logging.getLogger(__name__)

# Candidates for each window that is needed, and how many of the nearest are looked through.
_CANDIDATES, _NEAREST = 20, 100


def composition(letters: np.ndarray) -> pd.DataFrame:
    """Return ``gc``, ``repeats`` and ``n`` of windows as the genome has them, upper and lower case.

    ``letters`` is ``uint8`` of shape (windows, positions). ``gc`` is the share of G and C among A, C, G and T
    (NaN without any), ``repeats`` that of lower-case letters and ``n`` that of N among all.
    """
    upper = letters & ~np.uint8(32)
    gc = np.isin(upper, list(b"GC")).mean(axis=1)
    n = (upper == ord("N")).mean(axis=1)
    gc = np.divide(gc, 1 - n, out=np.full(len(gc), np.nan), where=n < 1)
    return pd.DataFrame({"gc": gc, "repeats": (letters != upper).mean(axis=1), "n": n})


def draw_off_peaks(
    genome: Genome, windows: pd.DataFrame, peaks: pd.DataFrame, options: Mapping, seed: int
) -> pd.DataFrame:
    """Return windows off all peaks, matched with ``windows``: ``chrom``, ``start``, ``end``.

    ``windows`` (``chrom``, ``start``, ``end``; equal ones are one) all have one width. ``options`` has
    ``max_n_fraction`` and ``matched``: ``per_peak``, how many for each window, and ``caliper``, how far GC
    and repeats may be off at most, in standard deviations of ``windows``. The windows drawn lie on the
    chromosome of the one that they match, overlap neither one of ``windows`` nor a peak, nor each other.

    They are the nearest in GC and repeats among 20 for each one needed, drawn at random with the seed and
    the chromosome. Those without any left within the caliper go without, counted in the log. Raises
    InputError when none has any.
    """
    windows = windows[INTERVAL_COLUMNS].drop_duplicates(ignore_index=True)
    width = int(windows["end"].iloc[0] - windows["start"].iloc[0])
    like = composition(genome.fetch(windows, width, upper=False))
    spread = like[["gc", "repeats"]].std(ddof=0).to_numpy()
    taken = pd.concat([windows, peaks[INTERVAL_COLUMNS]], ignore_index=True)
    drawn = []
    for number, chrom in enumerate(genome.sizes):
        rows = windows["chrom"] == chrom
        if rows.any():
            rng = np.random.default_rng([seed, number])
            needed = int(rows.sum()) * options["matched"]["per_peak"]
            tiles = _tiles(genome, chrom, width, needed, taken, options["max_n_fraction"], rng)
            drawn.append(_matched(like[rows.to_numpy()], tiles, spread, options["matched"], rng))
    found = pd.concat(drawn, ignore_index=True)
    _tell(like, found, options["matched"])
    return found[INTERVAL_COLUMNS]


def _tiles(
    genome: Genome,
    chrom: str,
    width: int,
    needed: int,
    taken: pd.DataFrame,
    max_n: float,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return random windows of a chromosome side by side, off what is taken, with their composition."""
    size = genome.sizes[chrom]
    starts = np.arange(rng.integers(width), size - width + 1, width)
    tiles = pd.DataFrame({"chrom": chrom, "start": starts, "end": starts + width})
    tiles = tiles[~overlapping(tiles, taken)]
    chosen = rng.permutation(len(tiles))[: _CANDIDATES * needed]
    tiles = tiles.iloc[np.sort(chosen)].reset_index(drop=True)
    tiles = tiles.join(composition(genome.fetch(tiles, width, upper=False)))
    return tiles[(tiles["n"] <= max_n) & tiles["gc"].notna()].reset_index(drop=True)


def _matched(
    like: pd.DataFrame, tiles: pd.DataFrame, spread: np.ndarray, matched: Mapping, rng: np.random.Generator
) -> pd.DataFrame:
    """Return a tile for each row of ``like`` that has one, ``per_peak`` times: the nearest that is free."""
    scale = np.where(spread > 0, spread, 1)
    points = tiles[["gc", "repeats"]].to_numpy() / scale
    wanted = like[["gc", "repeats"]].dropna().to_numpy() / scale
    free, found = np.ones(len(tiles), dtype=bool), []
    if not len(tiles):
        return tiles
    tree = scipy.spatial.cKDTree(points)
    for _ in range(matched["per_peak"]):
        for row in rng.permutation(len(wanted)):
            _, near = tree.query(wanted[row], k=min(_NEAREST, len(tiles)), p=np.inf,
                                 distance_upper_bound=matched["caliper"] * (1 + 1e-9))  # fmt: skip
            near = [tile for tile in np.atleast_1d(near) if tile < len(tiles) and free[tile]]
            if near:
                free[near[0]] = False
                found.append(near[0])
    return tiles.iloc[np.sort(found).astype(int)]


def _tell(like: pd.DataFrame, found: pd.DataFrame, matched: Mapping) -> None:
    """Say how many windows are matched and how alike they are; InputError when none is."""
    needed = len(like) * matched["per_peak"]
    if found.empty:
        raise InputError(
            f"none of {counted(len(like), 'window')} at summits has a window off the peaks that is like it "
            "in GC and repeats: give the whole genome, or raise matched.caliper."
        )
    logger.info("%d of %d windows off the peaks are matched", len(found), needed)
    for name in ("gc", "repeats"):
        logger.info("mean %s: %.3f at the peaks, %.3f off them", name, like[name].mean(), found[name].mean())
    if not like["repeats"].any() and not found["repeats"].any():
        logger.info("the genome has no lower-case letters there: GC alone is matched")
    if len(found) < 0.9 * needed:
        logger.warning(
            "%d of the %d windows off the peaks that were asked for were not found: too few are like those "
            "at summits in GC and repeats; raise matched.caliper, or go on with those found",
            needed - len(found),
            needed,
        )
