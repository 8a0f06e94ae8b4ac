"""What the null of a run is: ``nulls.tsv``, its hypotheses, sizes, resolution and fits."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dfim.statistics.nulls import NullModel, folds_of, null_rows, scaled, strata
from dfim.statistics.p_values import fit_null, fit_tail, smallest_p
from dfim.statistics.resolution import LEVEL, rows_needed

NULL_COLUMNS = [
    "null_model", "score", "method", "stratum", "kind", "tail", "n", "n_examples", "n_tested", "smallest_p",
    "rows_needed", "tail_threshold", "tail_n", "tail_shape", "tail_scale", "tail_goodness_p", "hypothesis",
]  # fmt: skip


def describe_nulls(
    table: pd.DataFrame,
    shuffled: pd.DataFrame,
    scores: Sequence[str],
    models: Sequence[NullModel],
    method: str = "empirical",
    draws: pd.DataFrame | None = None,
    families: bool = False,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Return one row per null model, score, stratum and tail: its hypothesis, n, resolution and fit.

    The columns of ``nulls.tsv``. ``table`` has the tested rows. ``smallest_p`` is the smallest p that can be
    had, and ``rows_needed`` how many rows of the stratum must share it before one can have a q below
    ``level``: its q is over all rows, or with ``families`` over those of the stratum. The columns ``tail_…``
    describe the generalised Pareto fit, where the method has one and the null is large enough for it. All are
    of the null rows that one row is tested against: where folds are held out these are fewer than ``n``, and
    of all folds the one with most of them counts.
    """
    found = []
    for spec in models:
        _, null = scaled(spec, table, null_rows(spec, table, shuffled, draws), scores)
        for score in scores:
            for stratum, kind, rows, members in strata(table, null, spec, method):
                used = _most_used_at_once(table, null, rows, members) if spec.held_out else members
                values = null[score].to_numpy(float)[used]
                row = {
                    "null_model": spec.model,
                    "score": score,
                    "method": method,
                    "stratum": stratum,
                    "kind": kind,
                    "n": len(members),
                    "n_examples": null["example"].iloc[members].nunique(),
                    "n_tested": len(rows),
                    "hypothesis": spec.hypothesis(method),
                }
                tests = len(rows) if families else len(table)
                found += [
                    row | part | {"rows_needed": rows_needed(part["smallest_p"], tests, level)}
                    for part in _describe_tails(values, method, spec.two_tailed(score))
                ]
    return pd.DataFrame(found, columns=NULL_COLUMNS)


def _most_used_at_once(
    table: pd.DataFrame, null: pd.DataFrame, rows: np.ndarray, members: np.ndarray
) -> np.ndarray:
    """Return the members that rows are tested against in the fold where these are most."""
    fold, null_fold = folds_of(table, null)
    return max((members[null_fold[members] != part] for part in np.unique(fold[rows])), key=len)


def _describe_tails(null: np.ndarray, method: str, two_tailed: bool) -> list[dict]:
    """Return what ``nulls.tsv`` says of the tails of null scores: one entry, or one per fitted tail."""
    if method != "generalised_pareto":
        smallest = smallest_p(len(null), two_tailed) if method == "empirical" else _limit(null, method)
        return [{"tail": "both" if two_tailed else "upper", "smallest_p": smallest}]
    parts = []
    for name, values in (("upper", null), ("lower", -null))[: 1 + two_tailed]:
        tail = fit_tail(values)
        part = {"tail": name, "smallest_p": smallest_p(len(null), two_tailed), "tail_n": 0}
        if tail is not None:
            part |= {
                "smallest_p": (1 + two_tailed) * float(tail.p(np.array([np.inf]))[0]),
                "tail_threshold": tail.threshold if name == "upper" else -tail.threshold,
                "tail_n": len(tail.excess),
                "tail_shape": tail.shape,
                "tail_scale": tail.scale,
                "tail_goodness_p": tail.goodness(),
            }
        parts.append(part)
    return parts


def _limit(null: np.ndarray, method: str) -> float:
    """Return the p of a score far beyond every null score."""
    far = np.abs(null).max() + 1e6 * (null.std() + 1)
    return float(fit_null(null, method)(np.array([far]))[0])
