"""Kinds that only move values."""

import numpy as np

from dfim.networks.kinds.base import WHOLE, Field, Kind, ShapeError, need_rank, ops, summed_to
from dfim.networks.kinds.windows import padded


class Flatten(Kind):
    """Position-major: unit = position · channels + channel."""

    words = "flatten"

    def shape(self, node, shapes):
        return (int(np.prod(shapes[0])),)

    def forward(self, node, values):
        x = values[0]
        return ops.reshape(x, [ops.shape(x)[0], int(np.prod(x.shape[1:]))])

    def size(self, node, sizes):
        return np.resize(sizes[0], node.options["output_shape"][-1]) if self._keeps(node) else sizes[0].max()

    @staticmethod
    def _keeps(node) -> bool:
        """Whether the values of a channel follow one another as before: always position by position."""
        return node.options["output_shape"][-1] % node.options["input_shape"][-1] == 0

    def back(self, node, multiplier, values, references):
        return [ops.reshape(multiplier, [ops.shape(multiplier)[0], *node.options["input_shape"]])]

    def positions(self, node, axes):
        """An axis is still there where one of its size has as many values before it as it had."""
        if axes[0] is None:
            return None
        before, after = node.options["input_shape"], node.options["output_shape"]
        wanted = np.prod(before[: axes[0] - 1]), before[axes[0] - 1]
        found = [(np.prod(after[:axis]), size) for axis, size in enumerate(after)]
        return found.index(wanted) + 1 if wanted in found and len(after) > 1 else None


