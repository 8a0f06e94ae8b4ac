"""Building networks from a list of layers.

A network is a Keras Sequential model from one-hot sequences, shape (examples, positions, 4), channels in the
order A, C, G, T, to one output per task, shape (examples, tasks): a probability, or a value where the tasks
are measured values. Its *logit* is what the last dense layer gives before any sigmoid.
"""

from collections import Counter

import numpy as np

from dfim.networks.architecture import blocks_of, check_layers, output_length
from dfim.networks.backend import keras

HEAD = "head"

# By how much random weights are scaled where a convolution begins as the identity.
_BESIDE_IDENTITY = 0.3

# The default of the Keras that the paper used. Today's .99 needs hundreds of batches to forget the
# starting values, and early stopping would judge the first epochs of a small data set by wrong averages.
_MOMENTUM = 0.9

_POOLS = {
    "max_pool": keras.layers.MaxPooling1D,
    "average_pool": keras.layers.AveragePooling1D,
    "global_max_pool": keras.layers.GlobalMaxPooling1D,
    "global_average_pool": keras.layers.GlobalAveragePooling1D,
}


def build_network(
    layers: list[dict], length: int, tasks: list[str], seed: int = 0, head: str = "sigmoid"
) -> keras.Sequential:
    """Build a network with random weights from a list of layers, as it stands in the configuration.

    Each layer is a dictionary with a ``kind`` and the keys of :data:`dfim.networks.architecture.LAYER_KEYS`.
    Within a layer the order is linear, batch normalisation, activation, dropout. ``add`` sums what the last
    ``over`` layers give and what they are given (a residual block). The convolutions see one-hot
    sequences of ``length`` positions; a flatten is put before the first dense layer. The last layer,
    ``head``, is one dense layer with a unit per task, the same function as one single-unit layer per task;
    its activation is ``head``: sigmoid for labels, linear for measured values. ``seed`` fixes the initial
    weights and the dropout.

    Raises InputError, naming the number of the layer (from 1) and the key, on an unknown kind or key, a
    value out of range, a layer that cannot follow the ones before, and a sequence too short for the layers.
    """
    check_layers(layers, "the network")
    output_length(layers, length, "the network")
    builder = _Builder((length, 4), np.random.default_rng(seed), Counter(), "one_hot")
    builder.layers(blocks_of(layers))
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

    def __init__(self, shape: tuple[int, ...], seeds: np.random.Generator, counts: Counter, name: str):
        self.model = keras.Sequential([keras.Input(shape, name=name)])
        self.shape, self.seeds, self.counts = shape, seeds, counts

    def layers(self, blocks: list[dict]):
        for options in blocks:
            match options["kind"]:
                case "convolution":
                    self.convolution(options)
                case "dense":
                    self.dense(options)
                case "add":
                    self.residual(options)
                case _:
                    self.pool(options)

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
            dilation_rate=options["dilation"],
            kernel_initializer=keras.initializers.GlorotUniform(self.next_seed()),
        )
        if options["initial"] == "identity":
            _begin_as_identity(self.model.layers[-1].kernel)
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
        elif options["activation"] != "linear":
            self.add_numbered(
                keras.layers.Activation, options["activation"], activation=options["activation"]
            )
        if options["dropout"]:
            self.add_numbered(keras.layers.Dropout, "dropout", rate=options["dropout"], seed=self.next_seed())

    def pool(self, options: dict):
        size = {"pool_size": options["width"], "strides": options["stride"]} if "width" in options else {}
        self.add_numbered(_POOLS[options["kind"]], "pool", **size)

    def residual(self, options: dict):
        """Add a model whose output is its input and what layers make of it, summed."""
        self.counts["residual"] += 1
        name = f"residual_{self.counts['residual']}"
        inner = _Builder(self.shape, self.seeds, self.counts, f"{name}_layers_input")
        inner.layers(options["layers"])
        inputs = keras.Input(self.shape, name=f"{name}_input")
        total = keras.layers.Add(name=f"{name}_sum")([inputs, inner.model(inputs)])
        self.model.add(keras.Model(inputs, total, name=name))

    def flatten(self):
        if len(self.shape) == 2:
            self.add(keras.layers.Flatten, "flatten")


def _begin_as_identity(kernel: keras.Variable) -> None:
    """Let each filter pass on the channel of its number, at its middle, beside smaller random weights.

    A stack of such convolutions begins as its first layer, and learns what that sees before it learns to
    combine. Random weights alone blur each layer's values into sums over its window, whose gradients say
    little (Zagoruyko and Komodakis 2017, who scale both parts by trained factors).
    """
    width, inputs, filters = kernel.shape
    weights = _BESIDE_IDENTITY * np.array(kernel)
    weights[(width - 1) // 2] += np.eye(inputs, filters)
    kernel.assign(weights)
