"""Residual blocks, dilation and GELU from lists of layers: built, stored, described, scored and trained."""

import keras
import numpy as np
import pytest
import yaml
from support.run_folder import ROOT
from support.small_networks import random_bases

from dfim.attribution import open_scorer
from dfim.datasets.simulation import simulate
from dfim.networks.building import build_network
from dfim.networks.description import describe
from dfim.networks.keras_files import load_network, save_network
from dfim.networks.weights import initialise_from
from dfim.sequences.bases import one_hot
from dfim.training import fitting
from dfim.training.fused import from_bases

CONVOLUTION = {"kind": "convolution", "filters": 6, "width": 3, "padding": "same"}
LAYERS = [
    {"kind": "convolution", "filters": 6, "width": 5, "activation": "gelu"},
    CONVOLUTION | {"dilation": 2, "batch_normalisation": True},
    {"kind": "add"},
    CONVOLUTION | {"dilation": 4},
    CONVOLUTION | {"activation": "linear"},
    {"kind": "add", "over": 2},
    {"kind": "average_pool", "width": 4},
    {"kind": "dense", "units": 5},
    {"kind": "dense", "units": 5},
    {"kind": "add"},
]
X = one_hot(random_bases(np.random.default_rng(1), 6, 40))


def random_weights(model: keras.Model, seed: int) -> keras.Model:
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        low = 0.5 if weight.path.endswith("variance") else -0.5
        weight.assign(rng.uniform(low, low + 1, weight.shape))
    return model


def by_hand(weights: dict[str, np.ndarray]) -> np.ndarray:
    """Return the outputs of LAYERS for X by Keras' functions alone, from the weights by layer and name."""

    def convolved(x, name, **options):
        kernel, bias = (weights[f"{name}/{part}"] for part in ("kernel", "bias"))
        return np.asarray(keras.ops.conv(x, kernel, **options)) + bias

    def dense(x, name):
        return x @ weights[f"{name}/kernel"] + weights[f"{name}/bias"]

    first = np.asarray(keras.ops.gelu(convolved(X, "conv_1", padding="valid"), approximate=False))
    second = convolved(first, "conv_2", padding="same", dilation_rate=2)
    second = (second - weights["bn_1/moving_mean"]) / np.sqrt(weights["bn_1/moving_variance"] + 1e-3)
    second = first + np.maximum(second * weights["bn_1/gamma"] + weights["bn_1/beta"], 0)
    third = np.maximum(convolved(second, "conv_3", padding="same", dilation_rate=4), 0)
    third = second + convolved(third, "conv_4", padding="same")
    flat = third.reshape(len(X), 9, 4, 6).mean(axis=2).reshape(len(X), -1)
    units = np.maximum(dense(flat, "dense_1"), 0)
    return dense(units + np.maximum(dense(units, "dense_2"), 0), "head")


def test_a_network_computes_what_its_list_says():
    model = random_weights(build_network(LAYERS, 40, ["T"], head="linear"), 2)
    weights = {"/".join(weight.path.split("/")[-2:]): weight.numpy() for weight in model.weights}
    np.testing.assert_allclose(model.predict(X, verbose=0), by_hand(weights), rtol=1e-4, atol=1e-5)


def test_it_is_stored_described_and_scored(tmp_path):
    model = random_weights(build_network(LAYERS, 40, ["A", "B"], head="linear"), 3)
    save_network(model, tmp_path / "n.keras")
    again = load_network(tmp_path / "n.keras")
    expected = model.predict(X, verbose=0)
    np.testing.assert_array_equal(again.predict(X, verbose=0), expected)
    graph = describe(again)
    assert [node.kind for node in graph].count("add") == 3
    with open_scorer("deeplift", graph, [0.25] * 4) as scorer:
        np.testing.assert_allclose(scorer.logits(X), expected, rtol=1e-4, atol=1e-5)
        sums = scorer.contributions(X, 1).sum(axis=(1, 2))
        changes = scorer.changes(X, 1)
    np.testing.assert_allclose(sums, changes, atol=1e-4 * np.abs(changes).max())


def test_another_one_starts_from_it():
    one = random_weights(build_network(LAYERS, 40, ["A", "B"]), 4)
    two = build_network(LAYERS, 40, ["C"], seed=5)
    initialise_from(two, one)
    for mine, theirs in zip(two.weights[:-2], one.weights[:-2], strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("name", ["binding", "aligned"])
def test_the_example_trains(name):
    """The shipped stacks, with a quarter of the filters, learn which of two sets a sequence is of."""
    layers = yaml.safe_load((ROOT / "config/residual.yaml").read_text())["architectures"][name]
    layers = [layer | {key: 8 for key in ("filters", "units") if key in layer} for layer in layers]
    sets = {
        "with": {"label": 1, "motifs": {"ELF1": {"pwm": "ELF1_known2", "minimum": 2, "maximum": 2}}},
        "without": {"label": 0, "motifs": {}},
    }
    design = {"length": 60, "background": [0.25] * 4, "task": "T", "split": {"train": 800, "validation": 100}}
    design["split"]["test"] = 100
    design["sets"] = {key: one | {"sequences": 500} for key, one in sets.items()}
    dataset = simulate(design, seed=1)
    model = build_network(layers, 60, ["T"], seed=1)
    history = fitting.train(model, dataset, {"epochs": 6, "batch_size": 32, "learning_rate": 0.005}, seed=1)
    assert history["validation_loss"].min() < 0.6 < np.log(2)
    test = dataset.rows("test")
    logits = from_bases(model).predict(dataset.bases[test], verbose=0)[:, 0]
    np.testing.assert_allclose(
        1 / (1 + np.exp(-logits)), model.predict(one_hot(dataset.bases[test]), verbose=0)[:, 0], atol=1e-5
    )
