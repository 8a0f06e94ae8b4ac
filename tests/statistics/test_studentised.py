"""Scores in units of their own row: against the plainest loop, and what pooling them is good for."""

import numpy as np
import pandas as pd
import pytest

from dfim.errors import InputError
from dfim.statistics.null_tables import describe_nulls
from dfim.statistics.nulls import NullModel, add_significance
from dfim.statistics.studentised import (
    over_alike,
    over_mean_square,
    over_median,
    studentised,
    studentised_rows,
)


def test_a_size_is_over_the_root_mean_square_of_other_draws_of_its_row():
    rng = np.random.default_rng(1)
    scores, draws = rng.normal(size=7), rng.normal(size=(7, 4))
    found, null = studentised(scores, draws)
    for row in range(7):
        for number, value in enumerate(draws[row]):
            expected = abs(value) / np.sqrt(np.mean(np.square(np.delete(draws[row], number))))
            assert null[row, number] == pytest.approx(expected)
        assert found[row] == pytest.approx(abs(scores[row]) / np.sqrt(np.mean(np.square(draws[row, 1:]))))


@pytest.mark.parametrize(
    ("sizes", "squared_scale"),
    [
        (over_median, lambda values: np.sort(np.abs(values))[2] ** 2),
        (over_mean_square, lambda v: np.mean(v**2)),
    ],
)
@pytest.mark.parametrize("floor", [0.0, 0.7])
def test_shared_draws_are_over_a_size_of_score_and_draws_together(sizes, squared_scale, floor):
    rng = np.random.default_rng(8)
    scores, draws = rng.normal(size=7), rng.normal(size=(7, 4))
    found, null = sizes(scores, draws, floor)
    for row in range(7):
        values = np.array([scores[row], *draws[row]])
        scale = np.sqrt(squared_scale(values) + floor**2)
        np.testing.assert_allclose([found[row], *null[row]], np.abs(values) / scale)


def test_what_is_larger_than_a_median_of_0_is_infinite():
    found, null = over_median(np.array([0.0, 2.0]), np.array([[0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]))
    assert found.tolist() == [0, np.inf]
    assert null.tolist() == [[0, 0, np.inf], [0, 0, 0]]


def test_by_the_mean_square_one_piece_is_no_larger_than_what_does_everything_elsewhere():
    alone, others = over_mean_square(np.array([10.0, 0.0]), np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 1e4]]))
    np.testing.assert_allclose([alone[0], others[1, 2]], 2)


@pytest.mark.parametrize("piece", [3.0, 9.0])
@pytest.mark.parametrize("sizes", [over_median, over_mean_square])
def test_a_lone_row_of_shared_draws_has_the_rank_of_its_score(sizes, piece):
    """A piece that acts, too, is smaller than a larger score. By the mean square of the others it is not."""
    draws = np.full((1, 40), 0.1)
    draws[0, 7] = piece
    found, null = sizes(np.array([10.0]), draws)
    assert (null < found).all()
    by_square, null_by_square = studentised(np.array([10.0]), draws)
    assert null_by_square[0, 7] > by_square[0]


def test_zeros_are_0_and_a_row_of_its_own_scale_changes_nothing():
    found, null = studentised(np.array([0.0, 2.0, 0.0]), np.array([[0.0, 0.0], [0.0, 0.0], [1.0, 0.0]]))
    assert found.tolist() == [0, np.inf, 0]
    assert null.tolist() == [[0, 0], [0, 0], [np.inf, 0]]
    rng = np.random.default_rng(2)
    scores, draws, scale = rng.normal(size=5), rng.normal(size=(5, 6)), rng.uniform(1, 1000, 5)
    for one, other in zip(
        studentised(scores, draws), studentised(scores * scale, draws * scale[:, None]), strict=True
    ):
        np.testing.assert_allclose(one, other)


