"""What TensorFlow computes on: its threads, the GPU if there is one, and the memory there."""

import os

import tensorflow as tf

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


def _gpu_limit() -> int:
    """Return the bytes that TensorFlow may take on the first GPU, those in use included."""
    # The public interface tells what is in use, and only this module what there is.
    from tensorflow.python.client import device_lib

    return next(d.memory_limit for d in device_lib.list_local_devices() if d.device_type == "GPU")
