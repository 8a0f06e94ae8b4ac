"""Each ONNX operator as nodes of a graph: functions of (translation, name, inputs, attributes).

``inputs`` are values of :mod:`dfim.networks.onnx_graphs`, arrays where they are constants, None where left
out. A function raises ValueError, saying why, where it has no words for what is asked.
"""

from collections.abc import Callable, Sequence

import numpy as np

OPERATORS: dict[str, Callable] = {}


def _operator(*names: str) -> Callable:
    def register(function: Callable) -> Callable:
        OPERATORS.update(dict.fromkeys(names, function))
        return function

    return register


def _need_array(value, what: str) -> np.ndarray:
    if not isinstance(value, np.ndarray):
        raise ValueError(f"{what} is no constant")
    return value


def _ints(value) -> list[int]:
    return [int(each) for each in np.atleast_1d(_need_array(value, "a size"))]


def _text(value, default: str) -> str:
    return default if value is None else value.decode() if isinstance(value, bytes) else value


# ------------------------------------------------------------------------------------------ convolutions


@_operator("Conv")
def _convolution(t, name, inputs, given):
    x, kernel = inputs[0], _need_array(inputs[1], "the kernel").astype(np.float32)
    bias = np.zeros(len(kernel), np.float32) if len(inputs) < 3 or inputs[2] is None else inputs[2]
    rank, groups = kernel.ndim - 2, int(given.get("group", 1))
    if rank == 2:
        return _image_convolution(t, name, x, kernel, bias, given)
    x = t.on_positions(x, name)
    if x.axes != (1, 0):
        raise ValueError("its input is not (batch, channels, positions)")
    options = _window(given, kernel.shape[2], 0) | {"groups": groups}
    arrays = {"kernel": np.ascontiguousarray(kernel.transpose(2, 1, 0)), "bias": np.asarray(bias, np.float32)}
    return t.put("convolution", name, [x.name], (1, 0), arrays, **options)


def _image_convolution(t, name, x, kernel, bias, given):
    """Return a convolution of images one of whose axes has size 1, or is the bases, all at once."""
    channels, rows, columns = x.axes
    if channels is None and 1 in (rows, columns):
        # The bases are an axis of the image, and the kernel spans them.
        along, across = (1, 0) if rows == 1 else (0, 1)
        size = t.size(x, 2 if rows == 1 else 3)
        if kernel.shape[2 + across] != size or kernel.shape[1] != 1 or _pads(given, across, 2) != (0, 0):
            raise ValueError("its kernel does not span the four bases")
        flat = kernel[:, 0].transpose(0, 1, 2) if across == 0 else kernel[:, 0].transpose(0, 2, 1)
    else:
        along = 1 if columns is not None else 0
        across = 1 - along
        if x.axes[1 + across] is not None or kernel.shape[2 + across] != 1:
            raise ValueError("it is of images")
        flat = kernel[:, :, 0] if across == 0 else kernel[:, :, :, 0]
        x = t.on_positions(x, name)
    options = _window(given, kernel.shape[2 + along], along, 2) | {"groups": int(given.get("group", 1))}
    arrays = {"kernel": np.ascontiguousarray(flat.transpose(2, 1, 0)), "bias": np.asarray(bias, np.float32)}
    axes = (1, None, 0) if along == 1 else (1, 0, None)
    return t.put("convolution", name, [x.name], axes, arrays, **options)


def _pads(given: dict, axis: int, rank: int) -> tuple[int, int]:
    pads = given.get("pads", [0] * 2 * rank)
    return int(pads[axis]), int(pads[axis + rank])