def variants(rng, n, draws, effect=0.0):
    """Variants and their draws, whose scale differs a hundredfold; the first tenth have an effect."""
    scale = np.exp(rng.uniform(0, np.log(100), n))
    values = rng.standard_t(5, size=(n, draws + 1)) * scale[:, None]
    values[: n // 10, 0] += effect * scale[: n // 10]
    table = pd.DataFrame({"example": range(n), "source": range(n), "signed_sum": values[:, 0]})
    rows = {"example": np.repeat(range(n), draws), "source": np.repeat(range(n), draws)}
    return table, pd.DataFrame({**rows, "signed_sum": values[:, 1:].ravel()})


def significance(table, null):
    model = NullModel("substitutions")
    return add_significance(table, null[:0], ["signed_sum"], [model], draws=null)


def test_a_complete_null_of_unequal_scales_has_uniform_p_and_hardly_ever_a_small_q():
    below, some = [], 0
    for run in range(200):
        found = significance(*variants(np.random.default_rng([3, run]), 60, 20))
        below.append((found["signed_sum_p"] < 0.05).mean())
        some += (found["signed_sum_q"] < 0.05).any()
    assert 0.045 <= np.mean(below) <= 0.055
    assert some / 200 <= 0.07


def test_of_a_signed_score_the_size_counts_in_one_tail():
    """A change far above, or below, all others has the smallest p of one tail, and none at all has p 1."""
    table, null = variants(np.random.default_rng(6), 50, 20)
    table.loc[:2, "signed_sum"] = [1e6, -1e6, 0]
    found = significance(table, null)["signed_sum_p"]
    assert found[:3].tolist() == [1 / 1001, 1 / 1001, 1]


def test_a_mixture_has_few_false_discoveries_and_more_true_ones_than_without_scaling():
    false, power, plain = [], [], []
    for run in range(150):
        table, null = variants(np.random.default_rng([4, run]), 200, 20, effect=15)
        small = (significance(table, null)["signed_sum_q"] < 0.05).to_numpy()
        false.append(small[20:].sum() / max(small.sum(), 1))
        power.append(small[:20].mean())
        pooled = add_significance(table, null, ["signed_sum"], [NullModel()])["signed_sum_q"]
        plain.append((pooled < 0.05)[:20].mean())
    assert np.mean(false) <= 0.055
    assert np.mean(power) > 0.95
    assert np.mean(plain) < 0.5


def test_rows_may_be_in_any_order_and_have_unequal_numbers_of_draws():
    table = pd.DataFrame({"source": [7, 3], "fis": [1.0, 2.0]})
    draws = pd.DataFrame({"source": [3, 7, 3, 7, 7], "fis": [4.0, 1.0, 3.0, 2.0, 2.0]})
    found, null = studentised_rows(table, draws, "fis")
    np.testing.assert_allclose(found, [1 / 2, 2 / 3])
    np.testing.assert_allclose(null, [4 / 3, 1 / 2, 3 / 4, 2 / np.sqrt(5 / 2), 2 / np.sqrt(5 / 2)])


def test_a_row_without_draws_is_refused():
    table = pd.DataFrame({"source": [7, 3], "fis": [1.0, 2.0]})
    draws = pd.DataFrame({"source": [7, 7, 3], "fis": [1.0, 2.0, 2.0]})
    with pytest.raises(InputError, match=r"^1 of 2 rows have fewer than 2 draws: raise the key 'draws'"):
        studentised_rows(table, draws, "fis")


def test_scores_at_a_distance_are_over_the_root_mean_square_of_null_scores_as_far_away():
    rng = np.random.default_rng(9)
    away, null_away = rng.integers(0, 4, 30), rng.integers(0, 4, 200)
    scores, values = rng.normal(size=30), rng.normal(size=200)
    found, null = over_alike(scores, away, values, null_away)
    for row in range(30):
        alike = values[null_away == away[row]]
        assert found[row] == pytest.approx(abs(scores[row]) / np.sqrt(np.mean(alike**2)))
    for row in range(200):
        others = np.delete(values, row)[np.delete(null_away, row) == null_away[row]]
        assert null[row] == pytest.approx(abs(values[row]) / np.sqrt(np.mean(others**2)))


def test_the_next_distances_help_out_where_a_distance_has_few_null_scores():
    null = np.array([3.0] * 12 + [1.0] * 2 + [3.0] * 8 + [50.0] * 30)
    null_away = np.array([4] * 12 + [5] * 2 + [6] * 8 + [7] * 30)
    found, _ = over_alike(np.array([1.0, 1.0, 0.0]), np.array([5, 2, 2]), null, null_away)
    assert found[0] == pytest.approx(1 / np.sqrt((20 * 9 + 2) / 22))
    assert np.isfinite(found).all()
    assert found[2] == 0
    sizes = over_alike(np.array([1.0]), np.array([0]), np.array([0.0] * 29 + [2.0]), np.zeros(30, int))
    assert np.isfinite(np.concatenate(sizes)).all()


def test_a_variant_of_whose_draws_one_alone_changes_anything_has_a_p():
    """Over the mean square of the others, zeros, that draw is infinite."""
    rng = np.random.default_rng(4)
    table, drawn = variants(rng, 30, 10)
    drawn.loc[drawn["source"] == 3, "signed_sum"] = [0.0] * 9 + [2.0]
    spec = NullModel("substitutions", draws=10)
    found = add_significance(table, table.iloc[:0], ["signed_sum"], [spec], draws=drawn)
    assert found["signed_sum_p"].between(1 / 301, 1).all()


def test_variants_that_nothing_changes_do_not_make_the_p_of_others_small():
    rng = np.random.default_rng(5)
    table, drawn = variants(rng, 2000, 10)
    dead = rng.permutation(2000)[:1000]
    table.loc[table["source"].isin(dead), "signed_sum"] = 0.0
    drawn.loc[drawn["source"].isin(dead), "signed_sum"] = 0.0
    spec = NullModel("substitutions", draws=10)
    found = add_significance(table, table.iloc[:0], ["signed_sum"], [spec], draws=drawn)
    alive = ~found["source"].isin(dead)
    assert (found.loc[~alive, "signed_sum_p"] == 1).all()
    # With their zeros among the draws it is twice as much.
    assert 0.035 < (found.loc[alive, "signed_sum_p"] <= 0.05).mean() < 0.065
    # A variant that changes something is pooled even if none of its draws does.
    table.loc[table["source"] == dead[0], "signed_sum"] = 1.0
    again = add_significance(table, table.iloc[:0], ["signed_sum"], [spec], draws=drawn)
    assert again.set_index("source").loc[dead[0], "signed_sum_p"] < 0.001
    assert describe_nulls(table, table.iloc[:0], ["signed_sum"], [spec], draws=drawn)["n"].item() == 10_010
    table.loc[table["source"] == dead[0], "signed_sum"] = 0.0
    told = describe_nulls(table, table.iloc[:0], ["signed_sum"], [spec], draws=drawn)
    assert told["n"].tolist() == [10_000]
