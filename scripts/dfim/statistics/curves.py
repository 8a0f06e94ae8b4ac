"""Areas under ROC and precision–recall curves of weighted rows, and their bootstrap over examples."""

import numpy as np

# auROC and auPRC, in this order.
AREAS = ("auroc", "auprc")


def dense_ranks(scores: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the rank of each score, from 0, equal ones alike, and the number of ranks."""
    values, rank = np.unique(scores, return_inverse=True)
    return rank, len(values)


def weighted_areas(
    rank: np.ndarray, n_ranks: int, of_group: np.ndarray, weight: np.ndarray
) -> tuple[float, float]:
    """Return auROC and auPRC of a group of rows against the others, each row as often as its weight says.

    ``rank`` and ``n_ranks`` as of :func:`dense_ranks`; ``of_group`` bool, ``weight`` 0 or more, one per row.
    auROC counts ties half; auPRC is the average precision, without interpolation. NaN when the weights of
    either side are all 0.
    """
    group = np.bincount(rank[of_group], weight[of_group], n_ranks)
    against = np.bincount(rank[~of_group], weight[~of_group], n_ranks)
    return _areas(group, against)


def _auroc(group: np.ndarray, against: np.ndarray) -> float:
    """Return auROC of the weights of a group and of the others at each rank, neither all 0."""
    below = np.cumsum(against) - against / 2
    return group @ below / (group.sum() * against.sum())


def _areas(group: np.ndarray, against: np.ndarray) -> tuple[float, float]:
    """Return auROC and auPRC of the weights of a group and of the others at each rank, from the lowest up."""
    if not (group.any() and against.any()):
        return np.nan, np.nan
    auroc = _auroc(group, against)
    # From the largest score down; a rank without weight adds nothing.
    found, all_found = np.cumsum(group[::-1]), np.cumsum((group + against)[::-1])
    precision = np.divide(found, all_found, out=np.zeros(len(group)), where=all_found > 0)
    return auroc, group[::-1] @ precision / group.sum()


class WeightedAuroc:
    """auROC of a group of rows against the others, for many weights of the same rows."""

    def __init__(self, scores: np.ndarray, of_group: np.ndarray):
        rank, n_ranks = dense_ranks(scores)
        # Sorted once: the rows of each rank are then summed in their order.
        self._order = np.argsort(rank, kind="stable")
        self._firsts = np.searchsorted(rank[self._order], np.arange(n_ranks))
        self._of_group = of_group[self._order]

    def __call__(self, weight: np.ndarray) -> float:
        """Return it for weights, 0 or more, one per row; ties count half. NaN without weight on a side."""
        weight = weight[self._order].astype(float)
        group = weight * self._of_group
        if len(self._firsts) < len(weight):  # else each row is a rank of its own
            weight, group = np.add.reduceat(weight, self._firsts), np.add.reduceat(group, self._firsts)
        against = weight - group
        return _auroc(group, against) if group.any() and against.any() else np.nan


def bootstrap_areas(labels: np.ndarray, logits: np.ndarray, seed: int, resamples: int = 200) -> np.ndarray:
    """Return auROC and auPRC of each task in resamples of the examples: (resamples, tasks, 2).

    ``labels`` (examples, tasks): 1 or 0, below 0 where one is missing; ``logits`` of the same shape. Whole
    examples are drawn with replacement, the same ones for all tasks, so that the mean over tasks has its
    spread too. NaN where a resample lacks a class of a task.
    """
    examples = len(labels)
    tasks = []
    for truth, score in zip(labels.T, logits.T, strict=True):
        rows = np.flatnonzero(truth >= 0)
        # Sorted once, the largest first: a resample then sums the rows of each rank in their order.
        rank, n_ranks = dense_ranks(-score[rows])
        order = np.argsort(rank, kind="stable")
        firsts = np.searchsorted(rank[order], np.arange(n_ranks))
        tasks.append((rows[order], firsts, truth[rows][order] == 1))
    rng = np.random.default_rng([seed, examples])
    found = np.full((resamples, len(tasks), len(AREAS)), np.nan)
    for resample in found if examples else ():
        drawn = np.bincount(rng.integers(examples, size=examples), minlength=examples).astype(float)
        for areas, (rows, firsts, positive) in zip(resample, tasks, strict=True):
            if len(rows):
                weight = drawn[rows]
                group = weight * positive
                if len(firsts) < len(rows):  # else each row is a rank of its own
                    weight, group = np.add.reduceat(weight, firsts), np.add.reduceat(group, firsts)
                areas[:] = _areas_of_counts(group, weight)
    return found


def _areas_of_counts(group: np.ndarray, every: np.ndarray) -> tuple[float, float]:
    """Return what :func:`_areas` does, in fewer steps, of counts at each rank from the highest down.

    ``every``: of the group and of the others, whole numbers, float64.
    """
    found, all_found = np.cumsum(group), np.cumsum(every)
    n, others = found[-1], all_found[-1] - found[-1]
    if not (n and others):
        return np.nan, np.nan
    above = (group * (all_found - found)).sum() - (group * (every - group)).sum() / 2
    precision = found / np.maximum(all_found, 1)
    return 1 - above / (n * others), (group * precision).sum() / n


def intervals(values: np.ndarray) -> np.ndarray:
    """Return the 2.5 and 97.5 percentiles over the first axis, without NaN: (2, …); NaN where all are."""
    found = np.full((2, *values.shape[1:]), np.nan)
    some = ~np.isnan(values).all(axis=0)
    found[:, some] = np.nanpercentile(values[:, some], [2.5, 97.5], axis=0)
    return found
