"""Wilson's interval against another implementation, and at its ends."""

import numpy as np
import pytest
from scipy.stats import binomtest

from dfim.statistics.proportions import wilson


@pytest.mark.parametrize(("k", "n"), [(0, 5), (5, 5), (3, 10), (499, 1000)])
def test_wilson_is_that_of_scipy(k, n):
    interval = binomtest(k, n).proportion_ci(method="wilson")
    assert wilson(k / n, n) == pytest.approx((interval.low, interval.high), abs=1e-6)


def test_nothing_has_no_interval():
    assert np.isnan(wilson(np.nan, 0)).all()
