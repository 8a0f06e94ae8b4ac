"""A network as a graph: nodes in order of evaluation, free of any framework.

The input is one-hot sequences, shape (positions, 4) without the axis of the examples, channels A, C, G, T;
nodes refer to it by the name :data:`INPUT`.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from dfim.errors import InputError

INPUT = "one_hot"
# Long enough for any network that takes sequences of every length.
SOME_LENGTH = 1 << 15


@dataclass(frozen=True)
class Node:
    """One step of a trained network.

    ``kind``: a key of :data:`dfim.networks.kinds.KINDS`, where ``arrays`` and ``options`` of each kind are
    described. ``inputs``: names of the nodes whose outputs it takes, in order. In a graph of one length
    ``options`` also has ``input_shape`` (of the first input) and ``output_shape``, without the axis of the
    examples. A layer that a network uses twice is two nodes that share arrays.
    """

    kind: str
    name: str
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    options: dict = field(default_factory=dict)
    inputs: tuple[str, ...] = ()


class Graph(Sequence):
    """A network: ``nodes`` in order of evaluation, and ``outputs``, names of nodes by the name of the output.

    ``length``: positions of the input, None for any. Nodes that no output needs are left out. As a sequence
    it is its nodes. Raises InputError on two nodes of one name, an input that comes later, and an output
    that is no node.
    """

    def __init__(self, nodes: Sequence[Node], outputs: dict[str, str], length: int | None):
        _check_names(nodes, outputs)
        self.outputs, self.length = dict(outputs), length
        self.nodes = _needed(nodes, self.outputs.values())

    def __len__(self) -> int:
        return len(self.nodes)

    def __getitem__(self, index):
        return self.nodes[index]

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    @property
    def output(self) -> str:
        """The node of the only output; raises InputError when there are several."""
        if len(set(self.outputs.values())) != 1:
            raise InputError(
                f"the network has the outputs {', '.join(self.outputs)}: say which of them a task is."
            )
        return next(iter(self.outputs.values()))

    def at_length(self, length: int) -> "Graph":
        """Return the graph for sequences of ``length`` positions, its shapes worked out.

        Raises InputError on another length than the network's own and, naming the node, where a shape does
        not fit.
        """
        if self.length not in (None, length):
            raise InputError(
                f"the network takes sequences of {self.length} positions, and these have {length}: "
                "give sequences of that length."
            )
        from dfim.networks.kinds import shape_of

        shapes, nodes = {INPUT: (length, 4)}, []
        for node in self.nodes:
            inputs = [shapes[name] for name in node.inputs]
            shapes[node.name] = shape_of(node, inputs)
            options = {"input_shape": inputs[0] if inputs else (), "output_shape": shapes[node.name]}
            nodes.append(replace(node, options=node.options | options))
        return Graph(nodes, self.outputs, length)

    def chain(self) -> list[Node] | None:
        """Return the nodes as a list when each takes the one before and the last is the only output."""
        before = INPUT
        for node in self.nodes:
            if node.inputs != (before,):
                return None
            before = node.name
        return list(self.nodes) if set(self.outputs.values()) == {before} else None

    def consumers(self) -> Counter:
        """Return how many nodes and outputs take each node."""
        return Counter([name for node in self.nodes for name in node.inputs] + [*self.outputs.values()])


def as_graph(network: Sequence[Node]) -> Graph:
    """Return a graph as it is, and a list of nodes as the chain that it is."""
    if isinstance(network, Graph):
        return network
    nodes, before = [], INPUT
    for node in network:
        nodes.append(replace(node, inputs=(before,)))
        before = node.name
    return Graph(nodes, {"output": before}, nodes[0].options["input_shape"][0])


def _check_names(nodes: Sequence[Node], outputs: dict[str, str]) -> None:
    known = {INPUT}
    for node in nodes:
        if node.name in known:
            raise InputError(f"the network has two nodes of the name {node.name!r}.")
        missing = [name for name in node.inputs if name not in known]
        if missing:
            raise InputError(
                f"the node {node.name!r} takes {missing[0]!r}, which no node before it "
                "is: write nodes in the order of their evaluation."
            )
        known.add(node.name)
    for output, name in outputs.items():
        if name not in known:
            raise InputError(f"the output {output!r} is the node {name!r}, and there is none of this name.")


def _needed(nodes: Sequence[Node], outputs) -> tuple[Node, ...]:
    """Return the nodes that the outputs depend on."""
    wanted, kept = set(outputs), []
    for node in reversed(nodes):
        if node.name in wanted:
            wanted.update(node.inputs)
            kept.append(node)
    return tuple(reversed(kept))
