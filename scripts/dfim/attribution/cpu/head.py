"""The dense layers on top: their factors, for sequences and for mutants, and the way back through them."""

from dataclasses import dataclass

import numpy as np

from dfim.attribution.cpu import kernels
from dfim.attribution.cpu.plan import Dense
from dfim.attribution.cpu.tiles import EIGHT, tiles
from dfim.attribution.cpu.vectors import empty

# Inputs of a dense layer whose products are added up before they are added to others: at most so many.
_PART = 64
# Of fewer rows BLAS forms the products: tiles would use a weight for too few.
_FEW = 16


@dataclass
class Rows:
    """What the head made of some rows (sequences or mutants).

    ``inputs`` are differences from the reference, (rows, inputs) for each layer; that of the first layer is
    missing for mutants. ``sums`` and ``absolute`` are d · K and |d| · |K| of the first layer; ``factors`` the
    factors of each ReLU, one for Rescale and two for RevealCancel; ``logits`` (rows, tasks).
    """

    inputs: list
    sums: np.ndarray
    absolute: np.ndarray
    factors: list[tuple]
    logits: np.ndarray


class Product:
    """Products of rows with a float32 matrix (inputs, outputs)."""

    def __init__(self, matrix: np.ndarray):
        inputs, outputs = matrix.shape
        self.matrix = matrix
        self.part = max((part for part in range(EIGHT, _PART + 1, EIGHT) if inputs % part == 0), default=0)
        self.tiles = None
        if self.part and outputs and outputs % EIGHT == 0:
            self.tiles = tiles(matrix.reshape(-1, self.part, outputs), self.part)
            self.no_bias = np.zeros(outputs, np.float32)

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        result = empty((len(rows), self.matrix.shape[1]))
        if self.tiles is None or len(rows) < _FEW:
            kernels.multiply(rows, self.matrix, result, 0)
        else:  # a convolution with one result, whose taps are parts of the inputs
            parts = rows.reshape(len(rows), -1, self.part)
            kernels.convolve(parts, True, 0, *self.tiles, self.no_bias, True, result[:, None])
        return result


