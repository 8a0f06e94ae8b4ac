"""TensorFlow 2: the default."""

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec

import numpy as np
import tensorflow as tf

from dfim.backends.base import Backend
from dfim.gpu import Seen, driver_is_there


class TensorFlow(Backend):
    """Graphs of TensorFlow's own kernels on a CPU, of XLA's on a GPU.

    XLA makes one kernel of many small steps. That pays on a GPU; on a CPU its convolutions are slower than
    TensorFlow's own. It compiles once for every number of sequences.
    """

    def compiled(
        self, function: Callable, length: int, dtype: str = "float32", with_task: bool = False
    ) -> Callable[..., np.ndarray]:
        specification = [tf.TensorSpec([None, length, 4], dtype)]
        if with_task:
            specification.append(tf.TensorSpec([], tf.int32))
        graph = tf.function(
            function,
            input_signature=specification,
            jit_compile=self.compiles_every_size,
            autograph=False,
        )
        return lambda x, *task: graph(x, *map(np.int32, task)).numpy()

    @property
    def compiles_every_size(self) -> bool:
        return self.first_gpu() is not None

    def set_threads(self, threads: int | None) -> None:
        """Limit the threads, which TensorFlow allows only before its first computation in a process."""
        if threads is None or threads == self._threads():
            return
        try:
            tf.config.threading.set_intra_op_parallelism_threads(threads)
            tf.config.threading.set_inter_op_parallelism_threads(threads)
        except RuntimeError:
            # Something was computed before: TensorFlow keeps the threads that it has.
            return

    def keep_all_bits(self, dtype: str) -> None:
        """Keep GPUs from rounding the factors of products to 10 bits, which differences cannot bear."""
        if self.first_gpu() is not None:
            tf.config.experimental.enable_tensor_float_32_execution(False)

    def first_gpu(self):
        return next(iter(tf.config.list_physical_devices("GPU")), None)

    def seen(self) -> Seen:
        return Seen(
            gpus=len(tf.config.list_physical_devices("GPU")),
            built_for_gpus=tf.test.is_built_with_gpu_support(),
            driver=driver_is_there(),
            packages=find_spec("nvidia") is not None and find_spec("nvidia.cudnn") is not None,
            framework="TensorFlow",
            install="run 'bash envs/install.sh --gpu'",
        )

    def with_bias(self, x, bias):
        return tf.nn.bias_add(x, bias)

    def _gpu_name(self, gpu) -> str:
        return tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name)

    def _gpu_memory(self, gpu) -> int:
        return _gpu_limit() - tf.config.experimental.get_memory_info("GPU:0")["current"]

    def _threads(self) -> int | None:
        return tf.config.threading.get_intra_op_parallelism_threads()


@cache
def _gpu_limit() -> int:
    """Return the bytes that TensorFlow may take on the first GPU, those in use included.

    Asked once: as soon as TensorFlow has something on the GPU it holds nearly all of its memory, and what it
    holds it would count as taken.
    """
    # The public interface tells what is in use, and only this module what there is.
    from tensorflow.python.client import device_lib

    return next(d.memory_limit for d in device_lib.list_local_devices() if d.device_type == "GPU")
