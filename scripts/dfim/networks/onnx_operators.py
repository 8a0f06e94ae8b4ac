"""ONNX operators with weights, windows or a function of every value."""

from collections.abc import Callable

import numpy as np
from onnx import TensorProto

from dfim.networks.graph import INPUT
from dfim.networks.onnx_axes import (
    on_positions,
    own_axis,
    with_last,
    without_axes,
)
from dfim.networks.onnx_products import contracted
from dfim.networks.onnx_table import OPERATORS, for_node, ints, need_array, operator, text

# ------------------------------------------------------------------------------------------ convolutions


@operator("Conv")
def _convolution(t, name, inputs, given):
    x, kernel = inputs[0], need_array(inputs[1], "the kernel").astype(np.float32)
    bias = np.zeros(len(kernel), np.float32) if len(inputs) < 3 or inputs[2] is None else inputs[2]
    rank, groups = kernel.ndim - 2, int(given.get("group", 1))
    if rank == 2:
        return _image_convolution(t, name, x, kernel, bias, given)
    x = on_positions(t, x, name)
    if x.axes != (0, 2, 1):
        raise ValueError("its input is not (batch, channels, positions)")
    options = _window(given, kernel.shape[2], 0) | {"groups": groups}
    arrays = {"kernel": np.ascontiguousarray(kernel.transpose(2, 1, 0)), "bias": np.asarray(bias, np.float32)}
    return t.put("convolution", name, [x.name], (0, 2, 1), arrays, **options)


def _image_convolution(t, name, x, kernel, bias, given):
    """Return a convolution of images one of whose axes has size 1, or is the bases, all at once."""
    if None not in x.axes and kernel.shape[2:] == (1, 1) and _is_everywhere(given):
        return contracted(t, x, 1, kernel[:, :, 0, 0].T, name, bias)
    _, channels, rows, columns = x.axes
    if channels is None and 2 in (rows, columns):
        # The bases are an axis of the image, and the kernel spans them.
        along, across = (1, 0) if rows == 2 else (0, 1)
        size = t.size(x, 2 if rows == 2 else 3)
        if kernel.shape[2 + across] != size or kernel.shape[1] != 1 or _pads(given, across, 2) != (0, 0):
            raise ValueError("its kernel does not span the four bases")
        flat = kernel[:, 0].transpose(0, 1, 2) if across == 0 else kernel[:, 0].transpose(0, 2, 1)
    else:
        along = 1 if columns is not None else 0
        across = 1 - along
        alone = x.axes[2 + across] is None and kernel.shape[2 + across] == 1
        if not alone or _pads(given, across, 2) != (0, 0):
            raise ValueError("it is of images")
        flat = kernel[:, :, 0] if across == 0 else kernel[:, :, :, 0]
        x = on_positions(t, x, name)
    options = _window(given, kernel.shape[2 + along], along, 2) | {"groups": int(given.get("group", 1))}
    arrays = {"kernel": np.ascontiguousarray(flat.transpose(2, 1, 0)), "bias": np.asarray(bias, np.float32)}
    axes = (0, 2, None, 1) if along == 1 else (0, 2, 1, None)
    return t.put("convolution", name, [x.name], axes, arrays, **options)


def _is_everywhere(given: dict) -> bool:
    """Return whether windows of one value are at every place, and see all channels."""
    strides = [*given.get("strides", []), given.get("group", 1)]
    return not any(given.get("pads", [])) and all(stride == 1 for stride in strides)


def _pads(given: dict, axis: int, rank: int) -> tuple[int, int]:
    pads = given.get("pads", [0] * 2 * rank)
    return int(pads[axis]), int(pads[axis + rank])


def _window(given: dict, width: int, axis: int, rank: int = 1) -> dict:
    """Return the options of a window along one axis of ``rank``."""
    auto = text(given.get("auto_pad"), "NOTSET")
    if auto == "SAME_LOWER" or given.get("ceil_mode", 0):
        raise ValueError("its padding is SAME_LOWER, or its last window may be cut")
    padding = {"SAME_UPPER": "same", "VALID": "valid"}.get(auto, _pads(given, axis, rank))
    if padding == (0, 0):
        padding = "valid"
    return {
        "width": int(width),
        "stride": int(given.get("strides", [1] * rank)[axis]),
        "dilation": int(given.get("dilations", [1] * rank)[axis]),
        "padding": padding,
    }


# ------------------------------------------------------------------------------------------------ pools


def _make_pool(kind: str) -> Callable:
    def pool(t, name, inputs, given):
        x, widths = on_positions(t, inputs[0], name), given["kernel_shape"]
        rank = len(widths)
        own = [axis for axis in range(rank) if x.axes[2 + axis] == 1]
        others = [axis for axis in range(rank) if axis not in own]
        if len(own) != 1 or any(widths[axis] != 1 for axis in others) or x.axes[:2] != (0, 2):
            raise ValueError("its windows are not along the positions alone")
        options = _window(given, widths[own[0]], own[0], rank)
        if options.pop("dilation") != 1:
            raise ValueError("its windows have gaps")
        if kind == "average_pool":
            options["padding_counts"] = bool(given.get("count_include_pad", 0))
        return t.put(kind, name, [x.name], x.axes, **options)

    return pool


