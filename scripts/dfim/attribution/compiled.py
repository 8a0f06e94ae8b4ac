"""What the scorers in TensorFlow have in common: the device, compiled functions and their batches."""

import logging
from collections.abc import Callable

import numpy as np

from dfim.attribution.rules import RULES
from dfim.attribution.scorer import Scorer
from dfim.attribution.way_back import FULL, WayBack

logger = logging.getLogger("dfim")


class CompiledScorer(Scorer):
    """Scores in TensorFlow 2, on a GPU where it sees one and else on the CPU; the log says on which.

    ``dtype`` is the precision of the computation and of the scores: float64 is for comparisons.
    """

    # On a CPU: the paper's networks take 4 to 9 bytes, and are slower where a batch outgrows the caches.
    _BATCH_VALUES = 12_000_000
    _VALUE_BYTES = 16

    def __init__(self, layers: list, reference, dtype: str = "float32", **options):
        # TensorFlow takes seconds to import.
        from dfim.attribution import devices

        self._dtype = dtype
        devices.set_threads(options.get("threads"))
        self._on_gpu = devices.first_gpu() is not None
        if self._on_gpu:
            devices.compute_in_full_precision()
            # A GPU wants more to do at once.
            self._BATCH_VALUES *= 10
        super().__init__(layers, reference, **options)
        self._logits_of = self._compiled(self._way_back().logits)
        logger.info("contributions on %s", devices.device_name())

    def _way_back(self, reference: np.ndarray | None = None, rule: str = RULES[0]):
        """Return the network with the rules on the way back; without a reference, derivatives."""
        return WayBack(self.layers, reference, rule, self._dtype)

    def _logits(self, x: np.ndarray) -> np.ndarray:
        return self._run(self._logits_of, x)

    def _default_batch_size(self) -> int:
        size = super()._default_batch_size()
        if self._on_gpu:  # where batches are filled up to a power of two
            return 1 << (size.bit_length() - 1)
        return size // FULL * FULL or size

    def _memory(self) -> int:
        from dfim.attribution.devices import device_memory

        return device_memory()

    def _compiled(self, function: Callable, with_task: bool = False) -> Callable:
        """Return a function of sequences, and of a task's index, compiled once for all tasks.

        XLA makes one kernel of many small steps. That pays on a GPU; on a CPU its convolutions are slower
        than TensorFlow's own.
        """
        import tensorflow as tf

        specification = [tf.TensorSpec([None, self.length, 4], self._dtype)]
        if with_task:
            specification.append(tf.TensorSpec([], tf.int32))
        return tf.function(function, input_signature=specification, jit_compile=self._on_gpu, autograph=False)

    def _run(self, function: Callable, x: np.ndarray, *task: int) -> np.ndarray:
        """Return a compiled function's result for a batch, filled up with copies of its last sequence.

        On a GPU to a power of two, since XLA compiles once for every number of sequences; on a CPU to a
        multiple of :data:`FULL`.
        """
        n = len(x)
        full = 1 << (n - 1).bit_length() if self._on_gpu else -(-n // FULL) * FULL
        if full > n:
            x = np.concatenate([x, np.broadcast_to(x[-1:], (full - n, *x.shape[1:]))])
        return function(x, *map(np.int32, task)).numpy()[:n]


class GradientScorer(CompiledScorer):
    """Scores from the gradient of a logit."""

    def __init__(self, layers: list, reference, **options):
        super().__init__(layers, reference, **options)
        self._gradients_of = self._compiled(self._way_back().gradients, with_task=True)

    def _gradients(self, x: np.ndarray, task: int) -> np.ndarray:
        """Return the gradient of a task's logit at every sequence, shape of ``x``."""
        return self._run(self._gradients_of, x, task)
