"""Kinds made of products, quotients and functions of sums: their rule is that of their parts."""

from dfim.networks.kinds.base import WHOLE, Kind, ShapeError, ops


class Softmax(Kind):
    """Over the last axis: exponentials, their sum, and their product with its reciprocal."""

    words = "softmax inside a network"
    nonlinear = True

    def forward(self, node, values):
        return ops.softmax(values[0], axis=-1)

    def back(self, node, multiplier, values, references):
        z, z0 = values[0], values[0] if references is None else references[0]
        # One constant for both, so that the exponentials keep their ratio and none overflows.
        top = ops.maximum(ops.max(z, axis=-1, keepdims=True), ops.max(z0, axis=-1, keepdims=True))
        e, e0 = ops.exp(z - top), ops.exp(z0 - top)
        s, s0 = (ops.maximum(ops.sum(part, axis=-1, keepdims=True), 1e-30) for part in (e, e0))
        of_reciprocal = ops.sum(multiplier * (e + e0) / 2, axis=-1, keepdims=True)
        of_exponential = multiplier * (1 / s + 1 / s0) / 2 - of_reciprocal / (s * s0)
        change = z - z0
        near = ops.abs(change) < 1e-7
        slope = ops.where(near, e, (e - e0) / ops.where(near, ops.ones_like(change), change))
        return [of_exponential * slope]

    def field(self, node, fields):
        return _over_the_last(node, fields)

    def size(self, node, sizes):
        return 1.0


class LayerNormalisation(Kind):
    """Over the last axis: ``gamma``, ``beta`` (channels), ``epsilon``; (x − mean) / √(variance + epsilon)."""

    words = "layer normalisation over the channels"
    nonlinear = True

    def shape(self, node, shapes):
        channels = node.arrays["gamma"].shape[0]
        if shapes[0][-1] != channels:
            raise ShapeError(f"its last axis has {shapes[0][-1]} values, and the weights are for {channels}")
        return shapes[0]

    def forward(self, node, values):
        centred, deviation = self._parts(node, values[0])
        return centred / deviation * node.arrays["gamma"] + node.arrays["beta"]

    @staticmethod
    def _parts(node, x):
        centred = x - ops.mean(x, axis=-1, keepdims=True)
        variance = ops.mean(centred * centred, axis=-1, keepdims=True)
        return centred, ops.sqrt(variance + node.arrays["epsilon"])

    def back(self, node, multiplier, values, references):
        c, d = self._parts(node, values[0])
        c0, d0 = (c, d) if references is None else self._parts(node, references[0])
        multiplier = multiplier * node.arrays["gamma"]
        of_reciprocal = ops.sum(multiplier * (c + c0) / 2, axis=-1, keepdims=True)
        # (1/d − 1/d0) over (d² − d0²), and the square's slope c + c0.
        of_variance = -of_reciprocal / (d * d0 * (d + d0))
        of_centred = multiplier * (1 / d + 1 / d0) / 2 + of_variance * (c + c0) / c.shape[-1]
        return [of_centred - ops.mean(of_centred, axis=-1, keepdims=True)]

    def field(self, node, fields):
        return _over_the_last(node, fields)


def _over_the_last(node, fields):
    """Return what positions see of a function of the last axis: of units, it is one of all of them."""
    return WHOLE if len(node.options["output_shape"]) == 1 else fields[0]
