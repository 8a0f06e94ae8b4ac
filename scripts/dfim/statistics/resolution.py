"""How many rows must stand out together before one of them can have a small q.

No p is smaller than that of a score beyond every null score. Of m tests, k that share this smallest p have
the q m p / k (Benjamini and Hochberg), so that more than m p / level of them must stand out together. With n
null scores p is 1 / (n + 1) for one tail, and twice that for two: draws buy resolution, one by one.
"""

import math
from collections.abc import Iterator

import pandas as pd

LEVEL = 0.05
# A null is called coarse when more than this share of the rows that it tests must stand out together.
LARGE_SHARE = 0.1
# The most draws, of all rows together, that ``auto`` asks for: a minute of a small network on one core.
MOST_DRAWS = 100_000
NO_LIMIT = 10**18
# What gives a null model more null scores, by its name.
REMEDIES = {
    "dinucleotide": "raise the key 'shuffles', or give it the value auto",
    "matched": "let 'members' take more rows, or use fewer and wider 'distances'",
    "substitutions": "raise the key 'draws' of the null, or give it the value auto",
    "replaced": "raise the key 'draws' of the null, or give it the value auto",
}
AUTO = "auto"
# A quotient of two exact numbers is not to become the next whole number by rounding.
_ROUNDING = 1e-9


def rows_needed(smallest_p: float, tests: int, level: float = LEVEL) -> int:
    """Return how many of ``tests`` rows must share the smallest p before their q is below a level: 1 or more.

    More than ``tests`` when even all of them together cannot.
    """
    return math.floor(smallest_p * tests / level + _ROUNDING) + 1


def null_scores_needed(tests: int, rows: int = 1, level: float = LEVEL, two_tailed: bool = False) -> int:
    """Return how many null scores let ``rows`` of ``tests`` rows have a q below a level: the inverse."""
    return math.floor((1 + two_tailed) * tests / (level * rows) + _ROUNDING)


def draws_needed(
    rows: int,
    tests: int | None = None,
    two_tailed: bool = False,
    level: float = LEVEL,
    most: int = MOST_DRAWS,
) -> int:
    """Return how many draws of each of ``rows`` rows let a lone row have a q below a level: what ``auto`` is.

    The draws of all rows are one null, for ``tests`` tests (as many as rows, if not given): 20 draws of each
    at the level .05, 40 for two tails. At most ``most`` draws of all rows together, and always 1 of each.
    """
    needed = math.ceil(null_scores_needed(rows if tests is None else tests, 1, level, two_tailed) / rows)
    return max(1, min(needed, most // rows))


def number_of(asked: int | str, rows: int, two_tailed: bool = False) -> int:
    """Return how many draws, or shuffles, of each of ``rows`` rows: a number as asked for, or ``auto``."""
    return draws_needed(rows, two_tailed=two_tailed) if asked == AUTO else int(asked)


def coarse_nulls(nulls: pd.DataFrame, level: float = LEVEL) -> Iterator[str]:
    """Yield one sentence, with the remedy, per null model and score of which too many rows must stand out.

    ``nulls`` has the columns ``null_model``, ``score``, ``stratum``, ``n``, ``n_tested`` and ``rows_needed``
    of ``nulls.tsv``. Too many is more than one, and more than :data:`LARGE_SHARE` of the rows of a stratum.
    """
    coarse = nulls[nulls["rows_needed"] > (LARGE_SHARE * nulls["n_tested"]).clip(lower=1)]
    for (model, score), rows in coarse.groupby(["null_model", "score"], sort=False):
        strata = rows["stratum"].nunique()
        worst = rows.loc[(rows["rows_needed"] / rows["n_tested"]).idxmax()]
        among = "" if strata == 1 and worst["stratum"] == "all" else f" of the stratum {worst['stratum']!r}"
        more = f" ({strata} strata are too coarse)" if strata > 1 else ""
        yield (
            f"the null {model!r} of {score} has {worst['n']} null scores for the {worst['n_tested']} rows"
            f"{among}, so that {worst['rows_needed']} rows must stand out together before one can have "
            f"q < {level:g}{more}: {REMEDIES[model]}."
        )
