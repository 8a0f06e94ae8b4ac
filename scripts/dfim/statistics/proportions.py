"""The interval of a share."""

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
