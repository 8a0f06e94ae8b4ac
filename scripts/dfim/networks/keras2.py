"""Networks in the files of Keras 2, built again with today's layers.

Today's Keras reads many such files wrongly or not at all (nested models, lists where it wants numbers, the
sigmoid by straight lines that has another slope today). Layers of known types are made from their settings
and wired as the file says; code of a file is never run.
"""

import inspect
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import h5py
import numpy as np

from dfim.errors import InputError
from dfim.networks.backend import keras
from dfim.networks.keras_layers import KNOWN_LAYERS, NO_RULE, hard_sigmoid_of_keras_2

_MODELS = ("Sequential", "Functional", "Model")


@dataclass
class Rebuilt:
    """A model of Keras 2 made anew; ``parts``: the layers and models inside, in the order of the file."""

    model: keras.Model
    parts: list[tuple[str, str, "keras.layers.Layer | Rebuilt"]] = field(default_factory=list)

    def weighted(self) -> Iterator[tuple[str, keras.layers.Layer]]:
        """Yield name and layer of every layer with weights, those of models inside as well."""
        for name, _, part in self.parts:
            if isinstance(part, Rebuilt):
                yield from part.weighted()
            elif part.weights:
                yield name, part


def rebuild(entry: Mapping, where: str) -> Rebuilt:
    """Return the model of an architecture as Keras 2 wrote it; ``where`` names the file in messages.

    Raises InputError on a layer of an unknown type, named, and on an architecture that cannot be followed.
    """
    config = entry["config"]
    try:
        if entry["class_name"] == "Sequential":
            return _sequential(config if isinstance(config, list) else config["layers"], where)
        return _functional(config, where)
    except InputError:
        raise
    except (KeyError, IndexError, TypeError, ValueError) as error:
        reason = str(error).strip().split("\n")[0]
        raise InputError(
            f"{where}: the architecture could not be followed ({type(error).__name__}: {reason}): save the "
            "network again with model.save."
        ) from error


# ---------------------------------------------------------------------------------------- architecture


def _sequential(entries: list, where: str) -> Rebuilt:
    shape = next(
        (e["config"]["batch_input_shape"] for e in entries if "batch_input_shape" in e["config"]), None
    )
    if shape is None and entries[0]["class_name"] in _MODELS:
        first = rebuild(entries[0], where)
        shape = (None, *first.model.input_shape[1:])
    if shape is None:
        raise InputError(f"{where}: the network has no input shape: save it after it was built.")
    values = inputs = keras.Input(shape[1:])
    rebuilt = Rebuilt(keras.Model(inputs, inputs))
    for entry in entries:
        part = _part(entry, where)
        if part is not None:
            rebuilt.parts.append((_name(entry), entry["class_name"], part))
            values = _callable(part)(values)
    rebuilt.model = keras.Model(inputs, values)
    return rebuilt


def _functional(config: Mapping, where: str) -> Rebuilt:
    entries = {_name(entry): entry for entry in config["layers"]}
    parts = {name: _part(entry, where) for name, entry in entries.items()}
    calls = {name: len(entry["inbound_nodes"]) for name, entry in entries.items()}
    # A model inside counts the making of itself as a use.
    references = [ref for e in entries.values() for node in e["inbound_nodes"] for ref in _references(node)]
    references += [*_listed(config["output_layers"])]
    most = {name: max((r[1] for r in references if r[0] == name), default=0) for name in entries}
    first = {name: max(0, most[name] - max(calls[name] - 1, 0)) for name in entries}
    made: dict[tuple[str, int], list] = {}
    for name, entry in entries.items():
        if entry["class_name"] == "InputLayer":
            made[name, 0] = [keras.Input(entry["config"]["batch_input_shape"][1:], name=name)]
    waiting = [(name, use) for name in entries for use in range(calls[name])]
    while waiting:
        left = []
        for name, use in waiting:
            node = _references(entries[name]["inbound_nodes"][use])
            if all((ref[0], ref[1]) in made for ref in node):
                arguments = [made[ref[0], ref[1]][ref[2]] for ref in node]
                result = _callable(parts[name])(arguments if len(arguments) > 1 else arguments[0])
                made[name, use + first[name]] = result if isinstance(result, list) else [result]
            else:
                left.append((name, use))
        if len(left) == len(waiting):
            raise ValueError(f"the inputs of {left[0][0]} come from nowhere")
        waiting = left
    ends = [made[ref[0], ref[1]][ref[2]] for ref in _listed(config["output_layers"])]
    starts = [made[ref[0], 0][0] for ref in _listed(config["input_layers"])]
    model = keras.Model(starts if len(starts) > 1 else starts[0], ends if len(ends) > 1 else ends[0])
    kept = [(name, entries[name]["class_name"], part) for name, part in parts.items() if part is not None]
    return Rebuilt(model, kept)


def _references(node: list) -> list:
    """Return the references of one use of a layer; newer files have one that stands alone unlisted."""
    return [node] if node and isinstance(node[0], str) else node


def _listed(references: list) -> list:
    return [references] if references and isinstance(references[0], str) else references


