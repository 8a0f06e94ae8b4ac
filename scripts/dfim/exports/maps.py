"""Maps of sources against positions, with the names of their rows, as one NumPy file."""

import os
from collections.abc import Mapping

import numpy as np
import pandas as pd

from dfim.files.whole import atomic_path

ARRAYS = ("delta", "p", "q", "importance")
_TEXT = ("sequence", "chrom", "name", "group", "reference", "alternate")
_NUMBERS = ("example", "start", "end")


def write_maps(sources: pd.DataFrame, profiles: Mapping, path: str | os.PathLike) -> None:
    """Write the maps of an analysis as .npz, nothing pickled: arrays and, for each row, its names.

    ``profiles`` gives ``delta``, ``p``, ``q`` and ``importance``, (source, position); ``sources`` the table
    of sources, whose column ``source`` is their row. The file has these four, float32, and, of the same
    order, ``sequence``, ``chrom``, ``name``, ``group``, ``reference``, ``alternate`` (text, empty where there
    is none), ``example``, ``start`` and ``end`` (int64, 0-based, half-open, in the example).
    """
    rows = sources.sort_values("source", ignore_index=True)
    number = rows["source"].to_numpy()
    arrays = {name: np.asarray(profiles[name][()], dtype=np.float32)[number] for name in ARRAYS}
    arrays |= {name: rows[name].fillna("").astype(str).to_numpy(dtype=str) for name in _TEXT}
    arrays |= {name: rows[name].to_numpy(dtype=np.int64) for name in _NUMBERS}
    with atomic_path(path) as temporary, open(temporary, "wb") as handle:
        np.savez_compressed(handle, **arrays)
