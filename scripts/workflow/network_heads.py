"""What a network's file tells without Keras: the length of its sequences, and how many outputs it has."""

import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from dfim.errors import InputError
from dfim.files.text import open_bytes, read_text, text_lines


@dataclass(frozen=True)
class Head:
    """``length`` in bases, ``units`` of all outputs together; None for what the file does not tell."""

    length: int | None = None
    units: int | None = None


def network_head(path: str | Path) -> Head:
    """Return the head of a network's file: Keras (.keras, .h5, JSON of an architecture) or ONNX.

    What cannot be read gives a head without numbers: the job that reads it whole says what is wrong.
    """
    try:
        if Path(path).suffix == ".onnx":
            return _onnx(path)
        return _keras(_keras_config(path))
    except (OSError, KeyError, IndexError, ValueError, TypeError, AttributeError, ImportError, InputError):
        return Head()


def _keras_config(path: str | Path) -> Mapping:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return json.loads(archive.read("config.json"))
    if h5py.is_hdf5(path):
        with h5py.File(path) as handle:
            return json.loads(handle.attrs["model_config"])
    return json.loads(read_text(path, "a network's architecture in JSON"))


def _keras(model: Mapping) -> Head:
    config = model["config"]
    layers = config if isinstance(config, list) else config["layers"]
    length = None
    for layer in layers:
        shape = layer["config"].get("batch_shape") or layer["config"].get("batch_input_shape")
        if shape:
            length = shape[1]
            break
    return Head(length, _keras_units(config, layers))


def _keras_units(config, layers: list[Mapping]) -> int | None:
    """Return the units of the dense layers that a model ends in, None where it ends in others."""
    names = list(_names(config["output_layers"])) if "output_layers" in config else [None]
    by_name = {layer.get("name") or layer["config"].get("name"): layer for layer in layers}
    last = [by_name[name] if name else _last_with_shape(layers) for name in names]
    if any(layer["class_name"] != "Dense" for layer in last):
        return None
    return sum(layer["config"]["units"] for layer in last)


def _last_with_shape(layers: list[Mapping]) -> Mapping:
    """Return the last layer of a chain that is no activation: activations leave the shape alone."""
    return next(layer for layer in reversed(layers) if layer["class_name"] not in ("Activation", "Dropout"))


def _names(outputs: list) -> Iterator[str]:
    """Yield the names of a functional model's output layers, which Keras nests as it likes."""
    if outputs and isinstance(outputs[0], str):
        yield outputs[0]
        return
    for output in outputs:
        yield from _names(output)


def _onnx(path: str | Path) -> Head:
    import onnx
    from google.protobuf.message import DecodeError

    try:
        graph = onnx.load(path, load_external_data=False).graph
    except DecodeError:
        return Head()
    weights = {tensor.name for tensor in graph.initializer}
    inputs = [entry for entry in graph.input if entry.name not in weights]
    shape = _shape(inputs[0])
    # (batch, 4, length) or (batch, length, 4), or with an axis of one between; 4 bases of 4 tell nothing.
    inner = [size for size in shape[1:] if size not in (1, 4)]
    outputs = [_shape(entry) for entry in graph.output]
    units = [size[1] for size in outputs if len(size) == 2 and size[1]]
    return Head(inner[0] if len(inner) == 1 else None, sum(units) if len(units) == len(outputs) else None)


def _shape(entry) -> list[int | None]:
    return [dim.dim_value or None for dim in entry.type.tensor_type.shape.dim]


def sequences_length(path: str | Path | None) -> int | None:
    """Return the length of the first sequence of a file, FASTA or one-hot .npy; None when not told."""
    try:
        with open_bytes(path, "sequences") as handle:
            if handle.read(6) == b"\x93NUMPY":
                return _array_length(path)
        return _fasta_length(path)
    except (OSError, TypeError, ValueError, InputError):  # what is refused when it is read
        return None


def _array_length(path: str | Path) -> int | None:
    shape = np.load(path, mmap_mode="r", allow_pickle=False).shape
    shape = (shape[0], *shape[2:]) if len(shape) == 4 else shape
    if len(shape) != 3 or 4 not in shape[1:]:
        return None
    return shape[1] if shape[2] == 4 else shape[2]


def _fasta_length(path: str | Path) -> int | None:
    length = None
    for _, line in text_lines(path, "a FASTA file"):
        if line.startswith(">"):
            if length is not None:
                break
            length = 0
        elif length is not None:
            length += len("".join(line.split()))
    return length
