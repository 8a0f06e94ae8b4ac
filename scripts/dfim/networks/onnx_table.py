"""What the ONNX operators have in common: the table that they stand in, and constants.

Operators are functions of (translation, name, inputs, attributes). ``inputs`` are values of
:mod:`dfim.networks.onnx_axes`, arrays where they are constants, None where left out. A function returns what
its output is, or a list for several, and raises ValueError, saying why, where it has no words for what is
asked.
"""

from collections.abc import Callable, Sequence

import numpy as np

from dfim.networks.onnx_axes import parts, slots

OPERATORS: dict[str, Callable] = {}


def operator(*names: str) -> Callable:
    def register(function: Callable) -> Callable:
        OPERATORS.update(dict.fromkeys(names, function))
        return function

    return register


def need_array(value, what: str) -> np.ndarray:
    if not isinstance(value, np.ndarray):
        raise ValueError(f"{what} is no constant")
    return value


def ints(value) -> list[int]:
    return [int(each) for each in np.atleast_1d(need_array(value, "a size"))]


def text(value, default: str) -> str:
    return default if value is None else value.decode() if isinstance(value, bytes) else value


def for_node(t, x, constant: np.ndarray) -> np.ndarray:
    """Return a constant that ONNX broadcasts to a tensor, for the axes of its node.

    In place of −∞, of which masks are made, it has a number whose exponential is 0 as well.
    """
    rank = len(x.axes)
    if constant.ndim > rank:
        raise ValueError(f"a constant has the shape {constant.shape}")
    constant = constant.reshape((1,) * (rank - constant.ndim) + constant.shape).astype(np.float32)
    constant = one_example(t, x.axes, np.where(np.isneginf(constant), np.float32(-1e30), constant))
    own = slots(x)
    kept = [
        (own[axis, 0], axis)
        for axis, entry in enumerate(x.axes)
        if (axis, 0) in own and 0 not in parts(entry)
    ]
    left = [axis for axis in range(rank) if axis not in dict(kept).values()]
    if any(constant.shape[axis] != 1 for axis in left):
        raise ValueError(f"a constant of the shape {constant.shape} makes its input larger")
    shape = [1] * len(t.shapes[x.name])
    for axis, place in kept:
        shape[axis - 1] = constant.shape[place]
    placed = constant.transpose([*left, *(place for _, place in sorted(kept))])
    return np.ascontiguousarray(placed.reshape(shape))


def one_example(t, axes: Sequence, constant: np.ndarray) -> np.ndarray:
    """Return a constant that is there for every example, as exporters write it, once."""
    at = axes.index(0) if 0 in axes else None
    if at is None or constant.shape[at] != t.examples:
        return constant
    one = constant.take([0], axis=at)
    if (constant != one).any():
        raise ValueError("a constant is another one for each example")
    return one
