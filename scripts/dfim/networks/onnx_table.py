"""What the ONNX operators have in common: the table that they stand in, and constants.

Operators are functions of (translation, name, inputs, attributes). ``inputs`` are values of
:mod:`dfim.networks.onnx_graphs`, arrays where they are constants, None where left out. A function raises
ValueError, saying why, where it has no words for what is asked.
"""

from collections.abc import Callable, Sequence

import numpy as np

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


def without_axes(value, axes: Sequence[int]):
    kept = tuple(own for axis, own in enumerate(value.axes, start=1) if axis not in axes)
    return type(value)(value.name, kept)


def for_node(t, x, constant: np.ndarray) -> np.ndarray:
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
