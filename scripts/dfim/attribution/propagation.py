"""DeepLIFT layer by layer: what each kind of layer does to sequences on the way up, and to multipliers down.

A multiplier says by how much a task's logit changes for each unit by which a value differs from what it is
for the reference; multiplier · difference is a contribution. The rules are those of Shrikumar et al. 2017
as the deeplift package computes them. There, positive and negative parts of a difference may have multipliers
of their own, but only between an activation and the linear layer before it: those two are one layer here, so
that everywhere else one multiplier is enough.

Of the multipliers of a whole layer, those of a linear function of the logits are the same for all sequences;
they are kept once, with a first axis of 1, for as long as they are.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import tensorflow as tf

from dfim.attribution.compiled import FULL
from dfim.attribution.forward import apply_layer, forward
from dfim.attribution.pooling import route
from dfim.attribution.rules import rule_after

# Differences below this are taken for none, and RevealCancel adds it to parts below half of it.
NEAR_ZERO = 1e-7


class Network:
    """A network with what its layers hold for the reference, which is evaluated once.

    ``layers`` as :func:`dfim.attribution.simplification.simplify` gives, with tensors; ``reference`` has the
    shape (length, 4); ``rule`` is one of :data:`dfim.attribution.rules.RULES`.
    """

    def __init__(self, layers: Sequence, reference: np.ndarray, rule: str):
        *body, head = layers
        self._weights = head.arrays["kernel"]
        # As many copies as make its rounding errors those of the sequences, which then cancel.
        x = tf.constant(np.repeat(reference[None], FULL, axis=0), self._weights.dtype)
        self._reference, self._layers = x[:1], []
        for group in _groups(body):
            self._layers.append(_layer(group, rule, x))
            x = forward(group, x)

    def contributions(self, x: tf.Tensor, task: tf.Tensor) -> tf.Tensor:
        """Return multiplier × (x − reference) of one task's logit, shape of ``x``."""
        value, kept = x, []
        for layer in self._layers:
            value, memory = layer.up(value)
            kept.append(memory)
        multiplier = tf.gather(self._weights, task, axis=1)[None]
        for layer, memory in zip(reversed(self._layers), reversed(kept), strict=True):
            multiplier = layer.down(multiplier, *memory)
        return multiplier * (x - self._reference)


def _groups(layers: list) -> list[list]:
    """Return the layers one by one, but activations together with the linear layer before them."""
    groups = []
    for layer in layers:
        if layer.kind in _SLOPES:
            groups[-1].append(layer)
        else:
            groups.append([layer])
    return groups


def _layer(group: list, rule: str, reference: tf.Tensor):
    """Return the layer that a group is; ``reference`` is what reaches it for copies of the reference."""
    first, *activation = group
    if activation:
        kinds = {"rescale": _Rescale, "reveal_cancel": _RevealCancel}
        return kinds[rule_after(first.kind, rule)](first, activation[0], reference)
    return _KINDS[first.kind](first)


# ----------------------------------------------------------------------------------- without activation


class _Linear:
    """A convolution or a dense layer; ``layer`` may have other arrays than the network's."""

    def __init__(self, layer):
        self.layer = layer

    def up(self, x):
        return apply_layer(self.layer, x), ()

    def down(self, multiplier):
        kernel, options = self.layer.arrays["kernel"], self.layer.options
        if self.layer.kind == "dense":
            return tf.matmul(multiplier, kernel, transpose_b=True)
        # The way back of a convolution: what the padding would receive is left out.
        shape = [tf.shape(multiplier)[0], *options["input_shape"]]
        return tf.nn.conv1d_transpose(
            multiplier, kernel, shape, options["stride"], options["padding"].upper()
        )


class _BatchNormalisation:
    def __init__(self, layer):
        self.layer = layer
        arrays = layer.arrays
        self._scale = arrays["gamma"] / tf.sqrt(arrays["variance"] + arrays["epsilon"])

    def up(self, x):
        return apply_layer(self.layer, x), ()

    def down(self, multiplier):
        return multiplier * self._scale


class _Flatten:
    def __init__(self, layer):
        self.layer = layer

    def up(self, x):
        return apply_layer(self.layer, x), ()

    def down(self, multiplier):
        return tf.reshape(multiplier, [tf.shape(multiplier)[0], *self.layer.options["input_shape"]])


class _Pool:
    """A pool of windows, or of all positions, which is one window."""

    def __init__(self, layer):
        length = layer.options["input_shape"][0]
        self._global = layer.kind.startswith("global")
        if self._global:
            whole = {"width": length, "stride": length, "padding": "valid"}
            layer = replace(layer, kind=layer.kind.removeprefix("global_"), options=layer.options | whole)
        self.layer = layer
        options = layer.options
        self._windows = {
            "ksize": [1, 1, options["width"], 1],
            "strides": [1, 1, options["stride"], 1],
            "padding": options["padding"].upper(),
        }

    def _out(self, y):
        """Return what the next layer gets: no axis of positions after a pool of all of them."""
        return y[:, 0] if self._global else y

    def _back(self, multiplier):
        return multiplier[:, None] if self._global else multiplier


