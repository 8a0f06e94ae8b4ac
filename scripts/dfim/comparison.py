"""Comparing the scores of two groups of rows: is the one larger than the other?"""

import numpy as np
import pandas as pd
from scipy.stats import mannwhitneyu, rankdata

from dfim.errors import InputError

# The approximation of Mann and Whitney's p underflows: a smaller one is given as this.
SMALLEST = 1e-300
COLUMNS = [
    "comparison", "score", "group", "against", "n_group", "n_against", "median_group", "median_against",
    "auroc", "auroc_low", "auroc_high", "p", "p_two_sided", "share_positive_group", "share_positive_against",
]  # fmt: skip


def with_derived_columns(table: pd.DataFrame) -> pd.DataFrame:
    """Add ``abs_{column}`` for ``distance`` and ``response_distance``, where the table has them."""
    columns = [name for name in ("distance", "response_distance") if name in table]
    return table.assign(**{f"abs_{name}": table[name].abs() for name in columns})


class UnknownColumn(InputError):
    """An expression names a column that its table has not."""


def evaluate(table: pd.DataFrame, expression: str, where: str) -> pd.Series:
    """Evaluate a pandas expression over the columns of a table, one value per row.

    ``where`` says in the message of the InputError where the expression stands, when it does not parse,
    names an unknown column, or yields something else than one value per row.
    """
    try:
        values = table.eval(expression, engine="python", local_dict={}, global_dict={})
    except NameError as error:
        raise UnknownColumn(_cannot(expression, where, table, str(error))) from error
    except Exception as error:  # pandas raises a dozen kinds, down to tokenize's
        raise InputError(_cannot(expression, where, table, str(error).split("\n")[0])) from error
    if not isinstance(values, pd.Series) or len(values) != len(table):
        raise InputError(_cannot(expression, where, table, "it does not give one value per row"))
    return values


def matching(table: pd.DataFrame, expression: str, where: str) -> np.ndarray:
    """Return where a condition, a pandas expression, holds: bool (rows,); InputError as :func:`evaluate`."""
    values = evaluate(table, expression, where)
    if values.dtype.kind != "b":
        raise InputError(_cannot(expression, where, table, "it is no condition"))
    return values.to_numpy(dtype=bool)


def _cannot(expression: str, where: str, table: pd.DataFrame, reason: str) -> str:
    return (
        f"{where} has the expression {expression!r}, which cannot be used ({reason}): "
        f"write a pandas expression over the columns {', '.join(table.columns)}."
    )


def compare(
    table: pd.DataFrame,
    score: str,
    group: str,
    against: str,
    name: str = "comparison",
    seed: int = 0,
    resamples: int = 200,
) -> dict:
    """Compare the scores of two groups of rows of ``pairs.tsv.gz`` or ``sources.tsv.gz``.

    ``score`` is a column or an expression over columns, ``group`` and ``against`` are conditions over the
    columns (those of :func:`with_derived_columns` included). Returns the columns of ``comparisons.tsv``.

    ``auroc`` is U / (n m), the probability that a score of the group exceeds one of the others, ties counted
    half; ``auroc_low`` and ``auroc_high`` bound 95 % of its bootstrap, which draws whole examples, since the
    scores of one example are not independent (missing where a group comes from fewer than 2 examples).
    ``p`` and ``p_two_sided`` are Mann and Whitney's; they do take the scores to be independent.

    Raises InputError, naming the comparison, on an expression that cannot be evaluated, on a group without
    rows, on rows that are in both groups, and on missing scores.
    """
    where = f"the comparison {name!r}"
    table, of_group = _two_groups(with_derived_columns(table), score, group, against, where)
    values = table["score"].to_numpy(dtype=float)
    first, second = values[of_group], values[~of_group]
    larger = mannwhitneyu(first, second, alternative="greater")
    low, high = bootstrap_auroc(values, of_group, table["example"].to_numpy(), seed, resamples)
    return {
        "comparison": name,
        "score": score,
        "group": group,
        "against": against,
        "n_group": len(first),
        "n_against": len(second),
        "median_group": np.median(first),
        "median_against": np.median(second),
        "auroc": larger.statistic / (len(first) * len(second)),
        "auroc_low": low,
        "auroc_high": high,
        "p": max(larger.pvalue, SMALLEST),
        "p_two_sided": max(mannwhitneyu(first, second).pvalue, SMALLEST),
        "share_positive_group": (first > 0).mean(),
        "share_positive_against": (second > 0).mean(),
    }


def _two_groups(
    table: pd.DataFrame, score: str, group: str, against: str, where: str
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the rows of both groups with a column ``score``, and which of them are of the first group."""
    first, second = (matching(table, condition, where) for condition in (group, against))
    for chosen, key, condition in ((first, "group", group), (second, "against", against)):
        if not chosen.any():
            raise InputError(
                f"{where} has no row in {key!r}, {condition!r}, among {len(table)} rows: mend the condition; "
                f"the columns are {', '.join(table.columns)}."
            )
    if (first & second).any():
        raise InputError(
            f"{where} has {(first & second).sum()} rows in both 'group' and 'against': make them exclusive."
        )
    table = table.assign(score=evaluate(table, score, where))[first | second]
    if table["score"].isna().any():
        raise InputError(f"{where} has {table['score'].isna().sum()} rows without {score!r}: leave them out.")
    return table, first[first | second]


def bootstrap_auroc(
    scores: np.ndarray, of_group: np.ndarray, examples: np.ndarray, seed: int, resamples: int = 200
) -> tuple[float, float]:
    """Return the 2.5 and 97.5 percentiles of auROC over resamples of examples, drawn with replacement.

    ``scores``, ``of_group`` (bool) and ``examples`` have one entry per row. The scores are ranked once; a
    resample only weighs the rows by how often their example was drawn. (nan, nan) when either group comes
    from fewer than 2 examples.
    """
    if min(len(np.unique(examples[of_group])), len(np.unique(examples[~of_group]))) < 2:
        return np.nan, np.nan
    rank = rankdata(scores, method="dense") - 1
    n_ranks = rank.max() + 1
    example = np.unique(examples, return_inverse=True)[1]
    n_examples = example.max() + 1
    rng = np.random.default_rng([seed, n_examples])
    found = []
    for _ in range(resamples):
        weight = np.bincount(rng.integers(n_examples, size=n_examples), minlength=n_examples)[example]
        group = np.bincount(rank[of_group], weight[of_group], n_ranks)
        against = np.bincount(rank[~of_group], weight[~of_group], n_ranks)
        if group.any() and against.any():
            below = np.cumsum(against) - against / 2
            found.append(group @ below / (group.sum() * against.sum()))
    return tuple(np.percentile(found, [2.5, 97.5])) if found else (np.nan, np.nan)


def compare_all(table: pd.DataFrame, comparisons: dict[str, dict], seed: int = 0) -> pd.DataFrame:
    """Return one row per comparison, given by its name and the arguments of :func:`compare`."""
    rows = [compare(table, **options, name=name, seed=seed) for name, options in comparisons.items()]
    return pd.DataFrame(rows, columns=COLUMNS)
