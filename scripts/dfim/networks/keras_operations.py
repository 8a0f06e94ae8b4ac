"""The functions of keras.ops that stand in a functional model as steps of their own."""

from collections.abc import Callable

import numpy as np

from dfim.networks.backend import keras
from dfim.networks.graph import Node
from dfim.networks.keras_layers import unsupported

_MERGES = {
    "Add": "add",
    "Subtract": "subtract",
    "Multiply": "multiply",
    "Divide": "divide",
    "TrueDivide": "divide",
    "Maximum": "maximum",
    "Minimum": "minimum",
}
_FUNCTIONS: dict[str, tuple[str, dict]] = {
    "Relu": ("relu", {}),
    "Relu6": ("clipped_relu", {"maximum": 6.0}),
    "Sigmoid": ("sigmoid", {}),
    "HardSigmoid": ("hard_sigmoid", {"slope": 1 / 6, "shift": 0.5}),
    "Tanh": ("tanh", {}),
    "Exp": ("exponential", {}),
    "Log": ("logarithm", {}),
    "Softplus": ("softplus", {}),
    "Softsign": ("softsign", {}),
    "Silu": ("silu", {}),
    "Selu": ("selu", {}),
    "Absolute": ("absolute", {}),
    "Abs": ("absolute", {}),
    "Square": ("power", {"exponent": 2.0}),
    "Sqrt": ("power", {"exponent": 0.5}),
    "Rsqrt": ("power", {"exponent": -0.5}),
    "Reciprocal": ("power", {"exponent": -1.0}),
}
_REDUCTIONS = {"Mean": "global_average_pool", "Sum": "global_sum_pool", "Max": "global_max_pool"}


def nodes_of_operation(operation, shapes: list[tuple], arguments) -> list[Node]:
    """Return the nodes of one use of an operation; as :func:`dfim.networks.keras_layers.nodes_of`."""
    kind, name = type(operation).__name__, operation.name
    if kind in _MERGES:
        return [_merge(operation, _MERGES[kind], arguments)]
    if kind in _FUNCTIONS:
        found, options = _FUNCTIONS[kind]
        return [Node(found, name, {}, dict(options))]
    if kind in _REDUCTIONS:
        return _reduction(operation, _REDUCTIONS[kind], shapes[0])
    if kind == "GetItem":
        return _item(operation, arguments)
    if kind == "Power":
        return [_power(operation, arguments)]
    if kind == "Clip":
        limits = {"minimum": operation.x_min, "maximum": operation.x_max}
        return [Node("clip", name, {}, {key: _number(operation, limit) for key, limit in limits.items()})]
    if kind in _MADE:
        return [_MADE[kind](operation, shapes, arguments)]
    raise unsupported(operation, f"the operation {kind}")


def _merge(operation, kind: str, arguments) -> Node:
    """Return a merge of two nodes, or an affine node where one of the two is a constant."""
    first, second = arguments.args[:2]
    tensors = [isinstance(each, keras.KerasTensor) for each in (first, second)]
    if all(tensors):
        return Node(kind, operation.name)
    value = np.asarray(second if tensors[0] else first, np.float32)
    scale, shift = np.float32(1), np.float32(0)
    match kind, tensors[0]:
        case "add", _:
            shift = value
        case "subtract", True:
            shift = -value
        case "subtract", False:
            scale, shift = np.float32(-1), value
        case "multiply", _:
            scale = value
        case "divide", True:
            scale = 1 / value
        case _:
            raise unsupported(operation, f"a constant in the operation {type(operation).__name__}")
    if max(np.ndim(scale), np.ndim(shift)) and np.ndim(value) == len(operation.output.shape):
        scale, shift = (each[0] if np.ndim(each) else each for each in (scale, shift))
    return Node("affine", operation.name, {"scale": np.asarray(scale), "shift": np.asarray(shift)})


def _reduction(operation, kind: str, shape: tuple) -> list[Node]:
    axes = operation.axis if isinstance(operation.axis, list | tuple) else [operation.axis]
    if list(axes) not in ([1], [-2]) or len(shape) != 2:
        raise unsupported(operation, f"a reduction over the axes {operation.axis}")
    pool = [Node(kind, operation.name)]
    kept = Node("reshape", f"{operation.name}_keepdims", {}, {"shape": (1, -1)})
    return [*pool, kept] if operation.keepdims else pool