class _MaxPool(_Pool):
    """Everything goes to the first of the largest values of ``x`` in a window (:mod:`.pooling`)."""

    def up(self, x):
        y = apply_layer(self.layer, x)
        return self._out(y), (x, y)

    def down(self, multiplier, x, y):
        multiplier = tf.broadcast_to(self._back(multiplier), tf.shape(y))
        return route(self.layer.options, x, y, multiplier, self.layer.arrays["tie"])


class _AveragePool(_Pool):
    """Equal shares for the positions of a window that exist."""

    def up(self, x):
        return self._out(apply_layer(self.layer, x)), ()

    def down(self, multiplier):
        multiplier = self._back(multiplier)
        length, channels = self.layer.options["input_shape"]
        shape = [tf.shape(multiplier)[0], 1, length, channels]
        return tf.raw_ops.AvgPoolGrad(orig_input_shape=shape, grad=multiplier[:, None], **self._windows)[:, 0]


_KINDS = {
    "convolution": _Linear,
    "dense": _Linear,
    "batch_normalisation": _BatchNormalisation,
    "flatten": _Flatten,
    "max_pool": _MaxPool,
    "global_max_pool": _MaxPool,
    "average_pool": _AveragePool,
    "global_average_pool": _AveragePool,
}


# -------------------------------------------------------------------------------------- with activation


def _relu_slope(start, change):
    """Return (r(start + change) − r(start)) / change, as a share, so that nothing cancels."""
    return tf.clip_by_value(tf.maximum(start, start + change) / tf.abs(change), 0, 1)


def _sigmoid_slope(start, change):
    return (tf.sigmoid(start + change) - tf.sigmoid(start)) / change


def _relu_gradient(z):
    return tf.cast(z > 0, z.dtype)


def _sigmoid_gradient(z):
    return tf.sigmoid(z) * (1 - tf.sigmoid(z))


_SLOPES = {"relu": _relu_slope, "sigmoid": _sigmoid_slope}
_GRADIENTS = {"relu": _relu_gradient, "sigmoid": _sigmoid_gradient}


class _Rescale:
    """A linear layer and an activation: the multiplier is scaled by output change over input change."""

    def __init__(self, linear, activation, reference):
        self._linear, self._activation = _Linear(linear), activation
        self._start = apply_layer(linear, reference)[:1]
        self._gradient = _GRADIENTS[activation.kind](self._start)

    def up(self, x):
        z, _ = self._linear.up(x)
        return apply_layer(self._activation, z), (z,)

    def down(self, multiplier, z):
        change = z - self._start
        slope = _SLOPES[self._activation.kind](self._start, change)
        slope = tf.where(tf.abs(change) < NEAR_ZERO, self._gradient, slope)
        return self._linear.down(multiplier * slope)


class _RevealCancel:
    """A linear layer and an activation: positive and negative terms of the sum have multipliers apart.

    With d = x − reference and p, n the sums of the positive and the negative terms of d · kernel,
    p − n = |d| · |kernel| and p + n is the change of the sum: two products tell both, and two take the
    multipliers back.
    """

    def __init__(self, linear, activation, reference):
        self._linear, self._activation = _Linear(linear), activation
        arrays = {"kernel": tf.abs(linear.arrays["kernel"]), "bias": tf.zeros_like(linear.arrays["bias"])}
        self._absolute = _Linear(replace(linear, arrays=arrays))
        self._reference, self._start = reference[:1], apply_layer(linear, reference)[:1]

    def up(self, x):
        z, _ = self._linear.up(x)
        return apply_layer(self._activation, z), (x, z)

    def down(self, multiplier, x, z):
        difference = x - self._reference
        change, size = z - self._start, self._absolute.up(tf.abs(difference))[0]
        positive, negative = self._factors(_away_from_zero(change + size), _away_from_zero(change - size))
        equal = self._linear.down(multiplier * (positive + negative) / 2)
        return equal + tf.sign(difference) * self._absolute.down(multiplier * (positive - negative) / 2)

    def _factors(self, p, n):
        """Return output change over input change for the positive terms and for the negative ones."""
        slope, start = _SLOPES[self._activation.kind], self._start
        positive = (slope(start, p) + slope(start + n, p)) / 2
        negative = (slope(start, n) + slope(start + p, n)) / 2
        return positive, negative


def _away_from_zero(doubled):
    part = doubled / 2
    pseudocount = tf.where(part < 0, -NEAR_ZERO, NEAR_ZERO)
    return part + tf.where(tf.abs(part) < NEAR_ZERO / 2, tf.cast(pseudocount, part.dtype), 0)
