"""An ONNX network as a graph of the project's nodes: channels first becomes channels last.

An ONNX tensor is followed as a :class:`dfim.networks.onnx_axes.Value`: the node that gives it, and where its
axes are in that node.
"""

import logging
from collections.abc import Mapping

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

from dfim.errors import InputError
from dfim.networks import (  # noqa: F401  they fill the table
    onnx_moves,
    onnx_operators,
    onnx_products,
    onnx_recurrent,
)
from dfim.networks.graph import INPUT, Graph, Node
from dfim.networks.kinds import kind_of, shape_of
from dfim.networks.onnx_axes import Value, parts, permuted, slots, without_left
from dfim.networks.onnx_table import OPERATORS

logger = logging.getLogger("dfim")


class NoRule(Exception):
    """A node that no kind has words for; the text names it and says why."""


# How many examples a network that takes any number is said to have, where it asks: a prime, of which other
# sizes are seldom a multiple.
SOME_EXAMPLES = 11


class Translation:
    """The nodes of an ONNX network one by one; ``values`` has an array for each constant, else a Value."""

    def __init__(self, model: onnx.ModelProto, length: int, constants: Mapping[str, np.ndarray]):
        self.model = model
        self.nodes: list[Node] = []
        self.shapes: dict[str, tuple[int, ...]] = {INPUT: (length, 4)}
        self.values: dict[str, Value | np.ndarray] = {
            tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer
        }
        self.opset = next(e.version for e in model.opset_import if e.domain in ("", "ai.onnx"))
        first, *others = inputs_of(model)
        self._last = is_channels_last(first)
        self.values[first.name] = Value(INPUT, (0, 1, 2) if self._last else (0, 2, 1))
        self.examples = shape_of_entry(first)[0] or SOME_EXAMPLES
        for entry in others:
            value = constants[entry.name]
            # As the network's own: channels first.
            self.values[entry.name] = value[None]

    def graph(self) -> Graph:
        """Return the graph of the whole network; raises NoRule at the first node that has none."""
        for number, node in enumerate(self.model.graph.node):
            self.add(node, node.name or f"{node.op_type}_{number}")
        outputs = {}
        for entry in self.model.graph.output:
            value = self.values.get(entry.name)
            if value is None:
                raise NoRule(f"the output {entry.name} is one that no rule gives")
            if isinstance(value, np.ndarray):
                raise NoRule(f"the output {entry.name} does not depend on the sequence")
            if value.axes[:1] != (0,):
                raise NoRule(f"the output {entry.name} has another first axis than the examples")
            outputs[entry.name] = self._positions_first(
                without_left(self, value, entry.name), entry.name
            ).name
        return Graph(self.nodes, outputs, self.shapes[INPUT][0])

    def _positions_first(self, value: Value, name: str) -> Value:
        """Return an output of two axes as a node of (positions, channels).

        Where nothing tells which of them the positions are, they are where the sequence has them.
        """
        own = [axis for _, axis in sorted(slots(value).items())]
        if len(own) != 2:
            return value
        positions = self._positions(value.name) or own[0 if self._last else 1]
        order = "positions, channels" if positions == own[0] else "channels, positions"
        logger.info("the output %s is read as (batch, %s)", name, order)
        return permuted(self, value, [positions, sum(own) - positions], name)

    def _positions(self, name: str) -> int | None:
        """Return the axis of a node that is the positions, if one is known to be."""
        length, axes = self.shapes[INPUT][0], {INPUT: 1}
        for node in Graph(self.nodes, {name: name}, length).at_length(length):
            axes[node.name] = kind_of(node).positions(node, [axes[each] for each in node.inputs])
        return axes[name]

    def add(self, node: onnx.NodeProto, name: str) -> None:
        """Add what one node is; ``name``: its name here."""
        unknown = [key for key in node.input if key and key not in self.values]
        if unknown:
            raise NoRule(f"{name} ({node.op_type}): it takes {unknown[0]}, which no rule gives")
        inputs = [self.values[key] if key else None for key in node.input]
        known = all(value is None or isinstance(value, np.ndarray) for value in inputs)
        if known and node.op_type == "If":
            self._add_branch(node, name, bool(inputs[0]))
            return
        if not known and node.op_type not in OPERATORS:
            raise NoRule(f"{name} ({node.op_type}): there is no rule for this operator")
        try:
            if known:
                results = _evaluated(node, self.values, self.opset)
            else:
                given = {"num_outputs": len(node.output)} | attributes(node)
                results = OPERATORS[node.op_type](self, name, inputs, given)
        except (InputError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
            raise NoRule(f"{name} ({node.op_type}): {error}") from error
        self.values.update(
            zip(node.output, results if isinstance(results, list) else [results], strict=False)
        )

    def _add_branch(self, node: onnx.NodeProto, name: str, condition: bool) -> None:
        """Add the branch of an If whose condition does not depend on the sequence."""
        branch = attributes(node)["then_branch" if condition else "else_branch"]
        self.values.update({tensor.name: numpy_helper.to_array(tensor) for tensor in branch.initializer})
        for number, each in enumerate(branch.node):
            self.add(each, each.name or f"{name}_{number}")
        for outer, inner in zip(node.output, branch.output, strict=True):
            self.values[outer] = self.values[inner.name]

    def put(self, kind: str, name: str, inputs: list[str], axes, arrays=None, **options) -> Value:
        """Add a node and return it as a value with these axes."""
        while name in self.shapes:
            name = f"{name}_"
        node = Node(kind, name, arrays or {}, options, tuple(inputs))
        self.shapes[name] = shape_of(node, [self.shapes[each] for each in inputs])
        self.nodes.append(node)
        return Value(name, tuple(axes))

    def size(self, value: Value, axis: int) -> int:
        """Return the size of an ONNX axis."""
        own = self.shapes[value.name]
        return int(np.prod([own[part - 1] if part else self.examples for part in parts(value.axes[axis])]))

    def full_shape(self, value: Value) -> tuple[int, ...]:
        """Return the shape of the ONNX tensor."""
        return tuple(self.size(value, axis) for axis in range(len(value.axes)))


def inputs_of(model: onnx.ModelProto) -> list:
    """Return the network's inputs, the sequence first: the one with an axis of four bases."""
    constants = {tensor.name for tensor in model.graph.initializer}
    entries = [entry for entry in model.graph.input if entry.name not in constants]
    single = next((entry.name for entry in entries if not shape_of_entry(entry)), None)
    if single is not None:
        raise InputError(
            f"the input {single} is one number for all sequences: export the network with a constant in its "
            "place."
        )
    sequence = [entry for entry in entries if 4 in shape_of_entry(entry)[1:]]
    if not sequence:
        shapes = ", ".join(f"{entry.name} {shape_of_entry(entry)}" for entry in entries)
        raise InputError(
            f"no input of the network has an axis of four bases ({shapes}), and (batch, 4, length) or "
            "(batch, length, 4) is needed: export a module that makes of these what the network takes."
        )
    return [sequence[0], *(entry for entry in entries if entry is not sequence[0])]


def shape_of_entry(entry) -> tuple[int | None, ...]:
    """Return an input's shape, None for what may vary."""
    return tuple(d.dim_value if d.HasField("dim_value") else None for d in entry.type.tensor_type.shape.dim)


def is_channels_last(entry) -> bool:
    """Return whether sequences are (batch, length, 4); raises InputError on other ranks."""
    shape = shape_of_entry(entry)
    if len(shape) != 3:
        raise InputError(
            f"the input {entry.name} has the shape {shape}, and (batch, 4, length) or (batch, length, "
            "4) is needed: export a module that makes of these what the network takes."
        )
    return shape[1] != 4


def onnx_feeds(model: onnx.ModelProto, x: np.ndarray, values: Mapping) -> dict[str, np.ndarray]:
    """Return what the inputs of an ONNX network are for sequences; ``values``: of its further inputs.

    Raises InputError where an input of whole numbers is given others, which a conversion would cut off.
    """
    first, *others = inputs_of(model)
    sequences = x if is_channels_last(first) else x.transpose(0, 2, 1)
    feeds = {first.name: np.ascontiguousarray(_as_type_of(first, sequences))}
    for entry in others:
        held = _as_type_of(entry, np.asarray(values[entry.name]))
        feeds[entry.name] = np.broadcast_to(held, (len(x), *held.shape[1:]))
    return feeds


def _as_type_of(entry, values: np.ndarray) -> np.ndarray:
    """Return values in the type of an input."""
    dtype = onnx.helper.tensor_dtype_to_np_dtype(entry.type.tensor_type.elem_type)
    found = values.astype(dtype)
    if dtype.kind in "iub" and (found != values).any():
        raise InputError(
            f"the network's input {entry.name} takes whole numbers, and is given shares, as of the bases "
            "where one is removed or is an N: export the network with an input of 32 bits (float)."
        )
    return found


def attributes(node: onnx.NodeProto) -> dict:
    return {entry.name: onnx.helper.get_attribute_value(entry) for entry in node.attribute}


def _evaluated(node: onnx.NodeProto, values: Mapping, opset: int) -> list[np.ndarray]:
    """Return what a node makes of constants."""
    feeds = {key: values[key] for key in node.input if key}
    graph = onnx.helper.make_graph(
        [node],
        "constants",
        [
            onnx.helper.make_tensor_value_info(k, onnx.helper.np_dtype_to_tensor_dtype(v.dtype), v.shape)
            for k, v in feeds.items()
        ],
        [onnx.helper.make_empty_tensor_value_info(key) for key in node.output],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", opset)])
    try:
        return ReferenceEvaluator(model).run(None, feeds)
    except Exception as error:  # each operator raises what it likes
        reason = str(error).strip().split("\n")[0]
        raise ValueError(f"its value could not be computed ({type(error).__name__}: {reason})") from None
