"""Aggregate maps: what mutations of one base change at another, averaged over aligned sequences (SFig. 6).

The change that mutating a nucleotide makes at a position belongs to the cell (source position, source base,
mutant base with the largest change there; target position, target base). A cell's value is the mean over the
sequences that have those bases, and of which that mutant base has the largest change. The null has the same
cells of shuffled sequences, or of a network that was trained on values which only add up.

All positions are 0-based, in the example.
"""

import os
from collections.abc import Sequence

import h5py
import numpy as np
import pandas as pd

from dfim.errors import InputError, counted
from dfim.progress import Progress
from dfim.sequences.shuffling import shuffled
from dfim.statistics.p_values import POOLED, p_values, q_values
from dfim.statistics.studentised import over_alike

CELL = ["source_position", "source_base", "mutant_base", "target_position", "target_base"]
COLUMNS = ["set", *CELL, "intact", "mutated", "n", "mean", "sd", "p", "q", "called"]


def sum_cells(
    delta: np.ndarray, mutant_base: np.ndarray, source_position: np.ndarray, bases: np.ndarray
) -> pd.DataFrame:
    """Return n, sum and sum of squares of the changes in each cell that occurs.

    ``delta`` and ``mutant_base`` (uint8 ASCII) have the shape (sources, positions); NaN does not count.
    ``source_position`` (sources,) is where each source lies, ``bases`` (sources, positions) its sequence. The
    table has the columns of a cell (:data:`CELL`), ``n``, ``sum``, ``squares``.
    """
    rows, targets = np.nonzero(~np.isnan(delta))
    sources = source_position[rows]
    parts = (sources, bases[rows, sources], mutant_base[rows, targets], targets, bases[rows, targets])
    sizes = (bases.shape[1], 256, 256, bases.shape[1], 256)
    codes, cell = np.unique(np.ravel_multi_index(parts, sizes), return_inverse=True)
    values = delta[rows, targets].astype(np.float64)
    table = pd.DataFrame(dict(zip(CELL, np.unravel_index(codes, sizes), strict=True)))
    for name in ("source_base", "mutant_base", "target_base"):
        table[name] = table[name].map(chr)
    return table.assign(
        n=np.bincount(cell), sum=np.bincount(cell, values), squares=np.bincount(cell, values**2)
    )


def aggregate(
    shards: Sequence[str | os.PathLike],
    bases: np.ndarray,
    sets: pd.DataFrame,
    minimum: int,
    method: str,
    reach: float = np.inf,
    additive: Sequence[str | os.PathLike] = (),
    least_effect: float = 0.0,
    level: float = 0.05,
) -> pd.DataFrame:
    """Return the cells of aggregate maps with p and q, from the shards of position targets.

    ``bases`` has shape (all examples, positions), ``sets`` the columns ``example`` and ``set``: a map for
    each set, of the profiles of its examples. Columns: ``set``, those of a cell, ``intact`` and ``mutated``
    (the two bases of source and target with their positions, before and after the mutation, e.g. ``3G–4T``,
    the lower position first), ``n`` sequences, ``mean`` and ``sd`` of the changes, ``p``, ``q``, ``called``
    (1 where q is below ``level`` and the mean's size at least ``least_effect``). Cells with fewer than
    ``minimum`` sequences have neither p nor q. p is the upper tail of the mean's size against that of the
    null's cells of at least ``minimum`` sequences, of all sets and replicates together, by the ``method`` of
    :func:`dfim.statistics.p_values.fit_null`; but for the published methods, both are in units of the null's
    cells whose bases are as far apart (:func:`dfim.statistics.studentised.over_alike`). q is
    Benjamini–Hochberg over all cells of all sets.

    The null is the cells of the shuffled sequences, or, where ``additive`` names its shards, those of the
    same sequences in a network that was trained on values which only add up. Shuffling breaks what the
    sequences share, so that it says what a network makes of two bases without it; the other says what this
    network makes up of two bases that do nothing to each other.

    Positions at which nothing changes anything are left out as targets: with the composition as the
    reference, a base that all sequences share has no importance. Cells of positions that are ``reach`` (bp,
    of :func:`dfim.networks.reach.reach_of`) apart or more, which are 0 by the network's structure, are left
    out of the map and of the null.

    Raises InputError when the shards hold a source that is no nucleotide, and when no cell has enough
    sequences.
    """
    cells = _within_reach(_cells_of_shards(shards, bases, sets), reach)
    changing = cells.loc[cells["squares"] > 0, "target_position"].unique()
    cells = cells[cells["target_position"].isin(changing)].reset_index(drop=True)
    null = _within_reach(_cells_of_shards(additive or shards, bases, sets, shuffles=not additive), reach)
    if additive:
        null = null[null["target_position"].isin(changing)]
    # Shuffled sequences keep all positions: in them these are positions like all others, and without them,
    # where changes are larger, the null is too kind to a network that has learned no interaction.
    tested, usable = cells["n"] >= minimum, null["n"] >= minimum
    if not tested.any():
        raise InputError(
            f"no cell of the aggregate maps has {counted(minimum, 'sequence')}, the largest has "
            f"{cells['n'].max()}: select more examples, or lower the key minimum."
        )
    cells["p"] = cells["q"] = np.nan
    cells.loc[tested, "p"] = p_values(*_sizes(cells[tested], null[usable], method), method)
    cells.loc[tested, "q"] = q_values(cells.loc[tested, "p"].to_numpy())
    cells["called"] = ((cells["q"] < level) & (cells["mean"].abs() >= least_effect)).astype(int)
    for name, base in (("intact", "source_base"), ("mutated", "mutant_base")):
        cells[name] = _pairs(cells, base)
    return cells[COLUMNS]


