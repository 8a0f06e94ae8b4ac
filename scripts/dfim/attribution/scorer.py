"""What every method of contribution scores has in common: checks at the door, and batches."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from dfim.attribution.edits import Block, logits_of_whole_copies
from dfim.attribution.mutants import Mutants, MutantScores, scores_of_whole_mutants
from dfim.errors import InputError
from dfim.memory import available_memory
from dfim.networks.graph import as_graph

# Other rules of a workflow run beside this one, and take what they need of the memory that is free now.
_SHARE_OF_MEMORY = 0.25


class Scorer(ABC):
    """Contribution scores of a network's logits; made by :func:`dfim.attribution.open_scorer`.

    ``x`` is everywhere float, shape (sequences, length, 4): one-hot or probability rows, channels A C G T.
    ``task`` is the 0-based index of an output. ``batch_size`` is the largest number of sequences evaluated at
    once; without one it is chosen by the memory that is free. ``reference`` is the reference in use, float32,
    shape (length, 4).
    """

    OPTIONS: tuple[str, ...] = ("batch_size", "threads")
    # Whether the contributions to a logit sum to the logit minus that of the reference.
    COMPLETE = False
    # Whether a contribution is multiplier × (x − reference), and so tells what other bases would contribute.
    MULTIPLIED = True
    # Evaluations of one sequence, of a method that has a choice of them.
    steps: int | None = None
    # Measured: values of all layers together beyond which a larger batch is not faster, and the bytes that a
    # value takes while a batch is evaluated.
    _BATCH_VALUES = 30_000_000
    _VALUE_BYTES = 60
    _dtype = "float32"

    def __init__(self, layers: list, reference, batch_size: int | None = None, threads: int | None = None):
        self.layers = layers = as_graph(layers)
        self.length = layers.length
        self.outputs = layers[-1].options["output_shape"][-1]
        self.reference = _checked_reference(reference, self.length)
        self.batch_size = self._default_batch_size() if batch_size is None else max(1, int(batch_size))
        self.threads = threads

    def contributions(self, x: np.ndarray, task: int) -> np.ndarray:
        """Return what every base at every position adds to a task's logit, float32, shape of ``x``."""
        self._check_task(task)
        return self._in_batches(lambda part: self._contributions(part, int(task)), x, np.shape(x)[1:])

    def logits(self, x: np.ndarray) -> np.ndarray:
        """Return the logits of all tasks, float32, shape (sequences, tasks)."""
        return self._in_batches(self._logits, x, (self.outputs,))

    def edited_logits(self, bases: np.ndarray, blocks: Sequence[Block], task: int) -> np.ndarray:
        """Return a task's logit of every copy of the blocks, one block after the other, float64.

        ``bases`` uint8 (examples, length). Here each copy is evaluated as a sequence of its own; a scorer
        that knows better gives the same numbers.
        """
        self._check_task(task)
        self._check_length(bases)
        return logits_of_whole_copies(self.logits, bases, blocks, task)

    def reference_logit(self, task: int) -> float:
        """Return a task's logit for the reference that the scores are relative to."""
        self._check_task(task)
        return float(self._logits(self.reference[None])[0, task])

    def changes(self, x: np.ndarray, task: int) -> np.ndarray:
        """Return what complete contributions to a task's logit sum to, (sequences,): logit − reference's."""
        return self.logits(x)[:, task] - self.reference_logit(task)

    def score_mutants(
        self,
        bases: np.ndarray,
        mutants: Mutants,
        task: int,
        importance: bool = False,
        channels: bool = False,
    ) -> MutantScores:
        """Return what mutants of sequences change in their importance; ``importance``: and the values of it.

        ``channels``: and what they change in the contributions of all four channels. ``bases`` uint8
        (sequences, length).
        """
        self._check_task(task)
        self._check_length(bases)
        return self._score_mutants(bases, mutants, task, importance, channels)

    def reach(self, starts: np.ndarray, widths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return where mutations can change anything: intervals [first, stop) for starts and widths.

        Beyond them the change is exactly 0. Here everywhere; a scorer may know better.
        """
        return np.zeros_like(starts), np.full_like(starts, self.length)

    def prepare(self, bases: np.ndarray, task: int) -> None:
        """Choose what a method leaves open, by sequences (uint8, (sequences, length)); most leave nothing.

        What is chosen by the same sequences is the same in every shard of an analysis.
        """
        return None

    def close(self) -> None:
        """Let go of what the scorer holds; it cannot be used afterwards."""
        return None

    def _score_mutants(self, bases, mutants: Mutants, task: int, importance: bool, channels: bool):
        """Score each mutant as a sequence of its own; a scorer that knows better gives the same numbers."""
        contributions = partial(self.contributions, task=task)
        return scores_of_whole_mutants(contributions, bases, mutants, importance, channels)

    @abstractmethod
    def _contributions(self, x: np.ndarray, task: int) -> np.ndarray:
        """Score one batch."""

    @abstractmethod
    def _logits(self, x: np.ndarray) -> np.ndarray:
        """Evaluate one batch."""

    def _memory(self) -> int:
        """Return the bytes that are free where the scores are computed."""
        return available_memory()

    def _default_batch_size(self) -> int:
        values = min(self._BATCH_VALUES, _SHARE_OF_MEMORY * self._memory() / self._VALUE_BYTES)
        return max(1, int(values // values_per_sequence(self.layers)))

    def _in_batches(self, function: Callable, x: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        x = self._checked_input(x)
        result = np.empty((len(x), *shape), self._dtype)
        for start in range(0, len(x), self.batch_size):
            part = slice(start, start + self.batch_size)
            result[part] = function(x[part])
        return result

    def _checked_input(self, x: np.ndarray) -> np.ndarray:
        x = np.asarray(x, self._dtype)
        if x.ndim != 3 or x.shape[1:] != (self.length, 4):
            raise InputError(
                f"sequences to score have the shape {x.shape}, and the network needs (sequences, "
                f"{self.length}, 4): one row of A, C, G, T for each position."
            )
        finite = np.isfinite(x)
        if not finite.all():
            sequence, position, _ = np.argwhere(~finite)[0]
            raise InputError(
                f"sequence {sequence} to score is not finite at position {position} (both 0-based): every "
                "row needs the shares of A, C, G, T."
            )
        return x

    def _check_length(self, bases: np.ndarray) -> None:
        if bases.ndim != 2 or bases.shape[1] != self.length:
            raise InputError(
                f"sequences to mutate have the shape {bases.shape}, and the network needs (sequences, "
                f"{self.length}): one base for each position."
            )

    def _check_task(self, task: int) -> None:
        if not 0 <= task < self.outputs:
            raise InputError(
                f"there is no task number {task}: the network has {self.outputs}, counted from 0."
            )


def _checked_reference(reference, length: int) -> np.ndarray:
    """Return the reference as float32, shape (length, 4)."""
    reference = np.asarray(reference, np.float32)
    if reference.shape not in ((4,), (length, 4)):
        raise InputError(
            f"the reference has the shape {reference.shape}, and (4,) or ({length}, 4) is needed: the shares "
            "of A, C, G, T, for all positions or for each."
        )
    if not np.isfinite(reference).all():
        raise InputError(
            "the reference has values that are not finite numbers: shares of A, C, G, T are needed."
        )
    # A copy: kernels are compiled anew for arrays that cannot be written.
    return np.array(np.broadcast_to(reference, (length, 4)), order="C")


def values_per_sequence(layers: list) -> int:
    """Return how many values one sequence has in all layers together."""
    return sum(int(np.prod(layer.options["output_shape"])) for layer in layers)
