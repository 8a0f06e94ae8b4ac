"""200 random networks of all kinds of layers: in every form of file, nothing changes, and all rules hold."""

import functools
import json
import os

import keras
import numpy as np
import pytest
import tensorflow as tf
from support.onnx_writer import write_onnx

from dfim.attribution.simplification import simplify
from dfim.attribution.way_back import WayBack
from dfim.networks.description import describe
from dfim.networks.given import read_own_network
from dfim.networks.onnx_files import Session, read_onnx

K = keras.layers
LENGTH, NETWORKS, TOGETHER = 24, 200, 10
REFERENCE = np.full((LENGTH, 4), 0.25)
ACTIVATIONS = [
    "relu", "elu", "selu", "gelu", "silu", "softplus", "softsign", "exponential", "tanh", "sigmoid",
    "hard_sigmoid", "mish", "leaky_relu", "relu6", "softmax", "linear",
]  # fmt: skip


class Maker:
    """A functional model that grows at random; ``exact``: whether contributions must sum exactly."""

    def __init__(self, seed: int):
        self.seed, self.form = seed, ("keras", "h5", "json")[seed % 3]
        self.rng = np.random.default_rng(seed)
        self.exact, self.padded = True, False

    def pick(self, *choices):
        return choices[self.rng.integers(len(choices))]

    def activation(self):
        return self.pick(*ACTIVATIONS)

    def layer(self, values):
        """Return what one random layer, or a small block of them, makes of (positions, channels)."""
        steps = (self.convolution, self.depthwise, self.dense, self.normalised, self.activated, self.pooled)
        blocks = (self.residual, self.gated, self.reused, self.moved, self.merged, self.attended)
        # Step by step takes its time: not in every network.
        slow = (self.stepped,) if self.seed % 4 == 0 else ()
        return self.pick(*steps, *blocks, self.multiplied, *slow)(values)

    def convolution(self, values, filters=None):
        padding = self.pick("same", "valid", "causal")
        self.padded |= padding != "valid"
        stride, dilation = self.pick((1, 1), (1, 2), (2, 1), (1, 3))
        groups = 2 if values.shape[2] % 2 == 0 and not filters and self.rng.random() < 0.3 else 1
        return K.Conv1D(
            filters or 4, self.pick(1, 2, 3), stride, padding, dilation_rate=dilation, groups=groups,
            activation=self.activation(),
        )(values)  # fmt: skip

    def depthwise(self, values):
        self.padded = True
        kind = self.pick(K.DepthwiseConv1D(3, padding="same"), K.SeparableConv1D(4, 3, padding="same"))
        return kind(values)

    def dense(self, values):
        return K.Dense(4, activation=self.activation())(values)

    def normalised(self, values):
        return self.pick(K.BatchNormalization(), K.LayerNormalization(epsilon=0.1))(values)

    def activated(self, values):
        layers = K.LeakyReLU(0.1), K.PReLU(shared_axes=[1]), K.ReLU(), K.ELU(0.5), K.ReLU(max_value=6)
        return self.pick(*layers)(values)

    def pooled(self, values):
        padding, stride = self.pick("valid", "same"), self.pick(None, 1, 2)
        if self.rng.random() < 0.5:
            # After padding the reference's values differ within a window, or where padding cuts one.
            self.exact &= not self.padded and padding == "valid"
            return K.MaxPooling1D(2, stride, padding)(values)
        self.padded |= padding == "same"
        return K.AveragePooling1D(self.pick(2, 3), stride, padding)(values)

    def residual(self, values):
        self.padded = True
        inner = K.Conv1D(values.shape[2], 3, padding="same", dilation_rate=self.pick(1, 2), activation="relu")
        return K.Add()([values, inner(values)])

    def gated(self, values):
        """Squeeze-and-excitation."""
        pool = self.pick(K.GlobalAveragePooling1D(keepdims=True), K.GlobalAveragePooling1D())
        gate = K.Dense(values.shape[2], activation="sigmoid")(pool(values))
        gate = gate if len(gate.shape) == 3 else K.Reshape((1, values.shape[2]))(gate)
        return K.Multiply()([values, gate])

    def reused(self, values):
        """One convolution and one activation, twice."""
        self.padded = True
        convolution = K.Conv1D(values.shape[2], 3, padding="same")
        activation = K.Activation(self.pick("relu", "gelu", "tanh"))
        return activation(convolution(activation(convolution(values))))

    def moved(self, values):
        self.padded = True
        turned = K.Permute((2, 1))(K.Permute((2, 1))(values))
        return self.pick(
            K.ZeroPadding1D((1, 2)), K.Cropping1D((1, 0)), K.UpSampling1D(2), K.Dropout(0.5),
            lambda x: turned, *(self.operations if self.form == "keras" else ()),
        )(values)  # fmt: skip

    # Keras itself does not read these from HDF5.
    operations = (lambda x: x[:, ::-1, ::-1], lambda x: x[:, 1:], lambda x: 2 * x - 0.5)

    def merged(self, values):
        self.padded = True
        other = K.Conv1D(values.shape[2], 3, padding="same", activation="tanh")(values)
        merges = K.Concatenate(), K.Maximum(), K.Minimum(), K.Average(), K.Subtract(), K.Multiply()
        return self.pick(*merges)([values, other])

    def attended(self, values):
        """Every position with all others, or with means of two, by one head or several."""
        others = K.AveragePooling1D(2)(values) if self.rng.random() < 0.5 else values
        keys = (K.Dense(values.shape[2], activation=self.activation())(others),)
        heads = K.MultiHeadAttention(2, 3, value_dim=self.pick(2, 3), output_shape=4)
        one = (lambda: K.Attention(use_scale=self.pick(True, False))([values, others, *keys]),)
        # Keras itself does not read one head from HDF5.
        one = one if self.form != "h5" else ()
        several = (lambda: heads(values, others, key=keys[0]), lambda: heads(values, values))
        found = self.pick(*one, *several)()
        return self.pick(lambda: K.Concatenate()([values, found]), lambda: found)()

    def multiplied(self, values):
        """Products summed over positions or over channels, and the means of channels at every position."""
        other = K.Dense(3, activation="tanh")(values)
        positions, channels = values.shape[1:]
        return self.pick(
            lambda: K.Dot(axes=(1, 1))([values, other]),
            lambda: K.Dot(axes=(2, 2))([values, K.Dense(channels)(values)]),
            lambda: K.Concatenate()([values, K.RepeatVector(positions)(K.GlobalAveragePooling1D()(other))]),
        )()

    def stepped(self, values):
        """Recurrent, on, back, or both ways; what is after each step differs, in the reference too."""
        self.padded = True
        kind, back = self.pick(K.GRU, K.LSTM), self.pick(True, False)
        if kind is K.GRU and self.seed % 8 == 0:
            kind = functools.partial(K.GRU, reset_after=False)
        one = kind(3, return_sequences=True, go_backwards=back, use_bias=self.pick(True, False))
        merged = self.pick("concat", "sum", "ave", "mul")
        both = K.Bidirectional(kind(2, return_sequences=True), merge_mode=merged)
        last = K.Bidirectional(kind(2), merge_mode=merged)
        return self.pick(one, both, lambda x: K.Multiply()([x, K.Dense(x.shape[2])(last(x))]))(values)

    def model(self) -> keras.Model:
        inputs = values = keras.Input((LENGTH, 4))
        for _ in range(self.rng.integers(2, 6)):
            values = self.layer(values) if values.shape[1] > 5 else self.dense(values)
        ends = self.pick(
            (K.Flatten(),), (K.GlobalAveragePooling1D(),), (K.Flatten(), K.Dense(5, activation="relu"))
        )
        for layer in ends:
            values = layer(values)
        model = keras.Model(inputs, K.Dense(2, name="head")(values))
        for weight in model.weights:
            low = 0.5 if weight.path.endswith("variance") else -0.5
            weight.assign(self.rng.uniform(low, low + 1, weight.shape))
        return model


