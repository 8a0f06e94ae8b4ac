"""p-values against brute force, their uniformity under the null, q-values by definition and by scipy."""

import numpy as np
import pytest
from scipy import stats

from dfim.errors import InputError
from dfim.statistics.p_values import LARGEST_TAIL, SMALLEST, fit_tail, p_values, q_values, smallest_p


def integers(n, seed):
    """Draw scores with many ties."""
    return np.random.default_rng(seed).integers(-8, 9, size=n).astype(float)


@pytest.mark.parametrize("two_tailed", [False, True])
def test_empirical_p_by_counting_ties_included(two_tailed):
    null, scores = integers(50, 1), np.concatenate([integers(200, 2), [-99, 99]])
    expected = []
    for score in scores:
        upper = (1 + sum(value >= score for value in null)) / 51
        lower = (1 + sum(value <= score for value in null)) / 51
        expected.append(min(1, 2 * min(upper, lower)) if two_tailed else upper)
    found = p_values(scores, null, "empirical", two_tailed)
    np.testing.assert_allclose(found, expected)
    assert found.min() == smallest_p(50, two_tailed)


@pytest.mark.parametrize("two_tailed", [False, True])
@pytest.mark.parametrize("shape", [stats.norm(2, 3), stats.gamma(0.5)])
def test_empirical_p_of_null_scores_is_uniform(shape, two_tailed):
    rng = np.random.default_rng(3)
    p = p_values(
        shape.rvs(4000, random_state=rng), shape.rvs(200_000, random_state=rng), two_tailed=two_tailed
    )
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_gaussian_p_is_uniform_for_a_normal_null_and_two_tailed_doubles():
    rng = np.random.default_rng(4)
    null = rng.normal(5, 2, 200_000)
    for two_tailed in (False, True):
        p = p_values(rng.normal(5, 2, 4000), null, "gaussian", two_tailed)
        assert stats.kstest(p, "uniform").pvalue > 0.01
    z = (np.array([1.0, 9.0]) - null.mean()) / null.std()
    np.testing.assert_allclose(p_values(np.array([1.0, 9.0]), null, "gaussian"), stats.norm.sf(z))
    np.testing.assert_allclose(
        p_values(np.array([1.0, 9.0]), null, "gaussian", True), 2 * stats.norm.sf(abs(z))
    )


def test_gaussian_p_never_underflows_to_0_as_the_released_one_does():
    null = np.random.default_rng(5).normal(size=100)
    far = np.array([15.0, 1e6])
    gaussian, released = p_values(far, null, "gaussian"), p_values(far, null, "released")
    assert 0 < gaussian[0] < 1e-40 or gaussian[0] == SMALLEST
    assert gaussian[1] == SMALLEST
    assert list(released) == [0, 0]


def test_released_p_is_the_smaller_tail_not_doubled():
    null = np.random.default_rng(6).normal(1, 2, 500)
    scores = np.linspace(-3, 5, 9)
    cdf = stats.norm.cdf(scores, null.mean(), null.std())
    for two_tailed in (False, True):
        np.testing.assert_allclose(
            p_values(scores, null, "released", two_tailed), np.minimum(cdf, 1 - cdf), atol=1e-15
        )


def benjamini_hochberg(p):
    """The definition: the smallest rate at which the test is rejected."""
    p, m = np.asarray(p), len(p)
    rank = [sum(other <= value for other in p) for value in p]
    adjusted = p * m / np.array(rank)
    return [min(1, adjusted[p >= value].min()) for value in p]


def test_q_values_by_definition_over_all_and_within_families():
    rng = np.random.default_rng(7)
    p = np.round(rng.random(60) ** 3, 2)
    np.testing.assert_allclose(q_values(p), benjamini_hochberg(p))
    np.testing.assert_allclose(q_values(p.reshape(6, 10)), np.reshape(benjamini_hochberg(p), (6, 10)))
    families = rng.choice(list("abc"), 60)
    within = q_values(p, families)
    for family in "abc":
        np.testing.assert_allclose(within[families == family], benjamini_hochberg(p[families == family]))
    assert q_values(np.array([0.2])) == [0.2]
    assert q_values(np.array([])).size == 0
    np.testing.assert_allclose(q_values(p), stats.false_discovery_control(p))


