"""Comparing the scores of two groups of rows: is the one larger than the other?"""

import numpy as np
import pandas as pd
from scipy.stats import mannwhitneyu

from dfim.areas import dense_ranks, intervals, weighted_areas
from dfim.errors import InputError

# The approximation of Mann and Whitney's p underflows: a smaller one is given as this.
SMALLEST = 1e-300
COLUMNS = [
    "comparison", "score", "group", "against", "n_group", "n_against", "median_group", "median_against",
    "auroc", "auroc_low", "auroc_high", "p", "p_two_sided", "share_positive_group", "share_positive_against",
]  # fmt: skip

RUNNING = ["median", "median_low", "median_high", "quartile_1", "quartile_3"]


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
    against: str | None = None,
    against_null: str | None = None,
    null: pd.DataFrame | None = None,
    name: str = "comparison",
    seed: int = 0,
    resamples: int = 200,
) -> dict:
    """Compare the scores of two groups of rows of ``pairs.tsv.gz`` or ``sources.tsv.gz``.

    ``score`` is a column or an expression over columns, ``group`` and ``against`` are conditions over the
    columns (those of :func:`with_derived_columns` included). ``against_null`` takes the place of
    ``against`` to draw the other group from the scores of the shuffled sequences, ``null``, as
    :func:`describe_null` returns them. Returns the columns of ``comparisons.tsv``.

    ``auroc`` is U / (n m), the probability that a score of the group exceeds one of the others, ties counted
    half; ``auroc_low`` and ``auroc_high`` bound 95 % of its bootstrap, which draws whole examples, since the
    scores of one example are not independent (missing where a group comes from fewer than 2 examples).
    ``p`` and ``p_two_sided`` are Mann and Whitney's; they do take the scores to be independent.

    Raises InputError, naming the comparison, on none or both of ``against`` and ``against_null``, on an
    expression that cannot be evaluated, on a group without rows, on rows that are in both groups, and on
    missing scores.
    """
    where = f"the comparison {name!r}"
    _check_one_other(against, against_null, where)
    rows, of_group = _two_groups(table, score, group, against, against_null, null, where)
    values = rows["score"].to_numpy(dtype=float)
    first, second = values[of_group], values[~of_group]
    larger = mannwhitneyu(first, second, alternative="greater")
    low, high = bootstrap_auroc(values, of_group, rows["example"].to_numpy(), seed, resamples)
    return {
        "comparison": name,
        "score": score,
        "group": group,
        "against": f"null: {against_null}" if against is None else against,
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


def _check_one_other(against: str | None, against_null: str | None, where: str) -> None:
    """Raise InputError unless exactly one of the two keys is given."""
    if (against is None) == (against_null is None):
        found = "neither" if against is None else "both"
        raise InputError(f"{where} has {found} of the keys 'against' and 'against_null': give one of them.")


def _two_groups(
    table: pd.DataFrame,
    score: str,
    group: str,
    against: str | None,
    against_null: str | None,
    null: pd.DataFrame | None,
    where: str,
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return ``example`` and ``score`` of the rows of both groups, and which of them are of the first."""
    table = with_derived_columns(table)
    first = _chosen(table, "group", group, where)
    if against_null is None:
        other, second = table, _chosen(table, "against", against, where)
        if (first & second).any():
            raise InputError(
                f"{where} has {(first & second).sum()} rows in both 'group' and 'against': make them "
                "exclusive."
            )
    else:
        other, second = null, _chosen(null, "against_null", against_null, where)
    parts = [
        pd.DataFrame({"example": _examples(rows), "score": evaluate(rows, score, where)})[chosen]
        for rows, chosen in ((table, first), (other, second))
    ]
    rows = pd.concat(parts, ignore_index=True)
    if rows["score"].isna().any():
        raise InputError(f"{where} has {rows['score'].isna().sum()} rows without {score!r}: leave them out.")
    return rows, np.arange(len(rows)) < len(parts[0])


def _examples(rows: pd.DataFrame) -> pd.Series:
    """Return the examples of rows; a table that is of no examples, as of cells, has rows that stand alone."""
    return rows["example"] if "example" in rows else pd.Series(np.arange(len(rows)), rows.index)


def _chosen(table: pd.DataFrame, key: str, condition: str, where: str) -> np.ndarray:
    """Return which rows meet the condition of a key, bool (rows,); InputError when there is none."""
    chosen = matching(table, condition, where)
    if not chosen.any():
        raise InputError(
            f"{where} has no row in {key!r}, {condition!r}, among {len(table)} rows: mend the condition; "
            f"the columns are {', '.join(table.columns)}."
        )
    return chosen


def describe_null(null: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Give the scores of shuffled sequences the columns of the pairs or sources that they belong to.

    ``null`` is ``null.tsv.gz`` and ``table`` the ``pairs.tsv.gz`` or ``sources.tsv.gz`` beside it: a null
    row is a pair's by ``source`` and ``target``, a source's by ``source``. Returns one row per row of the
    null: its replicate and scores, and every column of the table (and of :func:`with_derived_columns`)
    that does not come from the scores of the real sequence, as p, q, ``response_distance`` and
    ``mutagenesis_…`` do.

    Raises InputError when a row of the null belongs to no row of the table.
    """
    key = ["source", "target"] if "target" in table else ["source"]
    scores = [name for name in null if name not in ("replicate", "example", "pair", *key)]
    of_scores = [name for name in table if _comes_from_scores(name, scores)]
    described = with_derived_columns(table.drop(columns=of_scores))
    joined = null[["replicate", *key, *scores]].merge(described, on=key, how="left", indicator=True)
    if (lost := joined["_merge"] == "left_only").any():
        first = ", ".join(f"{name} {joined.loc[lost, name].iloc[0]}" for name in key)
        raise InputError(
            f"{lost.sum()} of {len(null)} null scores (the first of {first}) belong to no row of the "
            "results: the two tables are of different runs, so make both again."
        )
    return joined.drop(columns="_merge")


def _comes_from_scores(column: str, scores: list[str]) -> bool:
    """Return whether a column is a score, its p or q by any null model, or measured on the real sequence."""
    return (
        column in scores
        or column.startswith(("mutagenesis_", *(f"{name}_{value}" for name in scores for value in "pq")))
        or column == "response_distance"
    )


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
    rank, n_ranks = dense_ranks(scores)
    example = np.unique(examples, return_inverse=True)[1]
    n_examples = example.max() + 1
    rng = np.random.default_rng([seed, n_examples])
    found = []
    for _ in range(resamples):
        weight = np.bincount(rng.integers(n_examples, size=n_examples), minlength=n_examples)[example]
        found.append(weighted_areas(rank, n_ranks, of_group, weight)[0])
    return tuple(intervals(np.array(found)))


def running_medians(
    x: np.ndarray, values: np.ndarray, examples: np.ndarray, width: int, seed: int = 0, fewest: int = 5
) -> pd.DataFrame:
    """Return the running median of values in bins of x, with its interval and the quartiles.

    Bins are [k · width, (k + 1) · width), from the smallest to the largest x; ``x`` of the result is their
    middle. ``median_low`` and ``median_high`` bound 95 % of the median's bootstrap over whole examples, since
    values of one example are not independent. A bin with fewer than ``fewest`` values has them missing.
    """
    bins = np.floor(np.asarray(x) / width).astype(int)
    rows = []
    for number in range(bins.min(), bins.max() + 1) if len(bins) else []:
        inside = bins == number
        row = {"x": (number + 0.5) * width, "n": inside.sum(), "n_examples": len(np.unique(examples[inside]))}
        row |= dict.fromkeys(RUNNING, np.nan)
        if inside.sum() >= fewest:
            low, high = _median_interval(values[inside], examples[inside], seed)
            quartiles = np.quantile(values[inside], [0.25, 0.5, 0.75])
            row |= dict(zip(RUNNING, [quartiles[1], low, high, quartiles[0], quartiles[2]], strict=True))
        rows.append(row)
    return pd.DataFrame(rows, columns=["x", "n", "n_examples", *RUNNING], dtype=float)


def _median_interval(values: np.ndarray, examples: np.ndarray, seed: int) -> tuple[float, float]:
    """Return the 2.5 and 97.5 percentiles of the median over resamples of examples; NaN for one example."""
    weights, example = resampled_weights(examples, seed)
    if weights.shape[1] < 2:
        return np.nan, np.nan
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weights[:, example[order]], axis=1)
    medians = values[order][(total < total[:, -1:] / 2).sum(axis=1)]
    return tuple(np.percentile(medians, [2.5, 97.5]))


def resampled_weights(examples: np.ndarray, seed: int, resamples: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Return how often each example is drawn in resamples of all of them, and the example of every row.

    Shapes (resamples, examples) and (rows,), the latter an index into the former's columns. A sum over rows
    in every resample is then a product with the sums by example. Whole examples are drawn, with replacement,
    because the scores of one example are not independent.
    """
    names, example = np.unique(examples, return_inverse=True)
    n = len(names)
    rng = np.random.default_rng([seed, n])
    weights = rng.multinomial(n, np.full(n, 1 / n), size=resamples) if n else np.zeros((resamples, 0))
    return weights.astype(np.float32), example


def compare_all(
    table: pd.DataFrame, comparisons: dict[str, dict], seed: int = 0, null: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return one row per comparison, given by its name and the arguments of :func:`compare`.

    ``null`` is ``null.tsv.gz``, for the comparisons with ``against_null``.
    """
    if any("against_null" in options for options in comparisons.values()):
        null = describe_null(null, table)
    shared = {"null": null, "seed": seed}
    rows = [compare(table, **options, **shared, name=name) for name, options in comparisons.items()]
    return pd.DataFrame(rows, columns=COLUMNS)
