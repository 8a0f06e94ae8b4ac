"""Networks: built from a list of layers, saved, loaded, initialised from one another, and described.

A network is a Keras Sequential model from one-hot sequences, shape (examples, positions, 4), channels in the
order A, C, G, T, to one output per task, shape (examples, tasks): a probability, or a value where the tasks
are measured values. Its *logit* is what the last dense layer gives before any sigmoid. TensorFlow is the
backend.
"""

import os
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

# Read by Keras and TensorFlow when they are imported: a user's own Keras settings must not change the
# backend, and TensorFlow announces missing CUDA drivers as an error on every machine without a GPU.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np

from dfim.architecture import check_layers, complete_layer, output_length
from dfim.errors import InputError
from dfim.files import atomic_path

HEAD = "head"

# The default of the Keras that the paper used. Today's .99 needs hundreds of batches to forget the
# starting values, and early stopping would judge the first epochs of a small data set by wrong averages.
_MOMENTUM = 0.9

_POOLS = {
    "max_pool": keras.layers.MaxPooling1D,
    "average_pool": keras.layers.AveragePooling1D,
    "global_max_pool": keras.layers.GlobalMaxPooling1D,
    "global_average_pool": keras.layers.GlobalAveragePooling1D,
}


# ---------------------------------------------------------------------------------------------- building


def build_network(
    layers: list[dict], length: int, tasks: list[str], seed: int = 0, head: str = "sigmoid"
) -> keras.Sequential:
    """Build a network with random weights from a list of layers, as it stands in the configuration.

    Each layer is a dictionary with a ``kind`` and the keys of :data:`dfim.architecture.LAYER_KEYS`. Within
    a layer the order is linear, batch normalisation, activation, dropout. The convolutions see one-hot
    sequences of ``length`` positions; a flatten is put before the first dense layer. The last layer,
    ``head``, is one dense layer with a unit per task, the same function as one single-unit layer per task;
    its activation is ``head``: sigmoid for labels, linear for measured values. ``seed`` fixes the initial
    weights and the dropout.

    Raises InputError, naming the number of the layer (from 1) and the key, on an unknown kind or key, a
    value out of range, a layer that cannot follow the ones before, and a sequence too short for the layers.
    """
    check_layers(layers, "the network")
    output_length(layers, length, "the network")
    builder = _Builder(length, seed)
    for options in map(complete_layer, layers):
        match options["kind"]:
            case "convolution":
                builder.convolution(options)
            case "dense":
                builder.dense(options)
            case _:
                builder.pool(options)
    builder.flatten()
    builder.add(
        keras.layers.Dense,
        HEAD,
        units=len(tasks),
        activation=head,
        kernel_initializer=keras.initializers.GlorotUniform(builder.next_seed()),
    )
    return builder.model


class _Builder:
    """A Sequential model that grows by one configured layer at a time."""

    def __init__(self, length: int, seed: int):
        self.model = keras.Sequential([keras.Input((length, 4), name="one_hot")])
        self.shape = (length, 4)
        self.seeds = np.random.default_rng(seed)
        self.counts = Counter()

    def next_seed(self) -> int:
        return int(self.seeds.integers(2**31))

    def add(self, layer: type[keras.layers.Layer], name: str, **options):
        self.model.add(layer(name=name, **options))
        self.shape = self.model.output_shape[1:]

    def add_numbered(self, layer: type[keras.layers.Layer], stem: str, **options):
        self.counts[stem] += 1
        self.add(layer, f"{stem}_{self.counts[stem]}", **options)

    def convolution(self, options: dict):
        self.add_numbered(
            keras.layers.Conv1D,
            "conv",
            filters=options["filters"],
            kernel_size=options["width"],
            padding=options["padding"],
            kernel_initializer=keras.initializers.GlorotUniform(self.next_seed()),
        )
        self.after_linear(options)

    def dense(self, options: dict):
        self.flatten()
        self.add_numbered(
            keras.layers.Dense,
            "dense",
            units=options["units"],
            kernel_initializer=keras.initializers.GlorotUniform(self.next_seed()),
        )
        self.after_linear(options)

    def after_linear(self, options: dict):
        if options["batch_normalisation"]:
            self.add_numbered(keras.layers.BatchNormalization, "bn", momentum=_MOMENTUM)
        if options["activation"] == "relu":
            self.add_numbered(keras.layers.ReLU, "relu")
        if options["dropout"]:
            self.add_numbered(keras.layers.Dropout, "dropout", rate=options["dropout"], seed=self.next_seed())

    def pool(self, options: dict):
        size = {"pool_size": options["width"], "strides": options["stride"]} if "width" in options else {}
        self.add_numbered(_POOLS[options["kind"]], "pool", **size)

    def flatten(self):
        if len(self.shape) == 2:
            self.add(keras.layers.Flatten, "flatten")