def _name(entry: Mapping) -> str:
    return entry.get("name") or entry["config"]["name"]


def _callable(part) -> Callable:
    return part.model if isinstance(part, Rebuilt) else part


def _part(entry: Mapping, where: str):
    """Return the layer or model of an entry, None for the input."""
    kind = entry["class_name"]
    if kind == "InputLayer":
        return None
    if kind in _MODELS:
        return rebuild(entry, where)
    if kind not in KNOWN_LAYERS:
        code = ", whose code is never run" if kind in ("Lambda", "TFOpLambda", "SlicingOpLambda") else ""
        raise InputError(f"{where}: layer {_name(entry)} has the type {kind}{code}, {NO_RULE}")
    return KNOWN_LAYERS[kind](**_settings(KNOWN_LAYERS[kind], entry["config"], where))


def _settings(layer: type, config: Mapping, where: str) -> dict:
    """Return the settings that make the layer today: those of training are left out."""
    allowed = set(inspect.signature(layer.__init__).parameters) | {"name"}
    settings = {
        key: value
        for key, value in config.items()
        if key in allowed and not re.search("_(initializer|regularizer|constraint)$|^(dtype|trainable)$", key)
    }
    for key in ("axis", "shared_axes"):
        if isinstance(settings.get(key), list) and len(settings[key]) == 1:
            settings[key] = settings[key][0] if key == "axis" else settings[key]
    if "alpha" in config and "negative_slope" in allowed:
        settings["negative_slope"] = float(np.asarray(config["alpha"]))
    activation = settings.get("activation")
    if activation == "hard_sigmoid":
        settings["activation"] = hard_sigmoid_of_keras_2
    elif isinstance(activation, Mapping):
        raise InputError(
            f"{where}: layer {config['name']} has the activation {activation.get('class_name')}, which is "
            "not supported: make it a layer of its own."
        )
    return settings


# -------------------------------------------------------------------------------------------- weights


def set_weights(rebuilt: Rebuilt, handle: h5py.Group, where: str) -> None:
    """Put the weights of an HDF5 file, of any form that Keras 2 wrote, into a rebuilt model.

    Raises InputError, naming the layer, on weights that are missing or of another shape.
    """
    if "layer_names" in handle.attrs:
        _set_by_name(rebuilt, handle, where)
    elif "layers" in handle:
        _set_by_count(rebuilt, handle, where)
    else:
        raise InputError(
            f"{where} holds no weights of Keras 2 (its groups are {', '.join(handle)}): give the file that "
            "model.save or model.save_weights wrote."
        )


def _set_by_name(rebuilt: Rebuilt, handle: h5py.Group, where: str) -> None:
    """The older form: a group for each layer, the weights in the order of the attribute ``weight_names``."""
    for name, _, part in rebuilt.parts:
        group = handle.get(name)
        names = [] if group is None else [_text(each) for each in group.attrs.get("weight_names", [])]
        arrays = {each: group[each][()] for each in names}
        if isinstance(part, Rebuilt):
            for inner, layer in part.weighted():
                own = [key for key in arrays if inner in key.split("/")]
                _set(layer, f"{name}/{inner}", {key: arrays[key] for key in own}, where)
        elif part.weights:
            _set(part, name, arrays, where)


def _set(layer, name: str, arrays: dict[str, np.ndarray], where: str) -> None:
    """Set a layer's weights by the last part of their names, e.g. ``kernel`` of ``conv1d_1/kernel:0``."""
    found = {key.split("/")[-1].split(":")[0]: array for key, array in arrays.items()}
    ordered = [found.get(weight.name) for weight in layer.weights]
    if any(array is None for array in ordered):
        ordered = list(arrays.values())
    _assign(layer, name, ordered, where)


def _set_by_count(rebuilt: Rebuilt, handle: h5py.Group, where: str) -> None:
    """The newer form: groups by type, counted: ``layers/conv1d_1/vars/0``."""
    counts: Counter = Counter()
    for name, kind, part in rebuilt.parts:
        stem = _snake(kind)
        key = f"layers/{stem}_{counts[stem]}" if counts[stem] else f"layers/{stem}"
        counts[stem] += 1
        if isinstance(part, Rebuilt):
            if key in handle:
                _set_by_count(part, handle[key], where)
        elif part.weights:
            group = handle.get(f"{key}/vars", {})
            _assign(part, name, [group[str(number)][()] for number in range(len(group))], where)


def _assign(layer, name: str, arrays: list[np.ndarray], where: str) -> None:
    needed = [tuple(weight.shape) for weight in layer.weights]
    shapes = [array.shape for array in arrays]
    if shapes != needed:
        raise InputError(
            f"{where} has for the layer {name} weights of the shapes {shapes}, and the architecture needs "
            f"{needed}: give the weights that belong to the architecture."
        )
    layer.set_weights(arrays)


def _snake(name: str) -> str:
    """Return a class's name as Keras 2 turned it, e.g. ``batch_normalization``, ``conv1d``, ``re_lu``."""
    first = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", first).lower()


def _text(name) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)
