"""Each type of Keras layer, and each operation of keras.ops, as nodes of a graph."""

from collections.abc import Callable

import numpy as np

from dfim.errors import InputError
from dfim.networks.backend import keras
from dfim.networks.graph import Node

K = keras.layers
# Nothing happens in these once a network is trained.
_LEFT_OUT = (
    K.InputLayer,
    K.Dropout,
    K.SpatialDropout1D,
    K.GaussianDropout,
    K.GaussianNoise,
    K.AlphaDropout,
    K.ActivityRegularization,
    K.Identity,
)
# What is said of a layer that is not taken, and what to do.
NO_RULE = (
    "for which there is no rule: export the network to ONNX, of which pair tests, scans and the method "
    "in_silico_mutagenesis need the values alone."
)
# What layers take, by the name that it may be given with.
_INPUTS = ("inputs", "query", "key", "value", "initial_state", "sequences")
# Activations by the name of Keras' function, with their options.
_ACTIVATIONS: dict[str, tuple[str, dict]] = {
    "relu": ("relu", {}),
    "relu6": ("clipped_relu", {"maximum": 6.0}),
    "leaky_relu": ("leaky_relu", {"slope": 0.2}),
    "elu": ("elu", {}),
    "selu": ("selu", {}),
    "gelu": ("gelu", {"approximate": False}),
    "silu": ("silu", {}),
    "swish": ("silu", {}),
    "mish": ("mish", {}),
    "softplus": ("softplus", {}),
    "softsign": ("softsign", {}),
    "exponential": ("exponential", {}),
    "tanh": ("tanh", {}),
    "sigmoid": ("sigmoid", {}),
    "hard_sigmoid": ("hard_sigmoid", {"slope": 1 / 6, "shift": 0.5}),
    "softmax": ("softmax", {}),
    "hard_sigmoid_of_keras_2": ("hard_sigmoid", {"slope": 0.2, "shift": 0.5}),
}


def hard_sigmoid_of_keras_2(x):
    """The sigmoid by straight lines of Keras 2, which is another one today."""
    return keras.ops.clip(0.2 * x + 0.5, 0, 1)


def nodes_of(layer, shapes: list[tuple], arguments) -> list[Node]:
    """Return the nodes of one use of a layer, each to take the one before, the first the layer's inputs.

    One with inputs of its own takes nodes before it by their names, and the layer's as ``input_0``, ….
    ``shapes``: of its inputs, without the examples. Raises InputError, naming the layer, on a type or an
    option that no node has words for, and on weights that are not finite.
    """
    if isinstance(layer, _LEFT_OUT):
        return []
    check_arguments(layer, arguments)
    if type(layer) in _LAYERS:
        nodes = [*_LAYERS[type(layer)](layer, shapes), *activation_nodes(layer)]
    elif type(layer) in _PRODUCTS:
        from dfim.networks.keras_attention import nodes_of_products

        nodes = nodes_of_products(layer, shapes, arguments)
    elif type(layer) in _RECURRENT:
        from dfim.networks.keras_recurrent import nodes_of_recurrent

        nodes = nodes_of_recurrent(layer, shapes)
    elif not isinstance(layer, keras.layers.Layer):
        from dfim.networks.keras_operations import nodes_of_operation

        nodes = nodes_of_operation(layer, shapes, arguments)
    else:
        nodes = activation_nodes(layer)
        if not nodes and not isinstance(layer, K.Activation):
            raise unsupported(layer, f"the type {type(layer).__name__}")
    for node in nodes:
        _check_finite(node)
    return nodes


def activation_nodes(layer) -> list[Node]:
    """Return the activation that a layer ends with as a list of one node, or of none where it is linear."""
    if type(layer) in _ACTIVATION_LAYERS:
        kind, options, arrays = _ACTIVATION_LAYERS[type(layer)](layer)
        return [Node(kind, layer.name, arrays, options)]
    # Not what derives from these: it may compute something else.
    if type(layer) not in (K.Activation, *_WITH_ACTIVATION):
        return []
    name = getattr(layer.activation, "__name__", type(layer.activation).__name__)
    if name == "linear":
        return []
    if type(layer.activation) in _ACTIVATION_LAYERS:
        kind, options, _ = _ACTIVATION_LAYERS[type(layer.activation)](layer.activation)
    elif layer.activation in (getattr(keras.activations, name, None), hard_sigmoid_of_keras_2):
        if name not in _ACTIVATIONS:
            raise unsupported(layer, f"the activation {name}")
        kind, options = _ACTIVATIONS[name]
    else:
        raise unsupported(layer, f"the activation {name}")
    own = f"{layer.name}_{name}" if type(layer) in _WITH_ACTIVATION else layer.name
    return [Node(kind, own, {}, dict(options))]


def check_arguments(layer, arguments) -> None:
    """Raise InputError where a layer is called with more than its inputs, as a mask or training=True."""
    if not isinstance(layer, keras.layers.Layer):
        return
    for name, value in arguments.kwargs.items():
        if name not in _INPUTS and value is not None and value is not False:
            raise unsupported(layer, f"the argument {name}")


