"""Is a set of pairs more than its draws? By the ranks of scores among their own draws, and by their median p.

Under the hypothesis the size of a score has each rank among its own K draws with the same chance, whatever
its scale. The ranks of one block are not independent, so that they are averaged; the sum of the averages over
blocks is compared with that of as many independent ranks, which vary at least as much.

Blocks have something in common all the same: the two motifs. A motif that acts a little, and in the same way
wherever it stands, has much the same rank in all blocks. So has any other sequence, and half of all sequences
rank above the middle. The median p holds whatever the pairs have in common.
"""

import math
from functools import cache

import numpy as np

from dfim.statistics.p_values import SMALLEST

# Up to so many blocks the distribution of the sum is worked out, beyond it is a normal one.
_EXACT = 150


def p_of_ranks(ranks: np.ndarray, blocks: np.ndarray, draws: int) -> float:
    """Return p of the ranks (pairs,) of :func:`ranks_among_draws`, one-sided: they are higher than by chance.

    ``blocks`` (pairs,): labels of what is not independent; ``draws``: K, those that each rank is among.
    """
    if not len(ranks):
        return np.nan
    _, block = np.unique(blocks, return_inverse=True)
    means = np.bincount(block, ranks) / np.bincount(block)
    # As numbers of smaller draws, 0 … K.
    total = ((draws + 1) * means - 0.5).sum()
    n = len(means)
    if n <= _EXACT:
        return float(_upper_tail(n, draws)[min(int(np.ceil(total - 1e-9)), n * draws)])
    deviation = np.sqrt(n * ((draws + 1) ** 2 - 1) / 12)
    above = (total - 0.5 - n * draws / 2) / deviation
    return max(math.erfc(above / math.sqrt(2)) / 2, SMALLEST)  # the upper tail of the normal distribution


def p_of_median(p: np.ndarray) -> float:
    """Return p of a set of p-values (pairs,) from their median, valid whatever their dependence (Rüger 1978).

    At least half of n p-values are at most the k-th smallest, k = n / 2 rounded up. Where each is at most x
    with a chance of x at most, that many are with a chance of n x / k at most. NaN of none.
    """
    n = len(p)
    if not n:
        return np.nan
    k = -(-n // 2)
    return float(min(1, n / k * np.partition(p, k - 1)[k - 1]))


@cache
def _upper_tail(n: int, draws: int) -> np.ndarray:
    """Return the chance that n independent numbers, each 0 … K alike, sum to at least 0, 1, … n K."""
    one = np.full(draws + 1, 1 / (draws + 1))
    found = np.ones(1)
    for _ in range(n):
        found = np.convolve(found, one)
    return np.minimum(np.cumsum(found[::-1])[::-1], 1)
