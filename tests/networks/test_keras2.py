"""Networks in the files of Keras 2: read as they were meant, or refused by one sentence."""

import keras
import numpy as np
import pytest
from support.keras2_files import write_archive, write_h5, write_parts

from dfim.errors import InputError
from dfim.networks.given import read_own_network
from dfim.networks.outputs import Output

K = keras.layers
LENGTH = 60


def sequences(number: int = 5) -> np.ndarray:
    return np.eye(4, dtype=np.float32)[np.random.default_rng(0).integers(4, size=(number, LENGTH))]


def with_random_weights(model: keras.Model) -> keras.Model:
    rng = np.random.default_rng(1)
    for weight in model.weights:
        low = 0.5 if weight.path.endswith("variance") else -0.4
        weight.assign(rng.uniform(low, low + 0.8, weight.shape))
    return model


def chain() -> keras.Model:
    layers = [
        *(K.Conv1D(5, 7), K.BatchNormalization(), K.LeakyReLU(0.2), K.MaxPooling1D(3), K.Dropout(0.3)),
        *(K.Flatten(), K.Dense(6, activation="relu"), K.Dense(2), K.Activation("linear")),
    ]
    return keras.Sequential([keras.Input((LENGTH, 4)), *layers])


def branching() -> keras.Model:
    """Residual and dilated, with a layer that is used twice."""
    values = inputs = keras.Input((LENGTH, 4), name="sequence")
    shared = K.Conv1D(4, 3, padding="same", dilation_rate=2, activation="relu", name="shared")
    for _ in range(2):
        values = K.Add()([values, shared(values)])
    return keras.Model(inputs, K.Dense(2, name="out")(K.GlobalAveragePooling1D()(values)))


def nested() -> keras.Model:
    """A model inside a model."""
    inner_input = keras.Input((LENGTH, 4))
    inner = keras.Model(inner_input, K.Conv1D(3, 5, activation="tanh")(inner_input), name="inner")
    inputs = keras.Input((LENGTH, 4))
    return keras.Model(inputs, K.Dense(2)(K.Flatten()(inner(inputs))))


def saved(model: keras.Model, form: str, folder) -> dict:
    """Write a model in a form of Keras 2 and return what reads it."""
    if form == "json":
        write_parts(model, folder / "model.json", folder / "weights.h5")
        return {"path": folder / "model.json", "weights": folder / "weights.h5"}
    if form == "keras":
        write_archive(model, folder / "model.keras")
        return {"path": folder / "model.keras"}
    write_h5(model, folder / "model.h5", form)
    return {"path": folder / "model.h5"}


@pytest.mark.parametrize("form", ["2.0.5", "2.8.0", "json", "keras"])
@pytest.mark.parametrize("make", [chain, branching, nested])
def test_every_form_keeps_its_outputs(make, form, tmp_path):
    model = with_random_weights(make())
    read = read_own_network(**saved(model, form, tmp_path))
    np.testing.assert_allclose(
        np.asarray(read(sequences())), np.asarray(model(sequences())), rtol=1e-4, atol=1e-5
    )


def test_the_hard_sigmoid_is_that_of_keras_2(tmp_path):
    model = with_random_weights(
        keras.Sequential([keras.Input((LENGTH, 4)), K.Flatten(), K.Dense(3, "hard_sigmoid"), K.Dense(2)])
    )
    read = read_own_network(**saved(model, "2.8.0", tmp_path))
    kernel, bias, last, shift = (np.asarray(weight, np.float64) for weight in model.weights)
    z = sequences().reshape(-1, 4 * LENGTH) @ kernel + bias
    np.testing.assert_allclose(
        np.asarray(read(sequences())), np.clip(0.2 * z + 0.5, 0, 1) @ last + shift, rtol=1e-4, atol=1e-5
    )


def chrombpnet(positions: int = 20) -> keras.Model:
    """ChromBPNet's layers, few of them: valid dilated convolutions, cropped sums, a flat profile, counts."""
    inputs = keras.Input((LENGTH, 4), name="sequence")
    values = K.Conv1D(6, 5, activation="relu")(inputs)
    for layer in (1, 2):
        convolved = K.Conv1D(6, 3, activation="relu", dilation_rate=2**layer)(values)
        values = K.Cropping1D(2**layer)(values)
        values = K.Add()([convolved, values])
    profile = K.Conv1D(1, 9)(values)
    profile = K.Flatten(name="profile")(K.Cropping1D((profile.shape[1] - positions) // 2)(profile))
    counts = K.Dense(1, name="counts")(K.GlobalAveragePooling1D()(values))
    return keras.Model(inputs, [profile, counts])


def test_a_flat_profile_is_reduced_as_its_positions_are(tmp_path):
    model = with_random_weights(chrombpnet())
    outputs = {
        "shape": Output("profile", reduction="profile"),
        "sum": Output(0, reduction="sum"),
        "tenth": Output(0, unit=10),
        "place": Output(0, None, "position", 10),
        "counts": Output(1),
    }
    given = saved(model, "2.8.0", tmp_path)
    read = read_own_network(**given, tasks=list(outputs), outputs=outputs)
    z, counts = (np.asarray(value, np.float64) for value in model(sequences()))
    shares = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    shape = (shares * (z - z.mean(axis=1, keepdims=True))).sum(axis=1)
    expected = np.stack([shape, z.sum(axis=1), z[:, 10], z[:, 10], counts[:, 0]], axis=1)
    np.testing.assert_allclose(np.asarray(read(sequences())), expected, rtol=1e-4, atol=1e-5)
    with pytest.raises(InputError) as error:
        read_own_network(**given, tasks=["both"], outputs={"both": Output(0, 3, "profile")})
    assert str(error.value) == (
        f"{given['path']}: the task 'both' has a unit and a reduction, and the output 'profile' has no "
        "positions: give the unit alone, or the reduction alone for units that are the positions of a "
        "profile."
    )


def test_code_of_a_file_is_refused_by_the_layer(tmp_path):
    inner_input = keras.Input((LENGTH, 4))
    values = K.Lambda(lambda x: x, name="logcounts")(K.Flatten()(inner_input))
    inner = keras.Model(inner_input, values, name="inner")
    inputs = keras.Input((LENGTH, 4))
    given = saved(keras.Model(inputs, K.Dense(1)(inner(inputs))), "2.8.0", tmp_path)
    with pytest.raises(InputError) as error:
        read_own_network(**given)
    assert str(error.value) == (
        f"{given['path']}: layer logcounts has the type Lambda, whose code is never run, for which there is "
        "no rule: export the network to ONNX, of which pair tests, scans and the method "
        "in_silico_mutagenesis need the values alone."
    )


def test_a_saved_model_is_refused_with_what_to_do(tmp_path):
    (tmp_path / "network").mkdir()
    (tmp_path / "network" / "saved_model.pb").write_bytes(b"\x08\x01")
    with pytest.raises(InputError) as error:
        read_own_network(tmp_path / "network")
    assert str(error.value) == (
        f"{tmp_path / 'network'} is a folder in TensorFlow's form SavedModel, whose code is never run: load "
        'it where it was made, and write one file by model.save("network.h5"), or export it to ONNX.'
    )
