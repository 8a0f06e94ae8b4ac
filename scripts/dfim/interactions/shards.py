"""Putting the shards of an analysis together: into tables that do not depend on how it was cut.

The shards of feature targets are tables of pairs, those of position targets HDF5 files of profiles; both
hold the real sequences and their shuffled replicates. The files are described in ``docs/files.md``.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field

import h5py
import numpy as np
import pandas as pd

from dfim.errors import InputError, counted
from dfim.files.tables import read_table
from dfim.files.whole import atomic_path
from dfim.interactions.pairs import unordered
from dfim.interactions.sources import DRAW_COLUMNS, SOURCE_COLUMNS
from dfim.progress import Progress

PAIR_KEY = ["replicate", "example", "source", "target"]
PAIR_SCORES = ["fis", "signed_sum"]
# Largest distance (bp) of each bin but the last in which positions are tested: changes fall with distance.
POSITION_BINS = (5, 20, 50, 100)
_SOURCE_TEXT = ["name", "group", "kind", "reference", "alternate"]


def read_pair_shards(paths: Sequence[str | os.PathLike]) -> pd.DataFrame:
    """Read tables of pairs into one, sorted by replicate, example, source and target.

    Raises InputError when a pair occurs twice and when there is no pair at all.
    """
    # A replicate is a number here; elsewhere it is the name of a library's.
    kind = {"replicate": np.int64}
    tables = [read_table(path, dtype=kind) for path in Progress(paths, desc="shards", unit=" shards")]
    table = pd.concat([part for part in tables if len(part)] or tables, ignore_index=True)
    if not (table["replicate"] == 0).any():
        raise InputError(
            f"{counted(len(paths), 'shard')} without a pair of features: select examples that have a source "
            "and a target, or allow a larger distance."
        )
    table = table.sort_values(PAIR_KEY, ignore_index=True)
    _check_unique(table, PAIR_KEY, "pair")
    return table


def _check_unique(table: pd.DataFrame, key: list[str], what: str) -> None:
    """Raise InputError when two rows have the same key, as when a shard is left over from another run."""
    twice = table[table.duplicated(key)]
    if len(twice):
        first = ", ".join(f"{name} {twice[name].iloc[0]}" for name in key)
        raise InputError(
            f"the shards hold the same {what} twice ({first}): remove the folder of the shards and run again."
        )


def name_pairs(pairs: pd.DataFrame, features: pd.DataFrame) -> pd.Series:
    """Return the names of pairs: both features' names in alphabetical order, joined by an en dash."""
    names = features.set_index("feature")["name"]
    source, target = (names.loc[pairs[end]].to_numpy(dtype=object) for end in ("source", "target"))
    return pd.Series(np.where(source <= target, source + "–" + target, target + "–" + source), pairs.index)


def pair_distances(pairs: pd.DataFrame, features: pd.DataFrame) -> pd.Series:
    """Return the bases between source and target of pairs, edge to edge: 0 when they touch or overlap.

    Negative when the target lies upstream of the source.
    """
    places = features.set_index("feature")[["start", "end"]]
    source, target = (places.loc[pairs[end]].set_index(pairs.index) for end in ("source", "target"))
    downstream, upstream = target["start"] - source["end"], source["start"] - target["end"]
    return downstream.clip(lower=0) - upstream.clip(lower=0)


