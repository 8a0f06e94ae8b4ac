"""Simplified layers in TensorFlow, from the input to the logits."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import tensorflow as tf

from dfim.attribution.pooling import max_pool


def with_tensors(layers: Sequence, dtype: str = "float32") -> list:
    """Return the layers with their arrays as tensors, which compiled functions share instead of copying."""
    return [
        replace(layer, arrays={name: tf.constant(np.asarray(a, dtype)) for name, a in layer.arrays.items()})
        for layer in layers
    ]


def forward(layers: Sequence, x: tf.Tensor) -> tf.Tensor:
    """Return what the layers, as :func:`with_tensors` gives them, make of ``x`` (sequences, length, 4)."""
    for layer in layers:
        x = apply_layer(layer, x)
    return x


def apply_layer(layer, x: tf.Tensor) -> tf.Tensor:
    """Return the output of one layer, first axis the sequences."""
    return _LAYERS[layer.kind](layer, x)


def _convolution(layer, x):
    options = layer.options
    z = tf.nn.conv1d(x, layer.arrays["kernel"], options["stride"], options["padding"].upper())
    return tf.nn.bias_add(z, layer.arrays["bias"])


def _average_pool(layer, x):
    options = layer.options
    return tf.nn.avg_pool1d(x, options["width"], options["stride"], options["padding"].upper())


def _global_max_pool(layer, x):
    length = x.shape[1]
    whole = {"width": length, "stride": length, "padding": "valid"}
    return max_pool(whole, x, layer.arrays["tie"])[:, 0]


def _batch_normalisation(layer, x):
    return tf.nn.batch_normalization(
        x, *(layer.arrays[name] for name in ("mean", "variance", "beta", "gamma", "epsilon"))
    )


_LAYERS = {
    "convolution": _convolution,
    "dense": lambda layer, x: tf.nn.bias_add(x @ layer.arrays["kernel"], layer.arrays["bias"]),
    "batch_normalisation": _batch_normalisation,
    "relu": lambda layer, x: tf.nn.relu(x),
    "sigmoid": lambda layer, x: tf.sigmoid(x),
    "max_pool": lambda layer, x: max_pool(layer.options, x, layer.arrays["tie"]),
    "average_pool": _average_pool,
    "global_max_pool": _global_max_pool,
    "global_average_pool": lambda layer, x: tf.reduce_mean(x, axis=1),
    "flatten": lambda layer, x: tf.reshape(x, [tf.shape(x)[0], np.prod(x.shape[1:])]),
}
