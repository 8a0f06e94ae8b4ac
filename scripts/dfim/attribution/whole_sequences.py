"""DeepLIFT of whole sequences as one compiled function: for every network, rule and backend, on a GPU too.

The scores are those of :class:`dfim.attribution.deeplift_package.DeepLiftPackage`, which takes chains alone.
What makes them quicker: the reference is evaluated once, and below an activation with the Rescale rule
positive and negative multipliers are equal, so that one transposed convolution takes them back instead of six
(:mod:`dfim.attribution.way_back`).
"""

import numpy as np

from dfim.attribution.compiled import CompiledScorer
from dfim.attribution.rules import check_rule


class DeepLift(CompiledScorer):
    """Multiplier × (x − reference); ``rule`` is one of :mod:`dfim.attribution.rules`."""

    OPTIONS = ("batch_size", "threads", "rule")
    COMPLETE = True

    def __init__(self, layers: list, reference, rule: str = "genomics_default", **options):
        check_rule(rule)
        super().__init__(layers, reference, **options)
        network = self._way_back(self.reference, rule)
        self._contributions_of = self._compiled(network.contributions, with_task=True)
        self._changes_of = self._compiled(network.changes, with_task=True)

    def changes(self, x: np.ndarray, task: int) -> np.ndarray:
        """Return what the contributions sum to; a profile's own weights are held constant."""
        return self._in_batches(lambda part: self._run(self._changes_of, part, task), x, ())

    def _contributions(self, x: np.ndarray, task: int) -> np.ndarray:
        return self._run(self._contributions_of, x, task)