def _window(given: dict, width: int, axis: int, rank: int = 1) -> dict:
    """Return the options of a window along one axis of ``rank``."""
    auto = _text(given.get("auto_pad"), "NOTSET")
    if auto == "SAME_LOWER" or given.get("ceil_mode", 0):
        raise ValueError("its padding is SAME_LOWER, or its last window may be cut")
    padding = {"SAME_UPPER": "same", "VALID": "valid"}.get(auto, _pads(given, axis, rank))
    return {
        "width": int(width),
        "stride": int(given.get("strides", [1] * rank)[axis]),
        "dilation": int(given.get("dilations", [1] * rank)[axis]),
        "padding": padding,
    }


# ------------------------------------------------------------------------------------------------ pools


def _make_pool(kind: str) -> Callable:
    def pool(t, name, inputs, given):
        x, widths = inputs[0], given["kernel_shape"]
        rank = len(widths)
        own = [axis for axis in range(rank) if x.axes[1 + axis] == 0]
        others = [axis for axis in range(rank) if axis not in own]
        if len(own) != 1 or any(widths[axis] != 1 for axis in others) or x.axes[0] != 1:
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
        x = inputs[0]
        if x.axes[0] != 1 or 0 not in x.axes:
            raise ValueError("its input is not (batch, channels, positions)")
        return t.put(kind, name, [x.name], (0, *(None for _ in x.axes[1:])))

    return pool


OPERATORS["GlobalMaxPool"] = _make_global_pool("global_max_pool")
OPERATORS["GlobalAveragePool"] = _make_global_pool("global_average_pool")


def _make_reduction(kind: str) -> Callable:
    def reduce(t, name, inputs, given):
        x = inputs[0]
        axes = given.get("axes") if len(inputs) < 2 or inputs[1] is None else _ints(inputs[1])
        rank = len(x.axes) + 1
        axes = sorted(int(axis) % rank for axis in (axes if axes is not None else range(1, rank)))
        keep = given.get("keepdims", 1)
        if 0 in axes:
            raise ValueError("it is over the examples")
        own = [x.axes[axis - 1] for axis in axes if x.axes[axis - 1] is not None]
        if own == [0] and len(t.shapes[x.name]) == 2:
            done = t.put(kind, name, [x.name], [None if a == 0 else 0 if a == 1 else a for a in x.axes])
        elif not own:
            done = x
        elif len(own) == 1 and kind != "global_max_pool" and own[0] == len(t.shapes[x.name]) - 1:
            done = _over_channels(t, name, x, kind)
        else:
            raise ValueError(f"it is over the axes {axes}")
        return done if keep else _without_axes(done, axes)

    return reduce


def _over_channels(t, name, x, kind: str):
    size = t.shapes[x.name][-1]
    weight = 1.0 if kind == "global_sum_pool" else 1.0 / size
    arrays = {"kernel": np.full((size, 1), weight, np.float32), "bias": np.zeros(1, np.float32)}
    return t.put("dense", name, [x.name], x.axes, arrays)


OPERATORS["ReduceMean"] = _make_reduction("global_average_pool")
OPERATORS["ReduceSum"] = _make_reduction("global_sum_pool")
OPERATORS["ReduceMax"] = _make_reduction("global_max_pool")


def _without_axes(value, axes: Sequence[int]):
    kept = tuple(own for axis, own in enumerate(value.axes, start=1) if axis not in axes)
    return type(value)(value.name, kept)


# ------------------------------------------------------------------------------------------------ linear


@_operator("Gemm")
def _gemm(t, name, inputs, given):
    x, kernel = t.in_order(inputs[0], name), _need_array(inputs[1], "its second matrix")
    if given.get("transA", 0) or given.get("alpha", 1.0) != 1.0 or given.get("beta", 1.0) != 1.0:
        raise ValueError("it has a transposed first matrix, or factors")
    kernel = kernel.T if given.get("transB", 0) else kernel
    bias = np.zeros(kernel.shape[1]) if len(inputs) < 3 or inputs[2] is None else inputs[2]
    bias = np.broadcast_to(np.asarray(bias, np.float32).reshape(-1), kernel.shape[1:])
    arrays = {"kernel": np.ascontiguousarray(kernel, np.float32), "bias": np.ascontiguousarray(bias)}
    return t.put("dense", name, [x.name], (0,), arrays)


