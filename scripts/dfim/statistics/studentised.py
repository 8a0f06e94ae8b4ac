"""Scores against draws of their own row, in units of that row: then the draws of all rows can be pooled.

A row has a score and the scores of K draws, in which something was done at random instead. Each draw is
divided by the root mean square of the K − 1 others, and the score by that of the first draw's others. Under
the hypothesis that the row's score is no different from its draws, score and first draw are exchangeable, so
that what becomes of the score is distributed as what becomes of a draw. Rows of large and of small scores are
then alike: the draws of all of them are one null, which resolves p far below 1 / (K + 1).

No draw is divided by anything that has the score in it. Else the draws of a row whose score is large would
look small, and the p of all other rows with them.

*Shared* draws are the same few pieces of sequence in all rows, and a row is the mean or the median of many
sequences. Of 40 pieces one or two may act themselves, in all rows. In units of the mean square of the others
such a draw would be larger than a score several times its size, whose units it is part of. So these rows are
in units in which score and draws are alike. A lone row then has the rank of its score among its draws.

Kinds of pairs are in units of their median size, which one large score does not change. In units of the
median the largest draws of a scan are those of the few cells in which most pieces do next to nothing, and one
or two pieces decide what is called. Cells are in units of the root mean square of score and draws. It follows
the largest of them, so that no size is above the root of K + 1 in any cell.
"""

import numpy as np
import pandas as pd

from dfim.errors import InputError, counted


def studentised(scores: np.ndarray, draws: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the sizes of scores (rows,) and draws (rows, K), over the root mean square of other draws.

    Same shapes, float64. The others of a draw are those of its row, the others of a score those of the first
    draw. 0 where a value is 0, infinite where only the others are. A draw that is NaN is none; the first must
    be one.
    """
    values = np.asarray(draws, np.float64)
    known = ~np.isnan(values)
    squares = np.where(known, values**2, 0)
    others = np.maximum(squares.sum(axis=1, keepdims=True) - squares, 0)
    scale = np.sqrt(others / (known.sum(axis=1, keepdims=True) - 1))
    return _over(np.asarray(scores, np.float64), scale[:, 0]), _over(values, scale)


def over_median(scores: np.ndarray, draws: np.ndarray, floor: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Return the sizes of scores (rows,) and shared draws (rows, K), over the median size of both.

    Same shapes, float64; 0 where a value is 0. The square of ``floor`` is added to that of the median: rows
    of scores far below it do not stand out by their own smallness (the constant of Tusher et al. 2001).
    """
    values = np.column_stack([scores, draws]).astype(np.float64)
    return _shared(values, np.median(np.abs(values), axis=1, keepdims=True), floor)


def over_mean_square(
    scores: np.ndarray, draws: np.ndarray, floor: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return what :func:`over_median` does, over the root mean square of a row's score and draws together."""
    values = np.column_stack([scores, draws]).astype(np.float64)
    return _shared(values, np.sqrt((values**2).mean(axis=1, keepdims=True)), floor)


def _shared(values: np.ndarray, scale: np.ndarray, floor: float) -> tuple[np.ndarray, np.ndarray]:
    sizes = _over(values, np.hypot(scale, floor))
    return sizes[:, 0], sizes[:, 1:]


def _over(values: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Return sizes of values in units of a scale; that of 0 is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(values == 0, 0.0, np.abs(values) / scale)


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
