"""JAX and PyTorch against TensorFlow: all that is computed of whole sequences, of a few kinds of networks."""

import os
import subprocess
import sys
from importlib.util import find_spec

import h5py
import keras
import numpy as np
import pytest
from support import backend_scores
from support.run_folder import ROOT
from support.small_networks import chain, convolution, normalised, step

from dfim import backends
from dfim.networks.building import build_network
from dfim.networks.description import describe
from dfim.networks.graph import Graph, as_graph
from dfim.networks.graph_files import save_graph
from dfim.networks.untrained import untrained

SAME = {"kind": "convolution", "filters": 6, "width": 3, "padding": "same"}
RESIDUAL = [
    {"kind": "convolution", "filters": 6, "width": 5, "activation": "gelu"},
    SAME | {"dilation": 2, "batch_normalisation": True},
    {"kind": "add"},
    {"kind": "max_pool", "width": 3},
    SAME,
    {"kind": "dense", "units": 5},
]


def shared() -> keras.Model:
    """Return a network in which one convolution, and one ReLU, are used twice."""
    layers = keras.layers
    start = layers.Input((30, 4))
    relu, twice = layers.ReLU(), layers.Conv1D(4, 5, padding="same")
    x = layers.Multiply()([relu(twice(relu(twice(start)))), layers.Conv1D(4, 1)(start)])
    return keras.Model(start, layers.Dense(2)(layers.GlobalAveragePooling1D()(x)))


def profile() -> list:
    """Return a network whose tasks are a profile's two strands, weighted by their own softmax."""
    rng = np.random.default_rng(9)
    return chain([convolution(rng, 7, 4, 6), step("relu"), convolution(rng, 5, 6, 2), step("profile")], 30)


NETWORKS = {
    "chain": lambda: as_graph(normalised()),
    "residual": lambda: untrained(describe(build_network(RESIDUAL, 40, ["a", "b"], head="linear")), 3),
    "shared layer": lambda: describe(shared()),
    "profile": lambda: as_graph(profile()),
}


@pytest.fixture(scope="module")
def networks() -> dict[str, Graph]:
    return {name: make() for name, make in NETWORKS.items()}


@pytest.fixture(scope="module")
def expected(networks) -> dict[str, dict]:
    return {name: backend_scores.scores(network) for name, network in networks.items()}


@pytest.fixture(scope="module", params=["jax", "torch"])
def found(request, networks, tmp_path_factory):
    """Return the file that a backend wrote in a process of its own."""
    if find_spec(request.param) is None:
        pytest.skip(f"{backends.words(request.param)} is not installed: pip install {request.param}")
    folder = tmp_path_factory.mktemp(request.param)
    for name, network in networks.items():
        save_graph(network, folder / f"{name}.npz")
    # Keras' own variable says something else: the choice is the argument's.
    environment = os.environ | {"PYTHONPATH": str(ROOT / "scripts"), "KERAS_BACKEND": "tensorflow"}
    ran = subprocess.run(
        [sys.executable, backend_scores.__file__, request.param, str(folder)],
        env=environment, capture_output=True, text=True, timeout=500,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-3000:]
    with h5py.File(folder / f"{request.param}.h5") as handle:
        yield handle


@pytest.mark.parametrize("network", NETWORKS)
def test_all_scores_are_those_of_tensorflow(network, found, expected):
    assert set(found[network]) == set(expected[network])
    for name, values in expected[network].items():
        size = np.abs(values).max()
        assert size > 1e-4, "scores too small to be compared"
        worst = np.abs(found[network][name][()] - values).max() / size
        assert worst < (1e-12 if name.endswith("64 bits") else 1e-5), name


def test_threads_are_those_that_were_asked_for(found):
    assert found.attrs["device"] == "1 CPU core"
    # JAX itself does not say how many it has.
    assert found.attrs["xla_threads"] == (backend_scores.THREADS if found.filename.endswith("jax.h5") else 0)
