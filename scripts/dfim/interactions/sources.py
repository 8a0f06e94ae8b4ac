"""What is mutated, and what is looked at: pairs of features, features and positions as sources."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dfim.errors import InputError

SOURCE_COLUMNS = ["example", "feature", "name", "group", "kind", "start", "end", "reference", "alternate"]
NUMBERS = ["example", "feature", "start", "end"]
NO_FEATURE = -1
PROFILE_SCORES = ["fis", "fis_sum", "signed_sum"]
# Draws of the null ``substitutions``: ``source`` is the row of the variant, ``draw`` counts from 1.
DRAW_COLUMNS = ["source", "draw", "start", "reference", "alternate", *PROFILE_SCORES]


def examples_of_shard(examples: Sequence[int], shard: int, shards: int) -> np.ndarray:
    """Return the examples of one shard: those at the places shard, shard + shards, … (from 0)."""
    if not 0 <= shard < shards:
        raise InputError(f"there is no shard {shard} among {shards} shards, counted from 0.")
    return np.asarray(examples, np.int64)[shard::shards]


def make_pairs(
    features: pd.DataFrame,
    examples: Sequence[int],
    sources: str | Sequence[str] = "all",
    targets: str | Sequence[str] = "all",
    same_name: bool = True,
    max_distance: int | None = None,
) -> tuple[pd.DataFrame, int]:
    """Return all ordered pairs of features within examples, and how many were left out for overlapping.

    The table has the columns ``example``, ``source``, ``target`` (feature numbers), sorted. ``sources`` and
    ``targets`` are names of features or ``all``. Two features of one name make a pair only with
    ``same_name``; ``max_distance`` is the largest number of bases between the two. Features that share a
    position make no pair: a mutated position is no target, so the target's score would come from what is
    left of it.

    Raises InputError on a name that no feature of the table has.
    """
    chosen = features[features["example"].isin(examples)]
    columns = ["example", "feature", "name", "start", "end"]
    left = chosen.loc[_named(features, sources).loc[chosen.index], columns]
    right = chosen.loc[_named(features, targets).loc[chosen.index], columns]
    pairs = left.merge(right, on="example", suffixes=("_source", "_target"))
    pairs = pairs[pairs["feature_source"] != pairs["feature_target"]]
    if not same_name:
        pairs = pairs[pairs["name_source"] != pairs["name_target"]]
    gap = np.maximum(pairs["start_target"] - pairs["end_source"], pairs["start_source"] - pairs["end_target"])
    near = gap >= 0 if max_distance is None else (gap >= 0) & (gap <= max_distance)
    table = pairs[near].rename(columns={"feature_source": "source", "feature_target": "target"})
    table = table[["example", "source", "target"]].astype(np.int64)
    return table.sort_values(["example", "source", "target"], ignore_index=True), int((gap < 0).sum())


def feature_sources(
    features: pd.DataFrame, examples: Sequence[int], names: str | Sequence[str]
) -> pd.DataFrame:
    """Return the features of some examples as sources of profiles: the columns ``SOURCE_COLUMNS``, sorted.

    ``names`` are names of features or ``all``. Raises InputError on a name that no feature of the table has.
    """
    table = features[_named(features, names) & features["example"].isin(examples)]
    return _as_sources(table)


def nucleotide_sources(
    bases: np.ndarray, examples: Sequence[int], region: str | tuple[int, int] | None = None
) -> pd.DataFrame:
    """Return positions of some examples as sources, each of its own: the columns ``SOURCE_COLUMNS``, sorted.

    ``bases`` has shape (all examples, positions); ``region`` is an interval [start, end), ``all`` or None
    for every position, or ``variable`` for the positions at which the examples of ``bases`` do not all have
    the same base: a network knows nothing about a change of the others. Raises InputError when the region
    does not lie within the sequences.
    """
    length, examples = bases.shape[1], np.asarray(examples, np.int64)
    if region == "variable":
        positions = np.flatnonzero((bases != bases[0]).any(axis=0))
    else:
        start, end = (0, length) if region in (None, "all") else region
        if not 0 <= start < end <= length:
            raise InputError(
                f"the region of nucleotides to mutate is {start} to {end}, and it must lie within the "
                f"{length} positions of a sequence: 0-based start, exclusive end."
            )
        positions = np.arange(start, end)
    example, start = np.repeat(examples, len(positions)), np.tile(positions, len(examples))
    letters = pd.Series(bases[example, start], dtype=np.uint8).map(chr).astype(str)
    table = pd.DataFrame({"example": example, "start": start})
    table = table.assign(end=table["start"] + 1, name=letters, reference=letters, alternate="", group="")
    return _as_sources(table.assign(kind="nucleotide", feature=NO_FEATURE))


def _as_sources(table: pd.DataFrame) -> pd.DataFrame:
    table = table[SOURCE_COLUMNS].astype(dict.fromkeys(NUMBERS, np.int64))
    return table.sort_values(["example", "start", "end", "feature"], ignore_index=True)


def _named(features: pd.DataFrame, names: str | Sequence[str]) -> pd.Series:
    """Return which features have one of the names; raises InputError on a name that none has."""
    if isinstance(names, str):
        if names != "all":
            raise InputError(f"features are chosen by {names!r}, and 'all' or a list of names is needed.")
        return pd.Series(True, features.index)
    known = sorted(features["name"].unique())
    missing = [name for name in names if name not in known]
    if missing:
        raise InputError(
            f"no feature of the dataset has the name {missing[0]!r}: the names are "
            f"{', '.join(known) or 'none at all'}."
        )
    return features["name"].isin(list(names))
