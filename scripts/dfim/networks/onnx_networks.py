"""Way in: a network from an ONNX file, the form that PyTorch and others export to."""

import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from dfim.errors import InputError
from dfim.networks.arrival import check_against_onnx
from dfim.networks.description import constant_of
from dfim.networks.graph import Graph
from dfim.networks.onnx_files import read_onnx
from dfim.networks.onnx_graphs import Translation, inputs_of, is_channels_last, shape_of_entry

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
    translation = Translation(model, length, held)
    graph = translation.graph()
    check_against_onnx(translation, graph, str(path))
    return graph


def _length(path: str | Path, own: int | None, asked: int | None) -> int:
    if own is None and asked is None:
        raise InputError(
            f"{path} takes sequences of any length: say under the key length how many positions they have."
        )
    if None not in (own, asked) and own != asked:
        raise InputError(f"{path} takes sequences of {own} positions, and {asked} are asked for.")
    return own or asked


def _held(entry, constants: Mapping[str, object], length: int) -> np.ndarray:
    shape = tuple(length if size is None else size for size in shape_of_entry(entry)[1:])
    return constant_of(dict(constants), entry.name, shape)
