"""What every method of contribution scores has in common: checks at the door, and batches."""

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np

from dfim.errors import InputError


class Scorer(ABC):
    """Contribution scores of a network's logits; made by :func:`dfim.attribution.open_scorer`.

    ``x`` is everywhere float, shape (sequences, length, 4): one-hot or probability rows, channels A C G T.
    ``task`` is the 0-based index of an output. Sequences of one scorer have one length.
    """

    OPTIONS: tuple[str, ...] = ("batch", "threads")

    def __init__(self, layers: list, reference, batch: int = 128, threads: int | None = None):
        self.layers = layers
        self.reference = _checked_reference(reference)
        self.batch = int(batch)
        self.threads = threads
        self.outputs = layers[-1].arrays["kernel"].shape[-1]
        self.length = len(self.reference) if self.reference.ndim == 2 else None

    def contributions(self, x: np.ndarray, task: int) -> np.ndarray:
        """Return the contribution of every base at every position to a task's logit, float32, shape of ``x``."""
        self._check_task(task)
        return self._in_batches(lambda part: self._contributions(part, int(task)), x, np.shape(x)[1:])

    def logits(self, x: np.ndarray) -> np.ndarray:
        """Return the logits of all tasks, float32, shape (sequences, tasks)."""
        return self._in_batches(self._logits, x, (self.outputs,))

    def reference_logit(self, task: int) -> float:
        """Return a task's logit for the reference.

        For a reference of shape (4,) the sequences' length must be known: score a sequence first.
        """
        self._check_task(task)
        return float(self._logits(self.reference_rows()[None])[0, task])

    def reference_rows(self) -> np.ndarray:
        """Return the reference that the scores are relative to, float32, shape (length, 4)."""
        if self.length is None:
            raise ValueError("the reference has no length before a sequence is scored")
        return np.ascontiguousarray(np.broadcast_to(self.reference, (self.length, 4)))

    def close(self) -> None:
        """Let go of what the scorer holds; it cannot be used afterwards."""
        return None

    @abstractmethod
    def _contributions(self, x: np.ndarray, task: int) -> np.ndarray:
        """Score one batch."""

    @abstractmethod
    def _logits(self, x: np.ndarray) -> np.ndarray:
        """Evaluate one batch."""

    def _in_batches(self, function: Callable, x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        x = self._checked_input(x)
        result = np.empty((len(x), *shape), np.float32)
        for start in range(0, len(x), self.batch):
            part = slice(start, start + self.batch)
            result[part] = function(x[part])
        return result

    def _checked_input(self, x: np.ndarray) -> np.ndarray:
        x = np.asarray(x, np.float32)
        if x.ndim != 3 or x.shape[2] != 4:
            raise InputError(
                f"sequences to score have the shape {x.shape}, and (sequences, length, 4) is needed: one row of "
                "A, C, G, T for each position."
            )
        if self.length is None:
            self.length = x.shape[1]
        if x.shape[1] != self.length:
            raise InputError(
                f"sequences to score have {x.shape[1]} positions, and {self.length} are needed, as in the reference "
                "or in the sequences before."
            )
        return x

    def _check_task(self, task: int) -> None:
        if not 0 <= task < self.outputs:
            raise InputError(f"there is no task number {task}: the network has {self.outputs}, counted from 0.")


def _checked_reference(reference) -> np.ndarray:
    reference = np.asarray(reference, np.float32)
    if reference.ndim not in (1, 2) or reference.shape[-1] != 4:
        raise InputError(
            f"the reference has the shape {reference.shape}, and (4,) or (length, 4) is needed: the shares of A, C, "
            "G, T, for all positions or for each."
        )
    return reference
