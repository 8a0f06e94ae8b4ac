"""How good a network is on each split: metrics with intervals, and curves."""

import numpy as np
import pandas as pd

from dfim.datasets.blocks import overlap_blocks
from dfim.datasets.dataset import MISSING, Dataset
from dfim.errors import InputError
from dfim.statistics.curves import AREAS, Ranked, bootstrap_areas, curve_points, intervals

MOST_CURVE_POINTS = 1000
MOST_VALUES = 20_000


def metrics(labels: np.ndarray, logits: np.ndarray, tasks: list[str]) -> pd.DataFrame:
    """Return how well logits answer labels or measured values, of each task, over the examples that have one.

    ``labels`` (examples, tasks): integers 1, 0 or -1 for missing, or numbers, NaN for missing; ``logits`` of
    the same shape.

    Of labels: columns ``task``, ``auroc``, ``auprc`` (average precision, without interpolation),
    ``positives``, ``negatives``; a task that lacks one of the classes has NaN for both areas. Of values:
    ``task``, ``r2`` (1 − squared errors / squared deviations from the mean), ``pearson``, ``spearman``,
    ``examples``; NaN for a task with fewer than two different values. The last row, ``mean``, has the means
    over the tasks that have a value, and the sums of the numbers of examples.
    """
    real_valued = labels.dtype.kind == "f"
    counts = ["examples"] if real_valued else ["positives", "negatives"]
    table = pd.DataFrame((_agreement if real_valued else _separation)(labels, logits, tasks))
    means = table.drop(columns=["task", *counts]).mean()
    mean = pd.DataFrame([{"task": "mean", **means, **table[counts].sum()}])
    return pd.concat([table, mean], ignore_index=True).astype(dict.fromkeys(counts, int))[list(table)]


def _agreement(values: np.ndarray, outputs: np.ndarray, tasks: list[str]) -> list[dict]:
    """Return the rows of :func:`metrics` for measured values."""
    rows = []
    for task, truth, score in zip(tasks, values.T, outputs.T, strict=True):
        truth, score = truth[~np.isnan(truth)].astype(float), score[~np.isnan(truth)].astype(float)
        found = dict.fromkeys(("r2", "pearson", "spearman"), np.nan)
        if len(np.unique(truth)) > 1:
            both = pd.DataFrame({"truth": truth, "score": score})
            found["r2"] = _r2(truth, score)
            for name in ("pearson", "spearman"):
                found[name] = both.corr(name).loc["truth", "score"]
        rows.append({"task": task, **found, "examples": len(truth)})
    return rows


def _r2(truth: np.ndarray, score: np.ndarray) -> float:
    return 1 - np.square(truth - score).sum() / np.square(truth - truth.mean()).sum()


def _separation(labels: np.ndarray, logits: np.ndarray, tasks: list[str]) -> list[dict]:
    """Return the rows of :func:`metrics` for labels."""
    rows = []
    for task, truth, score in zip(tasks, labels.T, logits.T, strict=True):
        truth, score = truth[truth != MISSING], score[truth != MISSING]
        areas = Ranked(score, truth == 1).areas(np.ones(len(truth)))
        counts = {"positives": int((truth == 1).sum()), "negatives": int((truth == 0).sum())}
        rows.append({"task": task, **dict(zip(AREAS, areas, strict=True)), **counts})
    return rows


