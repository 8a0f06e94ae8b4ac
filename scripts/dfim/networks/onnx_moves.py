"""ONNX operators that join tensors, and those that only move values."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from dfim.networks.onnx_axes import Value, in_order, own_axis, reshaped, together, without_axes
from dfim.networks.onnx_products import contracted
from dfim.networks.onnx_table import OPERATORS, for_node, ints, need_array, one_example, operator, text

# ------------------------------------------------------------------------------------------------ merges


def _make_merge(kind: str) -> Callable:
    def merge(t, name, inputs, given):
        if len(inputs) == 1:
            return inputs[0]
        if len(inputs) == 2 and any(isinstance(value, np.ndarray) for value in inputs):
            done = _with_constant(t, kind, name, inputs)
        else:
            done = _fused(t, kind, name, inputs)
        return done or _merged(t, kind, name, inputs)

    return merge


def _with_constant(t, kind: str, name: str, inputs):
    """Return a merge with a constant as an affine node or a ReLU, None where it is neither."""
    first = not isinstance(inputs[0], np.ndarray)
    x, constant = (inputs[0], inputs[1]) if first else (inputs[1], inputs[0])
    x = _enlarged(t, x, constant.shape, name)
    value = for_node(t, x, constant)
    one, zero = np.ones((1,) * value.ndim, np.float32), np.zeros((1,) * value.ndim, np.float32)
    match kind, first:
        case "add", _ if (dense := _with_bias(t, name, x, value)) is not None:
            return dense
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
            return None
    return t.put("affine", name, [x.name], x.axes, {"scale": scale, "shift": shift})


def _with_bias(t, name: str, x: Value, bias: np.ndarray) -> Value | None:
    """Return a dense layer on units and its bias as one, as most exporters write it, or None."""
    node = next((node for node in t.nodes if node.name == x.name and node.kind == "dense"), None)
    if node is None or bias.ndim > 1:
        return None
    arrays = node.arrays | {"bias": node.arrays["bias"] + bias}
    return t.put("dense", name, list(node.inputs), x.axes, arrays)


def _fused(t, kind: str, name: str, inputs):
    """Return x · sigmoid(x), which is SiLU, and x · (1 + erf(x / √2)), twice GELU, as one function."""
    if kind != "multiply" or len(inputs) != 2:
        return None
    by_name = {node.name: node for node in t.nodes}
    for x, gate in (inputs, inputs[::-1]):
        if x.axes != gate.axes:
            return None
        node = by_name.get(gate.name)
        if node is not None and node.kind == "sigmoid" and node.inputs == (x.name,):
            return t.put("silu", name, [x.name], x.axes)
        chain = [node]
        while chain[-1] is not None and len(chain) < 3 and chain[-1].inputs:
            chain.append(by_name.get(chain[-1].inputs[0]))
        if [each.kind if each else "" for each in chain] == ["affine", "error_function", "affine"]:
            outer, _, inner = chain
            equal = np.array_equal(*np.broadcast_arrays(*outer.arrays.values()))
            root = np.allclose(inner.arrays["scale"], 2**-0.5, atol=1e-6) and not inner.arrays["shift"].any()
            if inner.inputs == (x.name,) and equal and root:
                done = t.put("gelu", name, [x.name], x.axes, approximate=False)
                factor = 2 * outer.arrays["scale"]
                arrays = {"scale": factor, "shift": np.zeros_like(factor)}
                return t.put("affine", f"{name}_factor", [done.name], x.axes, arrays)
    return None


def _merged(t, kind: str, name: str, inputs):
    """Return a merge of nodes whose axes are brought together, constants among them."""
    leading = max((value for value in inputs if isinstance(value, Value)), key=lambda value: len(value.axes))
    for value in inputs:
        if isinstance(value, np.ndarray):
            leading = _enlarged(t, leading, value.shape, name)
    values = [
        _beside(t, f"{name}_{number}", leading, value) if isinstance(value, np.ndarray) else value
        for number, value in enumerate(inputs)
    ]
    names, axes = together(t, values, name)
    return t.put(kind, name, names, axes)


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


@operator("Neg")
def _negative(t, name, inputs, given):
    return _with_constant(t, "multiply", name, [inputs[0], np.asarray(-1, np.float32)])


@operator("Where")
def _where(t, name, inputs, given):
    """Return what a mask that does not depend on the sequence takes."""
    mask, first, second = need_array(inputs[0], "its condition"), *inputs[1:]
    if not mask.any() or mask.all():
        chosen, other = (first, second) if mask.all() else (second, first)
        if not isinstance(chosen, np.ndarray):
            size = other.shape if isinstance(other, np.ndarray) else t.full_shape(other)
            return _enlarged(t, chosen, np.broadcast_shapes(mask.shape, size), name)
    if isinstance(first, np.ndarray) == isinstance(second, np.ndarray):
        raise ValueError("it chooses between two tensors")
    x, constant, taken = (second, first, ~mask) if isinstance(first, np.ndarray) else (first, second, mask)
    x = _enlarged(t, x, np.broadcast_shapes(mask.shape, constant.shape), name)
    arrays = {"scale": for_node(t, x, taken), "shift": for_node(t, x, np.where(taken, 0, constant))}
    return t.put("affine", name, [x.name], x.axes, arrays)


@operator("IsNaN")
def _is_nan(t, name, inputs, given):
    return np.zeros((1,) * len(inputs[0].axes), bool)


def _beside(t, name: str, x: Value, array: np.ndarray) -> Value:
    """Return a constant as a node that is broadcast to that of a value."""
    return t.put("constant", name, [], x.axes, {"value": for_node(t, x, array)})


def _constant(t, name: str, array: np.ndarray, axes: tuple):
    """Return a constant as a node with the axes of another value."""
    if axes.count(0) != 1 or any(not isinstance(own, int) for own in axes) or array.ndim != len(axes):
        raise ValueError(f"a constant of the shape {array.shape} is joined")
    at = axes.index(0)
    array = one_example(t, axes, array)
    if array.shape[at] != 1:
        raise ValueError(f"a constant of the shape {array.shape} is joined")
    order = sorted((own, axis) for axis, own in enumerate(axes) if own)
    arrays = {
        "value": np.ascontiguousarray(
            array.take(0, at).transpose([axis - (axis > at) for _, axis in order]), np.float32
        )
    }
    return t.put("constant", name, [], axes, arrays)


@operator("Concat")
def _concatenate(t, name, inputs, given):
    leading = next(value for value in inputs if isinstance(value, Value))
    axis = int(given["axis"]) % len(leading.axes)
    own_axis(leading, axis)
    if None in leading.axes:
        leading = in_order(t, leading, f"{name}_leading")
    values = [
        _constant(t, f"{name}_{number}", value, leading.axes) if isinstance(value, np.ndarray) else value
        for number, value in enumerate(inputs)
    ]
    if any(value.axes != values[0].axes or value.axes[axis] is None for value in values):
        values = [in_order(t, value, f"{name}_{number}") for number, value in enumerate(values)]
    if any(value.axes != values[0].axes for value in values):
        raise ValueError("its inputs have the axis of the examples in different places")
    names = [value.name for value in values]
    return t.put("concatenate", name, names, values[0].axes, axis=values[0].axes[axis])


# ------------------------------------------------------------------------------------------------- moves


@operator("Transpose")
def _transpose(t, name, inputs, given):
    x = inputs[0]
    order = given.get("perm", list(range(len(x.axes)))[::-1])
    return Value(x.name, tuple(x.axes[axis] for axis in order))


@operator("Unsqueeze")
def _unsqueeze(t, name, inputs, given):
    new = ints(inputs[1])
    own, rank = list(inputs[0].axes), len(inputs[0].axes) + len(new)
    for axis in sorted(axis % rank for axis in new):
        own.insert(axis, None)
    return Value(inputs[0].name, tuple(own))


@operator("Squeeze")
def _squeeze(t, name, inputs, given):
    x = inputs[0]
    if len(inputs) > 1 and inputs[1] is not None:
        return without_axes(x, [axis % len(x.axes) for axis in ints(inputs[1])])
    return without_axes(x, [axis for axis, own in enumerate(x.axes) if own != 0 and t.size(x, axis) == 1])


@operator("Flatten")
def _flatten(t, name, inputs, given):
    at = int(given.get("axis", 1))
    at = at + len(inputs[0].axes) if at < 0 else at
    if at == 1 and inputs[0].axes[0] == 0:
        x = in_order(t, inputs[0], name)
        return x if len(t.shapes[x.name]) == 1 else t.put("flatten", name, [x.name], (0, 1))
    sizes = t.full_shape(inputs[0])
    return reshaped(t, inputs[0], [int(np.prod(sizes[:at])), int(np.prod(sizes[at:]))], name)


@operator("Reshape")
def _reshape(t, name, inputs, given):
    shape, old = ints(inputs[1]), t.full_shape(inputs[0])
    shape = [old[axis] if size == 0 and axis < len(old) else size for axis, size in enumerate(shape)]
    known = int(np.prod([size for size in shape if size != -1]))
    if int(np.prod(old)) % known:
        raise ValueError(f"its shape {shape} does not hold what it is given")
    shape = [int(np.prod(old)) // known if size == -1 else size for size in shape]
    return reshaped(t, inputs[0], shape, name)


@operator("Expand")
def _expand(t, name, inputs, given):
    return _enlarged(t, inputs[0], ints(inputs[1]), name)


def _enlarged(t, x, sizes, name: str):
    """Return a value that is repeated along axes of one, as ONNX broadcasts it to a shape."""
    rank = max(len(x.axes), len(sizes))
    x = Value(x.name, (*[None] * (rank - len(x.axes)), *x.axes))
    sizes = [1] * (rank - len(sizes)) + list(sizes)
    larger = {a: n for a, n in enumerate(sizes) if n > 1 and t.size(x, a) == 1 and x.axes[a] != 0}
    if not larger:
        return x
    x = in_order(t, x, name)
    shape = list(t.shapes[x.name])
    for axis, size in larger.items():
        shape[own_axis(x, axis) - 1] = size
    return t.put("expand", f"{name}_expanded", [x.name], x.axes, shape=tuple(shape))


@operator("Tile")
def _tile(t, name, inputs, given):
    x, times = inputs[0], ints(inputs[1])
    for axis, number in enumerate(times):
        if number == 1:
            continue
        if own_axis(x, axis) is None:
            x = in_order(t, x, f"{name}_{axis}")
        x = t.put("concatenate", f"{name}_{axis}", [x.name] * number, x.axes, axis=x.axes[axis])
    return x


@operator("Slice")
def _slice(t, name, inputs, given):
    x, starts, stops = inputs[0], ints(inputs[1]), ints(inputs[2])
    axes = ints(inputs[3]) if len(inputs) > 3 and inputs[3] is not None else list(range(len(starts)))
    steps = ints(inputs[4]) if len(inputs) > 4 and inputs[4] is not None else [1] * len(starts)
    for number, (start, stop, axis, step) in enumerate(zip(starts, stops, axes, steps, strict=True)):
        axis %= len(x.axes)
        size = t.size(x, axis)
        part = slice(start, stop if stop > -(2**31) else None, step)
        chosen = range(*part.indices(size))
        if list(chosen) == list(range(size)):
            continue
        own = own_axis(x, axis)
        if own is None or not chosen:
            raise ValueError("it is of an axis of one, or leaves nothing")
        if step < 0:
            x = t.put("reverse", f"{name}_{number}_turned", [x.name], x.axes, axis=own)
            chosen = [size - 1 - place for place in chosen]
        if list(chosen) != list(range(size)):
            x = _sliced(t, x, axis, chosen[0], chosen[-1] + 1, f"{name}_{number}", abs(step))
    return x


def _sliced(t, x, axis: int, start: int, stop: int, name: str, step: int = 1):
    options = {"axis": own_axis(x, axis), "start": int(start), "stop": int(stop), "step": step}
    return t.put("slice", name, [x.name], x.axes, **options)


@operator("Split")
def _split(t, name, inputs, given):
    axis = int(given.get("axis", 0)) % len(inputs[0].axes)
    x = inputs[0] if own_axis(inputs[0], axis) is not None else in_order(t, inputs[0], name)
    size = t.size(x, axis)
    if len(inputs) > 1 and inputs[1] is not None:
        ends = np.cumsum([0, *ints(inputs[1])])
    else:
        part = -(-size // int(given["num_outputs"]))
        ends = [min(part * number, size) for number in range(int(given["num_outputs"]) + 1)]
    return [
        _sliced(t, x, axis, start, stop, f"{name}_{number}")
        for number, (start, stop) in enumerate(pairwise(ends))
    ]


@operator("Gather")
def _gather(t, name, inputs, given):
    x, axis = inputs[0], int(given.get("axis", 0)) % len(inputs[0].axes)
    index = need_array(inputs[1], "its index")
    own, size = own_axis(x, axis), t.size(x, axis)
    if index.ndim == 0:
        x = x if own is None else _sliced(t, x, axis, index % size, index % size + 1, name)
        return without_axes(x, [axis])
    if index.ndim > 1:
        raise ValueError("its index has several axes")
    return contracted(t, x, axis, np.eye(size, dtype=np.float32)[:, index % size], name)


@operator("Pad")
def _pad(t, name, inputs, given):
    x, pads = inputs[0], ints(inputs[1])
    value = 0 if len(inputs) < 3 or inputs[2] is None else float(inputs[2])
    if text(given.get("mode"), "constant") != "constant" or value:
        raise ValueError("it adds something else than zeros")
    if len(inputs) > 3 and inputs[3] is not None:
        rank, axes, own = len(x.axes), ints(inputs[3]), [0] * 2 * len(x.axes)
        for number, axis in enumerate(axes):
            own[axis % rank], own[axis % rank + rank] = pads[number], pads[number + len(axes)]
        pads = own
    rank = len(pads) // 2
    sides = {axis: (pads[axis], pads[axis + rank]) for axis in range(rank) if pads[axis] or pads[axis + rank]}
    for axis, (left, right) in sides.items():
        if x.axes[axis] != 1 or len(t.shapes[x.name]) != 2:
            raise ValueError("it is not of positions alone")
        kind = "zero_padding" if min(left, right) >= 0 else "crop"
        sign = 1 if kind == "zero_padding" else -1
        x = t.put(kind, name, [x.name], x.axes, left=sign * left, right=sign * right)
    return x


# Ways of placing windows by which every position is there so many times, one after the other.
_REPEATING = (
    ("asymmetric", "floor"),
    ("half_pixel", "round_prefer_floor"),
    ("pytorch_half_pixel", "round_prefer_floor"),
)


@operator("Resize")
def _resize(t, name, inputs, given):
    x = inputs[0]
    places = text(given.get("coordinate_transformation_mode"), "half_pixel")
    rounding = text(given.get("nearest_mode"), "round_prefer_floor")
    if text(given.get("mode"), "nearest") != "nearest" or (places, rounding) not in _REPEATING:
        raise ValueError("it is no repetition of positions")
    if len(inputs) > 3 and inputs[3] is not None:
        scales = need_array(inputs[3], "a size") / np.array(t.full_shape(x), float)
    else:
        scales = need_array(inputs[2], "a scale")
    larger = [axis for axis, scale in enumerate(scales) if scale != 1]
    if any(scales[axis] != int(scales[axis]) or x.axes[axis] != 1 for axis in larger):
        raise ValueError("it is no repetition of positions")
    if not larger:
        return x
    return t.put("repeat", name, [x.name], x.axes, times=int(scales[larger[0]]))


@operator("Shape")
def _shape(t, name, inputs, given):
    start, stop = given.get("start", 0), given.get("end")
    return np.array(t.full_shape(inputs[0])[start:stop], np.int64)
