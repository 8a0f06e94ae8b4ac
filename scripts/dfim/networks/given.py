"""Trained networks from elsewhere: reading one, checking it, and taking what its tasks are."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from dfim.errors import InputError, counted
from dfim.networks.arrival import check_against_keras
from dfim.networks.backend import keras
from dfim.networks.description import Walk, describe
from dfim.networks.keras_models import read_model, read_parts
from dfim.networks.logits import logits
from dfim.networks.onnx_graphs import NoRule
from dfim.networks.onnx_networks import read_onnx_graph, values_alone
from dfim.networks.outputs import Output, with_tasks
from dfim.networks.stored import as_model

# Of a network that takes any length, when none is given: positions for the check.
_CHECKED_LENGTH = 500


def read_own_network(
    path: str | Path,
    tasks: Sequence[str] | None = None,
    weights: str | Path | None = None,
    outputs: Mapping[str, Output] | None = None,
    constants: Mapping[str, object] | None = None,
    length: int | None = None,
) -> keras.Sequential:
    """Read a network and return it as a model from one-hot sequences to one output for each task.

    ``path``: a Keras or ONNX file, or with ``weights`` an architecture as JSON. ``tasks``: names of the
    tasks, one for each unit without. ``outputs``: which output a task is
    (:class:`dfim.networks.outputs.Output`); without any, all units in order. ``constants``: what inputs after
    the first are held at, by name, zero without. ``length``: of the sequences, for a network that takes any.
    A Sequential model with a sigmoid or linear head stays as it is; every other becomes a graph of logits
    (:mod:`dfim.networks.stored`), which is compared with what the network itself computes. An ONNX network
    with a node that no rule has words for is kept whole: its values are known, and nothing else.

    Code inside a file is never run. Raises InputError, naming file and layer, on a file that is no network,
    on a layer that is not supported, on an input that is not (positions, 4), and when tasks and outputs do
    not fit.
    """
    if Path(path).suffix == ".onnx":
        try:
            graph = read_onnx_graph(path, constants, length)
        except NoRule as reason:
            return values_alone(path, str(reason), tasks, outputs or {}, constants, length)
        return as_model(with_tasks(graph, tasks, outputs or {}, str(path)))
    model = read_model(path) if weights is None else read_parts(path, weights)
    _check_input(model, path)
    walk = Walk(model, constants or {})
    graph = walk.graph()
    known = graph.length or length or _CHECKED_LENGTH
    check_against_keras(walk, graph.at_length(known), known, str(path))
    if not outputs and _is_plain(model):
        if tasks is not None:
            check_outputs(model, tasks, path)
        return model
    return as_model(with_tasks(graph, tasks, outputs or {}, str(path)))


def check_outputs(model: keras.Sequential, tasks: Sequence[str], path: str | Path) -> None:
    """Raise InputError when a network, read from ``path``, does not have one output for each task."""
    if model.output_shape[-1] != len(tasks):
        raise InputError(
            f"the network {path} has {counted(model.output_shape[-1], 'output')}, and "
            f"{counted(len(tasks), 'name')} of tasks ({', '.join(tasks)}) given: name each output, in order."
        )


def _check_input(model: keras.Model, path: str | Path) -> None:
    shape = tuple(model.inputs[0].shape[1:])
    if len(shape) != 2 or shape[1] != 4:
        raise InputError(
            f"the network {path} has the input shape {shape}, and one-hot sequences (positions, 4), channels "
            "in the order A, C, G, T, are needed."
        )


def _is_plain(model: keras.Model) -> bool:
    """Return whether a model is a chain of one length, with a head that the training knows as well."""
    if not isinstance(model, keras.Sequential) or model.input_shape[1] is None:
        return False
    if any(isinstance(layer, keras.Model) for layer in model.layers) or len(model.output_shape) != 2:
        return False
    try:
        cut = logits(model)
    except InputError:
        return False
    # A layer that is in the list twice is two nodes of a graph.
    x = np.random.default_rng(0).random((2, *model.input_shape[1:]), dtype=np.float32)
    again = keras.ops.convert_to_numpy(cut(x))
    return bool(np.isfinite(again).all()) and describe(model).chain() is not None