@_operator("MatMul")
def _matmul(t, name, inputs, given):
    x, kernel = inputs[0], _need_array(inputs[1], "its second matrix")
    if kernel.ndim != 2:
        raise ValueError("its second matrix has more than two axes")
    rank = len(t.shapes[x.name])
    if x.axes[-1] != rank - 1:
        x = t.in_order(x, name)
    arrays = {"kernel": kernel.astype(np.float32), "bias": np.zeros(kernel.shape[1], np.float32)}
    return t.put("dense", name, [x.name], x.axes, arrays)


@_operator("BatchNormalization")
def _batch_normalisation(t, name, inputs, given):
    x = inputs[0]
    if x.axes[0] != len(t.shapes[x.name]) - 1:
        raise ValueError("its channels are not the second axis")
    arrays = {
        key: np.asarray(v, np.float32)
        for key, v in zip(("gamma", "beta", "mean", "variance"), inputs[1:], strict=True)
    }
    arrays["epsilon"] = np.asarray(given.get("epsilon", 1e-5), np.float32)
    return t.put("batch_normalisation", name, [x.name], x.axes, arrays)


@_operator("LayerNormalization")
def _layer_normalisation(t, name, inputs, given):
    x, axis = inputs[0], given.get("axis", -1)
    if axis not in (-1, len(inputs[0].axes)) or x.axes[-1] != len(t.shapes[x.name]) - 1:
        raise ValueError("it is not over the channels alone")
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
    "Cast": lambda t, name, inputs, given: inputs[0],
}


@_operator("Selu")
def _selu(t, name, inputs, given):
    if abs(given.get("alpha", 1.67326) - 1.67326) > 1e-4 or abs(given.get("gamma", 1.0507) - 1.0507) > 1e-4:
        raise ValueError("it has other constants than SELU's")
    return t.put("selu", name, [inputs[0].name], inputs[0].axes)


@_operator("Gelu")
def _gelu(t, name, inputs, given):
    approximate = _text(given.get("approximate"), "none") == "tanh"
    return t.put("gelu", name, [inputs[0].name], inputs[0].axes, approximate=approximate)


def _make_power(exponent: float | None) -> Callable:
    def power(t, name, inputs, given):
        found = float(_need_array(inputs[1], "its exponent")) if exponent is None else exponent
        return t.put("power", name, [inputs[0].name], inputs[0].axes, exponent=found)

    return power


OPERATORS |= {"Sqrt": _make_power(0.5), "Reciprocal": _make_power(-1.0), "Pow": _make_power(None)}


@_operator("PRelu")
def _prelu(t, name, inputs, given):
    slope = _for_node(t, inputs[0], _need_array(inputs[1], "its slope"))
    return t.put("prelu", name, [inputs[0].name], inputs[0].axes, {"slope": slope})


@_operator("Clip")
def _clip(t, name, inputs, given):
    low, high = (None if len(inputs) <= i or inputs[i] is None else float(inputs[i]) for i in (1, 2))
    if low != 0 or high is None:
        raise ValueError("its limits are not 0 and a maximum")
    return t.put("clipped_relu", name, [inputs[0].name], inputs[0].axes, maximum=high)


@_operator("Softmax")
def _softmax(t, name, inputs, given):
    x, axis = inputs[0], int(given.get("axis", -1))
    own = x.axes[axis - 1 if axis > 0 else axis]
    if own is None or own != len(t.shapes[x.name]) - 1:
        raise ValueError("it is not over channels or units")
    return t.put("softmax", name, [x.name], x.axes)


# ------------------------------------------------------------------------------------------------ merges