def _item(operation, arguments) -> list[Node]:
    """Return slices and reversals of each axis that is cut."""
    key = arguments.args[1] if len(arguments.args) > 1 else arguments.kwargs["key"]
    keys = list(key) if isinstance(key, tuple | list) else [key]
    parts = [(axis, part) for axis, part in enumerate(keys) if part != slice(None)]
    if not all(axis and isinstance(part, slice) for axis, part in parts):
        raise unsupported(operation, f"the index {key}")
    return [node for axis, part in parts for node in _part(f"{operation.name}_{axis}", axis, part)]


def _part(name: str, axis: int, part: slice) -> list[Node]:
    """Return a slice; one that goes backwards is one of what is turned around, counted from the other end."""
    nodes, start, stop, step = [], part.start, part.stop, part.step or 1
    if step < 0:
        nodes = [Node("reverse", f"{name}_turned", {}, {"axis": axis})]
        start, stop = (None if end is None else -1 - end for end in (start, stop))
        if (start, stop, step) == (None, None, -1):
            return nodes
    options = {"axis": axis, "start": start, "stop": stop, "step": abs(step)}
    return [*nodes, Node("slice", name, {}, options)]


def _power(operation, arguments) -> Node:
    base, exponent = arguments.args
    if not isinstance(base, keras.KerasTensor):
        raise unsupported(operation, "a constant that is raised to a power")
    return Node("power", operation.name, {}, {"exponent": _number(operation, exponent)})


def _number(operation, value) -> float:
    if isinstance(value, keras.KerasTensor) or np.ndim(value):
        raise unsupported(operation, "something else than one number as its limit or exponent")
    return float(value)


def _reverse(operation, shapes, arguments) -> Node:
    axis = operation.axis if isinstance(operation.axis, int) else None
    if not axis:
        raise unsupported(operation, f"a reversal of the axes {operation.axis}")
    return Node("reverse", operation.name, {}, {"axis": axis % (len(shapes[0]) + 1)})


def _reshape(operation, shapes, arguments) -> Node:
    return Node("reshape", operation.name, {}, {"shape": tuple(operation.output.shape[1:])})


def _transpose(operation, shapes, arguments) -> Node:
    order = operation.axes or tuple(reversed(range(len(shapes[0]) + 1)))
    if order[0]:
        raise unsupported(operation, f"the axes {order}")
    return Node("permute", operation.name, {}, {"order": tuple(axis - 1 for axis in order[1:])})


def _concatenate(operation, shapes, arguments) -> Node:
    if len(arguments.args[0]) != len(shapes):
        raise unsupported(operation, "a constant among what is joined")
    return Node("concatenate", operation.name, {}, {"axis": operation.axis % (len(shapes[0]) + 1)})


def _softmax(operation, shapes, arguments) -> Node:
    if operation.axis != -1:
        raise unsupported(operation, f"the axis {operation.axis}")
    return Node("softmax", operation.name)


def _matmul(operation, shapes, arguments) -> Node:
    """Return a product of two tensors of the same number of axes."""
    if len(shapes) != 2 or len(shapes[0]) != len(shapes[1]) or len(shapes[0]) < 2:
        raise unsupported(operation, f"inputs of the shapes {' and '.join(map(str, shapes))}")
    batch = "abcdefgh"[: len(shapes[0]) - 2]
    return Node("matrix_product", operation.name, {}, {"equation": f"{batch}xy,{batch}yz->{batch}xz"})


_MADE: dict[str, Callable] = {
    "Matmul": _matmul,
    "Flip": _reverse,
    "Reshape": _reshape,
    "Squeeze": _reshape,
    "ExpandDims": _reshape,
    "Transpose": _transpose,
    "Concatenate": _concatenate,
    "Softmax": _softmax,
    "Gelu": lambda op, shapes, arguments: Node("gelu", op.name, {}, {"approximate": bool(op.approximate)}),
    "LeakyRelu": lambda op, shapes, arguments: Node(
        "leaky_relu", op.name, {}, {"slope": float(op.negative_slope)}
    ),
    "Elu": lambda op, shapes, arguments: Node("elu", op.name, {}, {"alpha": float(op.alpha)}),
    "Negative": lambda op, shapes, arguments: Node(
        "affine", op.name, {"scale": np.asarray(-1, np.float32), "shift": np.asarray(0, np.float32)}
    ),
}
