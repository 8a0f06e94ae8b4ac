"""Comparing the scores of two groups of rows: is the one larger than the other?"""

import numpy as np
import pandas as pd
import scipy  # scipy.stats, a second to load, is loaded where it is called

from dfim.errors import InputError, counted
from dfim.statistics.bootstrap import bootstrap_auroc, clusters_of
from dfim.statistics.conditions import evaluate, matching, values_of, with_derived_columns

# The approximation of Mann and Whitney's p underflows: a smaller one is given as this.
SMALLEST = 1e-300
COLUMNS = [
    "comparison", "score", "group", "against", "n_group", "n_against", "median_group", "median_against",
    "auroc", "auroc_low", "auroc_high", "p", "p_two_sided", "share_positive_group", "share_positive_against",
]  # fmt: skip


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
    half; ``auroc_low`` and ``auroc_high`` bound 95 % of its bootstrap, which draws whole blocks, or
    examples where there are none, since their scores are not independent (missing where a group comes from
    fewer than 2 of them).
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
    larger = scipy.stats.mannwhitneyu(first, second, alternative="greater")
    low, high = bootstrap_auroc(values, of_group, rows["cluster"].to_numpy(), seed, resamples)
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
        "p_two_sided": max(scipy.stats.mannwhitneyu(first, second).pvalue, SMALLEST),
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
    """Return ``cluster`` and ``score`` of the rows of both groups, and which of them are of the first."""
    table = with_derived_columns(table)
    first = _chosen(table, "group", group, where)
    if against_null is None:
        other, second = table, _chosen(table, "against", against, where)
        if (first & second).any():
            raise InputError(
                f"{where} has {counted(int((first & second).sum()), 'row')} in both 'group' and 'against': "
                "make them exclusive."
            )
    else:
        other, second = null, _chosen(null, "against_null", against_null, where)
    parts = [
        pd.DataFrame({"cluster": clusters_of(rows), "score": evaluate(rows, score, where)})[chosen]
        for rows, chosen in ((table, first), (other, second))
    ]
    rows = pd.concat(parts, ignore_index=True)
    if missing := int(rows["score"].isna().sum()):
        raise InputError(f"{where} has {counted(missing, 'row')} without {score!r}: leave them out.")
    return rows, np.arange(len(rows)) < len(parts[0])


def _chosen(table: pd.DataFrame, key: str, condition: str, where: str) -> np.ndarray:
    """Return which rows meet the condition of a key, bool (rows,); InputError when there is none."""
    chosen = matching(table, condition, where)
    if not chosen.any():
        raise InputError(
            f"{where} has no row in {key!r}, {condition!r}, among {counted(len(table), 'row')}: mend the "
            f"condition; the columns are {', '.join(table.columns)}{values_of(table, condition)}."
        )
    return chosen


def describe_null(null: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Give the scores of shuffled sequences the columns of the pairs or sources that they belong to.

    ``null`` is ``null.tsv.gz`` and ``table`` the ``pairs.tsv.gz`` or ``sources.tsv.gz`` beside it: a null
    row is a pair's by ``source`` and ``target``, a source's by ``source``. Returns one row per row of the
    null: its replicate and scores, and every column of the table (and of :func:`with_derived_columns`)
    that does not come from the scores of the real sequence, as p, q, calls, ``response_distance``,
    ``interaction`` and ``share`` do.

    Raises InputError when a row of the null belongs to no row of the table.
    """
    key = ["source", "target"] if "target" in table else ["source"]
    scores = [name for name in null if name not in ("replicate", "example", "pair", *key)]
    of_scores = [name for name in table if comes_from_scores(name, scores)]
    described = with_derived_columns(table.drop(columns=of_scores))
    joined = null[["replicate", *key, *scores]].merge(described, on=key, how="left", indicator=True)
    if (lost := joined["_merge"] == "left_only").any():
        first = ", ".join(f"{name} {joined.loc[lost, name].iloc[0]}" for name in key)
        raise InputError(
            f"{lost.sum()} of {counted(len(null), 'null score')} (the first of {first}) belong to no row of "
            "the results: the two tables are of different runs, so make both again."
        )
    return joined.drop(columns="_merge")


def comes_from_scores(column: str, scores: list[str]) -> bool:
    """Return whether a column is a score, its p, q or call, or measured on the real sequence."""
    of_scores = [f"{name}_{value}" for name in scores for value in ("p", "q", "call")]
    return column in (*scores, "response_distance", "share") or column.startswith(("interaction", *of_scores))


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
