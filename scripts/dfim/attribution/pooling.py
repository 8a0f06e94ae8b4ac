"""Max pools on the way back: everything goes to the first of the largest values of a window."""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from dfim.attribution.ties import TIE


def max_pool(options: Mapping, x: tf.Tensor, tie: tf.Tensor) -> tf.Tensor:
    """Return the maxima of the windows of ``x`` (sequences, positions, channels), with a gradient of our own.

    ``options`` has ``width``, ``stride`` and ``padding`` (same or valid). The gradient is that of
    :func:`route`.
    """

    @tf.custom_gradient
    def pooled(x):
        y = tf.nn.max_pool1d(x, options["width"], options["stride"], options["padding"].upper())
        return y, lambda gradient: route(options, x, y, gradient, tie)

    return pooled(x)


def route(options: Mapping, x: tf.Tensor, y: tf.Tensor, multiplier: tf.Tensor, tie: tf.Tensor) -> tf.Tensor:
    """Return what the multipliers of maxima ``y`` bring to each position of ``x``, of the shape of ``x``.

    The whole multiplier goes to the first of the values that are equal to the maximum; ``tie`` (channels,)
    is that of :func:`dfim.attribution.ties.with_ties`.
    """
    length, places = x.shape[1], _places(options, x.shape[1])
    least = (y - tf.maximum(TIE * tf.abs(y), tf.cast(tie, y.dtype)))[:, :, None]
    outputs, width = places.shape
    tiled = bool((places.ravel() == np.arange(places.size)).all())
    if tiled:
        windows = tf.reshape(x[:, : places.size], [-1, outputs, width, x.shape[2]])
        near = windows >= least
    else:
        windows = tf.gather(x, np.maximum(places, 0), axis=1)
        near = (windows >= least) & (places >= 0)[None, :, :, None]
    first = tf.one_hot(tf.argmax(tf.cast(near, tf.int32), axis=2), width, axis=2, dtype=x.dtype)
    shares = first * multiplier[:, :, None]
    if tiled:
        flat = tf.reshape(shares, [tf.shape(x)[0], places.size, x.shape[2]])
        return tf.pad(flat, [[0, 0], [0, length - places.size], [0, 0]])
    by_place = tf.reshape(tf.transpose(shares, [1, 2, 0, 3]), [places.size, tf.shape(x)[0] * x.shape[2]])
    summed = tf.math.unsorted_segment_sum(by_place, places.ravel(), length)
    return tf.transpose(tf.reshape(summed, [length, tf.shape(x)[0], x.shape[2]]), [1, 0, 2])


def _places(options: Mapping, length: int) -> np.ndarray:
    """Return the positions of each window, int32 (outputs, width); -1 for those that padding adds."""
    width, stride = options["width"], options["stride"]
    if options["padding"] == "same":
        outputs = -(-length // stride)
        left = max((outputs - 1) * stride + width - length, 0) // 2
    else:
        outputs, left = (length - width) // stride + 1, 0
    places = np.arange(outputs)[:, None] * stride - left + np.arange(width)
    return np.where((places >= 0) & (places < length), places, -1).astype(np.int32)
