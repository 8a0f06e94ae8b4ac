"""What scorers ask of a backend."""

import importlib
import os
from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np

from dfim.gpu import Seen
from dfim.memory import available_memory

# TensorFlow's convolutions on a CPU choose another algorithm, with three times the rounding error, for some
# odd numbers of sequences: enough to send many a multiplier to the wrong one of two nearly equal maxima.
FULL = 8


def let_keras_keep_64_bits() -> None:
    """Stop Keras from halving numbers of 64 bits, as it does with other backends than TensorFlow."""
    dtypes = importlib.import_module("keras.src.backend.common.dtypes")
    dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"


class Backend(ABC):
    """Functions of sequences, compiled; and the threads, the GPU and the memory of this process.

    A function takes tensors and is written in ``keras.ops``; ``x`` is an array, (sequences, length, 4). A GPU
    is the first that the framework sees, which it uses by itself.
    """

    @abstractmethod
    def compiled(
        self, function: Callable, length: int, dtype: str = "float32", with_task: bool = False
    ) -> Callable[..., np.ndarray]:
        """Return a function of arrays for one of tensors: of sequences of a length, and of a task's index."""

    @abstractmethod
    def set_threads(self, threads: int | None) -> None:
        """Limit the threads of the process, as far as the framework lets it; None leaves them."""

    @abstractmethod
    def keep_all_bits(self, dtype: str) -> None:
        """Compute in the precision of ``dtype``, in products on a GPU too."""

    @abstractmethod
    def first_gpu(self):
        """Return the GPU that the framework uses by itself, or None."""

    @abstractmethod
    def seen(self) -> Seen:
        """Return the GPUs that the framework sees, and whether it has what it needs to see one."""

    @property
    def compiles_every_size(self) -> bool:
        """Whether a function is compiled anew for every number of sequences."""
        return False

    def filled(self, n: int) -> int:
        """Return the number of sequences that a batch of ``n`` is to be filled up to.

        A power of two where every number is compiled, and else a multiple of :data:`FULL`.
        """
        return 1 << (n - 1).bit_length() if self.compiles_every_size else -(-n // FULL) * FULL

    def largest_batch(self, n: int) -> int:
        """Return the largest number of sequences, up to ``n``, that is not filled up."""
        if self.compiles_every_size:
            return 1 << (n.bit_length() - 1)
        return n // FULL * FULL or n

    def with_bias(self, x, bias):
        """Return x plus a bias on its last axis, in the form that joins with what is before it."""
        return x + bias

    def device_name(self) -> str:
        """Return the device in words: ``GPU NVIDIA A100`` or ``2 CPU cores``."""
        if (gpu := self.first_gpu()) is not None:
            return f"GPU {self._gpu_name(gpu)}"
        cores = self._threads() or len(os.sched_getaffinity(0))
        return "1 CPU core" if cores == 1 else f"{cores} CPU cores"

    def device_memory(self) -> int:
        """Return the bytes that may still be taken: on the GPU where there is one, else of main memory."""
        gpu = self.first_gpu()
        return available_memory() if gpu is None else self._gpu_memory(gpu)

    @abstractmethod
    def _gpu_name(self, gpu) -> str:
        """Return what the maker calls a GPU."""

    @abstractmethod
    def _gpu_memory(self, gpu) -> int:
        """Return the bytes that the framework may still take of a GPU."""

    @abstractmethod
    def _threads(self) -> int | None:
        """Return how many threads compute, None or 0 for one for each core."""