OPERATORS["MaxPool"], OPERATORS["AveragePool"] = _make_pool("max_pool"), _make_pool("average_pool")


def _make_global_pool(kind: str) -> Callable:
    def pool(t, name, inputs, given):
        x = on_positions(t, inputs[0], name)
        if x.axes[:2] != (0, 2) or 1 not in x.axes:
            raise ValueError("its input is not (batch, channels, positions)")
        return t.put(kind, name, [x.name], (0, 1, *(None for _ in x.axes[2:])))

    return pool


OPERATORS["GlobalMaxPool"] = _make_global_pool("global_max_pool")
OPERATORS["GlobalAveragePool"] = _make_global_pool("global_average_pool")


def _make_reduction(kind: str) -> Callable:
    def reduce(t, name, inputs, given):
        x = inputs[0]
        axes = given.get("axes") if len(inputs) < 2 or inputs[1] is None else ints(inputs[1])
        if not axes and given.get("noop_with_empty_axes", 0):
            return x
        rank = len(x.axes)
        axes = sorted(int(axis) % rank for axis in axes or range(1, rank))
        own = [own_axis(x, axis) for axis in axes if own_axis(x, axis) is not None]
        if own == [1] and len(t.shapes[x.name]) == 2:
            places = {0: 0, 1: None, 2: 1}
            done = t.put(kind, name, [x.name], [places.get(axis) for axis in x.axes])
        elif not own:
            done = x
        else:
            own = [axis for axis in axes if x.axes[axis] is not None]
            done = _largest(t, name, x, own) if kind == "global_max_pool" else _over(t, name, x, own, kind)
        return done if given.get("keepdims", 1) else without_axes(done, axes)

    return reduce


def _largest(t, name, x, axes: list[int]):
    """Return the largest values over axes: of two halves, and of their halves, until one is left."""
    x = _with_one_last(t, x, axes, name)
    axis, size = len(t.shapes[x.name]), t.shapes[x.name][-1]
    while size > 1:
        half, parts = size // 2, []
        for start, stop in ((0, half), (half, 2 * half), (2 * half, size)):
            if start < stop:
                options = {"axis": axis, "start": start, "stop": stop, "step": 1}
                parts.append(t.put("slice", f"{name}_{start}_of_{size}", [x.name], x.axes, **options).name)
        x = t.put("maximum", f"{name}_{half}", parts[:2], x.axes)
        if size % 2:
            x = t.put("concatenate", f"{name}_{half + 1}", [x.name, parts[2]], x.axes, axis=axis)
        size -= half
    return x


def _over(t, name, x, axes: list[int], kind: str):
    """Return the sum or the mean over axes, which stay as axes of one."""
    x = _with_one_last(t, x, axes, name)
    size = t.shapes[x.name][-1]
    weight = 1.0 if kind == "global_sum_pool" else 1.0 / size
    arrays = {"kernel": np.full((size, 1), weight, np.float32), "bias": np.zeros(1, np.float32)}
    return t.put("dense", name, [x.name], x.axes, arrays)


def _with_one_last(t, x, axes: list[int], name: str):
    """Return a value whose node has these axes as its last one, which is the first of them."""
    x = with_last(t, x, axes, name)
    if len(axes) == 1:
        return x
    shape = (*t.shapes[x.name][: -len(axes)], int(np.prod(t.shapes[x.name][-len(axes) :])))
    entries = [None if axis in axes[1:] else own for axis, own in enumerate(x.axes)]
    return t.put("reshape", f"{name}_shape", [x.name], entries, shape=shape)


OPERATORS["ReduceMean"] = _make_reduction("global_average_pool")
OPERATORS["ReduceSum"] = _make_reduction("global_sum_pool")
OPERATORS["ReduceMax"] = _make_reduction("global_max_pool")


# ---------------------------------------------------------------------------------------- normalisation


@operator("BatchNormalization")
def _batch_normalisation(t, name, inputs, given):
    if given.get("training_mode", 0):
        raise ValueError(
            "it normalises by the sequences at hand, as while a network is trained "
            "(in PyTorch, call .eval() before the export)"
        )
    x = with_last(t, inputs[0], [1], name)
    arrays = {
        key: np.asarray(v, np.float32)
        for key, v in zip(("gamma", "beta", "mean", "variance"), inputs[1:], strict=True)
    }
    arrays["epsilon"] = np.asarray(given.get("epsilon", 1e-5), np.float32)
    return t.put("batch_normalisation", name, [x.name], x.axes, arrays)


