"""Networks from elsewhere: chains in any Keras file are read, everything else is named."""

import keras
import numpy as np
import pytest

from dfim.errors import InputError
from dfim.networks import description, keras_files
from dfim.networks.given import check_outputs, read_own_network

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


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("make", [lambda: sequential(layers()), lambda: functional(chain)])
def test_chains_keep_their_outputs(make, suffix, tmp_path):
    model = make()
    model.save(tmp_path / f"model{suffix}")
    read = read_own_network(tmp_path / f"model{suffix}")
    assert isinstance(read, keras.Sequential)
    one_hot = np.eye(4, dtype=np.float32)[np.random.default_rng(0).integers(4, size=(3, LENGTH))]
    np.testing.assert_allclose(np.asarray(read(one_hot)), np.asarray(model(one_hot)), rtol=1e-5)
    keras_files.save_network(read, tmp_path / "again.keras")
    steps = description.describe(keras_files.load_network(tmp_path / "again.keras"))
    assert [step.kind for step in steps] == [
        "convolution", "relu", "max_pool", "flatten", "dense", "sigmoid",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: functional(skipping), "is no chain of layers from one input to one output (1 inputs, 1 out"),
        (lambda: functional(two_outputs), "(1 inputs, 2 outputs, 3 layers), and only chains are supported"),
        (lambda: sequential(layers(), (LENGTH, 5)), f"has the input shape ({LENGTH}, 5)"),
        (lambda: sequential(layers()[:1], (None, 4)), "has the input shape (None, 4)"),
        (lambda: sequential(layers(activation="softmax")), "layer out of the network has the activation"),
        (lambda: sequential(layers(activation="relu")), "the network ends in the layer out (Dense)"),
        (lambda: sequential([keras.layers.LSTM(3, name="memory")]), "layer memory of the network"),
    ],
)  # fmt: skip
def test_other_networks_are_refused(make, words, tmp_path):
    make().save(tmp_path / "model.keras")
    with pytest.raises(InputError) as error:
        read_own_network(tmp_path / "model.keras")
    assert words in str(error.value)


def test_a_network_of_measured_values_ends_linearly(tmp_path):
    sequential(layers(activation="linear")).save(tmp_path / "model.keras")
    assert description.describe(read_own_network(tmp_path / "model.keras"))[-1].kind == "dense"


def test_files_that_hold_no_network(tmp_path):
    with pytest.raises(InputError, match=r"none\.keras is not a file"):
        read_own_network(tmp_path / "none.keras")
    (tmp_path / "page.keras").write_text("<html>not found</html>")
    with pytest.raises(InputError, match=r"page\.keras is no Keras model"):
        read_own_network(tmp_path / "page.keras")
    sequential(layers()).save_weights(tmp_path / "only.weights.h5")
    with pytest.raises(InputError, match=r"could not be read as a whole Keras model .* weights alone"):
        read_own_network(tmp_path / "only.weights.h5")


def test_each_output_needs_a_name():
    model = sequential(layers(tasks=2))
    check_outputs(model, ["A", "B"], "mine.keras")
    with pytest.raises(InputError) as error:
        check_outputs(model, ["A"], "mine.keras")
    assert str(error.value) == (
        "the network mine.keras has 2 outputs, and 1 tasks are named (A): name each output, in order."
    )
