"""The shards of pair tests and of draws of scores: a table of pairs, and arrays of its rows beside it."""

import json
import os
from collections.abc import Mapping, Sequence

import h5py
import numpy as np
import pandas as pd

from dfim.errors import InputError, counted
from dfim.files.tables import read_table, write_table
from dfim.files.whole import atomic_path
from dfim.interactions.pair_tests import PairDraws
from dfim.interactions.pairs import PAIR
from dfim.interactions.score_draws import ENDS, SCORES
from dfim.interactions.shards import PAIR_KEY
from dfim.interactions.tested_pairs import SharedDraws
from dfim.progress import Progress
from dfim.statistics.effects import OUTPUTS

# Arrays of draws with a row for each pair.
_OF_PAIRS = ("first", "second", "shared_first", "shared_second")


def write_pair_draws(found: PairDraws, table: str | os.PathLike, draws: str | os.PathLike) -> None:
    """Write a shard of pair tests: its pairs as TSV, their outputs and draws as HDF5 (``docs/files.md``).

    Outputs are written in full: where effects add up, an interaction is nothing but their last digits.
    """
    write_table(found.table.drop(columns=OUTPUTS), table)
    arrays = {name: getattr(found, name).astype(np.float32) for name in (*_OF_PAIRS, "shuffled")}
    arrays["outputs"] = found.table[OUTPUTS].to_numpy(np.float64)
    arrays["example"] = found.table["example"].drop_duplicates().sort_values().to_numpy(np.int64)
    axes = {name: ["pair", "draw"] for name in _OF_PAIRS} | {"outputs": ["pair", "output"]}
    _write(draws, arrays, axes | {"shuffled": ["example", "draw"], "example": ["example"]})


def read_pair_draws(tables: Sequence[str | os.PathLike], draws: Sequence[str | os.PathLike]) -> PairDraws:
    """Read shards of pair tests into one, sorted by example and features.

    Raises InputError when there is no pair, when a pair occurs twice, and when shards have unlike numbers of
    draws.
    """
    parts = []
    for table, path in Progress(list(zip(tables, draws, strict=True)), desc="shards", unit=" shards"):
        with h5py.File(path, "r") as handle:
            arrays = {name: handle[name][()] for name in handle}
        outputs = dict(zip(OUTPUTS, arrays["outputs"].T, strict=True))
        parts.append((read_table(table).assign(**outputs), arrays))
    table = pd.concat([part for part, _ in parts if len(part)] or [parts[0][0]], ignore_index=True)
    if table.empty:
        raise InputError(
            f"{counted(len(parts), 'shard')} without a pair of features: select examples that have a "
            "source and a target, or allow a larger distance."
        )
    _check(
        table,
        [(arrays["first"].shape[1], arrays["shared_first"].shape[1]) for part, arrays in parts if len(part)],
    )
    arrays = {
        name: np.concatenate([own[name] for part, own in parts if len(part)])
        for name in (*_OF_PAIRS, "shuffled", "example")
    }
    order = table.sort_values(PAIR).index.to_numpy()
    shuffled = arrays["shuffled"][np.argsort(arrays["example"])]
    return PairDraws(
        table.loc[order].reset_index(drop=True), *(arrays[name][order] for name in _OF_PAIRS), shuffled
    )


def _check(table: pd.DataFrame, draws: list[tuple[int, int]]) -> None:
    twice = table[table.duplicated(PAIR)]
    if len(twice) or len(set(draws)) > 1:
        what = "unlike numbers of draws" if len(set(draws)) > 1 else "the same pair twice"
        raise InputError(f"the shards have {what}: remove the folder of the shards and run again.")


def write_shared_draws(found: SharedDraws, path: str | os.PathLike) -> None:
    """Write what the kinds of an analysis are tested with: HDF5 (``docs/files.md``)."""
    arrays = {"by_name": found.by_name.astype(np.float32), "floor": np.float64(found.floor)}
    _write(path, arrays, {"by_name": ["end", "pair", "draw"], "floor": []})


def read_shared_draws(path: str | os.PathLike) -> SharedDraws:
    """Read what :func:`write_shared_draws` wrote."""
    with h5py.File(path, "r") as handle:
        return SharedDraws(handle["by_name"][()], float(handle["floor"][()]))


def read_tested(tests: str | os.PathLike, shared: str | os.PathLike) -> tuple[pd.DataFrame, SharedDraws]:
    """Read the pairs within reach of a table of pair tests, and their shared draws.

    Raises InputError when the two are not of the same pairs.
    """
    table, draws = read_table(tests), read_shared_draws(shared)
    table = table[table["within_reach"] == 1].reset_index(drop=True)
    if len(table) != draws.by_name.shape[1]:
        raise InputError(
            f"{tests} has {counted(len(table), 'pair')} within reach and {shared} draws of "
            f"{draws.by_name.shape[1]}: remove both and run again."
        )
    return table, draws


def write_score_draws(found: np.ndarray, path: str | os.PathLike) -> None:
    """Write draws of scores (``SCORES``, ``ENDS``, pairs, K): HDF5, a row per ordered pair of the shard."""
    arrays = {
        f"{score}_{end}": found[number, side]
        for number, score in enumerate(SCORES)
        for side, end in enumerate(ENDS)
    }
    _write(path, arrays, {name: ["pair", "draw"] for name in arrays})


def read_score_draws(
    tables: Sequence[str | os.PathLike], draws: Sequence[str | os.PathLike]
) -> np.ndarray | None:
    """Read draws of scores, sorted as :func:`read_pair_shards` sorts the pairs; None where there are none."""
    keys, parts = [], []
    for table, path in zip(tables, draws, strict=True):
        pairs = read_table(table, usecols=PAIR_KEY, dtype={"replicate": np.int64})
        keys.append(pairs[pairs["replicate"] == 0])
        with h5py.File(path, "r") as handle:
            parts.append(np.array([[handle[f"{score}_{end}"][()] for end in ENDS] for score in SCORES]))
    if len({part.shape[3] for part in parts if part.shape[2]}) > 1:
        raise InputError(
            "the shards have unlike numbers of draws: remove the folder of the shards and run again."
        )
    found = np.concatenate([part for part in parts if part.shape[2]] or parts[:1], axis=2)
    order = pd.concat(keys, ignore_index=True).sort_values(["example", "source", "target"]).index
    return found[:, :, order] if found.shape[3] else None


def _write(path: str | os.PathLike, arrays: Mapping[str, np.ndarray], axes: Mapping[str, list[str]]) -> None:
    with atomic_path(path) as temporary, h5py.File(temporary, "w") as handle:
        for name, values in arrays.items():
            array = handle.create_dataset(name, data=values)
            array.attrs["axes"] = json.dumps(axes[name])
