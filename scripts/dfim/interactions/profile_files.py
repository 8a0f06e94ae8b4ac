"""The file of a shard of profiles."""

import json
import os
from collections.abc import Iterable

import h5py
import numpy as np
import pandas as pd

from dfim.files.whole import atomic_path
from dfim.interactions.scoring import Profile
from dfim.interactions.sources import DRAW_COLUMNS, NUMBERS, SOURCE_COLUMNS

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
        for profile in found:
            if profile.replicate:
                for name, array in null.items():
                    array[profile.replicate - 1, profile.source] = getattr(profile, name)
                continue
            for name, array in arrays.items():
                array[profile.source] = getattr(profile, name)
        _write_table(handle.create_group("sources"), sources[SOURCE_COLUMNS], "source")
        if draws is not None:
            _write_table(handle.create_group("draws"), draws[DRAW_COLUMNS], "draw")
        handle.attrs.update(attributes or {})


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
