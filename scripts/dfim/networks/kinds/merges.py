"""Kinds that join nodes; shapes are broadcast from the right.

In a product, and in the larger or smaller of two, what a change of one does depends on the other: half of
both orders is taken. Of more than two nodes, the first two are one, that and the third are one, and so on.
"""

from collections.abc import Callable

import numpy as np

from dfim.networks.kinds.base import WHOLE, Kind, ShapeError, ops, summed_to, united
from dfim.networks.kinds.elementwise import NEAR_ZERO


class _Merge(Kind):
    def shape(self, node, shapes):
        try:
            return tuple(int(size) for size in np.broadcast_shapes(*shapes))
        except ValueError:
            raise ShapeError(f"the shapes {' and '.join(map(str, shapes))} do not go together") from None


class Sum(_Merge):
    """Σ factor · input, with one factor for each input made by ``factors`` of their number."""

    def __init__(self, words: str, factors: Callable[[int], list[float]]):
        self.words, self._factors = words, factors

    def size(self, node, sizes):
        return sum(abs(f) * size for f, size in zip(self._factors(len(sizes)), sizes, strict=True))

    def forward(self, node, values):
        factors = self._factors(len(values))
        total = 0.0
        for factor, value in zip(factors, values, strict=True):
            total = total + (value if factor == 1 else factor * value)
        return total

    def back(self, node, multiplier, values, references):
        factors = self._factors(len(values))
        return [
            summed_to(multiplier if factor == 1 else multiplier * factor, value.shape[1:])
            for factor, value in zip(factors, values, strict=True)
        ]


class _Folded(_Merge):
    """Two values made one, from the left."""

    nonlinear = True

    def pair(self, a, b):
        raise NotImplementedError

    def shares(self, a, b, a0, b0) -> tuple:
        """Return the slopes towards a and b; a0 and b0 are None for derivatives."""
        raise NotImplementedError

    def forward(self, node, values):
        return self._folds(values)[-1]

    def _folds(self, values) -> list:
        folds = [values[0]]
        for value in values[1:]:
            folds.append(self.pair(folds[-1], value))
        return folds

    def back(self, node, multiplier, values, references):
        folds = self._folds(values)
        references = [None] * len(values) if references is None else references
        folds0 = [None] * len(values) if references[0] is None else self._folds(references)
        parts = []
        for number in range(len(values) - 1, 0, -1):
            a, b = folds[number - 1], values[number]
            to_a, to_b = self.shares(a, b, folds0[number - 1], references[number])
            parts.append(summed_to(multiplier * to_b, b.shape[1:]))
            multiplier = summed_to(multiplier * to_a, a.shape[1:])
        return [multiplier, *reversed(parts)]


class Product(_Folded):
    words = "product of nodes"

    def size(self, node, sizes):
        return np.prod(np.broadcast_arrays(*sizes), axis=0)

    def pair(self, a, b):
        return a * b

    def shares(self, a, b, a0, b0):
        return (b, a) if a0 is None else ((b + b0) / 2, (a + a0) / 2)


class Quotient(_Merge):
    """The first node over the second: a product with its reciprocal."""

    words = "quotient of two nodes"
    nonlinear = True

    def forward(self, node, values):
        return values[0] / values[1]

    def back(self, node, multiplier, values, references):
        (a, b), (a0, b0) = values, values if references is None else references
        return [
            summed_to(multiplier * (1 / b + 1 / b0) / 2, a.shape[1:]),
            summed_to(-multiplier * (a + a0) / 2 / (b * b0), b.shape[1:]),
        ]


class Largest(_Folded):
    """The larger (``sign`` 1) or the smaller (−1); the first where they are equal."""

    def size(self, node, sizes):
        return np.maximum.reduce(np.broadcast_arrays(*sizes))

    def __init__(self, words: str, sign: int):
        self.words, self._sign = words, sign

    def pair(self, a, b):
        return ops.maximum(a, b) if self._sign > 0 else ops.minimum(a, b)

    def shares(self, a, b, a0, b0):
        first = ops.cast(self._sign * (a - b) >= 0, a.dtype)
        if a0 is None:
            return first, 1 - first
        return self._share(a, a0, b, b0, first), self._share(b, b0, a, a0, 1 - first)

    def _share(self, a, a0, b, b0, derivative):
        """Return the mean of what a's change does before and after b's, over a's change."""
        change = a - a0
        near = ops.abs(change) < NEAR_ZERO
        total = (self.pair(a, b0) - self.pair(a0, b0) + self.pair(a, b) - self.pair(a0, b)) / 2
        return ops.where(near, derivative, total / ops.where(near, ops.ones_like(change), change))


