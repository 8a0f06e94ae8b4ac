"""ONNX operators that join tensors, and those that only move values."""

from collections.abc import Callable

import numpy as np

from dfim.networks.onnx_table import OPERATORS, for_node, ints, need_array, operator, text, without_axes

# ------------------------------------------------------------------------------------------------ merges


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
    value = for_node(t, x, constant)
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
    """Return x · sigmoid(x), which is SiLU, and x · (1 + erf(x / √2)), twice GELU, as one function."""
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


@operator("Neg")
def _negative(t, name, inputs, given):
    return _with_constant(t, "multiply", name, [inputs[0], np.asarray(-1, np.float32)])


def _constant(t, name: str, array: np.ndarray, axes: tuple):
    """Return a constant as a node with the axes of another value."""
    if None in axes or array.ndim != len(axes) + 1 or len(array) != 1:
        raise ValueError(f"a constant of the shape {array.shape} is joined")
    arrays = {"value": np.ascontiguousarray(array[0].transpose(np.argsort(axes)), np.float32)}
    return t.put("constant", name, [], axes, arrays)


@operator("Concat")
def _concatenate(t, name, inputs, given):
    leading = next(value for value in inputs if not isinstance(value, np.ndarray))
    axis = int(given["axis"]) % (len(leading.axes) + 1)
    values = [
        _constant(t, f"{name}_{number}", value, leading.axes) if isinstance(value, np.ndarray) else value
        for number, value in enumerate(inputs)
    ]
    if any(value.axes != values[0].axes or value.axes[axis - 1] is None for value in values):
        values = [t.in_order(value, f"{name}_{number}") for number, value in enumerate(values)]
    own = values[0].axes[axis - 1]
    return t.put("concatenate", name, [value.name for value in values], values[0].axes, axis=own + 1)


# ------------------------------------------------------------------------------------------------- moves


@operator("Transpose")
def _transpose(t, name, inputs, given):
    order = given.get("perm", list(range(len(inputs[0].axes) + 1))[::-1])
    if order[0] != 0:
        raise ValueError("it moves the axis of the examples")
    x = inputs[0]
    return type(x)(x.name, tuple(x.axes[axis - 1] for axis in order[1:]))


@operator("Unsqueeze")
def _unsqueeze(t, name, inputs, given):
    x, rank = inputs[0], len(inputs[0].axes) + 1
    axes = sorted(axis % (rank + len(ints(inputs[1]))) for axis in ints(inputs[1]))
    if 0 in axes:
        raise ValueError("it puts an axis before the examples")
    own = list(x.axes)
    for axis in axes:
        own.insert(axis - 1, None)
    return type(x)(x.name, tuple(own))


@operator("Squeeze")
def _squeeze(t, name, inputs, given):
    x, rank = inputs[0], len(inputs[0].axes) + 1
    if len(inputs) > 1 and inputs[1] is not None:
        axes = [axis % rank for axis in ints(inputs[1])]
    else:
        axes = [axis for axis in range(1, rank) if t.size(x, axis) == 1]
    return without_axes(x, axes)


@operator("Flatten")
def _flatten(t, name, inputs, given):
    if int(given.get("axis", 1)) != 1:
        raise ValueError(f"its axis is {given['axis']}")
    x = t.in_order(inputs[0], name)
    return x if len(t.shapes[x.name]) == 1 else t.put("flatten", name, [x.name], (0,))


@operator("Reshape")
def _reshape(t, name, inputs, given):
    shape = ints(inputs[1])
    old = t.full_shape(inputs[0])
    shape = [old[axis] if size == 0 and axis < len(old) else size for axis, size in enumerate(shape)]
    if shape[0] not in (1, -1) or (shape[0] == -1 and -1 in shape[1:]):
        raise ValueError(f"its shape {shape} has no axis of the examples")
    x = t.in_order(inputs[0], name)
    return t.put("reshape", name, [x.name], range(len(shape) - 1), shape=tuple(shape[1:]))


@operator("Slice")
def _slice(t, name, inputs, given):
    x, starts, stops = inputs[0], ints(inputs[1]), ints(inputs[2])
    axes = ints(inputs[3]) if len(inputs) > 3 and inputs[3] is not None else list(range(len(starts)))
    steps = ints(inputs[4]) if len(inputs) > 4 and inputs[4] is not None else [1] * len(starts)
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


@operator("Gather")
def _gather(t, name, inputs, given):
    x, axis = inputs[0], int(given.get("axis", 0)) % (len(inputs[0].axes) + 1)
    index = need_array(inputs[1], "its index")
    if axis == 0 or index.ndim:
        raise ValueError("it takes more than one index")
    own, place = x.axes[axis - 1], int(index) % t.full_shape(x)[axis]
    if own is not None:
        x = t.put("slice", name, [x.name], x.axes, axis=own + 1, start=place, stop=place + 1, step=1)
    return without_axes(x, [axis])


@operator("Pad")
def _pad(t, name, inputs, given):
    x, pads = inputs[0], ints(inputs[1])
    value = 0 if len(inputs) < 3 or inputs[2] is None else float(inputs[2])
    if text(given.get("mode"), "constant") != "constant" or value:
        raise ValueError("it adds something else than zeros")
    if len(inputs) > 3 and inputs[3] is not None:
        rank, axes, own = len(x.axes) + 1, ints(inputs[3]), [0] * 2 * (len(x.axes) + 1)
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
    old = np.array([1, *t.full_shape(x)[1:]], float)
    sizes = need_array(inputs[3], "a size") / old if len(inputs) > 3 and inputs[3] is not None else None
    scales = need_array(inputs[2], "a scale") if sizes is None else [1, *sizes[1:]]
    larger = [axis for axis, scale in enumerate(scales) if scale != 1]
    if any(scales[axis] != int(scales[axis]) or x.axes[axis - 1] != 0 for axis in larger):
        raise ValueError("it is no repetition of positions")
    if not larger:
        return x
    return t.put("repeat", name, [x.name], x.axes, times=int(scales[larger[0]]))


@operator("Shape")
def _shape(t, name, inputs, given):
    start, stop = given.get("start", 0), given.get("end")
    return np.array(t.full_shape(inputs[0])[start:stop], np.int64)
