"""What TensorFlow computes on: its threads, the GPU if there is one, and the memory there."""

import os
from functools import cache
from importlib.util import find_spec

import tensorflow as tf

from dfim.gpu import Seen, driver_is_there
from dfim.memory import available_memory


def set_threads(threads: int | None) -> None:
    """Limit TensorFlow's threads, which it allows only before its first computation in a process."""
    if threads is None or threads == tf.config.threading.get_intra_op_parallelism_threads():
        return
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    except RuntimeError:
        # Something was computed before: TensorFlow keeps the threads that it has.
        return


def first_gpu():
    """Return the GPU that TensorFlow uses by itself, or None."""
    return next(iter(tf.config.list_physical_devices("GPU")), None)


def seen() -> Seen:
    """Return the GPUs that TensorFlow sees, and whether it has what it needs to see one."""
    return Seen(
        gpus=len(tf.config.list_physical_devices("GPU")),
        built_for_gpus=tf.test.is_built_with_gpu_support(),
        driver=driver_is_there(),
        packages=find_spec("nvidia") is not None and find_spec("nvidia.cudnn") is not None,
    )


def compute_in_full_precision() -> None:
    """Keep GPUs from rounding the factors of products to 10 bits, which differences of scores cannot bear."""
    tf.config.experimental.enable_tensor_float_32_execution(False)


def device_name() -> str:
    """Return the device in words: ``GPU NVIDIA A100`` or ``2 CPU cores``."""
    if gpu := first_gpu():
        return f"GPU {tf.config.experimental.get_device_details(gpu).get('device_name', gpu.name)}"
    cores = tf.config.threading.get_intra_op_parallelism_threads() or len(os.sched_getaffinity(0))
    return "1 CPU core" if cores == 1 else f"{cores} CPU cores"


def device_memory() -> int:
    """Return the bytes that TensorFlow may still take: on the GPU where there is one, else of main memory."""
    if first_gpu() is None:
        return available_memory()
    return _gpu_limit() - tf.config.experimental.get_memory_info("GPU:0")["current"]


@cache
def _gpu_limit() -> int:
    """Return the bytes that TensorFlow may take on the first GPU, those in use included.

    Asked once: as soon as TensorFlow has something on the GPU it holds nearly all of its memory, and what it
    holds it would count as taken.
    """
    # The public interface tells what is in use, and only this module what there is.
    from tensorflow.python.client import device_lib

    return next(d.memory_limit for d in device_lib.list_local_devices() if d.device_type == "GPU")