def _for_node(t, x, constant: np.ndarray) -> np.ndarray:
    """Return a constant that ONNX broadcasts to a tensor, for the axes of its node."""
    rank = len(x.axes) + 1
    if constant.ndim > rank:
        raise ValueError(f"a constant has the shape {constant.shape}")
    constant = constant.reshape((1,) * (rank - constant.ndim) + constant.shape).astype(np.float32)
    kept = [axis for axis, own in enumerate(x.axes, start=1) if own is not None]
    own = [x.axes[axis - 1] for axis in kept]
    left = [axis for axis in range(rank) if axis not in kept]
    if any(constant.shape[axis] != 1 for axis in left):
        raise ValueError(f"a constant of the shape {constant.shape} makes its input larger")
    result = np.ones((1,) * len(t.shapes[x.name]), np.float32)
    placed = constant.transpose([*left, *kept]).reshape([constant.shape[axis] for axis in kept])
    shape = [1] * result.ndim
    for axis, size in zip(own, placed.shape, strict=True):
        shape[axis] = size
    return np.ascontiguousarray(placed.transpose(np.argsort(own)).reshape(shape))


def _make_merge(kind: str) -> Callable:
    def merge(t, name, inputs, given):
        if len(inputs) == 2 and any(isinstance(value, np.ndarray) for value in inputs):
            return _with_constant(t, kind, name, inputs)
        if len(inputs) == 1:
            return inputs[0]
        fused = _fused(t, kind, name, inputs)
        return fused or _merged(t, kind, name, inputs)

    return merge


def _with_constant(t, kind: str, name: str, inputs):
    first = not isinstance(inputs[0], np.ndarray)
    x, constant = (inputs[0], inputs[1]) if first else (inputs[1], inputs[0])
    value = _for_node(t, x, constant)
    one, zero = np.ones((1,) * value.ndim, np.float32), np.zeros((1,) * value.ndim, np.float32)
    match kind, first:
        case "add", _:
            scale, shift = one, value
        case "subtract", True:
            scale, shift = one, -value
        case "subtract", False:
            scale, shift = -one, value
        case "multiply", _:
            scale, shift = value, zero
        case "divide", True:
            scale, shift = 1 / value, zero
        case "maximum", _ if not value.any():
            return t.put("relu", name, [x.name], x.axes)
        case _:
            raise ValueError(f"a constant in a {kind}")
    return t.put("affine", name, [x.name], x.axes, {"scale": scale, "shift": shift})


def _fused(t, kind: str, name: str, inputs):
    """Return x · sigmoid(x), which is SiLU, and x · (1 + erf(x / √2)), which is twice GELU, as one function."""
    if kind != "multiply" or len(inputs) != 2:
        return None
    by_name = {node.name: node for node in t.nodes}
    for x, gate in (inputs, inputs[::-1]):
        node = by_name.get(gate.name)
        if node is not None and node.kind == "sigmoid" and node.inputs == (x.name,):
            return t.put("silu", name, [x.name], x.axes)
        chain = [node]
        while chain[-1] is not None and len(chain) < 3 and chain[-1].inputs:
            chain.append(by_name.get(chain[-1].inputs[0]))
        if [each.kind if each else "" for each in chain] == ["affine", "error_function", "affine"]:
            outer, _, inner = chain
            ratio = float(outer.arrays["shift"].max() / outer.arrays["scale"].max())
            root = np.allclose(inner.arrays["scale"], 2**-0.5, atol=1e-6) and not inner.arrays["shift"].any()
            if inner.inputs == (x.name,) and ratio == 1.0 and root:
                done = t.put("gelu", name, [x.name], x.axes, approximate=False)
                factor = 2 * outer.arrays["scale"]
                arrays = {"scale": factor, "shift": np.zeros_like(factor)}
                return t.put("affine", f"{name}_factor", [done.name], x.axes, arrays)
    return None