def test_a_missing_p_is_no_test():
    p = np.array([0.01, np.nan, 0.03, 0.02, np.nan])
    found = q_values(p)
    assert list(np.isnan(found)) == [False, True, False, False, True]
    np.testing.assert_allclose(found[[0, 2, 3]], stats.false_discovery_control(p[[0, 2, 3]]))
    assert np.isnan(q_values(np.array([np.nan, np.nan]))).all()
    within = q_values(p, np.array(list("aabbb")))
    np.testing.assert_allclose(within, [0.01, np.nan, 0.03, 0.03, np.nan])


# ------------------------------------------------------------------------- generalised Pareto tails


@pytest.mark.parametrize("two_tailed", [False, True])
def test_tail_p_is_uniform_and_equals_the_empirical_one_below_the_threshold(two_tailed):
    rng = np.random.default_rng(10)
    null, scores = rng.gamma(0.5, size=50_000), rng.gamma(0.5, size=4000)
    p = p_values(scores, null, "generalised_pareto", two_tailed)
    assert stats.kstest(p, "uniform").pvalue > 0.01
    empirical = p_values(scores, null, "empirical", two_tailed)
    threshold = fit_tail(null).threshold
    inside = (scores <= threshold) & (-scores <= fit_tail(-null).threshold)
    np.testing.assert_array_equal(p[inside], empirical[inside])


def test_tail_of_a_pareto_null_is_recovered_beyond_the_null_itself():
    shape, scale, n = 0.3, 2.0, 2500
    null = stats.genpareto.rvs(shape, scale=scale, size=n, random_state=11)
    found = p_values(np.array([80.0, 200.0]), null, "generalised_pareto")
    true = stats.genpareto.sf([80, 200], shape, scale=scale)
    assert smallest_p(n) > true.max()
    # 250 excesses leave the logarithm of so small a p uncertain by about a third of itself.
    np.testing.assert_allclose(np.log(found), np.log(true), rtol=0.35)
    tail = fit_tail(null)
    assert len(tail.excess) == LARGEST_TAIL == n / 10
    assert tail.shape == pytest.approx(shape, abs=0.2)


def test_tail_p_falls_without_a_jump_at_the_threshold():
    null = np.random.default_rng(12).gamma(0.5, size=5000)
    threshold = fit_tail(null).threshold
    around = p_values(threshold + np.array([-1e-9, 1e-9]), null, "generalised_pareto")
    assert around[0] == pytest.approx(around[1], rel=0.01)
    grid = p_values(np.linspace(0, 50, 500), null, "generalised_pareto")
    assert (np.diff(grid) <= 0).all()
    assert grid[-1] >= SMALLEST


def test_the_tail_begins_with_the_empirical_p_of_the_threshold():
    null = np.random.default_rng(15).gamma(0.5, size=200)
    tail = fit_tail(null)
    above = (null > tail.threshold).sum()
    assert above == 20
    assert p_values(np.array([tail.threshold + 1e-12]), null, "generalised_pareto")[0] == pytest.approx(
        (1 + above) / 201
    )


def test_a_bounded_null_gets_an_exponential_tail_and_no_p_of_0():
    null = np.random.default_rng(13).random(2000)
    tail = fit_tail(null)
    assert tail.shape == 0
    assert tail.scale == pytest.approx(tail.excess.mean())
    assert p_values(np.array([1.5]), null, "generalised_pareto")[0] > 0


def test_goodness_of_fit_tells_a_pareto_tail_from_another():
    rng = np.random.default_rng(14)
    assert fit_tail(stats.genpareto.rvs(0.2, size=2000, random_state=rng)).goodness(samples=99) > 0.05
    # Two lumps far apart are no Pareto tail.
    lumps = np.concatenate([rng.random(1800), rng.normal(5, 0.01, 100), rng.normal(9, 0.01, 100)])
    assert fit_tail(lumps).goodness(samples=99) <= 0.05


