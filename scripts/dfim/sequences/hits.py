"""Hits of position weight matrices: log-odds scores, with a threshold from the exact distribution of scores.

The score of a site is the sum over its positions of log2(probability / background), the probabilities mixed
with 1 % of the background, so that a base that the matrix never saw can be scored. The p-value of a score
is the chance that a random site of the background scores as high; it is computed for scores rounded to
1/1000 bit, by adding up the positions' distributions (Staden 1989), as FIMO and MOODS do.

Positions are 0-based in an example, intervals half-open.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dfim.errors import InputError
from dfim.sequences.bases import BASES
from dfim.sequences.motifs import STRANDS

_MIXED = 0.01
_PER_BIT = 1000
_ROWS = 2**21  # bases scored at a time: keeps the temporary arrays small
_INDEX = np.full(256, len(BASES), dtype=np.intp)
_INDEX[list(BASES.encode())] = np.arange(len(BASES))


def log_odds(matrix: np.ndarray, background: Sequence[float]) -> np.ndarray:
    """Return the scores of a matrix of probabilities in units of 1/1000 bit, int64 (positions, 4)."""
    background = np.asarray(background, dtype=np.float64)
    mixed = (1 - _MIXED) * matrix + _MIXED * background
    return np.rint(_PER_BIT * np.log2(mixed / background)).astype(np.int64)


def threshold(scores: np.ndarray, background: Sequence[float], p: float) -> int:
    """Return the lowest score whose p-value is at most ``p``, in the units of :func:`log_odds`.

    Raises InputError when even the best site is likelier than ``p``.
    """
    lowest = scores.min(axis=1)
    distribution = np.ones(1)
    for row in scores - lowest[:, None]:
        longer = np.zeros(len(distribution) + row.max())
        for shift, chance in zip(row, background, strict=True):
            longer[shift : shift + len(distribution)] += chance * distribution
        distribution = longer
    tail = np.cumsum(distribution[::-1])[::-1]
    # The sums are exact but for rounding; a tail of just p must count.
    good = np.flatnonzero(tail <= p * (1 + 1e-9))
    good = good[distribution[good] > 0]
    if not good.size:
        best = distribution[np.flatnonzero(distribution)[-1]]
        raise InputError(
            f"the p-value {p:g} cannot be reached: the best site of the matrix has {best:.3g} by chance; "
            "use a larger one, or a longer matrix."
        )
    return int(good[0] + lowest.sum())


def find_hits(
    bases: np.ndarray,
    matrix: np.ndarray,
    p: float,
    background: Sequence[float] = (0.25,) * 4,
    strands: str = "both",
) -> pd.DataFrame:
    """Find the sites of a matrix whose p-value is at most ``p``.

    ``bases`` is uint8 (examples, positions), ASCII letters; ``matrix`` has probabilities, (positions, 4),
    ``background`` those of A, C, G, T. A site with an N never counts. Of the two strands of one site the
    better one is reported, ``+`` when they are equal. Returns ``example``, ``start``, ``end``, ``strand`` and
    ``score`` (bits), sorted by example and start. Raises InputError as :func:`threshold` does.
    """
    if strands not in STRANDS:
        raise InputError(f"strands is {strands!r}, and must be one of {', '.join(STRANDS)}.")
    scores = log_odds(matrix, background)
    least, width = threshold(scores, background, p), len(scores)
    turned = scores[::-1, ::-1]
    parts = [pd.DataFrame({name: [] for name in ("example", "start", "end", "strand", "score")})]
    rows = max(1, _ROWS // max(1, bases.shape[1]))
    for first in range(0, len(bases) if bases.shape[1] >= width else 0, rows):
        index = _INDEX[bases[first : first + rows]]
        forward = _site_scores(index, scores)
        best, strand = forward, np.zeros(forward.shape, dtype=bool)
        if strands == "both":
            backward = _site_scores(index, turned)
            best, strand = np.maximum(forward, backward), backward > forward
        example, start = np.nonzero(best >= least)
        hits = {"example": example + first, "start": start, "end": start + width}
        strand = np.where(strand[example, start], "-", "+")
        parts.append(pd.DataFrame({**hits, "strand": strand, "score": best[example, start] / _PER_BIT}))
    table = pd.concat(parts[1:] or parts, ignore_index=True)
    return table.astype({"example": np.int64, "start": np.int64, "end": np.int64})


def _site_scores(index: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Return the score of every site, shape (examples, sites), very low where it holds an N."""
    impossible = -(2**40)
    padded = np.hstack([scores, np.full((len(scores), 1), impossible)])
    sites = index.shape[1] - len(scores) + 1
    total = np.zeros((len(index), sites), dtype=np.int64)
    for offset, row in enumerate(padded):
        total += row[index[:, offset : offset + sites]]
    return total
