"""Kinds that act on every value by itself: the function and its derivative."""

from collections.abc import Callable

import numpy as np

from dfim.networks.kinds.base import Kind, ops

# Differences below this are taken for none.
NEAR_ZERO = 1e-7
# The quotient of differences is off by rounding / change, the derivative half-way by change² / 24 of a
# function whose third derivative is about 1: below this change, of 32 and of 64 bits, the latter is better.
_TOO_NEAR = {"float32": 1e-2, "float64": 1e-5}


def _too_near(change) -> float:
    return _TOO_NEAR["float64" if "64" in str(change.dtype) else "float32"]


class Elementwise(Kind):
    """``function`` and ``derivative`` of (z, node); ``slope`` of (start, end, change, node) where one is
    better than the difference of outputs over the difference of inputs. ``smooth``: whether the function has
    three derivatives of about its own size everywhere."""

    nonlinear = True

    def __init__(
        self,
        words: str,
        function: Callable,
        derivative: Callable,
        slope: Callable | None = None,
        smooth: bool = False,
    ):
        self.words = words
        self.function, self.derivative = function, derivative
        self._slope, self._smooth = slope, smooth

    def forward(self, node, values):
        return self.function(values[0], node)

    def back(self, node, multiplier, values, references):
        if references is None:
            return [multiplier * self.derivative(values[0], node)]
        start, end = references[0], values[0]
        change = end - start
        # Where there is no change the quotient is no number, and is not taken.
        slope = self._between(start, end, change, node)
        if self._smooth:
            near = ops.abs(change) < _too_near(change)
            return [multiplier * ops.where(near, self.derivative(start + change / 2, node), slope)]
        near = ops.abs(change) < NEAR_ZERO
        return [multiplier * ops.where(near, self.derivative(start, node), slope)]

    def slope(self, start, change, node):
        """Return (f(start + change) − f(start)) / change."""
        return self._between(start, start + change, change, node)

    def _between(self, start, end, change, node):
        if self._slope is not None:
            return self._slope(start, end, change, node)
        return (self.function(end, node) - self.function(start, node)) / change


class Identity(Kind):
    """Nothing happens here."""

    words = "nothing: dropout and noise once a network is trained"

    def forward(self, node, values):
        return values[0]

    def back(self, node, multiplier, values, references):
        return [multiplier]


def _relu_slope(start, end, change, node=None):
    # As a share, so that nothing cancels.
    return ops.clip(ops.maximum(start, end) / ops.abs(change), 0, 1)


def _leaky(alpha: Callable) -> dict:
    def slope(start, end, change, node):
        share = _relu_slope(start, end, change)
        return share + alpha(node) * (1 - share)

    return {
        "slope": slope,
        "function": lambda z, node: ops.where(z > 0, z, alpha(node) * z),
        "derivative": lambda z, node: ops.where(z > 0, ops.ones_like(z), alpha(node) * ops.ones_like(z)),
    }


def _clipped(low: Callable, high: Callable, slope: Callable, shift: Callable) -> dict:
    """A line slope · z + shift between two limits."""

    def derivative(z, node):
        line = slope(node) * z + shift(node)
        return slope(node) * ops.cast((line > low(node)) & (line < high(node)), z.dtype)

    return {
        "function": lambda z, node: ops.clip(slope(node) * z + shift(node), low(node), high(node)),
        "derivative": derivative,
    }


def _option(name: str, default=None) -> Callable:
    return lambda node: node.options[name] if default is None else node.options.get(name, default)


# In place of a limit that is not there.
_LEAST = float(np.finfo(np.float32).min)


def _fixed(value: float) -> Callable:
    return lambda node: value


def _elu(z, node):
    return ops.where(z > 0, z, node.options.get("alpha", 1.0) * ops.expm1(ops.minimum(z, 0)))


def _elu_derivative(z, node):
    alpha = node.options.get("alpha", 1.0)
    return ops.where(z > 0, ops.ones_like(z), alpha * ops.exp(ops.minimum(z, 0)))


def _elu_slope(start, end, change, node):
    # Nothing cancels here either: that below 0 is a quotient of exponentials.
    low, high = ops.minimum(ops.minimum(start, end), 0), ops.minimum(ops.maximum(start, end), 0)
    below = node.options.get("alpha", 1.0) * ops.exp(low) * ops.expm1(high - low)
    return _relu_slope(start, end, change) + below / ops.abs(change)


_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def _selu(z, node):
    return _SELU_SCALE * ops.where(z > 0, z, _SELU_ALPHA * ops.expm1(ops.minimum(z, 0)))