def _sizes(cells: pd.DataFrame, null: pd.DataFrame, method: str) -> Sequence[np.ndarray]:
    """Return the sizes that are compared, of cells and of the null's: means fall with distance."""
    tables = (cells, null)
    if method in POOLED:
        return [table["mean"].abs().to_numpy() for table in tables]
    return over_alike(
        *(values for table in tables for values in (table["mean"].to_numpy(), _apart(table).to_numpy()))
    )


def _apart(cells: pd.DataFrame) -> pd.Series:
    """Return how many positions source and target of cells are apart."""
    return (cells["source_position"] - cells["target_position"]).abs()


def add_expected(cells: pd.DataFrame, expected: pd.DataFrame, where: str) -> pd.DataFrame:
    """Return the cells with a column ``expected``, from a table of cells; NaN for a cell that it has not.

    Its further columns that the cells lack, such as ``coupled`` of a planted library, come along. Raises
    InputError, naming the table by ``where``, when it lacks a column or no cell of it occurs.
    """
    missing = [name for name in (*CELL, "expected") if name not in expected]
    if missing:
        raise InputError(
            f"{where} has no column {missing[0]!r}: a table of what is expected of cells needs the columns "
            f"{', '.join(CELL)} and expected."
        )
    added = [name for name in expected if name not in cells]
    joined = cells.merge(expected[[*CELL, *added]], on=CELL, how="left", validate="many_to_one")
    if joined["expected"].isna().all():
        raise InputError(f"{where} has no cell of the aggregate maps: positions are 0-based, in the example.")
    return joined


def _cells_of_shards(
    shards: Sequence[str | os.PathLike], bases: np.ndarray, sets: pd.DataFrame, shuffles: bool = False
) -> pd.DataFrame:
    """Return the cells of the sequences in shards, or those of their shuffles."""
    found = []
    for path in Progress(shards, desc="shards", unit=" shards"):
        with h5py.File(path, "r") as handle:
            for name, members in sets.groupby("set", sort=False)["example"]:
                cells = _cells_of(handle, bases, members.to_numpy(), path, shuffles)
                found += [table.assign(set=name, replicate=replicate) for replicate, table in cells]
    return _joined(found)


def _cells_of(handle: h5py.File, bases: np.ndarray, members: np.ndarray, path, shuffles: bool):
    """Yield replicate and cells of the members' profiles in a shard: of replicate 0, or of the shuffles."""
    sources = handle["sources"]
    kinds = set(sources["kind"].asstr()[()])
    if kinds - {"nucleotide"}:
        raise InputError(
            f"{path} has sources of the kind {min(kinds)}, and aggregate maps need nucleotides as sources."
        )
    rows = np.flatnonzero(np.isin(sources["example"][()], members))
    example, position = sources["example"][()][rows], sources["start"][()][rows]
    if not len(rows):
        return
    if not shuffles:
        delta, mutant = (handle[name][()][rows] for name in ("delta", "mutant_base"))
        yield 0, sum_cells(delta, mutant, position, bases[example])
        return
    own, place = np.unique(example, return_inverse=True)
    seed = int(handle.attrs["seed"])
    for replicate in range(1, int(handle.attrs["shuffles"]) + 1):
        letters = np.array([shuffled(bases[one], seed, int(one), replicate) for one in own])
        delta, mutant = (handle[f"null_{name}"][replicate - 1][rows] for name in ("delta", "mutant_base"))
        yield replicate, sum_cells(delta, mutant, position, letters[place])


def _joined(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Add up the cells of shards; mean and standard deviation."""
    sums = pd.concat(tables).groupby(["set", "replicate", *CELL], sort=False)[["n", "sum", "squares"]].sum()
    table = sums.reset_index().sort_values(["replicate", "set", *CELL], ignore_index=True)
    n, mean = table["n"], table["sum"] / table["n"]
    variance = (table["squares"] - n * mean**2).clip(lower=0) / (n - 1).where(n > 1)
    return table.assign(mean=mean, sd=np.sqrt(variance))


def _within_reach(cells: pd.DataFrame, reach: float) -> pd.DataFrame:
    """Return the cells whose two positions are less than ``reach`` apart."""
    return cells[_apart(cells) < reach].reset_index(drop=True)


def _pairs(cells: pd.DataFrame, source_base: str) -> pd.Series:
    """Return the bases of source and target with their positions as text, the lower position first."""
    source = cells["source_position"].astype(str) + cells[source_base]
    target = cells["target_position"].astype(str) + cells["target_base"]
    first = cells["source_position"] < cells["target_position"]
    return (source + "–" + target).where(first, target + "–" + source)