def _check_finite(node: Node) -> None:
    for name, array in node.arrays.items():
        if not np.isfinite(array).all():
            raise InputError(
                f"layer {node.name} of the network has values in its {name} that are not finite numbers: "
                f"the training diverged; train again with a lower learning rate."
            )


def unsupported(layer, what: str) -> InputError:
    return InputError(f"layer {layer.name} of the network has {what}, {NO_RULE}")


# --------------------------------------------------------------------------------------------- activations


def _relu(layer):
    maximum, slope, threshold = layer.max_value, layer.negative_slope, layer.threshold
    if threshold or (maximum is not None and slope):
        raise unsupported(layer, "a ReLU with a threshold, or a maximum and a slope below 0")
    if maximum is not None:
        return "clipped_relu", {"maximum": float(maximum)}, {}
    return ("leaky_relu", {"slope": float(slope)}, {}) if slope else ("relu", {}, {})


def _softmax(layer):
    if layer.axis != -1:
        raise unsupported(layer, f"the axis {layer.axis}")
    return "softmax", {}, {}


_ACTIVATION_LAYERS: dict[type, Callable] = {
    K.ReLU: _relu,
    K.LeakyReLU: lambda layer: ("leaky_relu", {"slope": float(layer.negative_slope)}, {}),
    K.PReLU: lambda layer: ("prelu", {}, {"slope": np.asarray(layer.alpha)}),
    K.ELU: lambda layer: ("elu", {"alpha": float(layer.alpha)}, {}),
    K.Softmax: _softmax,
}

# ---------------------------------------------------------------------------------------------- layers


def _bias(layer, kernel: np.ndarray) -> np.ndarray:
    return np.asarray(layer.bias) if layer.use_bias else np.zeros(kernel.shape[-1], kernel.dtype)


def _need_channels_last(layer) -> None:
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        raise unsupported(layer, f"the data format {layer.data_format}")


def _window(layer, width: int) -> dict:
    _need_channels_last(layer)
    return {"width": int(width), "stride": int(layer.strides[0]), "padding": layer.padding}


def _convolution(layer, shapes) -> list[Node]:
    kernel = np.asarray(layer.kernel)
    options = _window(layer, layer.kernel_size[0])
    if layer.dilation_rate[0] != 1:
        options["dilation"] = int(layer.dilation_rate[0])
    if layer.groups != 1:
        options["groups"] = int(layer.groups)
    return [Node("convolution", layer.name, {"kernel": kernel, "bias": _bias(layer, kernel)}, options)]


def _depthwise(layer, kernel: np.ndarray, bias: np.ndarray, name: str) -> Node:
    """A depthwise kernel (width, channels, multiplier) is one of as many groups as channels."""
    width, channels, multiplier = kernel.shape
    options = _window(layer, width) | {"groups": channels, "dilation": int(layer.dilation_rate[0])}
    kernel = kernel.reshape(width, 1, channels * multiplier)
    return Node("convolution", name, {"kernel": kernel, "bias": bias}, options)


def _depthwise_layer(layer, shapes) -> list[Node]:
    kernel = np.asarray(layer.kernel)
    bias = np.asarray(layer.bias) if layer.use_bias else np.zeros(kernel[0].size, kernel.dtype)
    return [_depthwise(layer, kernel, bias, layer.name)]


def _separable(layer, shapes) -> list[Node]:
    kernel, pointwise = np.asarray(layer.depthwise_kernel), np.asarray(layer.pointwise_kernel)
    first = _depthwise(layer, kernel, np.zeros(kernel[0].size, kernel.dtype), f"{layer.name}_depthwise")
    arrays = {"kernel": pointwise, "bias": _bias(layer, pointwise)}
    return [first, Node("convolution", layer.name, arrays, {"width": 1, "stride": 1, "padding": "valid"})]


def _dense(layer, shapes) -> list[Node]:
    kernel = np.asarray(layer.kernel)
    return [Node("dense", layer.name, {"kernel": kernel, "bias": _bias(layer, kernel)})]


def _batch_normalisation(layer, shapes) -> list[Node]:
    if layer.axis not in (-1, len(shapes[0])):
        raise unsupported(layer, f"the axis {layer.axis}")
    mean = np.asarray(layer.moving_mean)
    arrays = {
        "gamma": np.asarray(layer.gamma) if layer.scale else np.ones_like(mean),
        "beta": np.asarray(layer.beta) if layer.center else np.zeros_like(mean),
        "mean": mean,
        "variance": np.asarray(layer.moving_variance),
        "epsilon": np.asarray(layer.epsilon, dtype=mean.dtype),
    }
    return [Node("batch_normalisation", layer.name, arrays)]


def _layer_normalisation(layer, shapes) -> list[Node]:
    axis = layer.axis if isinstance(layer.axis, int) else layer.axis[0] if len(layer.axis) == 1 else None
    if axis not in (-1, len(shapes[0])) or getattr(layer, "rms_scaling", False):
        raise unsupported(layer, f"the axis {layer.axis}, or a scale by root mean squares")
    ones = np.ones(shapes[0][-1], np.float32)
    arrays = {
        "gamma": np.asarray(layer.gamma) if layer.scale else ones,
        "beta": np.asarray(layer.beta) if layer.center else 0 * ones,
        "epsilon": np.asarray(layer.epsilon, np.float32),
    }
    return [Node("layer_normalisation", layer.name, arrays)]


