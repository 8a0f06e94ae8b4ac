"""Do p-values hold their level? Scores of which the null is true, tested against others that are held out.

Two kinds of rows are tested: ``held-out null``, the null rows of a null model, which say whether its p is
uniform at all; and ``not interacting``, real rows that are known not to interact, which say whether its
hypothesis is the right one. A row is always tested against null rows of examples of other folds.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from dfim.statistics.bootstrap import resampled_weights
from dfim.statistics.nulls import NullModel, null_rows, p_against
from dfim.statistics.p_values import POOLED

LEVELS = (0.05, 0.01, 0.001)
# Shares that count as holding a level: [low, high].
TOLERANCE = {0.05: (0.045, 0.055), 0.01: (0.008, 0.012), 0.001: (0.0, 0.0015)}
# Bins of |distance| of pairs, bp, both ends included, in which the calibration is also given.
DISTANCES = {"0–20": (0, 20), "21–50": (21, 50), "over 50": (51, np.inf)}
ALL = "all"
COLUMNS = [
    "null_model", "tested", "score", "method", "distance", "level", "share", "share_low", "share_high",
    "share_ties_broken", "n", "holds",
]  # fmt: skip
QUANTILE_COLUMNS = ["null_model", "tested", "score", "method", "distance", "n", "expected", "observed"]
NULL, NOT_INTERACTING = "held-out null", "not interacting"
_QUANTILES = 60


def calibration(
    table: pd.DataFrame,
    shuffled: pd.DataFrame,
    scores: Sequence[str],
    models: Sequence[NullModel],
    not_interacting: np.ndarray | None = None,
    seed: int = 0,
    method: str = "empirical",
    others: Sequence[str] = POOLED,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return how often scores that do not interact are called significant, and quantiles of their p.

    ``table`` has the tested rows, ``shuffled`` those of the shuffled sequences, described alike;
    ``not_interacting`` (bool) names rows of the table that are known not to interact. The first table has
    the columns ``COLUMNS``: ``share`` of n p-values below ``level``, with the 95 % interval of its bootstrap
    over examples; ``share_ties_broken`` the same after equal scores were put in an order at random (scores
    that are 0 by the network's doing are equal, and their p conservative); and ``holds``, of the latter: 1
    where the share is within :data:`TOLERANCE` (below it as well with a null model that is conservative by
    design) or the interval holds the level, 0 where not, empty where n is too small to tell (fewer than 5
    expected below the level). The second has the columns ``QUANTILE_COLUMNS``, for a QQ plot: ``expected``
    share of the p at or below ``observed``. ``distance`` is ``all`` or, where the rows have a distance, also
    a bin of :data:`DISTANCES`. All null models are calibrated by ``method``, that of the run, and the first
    also by ``others`` (those of the paper), for comparison. A method that cannot be fitted (all null scores
    are equal) is left out.
    """
    shares, quantiles = [], []
    for number, spec in enumerate(models):
        methods = [method] if number else list(dict.fromkeys([method, *others]))
        null = null_rows(spec, table, shuffled)
        rows = {NULL: null} | ({} if not_interacting is None else {NOT_INTERACTING: table[not_interacting]})
        for kind, of_kind in rows.items():
            weights = resampled_weights(of_kind["example"].to_numpy(), seed)
            for score in scores:
                for way in methods if null[score].nunique() > 1 else ["empirical"]:
                    key = {"null_model": spec.model, "tested": kind, "score": score, "method": way}
                    p = p_against(of_kind, null, score, spec, way, held_out=True)
                    untied = _break_ties(of_kind, score, seed), _break_ties(null, score, seed + 1)
                    p_untied = p_against(*untied, score, spec, way, held_out=True)
                    for label, members in _distance_bins(of_kind).items():
                        key = {**key, "distance": label}
                        found = _shares(p, p_untied, members, weights, bool(spec.each))
                        shares += [key | row for row in found]
                        quantiles.append(_quantiles(p[members]).assign(**key))
    return (
        pd.DataFrame(shares, columns=COLUMNS),
        pd.concat(quantiles, ignore_index=True)[QUANTILE_COLUMNS],
    )


def _break_ties(table: pd.DataFrame, score: str, seed: int) -> pd.DataFrame:
    """Return the table with equal scores moved apart at random, by far less than scores differ."""
    values = table[score].to_numpy(float)
    size = 1e-12 * (np.abs(values).max(initial=0) or 1.0)
    return table.assign(**{score: values + np.random.default_rng(seed).uniform(-size, size, len(values))})


def _distance_bins(table: pd.DataFrame) -> Mapping[str, np.ndarray]:
    """Return which rows belong to ``all`` and, with distances, to each bin of |distance|."""
    bins = {ALL: np.ones(len(table), dtype=bool)}
    if "distance" in table:
        size = table["distance"].abs().to_numpy()
        bins |= {label: (size >= low) & (size <= high) for label, (low, high) in DISTANCES.items()}
    return bins


def _shares(
    p: np.ndarray,
    untied: np.ndarray,
    members: np.ndarray,
    weights: tuple[np.ndarray, np.ndarray],
    conservative: bool,
) -> list[dict]:
    """Return share, interval and verdict of each level, of the members that have a p."""
    found = members & ~np.isnan(p)
    n = int(found.sum())
    rows = []
    for level in LEVELS:
        row = {"level": level, "n": n, "holds": ""}
        if n:
            row["share"], row["share_low"], row["share_high"] = _share(p < level, found, weights)
            share, low, high = _share(untied < level, found, weights)
            row["share_ties_broken"] = share
            if n * level >= 5:
                least, most = TOLERANCE[level]
                least = 0 if conservative else least
                row["holds"] = int(least <= share <= most or low <= level <= high)
        rows.append(row)
    return rows


def _share(
    below: np.ndarray, counted: np.ndarray, weights: tuple[np.ndarray, np.ndarray]
) -> tuple[float, float, float]:
    """Return the share of the counted rows that are below, and its interval over resamples of examples."""
    drawn, example = weights
    examples = drawn.shape[1]
    count = drawn @ np.bincount(example[counted], minlength=examples)
    with np.errstate(invalid="ignore"):
        resampled = drawn @ np.bincount(example[counted], below[counted], minlength=examples) / count
    low, high = np.nanpercentile(resampled, [2.5, 97.5])
    return below[counted].mean(), low, high


def _quantiles(p: np.ndarray) -> pd.DataFrame:
    """Return p at ranks that are evenly spaced on a logarithmic axis, with the share expected there."""
    ordered = np.sort(p[~np.isnan(p)])
    n = len(ordered)
    ranks = np.unique(np.geomspace(1, n, _QUANTILES).astype(int)) if n else np.array([], dtype=int)
    return pd.DataFrame({"n": n, "expected": (ranks - 0.5) / max(n, 1), "observed": ordered[ranks - 1]})


def level_is_held(table: pd.DataFrame, method: str) -> pd.DataFrame:
    """Return the rows of a calibration table that a run is judged by: held-out null rows, all distances."""
    return table[(table["tested"] == NULL) & (table["method"] == method) & (table["distance"] == ALL)]
