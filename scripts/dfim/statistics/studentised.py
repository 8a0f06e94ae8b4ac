"""Scores against draws of their own row, in units of that row: then the draws of all rows can be pooled.

A row has a score and the scores of K draws, in which something was done at random instead. Under the
hypothesis that it is no different from its draws, the K + 1 are exchangeable; and so are the sizes of each
divided by the root mean square of the K others. Rows of large and of small scores are then alike: the draws
of all of them are one null, which resolves p far below 1 / (K + 1).
"""

import numpy as np
import pandas as pd

from dfim.errors import InputError, counted


def studentised(scores: np.ndarray, draws: np.ndarray, floor: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Return the sizes of scores (rows,) and draws (rows, K), over the root mean square of the row's others.

    Same shapes, float64. The others of a draw are the score and the other draws. 0 where a value is 0,
    infinite where only the others are. A draw that is NaN is none. The square of ``floor`` is added to the
    mean square: rows of scores far below it do not stand out by their own smallness (the constant of Tusher
    et al. 2001).
    """
    values = np.column_stack([scores, draws]).astype(np.float64)
    known = ~np.isnan(values)
    squares = np.where(known, values**2, 0)
    others = np.maximum(squares.sum(axis=1, keepdims=True) - squares, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.sqrt(others / (known.sum(axis=1, keepdims=True) - 1) + floor**2)
        sizes = np.where(values == 0, 0.0, np.abs(values) / scale)
    return sizes[:, 0], sizes[:, 1:]


def studentised_rows(table: pd.DataFrame, draws: pd.DataFrame, score: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the sizes of a score of the rows of a table, and of their draws: (rows,) and (draws,).

    ``draws`` has one row per draw, with the column ``source`` of the row of the table that it belongs to.
    Raises InputError on a row with fewer than 2 draws.
    """
    place = pd.Series(np.arange(len(table)), table["source"].to_numpy())
    row = place.loc[draws["source"]].to_numpy()
    number = draws.groupby("source").cumcount().to_numpy()
    counts = np.bincount(row, minlength=len(table))
    if len(table) and counts.min() < 2:
        raise InputError(
            f"{(counts < 2).sum()} of {counted(len(table), 'row')} have fewer than 2 draws: raise the key "
            "'draws'."
        )
    values = np.full((len(table), counts.max(initial=0)), np.nan)
    values[row, number] = draws[score].to_numpy(float)
    found, null = studentised(table[score].to_numpy(float), values)
    return found, null[row, number]
