"""The interval of a share, of independent rows or of rows in blocks."""

import numpy as np


def wilson(share: float, n: int, z: float = 1.959964) -> tuple[float, float]:
    """Return the two ends of Wilson's interval of a share of ``n`` independent observations.

    ``z`` is the quantile of the normal distribution, by default that of 95 %. The interval stays within 0
    and 1, and has a width where the share is 0 or 1 (Wilson 1927); (nan, nan) where n is 0.
    """
    if n <= 0:
        return np.nan, np.nan
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    # At the ends the two halves are equal but for rounding.
    low = middle - half if share > 0 else 0.0
    return low, middle + half if share < 1 else 1.0


def share_interval(holds: np.ndarray, blocks: np.ndarray) -> tuple[float, float]:
    """Return the two ends of the 95 % interval of a share of rows, those of one block being dependent.

    ``holds``, bool (rows,), and ``blocks`` (rows,), any labels. Wilson's interval of as many independent rows
    as the blocks are worth: so many that their share varies as it does between blocks, no more than there
    are; where it does not vary, as many as blocks. Resampling blocks would say that a share is 0 for certain
    where none of the rows holds. (nan, nan) without rows.
    """
    if not len(holds):
        return np.nan, np.nan
    _, block = np.unique(blocks, return_inverse=True)
    rows, hits = np.bincount(block), np.bincount(block, holds)
    share, number = np.mean(holds), len(rows)
    residuals = np.square(hits - share * rows).sum() / max(number - 1, 1) * number / len(holds) ** 2
    worth = share * (1 - share) / residuals if residuals > 0 else number
    return wilson(share, min(worth, len(holds)))
