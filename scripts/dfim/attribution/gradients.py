"""Gradient × input: the saliency scores of the supplement's figures 2C, 2D and 3."""

import numpy as np

from dfim.attribution.compiled import GradientScorer


class GradientInput(GradientScorer):
    """Gradient of the logit at the sequence, times the sequence; the reference is 0, whatever was given."""

    def __init__(self, layers: list, reference, **options):
        super().__init__(layers, reference, **options)
        self.reference = np.zeros_like(self.reference)

    def _contributions(self, x: np.ndarray, task: int) -> np.ndarray:
        return x * self._gradients(x, task)
