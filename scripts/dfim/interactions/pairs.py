"""Unordered pairs of features, one row for each pair of places in a genome.

Windows of a genome may overlap, so that two examples hold the same two sites. They are one pair: the row of
the window that has the pair nearest to its middle is kept.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from dfim.datasets.blocks import in_a_genome
from dfim.interactions.sources import make_pairs

PAIR = ["example", "first", "second"]


def pairs_of_selection(
    features: pd.DataFrame, examples: pd.DataFrame, selected: Sequence[int], *options
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the ordered pairs of all selected examples, and how many were left out, by the reason.

    ``features`` and ``examples`` are the dataset's tables, ``options`` those of :func:`make_pairs`. There is
    one row for each pair of places of a genome.
    """
    pairs, overlapping = make_pairs(features, selected, *options)
    kept = one_of_each_place(pairs, features, examples)
    return kept, {"their features overlap": overlapping, "another window has them": len(pairs) - len(kept)}


def unordered(pairs: pd.DataFrame, features: pd.DataFrame) -> pd.DataFrame:
    """Return ``first`` and ``second`` of ordered pairs (``source``, ``target``), the upstream feature first.

    The index is that of ``pairs``.
    """
    starts = features.set_index("feature")["start"]
    source, target = (pairs[end].to_numpy() for end in ("source", "target"))
    forward = starts.loc[source].to_numpy() <= starts.loc[target].to_numpy()
    return pd.DataFrame(
        {"first": np.where(forward, source, target), "second": np.where(forward, target, source)}, pairs.index
    )


def unordered_pairs(ordered: pd.DataFrame, features: pd.DataFrame, reach: float = np.inf) -> pd.DataFrame:
    """Return unordered pairs, sorted: ``example``, ``first``, ``second``, ``within_reach``.

    ``ordered`` is a table of :func:`make_pairs`; ``first`` lies upstream. Positions that are ``reach`` (bp,
    of :func:`reach_of`) apart or farther cannot interact, and ``within_reach`` is then 0.
    """
    pairs = ordered[["example"]].join(unordered(ordered, features)).drop_duplicates(ignore_index=True)
    pairs = pairs.assign(within_reach=_reach_each_other(pairs, features, reach).astype(int))
    return pairs.sort_values(PAIR, ignore_index=True)


def within_reach(ordered: pd.DataFrame, features: pd.DataFrame, reach: float) -> np.ndarray:
    """Return which ordered pairs have positions that are less than ``reach`` bp apart, bool (pairs,)."""
    return _reach_each_other(unordered(ordered, features), features, reach)


def _reach_each_other(pairs: pd.DataFrame, features: pd.DataFrame, reach: float) -> np.ndarray:
    places = features.set_index("feature")
    gap = places["start"].loc[pairs["second"]].to_numpy() - places["end"].loc[pairs["first"]].to_numpy()
    # Between the nearest positions of two features lie `gap` others.
    return np.maximum(gap, 0) + 1 < reach


def one_of_each_place(ordered: pd.DataFrame, features: pd.DataFrame, examples: pd.DataFrame) -> pd.DataFrame:
    """Return ordered pairs without those of which another window of the genome has the same two places.

    ``examples`` is the dataset's table; examples without a chromosome stand alone. The window that has the
    pair nearest to its middle keeps it, of equal ones that of the lower number.
    """
    pairs = ordered[["example"]].join(unordered(ordered, features))
    windows = examples.set_index("example").loc[pairs["example"]].set_index(pairs.index)
    there = in_a_genome(windows)
    pairs, windows = pairs[there], windows[there]
    places = features.set_index("feature")
    first, second = (places.loc[pairs[end]].set_index(pairs.index) for end in ("first", "second"))
    key = {"chrom": windows["chrom"]}
    for number, end in enumerate((first, second)):
        key |= {f"name_{number}": end["name"]}
        key |= {
            f"{edge}_{number}": end[edge] + windows["start"].astype(np.int64) for edge in ("start", "end")
        }
    middle = (first["start"] + second["end"] - (windows["end"] - windows["start"])) / 2
    table = pd.DataFrame({**key, "off": middle.abs(), "example": pairs["example"]})
    best = table.sort_values(["off", "example"], kind="stable").groupby(list(key), sort=False)["example"]
    lost = best.transform("first").reindex(table.index) != table["example"]
    return ordered.drop(index=table.index[lost]).reset_index(drop=True)


def rows_by_example(examples: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Yield each example of a table's column, in order, and the numbers of the rows that are its own."""
    order = np.argsort(examples, kind="stable")
    begins = np.flatnonzero(np.diff(examples[order], prepend=-1))
    for rows in np.split(order, begins[1:]) if len(order) else ():
        yield int(examples[rows[0]]), rows