class Head:
    """Dense layers under a rule for their ReLUs, relative to the reference's inputs (inputs,).

    With ``derivative`` the factor of a ReLU is its slope at the sequence's own value.
    """

    def __init__(
        self, layers: list[Dense], reference: np.ndarray, reveal_cancel: bool, derivative: bool = False
    ):
        self.layers = layers
        self.reveal_cancel, self.derivative = reveal_cancel, derivative
        self.references = []
        self.absolute = []
        self.back = [np.ascontiguousarray(layer.kernel.T) for layer in layers]
        self.absolute_back = []
        value = reference
        for layer in layers:
            value = value @ layer.kernel + layer.bias
            self.references.append(value)
            use = reveal_cancel and layer.relu
            self.absolute.append(np.abs(layer.kernel) if use else np.empty((0, 0), np.float32))
            self.absolute_back.append(np.ascontiguousarray(self.absolute[-1].T))
            value = np.maximum(value, 0) if layer.relu else value
        self._forward, self._absolute, self._back, self._absolute_back = (
            [Product(matrix) for matrix in matrices]
            for matrices in (
                [layer.kernel for layer in layers],
                self.absolute,
                self.back[:-1],
                self.absolute_back[:-1],
            )
        )

    @property
    def units(self) -> int:
        """Return how many results the first layer has."""
        return self.layers[0].kernel.shape[1]

    @property
    def reference_logits(self) -> np.ndarray:
        return self.references[-1]

    def forward(self, d: np.ndarray) -> Rows:
        """Evaluate rows whose inputs differ from the reference's by ``d`` (rows, inputs)."""
        sums = self._forward[0](d)
        absolute = self._absolute[0](np.abs(d)) if len(self.absolute[0]) else sums[:0]
        return self._above(d, sums, absolute)

    def values(self, d: np.ndarray) -> np.ndarray:
        """Return the logits of :meth:`forward` alone, (rows, tasks)."""
        for number, layer in enumerate(self.layers):
            z = self.references[number] + self._forward[number](d)
            if layer.relu:
                d = np.maximum(z, 0) - np.maximum(self.references[number], 0)
        return z

    def forward_changed(self, base: Rows, owners, dy: np.ndarray, starts: np.ndarray) -> Rows:
        """Evaluate rows that differ from the rows ``owners`` of ``base`` in a window of the inputs.

        ``starts`` of the windows are sorted.
        """
        sums = base.sums[owners]
        kernels.add_changed_inputs(dy, starts, self.layers[0].kernel, sums)
        absolute = base.absolute
        if len(absolute):
            absolute, change = absolute[owners], np.empty_like(dy)
            kernels.change_of_sizes(dy, starts, base.inputs[0], owners, change)
            kernels.add_changed_inputs(change, starts, self.absolute[0], absolute)
        return self._above(None, sums, absolute)

    def unchanged(self, rows: Rows, base: Rows, owners) -> np.ndarray:
        """Return which rows have every derivative of the rows ``owners`` of ``base``, bool.

        What they change in multipliers is exactly nothing, and rounding must not say otherwise.
        """
        if not self.derivative:
            return np.zeros(len(owners), bool)
        layers = zip(rows.factors, base.factors, strict=True)
        return np.all([(one == other[owners]).all(axis=1) for (one,), (other,) in layers], axis=0)

    def sums(self, d: np.ndarray) -> np.ndarray:
        """Return d · K of the first layer (rows, units), d being differences from the reference's inputs."""
        return self._forward[0](d)

    def sums_changed(self, dy: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Return what changes ``dy`` [w, rows, channels] of the inputs add to the sums, (rows, units).

        ``starts`` of their windows are sorted.
        """
        sums = np.zeros((dy.shape[1], self.units), np.float32)
        kernels.add_changed_inputs(dy, starts, self.layers[0].kernel, sums)
        return sums

    def logits(self, sums: np.ndarray, task: int) -> np.ndarray:
        """Return a task's logit, float64 (rows,), that sums of the first layer lead to."""
        if len(self.layers) == 1:
            return (self.references[0][task] + sums[:, task]).astype(np.float64)
        for number in range(1, len(self.layers) - 1):
            reference = self.references[number - 1]
            sums = self._forward[number](np.maximum(reference + sums, 0) - np.maximum(reference, 0))
        weights = self.layers[-1].kernel[:, task].astype(np.float64)
        return self.references[-1][task] + kernels.weigh_active(self.references[-2], sums, weights)

    def _above(self, d, sums: np.ndarray, absolute: np.ndarray) -> Rows:
        inputs, factors, first = [d], [], (sums, absolute)
        for number, layer in enumerate(self.layers):
            if number:
                d = inputs[-1]
                sums = self._forward[number](d)
                absolute = self._absolute[number](np.abs(d)) if len(self.absolute[number]) else sums[:0]
            z = self.references[number] + sums
            if layer.relu:
                factors.append(self._factors(self.references[number], sums, absolute))
                inputs.append(np.maximum(z, 0) - np.maximum(self.references[number], 0))
        return Rows(inputs, *first, factors, z)

    def _factors(self, reference, sums, absolute) -> tuple:
        if self.derivative:
            # What the slope from 0 to a value is.
            reference, sums = np.zeros_like(reference), reference + sums
        found = tuple(np.empty_like(sums) for _ in range(2 if self.reveal_cancel else 1))
        if self.reveal_cancel:
            kernels.reveal_cancel(reference, sums, absolute, *found)
        else:
            kernels.rescale(reference, sums, *found)
        return found

    def back_to_first(self, rows: Rows, task: int) -> tuple[np.ndarray, np.ndarray]:
        """Return what the first layer's multipliers are made of, two arrays (rows, units).

        The multipliers of its inputs are plain · Kᵀ + sign(inputs) · (signed · |K|ᵀ), the second only where
        the layer has RevealCancel; without it ``signed`` is empty.
        """
        multiplier = self.layers[-1].kernel[:, task][None]
        for number in reversed(range(len(self.layers) - 1)):
            plain, signed = _halves(multiplier, rows.factors[number])
            if number == 0:
                return plain, signed
            multiplier = self._back[number](plain)
            if len(signed):
                other = self._absolute_back[number](signed)
                kernels.combine(multiplier, other, rows.inputs[number], multiplier)
        raise AssertionError("a linear head has nothing in between")

    def multipliers(self, rows: Rows, task: int) -> np.ndarray:
        """Return the multipliers of all inputs, (rows, inputs), of rows that :meth:`forward` evaluated.

        There must be a hidden layer; a linear head's multipliers are its weights.
        """
        plain, signed = self.back_to_first(rows, task)
        result = self._back[0](plain)
        if len(signed):
            kernels.combine(result, self._absolute_back[0](signed), rows.inputs[0], result)
        return result


def _halves(multiplier: np.ndarray, factors: tuple) -> tuple[np.ndarray, np.ndarray]:
    """Return the plain part, and with RevealCancel the signed one, of multipliers (rows or 1, units)."""
    if len(factors) == 1:
        return multiplier * factors[0], factors[0][:0]
    plain, signed = (np.empty_like(factors[0]) for _ in range(2))
    kernels.halves(np.ascontiguousarray(multiplier), *factors, plain, signed)
    return plain, signed
