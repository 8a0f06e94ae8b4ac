"""Checks of a null: rows of which its hypothesis is true, and networks that have learned nothing.

``decoy``
    a feature and a place without one, in the network itself: the null must hold its level;
``untrained``
    real pairs, or variants, in a network of random weights: next to none may be called.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from dfim.statistics.calibration import TOLERANCE
from dfim.statistics.proportions import share_interval
from dfim.statistics.resolution import LEVEL

DECOY, UNTRAINED = "decoy", "untrained"
FEWEST = 5
KEY = ["check", "method", "score"]
ROW_COLUMNS = [
    *KEY,
    "example",
    "block",
    "first",
    "second",
    "name",
    "distance",
    "p_tested",
    "p",
    "q",
    "called",
]
COLUMNS = [
    *KEY, "n", "n_blocks", "level", "share", "share_low", "share_high", "holds", "called", "called_low",
    "called_high",
]  # fmt: skip


def summarise_checks(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each check, method and score, the columns ``COLUMNS``.

    ``rows`` has the columns ``ROW_COLUMNS``; ``p_tested`` is the p of which the hypothesis is true: of a
    decoy that with the decoy replaced, missing where there is none. ``share``: of rows with p_tested, or else
    p, of at most .05, ``called``: of called ones, with 95 % intervals by blocks
    (:func:`dfim.statistics.proportions.share_interval`).
    ``holds`` is 1 where the share is at most the upper end of :data:`TOLERANCE`, or its interval reaches down
    to the level, else 0; it is missing without p_tested, and where fewer than :data:`FEWEST` rows are
    expected below the level: such shares tell nothing.
    """
    found = []
    for key, own in rows.groupby(KEY, sort=False):
        block = own["block"].to_numpy()
        judged = own["p_tested"].notna().all() and len(own) * LEVEL >= FEWEST
        p, called = own["p_tested"].fillna(own["p"]).to_numpy(), own["called"].to_numpy() == 1
        below = p <= LEVEL
        row = dict(zip(KEY, key, strict=True)) | {"n": len(own), "n_blocks": len(np.unique(block))}
        row |= {"level": LEVEL, "share": below.mean(), "called": called.mean()}
        row["share_low"], row["share_high"] = share_interval(below, block)
        row["called_low"], row["called_high"] = share_interval(called, block)
        held = float(row["share"] <= TOLERANCE[LEVEL][1] or row["share_low"] <= LEVEL)
        row["holds"] = held if judged else np.nan
        found.append(row)
    return pd.DataFrame(found, columns=COLUMNS)


def sentences(found: pd.DataFrame, what: str) -> Iterator[str]:
    """Yield what each row of :func:`summarise_checks` says; ``what`` is checked, such as pairs."""
    for row in found.itertuples():
        yield (
            f"{row.check}, {row.method or 'mutagenesis'} {row.score}: p ≤ {row.level:g} in {row.share:.4f} "
            f"of {row.n} {what}, {row.called:.4f} called"
        )
