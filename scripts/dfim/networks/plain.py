"""Nodes as plain dictionaries and a list of arrays: what files of a graph are made of."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from dfim.networks.graph import Node


def as_plain(graph: Iterable[Node]) -> tuple[list[dict], list[np.ndarray]]:
    """Return the nodes of a graph as JSON has them, and their arrays, float32.

    A node says of each of its arrays which of the list it is; an array is there once, however many nodes
    share it. Shapes that follow from the length are left out.
    """
    numbers: dict[int, int] = {}
    arrays, nodes = [], []
    for node in graph:
        for array in node.arrays.values():
            if id(array) not in numbers:
                numbers[id(array)] = len(arrays)
                arrays.append(np.asarray(array, np.float32))
        given = {key: value for key, value in node.options.items() if not key.endswith("put_shape")}
        uses = {name: numbers[id(array)] for name, array in node.arrays.items()}
        nodes.append(
            {"kind": node.kind, "name": node.name, "inputs": list(node.inputs), "options": given}
            | {"arrays": uses}
        )
    return nodes, arrays


def from_plain(nodes: Iterable[Mapping], arrays: Sequence) -> list[Node]:
    """Return the nodes that :func:`as_plain` wrote; ``arrays`` may be tensors."""
    return [
        Node(
            node["kind"],
            node["name"],
            {name: arrays[number] for name, number in node["arrays"].items()},
            {key: _option(value) for key, value in node["options"].items()},
            tuple(node["inputs"]),
        )
        for node in nodes
    ]


def _option(value):
    """Return an option as it was before it was JSON: pairs are tuples."""
    return tuple(value) if isinstance(value, list) else value
