"""A trained Keras model as a graph, free of Keras: the form that attribution engines take."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from dfim.errors import InputError
from dfim.networks.backend import keras
from dfim.networks.graph import INPUT, Graph, Node
from dfim.networks.keras_layers import activation_nodes, check_arguments, nodes_of, unsupported
from dfim.networks.stored import StoredGraph, StoredOnnx

logger = logging.getLogger("dfim")

Layer = Node


def describe(model: keras.Model, length: int | None = None) -> Graph:
    """Describe a trained network as a graph of its steps.

    ``model``: Sequential, functional or nested, from one-hot sequences (positions, 4). Activations inside a
    layer become nodes of their own, named ``<layer>_<activation>``; dropout is left out. A layer that is used
    again gives a node for each use, the later ones named ``<layer>_use2``, …. Inputs after the first are held
    at zero. The shapes are worked out for ``length``, where the network takes any, which is left as it is
    without one.

    Raises InputError, naming the layer, on a layer or an option that the description has no words for, on
    shapes that do not fit, and on weights that are not finite.
    """
    graph = Walk(model).graph()
    length = graph.length if graph.length is not None else length
    return graph if length is None else graph.at_length(length)


class Walk:
    """The way from a model's outputs to its inputs; ``tensors``: the Keras tensor that a node stands for."""

    def __init__(self, model: keras.Model, constants: Mapping[str, object] | None = None):
        self.model = _functional(model)
        self.constants = dict(constants or {})
        self.nodes: list[Node] = []
        self.tensors: dict[str, object] = {}
        self._uses: dict[str, int] = {}
        self._arrays: dict[tuple[int, int], dict] = {}

    def graph(self) -> Graph:
        """Return the graph; outputs are named as the layers that give them."""
        known = self._top = dict(self._inputs())
        outputs = {}
        for number, tensor in enumerate(self.model.outputs):
            name = self._node_of(tensor, known)
            layer = tensor._keras_history.operation.name
            outputs[layer if layer not in outputs else f"{layer}_{number}"] = name
        shape = self.model.inputs[0].shape
        return Graph(self.nodes, outputs, shape[1])

    def _inputs(self) -> Iterator[tuple[int, str]]:
        first, *others = self.model.inputs
        yield id(first), INPUT
        for tensor in others:
            name = tensor._keras_history.operation.name
            shape = tensor.shape[1:]
            if None in shape:
                raise InputError(
                    f"the further input {name!r} of the network has the shape {shape}, and one without gaps "
                    "is needed to hold it at zero."
                )
            value = constant_of(self.constants, name, shape)
            self.nodes.append(Node("constant", name, {"value": value}))
            yield id(tensor), name

    def held(self, name: str) -> np.ndarray:
        """Return what a further input is held at."""
        return next(node.arrays["value"] for node in self.nodes if node.name == name)

    def _node_of(self, tensor, known: dict[int, str]) -> str:
        """Return the name of the node that gives a tensor, adding the nodes that it needs.

        ``known``: names of nodes by the tensors of one model, which a model inside another has its own of.
        """
        waiting = [tensor]
        while waiting:
            each = waiting[-1]
            if id(each) in known:
                waiting.pop()
                continue
            source = each._keras_history
            arguments = source.operation._inbound_nodes[source.node_index].input_tensors
            missing = [t for t in arguments if id(t) not in known]
            if missing:
                waiting.extend(reversed(missing))
                continue
            names = [known[id(t)] for t in arguments]
            known[id(each)] = self._add(source, names, each)
            if known is self._top:
                self.tensors[known[id(each)]] = each
            waiting.pop()
        return known[id(tensor)]

    def _add(self, source, names: list[str], tensor) -> str:
        """Add the nodes of one use of a layer; return the last one's name."""
        layer = source.operation
        if isinstance(layer, keras.Model):
            check_arguments(layer, layer._inbound_nodes[source.node_index].arguments)
            inner = _functional(layer)
            known = dict(zip(map(id, inner.inputs), names, strict=True))
            return self._node_of(inner.outputs[source.tensor_index], known)
        if source.tensor_index:
            raise unsupported(layer, "several outputs")
        if isinstance(layer, StoredGraph):
            return self._add_stored(layer, names)
        if isinstance(layer, StoredOnnx):
            return self._append(layer.values().graph()[0], names)
        shapes = [tuple(t.shape[1:]) for t in layer._inbound_nodes[source.node_index].input_tensors]
        arguments = layer._inbound_nodes[source.node_index].arguments
        known = {f"input_{number}": name for number, name in enumerate(names)}
        for number, node in enumerate(nodes_of(layer, shapes, arguments)):
            # Keras gives out another copy of a layer's weights each time.
            arrays = self._arrays.setdefault((id(layer), number), node.arrays)
            names = [
                self._append(replace(node, arrays=arrays), [known[each] for each in node.inputs] or names)
            ]
            known[node.name] = names[0]
        return names[0]

    def _add_stored(self, layer: StoredGraph, names: list[str]) -> str:
        """Add a graph that this project stored as it is: it keeps its names."""
        self.nodes.extend(layer.graph().nodes)
        return layer.graph().output

    def _append(self, node: Node, inputs: list[str]) -> str:
        """Add a node that takes these inputs, under a name that is free."""
        use = self._uses[node.name] = self._uses.get(node.name, 0) + 1
        name = node.name if use == 1 else f"{node.name}_use{use}"
        self.nodes.append(replace(node, name=name, inputs=tuple(inputs)))
        return name


def constant_of(constants: Mapping[str, object], name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return what a further input is held at, float32 of its shape; zero, with a line in the log, without."""
    if name not in constants:
        logger.info("the further input %s, shape %s, is held at zero", name, shape)
    try:
        return np.ascontiguousarray(np.broadcast_to(np.asarray(constants.get(name, 0), np.float32), shape))
    except ValueError as error:
        raise InputError(
            f"the further input {name!r} of the network has the shape {shape}, and the values given for it "
            f"do not fill it ({error}): give one number, or as many as its last axis has."
        ) from None


def _functional(model: keras.Model) -> keras.Model:
    """Return a model whose tensors can be followed."""
    if isinstance(model, keras.Sequential):
        if not model.built:
            raise InputError(f"the network {model.name} has no input shape: save it after it was built.")
        return model._functional
    if not hasattr(model, "outputs") or not getattr(model, "_is_graph_network", True):
        raise InputError(
            f"the network is a {type(model).__name__} model with code of its own: export it to ONNX, or "
            "build it as a functional model."
        )
    return model


def activation_of(layer: keras.layers.Layer) -> str:
    """Return the name of the activation that a layer ends with, ``linear`` for none."""
    return next((node.kind for node in activation_nodes(layer)), "linear")
