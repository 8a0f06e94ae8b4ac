"""Integrated gradients (Sundararajan et al. 2017), from the reference to the sequence on a straight line."""

import numpy as np

from dfim.attribution.compiled import GradientScorer
from dfim.errors import InputError


class IntegratedGradients(GradientScorer):
    """Mean gradient of the logit on the way from the reference to the sequence, times their difference.

    The mean is taken at the midpoints of ``steps`` equal parts of the way. The gradient of a network of ReLUs
    is constant between jumps, for which this rule is as good as Gauss's. The scores sum to the logit
    minus that of the reference, but for the error of the rule, which falls as one over the number of steps.
    """

    OPTIONS = ("batch_size", "threads", "steps")
    COMPLETE = True

    def __init__(self, layers: list, reference, steps: int = 50, **options):
        if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
            raise InputError(f"integrated gradients have steps: {steps!r}, and need a whole number above 0.")
        super().__init__(layers, reference, **options)
        self._shares = ((np.arange(steps) + 0.5) / steps).astype(self._dtype)

    def _contributions(self, x: np.ndarray, task: int) -> np.ndarray:
        difference = x - self.reference
        total = np.zeros_like(x)
        # A full batch of sequences takes one step at a time; few sequences take several.
        at_once = max(1, self.batch_size // len(x))
        for start in range(0, len(self._shares), at_once):
            shares = self._shares[start : start + at_once, None, None, None]
            points = (self.reference + shares * difference).reshape(-1, *x.shape[1:])
            total += self._gradients(points, task).reshape(-1, *x.shape).sum(axis=0)
        return difference * total / len(self._shares)