def evaluate(
    dataset: Dataset, split: str, logits: np.ndarray, turned: np.ndarray, seed: int = 0
) -> pd.DataFrame:
    """Return the :func:`metrics` of a split, with a column ``split`` in front.

    ``logits`` (examples, tasks) are of all examples, ``turned`` those of their reverse complements. Of labels
    each area has bounds, ``auroc_low``, ``auroc_high``, ``auprc_low``, ``auprc_high``: 95 % of its bootstrap
    over the examples of the split (:func:`dfim.statistics.curves.bootstrap_areas`), of which overlapping
    windows stay together, in the row ``mean`` that of the mean over tasks. Measured values get two columns
    more, ``strand_pearson`` and ``strand_rmsd``, the correlation of both and the root of their mean squared
    difference, and where values without noise are known ``noise_ceiling``: the r² of these, which no
    prediction can be expected to exceed.
    """
    rows = dataset.rows(split)
    table = metrics(dataset.labels[rows], logits[rows], dataset.tasks)
    if dataset.real_valued:
        strands = metrics(logits[rows], turned[rows], dataset.tasks)
        table["strand_pearson"] = strands["pearson"]
        distance = np.sqrt(np.square(logits[rows] - turned[rows]).mean(axis=0))
        table["strand_rmsd"] = [*distance, distance.mean()]
        if dataset.noise_free is not None:
            ceiling = metrics(dataset.labels[rows], dataset.noise_free[rows], dataset.tasks)
            table["noise_ceiling"] = ceiling["r2"]
    else:
        areas = bootstrap_areas(
            dataset.labels[rows], logits[rows], overlap_blocks(dataset.examples.iloc[rows]), seed
        )
        table = _with_intervals(table, areas)
    return table.assign(split=split)[["split", *table.columns]]


def _with_intervals(table: pd.DataFrame, areas: np.ndarray) -> pd.DataFrame:
    """Return the :func:`metrics` of labels with the bounds of each of their resampled areas after it."""
    with_any = ~np.isnan(areas).all(axis=(0, 2))
    mean = areas[:, with_any].mean(axis=1, keepdims=True) if with_any.any() else areas[:, :1] * np.nan
    bounds = intervals(np.concatenate([areas, mean], axis=1))
    for number, name in enumerate(AREAS):
        place = table.columns.get_loc(name) + 1
        table.insert(place, f"{name}_low", bounds[0, :, number])
        table.insert(place + 1, f"{name}_high", bounds[1, :, number])
    return table


def curves(labels: np.ndarray, logits: np.ndarray, tasks: list[str]) -> pd.DataFrame:
    """Return the points of the ROC and the precision-recall curve of each task, at most 1000 a curve.

    Columns ``task``, ``curve`` (``roc``: x false positive rate, y true positive rate; ``pr``: x recall, y
    precision), ``x`` (ascending), ``y``. A task that lacks one of the classes has no rows. Of measured values
    the ``curve`` is ``values``: x measured, y predicted, in the order of the examples, of at most 20,000
    examples at equal steps. Raises InputError on logits that are not finite.
    """
    if labels.dtype.kind == "f":
        return _values(labels, logits, tasks)
    tables = []
    for task, truth, score in zip(tasks, labels.T, logits.T, strict=True):
        truth, score = truth[truth != MISSING], score[truth != MISSING]
        if not np.isfinite(score).all():
            raise InputError(f"the network's outputs of {task} are not all finite numbers: train it anew.")
        if len(np.unique(truth)) < 2:
            continue
        for curve, (x, y) in zip(("roc", "pr"), curve_points(score, truth == 1), strict=True):
            kept = _thinned(x, y, MOST_CURVE_POINTS)
            tables.append(pd.DataFrame({"task": task, "curve": curve, "x": x[kept], "y": y[kept]}))
    if not tables:
        return pd.DataFrame({"task": [], "curve": [], "x": [], "y": []})
    return pd.concat(tables, ignore_index=True)


def _values(targets: np.ndarray, outputs: np.ndarray, tasks: list[str]) -> pd.DataFrame:
    """Return measured and predicted values of each task as the points of a curve."""
    tables = []
    for task, x, y in zip(tasks, targets.T, outputs.T, strict=True):
        rows = np.flatnonzero(~np.isnan(x))
        rows = rows[:: -(-len(rows) // MOST_VALUES) or 1]
        tables.append(pd.DataFrame({"task": task, "curve": "values", "x": x[rows], "y": y[rows]}))
    return pd.concat(tables, ignore_index=True)


def _thinned(x: np.ndarray, y: np.ndarray, most: int) -> np.ndarray:
    """Return the numbers of at most ``most`` points that lie evenly along a curve, both ends included."""
    if len(x) <= most:
        return np.arange(len(x))
    along = np.concatenate([[0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
    return np.unique(np.searchsorted(along, np.linspace(0, along[-1], most)).clip(0, len(x) - 1))
