"""Areas under ROC and precision–recall curves of weighted rows, and their bootstrap over examples."""

import numpy as np

# auROC and auPRC, in this order.
AREAS = ("auroc", "auprc")


class Ranked:
    """A group of rows among others, in the order of their scores, for areas with many weights.

    ``scores`` of all rows, ``of_group`` bool.
    """

    def __init__(self, scores: np.ndarray, of_group: np.ndarray):
        # Sorted once, the largest first: the rows of each rank are then summed in their order.
        self._order = np.argsort(-scores, kind="stable")
        self._of_group = of_group[self._order]
        ordered = scores[self._order]
        self._firsts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(scores)])

    def areas(self, weight: np.ndarray) -> tuple[float, float]:
        """Return auROC and auPRC of the group against the others, each row as often as its weight says.

        ``weight``: 0 or more, one per row. auROC counts ties half; auPRC is the average precision, without
        interpolation. NaN when the weights of either side are all 0.
        """
        every = weight[self._order].astype(float)
        group = every * self._of_group
        if len(self._firsts) < len(every):  # else each row is a rank of its own
            every, group = np.add.reduceat(every, self._firsts), np.add.reduceat(group, self._firsts)
        n, others = group.sum(), (every - group).sum()
        if not (n and others):
            return np.nan, np.nan
        found, all_found = np.cumsum(group), np.cumsum(every)
        # A member is above the others that come after it, and half above those of its rank.
        below = others - (all_found - found) + (every - group) / 2
        precision = np.divide(found, all_found, out=np.zeros(len(group)), where=all_found > 0)
        return group @ below / (n * others), group @ precision / n


def bootstrap_areas(labels: np.ndarray, logits: np.ndarray, seed: int, resamples: int = 200) -> np.ndarray:
    """Return auROC and auPRC of each task in resamples of the examples: (resamples, tasks, 2).

    ``labels`` (examples, tasks): 1 or 0, below 0 where one is missing; ``logits`` of the same shape. Whole
    examples are drawn with replacement, the same ones for all tasks, so that the mean over tasks has its
    spread too. NaN where a resample lacks a class of a task.
    """
    examples = len(labels)
    known = [np.flatnonzero(truth >= 0) for truth in labels.T]
    ranked = [
        Ranked(score[rows], truth[rows] == 1)
        for rows, truth, score in zip(known, labels.T, logits.T, strict=True)
    ]
    rng = np.random.default_rng([seed, examples])
    found = np.full((resamples, len(known), len(AREAS)), np.nan)
    for resample in found if examples else ():
        drawn = np.bincount(rng.integers(examples, size=examples), minlength=examples)
        for areas, rows, task in zip(resample, known, ranked, strict=True):
            areas[:] = task.areas(drawn[rows])
    return found


def intervals(values: np.ndarray) -> np.ndarray:
    """Return the 2.5 and 97.5 percentiles over the first axis, without NaN: (2, …); NaN where all are."""
    found = np.full((2, *values.shape[1:]), np.nan)
    some = ~np.isnan(values).all(axis=0)
    found[:, some] = np.nanpercentile(values[:, some], [2.5, 97.5], axis=0)
    return found