@operator("LayerNormalization")
def _layer_normalisation(t, name, inputs, given):
    last = len(inputs[0].axes) - 1
    if given.get("axis", -1) not in (-1, last):
        raise ValueError("it is not over the channels alone")
    x = with_last(t, inputs[0], [last], name)
    gamma = np.asarray(inputs[1], np.float32)
    beta = np.zeros_like(gamma) if len(inputs) < 3 or inputs[2] is None else np.asarray(inputs[2], np.float32)
    arrays = {"gamma": gamma, "beta": beta, "epsilon": np.asarray(given.get("epsilon", 1e-5), np.float32)}
    return t.put("layer_normalisation", name, [x.name], x.axes, arrays)


# ------------------------------------------------------------------------------------------- elementwise


def _make_function(kind: str, **names) -> Callable:
    """``names``: for each option its name and default in ONNX."""

    def function(t, name, inputs, given):
        options = {option: float(given.get(key, default)) for option, (key, default) in names.items()}
        return t.put(kind, name, [inputs[0].name], inputs[0].axes, **options)

    return function


OPERATORS |= {
    "Relu": _make_function("relu"),
    "LeakyRelu": _make_function("leaky_relu", slope=("alpha", 0.01)),
    "Elu": _make_function("elu", alpha=("alpha", 1.0)),
    "Sigmoid": _make_function("sigmoid"),
    "HardSigmoid": _make_function("hard_sigmoid", slope=("alpha", 0.2), shift=("beta", 0.5)),
    "Tanh": _make_function("tanh"),
    "Softplus": _make_function("softplus"),
    "Softsign": _make_function("softsign"),
    "Mish": _make_function("mish"),
    "Exp": _make_function("exponential"),
    "Log": _make_function("logarithm"),
    "Abs": _make_function("absolute"),
    "Erf": _make_function("error_function"),
    "Identity": lambda t, name, inputs, given: inputs[0],
    "Dropout": lambda t, name, inputs, given: inputs[0],
}


@operator("Cast")
def _cast(t, name, inputs, given):
    """Return the same values in 32 or 64 bits; the sequence may be whole numbers too."""
    if given["to"] not in (TensorProto.FLOAT, TensorProto.DOUBLE) and inputs[0].name != INPUT:
        raise ValueError("it rounds its values")
    return inputs[0]


@operator("Selu")
def _selu(t, name, inputs, given):
    if abs(given.get("alpha", 1.67326) - 1.67326) > 1e-4 or abs(given.get("gamma", 1.0507) - 1.0507) > 1e-4:
        raise ValueError("it has other constants than SELU's")
    return t.put("selu", name, [inputs[0].name], inputs[0].axes)


@operator("Gelu")
def _gelu(t, name, inputs, given):
    approximate = text(given.get("approximate"), "none") == "tanh"
    return t.put("gelu", name, [inputs[0].name], inputs[0].axes, approximate=approximate)


def _number(value, what: str) -> float:
    if need_array(value, what).size != 1:
        raise ValueError(f"{what} is not one number")
    return float(value.reshape(()))


def _make_power(exponent: float | None) -> Callable:
    def power(t, name, inputs, given):
        found = _number(inputs[1], "its exponent") if exponent is None else exponent
        return t.put("power", name, [inputs[0].name], inputs[0].axes, exponent=found)

    return power


OPERATORS |= {"Sqrt": _make_power(0.5), "Reciprocal": _make_power(-1.0), "Pow": _make_power(None)}


@operator("PRelu")
def _prelu(t, name, inputs, given):
    slope = for_node(t, inputs[0], need_array(inputs[1], "its slope"))
    return t.put("prelu", name, [inputs[0].name], inputs[0].axes, {"slope": slope})


@operator("Clip")
def _clip(t, name, inputs, given):
    x, limits = inputs[0], {}
    for option, limit in zip(("minimum", "maximum"), inputs[1:], strict=False):
        if limit is not None:
            limits[option] = _number(limit, f"its {option}")
    if limits == {"minimum": 0.0}:
        return t.put("relu", name, [x.name], x.axes)
    if limits.get("minimum") == 0 < limits["maximum"]:
        return t.put("clipped_relu", name, [x.name], x.axes, maximum=limits["maximum"])
    if limits.get("minimum", -np.inf) > limits.get("maximum", np.inf):
        raise ValueError("its minimum is above its maximum")
    return t.put("clip", name, [x.name], x.axes, **limits) if limits else x


@operator("Softmax")
def _softmax(t, name, inputs, given):
    x = with_last(t, inputs[0], [int(given.get("axis", -1)) % len(inputs[0].axes)], name)
    return t.put("softmax", name, [x.name], x.axes)


@operator("LogSoftmax")
def _log_softmax(t, name, inputs, given):
    shares = _softmax(t, f"{name}_shares", inputs, given)
    return t.put("logarithm", name, [shares.name], shares.axes)
