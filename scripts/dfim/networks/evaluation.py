"""A graph's values for sequences, by the table of kinds, on whatever Keras computes with."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from dfim.networks.graph import INPUT, Graph, Node
from dfim.networks.kinds import kind_of
from dfim.networks.kinds.base import ops


def with_tensors(graph: Iterable[Node], dtype: str = "float32") -> list[Node]:
    """Return the nodes with their arrays as tensors, which compiled functions share instead of copying."""
    made: dict[int, object] = {}

    def tensor(array):
        if id(array) not in made:
            made[id(array)] = ops.convert_to_tensor(np.asarray(array, dtype))
        return made[id(array)]

    return [
        replace(node, arrays={name: tensor(array) for name, array in node.arrays.items()}) for node in graph
    ]


def values_of(nodes: Iterable[Node], x) -> dict:
    """Return the output of every node, by name, for sequences (sequences, length, 4)."""
    values = {INPUT: x}
    for node in nodes:
        values[node.name] = kind_of(node).forward(node, [values[name] for name in node.inputs])
    return values


def evaluate(
    graph: Graph, x: np.ndarray, names: Iterable[str], dtype: str = "float32"
) -> dict[str, np.ndarray]:
    """Return the outputs of the named nodes for sequences (sequences, length, 4)."""
    nodes = with_tensors(graph.at_length(x.shape[1]), dtype)
    values = values_of(nodes, ops.convert_to_tensor(x.astype(dtype)))
    shapes = {name: (len(x), *values[name].shape[1:]) for name in names}
    return {name: np.broadcast_to(ops.convert_to_numpy(values[name]), shapes[name]) for name in names}
