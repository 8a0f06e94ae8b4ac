"""Scores against draws of their own row, in units of that row: then the draws of all rows can be pooled.

A row has a score and the scores of K draws, in which something was done at random instead. Each draw is
divided by the root mean square of the K − 1 others, and the score by that of the first draw's others. Under
the hypothesis that the row's score is no different from its draws, score and first draw are exchangeable, so
that what becomes of the score is distributed as what becomes of a draw. Rows of large and of small scores are
then alike: the draws of all of them are one null, which resolves p far below 1 / (K + 1).

No draw is divided by anything that has the score in it. Else the draws of a row whose score is large would
look small, and the p of all other rows with them.

*Shared* draws are the same few pieces of sequence in all rows, and a row is the mean or the median of many
sequences. Of 40 pieces one or two may act themselves, in all rows. By a mean square such a draw would be
larger, in units of the others, than a score several times its size, whose units it is part of. So these rows
are in units of their median size. Score and draws are alike in it, so that a lone row has the rank of its
score among its draws, and one large score does not change it.

Scores at a *distance* have no draws of their own, and null scores as far away. Both fall with distance, so
that they are in units of the null scores there: else a null that is pooled over distances, or over a bin of
them, gives small p to the near ones and large p to the far.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from dfim.errors import InputError, counted

# Null scores that the unit of a distance is taken from, at least: those of the next distances help out.
FEWEST_ALIKE = 20


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
    scale = np.hypot(np.median(np.abs(values), axis=1, keepdims=True), floor)
    sizes = _over(values, scale)
    return sizes[:, 0], sizes[:, 1:]


def over_alike(
    scores: np.ndarray, distances: np.ndarray, null: np.ndarray, null_distances: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the sizes of scores (rows,) and null scores (null,), over the root mean square as far away.

    Same shapes, float64; distances are whole numbers from 0. The mean square is that of the null scores at
    the distance, of a null score that of the others; where they are fewer than :data:`FEWEST_ALIKE`, of those
    at the next distances to either side too. 0 where a value is 0; where only the others are, as large as
    the largest.
    """
    values, squares = np.asarray(scores, np.float64), np.square(null, dtype=np.float64)
    length = 1 + max(distances.max(initial=0), null_distances.max(initial=0))
    sums, counts = (
        np.concatenate([[0], np.cumsum(np.bincount(null_distances, part, length))])
        for part in (squares, np.ones(len(squares)))
    )
    low, high = np.arange(length), np.arange(1, length + 1)
    for _ in range(length):
        few = counts[high] - counts[low] < FEWEST_ALIKE
        if not few.any():
            break
        low[few], high[few] = np.maximum(low[few] - 1, 0), np.minimum(high[few] + 1, length)
    total, number = sums[high] - sums[low], counts[high] - counts[low]
    others = np.maximum(total[null_distances] - squares, 0) / np.maximum(number[null_distances] - 1, 1)
    alike = total[distances] / np.maximum(number[distances], 1)
    return _finite(_over(values, np.sqrt(alike)), _over(np.asarray(null, np.float64), np.sqrt(others)))


def _finite(*sizes: np.ndarray) -> list[np.ndarray]:
    """Return sizes with the largest of those that are finite in the place of infinite ones."""
    largest = max(np.max(found, initial=0, where=np.isfinite(found)) for found in sizes) or 1.0
    return [np.minimum(found, largest) for found in sizes]


def _over(values: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Return sizes of values in units of a scale; that of 0 is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(values == 0, 0.0, np.abs(values) / scale)


def studentised_rows(table: pd.DataFrame, draws: pd.DataFrame, score: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the sizes of a score of the rows of a table, and of their draws: (rows,) and (draws,).

    ``draws`` has one row per draw, with the column ``source`` of the row of the table that it belongs to.
    Where all others of a row are 0, a size is as large as the largest. Raises InputError on a row with fewer
    than 2 draws.
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
    found, null = _finite(found, null[row, number])
    return found, null


def pooled_sizes(
    table: pd.DataFrame, draws: pd.DataFrame, scores: Sequence[str]
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yield each score, the sizes of the rows of a table, and those of the draws of :func:`with_a_change`."""
    pooled = with_a_change(table, draws, scores)
    for score in scores:
        sizes, null = studentised_rows(table, draws, score)
        yield score, sizes, null[pooled]


def with_a_change(table: pd.DataFrame, draws: pd.DataFrame, scores: Sequence[str]) -> np.ndarray:
    """Return which draws belong to a row of which a score, its own or a draw's, is not 0: bool (draws,).

    Zeros of the other rows, in which nothing changes anything, would make these draws look large. This does
    not tell a row's score from its draws, so that they remain exchangeable. All, where there is no such row.
    """
    names = list(scores)
    own = table.loc[table[names].ne(0).any(axis=1), "source"]
    drawn = draws.loc[draws[names].ne(0).any(axis=1), "source"]
    found = draws["source"].isin({*own, *drawn}).to_numpy()
    return found if found.any() else np.ones(len(draws), bool)
