"""Gradient × input: the saliency scores of the supplement's figures 2C, 2D and 3."""

import numpy as np

from dfim.attribution.scorer import Scorer


class GradientInput(Scorer):
    """Gradient of the logit at the sequence, times the sequence; the reference is 0, whatever was given."""

    def __init__(self, layers: list, reference, **options):
        super().__init__(layers, reference, **options)
        self.reference = np.zeros_like(self.reference)
        self._functions = _compile(self.layers, self.threads)

    def _contributions(self, x: np.ndarray, task: int) -> np.ndarray:
        return self._functions["contributions"](x, np.int32(task)).numpy()

    def _logits(self, x: np.ndarray) -> np.ndarray:
        return self._functions["logits"](x).numpy()


def _compile(layers: list, threads: int | None) -> dict:
    """Return the compiled functions ``logits(x)`` and ``contributions(x, task)``."""
    import tensorflow as tf

    _set_threads(tf, threads)
    sequences = tf.TensorSpec([None, None, 4], tf.float32)

    @tf.function(input_signature=[sequences])
    def logits(x):
        return _forward(tf, layers, x)

    @tf.function(input_signature=[sequences, tf.TensorSpec([], tf.int32)])
    def contributions(x, task):
        with tf.GradientTape() as tape:
            tape.watch(x)
            # The logit of a sequence depends on that sequence alone, so the sum's gradient is each one's own.
            total = tf.reduce_sum(tf.gather(_forward(tf, layers, x), task, axis=1))
        return x * tape.gradient(total, x)

    return {"logits": logits, "contributions": contributions}


def _set_threads(tf, threads: int | None) -> None:
    """Limit TensorFlow's threads, which it allows only before its first computation in a process."""
    if threads is None or threads == tf.config.threading.get_intra_op_parallelism_threads():
        return
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    except RuntimeError:
        # Something was computed before: TensorFlow keeps the threads that it has.
        return


def _forward(tf, layers: list, x):
    for layer in layers:
        x = _FORWARD[layer.kind](tf, layer, x)
    return x


def _convolution(tf, layer, x):
    options = layer.options
    return (
        tf.nn.conv1d(x, layer.arrays["kernel"], options["stride"], options["padding"].upper())
        + layer.arrays["bias"]
    )


def _pool(tf, layer, x):
    pool = tf.nn.max_pool1d if layer.kind == "max_pool" else tf.nn.avg_pool1d
    return pool(x, layer.options["width"], layer.options["stride"], layer.options["padding"].upper())


def _batch_normalisation(tf, layer, x):
    names = ("mean", "variance", "beta", "gamma", "epsilon")
    return tf.nn.batch_normalization(x, *(np.float32(layer.arrays[name]) for name in names))


_FORWARD = {
    "convolution": _convolution,
    "dense": lambda tf, layer, x: x @ layer.arrays["kernel"] + layer.arrays["bias"],
    "batch_normalisation": _batch_normalisation,
    "relu": lambda tf, layer, x: tf.nn.relu(x),
    "sigmoid": lambda tf, layer, x: tf.sigmoid(x),
    "max_pool": _pool,
    "average_pool": _pool,
    "global_max_pool": lambda tf, layer, x: tf.reduce_max(x, axis=1),
    "global_average_pool": lambda tf, layer, x: tf.reduce_mean(x, axis=1),
    "flatten": lambda tf, layer, x: tf.reshape(x, [tf.shape(x)[0], -1]),
}