def describe_pairs(pairs: pd.DataFrame, features: pd.DataFrame) -> pd.DataFrame:
    """Add names, places and distances of sources and targets to pairs (columns example, source, target).

    Adds ``pair``, ``source_name``, ``target_name``, ``source_group``, ``target_group``, ``source_start``,
    ``source_end``, ``target_start``, ``target_end`` (0-based, half-open, in the example), ``distance`` (see
    :func:`pair_distances`) and, for every name among sources and targets, ``copies_{name}``: how many
    features of that name the example has.
    """
    table = pairs.assign(pair=name_pairs(pairs, features))
    by_number = features.set_index("feature")
    for column in ("name", "group", "start", "end"):
        for end in ("source", "target"):
            table[f"{end}_{column}"] = by_number[column].loc[table[end]].to_numpy()
    table["distance"] = pair_distances(pairs, features)
    own = features[features["example"].isin(table["example"].unique())]
    copies = own.groupby(["example", "name"]).size().unstack(fill_value=0)
    for name in sorted({*table["source_name"], *table["target_name"]}):
        table[f"copies_{name}"] = copies[name].loc[table["example"]].to_numpy()
    return table


# Columns of the table of pair tests that the table of ordered pairs has too, and their names there.
OF_TESTS = {
    "block": "block",
    "within_reach": "within_reach",
    "interaction": "interaction",
    "interaction_probability": "interaction_probability",
    "share": "share",
    "p": "interaction_p",
    "q": "interaction_q",
    "called": "interaction_called",
}


def add_pair_tests(pairs: pd.DataFrame, tests: pd.DataFrame, features: pd.DataFrame) -> pd.DataFrame:
    """Add the columns of their pair tests to ordered pairs, by example and features (:data:`OF_TESTS`).

    Raises InputError when a pair has no test, as when the two were made with different features.
    """
    key = ["example", "first", "second"]
    keyed = pairs.join(unordered(pairs, features))
    joined = keyed.merge(
        tests[[*key, *OF_TESTS]].rename(columns=OF_TESTS),
        on=key,
        how="left",
        validate="many_to_one",
        indicator=True,
    )
    if (lost := joined.pop("_merge") == "left_only").any():
        raise InputError(
            f"{lost.sum()} of {counted(len(pairs), 'pair')} have no pair test: remove the folders of the "
            "shards and run again."
        )
    return joined.drop(columns=["first", "second"]).set_axis(pairs.index)


@dataclass
class Profiles:
    """Profiles of all sources, sorted by example and place, and their null scores.

    ``sources`` has one row per source: the columns of the shards after ``source``, the row number in the
    arrays. ``delta``, ``importance`` and ``mutant_importance`` are float32 (source, position); NaN outside
    the window and at the source itself. ``null`` has a row per replicate (from 1) and source, with the
    summaries of its profile. ``null_positions`` has the columns ``example``, ``distance`` (bp from the
    source) and ``delta`` (absolute): single positions of the null profiles, all of them or a sample.
    ``draws`` has a row per draw of the null ``substitutions``, sorted by source; none where none were made.
    ``attributes`` say what all shards were made from and how.
    """

    sources: pd.DataFrame
    delta: np.ndarray
    importance: np.ndarray
    mutant_importance: np.ndarray
    null: pd.DataFrame
    null_positions: pd.DataFrame
    draws: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=DRAW_COLUMNS))
    attributes: dict = field(default_factory=dict)


def summarise(delta: np.ndarray) -> dict[str, np.ndarray]:
    """Summarise profiles, shape (..., position): largest, and summed, absolute change, and signed sum.

    Positions that are NaN do not count; a profile without any other position has NaN for each.
    """
    empty = np.isnan(delta).all(axis=-1)
    size = np.abs(delta)
    scores = {
        "fis": np.max(size, axis=-1, initial=0, where=~np.isnan(size)),
        "fis_sum": np.nansum(size, axis=-1, dtype=np.float64),
        "signed_sum": np.nansum(delta, axis=-1, dtype=np.float64),
    }
    return {name: np.where(empty, np.nan, score) for name, score in scores.items()}


