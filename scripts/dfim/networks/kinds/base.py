"""What an entry of the table of kinds says of its nodes."""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dfim import backends
from dfim.networks.graph import Node

Shape = tuple[int, ...]


class _Operations:
    """keras.ops, imported when first used: Keras takes seconds, and shapes need none of it."""

    def __getattr__(self, name: str):
        return getattr(importlib.import_module("dfim.networks.backend").keras.ops, name)


ops = _Operations()


class ShapeError(ValueError):
    """What does not fit in a node's input, as the end of the sentence ``node … cannot take its input: …``."""


@dataclass(frozen=True)
class Field:
    """Which positions of the sequence output position i sees: first + step · i up to last + step · i."""

    step: float = 1
    first: float = 0
    last: float = 0

    @property
    def width(self) -> float:
        return self.last - self.first + 1


WHOLE = Field(1, -np.inf, np.inf)


class Kind:
    """All that is known of one kind of node. Tensors have the examples as their first axis, shapes have not.

    ``words``: the kind in words. ``nonlinear``: whether the effect of one input can depend on another's.
    """

    words = ""
    nonlinear = False

    def shape(self, node: Node, shapes: Sequence[Shape]) -> Shape:
        """Return the shape of the output; raises ShapeError when an input does not fit."""
        return shapes[0]

    def forward(self, node: Node, values: Sequence):
        """Return the output for the inputs."""
        raise NotImplementedError

    def back(self, node: Node, multiplier, values: Sequence, references: Sequence | None) -> list:
        """Return the multiplier of each input.

        A multiplier is the change of what is explained for a change by one. With ``references``, the
        node's inputs for the reference, the rule is DeepLIFT's Rescale; without, the derivative.
        The first axis of a multiplier is 1 where it is the same for all examples.
        """
        raise NotImplementedError

    def field(self, node: Node, fields: Sequence[Field]) -> Field:
        """Return what the positions of the output see."""
        return united(fields)

    def positions(self, node: Node, axes: Sequence[int | None]) -> int | None:
        """Return which axis of the output, from 1, is the positions, if any; ``axes``: of the inputs."""
        return next((axis for axis in axes if axis), None)

    def size(self, node: Node, sizes: Sequence[np.ndarray]) -> np.ndarray:
        """Return the size of the values of each channel (last axis), from those of the inputs.

        That is the root of the sum of squares of the terms that a value is a sum of: rounding is as large as
        they are, however small the sum.
        """
        return sizes[0]

    def cost(self, node: Node) -> float:
        """Return the multiplications and additions for one sequence; shapes are in the node's options."""
        return float(np.prod(node.options["output_shape"]))


def united(fields: Sequence[Field]) -> Field:
    """Return what positions see that are computed from the same position of several inputs."""
    if not fields:
        return Field()
    if len({field.step for field in fields}) > 1:
        return WHOLE
    return Field(fields[0].step, min(field.first for field in fields), max(field.last for field in fields))


def need_rank(shape: Shape, *ranks: int) -> None:
    if len(shape) not in ranks:
        needed = " or ".join({1: "units", 2: "(positions, channels)"}[rank] for rank in ranks)
        raise ShapeError(f"its shape is {shape}, and {needed} are needed")


def summed_to(multiplier, shape: Sequence[int]):
    """Return a multiplier of a value that was broadcast, for the value itself (of ``shape``)."""
    extra = len(multiplier.shape) - 1 - len(shape)
    if extra:
        multiplier = ops.sum(multiplier, axis=tuple(range(1, 1 + extra)))
    axes = tuple(
        axis for axis, size in enumerate(shape, start=1) if size == 1 and multiplier.shape[axis] != 1
    )
    return ops.sum(multiplier, axis=axes, keepdims=True) if axes else multiplier


def with_bias(x, bias):
    """Return x plus a bias on its last axis, in the form that a framework joins with what is before it."""
    return backends.chosen().with_bias(x, bias)