# ------------------------------------------------------------------------------------- logits and weights


class _Linear(keras.layers.Layer):
    """A dense layer without its activation: the same weights, not a copy."""

    def __init__(self, dense: keras.layers.Dense):
        super().__init__(name=f"{dense.name}_linear")
        self.dense = dense

    def call(self, inputs):
        outputs = keras.ops.matmul(inputs, self.dense.kernel)
        return outputs + self.dense.bias if self.dense.use_bias else outputs


def logits(model: keras.Sequential) -> keras.Model:
    """Return the network without its last sigmoid, from one-hot sequences to logits, shape (examples, tasks).

    The layers are shared, so that training the result trains ``model``. Raises InputError when the model
    ends neither in a dense layer, linear or with a sigmoid, nor in a sigmoid.
    """
    values = inputs = keras.Input(model.input_shape[1:], name="one_hot")
    for layer in model.layers[:-1]:
        values = layer(values)
    return keras.Model(inputs, logits_of(model.layers[-1], values), name="logits")


def logits_of(last: keras.layers.Layer, values):
    """Return the logits that a network's last layer makes of its input; errors as :func:`logits`."""
    dense = isinstance(last, keras.layers.Dense)
    known = dense or isinstance(last, keras.layers.Activation)
    if not known or activation_of(last) not in (("sigmoid", "linear") if dense else ("sigmoid",)):
        raise InputError(
            f"the network ends in the layer {last.name} ({type(last).__name__}), and a dense layer with a "
            f"sigmoid or linear, or a sigmoid alone is needed: outputs must be probabilities or values of "
            f"independent tasks."
        )
    return _Linear(last)(values) if dense else values


def initialise_from(model: keras.Sequential, other: keras.Sequential) -> None:
    """Copy all weights of ``other`` into ``model``, except the head's, which keeps its own.

    Layers are matched by order, not by name; the networks may differ in their tasks and in dropout. Raises
    InputError, before anything is copied, naming the first layer that differs and both shapes of its weights.
    """
    mine = [layer for layer in model.layers if layer.weights][:-1]
    theirs = [layer for layer in other.layers if layer.weights][:-1]
    for layer, source in zip(mine, theirs, strict=False):
        if type(layer) is not type(source) or _shapes(layer) != _shapes(source):
            raise InputError(
                f"the network cannot be initialised from the other one: layer {layer.name} has weights of "
                f"shape {_shapes(layer)} here, and {source.name} has {_shapes(source)} there; give both "
                f"the same layers and the same sequence length."
            )
    if len(mine) != len(theirs):
        more, where = (mine, "the other one") if len(mine) > len(theirs) else (theirs, "this one")
        layer = more[min(len(mine), len(theirs))]
        raise InputError(
            f"the network cannot be initialised from the other one: layer {layer.name} with weights of shape "
            f"{_shapes(layer)} has no counterpart in {where}; give both the same layers."
        )
    for layer, source in zip(mine, theirs, strict=True):
        layer.set_weights(source.get_weights())


def _shapes(layer: keras.layers.Layer) -> str:
    """Return the shapes of a layer's weights as text, e.g. ``(19, 4, 40) and (40)``."""
    return " and ".join("(" + ", ".join(map(str, weight.shape)) + ")" for weight in layer.weights)


