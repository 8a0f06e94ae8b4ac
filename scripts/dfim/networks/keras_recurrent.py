"""Keras layers that go along the positions step by step: GRU, LSTM, and both ways."""

import numpy as np

from dfim.networks.backend import keras
from dfim.networks.graph import Node
from dfim.networks.keras_layers import unsupported

K = keras.layers
_KINDS = {K.GRU: "gru", K.LSTM: "lstm"}
_MERGES = {"concat": "concatenate", "sum": "add", "mul": "multiply", "ave": "average"}


def nodes_of_recurrent(layer, shapes: list[tuple]) -> list[Node]:
    """Return the nodes of one use of a layer; as :func:`dfim.networks.keras_layers.nodes_of`."""
    if len(shapes) > 1:
        raise unsupported(layer, "a start of its own")
    if not isinstance(layer, K.Bidirectional):
        return _one_way(layer, layer.name)
    if layer.merge_mode not in _MERGES:
        raise unsupported(layer, f"the merge mode {layer.merge_mode}")
    forward, backward = layer.forward_layer, layer.backward_layer
    ways = [_one_way(part, f"{layer.name}_{end}") for part, end in ((forward, "on"), (backward, "back"))]
    ends = [nodes[-1].name for nodes in ways]
    nodes = [node for each in ways for node in each]
    if backward.return_sequences:
        nodes.append(Node("reverse", f"{layer.name}_turned", {}, {"axis": 1}, (ends[1],)))
        ends[1] = nodes[-1].name
    options = {"axis": 1 + forward.return_sequences} if layer.merge_mode == "concat" else {}
    return [*nodes, Node(_MERGES[layer.merge_mode], layer.name, {}, options, tuple(ends))]


def _one_way(layer, name: str) -> list[Node]:
    """Return one direction; backwards the positions stay in the order of the steps, as in Keras."""
    if type(layer) not in _KINDS:
        raise unsupported(layer, f"the type {type(layer).__name__}")
    if layer.return_state or layer.stateful:
        raise unsupported(layer, "several outputs, or states that stay")
    functions = [each.__name__ for each in (layer.activation, layer.recurrent_activation)]
    if functions != ["tanh", "sigmoid"]:
        raise unsupported(layer, f"the activations {' and '.join(functions)}")
    nodes, last = [], "input_0"
    if layer.go_backwards:
        nodes.append(Node("reverse", f"{name}_reversed", {}, {"axis": 1}, (last,)))
        last = nodes[-1].name
    kind = _KINDS[type(layer)] if getattr(layer, "reset_after", True) else "gru_reset_first"
    nodes.append(Node(kind, f"{name}_steps", _arrays(layer.cell), {}, (last,)))
    if not layer.return_sequences:
        options = {"axis": 1, "start": -1, "stop": None, "step": 1}
        nodes.append(Node("slice", f"{name}_last", {}, options, (nodes[-1].name,)))
        nodes.append(Node("flatten", name, {}, {}, (nodes[-1].name,)))
    return nodes


def _arrays(cell) -> dict[str, np.ndarray]:
    kernel, recurrent = np.asarray(cell.kernel), np.asarray(cell.recurrent_kernel)
    none = np.zeros((2, kernel.shape[1]), kernel.dtype)
    given = none if cell.bias is None else np.asarray(cell.bias)
    bias, recurrent_bias = given if given.ndim == 2 else (given, none[1])
    start = np.zeros(len(recurrent), kernel.dtype)
    arrays = {"kernel": kernel, "recurrent": recurrent, "bias": bias, "recurrent_bias": recurrent_bias}
    return (
        arrays | {"initial": start} | ({} if kernel.shape[1] == 3 * len(start) else {"initial_cell": start})
    )
