"""Networks as attribution wants them: no batch normalisation after a linear layer, and the logit on top."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dfim.attribution.ties import with_ties
from dfim.errors import InputError
from dfim.networks.graph import Graph, Node, as_graph
from dfim.networks.kinds import LINEAR, kind_of


def simplify(network: Sequence[Node]) -> Graph:
    """Return the network up to the logits, with steps folded into linear layers where that is exact.

    ``network``: a graph of one length, or a list of nodes that is a chain. The sigmoid on top goes, since
    the logit is what is explained. A batch normalisation right after a convolution or a dense layer that
    nothing else takes is folded into it, for any sign of gamma; one elsewhere (after a ReLU, say) stays. A
    turn of positions and channels before a flattening, as in networks of PyTorch, is folded into the dense
    layer after it. Max pools learn which of their values are ties (:mod:`dfim.attribution.ties`).

    Raises InputError when the network has a node of an unknown kind or with weights that are not finite, and
    when its output is not one value for each task.
    """
    graph = as_graph(network)
    for node in graph:
        kind_of(node)
    _check_weights(graph)
    graph = _without_batch_normalisation(_without(graph, "identity", anywhere=True))
    graph = _without(graph, "sigmoid", anywhere=False).at_length(graph.length)
    graph = _without_turns(graph).at_length(graph.length)
    shape = graph[-1].options["output_shape"] if len(graph) else ()
    if len(shape) != 1:
        raise InputError(
            f"contribution scores need a network that ends in one value for each task, and its last node "
            f"has the shape {shape}: say which position, or their sum, mean or maximum, a task is."
        )
    return with_ties(graph)


def _without(graph: Graph, kind: str, anywhere: bool) -> Graph:
    """Return the graph without the nodes of a kind, or without one that is the output."""
    ends = set(graph.outputs.values())
    instead = {}
    for node in graph:
        if node.kind == kind and (anywhere or node.name in ends):
            instead[node.name] = instead.get(node.inputs[0], node.inputs[0])
    if not instead:
        return graph
    nodes = graph if not anywhere else [node for node in graph if node.name not in instead]
    if anywhere:
        nodes = [replace(n, inputs=tuple(instead.get(name, name) for name in n.inputs)) for n in nodes]
    outputs = {output: instead.get(name, name) for output, name in graph.outputs.items()}
    return Graph(list(nodes), outputs, graph.length)


def _without_batch_normalisation(graph: Graph) -> Graph:
    taken, nodes, instead = graph.consumers(), {}, {}
    for node in graph:
        node = replace(node, inputs=tuple(instead.get(name, name) for name in node.inputs))
        before = nodes.get(node.inputs[0]) if node.inputs else None
        alone = before is not None and before.kind in LINEAR and taken[before.name] == 1
        if node.kind == "batch_normalisation" and alone:
            nodes[before.name] = _fold(before, node)
            instead[node.name] = before.name
            taken[before.name] = taken[node.name]
        else:
            nodes[node.name] = node
    outputs = {output: instead.get(name, name) for output, name in graph.outputs.items()}
    return Graph(list(nodes.values()), outputs, graph.length)


def _without_turns(graph: Graph) -> Graph:
    """Return the graph without turns that only order the units of a dense layer, whose weights are turned."""
    taken, nodes = graph.consumers(), {node.name: node for node in graph}
    for dense in graph:
        flat = nodes.get(dense.inputs[0]) if dense.kind == "dense" else None
        turn = nodes.get(flat.inputs[0]) if flat is not None and flat.kind == "flatten" else None
        if turn is None or turn.kind != "permute" or taken[turn.name] > 1 or taken[flat.name] > 1:
            continue
        shape, order = turn.options["output_shape"], turn.options["order"]
        kernel = dense.arrays["kernel"].reshape(*shape, -1)
        kernel = kernel.transpose(*np.argsort(order), len(order)).reshape(dense.arrays["kernel"].shape)
        nodes[dense.name] = replace(dense, arrays=dense.arrays | {"kernel": np.ascontiguousarray(kernel)})
        nodes[flat.name] = replace(flat, inputs=turn.inputs)
    return Graph(list(nodes.values()), graph.outputs, graph.length)


def _check_weights(graph: Graph) -> None:
    """Raise InputError on weights that are not finite, of which no score would be."""
    for node in graph:
        for name, array in node.arrays.items():
            if not np.isfinite(array).all():
                raise InputError(
                    f"layer {node.name!r} ({node.kind}) has values in its {name} that are not finite "
                    "numbers: train the network again, with a lower learning rate."
                )


def _fold(linear: Node, normalisation: Node) -> Node:
    """Return one linear layer that does the work of a linear layer and the batch normalisation after it."""
    arrays = {name: np.asarray(array, np.float64) for name, array in normalisation.arrays.items()}
    scale = arrays["gamma"] / np.sqrt(arrays["variance"] + arrays["epsilon"])
    kernel = linear.arrays["kernel"] * scale
    bias = (linear.arrays["bias"] - arrays["mean"]) * scale + arrays["beta"]
    return replace(linear, arrays={"kernel": kernel.astype(np.float32), "bias": bias.astype(np.float32)})