# ----------------------------------------------------------------------------------------- files


def save_network(model: keras.Model, path: str | os.PathLike) -> None:
    """Write a network with its weights as a Keras 3 file, under a temporary name first.

    Raises InputError when the name does not end in ``.keras``.
    """
    if Path(path).suffix != ".keras":
        raise InputError(f"{path} cannot name a network: the name must end in .keras.")
    with atomic_path(path) as temporary:
        model.save(temporary)


def load_network(path: str | os.PathLike) -> keras.Sequential:
    """Read a network that :func:`save_network` wrote; code inside the file is never run.

    Raises InputError when the file is missing, is no Keras 3 file, or is damaged.
    """
    if not Path(path).is_file():
        raise InputError(
            f"{path} is not a file: a network in the Keras 3 format (.keras) was expected there."
        )
    if not zipfile.is_zipfile(path):
        raise InputError(
            f"{path} is not a network in the Keras 3 format (.keras): it is damaged or something else wrote "
            f"it; make it again."
        )
    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises whatever the reader of the broken part raises
        reason = str(error).strip().split("\n")[0].split(". ")[0].rstrip(".")
        raise InputError(
            f"{path} could not be read as a network in the Keras 3 format ({type(error).__name__}: {reason})"
            f"; make it again."
        ) from error


# ----------------------------------------------------------------------------------------- describing


@dataclass(frozen=True)
class Layer:
    """One step of a trained network, free of Keras.

    ``kind``: convolution, dense, batch_normalisation, relu, sigmoid, max_pool, average_pool, global_max_pool,
    global_average_pool or flatten. ``arrays``: of a convolution ``kernel`` (width, channels in, filters) and
    ``bias``; of a dense layer ``kernel`` (units in, units) and ``bias``; of a batch normalisation ``gamma``,
    ``beta``, ``mean``, ``variance`` (channels) and ``epsilon`` (no axes), its output being
    gamma · (x − mean) / √(variance + epsilon) + beta. ``options``: ``input_shape`` and ``output_shape``
    without the axis of the examples; ``width``, ``stride`` and ``padding`` (same or valid) of convolutions
    and pools. A flatten is position-major: unit = position · channels + channel. Same padding puts half of
    the positions that it adds, rounded down, on the left; they do not enter a pool's average or maximum.
    """

    kind: str
    name: str
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    options: dict = field(default_factory=dict)


_KINDS = {
    keras.layers.Conv1D: "convolution",
    keras.layers.Dense: "dense",
    keras.layers.BatchNormalization: "batch_normalisation",
    keras.layers.MaxPooling1D: "max_pool",
    keras.layers.AveragePooling1D: "average_pool",
    keras.layers.GlobalMaxPooling1D: "global_max_pool",
    keras.layers.GlobalAveragePooling1D: "global_average_pool",
    keras.layers.Flatten: "flatten",
}
# Nothing happens in these once a network is trained.
_LEFT_OUT = (
    keras.layers.InputLayer,
    keras.layers.Dropout,
    keras.layers.SpatialDropout1D,
    keras.layers.GaussianDropout,
    keras.layers.GaussianNoise,
)


def describe(model: keras.Sequential) -> list[Layer]:
    """Describe a trained network as a list of steps, the form that attribution engines take.

    Any Sequential model of the kinds of layers in :class:`Layer` will do, however it was made. Activations
    inside a convolution or a dense layer become steps of their own, named ``<layer>_<activation>``; dropout
    is left out.

    Raises InputError, naming the layer, on a layer or an option that the description has no words for, and on
    weights that are not finite.
    """
    if not isinstance(model, keras.Sequential):
        raise InputError(
            f"the network is a Keras {type(model).__name__} model, and only a Sequential one is supported."
        )
    steps = []
    for layer in model.layers:
        if isinstance(layer, _LEFT_OUT):
            continue
        if type(layer) in _KINDS:
            steps.append(Layer(_KINDS[type(layer)], layer.name, _arrays(layer), _options(layer)))
        activation = activation_of(layer)
        if activation in ("relu", "sigmoid"):
            shape = tuple(layer.output.shape[1:])
            name = f"{layer.name}_{activation}" if type(layer) in _KINDS else layer.name
            steps.append(Layer(activation, name, {}, {"input_shape": shape, "output_shape": shape}))
        elif activation != "linear":
            raise _unsupported(layer, f"the activation {activation}")
    return steps


