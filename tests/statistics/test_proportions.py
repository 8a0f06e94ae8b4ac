"""Wilson's interval against another implementation, and at its ends."""

import numpy as np
import pytest
from scipy.stats import binomtest

from dfim.statistics.proportions import share_interval, wilson


@pytest.mark.parametrize(("k", "n"), [(0, 5), (5, 5), (3, 10), (499, 1000)])
def test_wilson_is_that_of_scipy(k, n):
    interval = binomtest(k, n).proportion_ci(method="wilson")
    assert wilson(k / n, n) == pytest.approx((interval.low, interval.high), abs=1e-6)


def test_nothing_has_no_interval():
    assert np.isnan(wilson(np.nan, 0)).all()
    assert np.isnan(share_interval(np.empty(0, bool), np.empty(0))).all()


def test_rows_in_blocks_of_one_are_independent_and_copies_add_nothing():
    holds = np.arange(60) < 12
    assert share_interval(holds, np.arange(60)) == pytest.approx(wilson(0.2, 59), abs=1e-9)
    copies = share_interval(np.repeat(holds, 7), np.repeat(np.arange(60), 7))
    assert copies == pytest.approx(share_interval(holds, np.arange(60)), abs=1e-9)
    assert share_interval(np.zeros(60, bool), np.arange(60) // 2) == pytest.approx(wilson(0, 30))


def test_blocks_that_are_more_alike_than_chance_are_worth_no_more_than_their_rows():
    holds = np.tile([True, False], 50)
    holds[1] = True
    assert share_interval(holds, np.arange(100) // 2) == pytest.approx(wilson(0.51, 100))


@pytest.mark.parametrize(
    ("blocks", "rows", "share", "alike"),
    [(100, 1, 0.002, 0), (100, 1, 0.01, 0), (300, 1, 0.995, 0), (40, 5, 0.05, 0.3), (100, 10, 0.05, 0.05)],
)
def test_the_interval_of_a_share_has_it_at_its_rate(blocks, rows, share, alike):
    """Where next to none, or all, of the rows hold, too. Resamples of blocks have it in .18 of the first."""
    covered = []
    for run in range(400):
        rng = np.random.default_rng([run, blocks, rows])
        scale = (1 - alike) / alike if alike else np.inf
        chance = rng.beta(share * scale, (1 - share) * scale, blocks) if alike else np.full(blocks, share)
        holds = rng.random((blocks, rows)) < chance[:, None]
        low, high = share_interval(holds.ravel(), np.repeat(np.arange(blocks), rows))
        covered.append(low <= share <= high)
    assert np.mean(covered) >= 0.9
