"""Networks: what is built, what is refused, and that a description says all that a network does."""

import keras
import numpy as np
import pytest

from dfim.errors import InputError
from dfim.networks import building, description, keras_files, logits, weights

SIMULATION = [
    {"kind": "convolution", "filters": 40, "width": 19},
    {"kind": "max_pool", "width": 10},
    {"kind": "dense", "units": 200, "dropout": 0.5},
]
TF_BINDING = [{"kind": "convolution", "filters": 25, "width": 10}] * 5 + [{"kind": "max_pool", "width": 25}]


def accessibility(shrink: int = 1) -> list[dict]:
    layers = []
    for filters, width, pool in ((300, 19, 3), (200, 11, 4), (200, 7, 4)):
        convolution = {"kind": "convolution", "filters": filters // shrink, "width": width, "padding": "same"}
        layers += [convolution | {"batch_normalisation": True}, {"kind": "max_pool", "width": pool}]
    dense = {"kind": "dense", "units": 1000 // shrink, "batch_normalisation": True, "dropout": 0.3}
    return [*layers, dense, dense]


def one_hot(rng, examples: int, length: int) -> np.ndarray:
    return np.eye(4, dtype=np.float32)[rng.integers(4, size=(examples, length))]


def with_random_weights(model: keras.Sequential, rng) -> keras.Sequential:
    """Give every weight a value of its own; fresh networks have zeros and ones in many places."""
    for layer in model.layers:
        layer.set_weights(
            [rng.uniform(0.1, 0.6, w.shape) * rng.choice([-1, 1], w.shape) for w in layer.get_weights()]
        )
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.moving_variance.assign(rng.uniform(0.5, 2, layer.moving_variance.shape))
    return model


# ---------------------------------------------------------------------------------------------- building


@pytest.mark.parametrize(
    ("layers", "length", "tasks", "weights"),
    [
        # 182 positions after the convolution, 18 after the pool
        (SIMULATION, 200, 1, (19 * 4 + 1) * 40 + (18 * 40 + 1) * 200 + 201),
        # five valid convolutions leave 955 positions, the pool 38
        (TF_BINDING, 1000, 3, (10 * 4 + 1) * 25 + 4 * (10 * 25 + 1) * 25 + (38 * 25 + 1) * 3),
        # pools leave 333, 83 and 20 positions; 4 values a channel for batch normalisation
        (
            accessibility(),
            1000,
            18,
            (19 * 4 + 1 + 4) * 300
            + (11 * 300 + 1 + 4) * 200
            + (7 * 200 + 1 + 4) * 200
            + (20 * 200 + 1 + 4) * 1000
            + (1000 + 1 + 4) * 1000
            + 1001 * 18,
        ),
    ],
    ids=["simulation", "tf_binding", "accessibility"],
)
def test_the_papers_networks_have_as_many_weights_as_counted_by_hand(layers, length, tasks, weights):
    model = building.build_network(layers, length, [f"task {number}" for number in range(tasks)])
    assert model.count_params() == weights


def test_layers_come_in_the_stated_order():
    layer = {"width": 3, "filters": 2, "batch_normalisation": True, "dropout": 0.1}
    model = building.build_network(
        [{"kind": "convolution", **layer}, {"kind": "average_pool", "width": 4, "stride": 2}], 20, ["a", "b"]
    )
    names = ["conv_1", "bn_1", "relu_1", "dropout_1", "pool_1", "flatten", "head"]
    assert [layer.name for layer in model.layers] == names
    assert model.layers[4].output.shape[1:] == ((18 - 4) // 2 + 1, 2)
    assert model.layers[-1].activation is keras.activations.sigmoid


def test_convolutions_that_begin_as_identities_pass_their_input_on():
    """Less what the random weights of the same seed add, a stack gives what its first layer does."""
    deep = {"kind": "convolution", "filters": 5, "width": 4, "padding": "same", "activation": "linear"}
    layers = [deep | {"filters": 3}, deep | {"initial": "identity"}, deep | {"initial": "identity"}]
    model = building.build_network(layers, 20, ["a"], seed=3)
    random = building.build_network([layer | {"initial": "random"} for layer in layers], 20, ["a"], seed=3)
    for layer, other in zip(model.layers, random.layers, strict=True):
        if layer.name in ("conv_2", "conv_3"):
            layer.kernel.assign(layer.kernel - 0.3 * other.kernel)
    x = one_hot(np.random.default_rng(0), 2, 20)
    first, last = (
        keras.Model(model.inputs, model.get_layer(name).output)([x]).numpy() for name in ("conv_1", "conv_3")
    )
    np.testing.assert_allclose(last[..., :3], first, atol=1e-6)
    assert (last[..., 3:] == 0).all()


def test_a_seed_fixes_the_initial_weights():
    first, again, other = (building.build_network(SIMULATION, 60, ["a"], seed) for seed in (3, 3, 4))
    for mine, same, different in zip(
        first.get_weights(), again.get_weights(), other.get_weights(), strict=True
    ):
        assert np.array_equal(mine, same)
        assert mine.ndim == 1 or not np.array_equal(mine, different)
    # equal layers start from different weights
    conv_1, conv_2 = (
        layer.get_weights()[0] for layer in building.build_network(TF_BINDING, 80, ["a"]).layers[2:5:2]
    )
    assert conv_1.shape == conv_2.shape
    assert not np.array_equal(conv_1, conv_2)


CONVOLUTION = {"kind": "convolution", "filters": 4, "width": 5}


@pytest.mark.parametrize(
    ("layers", "sentence"),
    [
        (
            [CONVOLUTION, {"kind": "dense"}],
            "the network: layer 2 (dense) lacks the key 'units': give it a whole number above 0.",
        ),
        (
            [CONVOLUTION | {"width": 31}],
            "the network: layer 1 (convolution) has width 31, and only 30 positions of a sequence of 30 "
            "reach it: make the sequences longer or this layer and the ones before it narrower.",
        ),
        (
            [{"kind": "dense", "units": 3}, CONVOLUTION],
            "the network: layer 2 (convolution) comes after a dense or global pooling layer, where no "
            "positions are left: move it before them.",
        ),
    ],
)
def test_impossible_layers_are_refused_in_a_sentence(layers, sentence):
    with pytest.raises(InputError) as error:
        building.build_network(layers, 30, ["a"])
    assert str(error.value) == sentence


# ------------------------------------------------------------------------------------- logits and weights


def test_logits_share_the_weights_and_lack_only_the_sigmoid():
    rng = np.random.default_rng(1)
    model = with_random_weights(building.build_network(accessibility(100), 60, ["a", "b"]), rng)
    to_logits, x = logits.logits(model), one_hot(rng, 5, 60)
    probabilities = model.predict(x, verbose=0)
    np.testing.assert_allclose(1 / (1 + np.exp(-to_logits.predict(x, verbose=0))), probabilities, rtol=1e-5)
    assert len(to_logits.trainable_variables) == len(model.trainable_variables)
    model.get_layer(building.HEAD).set_weights([np.zeros((10, 2)), np.array([2.0, -3.0])])
    np.testing.assert_array_equal(to_logits(x), np.tile([2.0, -3.0], (5, 1)))


def test_logits_of_a_sigmoid_layer_of_its_own():
    dense = keras.layers.Dense(2)
    model = keras.Sequential(
        [keras.Input((3, 4)), keras.layers.Flatten(), dense, keras.layers.Activation("sigmoid")]
    )
    x = one_hot(np.random.default_rng(2), 4, 3)
    np.testing.assert_allclose(logits.logits(model)(x), x.reshape(4, -1) @ dense.get_weights()[0], rtol=1e-5)


def test_the_logits_of_a_linear_head_are_its_values():
    model = building.build_network([{"kind": "dense", "units": 5}], 6, ["ddG"], seed=1, head="linear")
    assert model.layers[-1].activation is keras.activations.linear
    x = one_hot(np.random.default_rng(2), 4, 6)
    np.testing.assert_allclose(logits.logits(model)(x), model(x), rtol=1e-6)
    assert [step.kind for step in description.describe(model)][-1] == "dense"


def test_a_softmax_has_no_logits():
    flat = [keras.Input((3, 4)), keras.layers.Flatten(name="flat")]
    model = keras.Sequential([*flat, keras.layers.Dense(2, activation="softmax", name="classes")])
    with pytest.raises(
        InputError, match=r"^the network ends in the layer classes \(Dense\), and a dense layer with"
    ):
        logits.logits(model)


def test_initialising_copies_all_weights_but_the_heads():
    rng = np.random.default_rng(3)
    source = with_random_weights(building.build_network(accessibility(100), 60, ["a", "b", "c"]), rng)
    model = building.build_network(accessibility(100), 60, ["x"])
    head = model.get_layer("head").get_weights()
    weights.initialise_from(model, source)
    for mine, theirs in zip(model.layers[:-1], source.layers[:-1], strict=True):
        for copied, original in zip(mine.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_array_equal(copied, original)
    for before, after in zip(head, model.get_layer("head").get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_initialising_from_a_different_network_names_the_layer_and_copies_nothing():
    model = building.build_network([CONVOLUTION, CONVOLUTION], 30, ["a"])
    before = model.get_weights()
    wider = building.build_network([CONVOLUTION, CONVOLUTION | {"width": 7}], 30, ["a"], seed=1)
    with pytest.raises(InputError) as error:
        weights.initialise_from(model, wider)
    assert str(error.value) == (
        "the network cannot be initialised from the other one: layer conv_2 has weights of shape (5, 4, 4) "
        "and (4) here, and conv_2 has (7, 4, 4) and (4) there; give both the same layers and the same "
        "sequence length."
    )
    shorter = building.build_network([CONVOLUTION], 30, ["a"], seed=1)
    with pytest.raises(InputError, match=r"layer conv_2 .* has no counterpart in the other one"):
        weights.initialise_from(model, shorter)
    with pytest.raises(InputError, match=r"layer conv_2 .* has no counterpart in this one"):
        weights.initialise_from(shorter, model)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


# ----------------------------------------------------------------------------------------- files


def test_a_saved_network_gives_the_same_logits(tmp_path):
    rng = np.random.default_rng(4)
    model = with_random_weights(building.build_network(accessibility(100), 60, ["a", "b"]), rng)
    keras_files.save_network(model, tmp_path / "new" / "model.keras")
    loaded = keras_files.load_network(tmp_path / "new" / "model.keras")
    x = one_hot(rng, 5, 60)
    np.testing.assert_array_equal(logits.logits(loaded)(x), logits.logits(model)(x))
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"model.keras", ".model.keras.sha256"}


def test_files_that_are_no_networks_are_refused(tmp_path):
    model = building.build_network([CONVOLUTION], 30, ["a"])
    with pytest.raises(InputError, match=r"model\.h5 cannot name a network: the name must end in \.keras\.$"):
        keras_files.save_network(model, tmp_path / "model.h5")
    path = tmp_path / "model.keras"
    with pytest.raises(InputError, match=r"model\.keras is not a file: a network in the Keras 3 format"):
        keras_files.load_network(path)
    keras_files.save_network(model, path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(
        InputError, match=r"model\.keras is not a network in the Keras 3 format \(\.keras\): it is"
    ):
        keras_files.load_network(path)
    path.write_bytes(whole.replace(b"conv_1", b"vonc_1"))
    with pytest.raises(
        InputError, match=r"model\.keras could not be read as a network in the Keras 3 format \("
    ):
        keras_files.load_network(path)


# ----------------------------------------------------------------------------------------- describing


def padded(x: np.ndarray, options: dict, value: float) -> np.ndarray:
    if options["padding"] == "valid":
        return x
    width, stride = options["width"], options["stride"]
    total = max((-(-len(x) // stride) - 1) * stride + width - len(x), 0)
    return np.pad(x, [(total // 2, total - total // 2), (0, 0)], constant_values=value)


def windows(x: np.ndarray, options: dict, value: float) -> list[np.ndarray]:
    x, width = padded(x, options, value), options["width"]
    return [x[start : start + width] for start in range(0, len(x) - width + 1, options["stride"])]


def forward(layers: list[description.Layer], x: np.ndarray) -> np.ndarray:
    """Evaluate a description on one sequence, (positions, 4), position by position in float64."""
    for layer in layers:
        arrays, options = layer.arrays, layer.options
        assert x.shape == options["input_shape"]
        match layer.kind:
            case "convolution":
                units = [
                    (window[:, :, None] * arrays["kernel"]).sum((0, 1)) for window in windows(x, options, 0)
                ]
                x = np.array(units) + arrays["bias"]
            case "dense":
                x = x @ arrays["kernel"] + arrays["bias"]
            case "batch_normalisation":
                deviation = np.sqrt(arrays["variance"] + arrays["epsilon"])
                x = arrays["gamma"] * (x - arrays["mean"]) / deviation + arrays["beta"]
            case "relu":
                x = np.maximum(x, 0)
            case "sigmoid":
                x = 1 / (1 + np.exp(-x))
            case "max_pool":
                x = np.array([np.nanmax(window, axis=0) for window in windows(x, options, np.nan)])
            case "average_pool":
                x = np.array([np.nanmean(window, axis=0) for window in windows(x, options, np.nan)])
            case "global_max_pool":
                x = x.max(axis=0)
            case "global_average_pool":
                x = x.mean(axis=0)
            case "flatten":
                x = np.array([x[position, channel] for position, channel in np.ndindex(x.shape)])
        assert x.shape == options["output_shape"]
    return x


def foreign(*layers) -> keras.Sequential:
    return keras.Sequential([keras.Input((23, 4)), *layers])


K = keras.layers
NETWORKS = {
    "simulation": lambda: building.build_network(
        [CONVOLUTION, {"kind": "max_pool", "width": 4}, {"kind": "dense", "units": 5, "dropout": 0.5}],
        23,
        ["a"],
    ),
    "tf_binding": lambda: building.build_network(
        [CONVOLUTION, CONVOLUTION, {"kind": "max_pool", "width": 5, "stride": 3}], 23, ["a", "b", "c"]
    ),
    "accessibility": lambda: building.build_network(
        [
            CONVOLUTION | {"padding": "same", "width": 4, "batch_normalisation": True},
            {"kind": "average_pool", "width": 3},
            CONVOLUTION | {"padding": "same", "activation": "linear"},
            {"kind": "dense", "units": 6, "batch_normalisation": True, "dropout": 0.3},
        ],
        23,
        ["a", "b"],
    ),
    "global pools": lambda: building.build_network([CONVOLUTION, {"kind": "global_average_pool"}], 23, ["a"]),
    "activations inside": lambda: foreign(
        K.Conv1D(5, 6, strides=2, padding="same", activation="relu", use_bias=False),
        K.BatchNormalization(scale=False, center=False, epsilon=0.02),
        K.AveragePooling1D(3, strides=2, padding="same"),
        K.SpatialDropout1D(0.2),
        K.MaxPooling1D(4, padding="same"),
        K.Flatten(),
        K.Dense(4, activation="relu"),
        K.Dense(2, use_bias=False),
        K.Activation("sigmoid"),
    ),
    "global maximum": lambda: foreign(
        K.Conv1D(5, 6), K.ReLU(), K.GlobalMaxPooling1D(), K.Dense(2, activation="sigmoid")
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_description_evaluated_by_hand_is_the_network(name):
    rng = np.random.default_rng(5)
    model = with_random_weights(NETWORKS[name](), rng)
    x = one_hot(rng, 3, 23)
    layers = description.describe(model)
    found = np.array([forward(layers, sequence.astype(np.float64)) for sequence in x])
    np.testing.assert_allclose(found, model.predict(x, verbose=0), rtol=1e-4)
    assert layers[-1].kind == "sigmoid"
    found = np.array([forward(layers[:-1], sequence.astype(np.float64)) for sequence in x])
    np.testing.assert_allclose(found, logits.logits(model)(x), rtol=1e-4, atol=1e-5)
    assert np.ptp(found, axis=0).min() > 1e-3  # the sequences are told apart


def test_activations_inside_layers_become_steps():
    layers = description.describe(NETWORKS["activations inside"]())
    assert [layer.kind for layer in layers] == [
        "convolution", "relu", "batch_normalisation", "average_pool", "max_pool", "flatten",
        "dense", "relu", "dense", "sigmoid",
    ]  # fmt: skip
    names = [layer.name for layer in layers]
    assert names[1] == f"{names[0]}_relu"
    assert len(set(names)) == len(names)


class Reversed(K.Conv1D):
    """A convolution that is none of the described ones."""

    def call(self, inputs):
        return super().call(inputs[:, ::-1])


@pytest.mark.parametrize(
    ("layer", "what"),
    [
        (K.SimpleRNN(2, name="odd"), "the type SimpleRNN"),
        (Reversed(2, 3, name="odd"), "the type Reversed"),
        (K.ReLU(threshold=1, name="odd"), "a ReLU with a threshold, or a maximum and a slope below 0"),
        (K.BatchNormalization(axis=1, name="odd"), "the axis 1"),
        (K.Softmax(axis=1, name="odd"), "the axis 1"),
    ],
)
def test_layers_without_a_rule_are_refused_by_name(layer, what):
    with pytest.raises(InputError) as error:
        description.describe(foreign(layer))
    assert str(error.value) == (
        f"layer odd of the network has {what}, for which there is no rule: export the network to ONNX, of "
        "which pair tests, scans and the method in_silico_mutagenesis need the values alone."
    )


def test_weights_that_are_not_numbers_are_refused():
    model = building.build_network([CONVOLUTION], 30, ["a"])
    kernel, bias = model.get_layer("conv_1").get_weights()
    model.get_layer("conv_1").set_weights([kernel, bias * np.nan])
    with pytest.raises(
        InputError, match=r"^layer conv_1 of the network has values in its bias that are not finite"
    ):
        description.describe(model)
