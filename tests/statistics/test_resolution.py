"""How many rows must stand out together, against Benjamini and Hochberg's q of rows that do."""

import numpy as np
import pandas as pd
import pytest

from dfim.statistics.draw_numbers import draws_of, scan_draws_of, shared_draws_of
from dfim.statistics.p_values import q_values, smallest_p
from dfim.statistics.replaced import p_replaced
from dfim.statistics.resolution import coarse_nulls, draws_needed, null_scores_needed, rows_needed


def smallest_q(standing_out, tests, n, two_tailed=False):
    """The q of rows beyond every null score, when no other row is unusual."""
    p = np.ones(tests)
    p[:standing_out] = smallest_p(n, two_tailed)
    return q_values(p)[0]


@pytest.mark.parametrize("two_tailed", [False, True])
@pytest.mark.parametrize(
    ("tests", "n"), [(1, 19), (1, 20), (40, 799), (40, 800), (100, 100), (983, 1966), (7, 3)]
)
def test_rows_needed_are_the_fewest_that_have_a_small_q(tests, n, two_tailed):
    needed = rows_needed(smallest_p(n, two_tailed), tests)
    if needed <= tests:
        assert smallest_q(needed, tests, n, two_tailed) < 0.05
    if needed > 1:
        assert smallest_q(min(needed - 1, tests), tests, n, two_tailed) >= 0.05


@pytest.mark.parametrize("two_tailed", [False, True])
@pytest.mark.parametrize(("tests", "rows"), [(1, 1), (40, 1), (40, 3), (600, 60), (601, 7)])
def test_null_scores_needed_are_the_fewest_that_do(tests, rows, two_tailed):
    n = null_scores_needed(tests, rows, two_tailed=two_tailed)
    assert rows_needed(smallest_p(n, two_tailed), tests) <= rows
    assert rows_needed(smallest_p(n - 1, two_tailed), tests) > rows


def test_auto_lets_a_lone_row_be_called_within_its_cost():
    assert draws_needed(600) == 20
    assert draws_needed(600, two_tailed=True) == 40
    for rows in (1, 2, 600, 5000):
        assert smallest_q(1, rows, rows * draws_needed(rows)) < 0.05
    assert draws_needed(50_000) == 2
    assert draws_needed(10**6) == 1
    # Rows of a stratum that are tested along with others need more null scores of their own.
    assert draws_needed(30, tests=300) == 200


def table(**columns):
    row = {"null_model": "dinucleotide", "score": "fis", "stratum": "all", "n": 100, "n_tested": 100}
    return pd.DataFrame([row | columns])


def test_a_coarse_null_is_named_with_its_remedy():
    (found,) = coarse_nulls(table(rows_needed=20))
    assert found == (
        "the null 'dinucleotide' of fis has 100 null scores for the 100 rows, so that 20 rows must stand out "
        "together before one can have q < 0.05: raise the key 'shuffles', or give it the value auto."
    )
    near, far = (
        table(null_model="matched", stratum=stratum, n_tested=tested, rows_needed=needed)
        for stratum, tested, needed in (("0–10 bp", 100, 20), ("over 10 bp", 10, 20))
    )
    (found,) = coarse_nulls(pd.concat([near, far], ignore_index=True))
    assert "for the 10 rows of the stratum 'over 10 bp', so that 20 rows" in found
    assert "(2 strata are too coarse): let 'members' take more rows" in found


def test_a_fine_null_and_a_lone_row_need_no_warning():
    assert not list(coarse_nulls(table(rows_needed=10)))
    assert not list(coarse_nulls(table(rows_needed=1, n_tested=3)))


@pytest.mark.parametrize(("level", "draws"), [(0.05, 20), (0.01, 100), (0.2, 5)])
def test_auto_lets_a_lone_pair_be_called_at_the_level_that_is_asked(level, draws):
    assert draws_of("auto", 30, 10**6, level) == draws
    scores, drawn = np.zeros(30), np.random.default_rng(0).normal(size=(30, draws))
    scores[7] = 1000
    assert p_replaced(scores, drawn, drawn)["q"][7] < level
    assert draws_of("auto", 30, 330, level) == min(draws, 11)
    assert draws_of(7, 30, 10**6, level) == 7


@pytest.mark.parametrize(("level", "draws"), [(0.05, 40), (0.1, 20)])
@pytest.mark.parametrize("rows", [1, 8, 120])
def test_shared_draws_are_twice_what_a_lone_kind_needs_and_those_of_scans_five_times(level, draws, rows):
    assert shared_draws_of("auto", level) == draws
    assert scan_draws_of("auto", level) == 5 * draws // 2
    assert shared_draws_of(7, level) == scan_draws_of(7, level) == 7
    scores, drawn = np.zeros(rows), np.random.default_rng(0).normal(size=(rows, draws // 2))
    scores[0] = 1000
    assert p_replaced(scores, drawn, drawn)["q"][0] < level
    fewer = drawn[:, 1:]
    assert p_replaced(scores, fewer, fewer)["q"][0] >= level
