"""Do p-values hold their level? Scores of which the null is true, tested against others that are held out.

Three kinds of rows are tested, each against null rows of examples of other folds:

``held-out null``
    the null rows of a null model. Over all of them their empirical p are uniform *by construction*: this
    cannot fail, and says nothing of the hypothesis. Within bins of distance it can, and by a fitted Gaussian.
``not interacting``
    real rows that are known not to interact: these say whether the hypothesis is the right one. Where the
    null model has the very same rows as members, they too hold by construction.
``members, against other kinds``
    with ``each``: members of one kind, as if they had not been declared, against the other kinds. A kind that
    does interact stands out here.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from dfim.statistics.bootstrap import clusters_of
from dfim.statistics.nulls import NullModel, compared_rows, folds_of, null_rows, p_against, scaled
from dfim.statistics.p_values import POOLED
from dfim.statistics.proportions import share_interval

LEVELS = (0.05, 0.01, 0.001)
# Shares that count as holding a level: [low, high].
TOLERANCE = {0.05: (0.045, 0.055), 0.01: (0.008, 0.012), 0.001: (0.0, 0.0015)}
# Bins of |distance| of pairs, bp, both ends included, in which the calibration is also given.
DISTANCES = {"0–20": (0, 20), "21–50": (21, 50), "over 50": (51, np.inf)}
ALL = "all"
COLUMNS = [
    "null_model", "tested", "score", "method", "distance", "level", "share", "share_low", "share_high",
    "share_ties_broken", "n", "by_construction", "holds",
]  # fmt: skip
QUANTILE_COLUMNS = ["null_model", "tested", "score", "method", "distance", "n", "expected", "observed"]
NULL, NOT_INTERACTING = "held-out null", "not interacting"
OTHER_KINDS = "members, against other kinds"
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
    draws: pd.DataFrame | None = None,
    distances: Mapping[str, tuple[float, float]] = DISTANCES,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return how often scores that do not interact are called significant, and quantiles of their p.

    ``table`` has the tested rows, ``shuffled`` those of the shuffled sequences, and ``draws`` those of a
    studentised null, described alike; ``not_interacting`` (bool) names rows of the table that are known
    not to interact. The first table has the columns ``COLUMNS``: ``share`` of n p-values below ``level``,
    with its 95 % interval by blocks (or examples); ``share_ties_broken`` the same
    after equal scores were put in an order at random (scores that are 0 by the network's doing are equal,
    and their p conservative); and ``holds``, of the latter: 1 where the share is within :data:`TOLERANCE`
    or the interval holds the level, 0 where not, empty where n is too small to tell (fewer than 5
    expected below the level). Below the tolerance is as good, but for a null that is pooled and held out.
    ``by_construction`` is 1 where the share cannot be off (see the module). The second has the columns
    ``QUANTILE_COLUMNS``, for a QQ plot: ``expected`` share of the p at or below ``observed``.
    ``distance`` is ``all`` or, where the rows have a distance, also a bin of ``distances``, labels with
    both ends. All null models are calibrated by ``method``, that of the run, and the first also by
    ``others`` (those of the paper), for comparison. A method that cannot be fitted (all null scores but
    those of one fold are equal) is left out.
    """
    shares, quantiles = [], []
    for number, spec in enumerate(models):
        methods = [method] if number else list(dict.fromkeys([method, *others]))
        null = null_rows(spec, table, shuffled, draws)
        rows, null = scaled(spec, table, null, scores)
        for kind, of_kind in _tested(spec, rows, null, not_interacting).items():
            clusters = clusters_of(of_kind)
            options = {"held_out": True, "apart": kind == OTHER_KINDS}
            comparisons = {
                way: compared_rows(of_kind, null, spec, way, **options) for way in {*methods, "empirical"}
            }
            known = of_kind.index.isin(null.index) & (kind != OTHER_KINDS) & (spec.held_out or kind == NULL)
            for score in scores:
                for way in methods if _can_be_fitted(null, score) else ["empirical"]:
                    key = {"null_model": spec.model, "tested": kind, "score": score, "method": way}
                    options = {"spec": spec, "method": way, "comparisons": comparisons[way]}
                    p = p_against(of_kind, null, score, **options)
                    untied = _break_ties(of_kind, score, seed), _break_ties(null, score, seed + 1)
                    p_untied = p_against(*untied, score, **options)
                    for label, members in _distance_bins(of_kind, distances).items():
                        sure = way not in POOLED and bool(known.all())
                        sure &= label == ALL or _of_whole_bins(spec, *distances[label])
                        key = {**key, "distance": label, "by_construction": int(sure)}
                        found = _shares(p, p_untied, members, clusters, bool(spec.each) or kind != NULL)
                        shares += [key | row for row in found]
                        quantiles.append(_quantiles(p[members]).assign(**key))
    return (
        pd.DataFrame(shares, columns=COLUMNS),
        pd.concat(quantiles, ignore_index=True)[QUANTILE_COLUMNS],
    )


