"""Networks from elsewhere: chains in any Keras file are read, everything else is named."""

import keras
import numpy as np
import pytest

from dfim.errors import InputError
from dfim.networks import description, keras_files, logits
from dfim.networks.given import check_outputs, read_own_network
from dfim.networks.kinds import KINDS

LENGTH = 30


def layers(tasks: int = 2, activation: str = "sigmoid") -> list:
    return [
        keras.layers.Conv1D(4, 5, activation="relu", name="first"),
        keras.layers.MaxPooling1D(3),
        keras.layers.Flatten(),
        keras.layers.Dense(tasks, activation=activation, name="out"),
    ]


def functional(wiring) -> keras.Model:
    values = keras.Input((LENGTH, 4))
    return keras.Model(values, wiring(values))


def chain(values):
    for layer in layers():
        values = layer(values)
    return values


def skipping(values):
    first = keras.layers.Conv1D(4, 5, padding="same")(values)
    return keras.layers.Dense(1, activation="sigmoid")(keras.layers.Flatten()(first + values))


def two_outputs(values):
    flat = keras.layers.Flatten()(values)
    return [keras.layers.Dense(1, activation="sigmoid")(flat) for _ in range(2)]


def sequential(steps: list, shape: tuple = (LENGTH, 4)) -> keras.Sequential:
    return keras.Sequential([keras.Input(shape), *steps])


def sequences(number: int = 3) -> np.ndarray:
    return np.eye(4, dtype=np.float32)[np.random.default_rng(0).integers(4, size=(number, LENGTH))]


def logits_by_keras(model: keras.Model, x: np.ndarray) -> np.ndarray:
    """Return log(p / (1 − p)) of all outputs side by side."""
    found = model.predict(x, verbose=0)
    p = np.concatenate(found if isinstance(found, list) else [found], axis=1).astype(np.float64)
    return np.log(p / (1 - p))


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("make", [lambda: sequential(layers()), lambda: functional(chain)])
def test_chains_keep_their_logits(make, suffix, tmp_path):
    model = make()
    model.save(tmp_path / f"model{suffix}")
    read = read_own_network(tmp_path / f"model{suffix}")
    assert isinstance(read, keras.Sequential)
    keras_files.save_network(read, tmp_path / "again.keras")
    again = keras_files.load_network(tmp_path / "again.keras")
    found = np.asarray(logits.logits(again)(sequences()))
    np.testing.assert_allclose(found, logits_by_keras(model, sequences()), rtol=1e-4, atol=1e-5)
    kinds = [step.kind for step in description.describe(again)]
    assert kinds[:5] == ["convolution", "relu", "max_pool", "flatten", "dense"]


@pytest.mark.parametrize("wiring", [skipping, two_outputs])
def test_networks_that_branch_keep_their_logits(wiring, tmp_path):
    model = functional(wiring)
    model.save(tmp_path / "model.keras")
    read = read_own_network(tmp_path / "model.keras")
    found = np.asarray(read(sequences()))
    np.testing.assert_allclose(found, logits_by_keras(model, sequences()), rtol=1e-4, atol=1e-5)


def reused(values):
    """A functional model that uses one ReLU twice, which a list of its layers has once."""
    relu = keras.layers.ReLU(name="relu")
    for width in (5, 3):
        values = relu(keras.layers.Conv1D(4, width, bias_initializer="random_normal")(values))
    return keras.layers.Dense(1, activation="sigmoid")(keras.layers.Flatten()(values))


def test_a_layer_that_is_used_again_is_two_nodes(tmp_path):
    model = functional(reused)
    model.save(tmp_path / "model.keras")
    graph = description.describe(read_own_network(tmp_path / "model.keras"))
    assert [node.name for node in graph if node.kind == "relu"] == ["relu", "relu_use2"]
    found = np.asarray(read_own_network(tmp_path / "model.keras")(sequences()))
    np.testing.assert_allclose(found, logits_by_keras(model, sequences()), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: sequential(layers(), (LENGTH, 5)), f"has the input shape ({LENGTH}, 5)"),
        (lambda: sequential(layers()[:1], (None, 4)), "positions and channels: say under outputs"),
        (lambda: sequential([keras.layers.SimpleRNN(3, name="memory")]), "layer memory of the network"),
    ],
)  # fmt: skip
def test_other_networks_are_refused(make, words, tmp_path):
    make().save(tmp_path / "model.keras")
    with pytest.raises(InputError) as error:
        read_own_network(tmp_path / "model.keras")
    assert words in str(error.value)


def test_a_description_that_computes_something_else_is_refused_by_the_node(tmp_path, monkeypatch):
    functional(skipping).save(tmp_path / "model.keras")
    monkeypatch.setattr(KINDS["add"], "_factors", lambda n: [1.0, 1.001])
    with pytest.raises(
        InputError, match=r"computes something else .* from the node add(_\d+)? on the values"
    ):
        read_own_network(tmp_path / "model.keras")


def test_a_network_of_measured_values_ends_linearly(tmp_path):
    sequential(layers(activation="linear")).save(tmp_path / "model.keras")
    assert description.describe(read_own_network(tmp_path / "model.keras"))[-1].kind == "dense"


def test_files_that_hold_no_network(tmp_path):
    with pytest.raises(InputError, match=r"none\.keras is not a file"):
        read_own_network(tmp_path / "none.keras")
    (tmp_path / "page.keras").write_text("<html>not found</html>")
    (tmp_path / "network.pth").write_bytes(b"PK")
    with pytest.raises(
        InputError, match=r"network\.pth is named as PyTorch's files are.*: export the network"
    ):
        read_own_network(tmp_path / "network.pth")
    with pytest.raises(InputError, match=r"page\.keras is no Keras model"):
        read_own_network(tmp_path / "page.keras")
    sequential(layers()).save_weights(tmp_path / "only.weights.h5")
    with pytest.raises(InputError, match="holds weights alone: give its architecture too"):
        read_own_network(tmp_path / "only.weights.h5")


def test_each_output_needs_a_name():
    model = sequential(layers(tasks=2))
    check_outputs(model, ["A", "B"], "mine.keras")
    with pytest.raises(InputError) as error:
        check_outputs(model, ["A"], "mine.keras")
    assert str(error.value) == (
        "the network mine.keras has 2 outputs, and 1 name of tasks (A) given: name each output, in order."
    )
