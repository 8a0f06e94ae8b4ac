"""Kinds that are linear in their input and have weights."""

import numpy as np

from dfim.networks.kinds.base import WHOLE, Kind, ShapeError, need_rank, ops, summed_to, with_bias
from dfim.networks.kinds.windows import extent, padded, padding_of, spread, window_field, windows


class Convolution(Kind):
    """``kernel`` (width, channels in / groups, filters), ``bias`` (filters); options width, stride, padding,
    dilation (1), groups (1)."""

    words = "convolution along the positions (stride, dilation, groups, any padding)"

    def shape(self, node, shapes):
        need_rank(shapes[0], 2)
        kernel, groups = node.arrays["kernel"], node.options.get("groups", 1)
        if kernel.shape[1] * groups != shapes[0][1]:
            raise ShapeError(
                f"it has {shapes[0][1]} channels, and the kernel is for {kernel.shape[1] * groups}"
            )
        return windows(node.options, shapes[0][0]), kernel.shape[2]

    def forward(self, node, values):
        return with_bias(self.without_bias(node, values[0]), node.arrays["bias"])

    def without_bias(self, node, x):
        options, kernel = node.options, node.arrays["kernel"]
        groups, stride, dilation = (options.get(name, 1) for name in ("groups", "stride", "dilation"))
        left, right = padding_of(options, x.shape[1])
        same = padding_of(options | {"padding": "same"}, x.shape[1])
        padding = "same" if (left, right) == same and (left or right) else "valid"
        if stride > 1 and dilation > 1:
            # No framework has both at once: all windows, and every stride-th of them.
            x = padded(x, left, right)
            return _convolved(x, kernel, groups, dilation_rate=dilation)[:, ::stride]
        if padding == "valid":
            x = padded(x, left, right)
        return _convolved(x, kernel, groups, padding=padding, strides=stride, dilation_rate=dilation)

    def back(self, node, multiplier, values, references):
        return [self.transposed(node, multiplier)]

    def transposed(self, node, multiplier):
        """Return the multipliers of the input: what the padding would receive is left out."""
        options, kernel = node.options, node.arrays["kernel"]
        length, stride = options["input_shape"][0], options.get("stride", 1)
        left, right = padding_of(options, length)
        if options.get("groups", 1) == options.get("dilation", 1) == 1:
            return _transposed(multiplier, kernel, stride, left, right, length)
        m = spread(multiplier, stride)
        reach = extent(options) - 1
        # As many positions as the windows began at, and what they reach on both sides.
        m = padded(m, reach - left, length + left - m.shape[1])
        flipped = _turned(kernel, options.get("groups", 1))
        return _convolved(m, flipped, options.get("groups", 1), dilation_rate=options.get("dilation", 1))

    def field(self, node, fields):
        return window_field(node.options, fields[0], node.options.get("input_shape", (None,))[0])

    def positions(self, node, axes):
        return axes[0] or 1

    def size(self, node, sizes):
        arrays, groups = _exact(node), node.options.get("groups", 1)
        by_group = sizes[0].reshape(groups, -1).T.repeat(arrays["kernel"].shape[2] // groups, axis=1)
        return np.abs(arrays["bias"]) + ((by_group * arrays["kernel"]) ** 2).sum((0, 1)) ** 0.5

    def cost(self, node):
        kernel = node.arrays["kernel"]
        return float(node.options["output_shape"][0] * np.prod(kernel.shape))


def _convolved(x, kernel, groups: int, padding: str = "valid", **settings):
    settings |= {"padding": padding}
    channels = x.shape[2]
    if groups == 1:
        return ops.conv(x, kernel, **settings)
    if groups == channels == kernel.shape[2]:
        return ops.depthwise_conv(x, ops.transpose(kernel, [0, 2, 1]), **settings)
    parts, filters = channels // groups, kernel.shape[2] // groups
    return ops.concatenate(
        [
            ops.conv(
                x[:, :, g * parts : (g + 1) * parts],
                kernel[:, :, g * filters : (g + 1) * filters],
                **settings,
            )
            for g in range(groups)
        ],
        axis=-1,
    )


def _turned(kernel, groups: int):
    """Return the kernel of the way back: turned around, with channels in and out exchanged in each group."""
    width, channels, filters = kernel.shape
    by_group = ops.reshape(ops.flip(kernel, axis=0), [width, channels, groups, filters // groups])
    return ops.reshape(ops.transpose(by_group, [0, 3, 2, 1]), [width, filters // groups, groups * channels])


def _transposed(multiplier, kernel, stride: int, left: int, right: int, length: int):
    width = kernel.shape[0]
    if stride == 1 and (left, right) == ((width - 1) // 2, width // 2):
        return ops.conv_transpose(multiplier, kernel, 1, padding="same")
    whole = ops.conv_transpose(multiplier, kernel, stride, padding="valid")
    return padded(whole, -left, length + left - whole.shape[1])


class Dense(Kind):
    """``kernel`` (channels in, units), ``bias`` (units); on positions the same at each of them."""

    words = "dense layer, also on positions"

    def shape(self, node, shapes):
        kernel = node.arrays["kernel"]
        if shapes[0][-1] != kernel.shape[0]:
            raise ShapeError(
                f"its last axis has {shapes[0][-1]} values, and the kernel is for {kernel.shape[0]}"
            )
        return (*shapes[0][:-1], kernel.shape[1])

    def forward(self, node, values):
        return with_bias(self.without_bias(node, values[0]), node.arrays["bias"])

    def without_bias(self, node, x):
        return ops.matmul(x, node.arrays["kernel"])

    def back(self, node, multiplier, values, references):
        return [self.transposed(node, multiplier)]

    def transposed(self, node, multiplier):
        return ops.matmul(multiplier, ops.transpose(node.arrays["kernel"]))

    def field(self, node, fields):
        return WHOLE if len(node.options["input_shape"]) == 1 else fields[0]

    def size(self, node, sizes):
        arrays = _exact(node)
        return np.abs(arrays["bias"]) + ((sizes[0][:, None] * arrays["kernel"]) ** 2).sum(0) ** 0.5

    def cost(self, node):
        positions = np.prod(node.options["output_shape"][:-1])
        return float(positions * np.prod(node.arrays["kernel"].shape))


class GroupedDense(Kind):
    """``kernel`` (groups, channels in, units): each group of (…, groups, channels) has weights of its own."""

    words = "dense layer with weights of its own for each group, as of branches"

    def shape(self, node, shapes):
        kernel = node.arrays["kernel"]
        if tuple(shapes[0][-2:]) != tuple(kernel.shape[:2]):
            raise ShapeError(
                f"its last axes have {shapes[0][-2:]} values, and the kernel is for {kernel.shape[:2]}"
            )
        return (*shapes[0][:-1], kernel.shape[2])

    def forward(self, node, values):
        return ops.einsum("...gc,gcu->...gu", values[0], node.arrays["kernel"])

    def back(self, node, multiplier, values, references):
        return [ops.einsum("...gu,gcu->...gc", multiplier, node.arrays["kernel"])]

    def field(self, node, fields):
        return WHOLE if len(node.options["input_shape"]) == 2 else fields[0]

    def size(self, node, sizes):
        return ((sizes[0][:, None] * _exact(node)["kernel"]) ** 2).sum(1).max(0) ** 0.5

    def cost(self, node):
        rest = np.prod(node.options["output_shape"][:-2])
        return float(rest * np.prod(node.arrays["kernel"].shape))


class BatchNormalisation(Kind):
    """``gamma``, ``beta``, ``mean``, ``variance`` (channels), ``epsilon``: the output is
    gamma · (x − mean) / √(variance + epsilon) + beta."""

    words = "batch normalisation, anywhere"

    def shape(self, node, shapes):
        channels = node.arrays["mean"].shape[0]
        if shapes[0][-1] != channels:
            raise ShapeError(f"its last axis has {shapes[0][-1]} values, and the weights are for {channels}")
        return shapes[0]

    def forward(self, node, values):
        scale = self._scale(node)
        return values[0] * scale + (node.arrays["beta"] - node.arrays["mean"] * scale)

    def back(self, node, multiplier, values, references):
        return [multiplier * self._scale(node)]

    def size(self, node, sizes):
        arrays = _exact(node)
        scale = np.abs(arrays["gamma"]) / np.sqrt(arrays["variance"] + arrays["epsilon"])
        return scale * sizes[0] + np.abs(arrays["beta"]) + scale * np.abs(arrays["mean"])

    @staticmethod
    def _scale(node):
        return ops.rsqrt(node.arrays["variance"] + node.arrays["epsilon"]) * node.arrays["gamma"]


class Affine(Kind):
    """``scale`` and ``shift``, broadcast over the input: the output is scale · x + shift."""

    words = "multiplication by constants and addition of constants"

    def shape(self, node, shapes):
        try:
            return np.broadcast_shapes(
                shapes[0], *(tuple(node.arrays[name].shape) for name in ("scale", "shift"))
            )
        except ValueError:
            raise ShapeError(f"its shape {shapes[0]} does not go with the constants'") from None

    def forward(self, node, values):
        return values[0] * node.arrays["scale"][None] + node.arrays["shift"][None]

    def back(self, node, multiplier, values, references):
        whole = multiplier * node.arrays["scale"][None]
        return [summed_to(whole, node.options["input_shape"])]

    def size(self, node, sizes):
        scale, shift = (np.abs(array).max() for array in _exact(node).values())
        return scale * sizes[0].max() + shift


class Constant(Kind):
    """``value``: what another input of the network is held at."""

    words = "a further input, held constant"

    def shape(self, node, shapes):
        return tuple(node.arrays["value"].shape)

    def forward(self, node, values):
        return node.arrays["value"][None]

    def back(self, node, multiplier, values, references):
        return []

    def size(self, node, sizes):
        return np.abs(node.arrays["value"]).max()


class Unknown(Kind):
    """A network of which only the values are known (:class:`dfim.networks.onnx_values.OnnxValues`)."""

    words = "a whole network of which only the values are known"
    nonlinear = True

    def shape(self, node, shapes):
        return tuple(node.options["output_shape"])

    def field(self, node, fields):
        return WHOLE


def _exact(node) -> dict[str, np.ndarray]:
    return {name: np.asarray(array, np.float64) for name, array in node.arrays.items()}