def saved_and_read(model: keras.Model, form: str, folder) -> keras.Model:
    if form == "json":
        (folder / "model.json").write_text(json.dumps(json.loads(model.to_json()) | {"keras_version": "3"}))
        model.save_weights(folder / "model.weights.h5")
        return read_own_network(folder / "model.json", weights=folder / "model.weights.h5")
    model.save(folder / f"model.{form}")
    return read_own_network(folder / f"model.{form}")


def close(found, expected, share: float, least: float = 1e-6) -> bool:
    return np.abs(found - expected).max() <= share * np.abs(expected).max() + least


@pytest.mark.parametrize("block", range(NETWORKS // TOGETHER))
def test_no_network_changes_and_every_rule_holds(block, tmp_path):
    for seed in range(block * TOGETHER, (block + 1) * TOGETHER):
        maker = Maker(seed)
        model = maker.model()
        check(seed, maker, model, saved_and_read(model, maker.form, tmp_path))


ONNX_BLOCKS = (0, 1) if not os.environ.get("DFIM_ALL_ONNX") else range(NETWORKS // TOGETHER)


@pytest.mark.parametrize("block", ONNX_BLOCKS)
def test_the_same_networks_as_onnx_files(block, tmp_path):
    for seed in range(block * TOGETHER, (block + 1) * TOGETHER):
        maker = Maker(seed)
        model = maker.model()
        write_onnx(describe(model), tmp_path / "network.onnx")
        x = np.eye(4, dtype=np.float32)[np.random.default_rng(seed).integers(4, size=(4, LENGTH))]
        file = read_onnx(tmp_path / "network.onnx")
        (written,) = Session(file).run({"x": x}, [file.graph.output[0].name])
        # What is read below is a file of this very network, by another's word.
        assert close(written, model(x).numpy(), 1e-4, 1e-5), seed
        check(seed, maker, model, read_own_network(tmp_path / "network.onnx"))


def check(seed: int, maker: Maker, model: keras.Model, read: keras.Model) -> None:
    rng = np.random.default_rng([8, seed])
    x = np.eye(4, dtype=np.float32)[rng.integers(4, size=(4, LENGTH))]
    graph = simplify(describe(read))
    words = f"seed {seed}: {[node.kind for node in graph]}"

    gradients = WayBack(graph, None, "rescale", "float64")
    # Where no value is at a kink, at which a derivative is a convention; and a step up and down from there.
    inner = rng.random(x.shape)
    direction, step = rng.normal(size=x.shape), 1e-5
    places = np.concatenate([x, inner + step * direction, inner - step * direction])
    logits = np.split(np.asarray(gradients.logits(tf.constant(places, tf.float64))), 3)
    with tf.GradientTape() as tape:
        single = tf.constant(np.concatenate([x, inner]), tf.float32)
        tape.watch(single)
        outputs = model(single)
        total = tf.reduce_sum(outputs[:, 1])
    assert close(logits[0], outputs.numpy()[: len(x)], 1e-4, 1e-5), words
    expected = tape.gradient(total, single).numpy()[len(x) :]
    found = np.asarray(gradients.gradients(tf.constant(inner), 1))
    assert close(found, expected, 1e-3, 1e-5), words
    slope = (logits[1] - logits[2])[:, 1] / (2 * step)
    check_slope(slope, (found * direction).sum(axis=(1, 2)), np.abs(found).max(), words)

    deeplift = WayBack(graph, REFERENCE, "rescale", "float64")
    tensor = tf.constant(x.astype(np.float64))
    sums = np.asarray(deeplift.contributions(tensor, 1)).sum(axis=(1, 2))
    changes = np.asarray(deeplift.changes(tensor, 1))
    if maker.exact:
        assert close(sums, changes, 1e-4, 1e-5), words


def check_slope(found: np.ndarray, expected: np.ndarray, largest: float, words: str) -> None:
    """Compare finite differences along a random direction with what the largest gradient allows."""
    off = np.abs(found - expected) / (np.abs(expected) + 1e-2 * largest + 1e-6)
    # A kink within the step is possible in one of the four.
    assert np.median(off) < 1e-3, words