class Reshape(Flatten):
    """Option ``shape``, without the axis of the examples, -1 for what is left over."""

    words = "reshape, squeeze"

    def shape(self, node, shapes):
        size, target = int(np.prod(shapes[0])), tuple(node.options["shape"])
        known = int(np.prod([n for n in target if n != -1]))
        if target.count(-1) > 1 or size % max(known, 1) or (-1 not in target and known != size):
            raise ShapeError(f"its {size} values do not make the shape {target}")
        return tuple(size // known if n == -1 else n for n in target)

    def forward(self, node, values):
        x = values[0]
        return ops.reshape(x, [ops.shape(x)[0], *node.options["output_shape"]])

    def field(self, node, fields):
        before, after = (_essential(node.options[name]) for name in ("input_shape", "output_shape"))
        # Positions stay positions only where nothing but axes of one is put in or taken out.
        return fields[0] if before == after or len(node.options["output_shape"]) == 1 else WHOLE


def _essential(shape: tuple) -> list[int]:
    return [size for size in shape if size != 1]


class Permute(Kind):
    """Option ``order``: for each axis of the output, from 0, the input's (without the examples)."""

    words = "permutation of axes"

    def shape(self, node, shapes):
        if sorted(node.options["order"]) != list(range(len(shapes[0]))):
            raise ShapeError(f"its shape {shapes[0]} has other axes than {node.options['order']}")
        return tuple(shapes[0][axis] for axis in node.options["order"])

    def forward(self, node, values):
        return ops.transpose(values[0], [0, *(axis + 1 for axis in node.options["order"])])

    def back(self, node, multiplier, values, references):
        return [
            ops.transpose(multiplier, [0, *(int(axis) + 1 for axis in np.argsort(node.options["order"]))])
        ]

    def positions(self, node, axes):
        return axes[0] and node.options["order"].index(axes[0] - 1) + 1

    def size(self, node, sizes):
        last = len(node.options["order"]) - 1
        return sizes[0] if node.options["order"][last] == last else sizes[0].max()

    def field(self, node, fields):
        return WHOLE if list(node.options["order"]) != sorted(node.options["order"]) else fields[0]


class Crop(Kind):
    """Options ``left`` and ``right``: positions taken away."""

    words = "cropping of positions"
    _sign = -1

    def shape(self, node, shapes):
        need_rank(shapes[0], 2)
        positions = shapes[0][0] + self._sign * (node.options["left"] + node.options["right"])
        if positions < 1:
            raise ShapeError(f"no position is left of {shapes[0][0]}: make the sequences longer")
        return (positions, shapes[0][1])

    def forward(self, node, values):
        left, right = (self._sign * node.options[side] for side in ("left", "right"))
        return padded(values[0], left, right)

    def back(self, node, multiplier, values, references):
        left, right = (-self._sign * node.options[side] for side in ("left", "right"))
        return [padded(multiplier, left, right)]

    def field(self, node, fields):
        shift = -self._sign * node.options["left"] * fields[0].step
        return Field(fields[0].step, fields[0].first + shift, fields[0].last + shift)


class ZeroPadding(Crop):
    """Options ``left`` and ``right``: positions of zeros added."""

    words = "padding with positions of zeros"
    _sign = 1


class Slice(Kind):
    """Options ``axis`` (from 1), ``start``, ``stop`` (negative from the end, None for it) and ``step``."""

    words = "slice of positions, channels or units"

    def shape(self, node, shapes):
        axis = node.options["axis"] - 1
        if axis >= len(shapes[0]):
            raise ShapeError(f"its shape is {shapes[0]}, which has no axis {axis}")
        size = len(range(*self._part(node).indices(shapes[0][axis])))
        if not size:
            raise ShapeError(f"nothing is left of {shapes[0]}")
        return (*shapes[0][:axis], size, *shapes[0][axis + 1 :])

    def size(self, node, sizes):
        last = node.options["axis"] == len(node.options["input_shape"])
        return sizes[0][self._part(node)] if last else sizes[0]

    @staticmethod
    def _part(node) -> slice:
        return slice(node.options["start"], node.options["stop"], node.options.get("step", 1))

    def forward(self, node, values):
        part = slice(*self._part(node).indices(values[0].shape[node.options["axis"]]))
        return values[0][(slice(None),) * node.options["axis"] + (part,)]

    def back(self, node, multiplier, values, references):
        axis = node.options["axis"]
        size = node.options["input_shape"][axis - 1]
        indices = np.arange(size)[self._part(node)]
        if node.options.get("step", 1) == 1:
            widths = [[0, 0]] * len(multiplier.shape)
            widths[axis] = [int(indices[0]), int(size - indices[-1] - 1)]
            return [ops.pad(multiplier, widths)]
        scatter = np.zeros((len(indices), size), np.float32)
        scatter[np.arange(len(indices)), indices] = 1
        moved = ops.moveaxis(multiplier, axis, -1)
        return [ops.moveaxis(ops.matmul(moved, ops.cast(scatter, multiplier.dtype)), -1, axis)]

    def field(self, node, fields):
        if node.options["axis"] != 1 or len(node.options["input_shape"]) == 1:
            return fields[0]
        start, _, step = self._part(node).indices(node.options["input_shape"][0])
        old = fields[0]
        return Field(old.step * step, old.first + start * old.step, old.last + start * old.step)


class Repeat(Kind):
    """Option ``times``: every position that often, one after the other."""

    words = "repetition of positions (upsampling)"

    def shape(self, node, shapes):
        need_rank(shapes[0], 2)
        return (shapes[0][0] * node.options["times"], shapes[0][1])

    def forward(self, node, values):
        return ops.repeat(values[0], node.options["times"], axis=1)

    def back(self, node, multiplier, values, references):
        positions, channels = node.options["input_shape"]
        parts = [ops.shape(multiplier)[0], positions, node.options["times"], channels]
        return [ops.sum(ops.reshape(multiplier, parts), axis=2)]

    def field(self, node, fields):
        return WHOLE


class Expand(Kind):
    """Option ``shape``: that of the output; axes of one are as often there as it says."""

    words = "repetition along axes of one"

    def shape(self, node, shapes):
        target = tuple(node.options["shape"])
        fits = len(shapes[0]) == len(target) and all(
            size in (1, wanted) for size, wanted in zip(shapes[0], target, strict=True)
        )
        if not fits:
            raise ShapeError(f"its shape {shapes[0]} cannot be repeated to {target}")
        return target

    def forward(self, node, values):
        return ops.broadcast_to(values[0], (ops.shape(values[0])[0], *node.options["output_shape"]))

    def back(self, node, multiplier, values, references):
        return [summed_to(multiplier, node.options["input_shape"])]

    def field(self, node, fields):
        return fields[0] if node.options["input_shape"][0] == node.options["output_shape"][0] else WHOLE


class Reverse(Kind):
    """Option ``axis``: 1 for positions, 2 for channels, which are turned around."""

    words = "reversal of positions or channels"

    def forward(self, node, values):
        return ops.flip(values[0], axis=node.options["axis"])

    def back(self, node, multiplier, values, references):
        return [ops.flip(multiplier, axis=node.options["axis"])]

    def size(self, node, sizes):
        return sizes[0][::-1] if node.options["axis"] == len(node.options["input_shape"]) else sizes[0]

    def field(self, node, fields):
        return WHOLE if node.options["axis"] == 1 else fields[0]
