"""Integrated gradients (Sundararajan et al. 2017), from the reference to the sequence on a straight line."""

import logging

import numpy as np

from dfim.attribution.compiled import GradientScorer
from dfim.attribution.completeness import MOST, SEQUENCES
from dfim.errors import InputError
from dfim.sequences.bases import one_hot

logger = logging.getLogger("dfim")

AUTO = "auto"
# Steps that ``auto`` begins with, and the most that it takes.
FEWEST, MOST_STEPS = 50, 800


class IntegratedGradients(GradientScorer):
    """Mean gradient of the logit on the way from the reference to the sequence, times their difference.

    The mean is taken at the midpoints of ``steps`` equal parts of the way. The gradient of a network of ReLUs
    is constant between jumps, for which this rule is as good as Gauss's. The scores sum to the logit
    minus that of the reference, but for the error of the rule, which falls as one over the number of steps.
    With ``auto`` there are :data:`FEWEST`, until :meth:`prepare` chooses.
    """

    OPTIONS = ("batch_size", "threads", "steps")
    COMPLETE = True

    def __init__(self, layers: list, reference, steps: int | str = AUTO, **options):
        if steps != AUTO and (isinstance(steps, bool) or not isinstance(steps, int) or steps < 1):
            raise InputError(
                f"integrated gradients have steps: {steps!r}, and need {AUTO} or a whole number above 0."
            )
        super().__init__(layers, reference, **options)
        # A profile's weights are those of the sequence all along the way, or there is nothing to sum to.
        self._held = any(node.kind == "profile" for node in self.layers)
        if self._held:
            self._pairs_of = self._compiled(self._way_back().gradients_of_pairs, with_task=True)
            self._changes_of = self._compiled(self._way_back(self.reference).changes, with_task=True)
        self._chooses = steps == AUTO
        self.steps = FEWEST if self._chooses else steps

    def changes(self, x: np.ndarray, task: int) -> np.ndarray:
        """Return what the contributions sum to; a profile's own weights are held constant."""
        if not self._held:
            return super().changes(x, task)
        return self._in_batches(lambda part: self._run(self._changes_of, part, task), x, ())

    def prepare(self, bases: np.ndarray, task: int) -> None:
        """Double the steps of ``auto`` until sums miss changes by at most :data:`MOST` of their median size.

        They are those of the first :data:`SEQUENCES` sequences. At most :data:`MOST_STEPS`, which is logged.
        """
        x = one_hot(bases[:SEQUENCES])
        if not self._chooses or not len(x):
            return
        changes, self.steps = self.changes(x, task), FEWEST
        most = MOST * np.median(np.abs(changes))
        while self.steps < MOST_STEPS and self._residual(x, task, changes) > most:
            self.steps *= 2
        logger.info("integrated gradients take %d steps", self.steps)

    def _residual(self, x: np.ndarray, task: int, changes: np.ndarray) -> float:
        sums = self.contributions(x, task).sum(axis=(1, 2), dtype=np.float64)
        return float(np.abs(sums - changes).max())

    def _contributions(self, x: np.ndarray, task: int) -> np.ndarray:
        difference = x - self.reference
        total = np.zeros_like(x)
        places = ((np.arange(self.steps) + 0.5) / self.steps).astype(self._dtype)
        # A full batch of sequences takes one step at a time; few sequences take several.
        at_once = max(1, self.batch_size // len(x))
        for start in range(0, self.steps, at_once):
            shares = places[start : start + at_once, None, None, None]
            points = (self.reference + shares * difference).reshape(-1, *x.shape[1:])
            total += self._on_the_way(points, x, task).reshape(-1, *x.shape).sum(axis=0)
        return difference * total / self.steps

    def _on_the_way(self, points: np.ndarray, x: np.ndarray, task: int) -> np.ndarray:
        """Return the gradients at points of the ways to sequences, in whose order they come repeatedly."""
        if not self._held:
            return self._gradients(points, task)
        pairs = np.stack([points, np.resize(x, points.shape)], axis=1).reshape(-1, *x.shape[1:])
        return self._run(self._pairs_of, pairs, task)[::2]
