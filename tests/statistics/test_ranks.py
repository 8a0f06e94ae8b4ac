"""Ranks among draws: uniform under the hypothesis, whatever the blocks; exact where blocks are few."""

import numpy as np
import pytest
from scipy.stats import kstest

from dfim.statistics.ranks import p_of_ranks
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


def test_no_ranks_no_p():
    assert np.isnan(p_of_ranks(np.empty(0), np.empty(0), 10))
