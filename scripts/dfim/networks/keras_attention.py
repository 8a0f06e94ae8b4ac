"""Keras layers that multiply what depends on the sequence with the like: attention and Dot.

Their nodes refer to one another, and to the layer's inputs as ``input_0``, ``input_1``, …
"""

import string
from collections.abc import Callable

import numpy as np

from dfim.networks.backend import keras
from dfim.networks.graph import Node
from dfim.networks.keras_layers import unsupported

K = keras.layers
# Queries (a), heads (b), channels of a head (c), keys and values (d).
_SCORES, _MIXED = "abc,dbc->bad", "bad,dbc->abc"


def nodes_of_products(layer, shapes: list[tuple], arguments) -> list[Node]:
    """Return the nodes of one use of a layer; as :func:`dfim.networks.keras_layers.nodes_of`."""
    if not isinstance(layer, K.Dot) and (len(shapes) > 3 or any(len(shape) != 2 for shape in shapes)):
        raise unsupported(layer, f"inputs of the shapes {' and '.join(map(str, shapes))}")
    if isinstance(layer, K.MultiHeadAttention):
        return _several_heads(layer, *_roles(arguments))
    return _LAYERS[type(layer)](layer, shapes)


def _roles(arguments) -> tuple[str, str, str]:
    """Return which inputs are queries, values and keys, in whatever order they are given by name."""
    given = dict(zip(("query", "value", "key"), arguments.args, strict=False)) | arguments.kwargs
    places = {id(tensor): f"input_{number}" for number, tensor in enumerate(arguments.keras_tensors)}
    query, value, key = (given.get(name) for name in ("query", "value", "key"))
    return places[id(query)], places[id(value)], places[id(value if key is None else key)]


def _several_heads(layer, queries: str, values: str, keys: str) -> list[Node]:
    if getattr(layer, "_use_gate", False) or getattr(layer, "_sliding_window", None) is not None:
        raise unsupported(layer, "a gate or a sliding window")
    scale = 1 / np.sqrt(layer._key_dim)
    name = layer.name
    return [
        *_heads(f"{name}_query", queries, layer._query_dense, scale),
        *_heads(f"{name}_key", keys, layer._key_dense),
        *_heads(f"{name}_value", values, layer._value_dense),
        _product(f"{name}_scores", f"{name}_query_heads", f"{name}_key_heads", _SCORES),
        Node("softmax", f"{name}_shares", {}, {}, (f"{name}_scores",)),
        _product(f"{name}_mixed", f"{name}_shares", f"{name}_value_heads", _MIXED),
        *_out_of_heads(layer),
    ]


def _heads(name: str, source: str, dense, scale: float = 1.0) -> list[Node]:
    """Return a dense layer whose units are those of heads, (positions, heads, channels)."""
    kernel = np.asarray(dense.kernel)
    shape = kernel.shape[1:]
    bias = np.zeros(shape, kernel.dtype) if dense.bias is None else np.asarray(dense.bias)
    arrays = {"kernel": kernel.reshape(len(kernel), -1), "bias": bias.reshape(-1)}
    arrays = {key: (array * scale).astype(np.float32) for key, array in arrays.items()}
    return [
        Node("dense", name, arrays, {}, (source,)),
        Node("reshape", f"{name}_heads", {}, {"shape": (-1, *shape)}, (name,)),
    ]


def _out_of_heads(layer) -> list[Node]:
    dense = layer._output_dense
    kernel = np.asarray(dense.kernel)
    if kernel.ndim != 3:
        raise unsupported(layer, f"the output shape {kernel.shape[2:]}")
    bias = np.zeros(kernel.shape[2], kernel.dtype) if dense.bias is None else np.asarray(dense.bias)
    flat = kernel.reshape(-1, kernel.shape[2])
    together = f"{layer.name}_together"
    return [
        Node("reshape", together, {}, {"shape": (-1, len(flat))}, (f"{layer.name}_mixed",)),
        Node("dense", layer.name, {"kernel": flat, "bias": bias}, {}, (together,)),
    ]


def _one_head(layer, shapes) -> list[Node]:
    if layer.score_mode != "dot":
        raise unsupported(layer, f"the score mode {layer.score_mode}")
    name, last = layer.name, f"{layer.name}_scores"
    keys = "input_2" if len(shapes) > 2 else "input_1"
    nodes = [_product(last, "input_0", keys, "ac,dc->ad")]
    if layer.scale is not None:
        arrays = {"scale": np.asarray(layer.scale), "shift": np.zeros((), np.float32)}
        nodes.append(Node("affine", f"{name}_scaled", arrays, {}, (last,)))
        last = f"{name}_scaled"
    nodes.append(Node("softmax", f"{name}_shares", {}, {}, (last,)))
    return [*nodes, _product(name, f"{name}_shares", "input_1", "ad,dc->ac")]


def _dot(layer, shapes) -> list[Node]:
    if layer.normalize or len(shapes) != 2:
        raise unsupported(layer, "a normalisation before its product")
    axes = [layer.axes] * 2 if isinstance(layer.axes, int) else list(layer.axes)
    terms = [list(string.ascii_letters[:3]), list(string.ascii_letters[3:6])]
    terms = [term[: len(shape)] for term, shape in zip(terms, shapes, strict=True)]
    for term, axis, shape in zip(terms, axes, shapes, strict=True):
        term[axis - 1 if axis > 0 else axis + len(shape)] = "z"
    if any(len(shape) > 3 for shape in shapes) or all(len(term) == 1 for term in terms):
        raise unsupported(layer, f"inputs of the shapes {' and '.join(map(str, shapes))}")
    first, second = ("".join(term) for term in terms)
    out = (first + second).replace("z", "")
    return [_product(layer.name, "input_0", "input_1", f"{first},{second}->{out}")]


def _product(name: str, first: str, second: str, equation: str) -> Node:
    return Node("matrix_product", name, {}, {"equation": equation}, (first, second))


_LAYERS: dict[type, Callable] = {
    K.Attention: _one_head,
    K.Dot: _dot,
}
