"""Decoys: places of a sequence without a feature, where the hypothesis of the null ``replaced`` is true.

Pairs of real features need not show whether p-values hold their level: a network may well have a small
interaction that nobody planted. A feature and a decoy can have none beyond what any sequence has in the
decoy's place. It keeps away from features: sites are wider than the patterns that find them, and a place in
the flank of a site may be part of it. With the decoy replaced in the draws p must then be uniform: p ≤ .05 in
a twentieth of them. With more the null is too narrow. p of the pair, the larger of two, must be smaller in no
more.
"""

import numpy as np
import pandas as pd

from dfim.statistics.null_checks import DECOY

# bp between a decoy and every feature.
MARGIN = 6
# Keeps what is drawn here apart from the draws of the same examples.
_PURPOSE = 11


def decoys(features: pd.DataFrame, ordered: pd.DataFrame, length: int, seed: int = 0) -> pd.DataFrame:
    """Return for each ordered pair a place without a feature that stands for its target.

    ``features`` is the dataset's table, ``ordered`` one of :func:`dfim.interactions.sources.make_pairs`;
    sequences have ``length`` positions. A decoy is as wide as the target and lies, of all places that are
    :data:`MARGIN` bp or more from every feature, at the distance from the source that is nearest to the
    target's; of equal ones at random. The result has the columns of ``features``: new numbers, the group
    ``decoy``, the target's name behind ``decoy of``; and ``source``. A sequence without such a place has
    none. Places depend on the seed, the example and the pair's places alone.
    """
    by_number = features.set_index("feature", drop=False)
    own = features[features["example"].isin(ordered["example"])].groupby("example")
    free = {example: ~_taken(rows, length) for example, rows in own}
    number = int(features["feature"].max()) + 1 if len(features) else 0
    rows = []
    for example, source, target in ordered[["example", "source", "target"]].itertuples(index=False):
        fixed, other = by_number.loc[source], by_number.loc[target]
        key = [seed, example, fixed["start"], other["start"], _PURPOSE]
        start = _place(free[example], fixed, other, np.random.default_rng(key))
        if start is not None:
            place = {"start": start, "end": start + other["end"] - other["start"], "group": DECOY}
            place |= {"feature": number + len(rows), "name": f"{DECOY} of {other['name']}", "source": source}
            rows.append(other.to_dict() | place)
    return pd.DataFrame(rows, columns=[*features, "source"])


def _taken(features: pd.DataFrame, length: int) -> np.ndarray:
    """Return which positions of a sequence lie in a feature or beside one, bool (length,)."""
    taken = np.zeros(length, bool)
    for start, end in zip(features["start"], features["end"], strict=True):
        taken[max(0, start - MARGIN) : end + MARGIN] = True
    return taken


def _place(free: np.ndarray, source: pd.Series, target: pd.Series, rng: np.random.Generator) -> int | None:
    """Return the start of a free place as far from the source as the target is, or as nearly as can be."""
    width = target["end"] - target["start"]
    starts = np.flatnonzero(np.lib.stride_tricks.sliding_window_view(free, width).all(axis=1))
    if not len(starts):
        return None
    gap = np.maximum(starts - source["end"], source["start"] - (starts + width))
    off = np.abs(gap - max(target["start"] - source["end"], source["start"] - target["end"]))
    return int(rng.choice(starts[off == off.min()]))


def decoy_pairs(placed: pd.DataFrame) -> pd.DataFrame:
    """Return the ordered pairs of sources and decoys, of a table of :func:`decoys`."""
    pairs = placed[["example", "source", "feature"]].rename(columns={"feature": "target"})
    return pairs.astype(np.int64).sort_values(["example", "source", "target"], ignore_index=True)
