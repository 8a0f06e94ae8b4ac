"""Pools: of windows, or of all positions. Those of windows have the options width, stride and padding."""

import numpy as np

from dfim.networks.kinds.base import WHOLE, Kind, need_rank, ops
from dfim.networks.kinds.windows import padded, padding_of, spread, window_field, windows

# Values within this share of the largest are taken for the largest, so that rounding does not choose; within
# the array ``tie`` of a pool (channels,) as well, where it has one.
TIE = 1e-6


class _Pool(Kind):
    def shape(self, node, shapes):
        need_rank(shapes[0], 2)
        return windows(node.options, shapes[0][0]), shapes[0][1]

    def field(self, node, fields):
        return window_field(node.options, fields[0], node.options.get("input_shape", (None,))[0])

    def cost(self, node):
        return float(np.prod(node.options["output_shape"]) * node.options["width"])


class MaxPool(_Pool):
    """The largest value of a window; positions that padding adds are not in it."""

    words = "max-pool (any window, stride, padding)"
    nonlinear = True

    def forward(self, node, values):
        return _max(node.options, values[0])

    def back(self, node, multiplier, values, references):
        """Everything goes to the first of the largest values in a window."""
        options, x = node.options, values[0]
        length, width, stride = x.shape[1], options["width"], options.get("stride", 1)
        left, right = padding_of(options, length)
        least, number = _least(node, _max(options, x)), windows(options, length)
        if stride == width and not (left or right):
            whole = _to_first(x[:, : number * width], least, multiplier, width)
            return [padded(whole, 0, length - number * width)]
        total = 0.0
        for tap, share in enumerate(_taps(padded(x, left, right, -np.inf), least, multiplier, width, stride)):
            part = spread(share, stride)
            total = total + padded(part, tap - left, length + left - tap - part.shape[1])
        return [total]


def _taps(x, least, multiplier, width: int, stride: int) -> list:
    """Return for each position of a window the multipliers of those windows whose first maximum it is."""
    span = stride * (least.shape[1] - 1) + 1
    rest, nothing, shares = multiplier * ops.ones_like(least), ops.zeros_like(least), []
    for tap in range(width):
        hit = x[:, tap : tap + span : stride] >= least
        shares.append(ops.where(hit, rest, nothing))
        rest = ops.where(hit, nothing, rest)
    return shares


def _max(options: dict, x):
    left, right = padding_of(options, x.shape[1])
    same = padding_of(options | {"padding": "same"}, x.shape[1])
    width, stride = options["width"], options.get("stride", 1)
    if (left, right) == same and (left or right):
        return ops.max_pool(x, width, stride, "same")
    return ops.max_pool(padded(x, left, right, -np.inf), width, stride, "valid")


def _least(node, top):
    """Return the least value that is taken for the largest; ``tie``: see :mod:`dfim.attribution.ties`."""
    share = TIE * ops.abs(top)
    return top - (ops.maximum(share, node.arrays["tie"]) if "tie" in node.arrays else share)


def _to_first(x, least, multiplier, width: int):
    """Return multipliers of windows side by side, each at the first of the largest values of its window."""
    n, positions, channels = ops.shape(x)[0], x.shape[1], x.shape[2]
    parts = ops.reshape(x, [n, positions // width, width, channels])
    # The earlier, the higher.
    places = ops.cast(np.arange(width, 0, -1)[:, None], x.dtype)
    ranks = ops.where(parts >= least[:, :, None], places, ops.zeros_like(parts))
    first = ranks == ops.max(ranks, axis=2, keepdims=True)
    whole = ops.where(first, multiplier[:, :, None], ops.zeros_like(parts))
    return ops.reshape(whole, [n, positions, channels])


class AveragePool(_Pool):
    """The mean of a window. Option ``padding_counts`` (False): whether what padding adds counts as zeros."""

    words = "average pool (any window, stride, padding)"

    def forward(self, node, values):
        options, x = node.options, values[0]
        left, right = padding_of(options, x.shape[1])
        x = padded(x, left, right)
        sums = ops.average_pool(x, options["width"], options.get("stride", 1), "valid")
        if not (left or right):
            return sums
        return sums * ops.cast(self._correction(options, node), sums.dtype)

    def _correction(self, options, node) -> np.ndarray:
        """Return width over the number of positions that count, (windows, 1)."""
        length, width, stride = options["input_shape"][0], options["width"], options.get("stride", 1)
        left, _ = padding_of(options, length)
        if options.get("padding_counts", False):
            return np.ones((1, 1), np.float32)
        starts = np.arange(options["output_shape"][0]) * stride - left
        counts = np.minimum(starts + width, length) - np.maximum(starts, 0)
        return (width / counts)[:, None].astype(np.float32)

    def back(self, node, multiplier, values, references):
        options = node.options
        length, width, stride = options["input_shape"][0], options["width"], options.get("stride", 1)
        left, right = padding_of(options, length)
        share = multiplier / width
        if left or right:
            share = share * ops.cast(self._correction(options, node), share.dtype)
        if stride == width:
            whole = ops.repeat(share, width, axis=1)
            return [padded(whole, -left, length + left - whole.shape[1])]
        part, total = spread(share, stride), 0.0
        for tap in range(width):
            total = total + padded(part, tap - left, length + left - tap - part.shape[1])
        return [total]


class _GlobalPool(Kind):
    def shape(self, node, shapes):
        need_rank(shapes[0], 2)
        return (shapes[0][1],)

    def field(self, node, fields):
        return WHOLE

    def positions(self, node, axes):
        return None

    def cost(self, node):
        return float(np.prod(node.options["input_shape"]))


class GlobalMaxPool(_GlobalPool):
    words = "global max-pool"
    nonlinear = True

    def forward(self, node, values):
        return ops.max(values[0], axis=1)

    def back(self, node, multiplier, values, references):
        x = values[0]
        least = _least(node, ops.max(x, axis=1, keepdims=True))
        return [_to_first(x, least, multiplier[:, None], x.shape[1])]


class GlobalAveragePool(_GlobalPool):
    words = "global average pool"

    def forward(self, node, values):
        return ops.mean(values[0], axis=1)

    def back(self, node, multiplier, values, references):
        length = node.options["input_shape"][0]
        return [ops.repeat(multiplier[:, None] / length, length, axis=1)]


class GlobalSumPool(_GlobalPool):
    words = "sum over the positions"

    def forward(self, node, values):
        return ops.sum(values[0], axis=1)

    def back(self, node, multiplier, values, references):
        return [ops.repeat(multiplier[:, None], node.options["input_shape"][0], axis=1)]


class Profile(_GlobalPool):
    """The scalar of a profile's logits (BPNet, Avsec et al. 2021): logits less their mean, weighted by their
    softmax over the positions, which is held constant; one for each channel."""

    words = "profile: logits less their mean, weighted by their own softmax"
    nonlinear = True

    def forward(self, node, values):
        x = values[0]
        return ops.sum(ops.softmax(x, axis=1) * (x - ops.mean(x, axis=1, keepdims=True)), axis=1)

    def back(self, node, multiplier, values, references):
        weights = ops.softmax(values[0], axis=1)
        return [multiplier[:, None] * (weights - ops.mean(weights, axis=1, keepdims=True))]

    def change(self, values, references):
        """Return by how much the scalar changes with the weights of ``values`` for both."""
        difference = values[0] - references[0]
        weights = ops.softmax(values[0], axis=1)
        return ops.sum(weights * (difference - ops.mean(difference, axis=1, keepdims=True)), axis=1)
