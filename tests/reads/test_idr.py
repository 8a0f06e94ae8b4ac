"""IDR against a plain second implementation, planted mixtures, and worked cases of matching and ties."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq
from scipy.stats import multivariate_normal, norm, spearmanr

from dfim.errors import InputError
from dfim.genomes.narrowpeak import NARROWPEAK_COLUMNS
from dfim.reads import idr
from dfim.reads.reproducible import reproducible_by_idr


def mixture(seed, number, mu, sigma, rho, p):
    """Draw scores of two replicates; return which peaks are reproducible, and the scores."""
    rng = np.random.default_rng(seed)
    signal = rng.random(number) < p
    latent = rng.multivariate_normal([0, 0], [[1, rho], [rho, 1]], number)
    return signal, np.where(signal[:, None], mu + sigma * latent, rng.normal(size=(number, 2)))


def ranks(scores):
    rng = np.random.RandomState(0)
    return [idr.ranks_of(scores[:, replicate], rng) for replicate in (0, 1)]


def plain_fit(first, second):
    """Fit by EM alone, peak by peak as the paper's section 2.3 has it, without any shortcut."""

    def gauss(x):
        return (1 + math.erf(x / math.sqrt(2))) / 2

    def quantile(rank, mu, sigma, p):
        level = (rank + 1) / (len(first) + 1)
        return brentq(lambda x: p * gauss((x - mu) / sigma) + (1 - p) * gauss(x) - level, -30, 30, xtol=1e-12)

    theta = np.array([0.1, 1.0, 0.2, 0.5])
    for _ in range(3000):
        start = theta
        pseudo = np.array(
            [[quantile(rank, theta[0], theta[1], theta[3]) for rank in one] for one in (first, second)]
        )
        likelihood = None
        for _ in range(30):
            weights, densities = plain_weights(pseudo, theta)
            new = np.log(densities).sum()
            if likelihood is not None and new - likelihood < 1e-7:
                break
            likelihood = new
            total = weights.sum()
            mu = (weights * pseudo).sum() / (2 * total)
            squares = (weights * (pseudo - mu) ** 2).sum()
            rho = 2 * (weights * (pseudo[0] - mu) * (pseudo[1] - mu)).sum() / squares
            theta = np.array([mu, math.sqrt(squares / (2 * total)), rho, total / len(first)])
        if np.abs(theta - start).sum() < 1e-6:
            break
    return theta, 1 - plain_weights(pseudo, theta)[0]


def plain_weights(pseudo, theta):
    mu, sigma, rho, p = theta
    signal = p * multivariate_normal([mu, mu], sigma**2 * np.array([[1, rho], [rho, 1]])).pdf(pseudo.T)
    noise = (1 - p) * multivariate_normal([0, 0]).pdf(pseudo.T)
    return signal / (signal + noise), signal + noise


def test_fit_equals_a_plain_second_implementation():
    _, scores = mixture(2, 200, 2.5, 0.8, 0.8, 0.4)
    first, second = ranks(scores)
    model = idr.fit(first, second)
    theta, local = plain_fit(first, second)
    np.testing.assert_allclose(model.theta, theta, rtol=5e-3)
    ours = idr.local_idr(first, second, model.theta)
    sure = idr.pseudo_values(200, *model.theta[[0, 1, 3]])
    above = sure[first] + sure[second] >= 0
    np.testing.assert_allclose(ours[above], np.clip(local[above], 1e-6, 1), atol=2e-3)
    assert (ours[~above] == 1).all()


def test_planted_parameters_come_back_and_the_rate_holds():
    truth = (2.0, 0.8, 0.7, 0.4)
    signal, scores = mixture(1, 20_000, *truth)
    first, second = ranks(scores)
    model = idr.fit(first, second)
    np.testing.assert_allclose(model.theta, truth, rtol=0.05)
    rate = idr.global_idr(idr.local_idr(first, second, model.theta))
    for threshold in (0.02, 0.05, 0.1):
        kept = rate <= threshold
        # Nominal within four standard errors of a share.
        error = 4 * math.sqrt(threshold * (1 - threshold) / kept.sum())
        assert abs((~signal[kept]).mean() - threshold) < error + 0.1 * threshold


@pytest.mark.parametrize("start", [idr.START, np.array([1.0, 0.5, 0.6, 0.3])])
def test_the_bounded_ascent_never_lowers_the_likelihood_and_stays_within_bounds(start):
    _, scores = mixture(7, 100, 3, 0.3, 0.98, 0.9)
    first, second = ranks(scores)
    quantiles = idr.pseudo_values(100, start[0], start[1], start[3])
    pairs = idr._Pairs(quantiles[first], quantiles[second])
    theta = idr._ascend_by_coordinate(pairs, start)
    assert (theta >= idr.LOWER).all()
    assert (theta <= idr.UPPER).all()
    before, after = (pairs.log_likelihood(pairs.log_odds(one), one[3]) for one in (start, theta))
    assert after > before
    # The formulas of sums agree with scipy's densities, peak by peak.
    weights, densities = plain_weights(np.array([quantiles[first], quantiles[second]]), theta)
    np.testing.assert_allclose(after, np.log(densities).sum(), rtol=1e-9)
    np.testing.assert_allclose(1 / (1 + np.exp(-pairs.log_odds(theta))), weights, rtol=1e-8)


