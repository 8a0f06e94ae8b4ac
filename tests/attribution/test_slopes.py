"""Rescale's slopes in 32 bits: the quotient of differences, however small the difference of the inputs."""

import dfim.networks  # noqa: F401  before Keras

# isort: split
import numpy as np
import pytest

from dfim.networks.graph import Node
from dfim.networks.kinds import KINDS
from dfim.networks.kinds.base import ops

ALPHA, SLOPE = 0.7, 0.2


def exact(kind: str):
    """The function in numpy's longest numbers, whose own rounding is far below 32 bits."""
    logistic = lambda z: 1 / (1 + np.exp(-z))  # noqa: E731
    below = lambda z: np.expm1(np.minimum(z, 0))  # noqa: E731
    tanh_of = np.sqrt(2 / np.longdouble(np.pi))
    return {
        "relu": lambda z: np.maximum(z, 0),
        "leaky_relu": lambda z: np.where(z > 0, z, SLOPE * z),
        "elu": lambda z: np.where(z > 0, z, ALPHA * below(z)),
        "gelu": lambda z: z / 2 * (1 + np.tanh(tanh_of * (z + 0.044715 * z**3))),
        "silu": lambda z: z * logistic(z),
        "softplus": lambda z: np.log1p(np.exp(z)),
        "exponential": np.exp,
        "tanh": np.tanh,
        "sigmoid": logistic,
    }[kind]


@pytest.mark.parametrize(
    "kind",
    ["relu", "leaky_relu", "elu", "gelu", "silu", "softplus", "exponential", "tanh", "sigmoid"],
)
def test_slopes_of_small_changes_keep_their_digits(kind):
    rng = np.random.default_rng(0)
    start = rng.normal(0, 1.5, 4000).astype(np.float32)
    end = (start + rng.choice([-1, 1], 4000) * 10 ** rng.uniform(-5, 0, 4000)).astype(np.float32)
    start, end = start[start != end], end[start != end]
    options = {"alpha": ALPHA, "slope": SLOPE, "approximate": True}
    node, one = Node(kind, "it", {}, options), np.ones_like(start)[None]
    (found,) = KINDS[kind].back(node, one, *([ops.convert_to_tensor(x[None])] for x in (end, start)))
    long = [x.astype(np.longdouble) for x in (start, end)]
    expected = (exact(kind)(long[1]) - exact(kind)(long[0])) / (long[1] - long[0])
    np.testing.assert_allclose(np.asarray(found)[0], expected.astype(float), rtol=3e-5, atol=6e-5)
