"""Tests of dfim.exports.modisco: what modisco-lite reads."""

import numpy as np
import pytest
from support.small_networks import chain, dense, step

from dfim.attribution import open_scorer
from dfim.exports.modisco import attributions, hypothetical, write_arrays
from dfim.sequences.bases import one_hot

REFERENCE = np.tile([0.3, 0.2, 0.2, 0.3], (6, 1))


@pytest.fixture
def x():
    return one_hot(np.frombuffer(b"ACGTTANNACGG", dtype=np.uint8).reshape(2, 6))


def test_hypothetical_contributions_are_those_of_a_linear_network(x):
    """In a linear network, the base b contributes weight of b less the reference's, whatever is there."""
    weights = np.random.default_rng(1).normal(size=(6, 4))
    x = x[:1]
    contributions = weights * (x - REFERENCE)
    expected = weights - (weights * REFERENCE).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(hypothetical(contributions, x, REFERENCE)[0], expected, rtol=1e-5)
    # That of the base that is there is the sum over channels.
    present = (hypothetical(contributions, x, REFERENCE) * x).sum(axis=2)
    np.testing.assert_allclose(present, contributions.sum(axis=2), rtol=1e-5)


def test_without_a_difference_contributions_stay_as_they_are(x):
    contributions = x * np.random.default_rng(1).normal(size=x.shape)
    found = hypothetical(contributions, x, np.zeros((6, 4)))
    np.testing.assert_allclose(found, contributions, rtol=1e-6)


@pytest.mark.parametrize("method", ["deeplift", "in_silico_mutagenesis"])
def test_bases_that_are_absent_are_told_by_multipliers_alone(x, method):
    """In-silico mutagenesis has none, and says nothing of them: what multipliers would have is made up."""
    x = x[:1]
    layers = chain([step("flatten"), dense(np.random.default_rng(3), 24, 2)], 6)
    weights = layers[1].arrays["kernel"][:, 1].reshape(6, 4)
    with open_scorer(method, layers, REFERENCE) as scorer:
        found = attributions(scorer, scorer.contributions(x, 1), x)[0]
    expected = weights - (weights * REFERENCE).sum(axis=1, keepdims=True)
    told = (x[0] if method == "in_silico_mutagenesis" else 1) * expected
    np.testing.assert_allclose(found, told, atol=1e-6)


def test_an_n_takes_nothing_from_other_positions(x):
    """Against equal shares an N does not differ from the reference; the other bases tell as without it."""
    equal = np.full((6, 4), 0.25)
    contributions = np.random.default_rng(1).normal(size=(6, 4)) * (x - equal)
    found = hypothetical(contributions, x, equal)
    np.testing.assert_array_equal(found[0], hypothetical(contributions[:1], x[:1], equal)[0])
    assert (found[1, 2:] != 0).all()
    assert (found[1, :2] == 0).all()


def test_files_have_the_array_and_the_shape_that_modisco_reads(x, tmp_path):
    scores = np.random.default_rng(1).normal(size=x.shape)
    paths = tmp_path / "sequences.npz", tmp_path / "attributions.npz"
    write_arrays(x, scores, *paths)
    arrays = []
    for path in paths:
        with np.load(path, allow_pickle=False) as handle:
            assert handle.files == ["arr_0"]
            arrays.append(handle["arr_0"])
    sequences, attributions = arrays
    assert sequences.shape == attributions.shape == (2, 4, 6)
    assert sequences[0].argmax(axis=0).tolist() == [0, 1, 2, 3, 3, 0]
    assert sequences[1].sum(axis=0).tolist() == [0, 0, 1, 1, 1, 1]
    np.testing.assert_allclose(attributions[1, 2], scores[1, :, 2], rtol=1e-6)


def test_modisco_reads_them(x, tmp_path):
    cli = pytest.importorskip("modiscolite.cli", reason="modisco-lite is not here")
    write_arrays(x, x, tmp_path / "sequences.npz", tmp_path / "attributions.npz")
    read = getattr(cli, "_load_input", lambda path: np.load(path)["arr_0"])
    assert read(tmp_path / "sequences.npz").shape == (2, 4, 6)
