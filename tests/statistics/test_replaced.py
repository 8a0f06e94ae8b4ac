"""The null of replaced features against a loop, complete nulls, mixtures, and a scale that says nothing."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from dfim.errors import InputError
from dfim.statistics.effects import called
from dfim.statistics.replaced import add_verdicts, called_again, describe_replaced, p_of_draws, p_replaced
from dfim.statistics.studentised import over_mean_square, over_median, studentised


def rms(values):
    return (sum(value**2 for value in values) / len(values)) ** 0.5


def test_sizes_and_p_are_those_of_a_loop():
    rng = np.random.default_rng(0)
    scores, draws = rng.normal(size=7), rng.normal(size=(7, 4))
    sizes, null = studentised(scores, draws)
    expected_null = []
    for row in range(7):
        assert sizes[row] == pytest.approx(abs(scores[row]) / rms(draws[row, 1:]))
        for k in range(4):
            expected_null.append(abs(draws[row, k]) / rms(np.delete(draws[row], k)))
            assert null[row, k] == pytest.approx(expected_null[-1])
    p = p_of_draws(scores, draws)
    for row in range(7):
        larger = sum(t >= abs(scores[row]) / rms(draws[row, 1:]) for t in expected_null)
        assert p[row] == (1 + larger) / (7 * 4 + 1)


def test_a_piece_that_is_the_feature_itself_is_as_large_as_the_score():
    """Whatever rounding makes of it: draws are kept as numbers of 24 bits."""
    scores = np.random.default_rng(3).normal(size=60) * 100
    for draws in (scores.astype(np.float32), scores * (1 + 1e-12), scores * (1 - 1e-12)):
        p = [
            p_of_draws(scores[[row]], np.array([[draws[row], 0.1, 0.2, 0.3]]), over_median)
            for row in range(60)
        ]
        np.testing.assert_array_equal(np.ravel(p), 2 / 5)


def test_the_larger_p_counts():
    rng = np.random.default_rng(1)
    scores = np.full(50, 10.0)
    found = p_replaced(scores, rng.normal(size=(50, 10)), rng.normal(size=(50, 10)) * 100)
    assert (found["p_first"] < 0.01).all()
    assert (found["p"] == found[["p_first", "p_second"]].max(axis=1)).all()
    assert (found["p"] > 0.5).all()


def test_the_scale_of_a_pair_says_nothing():
    rng = np.random.default_rng(2)
    scores, draws = rng.normal(size=40), rng.normal(size=(40, 10))
    scale = 10.0 ** rng.uniform(-5, 5, 40)
    np.testing.assert_array_equal(
        p_of_draws(scores * scale, draws * scale[:, None]), p_of_draws(scores, draws)
    )


def test_values_of_zero():
    scores = np.array([0.0, 0.0, 2.0])
    draws = np.array([[0.0, 0.0], [1.0, 1.0], [0.0, 0.0]])
    sizes, null = studentised(scores, draws)
    assert sizes.tolist() == [0, 0, np.inf]
    assert null[0].tolist() == null[2].tolist() == [0, 0]
    p = p_of_draws(scores, draws)
    assert p.tolist() == [1, 1, 1 / 5]  # of two pairs with two draws


def test_pairs_that_cannot_interact_do_not_make_the_others_stand_out():
    rng = np.random.default_rng(4)
    scores, draws = rng.standard_t(4, size=4000), rng.standard_t(4, size=(4000, 10))
    alone = p_of_draws(scores, draws)
    far = np.zeros(8000)
    p = p_of_draws(np.concatenate([far, scores]), np.concatenate([np.zeros((8000, 10)), draws]))
    np.testing.assert_array_equal(p[8000:], alone)
    assert (p[:8000] == 1).all()
    assert np.mean(p[8000:] <= 0.05) == pytest.approx(0.05, abs=0.01)


def test_a_lone_pair_is_called_among_pairs_that_cannot_interact():
    """Twenty draws let a lone pair be called, however many others are all zeros."""
    rng = np.random.default_rng(6)
    scores, draws = rng.normal(size=10), rng.normal(size=(2, 10, 20))
    scores[0] = 100
    found = p_replaced(np.append(scores, np.zeros(500)), *np.append(draws, np.zeros((2, 500, 20)), axis=1))
    assert found["q"][0] < 0.05
    assert (found["q"][1:10] > 0.05).all()
    assert (found.loc[10:, ["p", "q"]] == 1).all(axis=None)


def test_a_null_counts_the_draws_of_pairs_that_can_interact():
    rng = np.random.default_rng(5)
    scores, draws = (
        np.append(rng.normal(size=9), 0),
        np.append(rng.normal(size=(9, 10)), np.zeros((1, 10)), 0),
    )
    tested = pd.DataFrame({"example": [0, 0, 1, 1, 2, 2, 3, 3, 4, 5]})
    found = describe_replaced("fis", tested, scores, draws, np.ones((10, 10)))
    assert found["n"].tolist() == [90, 100]
    assert found["n_examples"].tolist() == [5, 6]
    assert found["n_tested"].tolist() == [10, 10]
    assert found["smallest_p"].tolist() == [1 / 91, 1 / 101]


def simulated(rng, n, draws, interacting=0, scales=True, zeros=0.0):
    """Scores of pairs and draws of either end: of one distribution but for the first ``interacting``."""
    scale = np.exp(rng.normal(0, 2, n))[:, None] if scales else np.ones((n, 1))
    # Tails as heavy as interactions have them.
    values = [rng.standard_t(4, size=(n, draws + 1)) * scale for _ in range(2)]
    # In some pairs nothing happens but now and then.
    sparse = rng.random(n) < zeros
    for own in values:
        own[sparse] *= rng.random((sparse.sum(), draws + 1)) < 0.1
    scores = values[0][:, 0].copy()
    scores[:interacting] += np.sign(scores[:interacting]) * 12 * scale[:interacting, 0]
    return scores, values[0][:, 1:], values[1][:, 1:]


@pytest.mark.parametrize("zeros", [0, 0.7])
@pytest.mark.parametrize("draws", [5, 10, 20])
@pytest.mark.parametrize("n", [8, 60, 400])
def test_a_complete_null_calls_nothing(n, draws, zeros):
    """The probability of any call, in 200 runs, pairs of unequal scales, some of them zeros mostly."""
    any_called = []
    for run in range(200):
        rng = np.random.default_rng([run, n, draws])
        scores, first, _ = simulated(rng, n, draws, zeros=zeros)
        # The hardest case: one end's draws are the other's, so that the larger p is no safer than either.
        any_called.append((p_replaced(scores, first, first)["q"] < 0.05).any())
    assert np.mean(any_called) <= 0.07


@pytest.mark.parametrize("interacting", [5, 50, 200])
def test_the_false_discovery_rate_of_mixtures(interacting):
    n, wrong, found = 400, [], []
    for run in range(200):
        rng = np.random.default_rng([run, interacting])
        scores, first, _ = simulated(rng, n, 10, interacting)
        q = p_replaced(scores, first, first)["q"].to_numpy()
        picked = q < 0.05
        wrong.append(picked[interacting:].sum() / max(1, picked.sum()))
        found.append(picked[:interacting].mean())
    assert np.mean(wrong) <= 0.055
    assert np.mean(found) > 0.25  # a rate of false discoveries means nothing where nothing is found


@pytest.mark.parametrize("draws", [5, 10, 20])
@pytest.mark.parametrize("interacting", [0, 100, 300])
def test_pairs_that_interact_do_not_make_the_others_stand_out(interacting, draws):
    """However many of 400 do, of the others a twentieth have p ≤ .05."""
    below = []
    for run in range(100):
        rng = np.random.default_rng([run, interacting, draws])
        scores, first, _ = simulated(rng, 400, draws, interacting)
        below.append((p_of_draws(scores, first)[interacting:] <= 0.05).mean())
    assert np.mean(below) == pytest.approx(0.05, abs=0.004)


@pytest.mark.parametrize("interacting", [100, 270])
@pytest.mark.parametrize("sparse", [False, True])
def test_false_discoveries_stay_few_where_draws_have_unlike_tails(interacting, sparse):
    """Of 300 pairs those that interact have light tails, the others heavy ones, or are zeros mostly.

    p of the others are too small then: of a share π of all pairs at most x / π have p ≤ x, so that q holds.
    """
    wrong, below = [], []
    for run in range(150):
        rng = np.random.default_rng([run, interacting])
        light, heavy = rng.normal(size=(interacting, 11)), rng.standard_cauchy((300 - interacting, 11))
        light[:, 0] *= 30
        if sparse:
            heavy *= rng.random(heavy.shape) < 0.1
        values = np.concatenate([light, heavy])
        found = p_replaced(values[:, 0], values[:, 1:], values[:, 1:])
        picked = (found["q"] < 0.05).to_numpy()
        wrong.append(picked[interacting:].sum() / max(1, picked.sum()))
        below.append((found["p"][interacting:] <= 0.05).mean())
    assert np.mean(wrong) <= 0.055
    assert 0.05 < np.mean(below) < 0.05 / (1 - interacting / 300)


def test_a_least_share_is_needed_too():
    assert called([0.01, 0.01, 0.2, np.nan], [0.5, 0.05, 0.5, 0.5], 0.05, 0.1).tolist() == [
        True, False, False, False,
    ]  # fmt: skip
    assert called([0.01], [-0.5], 0.05, 0.1).tolist() == [True]
    assert called([0.01, 0.05], [0.1, 0.5], 0.05, 0.1).tolist() == [True, False]  # at least, and below


def test_too_few_draws_and_numbers_that_are_not_finite_are_refused():
    with pytest.raises(InputError, match="has 1 draws of each pair, and needs 2 or more"):
        p_of_draws(np.ones(3), np.ones((3, 1)))
    with pytest.raises(InputError, match="1 score of pairs or of their draws are not finite"):
        p_of_draws(np.array([np.nan, 1]), np.ones((2, 3)))
    assert p_of_draws(np.empty(0), np.empty((0, 1))).shape == (0,)


@pytest.mark.parametrize(("draws", "as_much"), [(40, 0), (40, 1), (100, 0), (100, 1), (100, 3), (400, 3)])
def test_how_often_a_feature_is_called_again_is_by_how_many_pieces_do_as_much(draws, as_much):
    """Beside less than a twentieth of the pieces it is called. The feature counts as half a piece more."""
    rng = np.random.default_rng([draws, as_much])
    scores, ends = rng.normal(size=50) / 300, rng.normal(size=(2, 50, draws)) / 100
    scores[:8], ends[:, :8, :as_much] = 1, 1.0001
    table = pd.DataFrame({"interaction": scores, "share": 1.0, "within_reach": 1})
    judged = (*ends, 0.05, 0.1, over_mean_square)
    add_verdicts(table, *judged)
    assert table["called"].tolist() == [1] * 8 + [0] * 42
    again = called_again(table, *judged, seed=1)
    expected = binom.cdf(draws // 20 - 1, draws, (0.5 + as_much) / (0.5 + draws))
    np.testing.assert_allclose(again[:8], expected, atol=0.1)
    assert (again[8:] < 0.05).all()


def test_what_cannot_be_called_is_not_called_again():
    table = pd.DataFrame({"interaction": [0.0, 5.0], "share": [0.0, 0.05]})
    ends = np.zeros((2, 2, 100))
    ends[:, 1] = np.random.default_rng(0).normal(size=(2, 100)) / 100
    assert called_again(table, *ends, 0.05, 0.1, over_mean_square).tolist() == [0, 0]
    assert (called_again(table, *ends, 0.05, 0.01, over_mean_square) > 0.9).tolist() == [False, True]
    assert called_again(table[:0], *ends[:, :0], 0.05, 0.1, over_mean_square).size == 0