def read_profile_shards(
    paths: Sequence[str | os.PathLike],
    seed: int,
    null_positions: int = 5_000_000,
    reach: float = np.inf,
    bins: Sequence[int] = POSITION_BINS,
) -> Profiles:
    """Read shards of profiles into one, sorted by example, start, end, feature and alternate allele.

    At most ``null_positions`` positions of the null are kept, so that memory stays bounded: of each source
    all when they are few enough, else an equal number at random of each bin of distance (largest distances
    ``bins``), drawn for its place in the sorted table, hence independent of the shards; none as far from the
    source as the network's ``reach`` (bp), or farther. Raises InputError when a source occurs twice, when
    there is none, and when shards differ in their attributes (made with another network, other sequences or
    other options).
    """
    attributes = _common_attributes(paths)
    sources = _sorted_sources(paths)
    quota = max(1, null_positions // len(sources))
    start, end = sources["start"].to_numpy(), sources["end"].to_numpy()
    arrays, null, drawn, draws = {}, [], [None] * len(sources), []
    for shard, path in enumerate(Progress(paths, desc="shards", unit=" shards")):
        mine = sources.index[sources["shard"] == shard]
        rows = sources.loc[mine, "row"].to_numpy()
        with h5py.File(path, "r") as handle:
            for name in ("delta", "importance", "mutant_importance"):
                values = handle[name][()][rows]
                arrays.setdefault(name, np.empty((len(sources), values.shape[1]), np.float32))[mine] = values
            null_delta = handle["null_delta"][()][:, rows]
            draws += [_read_draws(handle["draws"], rows, mine)] if "draws" in handle else []
        null.append(_summarise_null(null_delta, mine))
        for column, source in enumerate(mine):
            distance = _distances(start[source], end[source], null_delta.shape[2])
            positions = _null_positions(null_delta[:, column], distance, reach)
            drawn[source] = _draw(positions, quota, bins, (seed, source))
    example = np.repeat(sources["example"].to_numpy(), [len(positions["delta"]) for positions in drawn])
    columns = {name: np.concatenate([positions[name] for positions in drawn]) for name in drawn[0]}
    return Profiles(
        sources.drop(columns=["row", "shard"]).rename_axis("source").reset_index(),
        **arrays,
        null=pd.concat(null).sort_values(["replicate", "source"], ignore_index=True),
        null_positions=pd.DataFrame(columns | {"example": example}),
        attributes=attributes,
        **_sorted_draws(draws),
    )


def position_distances(sources: pd.DataFrame, length: int) -> np.ndarray:
    """Return how far positions lie from the nearest position of each source, bp: (sources, positions).

    0 within the source, 1 next to it.
    """
    start, end = (sources[name].to_numpy()[:, None] for name in ("start", "end"))
    return _distances(start, end, length)


def _distances(start: np.ndarray, end: np.ndarray, length: int) -> np.ndarray:
    positions = np.arange(length)
    return np.maximum(np.maximum(start - positions, positions - end + 1), 0)


def _common_attributes(paths: Sequence[str | os.PathLike]) -> dict:
    """Return the attributes of the shards, which must be the same in all of them."""
    common = None
    for path in paths:
        with h5py.File(path, "r") as handle:
            found = dict(handle.attrs)
        common = found if common is None else common
        for name in {**common, **found}:
            if not np.array_equal(common.get(name), found.get(name)):
                raise InputError(
                    f"{paths[0]} was made with {name} {common.get(name)} and {path} with {found.get(name)}: "
                    "remove the folder of the shards and run again."
                )
    return common


def _sorted_sources(paths: Sequence[str | os.PathLike]) -> pd.DataFrame:
    """Return the sources of all shards, sorted, with the columns ``shard`` and ``row`` (in the shard)."""
    tables = [_read_sources(path).assign(shard=shard) for shard, path in enumerate(paths)]
    sources = pd.concat([table for table in tables if len(table)] or tables)
    if sources.empty:
        raise InputError(
            f"{counted(len(paths), 'shard')} without a source: select examples that have a source."
        )
    key = ["example", "start", "end", "feature", "alternate"]
    sources = sources.rename_axis("row").reset_index().sort_values(key, ignore_index=True)
    _check_unique(sources, key, "source")
    return sources


def _read_sources(path: str | os.PathLike) -> pd.DataFrame:
    """Read the table of the sources of a shard; ``feature`` is missing for a nucleotide."""
    with h5py.File(path, "r") as handle:
        group = handle["sources"]
        table = pd.DataFrame(
            {
                name: group[name].asstr()[()] if name in _SOURCE_TEXT else group[name][()]
                for name in SOURCE_COLUMNS
            }
        )
    feature = table["feature"].astype("Int64")
    return table.assign(feature=feature.mask(feature < 0))


def _summarise_null(null_delta: np.ndarray, sources: pd.Index) -> pd.DataFrame:
    """Summarise null profiles (replicate, source, position): one row per replicate and source."""
    replicates = len(null_delta)
    scores = {name: score.ravel() for name, score in summarise(null_delta).items()}
    return pd.DataFrame(
        {
            "replicate": np.repeat(np.arange(1, replicates + 1), len(sources)),
            "source": np.tile(sources.to_numpy(), replicates),
            **scores,
        }
    )


def _read_draws(group: h5py.Group, rows: np.ndarray, sources: pd.Index) -> pd.DataFrame:
    """Read the draws of a shard, with the number of their source in all shards instead of in this one."""
    text = ("reference", "alternate")
    table = pd.DataFrame(
        {name: group[name].asstr()[()] if name in text else group[name][()] for name in DRAW_COLUMNS}
    )
    return table.assign(source=pd.Series(sources, rows).loc[table["source"]].to_numpy())


def _sorted_draws(draws: list[pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the draws of all shards as an argument of :class:`Profiles`, none where there are none."""
    parts = [part for part in draws if len(part)]
    return {"draws": pd.concat(parts).sort_values(["source", "draw"], ignore_index=True)} if parts else {}


def _null_positions(null_delta: np.ndarray, distance: np.ndarray, reach: float) -> dict[str, np.ndarray]:
    """Return ``distance`` and absolute ``delta`` of null profiles, (replicate, position), of a source, within
    reach. There are many sources: arrays, for tables take longer to make than all else.
    """
    counted = ~np.isnan(null_delta) & (distance < reach)
    distances = np.broadcast_to(distance.astype(np.int32), null_delta.shape)[counted]
    return {"distance": distances, "delta": np.abs(null_delta[counted])}


def _draw(
    positions: dict[str, np.ndarray], n: int, bins: Sequence[int], seed: Sequence[int]
) -> dict[str, np.ndarray]:
    """Return at most n of the null positions, drawn without replacement, as many of each bin of distance."""
    if len(positions["delta"]) <= n:
        return positions
    label = np.searchsorted(bins, positions["distance"], side="left")
    order = np.random.default_rng(seed).permutation(len(label))
    rank = pd.Series(order).groupby(label[order]).cumcount().to_numpy()
    # The first of every bin, then the second of every bin, and so on.
    kept = np.sort(order[np.argsort(rank, kind="stable")[:n]])
    return {name: values[kept] for name, values in positions.items()}


def write_profiles(
    profiles: Profiles,
    p: np.ndarray,
    q: np.ndarray,
    path: str | os.PathLike,
    attributes: dict | None = None,
) -> None:
    """Write the arrays of profiles with p and q of every position: float32 (source, position), HDF5.

    The file has the attributes of the shards, and those of ``attributes``.
    """
    arrays = {
        "delta": profiles.delta,
        "p": p,
        "q": q,
        "importance": profiles.importance,
        "mutant_importance": profiles.mutant_importance,
    }
    with atomic_path(path) as temporary, h5py.File(temporary, "w") as handle:
        for name, values in arrays.items():
            array = handle.create_dataset(name, data=values.astype(np.float32), compression="lzf")
            array.attrs["axes"] = json.dumps(["source", "position"])
        handle.attrs.update({**profiles.attributes, **(attributes or {})})