@pytest.mark.parametrize("mu_sigma_p", [(0.1, 1, 0.5), (2.5, 0.2, 0.01), (0, 0.2, 0.99), (20, 20, 0.99)])
@pytest.mark.parametrize("number", [1, 20, 3001])
def test_pseudo_values_are_the_quantiles_of_the_mixture(mu_sigma_p, number):
    mu, sigma, p = mu_sigma_p
    values = idr.pseudo_values(number, mu, sigma, p)
    levels = p * norm.cdf(values, mu, sigma) + (1 - p) * norm.cdf(values)
    np.testing.assert_allclose(levels, np.arange(1, number + 1) / (number + 1), rtol=0, atol=1e-12)


@pytest.mark.parametrize("near", [(2.4, 0.3, 0.02), (0.1, 5, 0.99), (20, 0.2, 0.5)])
def test_pseudo_values_are_the_same_wherever_their_search_starts(near):
    """From the quantiles of a mixture that is hardly another one, and of ones that are far off."""
    for mixed in ((2.5, 0.2, 0.01), (0, 0.2, 0.99), (20, 20, 0.99)):
        found = idr.pseudo_values(3001, *mixed, idr.pseudo_values(3001, *near))
        np.testing.assert_allclose(found, idr.pseudo_values(3001, *mixed), rtol=0, atol=1e-9)


def test_global_idr_is_the_mean_of_all_local_ones_up_to_it():
    local = np.random.default_rng(1).integers(1, 20, 200) / 20
    expected = [local[local <= one].mean() for one in local]
    np.testing.assert_allclose(idr.global_idr(local), expected, rtol=1e-12)


def test_ties_are_broken_as_the_published_command_breaks_them():
    """numpy.lexsort over scores, then over the first numbers of numpy's legacy generator with seed 0."""
    scores = np.array([2.0, 1.0, 2.0, 1.0, 3.0])
    np.random.seed(0)
    expected = [np.lexsort((np.random.random(5), scores)).argsort() for _ in range(2)]
    rng = np.random.RandomState(0)
    for one in expected:
        found = idr.ranks_of(scores, rng)
        assert list(found) == list(one)
        assert sorted(found) == list(range(5))
        assert (scores[np.argsort(found)] == np.sort(scores)).all()


def peaks(rows):
    """Return peaks from (chrom, start, end, −log10 p, summit offset)."""
    table = pd.DataFrame(rows, columns=["chrom", "start", "end", "pvalue", "summit"])
    fixed = {"name": ".", "score": 0, "strand": ".", "signal": 1.0, "qvalue": -1.0}
    return table.assign(**fixed)[NARROWPEAK_COLUMNS]


def test_a_pooled_peak_gets_the_nearest_summit_of_its_group_in_each_replicate():
    pooled = peaks(
        [
            ("chr1", 100, 300, 9.0, 50),
            ("chr1", 100, 300, 9.0, 150),
            ("chr2", 10, 90, 5.0, 20),
            ("chr1", 900, 950, 4.0, 5),
        ]
    )
    first = peaks(
        [
            ("chr1", 90, 180, 3.0, 60),
            ("chr1", 200, 310, 4.0, 45),
            ("chr2", 0, 50, 2.5, 30),
            ("chr1", 950, 999, 8.0, 5),
        ]
    )
    second = peaks([("chr1", 120, 280, 6.0, 30), ("chr2", 80, 120, 7.0, 10), ("chr1", 900, 950, 8.0, 5)])
    matched = idr.match_peaks(first, second, pooled)
    found = set(zip(matched["chrom"], matched["summit"], matched["first"], matched["second"], strict=True))
    # The second replicate's summit at 150 serves both summits of the pooled peak; a peak that only touches
    # (chr1:950) is none.
    assert found == {("chr1", 50, 3.0, 6.0), ("chr1", 150, 4.0, 6.0), ("chr2", 20, 2.5, 7.0)}
    assert list(matched[["first", "second"]].min(axis=1)) == [4.0, 3.0, 2.5]


def test_of_equally_near_summits_the_larger_overlap_counts_and_then_the_larger_score():
    pooled = peaks([("chr1", 100, 300, 9.0, 50)])
    others = [("chr1", 140, 160, 8.0, 10), ("chr1", 100, 300, 3.0, 50), ("chr1", 100, 300, 4.0, 50)]
    second = peaks([("chr1", 100, 300, 6.0, 50)])
    for rows in (others, others[::-1]):
        assert idr.match_peaks(peaks(rows), second, pooled)["first"].tolist() == [4.0]


