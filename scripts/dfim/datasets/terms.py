"""Terms of additive fits, and of fits with pairs, from the features or the bases of examples."""

from itertools import combinations

import numpy as np
import pandas as pd

# Upper ends (bp between two features) of the bins of distance; what is farther apart is a last bin.
DISTANCES = (10, 20, 40, 70, 150)
MOST_TERMS = 2000
# Examples whose pairs are listed at once: memory grows with the square of an example's features.
AT_ONCE = 5000


def feature_terms(features: pd.DataFrame, examples: int) -> pd.DataFrame:
    """Return which features each example has, one row per example: presence and copies of each name.

    ``features`` has the columns ``example``, ``name`` and ``group``; features of one name in several groups
    count apart (``GATA1 known``). Copies have a column where an example has two or more.
    """
    columns = {}
    for key, own in features.groupby(_keys(features), sort=True):
        copies = np.bincount(own["example"], minlength=examples)
        columns[f"{key} present"] = copies > 0
        if copies.max() > 1:
            columns[f"{key} copies"] = copies
    return pd.DataFrame(columns, index=range(examples), dtype=np.float32)


def feature_pair_terms(features: pd.DataFrame, examples: int) -> pd.DataFrame:
    """Return which pairs of features each example has, 1 or 0, by their two names and the bin of distance.

    Distances are the bases between the two, edge to edge (:data:`DISTANCES`); ``features`` has the columns
    of a dataset's table. Pairs that no two examples differ in have no column.
    """
    own = features[["example", "start", "end"]].assign(key=_keys(features).to_numpy())
    own = own.assign(row=range(len(own)))
    parts = [_pairs_of(part) for _, part in own.groupby(own["example"] // AT_ONCE)]
    found = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({"example": [], "label": []})
    columns = {}
    for label, members in found.groupby("label", sort=True)["example"]:
        present = np.zeros(examples, np.float32)
        present[members] = 1
        if not present.all():
            columns[label] = present
    return pd.DataFrame(columns, index=range(examples))


def _pairs_of(features: pd.DataFrame) -> pd.DataFrame:
    """Return the examples of some features with the labels of their pairs, each once."""
    pairs = features.merge(features, on="example", suffixes=("", "_other"))
    pairs = pairs[(pairs["row"] != pairs["row_other"]) & (pairs["key"] <= pairs["key_other"])]
    apart = pairs[["start", "start_other"]].max(axis=1) - pairs[["end", "end_other"]].min(axis=1)
    pairs = pairs.assign(bin=np.searchsorted(DISTANCES, apart))
    pairs = pairs[["example", "key", "key_other", "bin"]].drop_duplicates()
    names = np.array([*(f"up to {bound} bp" for bound in DISTANCES), f"beyond {DISTANCES[-1]} bp"], object)
    label = pairs["key"] + "–" + pairs["key_other"] + " " + names[pairs["bin"]]
    return pd.DataFrame({"example": pairs["example"], "label": label})


def position_terms(bases: np.ndarray) -> pd.DataFrame:
    """Return which base each example has at each position, 1 or 0, without the commonest of each.

    ``bases`` are uint8 (examples, positions); columns are called by 0-based position and base (``3G``).
    """
    columns = {}
    for position, column in enumerate(bases.T):
        letters, counts = np.unique(column, return_counts=True)
        for letter in np.delete(letters, counts.argmax()):
            columns[f"{position}{chr(letter)}"] = column == letter
    return pd.DataFrame(columns, index=range(len(bases)), dtype=np.float32)


def position_pair_terms(terms: pd.DataFrame) -> pd.DataFrame | None:
    """Return the products of the terms of two different positions.

    ``terms`` are those of :func:`position_terms`. None if there are :data:`MOST_TERMS` products or more.
    """
    pairs = [(one, other) for one, other in combinations(terms.columns, 2) if one[:-1] != other[:-1]]
    if len(pairs) >= MOST_TERMS:
        return None
    values = terms.to_numpy()
    place = {name: number for number, name in enumerate(terms.columns)}
    one, other = ([place[pair[end]] for pair in pairs] for end in (0, 1))
    return pd.DataFrame(values[:, one] * values[:, other], columns=["–".join(pair) for pair in pairs])


def _keys(features: pd.DataFrame) -> pd.Series:
    """Return what features are counted by: the name, with the group where a name has several."""
    groups = features.groupby("name")["group"].transform("nunique")
    return features["name"].where(groups == 1, (features["name"] + " " + features["group"]).str.strip())
