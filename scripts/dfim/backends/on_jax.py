"""JAX: everything is compiled by XLA, on a CPU too."""

import os
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from importlib.util import find_spec

import jax
import numpy as np

from dfim.backends.base import Backend, let_keras_keep_64_bits
from dfim.gpu import Seen, driver_is_there


class Jax(Backend):
    """One function of XLA for every number of sequences."""

    def __init__(self):
        self._limit: int | None = None
        self._started = False

    def compiled(
        self, function: Callable, length: int, dtype: str = "float32", with_task: bool = False
    ) -> Callable[..., np.ndarray]:
        traced = jax.jit(function)
        return lambda x, *task: np.asarray(traced(np.asarray(x, dtype), *map(np.int32, task)))

    @property
    def compiles_every_size(self) -> bool:
        return True

    def set_threads(self, threads: int | None) -> None:
        """Limit the threads, of which XLA starts as many as ``NPROC`` says when it is first used."""
        if threads is not None and not self._started and "keras" not in sys.modules:
            os.environ["NPROC"] = str(threads)
            self._limit = threads

    def keep_all_bits(self, dtype: str) -> None:
        """Keep GPUs from rounding the factors of products, and, for float64, all from halving values."""
        jax.config.update("jax_default_matmul_precision", "highest")
        if dtype == "float64":  # numbers of 32 bits stay as they are
            jax.config.update("jax_enable_x64", True)
            let_keras_keep_64_bits()

    def first_gpu(self):
        return next(iter(self._gpus()), None)

    def _gpus(self) -> list:
        self._started = True
        try:
            return jax.devices("gpu")
        except RuntimeError:  # it knows no such platform
            return []

    def seen(self) -> Seen:
        plugin = find_spec("jax_plugins") is not None or bool(entry_points(group="jax_plugins"))
        return Seen(
            gpus=len(self._gpus()),
            built_for_gpus=plugin,
            driver=driver_is_there(),
            packages=True,  # the plugin asks for them
            framework="JAX",
            install=f"run '{sys.executable} -m pip install \"jax[cuda12]\"'",
        )

    def _gpu_name(self, gpu) -> str:
        return gpu.device_kind

    def _gpu_memory(self, gpu) -> int:
        memory = gpu.memory_stats()
        return memory["bytes_limit"] - memory["bytes_in_use"]

    def _threads(self) -> int | None:
        return self._limit
