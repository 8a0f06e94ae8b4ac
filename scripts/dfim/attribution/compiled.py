"""What scorers of whole sequences have in common: compiled functions and their batches."""

import logging
from collections.abc import Callable

import numpy as np

from dfim import backends
from dfim.attribution.rules import RULES
from dfim.attribution.scorer import Scorer
from dfim.attribution.way_back import WayBack

logger = logging.getLogger("dfim")


class CompiledScorer(Scorer):
    """Scores by the backend of the process, on a GPU where it sees one and else on the CPU; the log says it.

    ``dtype`` is the precision of the computation and of the scores: float64 is for comparisons.
    """

    # On a CPU: the paper's networks take 4 to 9 bytes, and are slower where a batch outgrows the caches.
    _BATCH_VALUES = 12_000_000
    _VALUE_BYTES = 16

    def __init__(self, layers: list, reference, dtype: str = "float32", **options):
        self._dtype = dtype
        self._backend = backends.chosen()
        self._backend.set_threads(options.get("threads"))
        self._backend.keep_all_bits(dtype)
        if self._backend.first_gpu() is not None:
            # A GPU wants more to do at once.
            self._BATCH_VALUES *= 10
        super().__init__(layers, reference, **options)
        self._logits_of = self._compiled(self._way_back().logits)
        logger.info("the network is evaluated by %s on %s", backends.words(), self._backend.device_name())

    def _way_back(self, reference: np.ndarray | None = None, rule: str = RULES[0]):
        """Return the network with the rules on the way back; without a reference, derivatives."""
        return WayBack(self.layers, reference, rule, self._dtype)

    def _logits(self, x: np.ndarray) -> np.ndarray:
        return self._run(self._logits_of, x)

    def _default_batch_size(self) -> int:
        return self._backend.largest_batch(super()._default_batch_size())

    def _memory(self) -> int:
        return self._backend.device_memory()

    def _compiled(self, function: Callable, with_task: bool = False) -> Callable:
        """Return a function of sequences, and of a task's index, compiled once for all tasks."""
        return self._backend.compiled(function, self.length, self._dtype, with_task)

    def _run(self, function: Callable, x: np.ndarray, *task: int) -> np.ndarray:
        """Return a compiled function's result for a batch, filled up with copies of its last sequence."""
        n, full = len(x), self._backend.filled(len(x))
        if full > n:
            x = np.concatenate([x, np.broadcast_to(x[-1:], (full - n, *x.shape[1:]))])
        return function(x, *task)[:n]


class GradientScorer(CompiledScorer):
    """Scores from the gradient of a logit."""

    def __init__(self, layers: list, reference, **options):
        super().__init__(layers, reference, **options)
        self._gradients_of = self._compiled(self._way_back().gradients, with_task=True)

    def _gradients(self, x: np.ndarray, task: int) -> np.ndarray:
        """Return the gradient of a task's logit at every sequence, shape of ``x``."""
        return self._run(self._gradients_of, x, task)
