"""Models of today's Keras in the files of Keras 2: the same layers and weights in its words."""

import io
import json
import zipfile
from collections import Counter

import h5py
import keras
import numpy as np

from dfim.networks.keras2 import _snake


def write_h5(model: keras.Model, path, version: str = "2.8.0") -> None:
    """Write a whole model as ``model.save`` of Keras 2 did; before 2.2.3 a Sequential's layers are a list."""
    entry = architecture(model)
    if version < "2.2.3" and entry["class_name"] == "Sequential":
        entry["config"] = entry["config"]["layers"]
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"] = version.encode()
        file.attrs["backend"] = b"tensorflow"
        file.attrs["model_config"] = json.dumps(entry).encode()
        _write_by_name(model, file.create_group("model_weights"))


def write_parts(model: keras.Model, architecture_path, weights_path, version: str = "2.1.5") -> None:
    """Write the architecture as ``to_json`` of Keras 2 did, and the weights as ``save_weights``."""
    entry = architecture(model) | {"keras_version": version, "backend": "tensorflow"}
    with open(architecture_path, "w") as handle:
        json.dump(entry, handle)
    with h5py.File(weights_path, "w") as file:
        _write_by_name(model, file)


def write_archive(model: keras.Model, path, version: str = "2.15.0") -> None:
    """Write a ``.keras`` file as Keras 2.12 to 2.15 did."""
    weights = io.BytesIO()
    with h5py.File(weights, "w") as file:
        _write_by_count(model, file)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": version}))
        archive.writestr("config.json", json.dumps(architecture(model)))
        archive.writestr("model.weights.h5", weights.getvalue())


def architecture(model: keras.Model) -> dict:
    """Return a model's class and settings in the words of Keras 2."""
    if isinstance(model, keras.Sequential):
        layers = [{"class_name": type(x).__name__, "config": _settings(x)} for x in model.layers]
        layers[0]["config"]["batch_input_shape"] = [None, *model.input_shape[1:]]
        return {"class_name": "Sequential", "config": {"name": model.name, "layers": layers}}
    entries = [_functional_entry(layer, model) for layer in model.layers]
    ends = {
        f"{which}_layers": [_reference(tensor) for tensor in tensors]
        for which, tensors in (("input", model.inputs), ("output", model.outputs))
    }
    return {"class_name": "Functional", "config": {"name": model.name, "layers": entries, **ends}}


def _functional_entry(layer, model: keras.Model) -> dict:
    whole = {"class_name": type(layer).__name__, "config": _settings(layer)}
    if isinstance(layer, keras.Model):
        whole = architecture(layer)
    own = {id(node) for nodes in model._nodes_by_depth.values() for node in nodes}
    nodes = [
        [[*_reference(tensor), {}] for tensor in node.input_tensors]
        for node in layer._inbound_nodes
        if id(node) in own and not node.is_input
    ]
    return whole | {"name": layer.name, "inbound_nodes": nodes}


def _reference(tensor) -> list:
    history = tensor._keras_history
    return [history.operation.name, history.node_index, history.tensor_index]


def _settings(layer) -> dict:
    """Return a layer's settings; Keras 2 has lists for tuples and other names for some."""
    config = json.loads(json.dumps(layer.get_config(), default=str)) | {"dtype": "float32"}
    if "batch_shape" in config:
        config["batch_input_shape"] = config.pop("batch_shape")
    if "negative_slope" in config and isinstance(layer, keras.layers.LeakyReLU):
        config["alpha"] = config.pop("negative_slope")
    if isinstance(layer, keras.layers.BatchNormalization):
        config["axis"] = [layer.axis]
    return config


def _write_by_name(model: keras.Model, group: h5py.Group) -> None:
    group.attrs["layer_names"] = np.array([layer.name.encode() for layer in model.layers])
    for layer in model.layers:
        inner = _layers_of(layer)
        part, names = group.create_group(layer.name), []
        for each in inner:
            for weight in each.weights:
                names.append(f"{each.name}/{weight.name}:0")
                part[names[-1]] = np.asarray(weight)
        part.attrs["weight_names"] = np.array([name.encode() for name in names], dtype="S")


def _layers_of(layer) -> list:
    return [each for part in layer.layers for each in _layers_of(part)] if _is_model(layer) else [layer]


def _is_model(layer) -> bool:
    return isinstance(layer, keras.Model)


def _write_by_count(model: keras.Model, group: h5py.Group) -> None:
    counts: Counter = Counter()
    for layer in model.layers:
        kind = "Functional" if _is_model(layer) and not isinstance(layer, keras.Sequential) else None
        stem = _snake(kind or type(layer).__name__)
        key = f"layers/{stem}_{counts[stem]}" if counts[stem] else f"layers/{stem}"
        counts[stem] += 1
        part = group.create_group(key)
        if _is_model(layer):
            _write_by_count(layer, part)
        for number, weight in enumerate([] if _is_model(layer) else layer.weights):
            part[f"vars/{number}"] = np.asarray(weight)
