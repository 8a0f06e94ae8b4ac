"""A network of random weights has the nodes of another, and nothing of its weights."""

import keras
import numpy as np
import pytest

from dfim.errors import InputError
from dfim.networks.building import build_network
from dfim.networks.description import describe
from dfim.networks.graph import Graph
from dfim.networks.onnx_values import OnnxValues
from dfim.networks.untrained import untrained

L = keras.layers
LAYERS = [
    {"kind": "convolution", "filters": 40, "width": 15, "batch_normalisation": True},
    {"kind": "max_pool", "width": 4},
    {"kind": "dense", "units": 60},
]


def trained(model: keras.Model) -> Graph:
    """A network all weights of which are unlike those that training begins with."""
    rng = np.random.default_rng(0)
    model.set_weights([rng.uniform(3, 4, weights.shape) for weights in model.get_weights()])
    return describe(model)


def chain() -> keras.Model:
    return build_network(LAYERS, 60, ["a", "b"], seed=1)


def branched() -> keras.Model:
    """Kernels of groups, both normalisations, a slope that is learned, and numbers that are not."""
    start = L.Input((60, 4))
    x = L.PReLU(shared_axes=[1])(L.Conv1D(64, 9)(start))
    x = L.LayerNormalization()(L.Conv1D(64, 7, groups=4)(x))
    x = L.SeparableConv1D(48, 5)(x)
    x = L.BatchNormalization()(3 * x + 1)
    return keras.Model(start, L.Dense(2)(L.Flatten()(x)))


@pytest.mark.parametrize("make", [chain, branched])
def test_weights_are_distributed_as_those_of_a_new_keras_network(make):
    network = trained(make())
    found, keras_own = untrained(network, 5), describe(make())
    assert (found.outputs, found.length) == (network.outputs, network.length)
    for node, own, before in zip(found, keras_own, network, strict=True):
        assert (node.kind, node.options) == (before.kind, before.options) == (own.kind, own.options)
        for name, weights in node.arrays.items():
            expected = own.arrays[name]
            assert (weights.shape, weights.dtype) == (expected.shape, np.float32)
            if name != "kernel":
                np.testing.assert_array_equal(weights, expected)
                continue
            assert not np.isclose(weights, before.arrays[name]).any()
            # Uniform between limits: the most of many values, their variance and their mean.
            few = weights.size < 1000
            np.testing.assert_allclose(
                np.abs(weights).max(), np.abs(expected).max(), rtol=0.1 if few else 0.01
            )
            np.testing.assert_allclose(weights.std(), expected.std(), rtol=0.25 if few else 0.05)
            assert abs(weights.mean()) < 5 * expected.std() / weights.size**0.5


@pytest.mark.parametrize("kind", [L.LSTM, L.GRU])
def test_recurrent_weights_are_drawn_as_well(kind):
    start = L.Input((20, 4))
    network = trained(keras.Model(start, L.Dense(1)(kind(16)(start))))
    steps = next(node for node in untrained(network, 1) if "recurrent" in node.arrays)
    before = next(node for node in network if "recurrent" in node.arrays)
    for name in ("bias", "recurrent_bias", "initial"):
        assert not steps.arrays[name].any()
    weights, limit = steps.arrays["recurrent"], (6 / sum(steps.arrays["recurrent"].shape)) ** 0.5
    np.testing.assert_allclose(np.abs(weights).max(), limit, rtol=0.01)
    assert not np.isclose(weights, before.arrays["recurrent"]).any()


def test_the_seed_decides_and_the_trained_network_stays():
    network = trained(chain())
    before = [array.copy() for node in network for array in node.arrays.values()]
    first, again, other = (
        [array for node in untrained(network, seed) for array in node.arrays.values()] for seed in (5, 5, 6)
    )
    assert all((one == two).all() for one, two in zip(first, again, strict=True))
    assert any((one != two).any() for one, two in zip(first, other, strict=True))
    after = [array for node in network for array in node.arrays.values()]
    assert all((one == two).all() for one, two in zip(before, after, strict=True))


def test_what_nodes_share_they_share_again():
    layer, start = L.Conv1D(4, 3), L.Input((20, 4))
    network = describe(keras.Model(start, L.Dense(1)(L.Flatten()(layer(layer(start))))))
    first, second, *_ = untrained(network, 1)
    assert first.arrays["kernel"] is second.arrays["kernel"]
    assert first.arrays["kernel"] is not network[0].arrays["kernel"]


def test_a_network_of_values_alone_has_no_weights_to_draw():
    with pytest.raises(InputError) as error:
        untrained(OnnxValues(b"", "Sin_1 (Sin)", [["y", [0]]], 20, {}), 1)
    assert str(error.value) == (
        "a network of which only the values are known, because of its node Sin_1 (Sin), has no weights to "
        "draw: leave the key null_checks of its analyses out."
    )
