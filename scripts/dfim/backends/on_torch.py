"""PyTorch: step after step, nothing is compiled."""

import os
import sys
from collections.abc import Callable

import numpy as np
import torch

from dfim.backends.base import Backend, let_keras_keep_64_bits
from dfim.gpu import Seen, driver_is_there


class Torch(Backend):
    """PyTorch's own kernels, on a GPU of CUDA or ROCm where it sees one."""

    def __init__(self):
        # Keras would choose by itself, other devices too, or by this variable of a user.
        self._device = "cpu" if self.first_gpu() is None else "cuda"
        os.environ["KERAS_TORCH_DEVICE"] = self._device

    def compiled(
        self, function: Callable, length: int, dtype: str = "float32", with_task: bool = False
    ) -> Callable[..., np.ndarray]:
        kind = getattr(torch, dtype)

        def run(x, *task):
            with torch.inference_mode():
                tensor = torch.tensor(x, dtype=kind, device=self._device)
                return function(tensor, *map(int, task)).cpu().numpy()

        return run

    def set_threads(self, threads: int | None) -> None:
        if threads is not None:
            torch.set_num_threads(threads)

    def keep_all_bits(self, dtype: str) -> None:
        """Keep GPUs from rounding the factors of products to 10 bits, which differences cannot bear."""
        torch.set_float32_matmul_precision("highest")
        torch.backends.cudnn.allow_tf32 = False
        if dtype == "float64":
            let_keras_keep_64_bits()

    def first_gpu(self):
        return 0 if torch.cuda.device_count() else None

    def seen(self) -> Seen:
        return Seen(
            gpus=torch.cuda.device_count(),
            built_for_gpus=torch.version.cuda is not None or torch.version.hip is not None,
            driver=driver_is_there(),
            packages=True,  # they come with it
            framework="PyTorch",
            install=f"run '{sys.executable} -m pip install --force-reinstall torch'",
        )

    def _gpu_name(self, gpu) -> str:
        return torch.cuda.get_device_name(gpu)

    def _gpu_memory(self, gpu) -> int:
        # What it holds and does not use it takes again.
        held = torch.cuda.memory_reserved(gpu) - torch.cuda.memory_allocated(gpu)
        return torch.cuda.mem_get_info(gpu)[0] + held

    def _threads(self) -> int | None:
        return torch.get_num_threads()
