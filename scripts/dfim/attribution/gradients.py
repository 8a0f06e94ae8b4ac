"""Gradient × input: the saliency scores of the supplement's figures 2C, 2D and 3."""

import logging

import numpy as np

from dfim import backends
from dfim.attribution.compiled import GradientScorer
from dfim.attribution.scorer import Scorer

logger = logging.getLogger("dfim")


def gradient_input(layers: list, reference, **options) -> Scorer:
    """Return a scorer of gradient × input: compiled loops where they take the network and there is no GPU.

    Arguments as in :func:`dfim.attribution.open_scorer`; the numbers are the same.
    """
    if not backends.gpu_is_there():
        # Here, since the compiler that comes with them takes half a second to load.
        from dfim.attribution.cpu.plan import NotPlanned
        from dfim.attribution.cpu_gradients import CpuGradientInput

        try:
            return CpuGradientInput(layers, reference, **options)
        except NotPlanned as reason:
            words = "the CPU engine does not take this network (%s): %s scores it"
            logger.info(words, reason, backends.words())
    return GradientInput(layers, reference, **options)


class GradientInput(GradientScorer):
    """Gradient of the logit at the sequence, times the sequence; the reference is 0, whatever was given."""

    def __init__(self, layers: list, reference, **options):
        super().__init__(layers, reference, **options)
        self.reference = np.zeros_like(self.reference)

    def _contributions(self, x: np.ndarray, task: int) -> np.ndarray:
        return x * self._gradients(x, task)