def _tested(
    spec: NullModel, table: pd.DataFrame, null: pd.DataFrame, not_interacting: np.ndarray | None
) -> dict[str, pd.DataFrame]:
    """Return the rows that are tested, by what they are."""
    rows = {NULL: null}
    if not_interacting is not None:
        rows[NOT_INTERACTING] = table[not_interacting]
    if spec.each:
        rows[OTHER_KINDS] = null
    return rows


def _of_whole_bins(spec: NullModel, low: float, high: float) -> bool:
    """Return whether rows ``low`` to ``high`` bp away are tested against null rows as far away."""
    ends = {0, *spec.distances, np.inf} if spec.distances else set()
    return high in ends and (low == 0 or low - 1 in ends)


def _can_be_fitted(null: pd.DataFrame, score: str) -> bool:
    """Return whether null scores differ in the examples outside of every fold, so that all can be fitted."""
    fold = folds_of(null, null)[0]
    values = null[score].to_numpy(float)
    outside = (values[fold != part] for part in np.unique(fold))
    return all(len(others) < 2 or others.min() < others.max() for others in outside)


def _break_ties(table: pd.DataFrame, score: str, seed: int) -> pd.DataFrame:
    """Return the table with equal scores moved apart at random, by far less than scores differ."""
    values = table[score].to_numpy(float)
    size = 1e-12 * (np.abs(values).max(initial=0) or 1.0)
    return table.assign(**{score: values + np.random.default_rng(seed).uniform(-size, size, len(values))})


def _distance_bins(
    table: pd.DataFrame, distances: Mapping[str, tuple[float, float]] = DISTANCES
) -> Mapping[str, np.ndarray]:
    """Return which rows belong to ``all`` and, with distances, to each bin of |distance|."""
    bins = {ALL: np.ones(len(table), dtype=bool)}
    if "distance" in table:
        size = table["distance"].abs().to_numpy()
        bins |= {label: (size >= low) & (size <= high) for label, (low, high) in distances.items()}
    return bins


def _shares(
    p: np.ndarray,
    untied: np.ndarray,
    members: np.ndarray,
    clusters: np.ndarray,
    conservative: bool,
) -> list[dict]:
    """Return share, interval and verdict of each level, of the members that have a p."""
    found = members & ~np.isnan(p)
    n, p, untied = int(found.sum()), p[found], untied[found]
    own = clusters[found]
    rows = []
    for level in LEVELS:
        row = {"level": level, "n": n, "holds": ""}
        if n:
            row["share"], row["share_low"], row["share_high"] = _with_interval(p < level, own)
            row["share_ties_broken"], low, high = _with_interval(untied < level, own)
            if n * level >= 5:
                least, most = TOLERANCE[level]
                least = 0 if conservative else least
                row["holds"] = int(least <= row["share_ties_broken"] <= most or low <= level <= high)
        rows.append(row)
    return rows


def _with_interval(below: np.ndarray, clusters: np.ndarray) -> tuple[float, float, float]:
    return below.mean(), *share_interval(below, clusters)


def _quantiles(p: np.ndarray) -> pd.DataFrame:
    """Return p at ranks that are evenly spaced on a logarithmic axis, with the share expected there."""
    ordered = np.sort(p[~np.isnan(p)])
    n = len(ordered)
    ranks = np.unique(np.geomspace(1, n, _QUANTILES).astype(int)) if n else np.array([], dtype=int)
    return pd.DataFrame({"n": n, "expected": (ranks - 0.5) / max(n, 1), "observed": ordered[ranks - 1]})


def level_is_held(table: pd.DataFrame, method: str) -> pd.DataFrame:
    """Return the rows of a calibration table that a run is judged by.

    Those of rows that are known not to interact, at all distances, where the share can be off at all.
    """
    idle = (table["tested"] == NOT_INTERACTING) & (table["by_construction"] != 1)
    return table[idle & (table["method"] == method) & (table["distance"] == ALL)]


def calibration_of(
    table: pd.DataFrame, p: np.ndarray, null_model: str, score: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the calibration of the p of rows that are known not to interact, as :func:`calibration` does.

    ``table`` has the rows (``example``, and ``distance`` where they have one), ``p`` one value for each. A
    null that both features of a pair have to exceed is conservative by design.
    """
    clusters = clusters_of(table)
    key = {"null_model": null_model, "tested": NOT_INTERACTING, "score": score, "method": "empirical"}
    shares, quantiles = [], []
    for label, members in _distance_bins(table, DISTANCES).items():
        own = key | {"distance": label, "by_construction": 0}
        shares += [own | row for row in _shares(p, p, members, clusters, True)]
        quantiles.append(_quantiles(p[members]).assign(**key, distance=label))
    return pd.DataFrame(shares, columns=COLUMNS), pd.concat(quantiles, ignore_index=True)[QUANTILE_COLUMNS]
