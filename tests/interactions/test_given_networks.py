"""Pair tests on networks that others published, against each edited sequence through the framework itself."""

import numpy as np
import pandas as pd
import pytest
from support.run_folder import ROOT

import dfim
from dfim.networks.given import read_own_network
from dfim.networks.keras_models import read_model, read_parts
from dfim.sequences.motifs import load_pwm

FOLDER = ROOT.parent / "shared/real/networks"
# Files, and whether the outputs are probabilities.
NETWORKS = {
    "heterodimer": ("dragonn_heterodimer.arch.json", "dragonn_heterodimer.weights.h5", True),
    "ctcf": ("dragonn_ctcf.arch.json", "dragonn_ctcf.weights.h5", True),
    "tal1": ("kipoi_tal1_arch.json", "kipoi_tal1_weights.hdf5", True),
    "mpra": ("mpra_dragonn_conv_model.json", "mpra_dragonn_conv_weights.hdf5", False),
    "optimus": ("optimus5p_multioutput.h5", None, False),
}
BACKGROUND = np.array([0.27, 0.23, 0.23, 0.27])


def outputs_of(model, x: np.ndarray, probabilities: bool) -> np.ndarray:
    """Return a model's outputs before a last sigmoid, all heads side by side, one sequence at a time."""
    rows = [np.concatenate([np.ravel(head) for head in _heads(model, one[None])]) for one in x]
    found = np.array(rows, np.float64)
    return np.log(found / (1 - found)) if probabilities else found


def _heads(model, x):
    found = model(x, training=False)
    return found if isinstance(found, list | tuple) else [found]


@pytest.mark.skipif(not FOLDER.is_dir(), reason=f"{FOLDER} is not there")
@pytest.mark.parametrize("name", NETWORKS)
def test_pair_tests_are_what_the_framework_says_of_each_edited_sequence(name):
    file, weights, probabilities = NETWORKS[name]
    path, weights = FOLDER / file, weights and FOLDER / weights
    keras_model = read_model(path) if weights is None else read_parts(path, weights)
    length = keras_model.inputs[0].shape[1]
    bases = np.random.default_rng(1).integers(4, size=(2, length))
    x = np.eye(4)[bases]
    middle = length // 2
    places = [(middle - 12, middle - 4), (middle + 1, middle + 9), (middle + 11, middle + 17)]
    table = pd.DataFrame(
        [(f"sequence_{i}", *place, f"f{k}") for i in range(2) for k, place in enumerate(places)],
        columns=["sequence", "start", "end", "name"],
    )
    task = 1 if name in ("mpra", "optimus") else 0
    own = read_own_network(path, weights=weights)
    found = dfim.pairs(own, x.astype(np.float32), table, task, background=BACKGROUND, draws=3).tests
    assert len(found) == 6
    for row in found.itertuples():
        edited = np.repeat(x[row.example][None], 4, axis=0)
        first, second = (slice(row.first_start, row.first_end), slice(row.second_start, row.second_end))
        edited[1, first] = edited[3, first] = BACKGROUND
        edited[2, second] = edited[3, second] = BACKGROUND
        values = outputs_of(keras_model, edited, probabilities)[:, task]
        expected = [*values, values[0] - values[1] - values[2] + values[3]]
        told = [row.output, row.without_first, row.without_second, row.without_both, row.interaction]
        np.testing.assert_allclose(told, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.skipif(not FOLDER.is_dir(), reason=f"{FOLDER} is not there")
def test_a_scan_finds_the_spacings_that_a_network_was_trained_on():
    """Positives had IRF 2 to 5 bp behind SPI1, negatives both independently."""
    file, weights, _ = NETWORKS["heterodimer"]
    own = read_own_network(FOLDER / file, weights=FOLDER / weights)
    motifs = {name: load_pwm(name) for name in ("SPI1_known4", "IRF_known20")}
    found = dfim.scan(own, motifs, spacings=range(15), backgrounds=30, orientations=["+-"])
    called = found[found["called"] == 1]
    assert set(called["call"]) == {"synergy"}
    assert called["spacing"].between(2, 6).all()
    assert called["spacing"].between(2, 5).sum() >= 3  # of 4
