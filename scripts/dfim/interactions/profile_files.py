"""The file of a shard of profiles."""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import h5py
import numpy as np
import pandas as pd

from dfim.files.whole import atomic_path
from dfim.interactions.scoring import Profile
from dfim.interactions.sources import DRAW_COLUMNS, NUMBERS, SOURCE_COLUMNS

# Positions of profiles held before they are written: a call of HDF5 takes as long as scoring a profile.
_HELD = 1_000_000
_CHUNK = 16_384  # values of a chunk of a file, or one row where rows are longer


def write_profile_shard(
    found: Iterable[Profile],
    sources: pd.DataFrame,
    length: int,
    shuffles: int,
    path: str | os.PathLike,
    attributes: dict | None = None,
    draws: pd.DataFrame | None = None,
) -> None:
    """Write profiles as they come: an HDF5 file as in ``docs/files.md``, one row per row of ``sources``.

    ``delta``, ``importance``, ``mutant_importance``: float32 (source, position), on the real sequences;
    ``null_delta``: float32 (replicate, source, position); ``mutant_base`` and ``null_mutant_base``: uint8 of
    the same shapes as the two deltas; the columns of ``sources`` in a group of that name, ``feature`` −1 for
    a nucleotide; and the columns of ``draws``, where there are any, in a group of that name. ``attributes``
    become attributes of the file.
    """
    shape = (len(sources), length)
    with atomic_path(path) as temporary, h5py.File(temporary, "w") as handle:
        arrays = {name: _array(handle, name, shape) for name in ("delta", "importance", "mutant_importance")}
        arrays["mutant_base"] = _array(handle, "mutant_base", shape, np.uint8)
        null = {
            "delta": _array(handle, "null_delta", (shuffles, *shape)),
            "mutant_base": _array(handle, "null_mutant_base", (shuffles, *shape), np.uint8),
        }
        for part in _parts(found, max(1, _HELD // max(length, 1))):
            _write_profiles([one for one in part if not one.replicate], arrays)
            for replicate in sorted({one.replicate for one in part if one.replicate}):
                _write_profiles([one for one in part if one.replicate == replicate], null, replicate - 1)
        _write_table(handle.create_group("sources"), sources[SOURCE_COLUMNS], "source")
        if draws is not None:
            _write_table(handle.create_group("draws"), draws[DRAW_COLUMNS], "draw")
        handle.attrs.update(attributes or {})


def _parts(found: Iterable[Profile], number: int) -> Iterator[list[Profile]]:
    """Yield profiles in lists of a number of them."""
    found = iter(found)
    while part := list(islice(found, number)):
        yield part


def _write_profiles(found: Sequence[Profile], arrays: dict[str, h5py.Dataset], *first: int) -> None:
    """Write profiles to the rows of their sources, all at once where sources follow each other."""
    found = sorted(found, key=lambda one: one.source)
    rows = np.array([one.source for one in found], dtype=int)
    for run in np.split(np.arange(len(rows)), np.flatnonzero(np.diff(rows) != 1) + 1):
        if len(run):
            place = (*first, slice(rows[run[0]], rows[run[-1]] + 1))
            for name, array in arrays.items():
                array[place] = np.stack([getattr(found[number], name) for number in run])


def _write_table(group: h5py.Group, table: pd.DataFrame, axis: str) -> None:
    """Write the columns of a table as arrays: whole numbers as int64, text as text."""
    for column in table:
        values, kind = table[column], None
        if column in NUMBERS or values.dtype.kind == "i":
            values = values.to_numpy(np.int64)
        elif values.dtype.kind != "f":
            values, kind = values.to_numpy(object), h5py.string_dtype()
        array = group.create_dataset(column, data=values, dtype=kind)
        array.attrs["axes"] = json.dumps([axis])


def _array(handle: h5py.File, name: str, shape: tuple[int, ...], kind=np.float32) -> h5py.Dataset:
    """Create an array in chunks of whole rows, so that rows can be written one by one."""
    rows = min(shape[-2], max(1, _CHUNK // max(shape[-1], 1)))
    chunks = (*(1,) * (len(shape) - 2), rows, shape[-1]) if 0 not in shape else None
    compression = "lzf" if chunks else None
    array = handle.create_dataset(name, shape, kind, chunks=chunks, compression=compression)
    array.attrs["axes"] = json.dumps(["replicate", "source", "position"][-len(shape) :])
    return array
