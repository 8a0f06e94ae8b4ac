"""Networks in the files of Keras 0.3 on Theano, turned into today's Keras models.

The old form is an architecture as JSON (a ``Sequential`` model or a ``Graph``) and its weights as HDF5. What
differs from today, as Keras 0.3 with its Theano backend computed it:

- A convolution turns its kernel around: out[i] = Σ_j kernel[j] · in[i + width − 1 − j]. Kernels are flipped
  along the sequence; those of 2-D convolutions, whose rows are the four bases, along both axes.
- 2-D layers keep channels first (``dim_ordering`` th). A dense layer after their flatten has its weights
  channel by channel (unit = channel · positions + position), and today's flatten is position by position.
- A batch normalisation keeps a running standard deviation, not a variance, and computes
  gamma · (x − mean) / (deviation + epsilon) + beta.
- A graph may have one layer with a sigmoid for each of its outputs: they become one dense layer.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import h5py
import numpy as np

from dfim.errors import InputError
from dfim.files.text import read_text
from dfim.networks.backend import keras
from dfim.networks.building import build_network

# How many arrays the weights file holds for each kind of layer; these are all kinds that can be converted.
_ARRAYS = {
    "Convolution1D": 2,
    "Convolution2D": 2,
    "MaxPooling1D": 0,
    "MaxPooling2D": 0,
    "AveragePooling1D": 0,
    "AveragePooling2D": 0,
    "BatchNormalization": 4,
    "Dense": 2,
    "Activation": 0,
    "Dropout": 0,
    "Flatten": 0,
}
_POOLS = {"Max": "max_pool", "Ave": "average_pool"}


def convert_model(architecture: str | Path, weights: str | Path) -> keras.Sequential:
    """Return the network of two Keras 0.3 / Theano files as a model of today's Keras.

    ``architecture`` is a JSON file of a Sequential model on one-hot sequences (positions, 4) or (1, 4,
    positions), or of a Graph that is one chain of layers up to a dense layer with a sigmoid for each output;
    ``weights`` is its HDF5 file. The outputs are in the order of the old model's (``output_order`` of a
    graph). Logits equal the old ones to the precision of 32-bit floats.

    Raises InputError, naming the file and the layer, on files of another form, on a layer or an option that
    cannot be converted, and on weights that do not fit the architecture.
    """
    chains, shape = _read_chains(architecture, _WeightsFile(weights))
    length, channels_first = _read_input(shape, architecture)
    trunk, heads = _split_heads(chains, architecture)
    translation = _Translation(architecture, channels_first)
    for layer in trunk:
        translation.add(layer)
    kernels = [translation.dense_arrays(head) for head in heads]
    head = [np.concatenate(arrays, axis=-1) for arrays in zip(*kernels, strict=True)]
    model = build_network(translation.layers, length, [str(task) for task in range(len(head[1]))])
    _set_weights(model, [*translation.weights, (heads[0].name, head)], weights)
    return model


# ----------------------------------------------------------------------------------------- reading


@dataclass
class _OldLayer:
    """A layer of an old model: its kind, its configuration, and the arrays that belong to it."""

    name: str
    kind: str
    options: dict
    arrays: list[np.ndarray] = field(default_factory=list)

    @property
    def sigmoid(self) -> bool:
        return self.options.get("activation") == "sigmoid"


class _WeightsFile:
    """The arrays of a weights file, by group: ``layer_0`` … of a Sequential model, ``graph`` of a Graph."""

    def __init__(self, path: str | Path):
        self.path = path
        try:
            with h5py.File(path, "r") as handle:
                self.groups = {name: self._arrays(group) for name, group in handle.items()}
        except (OSError, KeyError, AttributeError) as error:
            raise InputError(
                f"{path} could not be read as a weights file of Keras 0.3 ({error}); HDF5 with the groups "
                "layer_0, layer_1, … or graph was expected."
            ) from None

    @staticmethod
    def _arrays(group: h5py.Group) -> list[np.ndarray]:
        return [group[f"param_{number}"][()] for number in range(group.attrs["nb_params"])]

    def of_group(self, name: str) -> list[np.ndarray]:
        if name not in self.groups:
            raise InputError(
                f"{self.path} has no group {name}, and the architecture needs it; the groups there are "
                f"{', '.join(self.groups)}: give the weights that belong to the architecture."
            )
        return self.groups[name]


def _read_chains(
    architecture: str | Path, weights: _WeightsFile
) -> tuple[list[list[_OldLayer]], Sequence[int] | None]:
    """Return the layers from the input to each output, and the shape of the input."""
    try:
        model = json.loads(read_text(architecture, "an architecture of Keras 0.3 (JSON)"))
        match model["name"]:
            case "Sequential":
                return [_sequential_layers(model, architecture, weights)], model["layers"][0].get(
                    "input_shape"
                )
            case "Graph":
                return _graph_chains(model, architecture, weights), model["input_config"][0].get(
                    "input_shape"
                )
    except (json.JSONDecodeError, KeyError, IndexError, TypeError) as error:
        raise InputError(
            f"{architecture} is not an architecture of Keras 0.3 ({type(error).__name__}: {error}); the JSON "
            "that the old model.to_json() gave was expected."
        ) from None
    raise InputError(
        f"{architecture} is a model of the kind {model['name']!r}; Sequential and Graph can be converted."
    )


def _sequential_layers(model: dict, path: str | Path, weights: _WeightsFile) -> list[_OldLayer]:
    layers = [
        _OldLayer(f"layer {number} ({options['name']})", options["name"], options)
        for number, options in enumerate(model["layers"])
    ]
    for number, layer in enumerate(layers):
        arrays = weights.of_group(f"layer_{number}")
        _take_arrays(layer, arrays, path, weights)
        _check_all_taken(arrays[len(layer.arrays) :], layer.name, weights)
    return layers


def _graph_chains(model: dict, path: str | Path, weights: _WeightsFile) -> list[list[_OldLayer]]:
    nodes = {entry["name"]: entry for entry in model["node_config"]}
    layers = {
        name: _OldLayer(f"node {name}", model["nodes"][name]["name"], model["nodes"][name]) for name in nodes
    }
    # The file holds the arrays of all nodes in the order in which they were added.
    arrays = weights.of_group("graph")
    for layer in layers.values():
        _take_arrays(layer, arrays, path, weights)
        arrays = arrays[len(layer.arrays) :]
    _check_all_taken(arrays, "the last node", weights)
    if len(model["input_config"]) != 1:
        raise InputError(
            f"{path} has {len(model['input_config'])} inputs; a graph with one can be converted."
        )
    outputs = {entry["name"]: entry for entry in model["output_config"]}
    chains = []
    for output in model["output_order"]:
        chain, entry = [], outputs[output]
        while entry["input"] != model["input_config"][0]["name"]:
            if entry.get("inputs"):
                raise InputError(f"{path}: {entry['name']} merges several inputs; chains can be converted.")
            chain.append(layers[entry["input"]])
            entry = nodes[entry["input"]]
        chains.append(chain[::-1])
    return chains


def _take_arrays(layer: _OldLayer, arrays: list[np.ndarray], path: str | Path, weights: _WeightsFile) -> None:
    """Give a layer the first of the arrays, as many as its kind has."""
    if layer.kind not in _ARRAYS:
        raise InputError(
            f"{path}: {layer.name} is of the kind {layer.kind}; {', '.join(_ARRAYS)} can be converted."
        )
    layer.arrays = arrays[: _ARRAYS[layer.kind]]
    if len(layer.arrays) != _ARRAYS[layer.kind]:
        raise InputError(
            f"{weights.path} has {len(layer.arrays)} arrays left for {layer.name}, and {_ARRAYS[layer.kind]} "
            "are needed: give the weights that belong to the architecture."
        )


def _check_all_taken(arrays: list[np.ndarray], where: str, weights: _WeightsFile) -> None:
    if arrays:
        raise InputError(
            f"{weights.path} has {len(arrays)} arrays more than {where} of the architecture needs: give the "
            "weights that belong to the architecture."
        )


def _read_input(shape: Sequence[int] | None, path: str | Path) -> tuple[int, bool]:
    """Return the number of positions, and whether the input is an image with the bases as its rows."""
    match shape:
        case [length, 4] if length:
            return length, False
        case [1, 4, length] if length:
            return length, True
    raise InputError(
        f"{path} has the input shape {shape}; one-hot sequences, (positions, 4) or (1, 4, positions), are "
        "needed."
    )


def _split_heads(chains: list[list[_OldLayer]], path: str | Path) -> tuple[list[_OldLayer], list[_OldLayer]]:
    """Split the chains into the layers that all outputs share, and the last dense layer of each."""
    trunks, heads = [], []
    for chain in chains:
        end = len(chain) - (bool(chain) and chain[-1].kind == "Activation" and chain[-1].sigmoid)
        dense = chain[end - 1] if end else None
        alone = end < len(chain) and dense is not None and dense.options.get("activation") == "linear"
        if dense is None or dense.kind != "Dense" or not (alone or (end == len(chain) and dense.sigmoid)):
            raise InputError(
                f"{path} does not end in a dense layer with a sigmoid: outputs must be probabilities of "
                "independent tasks."
            )
        trunks.append(chain[: end - 1])
        heads.append(dense)
    if any([layer.name for layer in trunk] != [layer.name for layer in trunks[0]] for trunk in trunks):
        raise InputError(
            f"{path} has outputs that differ in more than their last dense layer, which cannot be converted."
        )
    return trunks[0], heads


# ----------------------------------------------------------------------------------- translating


class _Translation:
    """Old layers one after the other, as layers of a configuration and as today's weights.

    ``layers`` is the list for :func:`dfim.networks.building.build_network`; ``weights`` are the old layer's
    name and the arrays of each layer that has any.
    """

    def __init__(self, path: str | Path, channels_first: bool):
        self.path = path
        self.channels_first = channels_first
        self.layers: list[dict] = []
        self.weights: list[tuple[str, list[np.ndarray]]] = []
        self.rows = 4 if channels_first else 1  # of the image: the bases, until a convolution takes them in
        self.channels = 4
        self.flat = self.permute = False

    def add(self, layer: _OldLayer) -> None:
        match layer.kind:
            case "Convolution1D" | "Convolution2D":
                self.convolution(layer)
            case "Dense":
                self.weights.append((layer.name, self.dense_arrays(layer)))
                self.add_linear({"kind": "dense", "units": layer.options["output_dim"]}, layer)
            case "BatchNormalization":
                self.batch_normalisation(layer)
            case "Activation":
                self.activation(layer)
            case "Dropout":
                self.dropout(layer)
            case "Flatten":
                self.flat, self.permute = True, self.channels_first
            case _:
                self.pool(layer)

    def refuse(self, layer: _OldLayer, what: str) -> InputError:
        return InputError(f"{self.path}: {layer.name} has {what}, which cannot be converted.")

    def require(self, layer: _OldLayer, **allowed) -> None:
        """Raise InputError unless each option of the layer is the allowed value, or absent."""
        for key, value in allowed.items():
            if layer.options.get(key, value) != value:
                raise self.refuse(layer, f"{key} {layer.options[key]!r}")

    def check_dimensions(self, layer: _OldLayer) -> None:
        """Raise InputError when a 1-D layer gets an image, a 2-D one none, or either is flattened."""
        if self.flat or layer.kind.endswith("2D") != self.channels_first:
            raise self.refuse(layer, "an input of another number of axes than its kind needs")
        self.require(layer, dim_ordering="th")

    def convolution(self, layer: _OldLayer) -> None:
        self.check_dimensions(layer)
        self.require(layer, subsample_length=1, subsample=[1, 1])
        kernel, bias = layer.arrays
        padding, width = layer.options["border_mode"], kernel.shape[3 if self.channels_first else 2]
        if padding not in ("valid", "same") or (padding == "same" and width % 2 == 0):
            # At an even width Theano put the extra position on the left, where it is on the right today.
            raise self.refuse(layer, f"the border mode {padding} at a width of {width}")
        if self.channels_first:
            kernel = self.bases_as_channels(layer, kernel)
        elif kernel.shape[3] != 1:
            raise self.refuse(layer, f"a kernel of shape {kernel.shape}")
        else:
            kernel = kernel[:, :, ::-1, 0]
        self.weights.append((layer.name, [kernel.transpose(2, 1, 0), bias]))
        self.channels = len(bias)
        options = {"filters": layer.options["nb_filter"], "width": width, "padding": padding}
        self.add_linear({"kind": "convolution", **options}, layer)

    def bases_as_channels(self, layer: _OldLayer, kernel: np.ndarray) -> np.ndarray:
        """Return a 2-D kernel (filters, channels, rows, width) as (filters, channels, width), flipped."""
        filters, channels, rows, width = kernel.shape
        if rows != self.rows or (rows > 1 and layer.options["border_mode"] != "valid"):
            raise self.refuse(layer, f"{rows} rows on an image of {self.rows}, or a border of rows")
        self.rows = 1
        return kernel[:, :, ::-1, ::-1].reshape(filters, channels * rows, width)

    def dense_arrays(self, layer: _OldLayer) -> list[np.ndarray]:
        """Return the kernel and bias of a dense layer, the kernel's rows in position-major order."""
        if not self.flat:
            raise self.refuse(layer, "positions as its input")
        kernel, bias = layer.arrays
        if self.permute:
            if kernel.ndim != 2 or len(kernel) % self.channels:
                raise self.refuse(layer, f"a kernel of shape {kernel.shape} after {self.channels} channels")
            by_channel = kernel.reshape(self.channels, -1, kernel.shape[1])
            kernel = by_channel.transpose(1, 0, 2).reshape(kernel.shape)
        return [kernel, bias]

    def add_linear(self, configured: dict, layer: _OldLayer) -> None:
        """Add a convolution or a dense layer with the activation that it ends in."""
        self.layers.append({**configured, "activation": "linear"})
        if configured["kind"] == "dense":
            self.permute = False
        self.activation(layer)

    def last_linear(self, layer: _OldLayer, without: Sequence[str]) -> dict:
        """Return the configured layer that this one belongs to, which must not have one of the keys set."""
        last = self.layers[-1] if self.layers else {}
        if "activation" not in last or last["activation"] != "linear" or any(map(last.get, without)):
            raise self.refuse(layer, "no place in the order linear, batch normalisation, activation")
        return last

    def activation(self, layer: _OldLayer) -> None:
        activation = layer.options["activation"]
        if activation == "relu":
            self.last_linear(layer, without=["dropout"])["activation"] = "relu"
        elif activation != "linear":
            raise self.refuse(layer, f"the activation {activation}")

    def batch_normalisation(self, layer: _OldLayer) -> None:
        self.require(layer, mode=0)
        axes = 2 if self.flat else 4 if self.channels_first else 3
        channel_axis = 1 if self.flat or self.channels_first else 2
        if layer.options["axis"] not in (channel_axis, channel_axis - axes):
            raise self.refuse(layer, f"the axis {layer.options['axis']}")
        self.last_linear(layer, without=["batch_normalisation", "dropout"])["batch_normalisation"] = True
        gamma, beta, mean, deviation = layer.arrays
        # Today's epsilon is another and inside the root: gamma makes up for the difference.
        today = keras.layers.BatchNormalization().epsilon
        gamma = gamma * np.sqrt(deviation**2 + today) / (deviation + layer.options["epsilon"])
        self.weights.append((layer.name, [gamma, beta, mean, deviation**2]))

    def dropout(self, layer: _OldLayer) -> None:
        """Note the dropout; one that has no place in a configuration is left out."""
        if self.layers and "activation" in self.layers[-1]:
            self.layers[-1].setdefault("dropout", layer.options["p"])

    def pool(self, layer: _OldLayer) -> None:
        self.check_dimensions(layer)
        self.require(layer, border_mode="valid")
        if self.channels_first:
            (rows, width), (_, stride) = (
                layer.options["pool_size"],
                (layer.options.get("strides") or layer.options["pool_size"]),
            )
            if rows != 1 or self.rows != 1:
                raise self.refuse(layer, f"{rows} rows on an image of {self.rows}")
        else:
            width = layer.options["pool_length"]
            stride = layer.options.get("stride") or width
        self.layers.append({"kind": _POOLS[layer.kind[:3]], "width": width, "stride": stride})


def _set_weights(
    model: keras.Sequential, weights: list[tuple[str, list[np.ndarray]]], path: str | Path
) -> None:
    """Put the translated arrays into the model's layers, in order; raises InputError on another shape."""
    layers = [layer for layer in model.layers if layer.weights]
    for layer, (name, arrays) in zip(layers, weights, strict=True):
        needed = [tuple(weight.shape) for weight in layer.weights]
        found = [array.shape for array in arrays]
        if needed != found:
            raise InputError(
                f"{path} has for {name} arrays that become {found} today, and the architecture needs "
                f"{needed}: give the weights that belong to the architecture."
            )
        layer.set_weights(arrays)
