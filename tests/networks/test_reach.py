"""The reach of a network: by the layers, and by what mutations do in it."""

import numpy as np
import pytest
from support.small_networks import chain, convolution, dense, pool, step

from dfim.attribution import open_scorer
from dfim.networks.reach import COLUMNS, reach_of, receptive_fields
from dfim.sequences.bases import one_hot


def tf_binding(head=()):
    """The architecture of analysis B: five convolutions of width 10, a pool of 25, a linear head."""
    rng = np.random.default_rng(0)
    layers = []
    for channels in (4, 3, 3, 3, 3):
        layers += [convolution(rng, 10, channels, 3), step("relu")]
    layers += [pool("max_pool", 25), step("flatten"), *head]
    positions = (200 - 45) // 25
    return chain([*layers, dense(rng, positions * 3, 2), step("sigmoid")], 200)


def test_the_reach_of_the_binding_network_is_70_bp():
    table = receptive_fields(tf_binding())
    assert list(table.columns) == COLUMNS
    by_kind = table.groupby("kind")["receptive_field"].max()
    assert by_kind["convolution"] == 46
    assert by_kind["max_pool"] == 70
    assert reach_of(tf_binding()) == 70


def small(*steps, length=60):
    rng = np.random.default_rng(1)
    layers = [convolution(rng, 5, 4, 3), step("relu"), *steps]
    return chain([*layers, step("flatten")], length)


@pytest.mark.parametrize(
    ("steps", "reach"),
    [
        ((pool("max_pool", 4),), 8),
        ((pool("max_pool", 4, stride=2),), 8),
        # Averages add up: only the ReLU of the convolution is not linear.
        ((pool("average_pool", 4),), 5),
        ((pool("average_pool", 4), convolution(np.random.default_rng(2), 3, 3, 2), step("relu")), 16),
        ((pool("max_pool", 4, padding="same"),), 8),
    ],
)
def test_reach_of_pools(steps, reach):
    assert reach_of(small(*steps)) == reach


@pytest.mark.parametrize("kind", ["dense", "global_max_pool"])
def test_what_sees_everything_reaches_everywhere(kind):
    rng = np.random.default_rng(3)
    layers = [convolution(rng, 5, 4, 3), step("relu")]
    if kind == "dense":
        layers += [step("flatten"), dense(rng, 56 * 3, 4), step("relu"), dense(rng, 4, 1)]
    else:
        layers += [step("global_max_pool"), dense(rng, 3, 1)]
    assert reach_of(chain(layers, 60)) == np.inf


@pytest.mark.parametrize("method", ["deeplift", "gradient_input"])
def test_no_position_responds_as_far_away_as_the_reach_and_some_do_one_nearer(method):
    rng = np.random.default_rng(4)
    steps = [convolution(rng, 5, 4, 6), step("relu"), pool("max_pool", 4, stride=1), step("flatten")]
    layers = chain([*steps, dense(rng, 53 * 6, 1)], 60)
    reach = int(reach_of(layers))
    assert reach == 8
    bases = np.frombuffer(b"ACGT", np.uint8)[rng.integers(0, 4, (200, 60))]
    intact = one_hot(bases)
    mutated = intact.copy()
    mutated[:, 30] = np.roll(intact[:, 30], 1, axis=1)
    with open_scorer(method, layers, [0.25] * 4) as scorer:
        delta = scorer.contributions(intact, 0) * intact - scorer.contributions(mutated, 0) * mutated
    largest = np.abs(delta).sum(axis=2).max(axis=0)
    distance = np.abs(np.arange(60) - 30)
    assert largest[distance >= reach].max() < 1e-6
    assert largest[distance == reach - 1].max() > 1e-4
