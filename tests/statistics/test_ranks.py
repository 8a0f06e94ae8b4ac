"""Ranks among draws: uniform under the hypothesis, whatever the blocks; exact where blocks are few."""

import numpy as np
import pytest
from scipy.stats import kstest, norm

from dfim.statistics.ranks import p_of_median, p_of_ranks
from dfim.statistics.replaced import ranks_among_draws


def test_of_one_block_p_is_that_of_its_rank():
    for smaller in range(5):  # of 4 draws
        p = p_of_ranks(np.array([(smaller + 0.5) / 5]), np.array([0]), 4)
        assert p == pytest.approx((5 - smaller) / 5)


def test_of_three_blocks_p_is_the_share_of_all_outcomes():
    sums = np.add.outer(np.add.outer(np.arange(4), np.arange(4)), np.arange(4)).ravel()  # of 3 draws each
    for ranks in ([3, 3, 3], [3, 2, 3], [0, 1, 0], [0, 0, 0]):
        p = p_of_ranks((np.array(ranks) + 0.5) / 4, np.arange(3), 3)
        assert p == pytest.approx((sums >= sum(ranks)).mean())


def test_beyond_the_exact_numbers_the_normal_distribution_is_as_good():
    """Of 151 blocks with ranks among 2 draws, against the distribution of their sum."""
    exact = np.ones(1)
    for _ in range(151):
        exact = np.convolve(exact, np.full(3, 1 / 3))
    for smaller in (151, 165, 180):
        ranks = np.full(151, 0.5)
        ranks[: smaller - 151] = 2.5 / 3
        p = p_of_ranks(ranks, np.arange(151), 2)
        assert p == pytest.approx(exact[smaller:].sum(), rel=0.03)


@pytest.mark.parametrize("blocks", [20, 400])
def test_p_is_uniform_under_the_hypothesis(blocks):
    rng = np.random.default_rng(0)
    p = []
    for _ in range(500):
        ranks = ranks_among_draws(rng.normal(size=blocks), rng.normal(size=(blocks, 10)))
        p.append(p_of_ranks(ranks, np.arange(blocks), 10))
    assert kstest(p, "uniform").pvalue > 0.01


def test_pairs_of_a_block_count_once():
    """Rows of one block that are copies say no more than one, and of independent ones p is no smaller."""
    rng = np.random.default_rng(1)
    once = ranks_among_draws(rng.normal(size=30) * 2, rng.normal(size=(30, 10)))
    often = np.repeat(once, 7)
    assert p_of_ranks(often, np.repeat(np.arange(30), 7), 10) == p_of_ranks(once, np.arange(30), 10)
    below = []
    for _ in range(300):
        ranks = ranks_among_draws(rng.normal(size=60), rng.normal(size=(60, 10)))
        below.append(p_of_ranks(ranks, np.arange(60) // 3, 10) < 0.05)
    assert np.mean(below) <= 0.05


def test_the_median_p_is_worth_its_number():
    assert p_of_median(np.array([0.03])) == 0.03
    assert p_of_median(np.array([0.9, 0.02])) == pytest.approx(2 * 0.02)
    assert p_of_median(np.array([0.9, 0.001, 0.02])) == pytest.approx(1.5 * 0.02)
    assert p_of_median(np.array([0.9, 0.01, 0.04, 0.02])) == pytest.approx(2 * 0.02)
    assert p_of_median(np.array([0.9, 0.8])) == 1


@pytest.mark.parametrize("alike", [0, 0.5, 0.9, 1])
def test_the_median_p_holds_its_level_whatever_the_dependence(alike):
    rng = np.random.default_rng(2)
    common = np.sqrt(alike) * rng.normal(size=(4000, 1))
    p = norm.sf(common + np.sqrt(1 - alike) * rng.normal(size=(4000, 9)))
    assert np.mean([p_of_median(row) <= 0.05 for row in p]) <= 0.055


def test_no_ranks_no_p():
    assert np.isnan(p_of_ranks(np.empty(0), np.empty(0), 10))
    assert np.isnan(p_of_median(np.empty(0)))