def _pool(kind: str) -> Callable:
    return lambda layer, shapes: [Node(kind, layer.name, {}, _window(layer, layer.pool_size[0]))]


def _global_pool(kind: str) -> Callable:
    def nodes(layer, shapes) -> list[Node]:
        _need_channels_last(layer)
        pool = [Node(kind, layer.name)]
        kept = Node("reshape", f"{layer.name}_keepdims", {}, {"shape": (1, -1)})
        return [*pool, kept] if layer.keepdims else pool

    return nodes


def _sides(layer, sides: tuple) -> dict:
    return {"left": int(sides[0]), "right": int(sides[1])}


def _zero_padding(layer, shapes) -> list[Node]:
    _need_channels_last(layer)
    return [Node("zero_padding", layer.name, {}, _sides(layer, layer.padding))]


def _reshape(layer, shapes) -> list[Node]:
    return [Node("reshape", layer.name, {}, {"shape": tuple(layer.target_shape)})]


def _repeated(layer, shapes) -> list[Node]:
    return [
        Node("reshape", f"{layer.name}_once", {}, {"shape": (1, -1)}),
        Node("expand", layer.name, {}, {"shape": (int(layer.n), shapes[0][0])}),
    ]


def _permute(layer, shapes) -> list[Node]:
    return [Node("permute", layer.name, {}, {"order": tuple(axis - 1 for axis in layer.dims)})]


def _concatenate(layer, shapes) -> list[Node]:
    axis = layer.axis if layer.axis > 0 else layer.axis + len(shapes[0]) + 1
    return [Node("concatenate", layer.name, {}, {"axis": axis})]


def _merge(kind: str) -> Callable:
    def nodes(layer, shapes) -> list[Node]:
        rank, names, found = max(map(len, shapes)), [], []
        for number, shape in enumerate(shapes):
            names.append(f"input_{number}")
            if len(shape) < rank:
                # Units beside positions are those of all of them.
                known = [-1 if size is None else size for size in shape]
                options = {"shape": (*[1] * (rank - len(shape)), *known)}
                names[-1] = f"{layer.name}_{number}"
                found.append(Node("reshape", names[-1], {}, options, (f"input_{number}",)))
        return [*found, Node(kind, layer.name, {}, {}, tuple(names))]

    return nodes


def _flatten(layer, shapes) -> list[Node]:
    _need_channels_last(layer)
    return [Node("flatten", layer.name)]


def _rescaling(layer, shapes) -> list[Node]:
    arrays = {"scale": np.float32(layer.scale), "shift": np.float32(layer.offset)}
    return [Node("affine", layer.name, {name: np.asarray(array) for name, array in arrays.items()})]


_LAYERS: dict[type, Callable] = {
    K.Conv1D: _convolution,
    K.DepthwiseConv1D: _depthwise_layer,
    K.SeparableConv1D: _separable,
    K.Dense: _dense,
    K.BatchNormalization: _batch_normalisation,
    K.LayerNormalization: _layer_normalisation,
    K.MaxPooling1D: _pool("max_pool"),
    K.AveragePooling1D: _pool("average_pool"),
    K.GlobalMaxPooling1D: _global_pool("global_max_pool"),
    K.GlobalAveragePooling1D: _global_pool("global_average_pool"),
    K.Flatten: _flatten,
    K.Reshape: _reshape,
    K.Permute: _permute,
    K.RepeatVector: _repeated,
    K.Cropping1D: lambda layer, shapes: [Node("crop", layer.name, {}, _sides(layer, layer.cropping))],
    K.ZeroPadding1D: _zero_padding,
    K.UpSampling1D: lambda layer, shapes: [Node("repeat", layer.name, {}, {"times": int(layer.size)})],
    K.Rescaling: _rescaling,
    K.Add: _merge("add"),
    K.Subtract: _merge("subtract"),
    K.Average: _merge("average"),
    K.Multiply: _merge("multiply"),
    K.Maximum: _merge("maximum"),
    K.Minimum: _merge("minimum"),
    K.Concatenate: _concatenate,
}
_PRODUCTS = (K.MultiHeadAttention, K.Attention, K.Dot)
_RECURRENT = (K.GRU, K.LSTM, K.Bidirectional)
_WITH_ACTIVATION = (K.Conv1D, K.DepthwiseConv1D, K.SeparableConv1D, K.Dense)
# By the name of their type in a file of Keras 2. Attention of its files is not read: what is masked is not in
# the settings of today's layers.
KNOWN_LAYERS: dict[str, type] = {
    layer.__name__: layer
    for layer in (*_LAYERS, K.Dot, *_ACTIVATION_LAYERS, K.Activation, *_LEFT_OUT)
    if layer is not K.InputLayer
}
