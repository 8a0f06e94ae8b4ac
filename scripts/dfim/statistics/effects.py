"""What two features do to a network's output, alone and together: from four outputs of a pair.

f11 with both features, f01 without the first, f10 without the second, f00 without either:

- the effects are ``effect_first`` = f11 − f01, ``effect_second`` = f11 − f10, and ``total`` = f11 − f00;
- the ``interaction`` is f11 − f01 − f10 + f00, in units of the output: above 0 the two do more together than
  the sum of what each does alone (synergy), below 0 less (redundancy);
- the ``share`` is the interaction over the largest of the three effects' sizes: near 1 when neither works
  without the other, 0 when effects add up, near −1 when either alone does the work.

``interaction_probability`` is the interaction of the outputs' sigmoids, which adds one of its own: an output
that is near 0 or 1 cannot follow a sum.

A pair without any effect has no share worth the name: the denominator is at least a tenth of the standard
deviation of the output over shuffled sequences.

Outputs are numbers of 24 bits. A difference of four that is smaller than some units of their last place is
rounding, and grows with the outputs: unless it counts as 0, pairs that cannot interact have small p.
"""

import numpy as np
import pandas as pd
import scipy  # scipy.special, a fifth of a second to load, is loaded where it is called

FLOOR = 0.1
# Interactions of this share of the same deviation are small, whatever their draws are: a tenth of that floor.
# In most cells of a wide scan, and kinds of pairs, nothing happens, and there some piece is many times as
# large as the others.
SMALL = FLOOR / 10
# 32 units in the last place of float32: measured errors are up to 11 (benchmarks/rounding.py).
RESOLUTION = 2.0**-18
OUTPUTS = ["output", "without_first", "without_second", "without_both"]
EFFECT_COLUMNS = [
    "effect_first", "effect_second", "total", "interaction", "share", "interaction_probability",
]  # fmt: skip
SYNERGY, REDUNDANCY = "synergy", "redundancy"


def effects(outputs: pd.DataFrame, shuffled: np.ndarray) -> pd.DataFrame:
    """Return the effects of pairs from the columns ``OUTPUTS``: ``EFFECT_COLUMNS``, the index of ``outputs``.

    ``shuffled``: outputs of shuffled sequences, any shape, for the floor of the share's denominator.
    """
    f11, f01, f10, f00 = (outputs[name].to_numpy(np.float64) for name in OUTPUTS)
    first, second, total = f11 - f01, f11 - f10, f11 - f00
    interaction = resolved(f11 - f01 - f10 + f00, resolution(outputs))
    floor = FLOOR * np.std(shuffled) if np.size(shuffled) else 0.0
    largest = np.maximum.reduce([np.abs(first), np.abs(second), np.abs(total), np.full(len(f11), floor)])
    share = np.divide(interaction, largest, out=np.zeros_like(largest), where=largest > 0)
    s11, s01, s10, s00 = map(scipy.special.expit, (f11, f01, f10, f00))
    squashed = s11 - s01 - s10 + s00
    columns = first, second, total, interaction, share, squashed
    return pd.DataFrame(dict(zip(EFFECT_COLUMNS, columns, strict=True)), index=outputs.index)


def resolution(outputs: pd.DataFrame) -> np.ndarray:
    """Return below what an interaction of each pair is rounding, float64 (pairs,).

    That is :data:`RESOLUTION` of the largest of the pair's outputs, the columns ``OUTPUTS``, or of the root
    mean square of those of all pairs where that is larger: an output near 0 is a sum of larger terms.
    """
    sizes = outputs[OUTPUTS].abs().to_numpy(np.float64)
    usual = np.sqrt(np.mean(sizes**2)) if sizes.size else 0.0
    return RESOLUTION * np.maximum(sizes.max(axis=1), usual)


def resolved(interactions: np.ndarray, least: np.ndarray) -> np.ndarray:
    """Return interactions of pairs (pairs, ...), float64, with 0 for those whose size is below ``least``."""
    values = np.asarray(interactions, np.float64)
    return np.where(np.abs(values) < least.reshape(-1, *[1] * (values.ndim - 1)), 0.0, values)


def called(q: np.ndarray, share: np.ndarray, level: float, least_share: float) -> np.ndarray:
    """Return which pairs are called, bool: q below the level, and a share of at least ``least_share``."""
    with np.errstate(invalid="ignore"):
        return (np.asarray(q) < level) & (np.abs(share) >= least_share)


def sign_of(interaction: np.ndarray, are_called: np.ndarray) -> np.ndarray:
    """Return ``synergy`` or ``redundancy`` for called pairs, by the sign, and empty text for others."""
    words = np.where(np.asarray(interaction) > 0, SYNERGY, REDUNDANCY)
    return np.where(are_called, words, "").astype(object)