def ranked_peaks(scores, seed=0):
    """Return the peaks of two replicates with these scores at the same places, and the pooled ones."""
    places = 1000 * np.random.default_rng(seed).permutation(len(scores))
    tables = [
        peaks([("chr1", place, place + 200, score, 100) for place, score in zip(places, column, strict=True)])
        for column in (*scores.T, scores.sum(axis=1))
    ]
    return tables


def test_summits_of_one_peak_share_the_best_idr_and_the_score_follows_from_it():
    _, latent = mixture(3, 400, 3, 1, 0.9, 0.6)
    first, second, pooled = ranked_peaks(latent + 10)
    twin = pooled.iloc[:40].assign(summit=20)
    scored, *_ = idr.score_peaks(first, second, pd.concat([pooled, twin], ignore_index=True))
    assert (scored.groupby("start")["idr"].nunique() == 1).all()
    alone = idr.match_peaks(first, second, pd.concat([pooled, twin], ignore_index=True))
    rng = np.random.RandomState(0)
    ranks = [idr.ranks_of(alone[column].to_numpy(), rng) for column in ("first", "second")]
    alone["local"] = idr.local_idr(*ranks, idr.fit(*ranks).theta)
    of_peak = alone.groupby("start")["local"]
    assert (of_peak.max() > of_peak.min()).any()
    np.testing.assert_array_equal(scored["local_idr"], scored["start"].map(of_peak.min()))
    expected = [min(int(-125 * math.log2(one + 1e-12)), 1000) for one in scored["idr"]]
    assert list(scored["score"]) == expected
    assert (scored.loc[scored["idr"] <= 0.05, "score"] >= 540).all()


def test_a_short_list_is_refused_as_the_published_command_refuses_it():
    _, latent = mixture(3, 19, 3, 1, 0.9, 0.6)
    with pytest.raises(
        InputError, match=r"^19 pooled peaks are found in both replicates, and IDR needs 20: "
    ):
        idr.score_peaks(*ranked_peaks(latent + 10))
    _, latent = mixture(3, 20, 3, 1, 0.9, 0.6)
    scored, model, _ = idr.score_peaks(*ranked_peaks(latent + 10))
    assert len(scored) == 20
    assert model.converged


def test_all_tied_lists_are_scored_without_failure():
    scored, model, _ = idr.score_peaks(*ranked_peaks(np.ones((50, 2))))
    assert np.isfinite(scored["idr"]).all()
    assert np.isfinite(model.theta).all()


# ------------------------------------------------------------------------------- few and unrelated peaks


def peaks_of(scores, shift=0):
    """Return peaks of 100 bp, one after the other, with these -log10 p."""
    start = 1000 * np.arange(len(scores)) + shift
    columns = dict(
        zip(NARROWPEAK_COLUMNS, ["chr1", start, start + 100, ".", 0, ".", 1.0, scores, 1.0, 50], strict=True)
    )
    return pd.DataFrame(columns)


def kept_of(first, second, level=0.05):
    pooled = peaks_of(np.asarray(first) + np.asarray(second))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", "")
        return reproducible_by_idr(peaks_of(first), peaks_of(second), pooled, level)


@pytest.mark.parametrize(("number", "tries"), [(50, 120), (300, 40), (3000, 8)])
def test_unrelated_replicates_pass_no_more_often_than_the_level(number, tries):
    """Each set of peaks counts that keeps one peak; the level is .05, within three standard errors."""
    passed = 0
    for seed in range(tries):
        rng = np.random.default_rng([number, seed])
        first, second = rng.exponential(size=(2, number))
        related_p = idr.unrelated_p(*(scores.argsort().argsort() for scores in (first, second)))
        if related_p > 0.05:  # without the fit, which takes its time; one is checked below
            continue
        passed += len(kept_of(first, second)[0]) > 0
    assert passed <= 0.05 * tries + 3 * np.sqrt(0.05 * 0.95 * tries)


@pytest.mark.parametrize("number", [50, 100, 300, 1000])
def test_reversed_and_unrelated_ranks_keep_nothing_and_say_so(number):
    rng = np.random.default_rng(5)
    scores = np.sort(rng.exponential(size=number))
    for second in (scores[::-1], rng.permutation(scores)):
        if spearmanr(scores, second, alternative="greater").pvalue <= 0.05:
            continue
        kept, summary = kept_of(scores, second)
        assert kept.empty
        assert summary["warning"].startswith("the ranks of the two are unrelated (p = ")
        assert summary["related_p"] > 0.05


def test_a_fit_at_a_bound_is_told():
    scores = np.random.default_rng(1).exponential(size=60)
    kept, summary = kept_of(scores, scores)
    assert len(kept)
    assert summary["warning"].startswith("the fit ended at a bound of sigma, rho, p: too few peaks")


def test_a_good_fit_has_no_warning_and_keeps_what_it_kept():
    signal, latent = mixture(3, 2000, 2.5, 0.8, 0.8, 0.4)
    kept, summary = kept_of(*np.exp(latent).T)
    assert summary["warning"] == ""
    assert summary["related_p"] < 1e-10
    assert 0.5 * signal.sum() < len(kept) < 1.1 * signal.sum()
