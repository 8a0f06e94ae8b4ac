"""A null that is too narrow is found out; one that holds is not."""

import numpy as np
import pandas as pd
import pytest

from dfim.statistics.null_checks import ROW_COLUMNS, summarise_checks


def rows_of(p, blocks=None):
    table = pd.DataFrame({"p_tested": p, "p": p, "called": 0, "block": np.arange(len(p))})
    if blocks is not None:
        table["block"] = blocks
    return table.assign(check="decoy", method="", score="interaction").reindex(columns=ROW_COLUMNS)


@pytest.mark.parametrize(("power", "holds"), [(1, 1), (1.3, 0), (0.7, 1)])
def test_uniform_p_hold_and_smaller_ones_do_not(power, holds):
    p = np.random.default_rng(1).random(6000) ** power
    row = summarise_checks(rows_of(p)).iloc[0]
    assert row["holds"] == holds
    assert row["share"] == (p <= 0.05).mean()
    assert row["share_low"] < row["share"] < row["share_high"]


def test_a_share_above_the_level_holds_where_chance_may_have_made_it():
    """Of 200 rows 13 are .065, no more than chance; of 2000 the same share is."""
    few, many = (
        summarise_checks(rows_of(np.where(np.arange(number) < 0.065 * number, 0.01, 0.5))).iloc[0]
        for number in (200, 2000)
    )
    assert few["share"] == many["share"] == 0.065
    assert (few["holds"], many["holds"]) == (1, 0)
    assert few["share_low"] < 0.05 < many["share_low"]


def test_rows_of_one_block_count_once():
    """Ten times the same row is one: the interval is as wide as that of one of them."""
    p = np.random.default_rng(2).random(200)
    once = summarise_checks(rows_of(p)).iloc[0]
    repeated = summarise_checks(rows_of(np.repeat(p, 10), np.repeat(np.arange(200), 10))).iloc[0]
    assert (repeated["n"], repeated["n_blocks"]) == (2000, 200)
    ends = ["share_low", "share_high"]
    assert repeated[ends].tolist() == pytest.approx(once[ends].tolist())


def test_too_few_rows_tell_nothing():
    """Of 99 rows fewer than five are expected below the level; with one more the share is judged."""
    few, enough = (summarise_checks(rows_of(np.full(number, 0.5))).iloc[0] for number in (99, 100))
    assert np.isnan(few["holds"])
    assert enough["holds"] == 1


def test_the_larger_of_two_p_is_told_and_not_judged():
    """Of untrained pairs no p is uniform: their share below the level is told, and holds nothing."""
    rows = rows_of(np.random.default_rng(3).random(6000) ** 0.5).assign(p_tested=np.nan)
    row = summarise_checks(rows).iloc[0]
    assert row["share"] == (rows["p"] <= 0.05).mean()
    assert np.isnan(row["holds"])
