"""Which examples are not independent: windows of a genome that overlap, as chains."""

import numpy as np
import pandas as pd


def overlap_blocks(examples: pd.DataFrame) -> np.ndarray:
    """Return a number for each example, int64 (examples,), that windows of one chain of overlaps share.

    ``examples`` is the table of a dataset (``chrom``; ``start``, ``end``: 0-based, half-open). One that is no
    window of a genome is a block of its own; windows that only touch do not overlap.
    """
    table = examples.reset_index(drop=True)
    block = np.arange(len(table))
    if not {"chrom", "start", "end"} <= set(table):
        return block
    located = table["chrom"].fillna("").ne("") & table["start"].notna()
    windows = table[located].sort_values(["chrom", "start"], kind="stable")
    ends = windows.groupby("chrom")["end"]
    before = ends.cummax().groupby(windows["chrom"]).shift()
    chain = (~(windows["start"] < before)).cumsum()
    block[windows.index] = windows.index.to_series().groupby(chain).transform("min")
    return block
