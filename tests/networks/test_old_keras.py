"""Old files against a forward pass of their own rules, written from the definitions and in 64 bits."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from dfim.errors import InputError
from dfim.networks import building, description, keras_files, logits, weights
from dfim.networks.old_keras import convert_model

RELEASED = Path(__file__).resolve().parents[2] / ".." / "shared" / "real" / "published"

# ------------------------------------------------------------------- the old rules, channels first


def old_forward(model: dict, groups: dict[str, list], one_hot: np.ndarray) -> np.ndarray:
    """Return the logits (outputs,) of one sequence (positions, 4), as Keras 0.3 computed them."""
    if model["name"] == "Sequential":
        values = one_hot
        for number, layer in enumerate(model["layers"]):
            values = old_layer(layer, [a.astype(float) for a in groups[f"layer_{number}"]], values)
        return values
    arrays, values = list(groups["graph"]), {"input": one_hot.T[None]}
    for node in model["node_config"]:
        layer = model["nodes"][node["name"]]
        count = {"Convolution2D": 2, "Dense": 2}.get(layer["name"], 0)
        own, arrays = [a.astype(float) for a in arrays[:count]], arrays[count:]
        values[node["name"]] = old_layer(layer, own, values[node["input"]])
    inputs = {entry["name"]: entry["input"] for entry in model["output_config"]}
    return np.concatenate([values[inputs[output]] for output in model["output_order"]])


def old_layer(layer: dict, arrays: list, values: np.ndarray) -> np.ndarray:
    match layer["name"]:
        case "Convolution1D":  # (positions, channels), as an image of (channels, positions, 1)
            values = theano_convolution(values.T[:, :, None], arrays[0], layer["border_mode"])
            values = values[:, :, 0].T + arrays[1]
        case "Convolution2D":
            values = theano_convolution(values, arrays[0], layer["border_mode"]) + arrays[1][:, None, None]
        case "MaxPooling1D":
            values = pooled(values.T, layer["pool_length"], layer["stride"], np.max).T
        case "AveragePooling1D":
            values = pooled(values.T, layer["pool_length"], layer["stride"], np.mean).T
        case "MaxPooling2D":
            values = pooled(values, layer["pool_size"][1], layer["strides"][1], np.max)
        case "Flatten":
            return values.reshape(-1)
        case "Dense":
            values = values @ arrays[0] + arrays[1]
        case "BatchNormalization":
            gamma, beta, mean, deviation = arrays
            return gamma * (values - mean) / (deviation + layer["epsilon"]) + beta
    return np.maximum(values, 0) if layer.get("activation") == "relu" else values


def theano_convolution(image: np.ndarray, kernel: np.ndarray, border: str) -> np.ndarray:
    """True convolution: out[f, r, c] is the sum of kernel[f, :, i, j] · image[:, r - i, c - j] over i, j."""
    _, rows, columns = image.shape
    height, width = kernel.shape[2:]
    full = np.zeros((len(kernel), rows + height - 1, columns + width - 1))
    for i in range(height):
        for j in range(width):
            full[:, i : i + rows, j : j + columns] += np.einsum("fc,crk->frk", kernel[:, :, i, j], image)
    if border == "valid":
        return full[:, height - 1 : rows, width - 1 : columns]
    return full[:, (height - 1) // 2 :, (width - 1) // 2 :][:, :rows, :columns]


def pooled(values: np.ndarray, width: int, stride: int, of) -> np.ndarray:
    starts = range(0, values.shape[-1] - width + 1, stride)
    return np.stack([of(values[..., start : start + width], axis=-1) for start in starts], axis=-1)


# --------------------------------------------------------------------------------- files in the old form


def conv1d(filters: int, width: int, **options) -> dict:
    common = {"border_mode": "valid", "activation": "relu", "subsample_length": 1}
    return {
        "name": "Convolution1D", "nb_filter": filters, "filter_length": width, **common, **options,
    }  # fmt: skip


def conv2d(filters: int, rows: int, width: int, **options) -> dict:
    common = {"border_mode": "valid", "activation": "relu", "subsample": [1, 1], "dim_ordering": "th"}
    return {
        "name": "Convolution2D", "nb_filter": filters, "nb_row": rows, "nb_col": width, **common, **options,
    }  # fmt: skip


def dense(units: int, activation: str = "relu") -> dict:
    return {"name": "Dense", "output_dim": units, "activation": activation}


def pool1d(width: int, stride: int, kind: str = "Max") -> dict:
    return {"name": f"{kind}Pooling1D", "pool_length": width, "stride": stride, "border_mode": "valid"}


NORMALISATION = {"name": "BatchNormalization", "mode": 0, "axis": -1, "epsilon": 1e-6}
RELU = {"name": "Activation", "activation": "relu"}
SIGMOID = {"name": "Activation", "activation": "sigmoid"}
FLATTEN = {"name": "Flatten"}
POOL_2D = {"name": "MaxPooling2D", "pool_size": [1, 4], "strides": [1, 3], "border_mode": "valid",
           "dim_ordering": "th"}  # fmt: skip

# As the 18-task network: same padding, linear → normalisation → relu → pool, a sigmoid alone at the end.
SEQUENTIAL = {
    "name": "Sequential",
    "layers": [
        conv1d(6, 7, border_mode="same", activation="linear", input_shape=[60, 4]), NORMALISATION, RELU,
        pool1d(3, 3), conv1d(5, 4), pool1d(4, 2, "Average"), FLATTEN,
        dense(8, "linear"), NORMALISATION, RELU, {"name": "Dropout", "p": 0.3}, dense(3, "linear"), SIGMOID,
    ],
}  # fmt: skip


def graph(nodes: dict[str, tuple[str, dict]], outputs: dict[str, str], length: int) -> dict:
    """An old graph of name → (its input, the layer), with its dictionary in another order, as released."""
    return {
        "name": "Graph",
        "input_config": [{"name": "input", "input_shape": [1, 4, length]}],
        "node_config": [{"name": name, "input": source, "inputs": []} for name, (source, _) in nodes.items()],
        "output_config": [{"name": name, "input": source, "inputs": []} for name, source in outputs.items()],
        "output_order": list(outputs),
        "nodes": {name: nodes[name][1] for name in sorted(nodes, reverse=True)},
    }


# As the TAL/GATA network: an image of four rows, a node beside the chain, one head per output.
GRAPH = graph(
    {
        "conv0": ("input", conv2d(5, 4, 6)),
        "drop0": ("conv0", {"name": "Dropout", "p": 0.2}),
        "conv1": ("drop0", conv2d(7, 1, 5)),
        "drop1": ("conv1", {"name": "Dropout", "p": 0.2}),
        "pool": ("conv1", POOL_2D),
        "flatten": ("pool", FLATTEN),
        "dense0": ("flatten", dense(1, "linear")),
        "sigmoid0": ("dense0", SIGMOID),
        "dense1": ("flatten", dense(1, "linear")),
        "sigmoid1": ("dense1", SIGMOID),
    },
    {"second": "sigmoid1", "first": "sigmoid0"},
    length=50,
)
HIDDEN_DENSE = graph(
    {
        "conv": ("input", conv2d(5, 4, 6)),
        "flatten": ("conv", FLATTEN),
        "hidden": ("flatten", dense(9)),
        "out": ("hidden", dense(2, "sigmoid")),
    },
    {"both": "out"},
    length=20,
)


def random_weights(model: dict, seed: int = 0) -> dict[str, list[np.ndarray]]:
    """Return arrays for each group of the weights file of an old model, of the shapes that Keras 0.3 gave."""
    rng = np.random.default_rng(seed)
    if model["name"] == "Sequential":
        shape, groups = tuple(model["layers"][0]["input_shape"]), {}
        for number, layer in enumerate(model["layers"]):
            groups[f"layer_{number}"] = layer_arrays(layer, shape, rng)
            shape = shape_after(layer, groups[f"layer_{number}"], shape)
        return groups
    shapes, arrays = {"input": tuple(model["input_config"][0]["input_shape"])}, []
    for node in model["node_config"]:
        layer, shape = model["nodes"][node["name"]], shapes[node["input"]]
        own = layer_arrays(layer, shape, rng)
        shapes[node["name"]] = shape_after(layer, own, shape)
        arrays += own
    return {"graph": arrays}


def layer_arrays(layer: dict, shape: tuple[int, ...], rng) -> list[np.ndarray]:
    match layer["name"]:
        case "Convolution1D":
            kernel = (layer["nb_filter"], shape[1], layer["filter_length"], 1)
        case "Convolution2D":
            kernel = (layer["nb_filter"], shape[0], layer["nb_row"], layer["nb_col"])
        case "Dense":
            kernel = (shape[0], layer["output_dim"])
            return [rng.normal(0, shape[0] ** -0.5, kernel), rng.normal(0, 0.1, kernel[1])]
        case "BatchNormalization":
            deviation = rng.uniform(0.01, 2, shape[-1])
            return [rng.normal(size=shape[-1]) for _ in range(3)] + [deviation]
        case _:
            return []
    return [rng.normal(0, np.prod(kernel[1:]) ** -0.5, kernel), rng.normal(0, 0.1, kernel[0])]


def shape_after(layer: dict, arrays: list, shape: tuple[int, ...]) -> tuple[int, ...]:
    return old_layer(layer, arrays, np.zeros(shape)).shape


def write_files(folder: Path, model: dict, groups: dict[str, list[np.ndarray]]) -> tuple[Path, Path]:
    architecture, weights = folder / "architecture.json", folder / "weights.h5"
    architecture.write_text(json.dumps(model))
    with h5py.File(weights, "w") as handle:
        handle.attrs["nb_layers"] = len(groups)
        for name, arrays in groups.items():
            group = handle.create_group(name)
            group.attrs["nb_params"] = len(arrays)
            for number, array in enumerate(arrays):
                group[f"param_{number}"] = array.astype(np.float32)
    return architecture, weights


def random_one_hot(length: int, number: int = 4, seed: int = 1) -> np.ndarray:
    return np.eye(4, dtype=np.float32)[np.random.default_rng(seed).integers(4, size=(number, length))]


def assert_same_logits(architecture: Path, weights: Path, number: int = 4) -> None:
    """Compare a conversion with the old rules on random sequences."""
    converted = convert_model(architecture, weights)
    model = json.loads(architecture.read_text())
    with h5py.File(weights) as handle:
        groups = {
            name: [group[f"param_{number}"][()] for number in range(group.attrs["nb_params"])]
            for name, group in handle.items()
        }
    one_hot = random_one_hot(converted.input_shape[1], number)
    expected = np.stack([old_forward(model, groups, example) for example in one_hot])
    found = np.asarray(logits.logits(converted)(one_hot))
    tolerance = 1e-5 * np.abs(expected).max()
    assert expected.std(axis=0).min() > 100 * tolerance
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


# ------------------------------------------------------------------------------------------------ tests


@pytest.mark.parametrize("model", [SEQUENTIAL, GRAPH, HIDDEN_DENSE], ids=["sequential", "graph", "hidden"])
def test_logits_equal_a_forward_pass_of_the_old_rules(model, tmp_path):
    assert_same_logits(*write_files(tmp_path, model, random_weights(model)))


def test_architecture_is_that_of_a_network_of_the_configuration(tmp_path):
    converted = convert_model(*write_files(tmp_path, SEQUENTIAL, random_weights(SEQUENTIAL)))
    assert [layer.name for layer in converted.layers] == [
        "conv_1", "bn_1", "relu_1", "pool_1", "conv_2", "relu_2", "pool_2", "flatten",
        "dense_1", "bn_2", "relu_3", "dropout_1", "head",
    ]  # fmt: skip
    assert converted.output_shape == (None, 3)
    weights.initialise_from(
        building.build_network(
            [
                dict(kind="convolution", filters=6, width=7, padding="same", batch_normalisation=True),
                {"kind": "max_pool", "width": 3},
                {"kind": "convolution", "filters": 5, "width": 4},
                {"kind": "average_pool", "width": 4, "stride": 2},
                {"kind": "dense", "units": 8, "batch_normalisation": True, "dropout": 0.3},
            ],
            60,
            ["task"],
        ),
        converted,
    )  # fmt: skip


def test_converted_model_survives_its_file(tmp_path):
    converted = convert_model(*write_files(tmp_path, GRAPH, random_weights(GRAPH)))
    keras_files.save_network(converted, tmp_path / "model.keras")
    one_hot = random_one_hot(50)
    again = keras_files.load_network(tmp_path / "model.keras")
    np.testing.assert_array_equal(np.asarray(again(one_hot)), np.asarray(converted(one_hot)))
    assert [step.kind for step in description.describe(again)][-2:] == ["dense", "sigmoid"]


def changed(model: dict, number: int, **options) -> dict:
    layers = [dict(layer) for layer in model["layers"]]
    layers[number].update(options)
    return {**model, "layers": layers}


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (changed(SEQUENTIAL, 0, filter_length=6), "the border mode same at a width of 6"),
        (changed(SEQUENTIAL, 4, subsample_length=2), "subsample_length 2"),
        (changed(SEQUENTIAL, 4, activation="tanh"), "the activation tanh"),
        (changed(SEQUENTIAL, 1, mode=1), "mode 1"),
        (changed(SEQUENTIAL, 1, axis=1), "the axis 1"),
        (changed(SEQUENTIAL, 3, border_mode="same"), "border_mode 'same'"),
        (changed(SEQUENTIAL, 12, activation="softmax"), "does not end in a dense layer with a sigmoid"),
        (changed(SEQUENTIAL, 3, name="LSTM"), "layer 3 (LSTM) is of the kind LSTM"),
        ({**SEQUENTIAL, "name": "Model"}, "a model of the kind 'Model'"),
        ({"layers": []}, "is not an architecture of Keras 0.3"),
        (changed(SEQUENTIAL, 0, input_shape=[60, 5]), "the input shape [60, 5]"),
    ],
)  # fmt: skip
def test_what_cannot_be_converted_is_named(model, words, tmp_path):
    weights = random_weights(SEQUENTIAL)
    if "width of 6" in words:
        weights["layer_0"][0] = weights["layer_0"][0][:, :, :6]
    with pytest.raises(InputError) as error:
        convert_model(*write_files(tmp_path, model, weights))
    assert words in str(error.value)
    assert "architecture.json" in str(error.value)


def test_weights_that_do_not_belong_to_the_architecture_are_refused(tmp_path):
    weights = random_weights(SEQUENTIAL)
    weights["layer_7"][0] = weights["layer_7"][0][:-5]
    with pytest.raises(InputError, match=r"layer 7 \(Dense\).*\(30, 8\).*needs \[\(35, 8\)"):
        convert_model(*write_files(tmp_path, SEQUENTIAL, weights))
    del weights["layer_12"]
    with pytest.raises(InputError, match="no group layer_12"):
        convert_model(*write_files(tmp_path, SEQUENTIAL, weights))
    weights = random_weights(GRAPH)
    for groups, words in [
        ({"graph": weights["graph"][:-1]}, "has 1 array left for node dense1"),
        ({"graph": [*weights["graph"], np.zeros(3)]}, "has 1 array more"),
    ]:
        with pytest.raises(InputError, match=words):
            convert_model(*write_files(tmp_path, GRAPH, groups))


def test_files_of_another_kind_are_named(tmp_path):
    architecture, weights = write_files(tmp_path, GRAPH, random_weights(GRAPH))
    with pytest.raises(InputError, match=r"architecture\.json could not be read as a weights file"):
        convert_model(architecture, architecture)
    with pytest.raises(
        InputError, match=r"weights\.h5 is not text in UTF-8 .*: an architecture of Keras 0\.3"
    ):
        convert_model(weights, weights)
    with pytest.raises(InputError, match=r"none\.json was not found: give the path of"):
        convert_model(tmp_path / "none.json", weights)


released = pytest.mark.skipif(not RELEASED.is_dir(), reason="the released files are not at hand")


@released
@pytest.mark.parametrize(("name", "weights"), [("simulation", ".h5"), ("tal_gata", ".hd5")])
def test_released_models_follow_the_old_rules(name, weights):
    assert_same_logits(RELEASED / f"{name}_architecture.json", RELEASED / f"{name}_weights{weights}")


@released
def test_released_architecture_of_18_tasks_with_random_weights(tmp_path):
    model = json.loads((RELEASED / "hematopoiesis_architecture.json").read_text())
    assert_same_logits(*write_files(tmp_path, model, random_weights(model)), number=2)
