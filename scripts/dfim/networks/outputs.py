"""What is explained: a task is an output of a network, made one number for each sequence.

The last activation goes, so that what is explained is the value before it: of a sigmoid the logit, of a
softmax, or the logarithm of one, the class's logit less the mean of all classes' (Shrikumar et al. 2017,
section 3.6), of softplus, exponential or ReLU the value that it is of.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from dfim.errors import InputError
from dfim.networks.graph import SOME_LENGTH, Graph, Node
from dfim.networks.kinds.elementwise import ACTIVATIONS

logger = logging.getLogger("dfim")

REDUCTIONS = ("sum", "mean", "max", "position", "profile")
_POOLS = {
    "sum": "global_sum_pool",
    "mean": "global_average_pool",
    "max": "global_max_pool",
    "profile": "profile",
}


# Functions that values are made of: they bring no output into its range, and are explained.
_NO_LAST_ACTIVATIONS = ("logarithm", "power", "absolute", "error_function")
# What may come after an activation, and leaves every value as it is.
_MOVES = (
    *("identity", "flatten", "reshape", "permute", "crop", "slice", "reverse", "repeat", "expand"),
    "concatenate",
)
_LAST_ACTIVATIONS = ("softmax", *(kind for kind in ACTIVATIONS if kind not in _NO_LAST_ACTIVATIONS))


@dataclass(frozen=True)
class Output:
    """Which output of a network a task is.

    ``head``: name or number (from 0) of the output, None for the only one; ``unit``: number of the unit or
    channel, from 0, None for the only one; ``reduction``: for outputs with positions one of
    :data:`REDUCTIONS`, with ``position``, from 0, for the reduction of that name. With a reduction and
    without a unit, the units of an output without positions are taken for the positions of one channel, as
    in a profile that was flattened (ChromBPNet's).
    """

    head: str | int | None = None
    unit: int | None = None
    reduction: str | None = None
    position: int | None = None


def before_last_activation(graph: Graph) -> Graph:
    """Return the graph whose outputs are the values before their last activation, if they have one.

    After an activation values may be moved, and joined with others. A softmax, with or without a logarithm,
    becomes the subtraction of the mean over the classes.
    """
    cut = _Cut(graph)
    outputs = {output: cut.before(name, output) for output, name in graph.outputs.items()}
    return Graph([*graph, *cut.added.values()], outputs, graph.length)


class _Cut:
    """The way back from outputs to their last activations; ``added``: the nodes in place of what follows."""

    def __init__(self, graph: Graph):
        self.added: dict[str, Node] = {}
        self._by_name, self._shapes = {node.name: node for node in graph}, _shapes(graph)

    def before(self, name: str, output: str) -> str:
        """Return the node of the values of ``name`` before their last activation."""
        node = self._by_name.get(name)
        if node is None:
            return name
        if node.kind in _MOVES:
            inputs = tuple(self.before(each, output) for each in node.inputs)
            return name if inputs == node.inputs else self._add(replace(node, inputs=inputs))
        if node.kind == "logarithm" and self._kind(node.inputs[0]) == "softmax":
            return self.before(node.inputs[0], output)
        if node.kind == "softmax":
            logger.info("output %s: a class's logit less the mean of all classes' is explained", output)
            classes = self._shapes[name][-1]
            kernel = (np.eye(classes) - 1 / classes).astype(np.float32)
            arrays = {"kernel": kernel, "bias": np.zeros(classes, np.float32)}
            return self._add(Node("dense", name, arrays, {}, node.inputs))
        if node.kind not in _LAST_ACTIVATIONS:
            return name
        logger.info("output %s: the value before its %s is explained", output, node.kind)
        return node.inputs[0]

    def _kind(self, name: str) -> str | None:
        return self._by_name[name].kind if name in self._by_name else None

    def _add(self, node: Node) -> str:
        name = f"{node.name}_before_activation" if node.kind in _MOVES else f"{node.name}_centred"
        self.added[name] = replace(node, name=name)
        return name


def with_tasks(graph: Graph, tasks: Sequence[str] | None, outputs: Mapping[str, Output], where: str) -> Graph:
    """Return the graph with one output, shape (tasks): the named tasks in order.

    ``graph``: any, whose last activations are still there. ``outputs``: of each task; without any, the units
    of the heads in order are the tasks. ``where`` names the network in messages. Raises InputError on a head,
    unit or position that there is not, on an output with positions without a reduction, and on a number of
    tasks that is not that of the units.
    """
    graph = before_last_activation(graph)
    shapes = _shapes(graph)
    if not outputs or tasks is None:
        return _all_units(graph, tasks, shapes, where)
    check_entries(tasks, outputs, where)
    nodes, ends = list(graph), []
    for number, task in enumerate(tasks):
        steps = _steps(graph, shapes, task, outputs[task], f"task{number}", where)
        nodes += steps
        ends.append(steps[-1].name)
    return _joined(nodes, ends, graph.length)


def check_entries(tasks: Sequence[str], outputs: Mapping[str, Output], where: str) -> None:
    """Raise InputError, naming the task, where one has no output."""
    missing = [task for task in tasks if task not in outputs]
    if missing:
        raise InputError(f"{where}: the task {missing[0]!r} has no entry under outputs: give it one.")


def _shapes(graph: Graph) -> dict[str, tuple[int, ...]]:
    # Of a network of any length, a length that is long enough: positions are only counted where it has one.
    length = graph.length or SOME_LENGTH
    return {node.name: node.options["output_shape"] for node in graph.at_length(length)} | {
        "one_hot": (length, 4)
    }


def _all_units(graph: Graph, tasks: Sequence[str] | None, shapes: Mapping, where: str) -> Graph:
    ends = list(graph.outputs.values())
    for head, end in graph.outputs.items():
        if len(shapes[end]) != 1:
            raise InputError(
                f"{where}: the output {head!r} has the shape {shapes[end]}, positions and channels: say "
                f"under outputs which unit each task is, and its reduction ({', '.join(REDUCTIONS)})."
            )
    units = sum(shapes[end][0] for end in ends)
    if tasks is not None and units != len(tasks):
        heads = ", ".join(f"{head} ({shapes[end][0]})" for head, end in graph.outputs.items())
        raise InputError(
            f"the network {where} has {units} outputs, and {len(tasks)} tasks are named ({', '.join(tasks)}):"
            f" name each output, in order, or say under outputs which task is which; its heads are {heads}."
        )
    if len(ends) == 1:
        return Graph(list(graph), {"tasks": ends[0]}, graph.length)
    return _joined(list(graph), ends, graph.length)


def _joined(nodes: list[Node], ends: list[str], length: int | None) -> Graph:
    if len(ends) == 1:
        return Graph(nodes, {"tasks": ends[0]}, length)
    return Graph(
        [*nodes, Node("concatenate", "tasks", {}, {"axis": 1}, tuple(ends))], {"tasks": "tasks"}, length
    )


def _steps(graph: Graph, shapes: Mapping, task: str, output: Output, name: str, where: str) -> list[Node]:
    """Return the nodes from a head to a task's one value."""
    head = head_of(list(graph.outputs), task, output.head, where)
    end, what = graph.outputs[head], f"{where}: the task {task!r}"
    shape = shapes[end]
    steps = []
    if len(shape) > 2:
        raise InputError(
            f"{what}: the output {head!r} has the shape {shape}, and units or (positions, channels) are "
            "needed: export the network with an output of fewer axes."
        )
    if len(shape) == 1 and output.reduction and output.unit is None:
        steps = [Node("reshape", f"{name}_positions", {}, {"shape": (shape[0], 1)}, (end,))]
        end, shape = f"{name}_positions", (shape[0], 1)
    unit = checked_number(f"{what}: unit", output.unit, shape[-1], f"of the output {head!r}")
    channel = {"axis": len(shape), "start": unit, "stop": unit + 1, "step": 1}
    steps += [Node("slice", f"{name}_unit", {}, channel, (end,))]
    if len(shape) == 1:
        if output.reduction:
            raise InputError(
                f"{what} has a unit and a reduction, and the output {head!r} has no positions: give the unit "
                "alone, or the reduction alone for units that are the positions of a profile."
            )
        return steps
    if output.reduction not in REDUCTIONS:
        raise InputError(
            f"{what}: the output {head!r} has the shape {shape}, positions and channels: give a reduction, "
            f"one of {', '.join(REDUCTIONS)}."
        )
    if output.reduction != "position":
        return [*steps, Node(_POOLS[output.reduction], name, {}, {}, (steps[-1].name,))]
    place = output.position
    place = (
        checked_number(f"{what}: position", place, shape[0], f"of the output {head!r}")
        if graph.length
        else place
    )
    part = {"axis": 1, "start": place, "stop": place + 1, "step": 1}
    return [
        *steps,
        Node("slice", f"{name}_position", {}, part, (steps[-1].name,)),
        Node("flatten", name, {}, {}, (f"{name}_position",)),
    ]


def head_of(heads: Sequence[str], task: str, head: str | int | None, where: str) -> str:
    """Return the name of a task's output: ``head`` is its name or number, or None where it is alone.

    Raises InputError where there is no such output.
    """
    if head is None and len(heads) == 1:
        return heads[0]
    if isinstance(head, int) and 0 <= head < len(heads):
        return heads[head]
    if head in heads:
        return head
    raise InputError(
        f"{where}: the task {task!r} has the head {head!r}, and the network's are {', '.join(heads)}: give a "
        "name or a number, from 0."
    )


def checked_number(what: str, number: int | None, size: int, of: str) -> int:
    """Return a number from 0, None for the only one; raises InputError where it is not below ``size``."""
    if number is None and size == 1:
        return 0
    if number is None or not 0 <= number < size:
        raise InputError(f"{what} is {number}, and the numbers {of} are 0 to {size - 1}.")
    return number