def activation_of(layer: keras.layers.Layer) -> str:
    """Return the name of the activation that a layer ends with, ``linear`` for none.

    Raises InputError on a layer that is neither an activation nor one of the described kinds.
    """
    if isinstance(layer, keras.layers.ReLU):
        if layer.max_value is not None or layer.negative_slope or layer.threshold:
            raise _unsupported(layer, "a ReLU with a maximum, a slope below 0 or a threshold")
        return "relu"
    # Not what derives from these: it may compute something else.
    if type(layer) in (keras.layers.Activation, keras.layers.Conv1D, keras.layers.Dense):
        return getattr(layer.activation, "__name__", type(layer.activation).__name__)
    if type(layer) not in _KINDS and not isinstance(layer, _LEFT_OUT):
        raise _unsupported(layer, f"the type {type(layer).__name__}")
    return "linear"


def _arrays(layer: keras.layers.Layer) -> dict[str, np.ndarray]:
    """Return the weights of a layer by name, absent ones filled in with the values that do nothing."""
    if isinstance(layer, keras.layers.Conv1D | keras.layers.Dense):
        kernel = np.asarray(layer.kernel)
        bias = np.asarray(layer.bias) if layer.use_bias else np.zeros(kernel.shape[-1], kernel.dtype)
        arrays = {"kernel": kernel, "bias": bias}
    elif isinstance(layer, keras.layers.BatchNormalization):
        mean, variance = np.asarray(layer.moving_mean), np.asarray(layer.moving_variance)
        arrays = {
            "gamma": np.asarray(layer.gamma) if layer.scale else np.ones_like(mean),
            "beta": np.asarray(layer.beta) if layer.center else np.zeros_like(mean),
            "mean": mean,
            "variance": variance,
            "epsilon": np.asarray(layer.epsilon, dtype=mean.dtype),
        }
    else:
        arrays = {}
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise InputError(
                f"layer {layer.name} of the network has values in its {name} that are not finite numbers: "
                f"the training diverged; train again with a lower learning rate."
            )
    return arrays


def _options(layer: keras.layers.Layer) -> dict:
    """Return the shapes and options of a layer; raises InputError on an option that is not supported."""
    input_shape, output_shape = (tuple(tensor.shape[1:]) for tensor in (layer.input, layer.output))
    options = {"input_shape": input_shape, "output_shape": output_shape}
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        raise _unsupported(layer, f"the data format {layer.data_format}")
    if getattr(layer, "keepdims", False):
        raise _unsupported(layer, "keepdims")
    match _KINDS[type(layer)]:
        case "convolution":
            if layer.padding not in ("valid", "same"):
                raise _unsupported(layer, f"the padding {layer.padding}")
            if layer.groups != 1 or layer.dilation_rate != (1,):
                raise _unsupported(layer, "groups or dilation")
            width, stride = layer.kernel_size[0], layer.strides[0]
        case "max_pool" | "average_pool":
            width, stride = layer.pool_size[0], layer.strides[0]
        case "dense" if len(input_shape) != 1:
            raise _unsupported(layer, "positions as its input, which must be flattened first")
        case "batch_normalisation" if layer.axis not in (-1, len(input_shape)):
            raise _unsupported(layer, f"the axis {layer.axis}")
        case _:
            return options
    return options | {"width": int(width), "stride": int(stride), "padding": layer.padding}


def _unsupported(layer: keras.layers.Layer, what: str) -> InputError:
    kinds = ", ".join(dict.fromkeys([*_KINDS.values(), "relu", "sigmoid"]))
    return InputError(
        f"layer {layer.name} of the network has {what}, which is not supported; supported are {kinds}."
    )
