"""Decoys: places of a sequence without a feature, where the hypothesis of the null ``replaced`` is true.

Pairs of real features need not show whether p-values hold their level: a network may well have a small
interaction that nobody planted. A feature and a decoy can have none beyond what any sequence has in the
decoy's place. With the decoy replaced in the draws p must then be uniform: p ≤ .05 in a twentieth of them.
With more the null is too narrow. p of the pair, the larger of two, must be smaller in no more.
"""

import numpy as np
import pandas as pd

from dfim.interactions.pairs import unordered

DECOY = "decoy"
# Keeps these places apart from the draws of the same examples.
_PURPOSE = 11


def decoys(features: pd.DataFrame, chosen: pd.DataFrame, length: int, seed: int = 0) -> pd.DataFrame:
    """Return a place without a feature for each chosen feature, as wide, at random in its sequence.

    ``features`` is the dataset's table, ``chosen`` rows of it; sequences have ``length`` positions. The
    result has the same columns: new numbers, the group ``decoy``, the feature's name behind ``decoy of``; and
    ``of``, the feature. A sequence without such a place has none. Places depend on the seed, the example
    and the feature's place alone.
    """
    rows = []
    number = int(features["feature"].max()) + 1 if len(features) else 0
    by_example = features[features["example"].isin(chosen["example"])].groupby("example")
    taken = {example: _taken(own, length) for example, own in by_example}
    for feature in chosen.to_dict("records"):
        width = feature["end"] - feature["start"]
        windows = np.lib.stride_tricks.sliding_window_view(taken[feature["example"]], width)
        if len(free := np.flatnonzero(~windows.any(axis=1))):
            key = [seed, feature["example"], feature["start"], feature["end"], _PURPOSE]
            start = int(free[np.random.default_rng(key).integers(len(free))])
            place = {"start": start, "end": start + width, "group": DECOY, "feature": number + len(rows)}
            rows.append(feature | place | {"name": f"{DECOY} of {feature['name']}", "of": feature["feature"]})
    return pd.DataFrame(rows, columns=[*features, "of"])


def _taken(features: pd.DataFrame, length: int) -> np.ndarray:
    """Return which positions of a sequence belong to a feature, bool (length,)."""
    taken = np.zeros(length, bool)
    for start, end in zip(features["start"], features["end"], strict=True):
        taken[start:end] = True
    return taken


def decoy_pairs(ordered: pd.DataFrame, features: pd.DataFrame, placed: pd.DataFrame) -> pd.DataFrame:
    """Return ordered pairs with the decoy of the target in the target's place; pairs that overlap are none.

    ``ordered`` is a table of :func:`dfim.interactions.sources.make_pairs`, ``features`` has all features and
    decoys, ``placed`` is the table of :func:`decoys`.
    """
    of_target = placed.set_index("of")["feature"]
    known = ordered[ordered["target"].isin(of_target.index)]
    pairs = known.assign(target=of_target.loc[known["target"]].to_numpy())
    ends, places = unordered(pairs, features), features.set_index("feature")
    apart = places["end"].loc[ends["first"]].to_numpy() <= places["start"].loc[ends["second"]].to_numpy()
    return pairs[apart].sort_values(["example", "source", "target"], ignore_index=True)
