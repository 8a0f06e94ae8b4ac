"""The way back through a network: multipliers from an output to the sequence, node by node.

A multiplier says by how much a task's logit changes for each unit by which a value differs from what it is
for the reference; multiplier · difference is a contribution. Each kind of node has its rule in
:mod:`dfim.networks.kinds`: Rescale, or, where there is no reference, the derivative. RevealCancel alone is of
two nodes, an activation and the linear layer before it, and lies in
:mod:`dfim.attribution.reveal_cancel`.

Of the multipliers of a whole layer, those of a linear function of the logits are the same for all sequences;
they are kept once, with a first axis of 1, for as long as they are.
"""

import numpy as np

from dfim.attribution.reveal_cancel import multiplier_below, reveals
from dfim.backends.base import FULL
from dfim.networks.evaluation import values_of, with_tensors
from dfim.networks.graph import INPUT, Graph
from dfim.networks.kinds import kind_of
from dfim.networks.kinds.base import ops


class WayBack:
    """A network of one length and one output, shape (tasks), with what its nodes hold for the reference.

    ``reference`` (length, 4), or None for derivatives; ``rule`` is one of
    :data:`dfim.attribution.rules.RULES`.
    """

    def __init__(self, graph: Graph, reference: np.ndarray | None, rule: str, dtype: str = "float32"):
        self._nodes = with_tensors(graph, dtype)
        self._by_name = {node.name: node for node in self._nodes}
        self._output, self._dtype = graph.output, dtype
        self._tasks = self._by_name[self._output].options["output_shape"][0]
        self._live = _depending(self._nodes)
        self._reveals = {
            node.name: self._by_name[node.inputs[0]]
            for node in self._nodes
            if reference is not None and reveals(node, self._by_name, rule)
        }
        self._references = None if reference is None else self._reference_values(reference)

    def _reference_values(self, reference: np.ndarray) -> dict:
        """Return what every node gives for the reference, first axis 1.

        As many copies are evaluated as make the rounding errors those of the sequences, which then cancel.
        """
        copies = ops.convert_to_tensor(np.repeat(reference[None], FULL, axis=0).astype(self._dtype))
        return {name: value[:1] for name, value in self.values(copies).items()}

    def values(self, x) -> dict:
        """Return the output of every node, by name, for sequences (sequences, length, 4)."""
        return values_of(self._nodes, x)

    def logits(self, x):
        """Return the logits of all tasks, (sequences, tasks)."""
        return self.values(x)[self._output]

    def multipliers(self, x, task, held=None):
        """Return the multipliers of the sequences for one task's logit, shape of ``x`` or first axis 1.

        ``held``: sequences whose weights a profile is weighted by, those of ``x`` without.
        """
        values = self.values(x)
        weights = values if held is None else self.values(held)
        found = {self._output: ops.one_hot(task, self._tasks, dtype=self._dtype)[None]}
        for node in reversed(self._nodes):
            multiplier = found.pop(node.name, None)
            if multiplier is None or node.name not in self._live:
                continue
            for name, part in self._below(node, multiplier, weights if node.kind == "profile" else values):
                if name in self._live:
                    found[name] = found[name] + part if name in found else part
        return found.get(INPUT, ops.zeros_like(x))

    def contributions(self, x, task):
        """Return multiplier × (x − reference), shape of ``x``."""
        return self.multipliers(x, task) * (x - self._references[INPUT])

    def gradients(self, x, task):
        """Return the multipliers, shape of ``x``."""
        return self.multipliers(x, task) * ops.ones_like(x)

    def gradients_of_pairs(self, x, task):
        """Return the gradients at every other row of ``x``, profiles weighted as in the row after, twice."""
        pairs = ops.reshape(x, (-1, 2, *x.shape[1:]))
        found = self.multipliers(pairs[:, 0], task, pairs[:, 1]) * ops.ones_like(pairs[:, 0])
        return ops.repeat(found, 2, axis=0)

    def changes(self, x, task):
        """Return what the contributions to a task's logit should sum to, (sequences,).

        That is the logit less the reference's; a profile's own weights are held at those of the sequences.
        """
        values = self.values(x)
        return self._change(self._output, values)[:, task]

    def _change(self, name: str, values: dict):
        node = self._by_name[name]
        if node.kind == "profile":
            inputs = ([held[each] for each in node.inputs] for held in (values, self._references))
            return kind_of(node).change(*inputs)
        if node.kind == "concatenate":
            return ops.concatenate([self._change(each, values) for each in node.inputs], axis=1)
        return values[name] - self._references[name]

    def _below(self, node, multiplier, values: dict) -> list[tuple]:
        """Return the nodes that a multiplier goes to, and what each receives."""
        if node.name in self._reveals:
            linear = self._reveals[node.name]
            part = multiplier_below(linear, node, multiplier, values, self._references)
            return [(linear.inputs[0], part)]
        inputs = [values[name] for name in node.inputs]
        references = self._references and [self._references[name] for name in node.inputs]
        parts = kind_of(node).back(node, multiplier, inputs, references)
        return list(zip(node.inputs, parts, strict=True))


def _depending(nodes: list) -> set[str]:
    """Return the names of the nodes that depend on the sequence, and of the sequence."""
    live = {INPUT}
    for node in nodes:
        if live.intersection(node.inputs):
            live.add(node.name)
    return live
