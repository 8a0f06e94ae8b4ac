"""Logits of a whole dataset, as evaluation asks for them, against the network's own in Keras."""

import numpy as np
import pytest

from dfim.attribution import FORWARD, open_scorer, read_network
from dfim.attribution.cpu import CpuDeepLift
from dfim.attribution.gradients import GradientInput
from dfim.attribution.whole_dataset import logits_of_dataset
from dfim.networks import logits
from dfim.networks.building import build_network
from dfim.networks.description import describe
from dfim.networks.graph_files import save_graph
from dfim.sequences.bases import one_hot

LENGTH, TASKS = 60, ["a", "b", "c"]
CONVOLUTION = {"kind": "convolution", "filters": 8, "width": 7, "batch_normalisation": True}
NETWORKS = {
    "hidden layers": (
        [CONVOLUTION, {"kind": "max_pool", "width": 4}, {"kind": "dense", "units": 6}],
        CpuDeepLift,
    ),
    "linear head": ([CONVOLUTION, CONVOLUTION | {"padding": "same"}], CpuDeepLift),
    "branches": (
        [CONVOLUTION, CONVOLUTION | {"padding": "same", "dilation": 2}, {"kind": "add"}],
        GradientInput,
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_logits_of_a_graph_are_the_networks_own(name, tmp_path):
    layers, kind = NETWORKS[name]
    model = build_network(layers, LENGTH, TASKS, seed=3)
    rng = np.random.default_rng(2)
    # As after training: normalisations with means and variances of their own.
    weights = [rng.uniform(0.5, 1.5, w.shape) * w + rng.uniform(0, 0.1, w.shape) for w in model.get_weights()]
    model.set_weights(weights)
    save_graph(describe(model), tmp_path / "graph.npz")
    bases = rng.choice(np.frombuffer(b"ACGTN", np.uint8), (50, LENGTH))
    expected = logits.logits(model).predict(one_hot(bases), verbose=0)
    assert np.ptp(expected) > 0.1
    network = read_network(tmp_path / "graph.npz", LENGTH)
    with open_scorer(FORWARD, network, [0.25] * 4, {"threads": 1}) as scorer:
        assert isinstance(scorer, kind)
        found = logits_of_dataset(scorer, bases, batch_size=33)
        assert logits_of_dataset(scorer, bases[:0]).shape == (0, 3)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())
