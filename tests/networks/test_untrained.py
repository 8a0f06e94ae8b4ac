"""A network of random weights has the layers of another, and nothing of its weights."""

import numpy as np

from dfim.networks.building import build_network
from dfim.networks.untrained import untrained

LAYERS = [
    {"kind": "convolution", "filters": 8, "width": 5, "batch_normalisation": True},
    {"kind": "max_pool", "width": 4},
    {"kind": "dense", "units": 16},
]


def trained():
    """A network all weights of which are unlike those that training begins with."""
    network = build_network(LAYERS, 40, ["a", "b"], seed=1)
    rng = np.random.default_rng(0)
    network.set_weights([rng.uniform(3, 4, weights.shape) for weights in network.get_weights()])
    return network


def test_it_has_the_same_layers_and_weights_of_the_usual_size():
    network = trained()
    found = untrained(network, 5)
    assert [layer.get_config() for layer in found.layers] == [layer.get_config() for layer in network.layers]
    usual = build_network(LAYERS, 40, ["a", "b"], seed=2).get_weights()
    for weights, kept, expected in zip(found.get_weights(), network.get_weights(), usual, strict=True):
        assert not np.isclose(weights, kept).any()
        np.testing.assert_allclose(weights.std(), expected.std(), rtol=0.35)
        np.testing.assert_allclose(weights.mean(), expected.mean(), atol=0.1)


def test_the_seed_decides_and_the_trained_network_stays():
    network = trained()
    before = network.get_weights()
    first, again, other = (untrained(network, seed).get_weights() for seed in (5, 5, 6))
    assert all((one == two).all() for one, two in zip(first, again, strict=True))
    assert any((one != two).any() for one, two in zip(first, other, strict=True))
    assert all((one == two).all() for one, two in zip(before, network.get_weights(), strict=True))
