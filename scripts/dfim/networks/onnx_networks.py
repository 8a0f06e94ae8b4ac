"""Way in: a network from an ONNX file, the form that PyTorch and others export to."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx

from dfim.errors import InputError
from dfim.networks.arrival import check_against_onnx, difference, random_sequences
from dfim.networks.backend import keras
from dfim.networks.description import constant_of
from dfim.networks.graph import Graph
from dfim.networks.onnx_files import Session, read_onnx
from dfim.networks.onnx_graphs import (
    Translation,
    inputs_of,
    is_channels_last,
    onnx_feeds,
    shape_of_entry,
)
from dfim.networks.onnx_values import OnnxValues
from dfim.networks.outputs import Output, check_entries, checked_number, head_of
from dfim.networks.stored import StoredOnnx

logger = logging.getLogger("dfim")


def read_onnx_graph(
    path: str | Path, constants: Mapping[str, object] | None = None, length: int | None = None
) -> Graph:
    """Return the graph of an ONNX file, for its own length or ``length`` where it takes any.

    Which axis the bases are is told by the shape, (batch, 4, length) or (batch, length, 4), and said in the
    log. ``constants``: what further inputs are held at, zero without. The graph is compared with onnxruntime.

    Raises :class:`dfim.networks.onnx_graphs.NoRule` at a node that no kind has words for; InputError, naming
    the file, on a file that is no ONNX network of sequences.
    """
    model = read_onnx(path)
    try:
        first, *others = inputs_of(model)
        last = is_channels_last(first)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    length = _length(path, shape_of_entry(first)[1 if last else 2], length)
    order = "length, 4" if last else "4, length"
    logger.info("%s: the input %s is read as (batch, %s)", path, first.name, order)
    held = {entry.name: _held(entry, constants or {}, length) for entry in others}
    _check_batches(model, length, held, path)
    translation = Translation(model, length, held)
    graph = translation.graph()
    check_against_onnx(translation, graph, str(path))
    return graph


def values_alone(
    path: str | Path,
    reason: str,
    tasks: Sequence[str] | None,
    outputs: Mapping[str, Output],
    constants: Mapping[str, object] | None = None,
    length: int | None = None,
) -> keras.Sequential:
    """Return a network of which only the values are known, as a model that can be saved.

    ``reason``: the node that no rule has words for; the other arguments are those of
    :func:`dfim.networks.given.read_own_network`. The outputs are taken as they are, before nothing.
    """
    model = read_onnx(path)
    first, *others = inputs_of(model)
    length = _length(path, shape_of_entry(first)[1 if is_channels_last(first) else 2], length)
    held = {entry.name: _held(entry, constants or {}, length) for entry in others}
    logger.info("%s: %s; values alone are known: contribution scores are not", path, reason)
    heads = [entry.name for entry in model.graph.output]
    values = _check_batches(model, length, held, path)
    held = {name: value.tolist() for name, value in held.items()}
    shapes = {name: value.shape[1:] for name, value in zip(heads, values, strict=True)}
    chosen = _chosen(path, shapes, tasks, outputs, is_channels_last(first))
    layer = StoredOnnx.of(OnnxValues(model.SerializeToString(), reason, chosen, length, held))
    return keras.Sequential([keras.Input((length, 4), name="one_hot"), layer])


def _check_batches(model: onnx.ModelProto, length: int, held: Mapping, path) -> list[np.ndarray]:
    """Return the outputs for random sequences; mark a network that computes one sequence at a time.

    Exporters may write the number of sequences of their example into a network that says it takes any: others
    then give something else, or nothing. Raises InputError when onnxruntime does not compute it at all.
    """
    feeds = onnx_feeds(model, random_sequences(length), {name: value[None] for name, value in held.items()})
    together, reason = _outputs(model, feeds)
    inputs = inputs_of(model)
    if not any(entry.type.tensor_type.shape.dim[0].HasField("dim_value") for entry in inputs):
        marked = onnx.ModelProto()
        marked.CopyFrom(model)
        for entry in inputs_of(marked):
            entry.type.tensor_type.shape.dim[0].dim_value = 1
        alone, reason = _outputs(marked, feeds)
        if alone and not (together and all(map(_same, together, alone))):
            logger.info("%s: its sequences are computed one at a time: its export was of one sequence", path)
            model.CopyFrom(marked)
            return alone
    if not together:
        raise InputError(
            f"onnxruntime does not compute the network {path} ({reason}): export it in 32 bits "
            "(network.float()), with an example of one sequence, and with the number of sequences left open "
            "(dynamic_axes or dynamic_shapes)."
        )
    return together


def _outputs(model: onnx.ModelProto, feeds: Mapping) -> tuple[list[np.ndarray], str]:
    """Return the outputs, or none and why."""
    try:
        return Session(model).run(feeds, [entry.name for entry in model.graph.output]), ""
    except Exception as error:  # onnxruntime has no class of its own for what it raises
        return [], str(error).strip().split("\n")[0].split(" Status Message: ")[-1]


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    return difference(one, other) <= 1e-4


def _chosen(
    path, shapes: Mapping[str, tuple], tasks, outputs: Mapping[str, Output], channels_last: bool
) -> list[list]:
    """Return for each task the name of its output and its indices there."""
    if not outputs or tasks is None:
        places = [[name, list(map(int, at))] for name in shapes for at in np.ndindex(shapes[name])]
        if tasks is not None and len(places) != len(tasks):
            raise InputError(
                f"the network {path} has {len(places)} outputs, and {len(tasks)} tasks are named "
                f"({', '.join(tasks)}): name each output, in order, or say under outputs which task is which."
            )
        return places
    check_entries(tasks, outputs, str(path))
    return [_place(path, shapes, task, outputs[task], channels_last) for task in tasks]


def _place(path, shapes: Mapping[str, tuple], task: str, output: Output, channels_last: bool) -> list:
    """Return the name of a task's output and its indices there: positions where the sequence has them."""
    name = head_of(list(shapes), task, output.head, str(path))
    shape = shapes[name]
    axes = ["position", "unit"] if channels_last else ["unit", "position"]
    axes = axes if len(shape) == 2 else ["unit"][: len(shape)]
    single = len(axes) == len(shape) and ("position" in axes) == (output.position is not None)
    if output.reduction not in (None, "position") or not single:
        raise InputError(
            f"{path}: the task {task!r} needs a head, a unit and a position that single out one value of "
            f"the outputs {', '.join(f'{key} {shape}' for key, shape in shapes.items())}: of this "
            "network only values are known."
        )
    what, of = f"{path}: the task {task!r}", f"of the output {name!r}"
    asked = [(axis, getattr(output, axis), size) for axis, size in zip(axes, shape, strict=True)]
    return [name, [checked_number(f"{what}: {axis}", number, size, of) for axis, number, size in asked]]


def _length(path: str | Path, own: int | None, asked: int | None) -> int:
    if own is None and asked is None:
        raise InputError(
            f"{path} takes sequences of any length: give the key length, how many positions they have."
        )
    if None not in (own, asked) and own != asked:
        raise InputError(f"{path} takes sequences of {own} positions, and {asked} are asked for.")
    return own or asked


def _held(entry, constants: Mapping[str, object], length: int) -> np.ndarray:
    shape = tuple(length if size is None else size for size in shape_of_entry(entry)[1:])
    return constant_of(dict(constants), entry.name, shape)
