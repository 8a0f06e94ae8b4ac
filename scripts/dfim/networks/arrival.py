"""The check on arrival: a graph must compute what the framework that its network came from computes.

What is compared is the values before the last activation: a sigmoid or a softmax would hide what is wrong.
"""

import contextlib
import itertools
import logging
from collections.abc import Iterator

import numpy as np
import onnx

from dfim.errors import InputError
from dfim.networks.backend import keras
from dfim.networks.description import Walk
from dfim.networks.evaluation import evaluate
from dfim.networks.graph import INPUT, Graph
from dfim.networks.onnx_axes import Value
from dfim.networks.onnx_files import Session
from dfim.networks.onnx_graphs import Translation, onnx_feeds

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
    pairs = [(own[name], value) for name, value in zip(names, expected, strict=True)]
    worst, beyond = (max(itertools.starmap(off, pairs)) for off in (difference, excess))
    if not beyond <= TOLERANCE + _rounding(graph, x, own, beyond):
        node = _first_difference(walk, graph, inputs, x) or names[0]
        raise InputError(
            f"the network {where} computes something else than its description: from the node {node} on the "
            f"values differ, in the end by {worst:.2g} of their range; export it to ONNX."
        )
    logger.info("%s: the description gives the network's own outputs to %.1g of their range", where, worst)
    return worst


def check_against_onnx(translation: Translation, graph: Graph, where: str) -> float:
    """Compare a graph with what onnxruntime makes of its ONNX network; as :func:`check_against_keras`."""
    model, values = translation.model, translation.values
    made_by = {key: node for node in model.graph.node for key in node.output}
    names = [entry.name for entry in model.graph.output]
    cut = [_before_activation(name, made_by, values) for name in names]
    found = _onnx_differences(translation, graph, cut)
    worst = max(raw for raw, _ in found.values())
    if not max(beyond for _, beyond in found.values()) <= TOLERANCE:
        steps = [node.output[0] for node in model.graph.node if _has_examples_first(values[node.output[0]])]
        found = _onnx_differences(translation, graph, steps)
        first = next((name for name, (_, off) in found.items() if not off <= TOLERANCE), names[0])
        node = made_by[first].name if first in made_by else ""
        raise InputError(
            f"the network {where} computes something else than its description: from the node "
            f"{node or first} on the values differ, in the end by {worst:.2g} of their range."
        )
    logger.info("%s: the description gives onnxruntime's own outputs to %.1g of their range", where, worst)
    return worst


_LAST_ACTIVATIONS = ("Sigmoid", "Softmax", "LogSoftmax", "Softplus", "Exp", "Relu", "Tanh")
_MOVES = ("Cast", "Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze")


def _before_activation(name: str, made_by: dict, values: dict) -> str:
    """Return the ONNX tensor before the last activation of an output, or the output where it has none."""
    last = made_by.get(name)
    while last is not None and last.op_type in _MOVES:
        last = made_by.get(last.input[0])
    if last is None or last.op_type not in _LAST_ACTIVATIONS:
        return name
    return last.input[0] if _has_examples_first(values[last.input[0]]) else name


def _onnx_differences(
    translation: Translation, graph: Graph, names: list[str]
) -> dict[str, tuple[float, float]]:
    """Return difference and excess of ONNX tensors, over their ranges, in the order of the names."""
    model = onnx.ModelProto()
    model.CopyFrom(translation.model)
    known = {entry.name for entry in model.graph.output}
    model.graph.output.extend(
        onnx.helper.make_empty_tensor_value_info(name) for name in dict.fromkeys(names) if name not in known
    )
    x = random_sequences(graph.length)
    found = Session(model).run(onnx_feeds(translation.model, x, translation.values), names)
    values = [translation.values[name] for name in names]
    kept = {node.name for node in graph}
    wanted = [value.name for value in values if value.name in kept]
    own = evaluate(graph, x, wanted) | {INPUT: x}
    exact = None
    result = {}
    for name, value, expected in zip(names, values, found, strict=True):
        if value.name not in own:
            continue
        mine = _as_onnx(own[value.name], value.axes)
        off = excess(mine, expected)
        if not off <= TOLERANCE:
            exact = exact or evaluate(graph, x, wanted, "float64")
            off -= 4 * difference(own[value.name], exact[value.name])
        result[name] = difference(mine, expected), off
    return result


def _has_examples_first(value) -> bool:
    """Return whether an ONNX tensor depends on the sequence and has the examples as its first axis."""
    return isinstance(value, Value) and value.axes[:1] == (0,)


def _as_onnx(array: np.ndarray, axes: tuple[int | None, ...]) -> np.ndarray:
    """Return a node's values with the axes of the ONNX tensor that it is, the examples first."""
    own = [axis for axis in axes if axis is not None]
    left = [axis for axis in range(1, array.ndim) if axis not in own]
    moved = array.transpose([*own, *left])
    sizes = iter(moved.shape)
    return moved.reshape([1 if axis is None else next(sizes) for axis in axes])


def difference(found: np.ndarray, expected: np.ndarray) -> float:
    """Return the largest difference as a share of the range of ``expected``."""
    if found.shape != expected.shape:
        return np.inf
    expected = expected.astype(np.float64)
    return float(np.abs(found - expected).max() / (np.ptp(expected) or 1.0))


def excess(found: np.ndarray, expected: np.ndarray) -> float:
    """Return the difference less what rounding of the largest value explains."""
    rounding = _ROUNDING * np.abs(expected.astype(np.float64)).max() / (np.ptp(expected) or 1.0)
    return max(difference(found, expected) - rounding, 0.0)


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
        if not excess(own[name], value) <= TOLERANCE:
            return name
    return None