def _selu_derivative(z, node):
    return _SELU_SCALE * ops.where(z > 0, ops.ones_like(z), _SELU_ALPHA * ops.exp(ops.minimum(z, 0)))


_ROOT, _CUBIC = float(np.sqrt(2 / np.pi)), 0.044715


def _gelu(z, node):
    if node.options.get("approximate", False):
        return 0.5 * z * (1 + ops.tanh(_ROOT * (z + _CUBIC * z * z * z)))
    return 0.5 * z * (1 + ops.erf(z / float(np.sqrt(2))))


def _gelu_derivative(z, node):
    if node.options.get("approximate", False):
        t = ops.tanh(_ROOT * (z + _CUBIC * z * z * z))
        return 0.5 * (1 + t) + 0.5 * z * (1 - t * t) * _ROOT * (1 + 3 * _CUBIC * z * z)
    density = ops.exp(-z * z / 2) / float(np.sqrt(2 * np.pi))
    return 0.5 * (1 + ops.erf(z / float(np.sqrt(2)))) + z * density


def _silu_derivative(z, node):
    s = ops.sigmoid(z)
    return s * (1 + z * (1 - s))


def _sigmoid_derivative(z, node):
    s = ops.sigmoid(z)
    return s * (1 - s)


def _mish_derivative(z, node):
    t = ops.tanh(ops.softplus(z))
    return t + z * (1 - t * t) * ops.sigmoid(z)


ACTIVATIONS = {
    "relu": Elementwise(
        "ReLU", lambda z, node: ops.relu(z), lambda z, node: ops.cast(z > 0, z.dtype), _relu_slope
    ),
    "leaky_relu": Elementwise("LeakyReLU (option slope)", **_leaky(_option("slope"))),
    "prelu": Elementwise("PReLU (array slope)", **_leaky(lambda node: node.arrays["slope"])),
    "clipped_relu": Elementwise(
        "ReLU with a maximum, as ReLU6 (option maximum)",
        **_clipped(_fixed(0.0), _option("maximum"), _fixed(1.0), _fixed(0.0)),
    ),
    "clip": Elementwise(
        "limits (options minimum and maximum, one at least)",
        **_clipped(_option("minimum", _LEAST), _option("maximum", -_LEAST), _fixed(1.0), _fixed(0.0)),
    ),
    "elu": Elementwise("ELU (option alpha)", _elu, _elu_derivative, _elu_slope),
    "selu": Elementwise("SELU", _selu, _selu_derivative),
    "gelu": Elementwise(
        "GELU, exact or approximated by tanh (option approximate)", _gelu, _gelu_derivative, smooth=True
    ),
    "silu": Elementwise("SiLU (swish)", lambda z, node: z * ops.sigmoid(z), _silu_derivative, smooth=True),
    "mish": Elementwise("mish", lambda z, node: z * ops.tanh(ops.softplus(z)), _mish_derivative, smooth=True),
    "softplus": Elementwise(
        "softplus", lambda z, node: ops.softplus(z), lambda z, node: ops.sigmoid(z), smooth=True
    ),
    "softsign": Elementwise(
        "softsign", lambda z, node: z / (1 + ops.abs(z)), lambda z, node: 1 / (1 + ops.abs(z)) ** 2
    ),
    "exponential": Elementwise(
        "exponential", lambda z, node: ops.exp(z), lambda z, node: ops.exp(z), smooth=True
    ),
    "tanh": Elementwise(
        "tanh", lambda z, node: ops.tanh(z), lambda z, node: 1 - ops.tanh(z) ** 2, smooth=True
    ),
    "sigmoid": Elementwise("sigmoid", lambda z, node: ops.sigmoid(z), _sigmoid_derivative, smooth=True),
    "hard_sigmoid": Elementwise(
        "hard sigmoid (options slope, shift)",
        **_clipped(_fixed(0.0), _fixed(1.0), _option("slope"), _option("shift")),
    ),
    "error_function": Elementwise(
        "error function",
        lambda z, node: ops.erf(z),
        lambda z, node: 2 / float(np.sqrt(np.pi)) * ops.exp(-z * z),
        smooth=True,
    ),
    "logarithm": Elementwise("natural logarithm", lambda z, node: ops.log(z), lambda z, node: 1 / z),
    "power": Elementwise(
        "power (option exponent)",
        lambda z, node: ops.power(z, node.options["exponent"]),
        lambda z, node: node.options["exponent"] * ops.power(z, node.options["exponent"] - 1),
    ),
    "absolute": Elementwise("absolute value", lambda z, node: ops.abs(z), lambda z, node: ops.sign(z)),
}
