"""Contribution scores along a genome, for genome browsers: bigWig and bedGraph."""

import gzip
import os
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pybigtools

from dfim.errors import InputError, counted
from dfim.files.whole import atomic_path


def along_genome(examples: pd.DataFrame, importance: np.ndarray, sizes: Mapping[str, int]) -> pd.DataFrame:
    """Return the contribution at each base of a genome: ``chrom``, ``start``, ``end``, ``value``.

    ``examples`` has ``chrom`` and ``start`` (0-based) of every row of ``importance``, float (examples,
    positions). Each row of the result is one base, 0-based and half-open; where examples overlap, ``value``
    is their mean. Bases that are in no example are left out. Rows are in the order of ``sizes``. Raises
    InputError when an example has no place, or one beyond its chromosome.
    """
    if examples["chrom"].isna().any():
        raise InputError(
            "examples without a place in a genome have no track: use the export 'modisco' instead."
        )
    offsets, tables = np.arange(importance.shape[1]), []
    for chrom, size in sizes.items():
        rows = (examples["chrom"] == chrom).to_numpy()
        starts = examples["start"].to_numpy()[rows].astype(np.int64)
        places, inverse = np.unique((starts[:, None] + offsets).ravel(), return_inverse=True)
        if len(places) and (places[0] < 0 or places[-1] >= size):
            raise InputError(
                f"an example of {chrom} lies beyond its {counted(size, 'base')}: make the dataset again."
            )
        total = np.bincount(inverse, weights=importance[rows].ravel(), minlength=len(places))
        value = total / np.maximum(1, np.bincount(inverse, minlength=len(places)))
        tables.append(pd.DataFrame({"chrom": chrom, "start": places, "end": places + 1, "value": value}))
    return pd.concat(tables, ignore_index=True)


def write_bigwig(track: pd.DataFrame, sizes: Mapping[str, int], path: str | os.PathLike) -> None:
    """Write a track of :func:`along_genome` as bigWig (float32), with all chromosomes of ``sizes``."""
    rows = track.sort_values(["chrom", "start"])
    with atomic_path(path) as temporary:
        columns = (rows[name].tolist() for name in ("chrom", "start", "end", "value"))
        # Chromosomes by name: what bigtools takes for sorted.
        pybigtools.open(str(temporary), "w").write(dict(sorted(sizes.items())), zip(*columns, strict=True))


def write_bedgraph(track: pd.DataFrame, path: str | os.PathLike) -> None:
    """Write a track of :func:`along_genome` as gzipped bedGraph, one line a base."""
    with atomic_path(path) as temporary, gzip.GzipFile(temporary, "wb", mtime=0) as handle:
        track.to_csv(handle, sep="\t", header=False, index=False, lineterminator="\n", float_format="%.6g")