def _merged(t, kind: str, name: str, inputs):
    """Return a merge of nodes whose axes are brought together."""
    rank = max(len(value.axes) for value in inputs)
    values = [type(v)(v.name, (*[None] * (rank - len(v.axes)), *v.axes)) for v in inputs]
    if max(len(t.shapes[value.name]) for value in values) > 1:
        leading = max(values, key=lambda value: len(t.shapes[value.name]))
        channels = leading.axes.index(1) + 1 if 1 in leading.axes else rank
        values = [t.on_positions(value, f"{name}_{n}", channels) for n, value in enumerate(values)]
    axes = list(values[0].axes)
    for number, value in enumerate(values[1:], start=1):
        if any(a is not None and b is not None and a != b for a, b in zip(axes, value.axes, strict=True)):
            value = t.put(
                "permute",
                f"{name}_{number}_order",
                [value.name],
                [None if a is None else 1 - a for a in value.axes],
                order=(1, 0),
            )
            values[number] = value
        axes = [b if a is None else a for a, b in zip(axes, value.axes, strict=True)]
    return t.put(kind, name, [value.name for value in values], axes)


OPERATORS |= {
    "Add": _make_merge("add"),
    "Sum": _make_merge("add"),
    "Sub": _make_merge("subtract"),
    "Mul": _make_merge("multiply"),
    "Div": _make_merge("divide"),
    "Max": _make_merge("maximum"),
    "Min": _make_merge("minimum"),
    "Mean": _make_merge("average"),
}


@_operator("Neg")
def _negative(t, name, inputs, given):
    return _with_constant(t, "multiply", name, [inputs[0], np.asarray(-1, np.float32)])


@_operator("Concat")
def _concatenate(t, name, inputs, given):
    rank = len(inputs[0].axes) + 1
    axis = int(given["axis"]) % rank
    if any(isinstance(value, np.ndarray) for value in inputs):
        raise ValueError("a constant is joined")
    values = list(inputs)
    if any(value.axes != values[0].axes or value.axes[axis - 1] is None for value in values):
        values = [t.in_order(value, f"{name}_{number}") for number, value in enumerate(values)]
    own = values[0].axes[axis - 1]
    return t.put("concatenate", name, [value.name for value in values], values[0].axes, axis=own + 1)


# ------------------------------------------------------------------------------------------------- moves


@_operator("Transpose")
def _transpose(t, name, inputs, given):
    order = given.get("perm", list(range(len(inputs[0].axes) + 1))[::-1])
    if order[0] != 0:
        raise ValueError("it moves the axis of the examples")
    x = inputs[0]
    return type(x)(x.name, tuple(x.axes[axis - 1] for axis in order[1:]))


@_operator("Unsqueeze")
def _unsqueeze(t, name, inputs, given):
    x, rank = inputs[0], len(inputs[0].axes) + 1
    axes = sorted(axis % (rank + len(_ints(inputs[1]))) for axis in _ints(inputs[1]))
    if 0 in axes:
        raise ValueError("it puts an axis before the examples")
    own = list(x.axes)
    for axis in axes:
        own.insert(axis - 1, None)
    return type(x)(x.name, tuple(own))


@_operator("Squeeze")
def _squeeze(t, name, inputs, given):
    x, rank = inputs[0], len(inputs[0].axes) + 1
    if len(inputs) > 1 and inputs[1] is not None:
        axes = [axis % rank for axis in _ints(inputs[1])]
    else:
        axes = [axis for axis in range(1, rank) if t.size(x, axis) == 1]
    return _without_axes(x, axes)


@_operator("Flatten")
def _flatten(t, name, inputs, given):
    if int(given.get("axis", 1)) != 1:
        raise ValueError(f"its axis is {given['axis']}")
    x = t.in_order(inputs[0], name)
    return x if len(t.shapes[x.name]) == 1 else t.put("flatten", name, [x.name], (0,))


