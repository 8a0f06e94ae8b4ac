"""The null ``replaced``: is a score larger than with something else in the place of a feature?

A pair of features has a score, and the scores of K draws in which other sequence stands in the place of one
of the two. Under the hypothesis that the feature does no more than other sequence in its place, the score and
its draws are exchangeable. They are divided by a scale of their own pair first, so that the draws of all
pairs can be pooled: pairs of large and of small scores are then alike, and the p has the resolution of all
draws together. A pair whose score and draws are all 0 has p = 1, and its draws are no part of the pool:
beside its zeros the scores of all other pairs would look large. Both features are needed, so that the larger
of the two p counts (an intersection–union test, Berger 1982). q is over the pairs that are not all zeros with
either replaced.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from dfim.errors import InputError, counted
from dfim.statistics.effects import called, sign_of
from dfim.statistics.p_values import q_values, smallest_p
from dfim.statistics.resolution import LEVEL, rows_needed
from dfim.statistics.studentised import studentised

# What gives the sizes of scores (rows,) and of their draws (rows, K) in units of each row, as studentised.
Sizes = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
REPLACED = "replaced"
P_COLUMNS = ["p_first", "p_second", "p"]
# Between these lie 95 % of a row's draws, of either end.
NULL_ENDS = ("null_low", "null_high")
_MIDDLE = (2.5, 97.5)
# A draw that is smaller by less than this share is as large as the score. A piece may be the feature itself,
# one in four of a feature of one base, and differs then by rounding alone: draws are kept in 24 bits.
_ALIKE = 1e-5
# How often shared draws are resampled, and the share of these that makes a call sure.
RESAMPLES, SURE = 200, 0.9
HYPOTHESIS = (
    "The two features change each other's effect no more than each does with other sequence of the same "
    "composition in the other's place."
)


def p_of_draws(scores: np.ndarray, draws: np.ndarray, sizes: Sizes = studentised) -> np.ndarray:
    """Return the p of scores against their draws, scaled and pooled over all pairs: float64 (pairs,).

    ``scores`` (pairs,), ``draws`` (pairs, K); ``sizes`` gives those of both in units of their own pair.
    p = (1 + #{size of a draw ≥ size of the score}) / (n · K + 1), over the n pairs of :func:`pooled`; that of
    a score of 0 is 1. Sizes that differ by rounding alone are the same. Raises InputError on fewer than 2
    draws of a pair, and on a value that is not finite.
    """
    draws = np.asarray(draws)
    if not len(scores):
        return np.empty(0)
    _check_draws(scores, draws)
    found, null = sizes(scores, draws)
    ordered = np.sort(null[pooled(scores, draws)], axis=None)
    larger = ordered.size - np.searchsorted(ordered, found * (1 - _ALIKE), side="left")
    return (1 + larger) / (ordered.size + 1)


def _check_draws(scores: np.ndarray, draws: np.ndarray) -> None:
    if draws.ndim != 2 or draws.shape[1] < 2:
        raise InputError(
            f"the null 'replaced' has {draws.shape[1] if draws.ndim == 2 else 0} draws of each pair, and "
            "needs 2 or more: raise its key 'draws'."
        )
    wrong = sum(int((~np.isfinite(values)).sum()) for values in (np.asarray(scores), draws))
    if wrong:
        raise InputError(
            f"{counted(wrong, 'score')} of pairs or of their draws are not finite numbers: look at the "
            "model's weights and history for values that are not a number."
        )


def called_again(
    table: pd.DataFrame,
    first: np.ndarray,
    second: np.ndarray,
    level: float,
    least_share: float,
    sizes: Sizes,
    seed: int = 0,
) -> np.ndarray:
    """Return how often rows are called when their shared draws are resampled: shares, float64 (rows,).

    The arguments are those of :func:`add_verdicts`; all rows are tested. K pieces are resampled, each with
    its draws in all rows, from the K that were drawn and, with half the chance of a piece, the feature
    itself: where none of K does as much, a few in a hundred may do so all the same (the prior of Jeffreys).
    Sizes stay those of the pieces that were drawn.
    """
    scores, draws = table["interaction"].to_numpy(), first.shape[1]
    chances = np.append(0.5, np.ones(draws)) / (draws + 0.5)
    resamples = np.random.default_rng([seed, draws]).multinomial(draws, chances, RESAMPLES)
    ends = [_Resampled(scores, own, sizes) for own in (first, second)]
    tests, times = counted_pairs(scores, first, second), np.zeros(len(table))
    for counts in resamples:
        larger = np.maximum(*(end.p(counts) for end in ends))
        q = np.where(tests, q_values(np.where(tests, larger, np.nan)), 1.0)
        times += called(q, table["share"], level, least_share)
    return times / RESAMPLES


class _Resampled:
    """The sizes of the draws of all rows, and of the scores, in order; each piece counts as often as told."""

    def __init__(self, scores: np.ndarray, draws: np.ndarray, sizes: Sizes):
        found, null = sizes(scores, draws)
        pool = np.column_stack([found, null])[pooled(scores, draws)]
        order = np.argsort(pool, axis=None)
        self._piece = order % pool.shape[1]
        self._smaller = np.searchsorted(pool.ravel()[order], found * (1 - _ALIKE), side="left")

    def p(self, counts: np.ndarray) -> np.ndarray:
        """Return p as :func:`p_of_draws`, float64 (rows,); ``counts`` (1 + K,) of the feature and pieces."""
        before = np.concatenate([[0], np.cumsum(counts[self._piece])])
        return (1 + before[-1] - before[self._smaller]) / (before[-1] + 1)


def pooled(scores: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """Return of which pairs the draws are pooled, bool (pairs,): the score, or a draw, is not 0.

    This does not tell the score from its draws, so that they remain exchangeable.
    """
    return (np.asarray(scores) != 0) | (np.asarray(draws) != 0).any(axis=1)


def p_replaced(
    scores: np.ndarray, first: np.ndarray, second: np.ndarray, sizes: Sizes = studentised
) -> pd.DataFrame:
    """Return the p of pairs with the first, and with the second, replaced, the larger, and its q.

    The columns are ``P_COLUMNS`` and ``q``. ``scores`` (pairs,); ``first`` and ``second`` (pairs, K): the
    scores with the first feature, and with the second, replaced in each draw; ``sizes`` as of
    :func:`p_of_draws`. q is over the pairs of :func:`counted_pairs`; that of the others is 1.
    """
    found = p_of_draws(scores, first, sizes), p_of_draws(scores, second, sizes)
    larger, own = np.maximum(*found), counted_pairs(scores, first, second)
    q = np.where(own, q_values(np.where(own, larger, np.nan)), 1.0)
    return pd.DataFrame(dict(zip(P_COLUMNS, (*found, larger), strict=True)) | {"q": q})


def add_verdicts(
    table: pd.DataFrame,
    first: np.ndarray,
    second: np.ndarray,
    level: float,
    least_share: float,
    sizes: Sizes = studentised,
) -> None:
    """Add p and q to a table of pairs, or cells, and which are called: ``called``, ``call``, ``NULL_ENDS``.

    The table has the columns ``interaction``, ``share`` and ``within_reach``; rows beyond reach are not
    tested. ``first`` and ``second`` (tested rows, K): the draws of either end; ``sizes`` as of
    :func:`p_of_draws`. A row is called (1 or 0) when q is below ``level`` and its share is ``least_share``
    or more in size, and ``call`` is then synergy or redundancy.
    """
    tested = table["within_reach"].to_numpy() == 1
    found = p_replaced(table.loc[tested, "interaction"].to_numpy(), first, second, sizes)
    ends = np.percentile(np.concatenate([first, second], axis=1), _MIDDLE, axis=1)
    found = found.assign(**dict(zip(NULL_ENDS, ends, strict=True))).set_axis(table.index[tested])
    table[list(found)] = found.reindex(table.index)
    table["called"] = called(table["q"], table["share"], level, least_share).astype(int)
    table["call"] = sign_of(table["interaction"], table["called"] == 1)


def counted_pairs(scores: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return which pairs are tests, bool (pairs,): not all of the score and its draws, of both ends, are 0.

    As :func:`pooled` it does not tell a score from its draws, of either end: what is left out has p = 1.
    """
    return pooled(scores, first) | pooled(scores, second)


def describe_replaced(
    score: str,
    tested: pd.DataFrame,
    scores: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Return the rows of ``nulls.tsv`` of a score: one for each end of the pair that is replaced.

    ``tested`` are the tested pairs (column ``example``), the other arrays those of :func:`p_replaced`.
    ``draws``: K, also of pairs that are all zeros, which ``n`` leaves out. ``rows_needed``: how many pairs
    must share the smallest p before one can have q below ``level``.
    """
    rows, tests = [], int(counted_pairs(scores, first, second).sum())
    for end, draws in (("one", first), ("other", second)):
        own = pooled(scores, draws)
        n = int(own.sum()) * draws.shape[1]
        rows.append(
            {
                "null_model": REPLACED,
                "score": score,
                "method": "empirical",
                "stratum": "all",
                "tail": "upper",
                "n": n,
                "n_examples": tested["example"][own].nunique(),
                "n_tested": tests,
                "draws": draws.shape[1],
                "smallest_p": smallest_p(n),
                "rows_needed": rows_needed(smallest_p(n), tests, level),
                "hypothesis": HYPOTHESIS,
                "kind": f"the {end} replaced",
            }
        )
    return pd.DataFrame(rows)
