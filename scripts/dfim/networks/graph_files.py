"""Networks as files of NumPy arrays: all that scoring and evaluation need, read without Keras or TensorFlow.

Importing those takes seconds, and many a job of scores takes no longer. A file has the array ``description``
(JSON, UTF-8 bytes) and the arrays ``array_0``, ``array_1``, … that its nodes refer to
(:mod:`dfim.networks.plain`), or the array ``onnx``, the bytes of an ONNX file.
"""

import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from dfim.errors import InputError
from dfim.files.whole import atomic_path
from dfim.networks.graph import SOME_LENGTH, Graph
from dfim.networks.onnx_values import OnnxValues
from dfim.networks.plain import as_plain, from_plain

SUFFIX = ".npz"
# Goes up when files are written that an older version would read wrongly.
FORMAT = 1
_MEND = "make it again from the network (where the workflow made it, delete it and run again)."


def is_graph_file(path: str | os.PathLike) -> bool:
    """Return whether a path names a file of a graph, by its suffix."""
    return Path(path).suffix == SUFFIX


def save_graph(network: Graph | OnnxValues, path: str | os.PathLike) -> None:
    """Write a network; the same network gives the same bytes. Whole or not at all."""
    if isinstance(network, OnnxValues):
        described = {name: value for name, value in vars(network).items() if name != "file"}
        arrays = {"onnx": np.frombuffer(network.file, np.uint8)}
    else:
        nodes, found = as_plain(network)
        described = {"nodes": nodes, "outputs": network.outputs, "length": network.length}
        arrays = {f"array_{number}": array for number, array in enumerate(found)}
    text = json.dumps({"format": FORMAT, **described}).encode()
    with atomic_path(path) as temporary:
        np.savez(temporary, description=np.frombuffer(text, np.uint8), **arrays)


def load_graph(path: str | os.PathLike, length: int | None = None) -> Graph | OnnxValues:
    """Read a network that :func:`save_graph` wrote; no code inside the file is ever run.

    A graph is that of the network's length, or of ``length`` where it takes any. Raises InputError when the
    file is missing, is of another kind or a later version, or is damaged.
    """
    version, described, arrays = _content(path)
    if version > FORMAT:
        raise InputError(
            f"{path} has the format {version}, and this version reads those up to {FORMAT}: use the version "
            "that wrote it, or make it again from the network."
        )
    try:
        network = _network(described, arrays)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise _unreadable(path, error) from error
    takes_any = isinstance(network, Graph) and network.length is None
    return network.at_length(length) if takes_any and length is not None else network


def _content(path: str | os.PathLike) -> tuple[int, dict, dict[str, np.ndarray]]:
    """Return the format of a file, the description in it and all its arrays."""
    if not Path(path).is_file():
        raise InputError(f"{path} is not a file: the graph of a network ({SUFFIX}) was expected there.")
    if not zipfile.is_zipfile(path):
        raise InputError(f"{path} is no graph of a network, or is damaged: {_MEND}")
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        described = json.loads(arrays["description"].tobytes())
        return int(described["format"]), described, arrays
    except Exception as error:  # NumPy and zipfile raise whatever the reader of the broken part raises
        raise _unreadable(path, error) from error


def _unreadable(path: str | os.PathLike, error: Exception) -> InputError:
    reason = str(error).strip().split("\n")[0].rstrip(".")
    kind = "" if isinstance(error, InputError) else f"{type(error).__name__}: "
    return InputError(f"{path} could not be read as the graph of a network ({kind}{reason}): {_MEND}")


def _network(described: Mapping, arrays: Mapping[str, np.ndarray]) -> Graph | OnnxValues:
    if "onnx" in arrays:
        names = ("reason", "outputs", "length", "held")
        return OnnxValues(arrays["onnx"].tobytes(), *(described[name] for name in names))
    found = [arrays[f"array_{number}"] for number in range(len(arrays) - 1)]
    graph = Graph(from_plain(described["nodes"], found), described["outputs"], described["length"])
    # Whether all fits is known before any job computes with it.
    fitting = graph.at_length(graph.length or SOME_LENGTH)
    return graph if graph.length is None else fitting
