"""Sizes of networks and data against those of the real ones."""

import numpy as np
import pandas as pd
import pytest

from dfim.networks.building import build_network
from workflow import sizes

SMALL = [
    {"kind": "convolution", "filters": 6, "width": 5, "batch_normalisation": True},
    {"kind": "max_pool", "width": 4, "stride": 2},
    {"kind": "convolution", "filters": 3, "width": 3, "padding": "same"},
    {"kind": "dense", "units": 7},
]


@pytest.mark.parametrize("layers", [SMALL, [*SMALL[:3], {"kind": "global_max_pool"}], SMALL[3:]])
def test_the_weights_of_a_network_are_those_of_keras(layers):
    model = build_network(layers, 50, ["a", "b"], 0, "sigmoid")
    kernels = sum(int(np.prod(layer.kernel.shape)) for layer in model.layers if hasattr(layer, "kernel"))
    assert sizes.network_size(layers, 50, 2).weights == kernels


def test_the_multiplications_of_a_network():
    found = sizes.network_size(SMALL, 50, 2)
    pooled = (46 - 4) // 2 + 1
    assert found.multiplications == 5 * 4 * 6 * 46 + 3 * 6 * 3 * pooled + pooled * 3 * 7 + 7 * 2
    assert found.values == 46 * 6 + pooled * 3 + 7 + 2


def config_of(dataset, **analysis):
    options = {"dataset": "mine", "models": ["m"], "examples": {}, "sources": {"features": "all"}}
    return {
        "datasets": {"mine": dataset},
        "models": {},
        "architectures": {},
        "analyses": {"one": options | analysis},
        "expected_sizes": {"datasets": {}, "analyses": {}},
    }


PEAKS = {"peaks": {"window": 512, "patterns": {"GATA1": "GATA", "TAL1": "CA**TG"}}}


def test_patterns_tell_how_many_features_random_bases_have():
    found = sizes.Sizes(config_of(PEAKS), {"mine": ["a"]}, "nowhere").dataset("mine")
    assert found.features == pytest.approx(512 / 256 + 512 / 256)


def test_criteria_limit_what_is_selected():
    simulation = {"simulation": {"length": 9, "sets": {"x": {"sequences": 70, "motifs": {}}}}}
    config = config_of(simulation, examples={"origins": ["x"], "limit": 30})
    assert sizes.Sizes(config, {"mine": ["a"]}, "nowhere").selected("one", "m", "a") == 30
    assert sizes.Sizes(config, {"mine": ["a"]}, "nowhere", times=10).selected("one", "m", "a") == 300


def test_what_is_made_is_counted(tmp_path):
    """The features of the selected examples alone, and of the groups that are asked for."""
    features = pd.DataFrame(
        {"feature": range(5), "example": [0, 0, 1, 2, 2], "group": ["known", "", "", "known", "known"]}
    )
    (tmp_path / "datasets/mine").mkdir(parents=True)
    features.to_csv(tmp_path / "datasets/mine/features.tsv.gz", sep="\t", index=False)
    selected = tmp_path / "interactions/one/m/a/examples.tsv"
    selected.parent.mkdir(parents=True)
    selected.write_text("example\tname\n0\tx\n2\ty\n2\ty\n")
    for groups, expected in ((None, 4 / 2), (["known"], 3 / 2)):
        found = sizes.Sizes(config_of(PEAKS, feature_groups=groups), {"mine": ["a"]}, tmp_path)
        assert found.selected("one", "m", "a") == 2
        assert found.sources("one", "m", "a") == (expected, 1)
