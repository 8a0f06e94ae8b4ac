"""What several networks say of one thing: intervals between networks, and what additive twins make up.

Networks that differ in their seed alone differ in what they find; an interval within one network, over its
sequences, does not know that. An *additive twin* is a network of the same architecture and training whose
labels or values were drawn from a fit that only adds up: what it shows, the architecture makes up.

Tables have one row per thing (a kind of pairs, a pair), told by columns that are the same for all networks.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import stdtrit  # quantiles of Student's t, without scipy.stats, half a second to load

TIMES = 2.0  # a kind is beyond its twins when it exceeds theirs by more than so many times
DEVIATIONS = 3.0  # and, with FEWEST twins or more, by more than so many standard deviations between them
FEWEST = 3


def _stacked(tables: Sequence[pd.DataFrame], rows: pd.DataFrame, keys: list[str], column: str) -> np.ndarray:
    """Return a column of every table at the rows, float64 (rows, tables); NaN where a table lacks a row."""
    return np.stack(
        [
            rows[keys].merge(table[[*keys, column]], on=keys, how="left", validate="one_to_one")[column]
            for table in tables
        ],
        axis=1,
    ).astype(float)


def between_networks(
    tables: Sequence[pd.DataFrame], keys: list[str], columns: Sequence[str] = ("interaction", "share")
) -> pd.DataFrame:
    """Return the first network's table with what all networks say of each row.

    Added are ``networks``, the number that have the row; ``networks_called``, the share of them in whose
    table it is called (column ``called``, if there is one); and of each of ``columns`` ``…_networks``, the
    mean over networks, with ``…_networks_low`` and ``…_networks_high``, 95 % of Student's t between networks,
    empty for fewer than two.
    """
    first = tables[0].reset_index(drop=True)
    found = _stacked(tables, first, keys, columns[0])
    number = (~np.isnan(found)).sum(axis=1)
    added = {"networks": number}
    if "called" in first:
        calls = _stacked(
            [table.assign(called=table["called"].astype(float)) for table in tables], first, keys, "called"
        )
        added["networks_called"] = np.nanmean(calls, axis=1)
    for column in columns:
        values = _stacked(tables, first, keys, column)
        mean, half = _mean_and_half(values)
        added |= {
            f"{column}_networks": mean,
            f"{column}_networks_low": mean - half,
            f"{column}_networks_high": mean + half,
        }
    return first.assign(**added)


def _mean_and_half(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean of each row and half its 95 % interval, without NaN; NaN for rows of too few."""
    number = (~np.isnan(values)).sum(axis=1)
    total = np.nansum(values, axis=1)
    mean = np.divide(total, number, out=np.full(len(values), np.nan), where=number > 0)
    squares = np.nansum((values - mean[:, np.newaxis]) ** 2, axis=1)
    several = number > 1
    half = np.full(len(values), np.nan)
    n = number[several]
    half[several] = stdtrit(n - 1, 0.975) * np.sqrt(squares[several] / (n - 1) / n)
    return mean, half


def beyond_twins(
    table: pd.DataFrame, twins: Sequence[pd.DataFrame], keys: list[str], column: str = "interaction"
) -> pd.DataFrame:
    """Return the table with what additive twins make up of each row, and whether it is beyond that.

    Added are ``twins``, the number that have the row; ``{column}_twins``, their mean; ``{column}_twins_sd``,
    the standard deviation between them (empty for fewer than two); and ``beyond_twins``: 1 where the value is
    more than :data:`TIMES` times theirs in its own direction and, with :data:`FEWEST` twins or more, exceeds
    it by more than :data:`DEVIATIONS` standard deviations; else 0; empty where no twin has the row. The value
    is that of ``{column}_networks`` where there are several networks. It says nothing of a value that is
    not called.
    """
    rows = table.reset_index(drop=True)
    found = _stacked(twins, rows, keys, column)
    number = (~np.isnan(found)).sum(axis=1)
    mean, _ = _mean_and_half(found)
    deviation = np.full(len(rows), np.nan)
    several = number > 1
    deviation[several] = np.nanstd(found[several], axis=1, ddof=1)
    value = rows[f"{column}_networks" if f"{column}_networks" in rows else column].to_numpy(float)
    theirs = np.sign(value) * mean
    beyond = np.abs(value) > TIMES * np.maximum(theirs, 0)
    enough = number >= FEWEST
    beyond &= ~enough | (np.abs(value) - theirs > DEVIATIONS * np.nan_to_num(deviation))
    return rows.assign(
        **{
            "twins": number,
            f"{column}_twins": mean,
            f"{column}_twins_sd": deviation,
            "beyond_twins": pd.Series(beyond, dtype="Int64").where(number > 0),
        }
    )
