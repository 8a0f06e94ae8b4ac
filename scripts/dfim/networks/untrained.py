"""Networks that have learned nothing: what an architecture shows by itself."""

from dataclasses import replace

import numpy as np

from dfim.errors import InputError
from dfim.networks.graph import Graph
from dfim.networks.onnx_values import OnnxValues

# What arrays hold before training. Those of other names are no weights, and stay: of affine nodes and
# constants, and epsilon.
_AT_FIRST = {
    **{"bias": 0.0, "recurrent_bias": 0.0, "initial": 0.0, "initial_cell": 0.0},
    **{"beta": 0.0, "gamma": 1.0, "mean": 0.0, "variance": 1.0, "slope": 0.0},
}
_DRAWN = ("kernel", "recurrent")


def untrained(network: Graph | OnnxValues, seed: int) -> Graph:
    """Return a network of the same nodes with random weights.

    Kernels are drawn by Glorot's uniform rule (Glorot and Bengio 2010), as those that training begins with
    are; biases and normalisations are what their layers begin with. The same seed gives the same weights;
    what nodes share they share again. Raises InputError for a network of which only the values are known.
    """
    if isinstance(network, OnnxValues):
        raise InputError(
            f"a network of which only the values are known, because of its node {network.reason}, has no "
            "weights to draw: leave the key null_checks of its analyses out."
        )
    rng, drawn = np.random.default_rng(seed), {}

    def fresh(name: str, array: np.ndarray) -> np.ndarray:
        key = (name, id(array))
        if key not in drawn:
            drawn[key] = _at_first(name, array, rng)
        return drawn[key]

    nodes = [
        replace(node, arrays={name: fresh(name, array) for name, array in node.arrays.items()})
        for node in network
    ]
    return Graph(nodes, network.outputs, network.length)


def _at_first(name: str, array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    if name in _DRAWN:
        *window, inputs, outputs = array.shape
        most = np.sqrt(6 / (np.prod(window, dtype=int) * (inputs + outputs)))
        return rng.uniform(-most, most, array.shape).astype(np.float32)
    return np.full_like(array, _AT_FIRST[name]) if name in _AT_FIRST else array