class MatrixProduct(Kind):
    """Of two nodes; option ``equation``, as ``ab,cb->ac``: a letter for each axis but the examples'.

    A letter of one input is also one of the other, or of the output.
    """

    words = "matrix product of two nodes, as in attention"
    nonlinear = True

    def shape(self, node, shapes):
        first, second, out = self._letters(node)
        sizes = {}
        for letters, shape in zip((first, second), shapes, strict=True):
            known = [sizes.setdefault(letter, size) for letter, size in zip(letters, shape, strict=False)]
            if known != list(shape):
                raise ShapeError(
                    f"the shapes {' and '.join(map(str, shapes))} do not go together by "
                    f"{node.options['equation']}"
                )
        if any(set(one) - {*other, *out} for one, other in ((first, second), (second, first))):
            raise ShapeError(f"an axis of {node.options['equation']} is summed alone")
        return tuple(sizes[letter] for letter in out)

    @staticmethod
    def _letters(node) -> tuple[str, str, str]:
        inputs, out = node.options["equation"].split("->")
        first, second = inputs.split(",")
        return first, second, out

    def forward(self, node, values):
        first, second, out = self._letters(node)
        return _summed_product(first, values[0], second, values[1], out)

    def back(self, node, multiplier, values, references):
        first, second, out = self._letters(node)
        a, b = (
            values if references is None else ((v + r) / 2 for v, r in zip(values, references, strict=True))
        )
        to_first = _summed_product(out, multiplier, second, b, first)
        return [to_first, _summed_product(out, multiplier, first, a, second)]

    def field(self, node, fields):
        return WHOLE

    def positions(self, node, axes):
        *terms, out = self._letters(node)
        letters = [letters[axis - 1] for letters, axis in zip(terms, axes, strict=True) if axis]
        return next((out.index(letter) + 1 for letter in letters if letter in out), None)

    def size(self, node, sizes):
        first, _, out = self._letters(node)
        terms = [n for letter, n in zip(first, node.options["input_shape"], strict=True) if letter not in out]
        return np.prod(terms) ** 0.5 * np.max(sizes[0]) * np.max(sizes[1])

    def cost(self, node):
        first, _, out = self._letters(node)
        known = dict(zip(first, node.options["input_shape"], strict=True))
        known |= dict(zip(out, node.options["output_shape"], strict=True))
        return float(np.prod(list(known.values())))


def _summed_product(first: str, a, second: str, b, out: str):
    # Dots stand for the examples, of which there may be one for all.
    return ops.einsum(f"...{first},...{second}->...{out}", a, b)


class Concatenate(Kind):
    """Option ``axis``: 1 for positions (or units), 2 for channels."""

    words = "concatenation"

    def size(self, node, sizes):
        last = node.options["axis"] == len(node.options["output_shape"])
        return np.concatenate(sizes) if last else np.maximum.reduce(np.broadcast_arrays(*sizes))

    def shape(self, node, shapes):
        axis = node.options["axis"] - 1
        rest = {(*shape[:axis], *shape[axis + 1 :]) for shape in shapes}
        if len(rest) > 1 or axis >= len(shapes[0]):
            raise ShapeError(f"the shapes {' and '.join(map(str, shapes))} cannot be joined on axis {axis}")
        total = sum(shape[axis] for shape in shapes)
        return (*shapes[0][:axis], total, *shapes[0][axis + 1 :])

    def forward(self, node, values):
        many = next((value for value in values if value.shape[0] != 1), values[0])
        n = ops.shape(many)[0]
        # What does not depend on the sequence is there once.
        values = [
            v if v.shape[0] == many.shape[0] else ops.broadcast_to(v, (n, *v.shape[1:])) for v in values
        ]
        return ops.concatenate(values, axis=node.options["axis"])

    def back(self, node, multiplier, values, references):
        axis, parts, start = node.options["axis"], [], 0
        for value in values:
            stop = start + value.shape[axis]
            parts.append(multiplier[(slice(None),) * axis + (slice(start, stop),)])
            start = stop
        return parts

    def field(self, node, fields):
        along = node.options["axis"] == 1 and len(node.options["output_shape"]) > 1
        return WHOLE if along else united(fields)


MERGES = {
    "add": Sum("sum of nodes", lambda n: [1.0] * n),
    "subtract": Sum("difference of two nodes", lambda n: [1.0, -1.0]),
    "average": Sum("mean of nodes", lambda n: [1.0 / n] * n),
    "multiply": Product(),
    "divide": Quotient(),
    "maximum": Largest("the largest of nodes", 1),
    "minimum": Largest("the smallest of nodes", -1),
    "matrix_product": MatrixProduct(),
    "concatenate": Concatenate(),
}
