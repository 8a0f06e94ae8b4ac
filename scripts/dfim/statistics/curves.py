"""Areas under ROC and precision–recall curves of weighted rows, and their bootstrap over blocks."""

import numpy as np

# auROC and auPRC, in this order.
AREAS = ("auroc", "auprc")


class Ranked:
    """A group of rows among others, in the order of their scores, for areas with many weights.

    ``scores`` of all rows, ``of_group`` bool.
    """

    def __init__(self, scores: np.ndarray, of_group: np.ndarray):
        # Sorted once, the largest first; a resample then only adds weights up.
        order = np.argsort(-scores, kind="stable")
        inside = of_group[order]
        self._members, self._others = order[inside], order[~inside]
        members, others = -scores[self._members], -scores[self._others]
        # Of each member: how many others are above, or above or of its rank; the last member of its rank.
        self._above = np.searchsorted(others, members, "left")
        self._until = np.searchsorted(others, members, "right")
        self._last = np.searchsorted(members, members, "right") - 1

    def auroc(self, weight: np.ndarray) -> float:
        """Return the first of :meth:`areas`."""
        return self._auroc(*self._weights(weight))

    def areas(self, weight: np.ndarray) -> tuple[float, float]:
        """Return auROC and auPRC of the group against the others, each row as often as its weight says.

        ``weight``: 0 or more, one per row. auROC counts ties half; auPRC is the average precision, without
        interpolation. NaN when the weights of either side are all 0.
        """
        group, others = self._weights(weight)
        auroc = self._auroc(group, others)
        if np.isnan(auroc):
            return np.nan, np.nan
        found = np.cumsum(group)[self._last]
        every = found + others[self._until]
        precision = np.divide(found, every, out=np.zeros(len(found)), where=every > 0)
        return auroc, group @ precision / group.sum()

    def _weights(self, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the weights of the members, and the sums of those of the first others, of none to all."""
        return weight[self._members].astype(float), np.append(0.0, np.cumsum(weight[self._others]))

    def _auroc(self, group: np.ndarray, others: np.ndarray) -> float:
        n = group.sum()
        if not (n and others[-1]):
            return np.nan
        below = others[-1] - (others[self._above] + others[self._until]) / 2
        return group @ below / (n * others[-1])


def curve_points(scores: np.ndarray, of_group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the corners of the ROC and of the precision–recall curve of a group among other rows.

    ``scores`` of all rows, ``of_group`` bool, with rows of both kinds. Each curve is (2, points), x
    ascending: false and true positive rate, from 0, 0; recall and precision, from 0, 1. Points on a line
    between two others, or of the recall of those on both sides, are left out.
    """
    order = np.argsort(-scores, kind="stable")
    last = np.flatnonzero(np.diff(scores[order], append=np.nan) != 0)  # of each rank
    found = np.cumsum(of_group[order])[last]
    others = 1 + last - found
    bends = (np.diff(found, 2) != 0) | (np.diff(others, 2) != 0)
    corners = np.concatenate([[True], bends, [True]]) if len(last) > 1 else np.array([True])
    rates = np.stack([others[corners] / others[-1], found[corners] / found[-1]])
    moves = np.diff(found) != 0
    kept = np.concatenate([[True], moves[:-1] | moves[1:], [True]]) if len(last) > 1 else np.array([True])
    recall = np.stack([found[kept] / found[-1], found[kept] / (1 + last[kept])])
    return np.column_stack([[0, 0], rates]), np.column_stack([[0, 1], recall])


def bootstrap_areas(
    labels: np.ndarray, logits: np.ndarray, blocks: np.ndarray, seed: int, resamples: int = 200
) -> np.ndarray:
    """Return auROC and auPRC of each task in resamples of blocks of examples: (resamples, tasks, 2).

    ``labels`` (examples, tasks): 1 or 0, below 0 where one is missing; ``logits`` of the same shape;
    ``blocks`` (examples,): any labels, the same for examples that belong together, such as overlapping
    windows. Whole blocks are drawn with replacement, the same ones for all tasks, so that the mean over tasks
    has its spread too. NaN where a resample lacks a class of a task.
    """
    names, block = np.unique(blocks, return_inverse=True)
    number = len(names)
    known = [np.flatnonzero(truth >= 0) for truth in labels.T]
    ranked = [
        Ranked(score[rows], truth[rows] == 1)
        for rows, truth, score in zip(known, labels.T, logits.T, strict=True)
    ]
    rng = np.random.default_rng([seed, number])
    found = np.full((resamples, len(known), len(AREAS)), np.nan)
    for resample in found if number else ():
        drawn = np.bincount(rng.integers(number, size=number), minlength=number)[block]
        for areas, rows, task in zip(resample, known, ranked, strict=True):
            areas[:] = task.areas(drawn[rows])
    return found


def intervals(values: np.ndarray) -> np.ndarray:
    """Return the 2.5 and 97.5 percentiles over the first axis, without NaN: (2, …); NaN where all are."""
    found = np.full((2, *values.shape[1:]), np.nan)
    some = ~np.isnan(values).all(axis=0)
    found[:, some] = np.nanpercentile(values[:, some], [2.5, 97.5], axis=0)
    return found