@_operator("Reshape")
def _reshape(t, name, inputs, given):
    shape = _ints(inputs[1])
    old = t.full_shape(inputs[0])
    shape = [old[axis] if size == 0 and axis < len(old) else size for axis, size in enumerate(shape)]
    if shape[0] not in (1, -1) or (shape[0] == -1 and -1 in shape[1:]):
        raise ValueError(f"its shape {shape} has no axis of the examples")
    x = t.in_order(inputs[0], name)
    return t.put("reshape", name, [x.name], range(len(shape) - 1), shape=tuple(shape[1:]))


@_operator("Slice")
def _slice(t, name, inputs, given):
    x, starts, stops = inputs[0], _ints(inputs[1]), _ints(inputs[2])
    axes = _ints(inputs[3]) if len(inputs) > 3 and inputs[3] is not None else list(range(len(starts)))
    steps = _ints(inputs[4]) if len(inputs) > 4 and inputs[4] is not None else [1] * len(starts)
    for number, (start, stop, axis, step) in enumerate(zip(starts, stops, axes, steps, strict=True)):
        axis %= len(x.axes) + 1
        size = t.full_shape(x)[axis]
        part = slice(start, stop if stop > -(2**31) else None, step)
        chosen = range(*part.indices(size))
        if list(chosen) == list(range(size)):
            continue
        own = None if axis == 0 else x.axes[axis - 1]
        if own is None or own > 1:
            raise ValueError("it is of an axis of one, or of the examples")
        if list(chosen) == list(range(size))[::-1]:
            x = t.put("reverse", f"{name}_{number}", [x.name], x.axes, axis=own + 1)
        elif step > 0:
            options = {"start": chosen[0], "stop": chosen[-1] + 1, "step": step}
            x = t.put("slice", f"{name}_{number}", [x.name], x.axes, axis=own + 1, **options)
        else:
            raise ValueError("it goes backwards in steps")
    return x


@_operator("Gather")
def _gather(t, name, inputs, given):
    x, axis = inputs[0], int(given.get("axis", 0)) % (len(inputs[0].axes) + 1)
    index = _need_array(inputs[1], "its index")
    if axis == 0 or index.ndim:
        raise ValueError("it takes more than one index")
    own, place = x.axes[axis - 1], int(index) % t.full_shape(x)[axis]
    if own is not None:
        x = t.put("slice", name, [x.name], x.axes, axis=own + 1, start=place, stop=place + 1, step=1)
    return _without_axes(x, [axis])


@_operator("Pad")
def _pad(t, name, inputs, given):
    x, pads = inputs[0], _ints(inputs[1])
    value = 0 if len(inputs) < 3 or inputs[2] is None else float(inputs[2])
    if _text(given.get("mode"), "constant") != "constant" or value:
        raise ValueError("it adds something else than zeros")
    if len(inputs) > 3 and inputs[3] is not None:
        rank, axes, own = len(x.axes) + 1, _ints(inputs[3]), [0] * 2 * (len(x.axes) + 1)
        for number, axis in enumerate(axes):
            own[axis % rank], own[axis % rank + rank] = pads[number], pads[number + len(axes)]
        pads = own
    rank = len(pads) // 2
    sides = {axis: (pads[axis], pads[axis + rank]) for axis in range(rank) if pads[axis] or pads[axis + rank]}
    for axis, (left, right) in sides.items():
        if axis == 0 or x.axes[axis - 1] != 0 or len(t.shapes[x.name]) != 2:
            raise ValueError("it is not of positions alone")
        kind = "zero_padding" if min(left, right) >= 0 else "crop"
        sign = 1 if kind == "zero_padding" else -1
        x = t.put(kind, name, [x.name], x.axes, left=sign * left, right=sign * right)
    return x


@_operator("Shape")
def _shape(t, name, inputs, given):
    start, stop = given.get("start", 0), given.get("end")
    return np.array(t.full_shape(inputs[0])[start:stop], np.int64)
