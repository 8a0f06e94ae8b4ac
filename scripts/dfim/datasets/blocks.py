"""Which examples are not independent: windows of a genome that overlap, as chains."""

from collections.abc import Sequence

import numpy as np
import pandas as pd


def overlap_blocks(examples: pd.DataFrame) -> np.ndarray:
    """Return a number for each example, int64 (examples,), that windows of one chain of overlaps share.

    ``examples`` is the table of a dataset (``chrom``; ``start``, ``end``: 0-based, half-open). One that is no
    window of a genome is a block of its own; windows that only touch do not overlap.
    """
    table = examples.reset_index(drop=True)
    block = np.arange(len(table))
    located = in_a_genome(table)
    if not located.any():
        return block
    windows = table[located].sort_values(["chrom", "start"], kind="stable")
    ends = windows.groupby("chrom")["end"]
    before = ends.cummax().groupby(windows["chrom"]).shift()
    chain = (~(windows["start"] < before)).cumsum()
    block[windows.index] = windows.index.to_series().groupby(chain).transform("min")
    return block


def blocks(examples: pd.DataFrame, chosen: Sequence[int]) -> pd.Series:
    """Return the block of each chosen example: the lowest number among those that it hangs together with.

    ``examples`` is the dataset's table. The index of the result is ``example``.
    """
    table = examples.set_index("example").loc[np.unique(chosen)].reset_index()
    numbers = table["example"].to_numpy()
    return pd.Series(numbers[overlap_blocks(table)], pd.Index(numbers, name="example"), name="block")


def in_a_genome(examples: pd.DataFrame) -> np.ndarray:
    """Return which examples are windows of a genome, bool: those that have a chromosome and a start."""
    if not {"chrom", "start", "end"} <= set(examples):
        return np.zeros(len(examples), bool)
    return (examples["chrom"].fillna("").ne("") & examples["start"].notna()).to_numpy()
