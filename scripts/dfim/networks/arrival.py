"""The check on arrival: a graph must compute what the framework that its network came from computes.

What is compared is the values before the last activation: a sigmoid or a softmax would hide what is wrong.
"""

import contextlib
import logging
from collections.abc import Iterator

import keras
import numpy as np

from dfim.errors import InputError
from dfim.networks.description import Walk
from dfim.networks.evaluation import evaluate
from dfim.networks.graph import Graph

logger = logging.getLogger("dfim")

# Largest difference, as a share of the range of an output over the sequences.
TOLERANCE = 1e-5
# What 32-bit floats cost in sums, as a share of the largest value.
_ROUNDING = 2e-6
_SEQUENCES = 8


def random_sequences(length: int, number: int = _SEQUENCES) -> np.ndarray:
    """Return one-hot sequences, float32 (number, length, 4)."""
    return np.eye(4, dtype=np.float32)[np.random.default_rng(0).integers(4, size=(number, length))]


def check_against_keras(walk: Walk, graph: Graph, length: int, where: str) -> float:
    """Compare a graph with the model that it was made of; return the largest difference over the range.

    Raises InputError, naming the node where values first differ, when it is above :data:`TOLERANCE`.
    """
    x = random_sequences(length)
    ends = {node.name: node for node in graph}
    others = [t._keras_history.operation.name for t in walk.model.inputs[1:]]
    held = [walk.held(name) for name in others]
    inputs = [x, *(np.broadcast_to(value, (len(x), *value.shape)) for value in held)]
    inputs = keras.tree.pack_sequence_as(walk.model._inputs_struct, inputs)
    names = []
    with contextlib.ExitStack() as stack:
        for tensor, name in zip(walk.model.outputs, graph.outputs.values(), strict=True):
            cut = stack.enter_context(_without_activation(tensor))
            names.append(ends[name].inputs[0] if cut else name)
        expected = [np.asarray(value) for value in _called(walk.model, inputs)]
    own = evaluate(graph, x, names)
    worst = max(difference(own[name], value) for name, value in zip(names, expected, strict=True))
    if not worst <= TOLERANCE + _rounding(graph, x, own, worst):
        node = _first_difference(walk, graph, inputs, x) or names[0]
        raise InputError(
            f"the network {where} computes something else than its description: from the node {node} on the "
            f"values differ, in the end by {worst:.2g} of their range; export it to ONNX."
        )
    logger.info("%s: the description gives the network's own outputs to %.1g of their range", where, worst)
    return worst


def difference(found: np.ndarray, expected: np.ndarray) -> float:
    """Return the largest difference, less what rounding explains, as a share of the range of ``expected``."""
    if found.shape != expected.shape:
        return np.inf
    expected = expected.astype(np.float64)
    off = max(np.abs(found - expected).max() - _ROUNDING * np.abs(expected).max(), 0.0)
    return off / (np.ptp(expected) or 1.0)


def _rounding(graph: Graph, x: np.ndarray, own: dict[str, np.ndarray], worst: float) -> float:
    """Return what 32 bits explain of a difference: how far the graph's own values are from those in 64."""
    if worst <= TOLERANCE:
        return 0.0
    exact = evaluate(graph, x, own, "float64")
    return 4 * max(difference(own[name], exact[name]) for name in own)


def _called(model: keras.Model, inputs) -> list:
    found = model(inputs, training=False)
    return [keras.ops.convert_to_numpy(v) for v in (found if isinstance(found, list | tuple) else [found])]


@contextlib.contextmanager
def _without_activation(tensor) -> Iterator[bool]:
    """Take the activation off the layer that gives an output, if it has one and is used once."""
    layer, number = tensor._keras_history.operation, tensor._keras_history.tensor_index
    while isinstance(layer, keras.Model):
        inner = layer._functional if isinstance(layer, keras.Sequential) else layer
        tensor = inner.outputs[number]
        layer, number = tensor._keras_history.operation, tensor._keras_history.tensor_index
    activation = getattr(layer, "activation", None)
    if activation in (None, keras.activations.linear) or len(layer._inbound_nodes) > 1:
        yield False
        return
    layer.activation = keras.activations.linear
    try:
        yield True
    finally:
        layer.activation = activation


def _first_difference(walk: Walk, graph: Graph, inputs, x: np.ndarray) -> str | None:
    """Return the name of the first node whose values are not those of its Keras tensor."""
    tensors = {node.name: walk.tensors[node.name] for node in graph if node.name in walk.tensors}
    expected = _called(keras.Model(walk.model.inputs, list(tensors.values())), inputs)
    own = evaluate(graph, x, list(tensors))
    for name, value in zip(tensors, expected, strict=True):
        if not difference(own[name], value) <= TOLERANCE:
            return name
    return None