@pytest.mark.parametrize("shape", [0.4, 0])
def test_the_fit_of_a_tail_and_its_goodness_are_those_of_scipys_general_search(shape):
    null = stats.genpareto.rvs(shape, size=300, random_state=np.random.default_rng(16))
    tail = fit_tail(null)
    known = {"loc": 0} if shape else {"loc": 0, "c": 0}
    by_search = stats.goodness_of_fit(
        stats.genpareto, tail.excess, known_params=known, statistic="ad", n_mc_samples=29,
        rng=np.random.default_rng([0, len(tail.excess)]),
    )  # fmt: skip
    fitted = by_search.fit_result.params
    np.testing.assert_allclose((tail.shape, tail.scale), (fitted.c, fitted.scale), rtol=1e-3)
    assert tail.goodness(samples=29) == by_search.pvalue


@pytest.mark.parametrize("null", [np.arange(100.0), np.zeros(5000), np.repeat([0.0, 1.0], [4700, 300])])
def test_without_a_tail_to_fit_p_stays_empirical(null):
    assert fit_tail(null) is None
    scores = np.array([-1.0, 0.0, 0.5, 1.0, 200.0])
    np.testing.assert_array_equal(p_values(scores, null, "generalised_pareto"), p_values(scores, null))


def test_a_constant_null_is_fine_for_the_empirical_p_and_refused_by_a_fit():
    null = np.zeros(9)
    np.testing.assert_allclose(p_values(np.array([0.0, 1.0]), null), [1, 0.1])
    for method in ("gaussian", "released"):
        with pytest.raises(InputError) as caught:
            p_values(np.array([1.0]), null, method)
        assert str(caught.value) == (
            f"all 9 null scores are 0, and the p-value method '{method}' fits a normal distribution to them: "
            "choose the method 'empirical'."
        )


@pytest.mark.parametrize(
    ("scores", "null", "method", "sentence"),
    [
        (
            [1],
            [1],
            "empirical",
            "a null distribution needs at least 2 scores, found 1: raise the number of shuffles or select "
            "more examples.",
        ),
        (
            [1],
            [1, np.nan, 2],
            "gaussian",
            "1 of 3 null scores are not finite numbers: look at the model's weights and history for "
            "values that "
            "are not a number.",
        ),
        (
            [np.inf, np.nan],
            [1, 2],
            "empirical",
            "2 of 2 scores are not finite numbers: look at the model's weights and history for "
            "values that are "
            "not a number.",
        ),
        (
            [1],
            [1, 2],
            "exact",
            "there is no p-value method 'exact': choose from empirical, "
            "generalised_pareto, gaussian, released.",
        ),
    ],
)
def test_error_sentences(scores, null, method, sentence):
    with pytest.raises(InputError) as caught:
        p_values(np.array(scores, dtype=float), np.array(null, dtype=float), method)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(("sequences", "of_each", "shuffles"), [(50, 10, 1), (300, 2, 2)])
def test_a_complete_null_of_unequal_sequences_hardly_ever_has_a_small_q_by_a_fitted_tail(
    sequences, of_each, shuffles
):
    """Scores of one sequence share their scale; without a limit to the fit some q is small in .1 to .2."""
    some, runs = 0, 100
    for run in range(runs):
        rng = np.random.default_rng([21, sequences, run])
        scale = np.exp(rng.normal(size=((shuffles + 1) * sequences, 1)))
        scores = rng.gamma(0.5, size=(len(scale), of_each)) * scale
        p = p_values(scores[:sequences].ravel(), scores[sequences:], "generalised_pareto")
        some += (q_values(p) < 0.05).any()
    assert some / runs <= 0.07


def test_a_fitted_tail_ends_at_a_quarter_of_the_smallest_empirical_p():
    null = stats.genpareto.rvs(0.2, size=999, random_state=3)
    assert p_values(np.array([1e9]), null, "generalised_pareto")[0] == pytest.approx(1 / 1000 / 4)
    assert p_values(np.array([1e9]), null, "generalised_pareto", True)[0] == pytest.approx(2 / 1000 / 4)
