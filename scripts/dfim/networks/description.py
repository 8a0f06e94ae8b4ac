"""A trained network as a list of steps, free of Keras: the form that attribution engines take."""

from dataclasses import dataclass, field

import keras
import numpy as np

from dfim.errors import InputError


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
