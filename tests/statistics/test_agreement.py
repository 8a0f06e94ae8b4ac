"""Agreement with mutagenesis: scipy's correlation, and intervals over whole examples or blocks."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import spearmanr

from dfim.statistics.agreement import AGREEMENT_COLUMNS, REMOVAL_COLUMNS, agreement, removal_agreement


def scored(n=500, seed=1):
    rng = np.random.default_rng(seed)
    interaction = rng.normal(size=n)
    return pd.DataFrame(
        {
            "example": np.arange(n) // 2,
            "pair": rng.choice(["A–A", "A–B"], n),
            "within_reach": 1,
            "fis": np.abs(interaction) + rng.gamma(1, size=n),
            "signed_sum": interaction + rng.normal(size=n),
            "interaction": interaction,
            "interaction_probability": expit(interaction) - 0.5,
        }
    )


def test_agreement_is_the_rank_correlation():
    pairs = scored()
    found = agreement(pairs)
    assert list(found.columns) == AGREEMENT_COLUMNS
    assert set(found["pairs"]) == {"all", "A–A", "A–B"}
    table = found.set_index(["pairs", "score", "scale"])
    row = table.loc[("A–B", "signed_sum", "logit")]
    part = pairs[pairs["pair"] == "A–B"]
    assert row["spearman"] == pytest.approx(spearmanr(part["signed_sum"], part["interaction"])[0])
    assert row["spearman_low"] < row["spearman"] < row["spearman_high"]
    assert row["share_same_sign"] == pytest.approx(
        ((part["signed_sum"] > 0) == (part["interaction"] > 0)).mean()
    )
    sizes = table.loc[("all", "fis", "probability")]
    assert sizes["spearman"] == pytest.approx(
        spearmanr(pairs["fis"], pairs["interaction_probability"].abs())[0]
    )
    assert np.isnan(sizes["share_same_sign"])


def test_the_interval_is_that_of_whole_examples():
    """Every row ten times in its example: no more is known than from one of each."""
    once = scored(300).assign(example=range(300))
    often = pd.concat([once] * 10, ignore_index=True)
    widths = [
        (table["spearman_high"] - table["spearman_low"])[0] for table in (agreement(once), agreement(often))
    ]
    assert widths[1] == pytest.approx(widths[0], rel=0.15)
    # 95 % of a rank correlation of 300 single rows: Fisher's transformation, 1.06 / (n - 3) its variance.
    r = agreement(once)["spearman"][0]
    bounds = np.tanh(np.arctanh(r) + np.array([-1, 1]) * 1.96 * np.sqrt(1.06 / 297))
    assert widths[0] == pytest.approx(np.diff(bounds)[0], rel=0.25)


def test_pairs_out_of_reach_do_not_count_and_equal_values_have_no_correlation():
    pairs = scored()
    pairs.loc[:99, ["within_reach", "signed_sum"]] = [0, 1e6]
    pd.testing.assert_frame_equal(agreement(pairs), agreement(pairs[100:].reset_index(drop=True)))
    flat = agreement(pairs.assign(interaction=0.0)).set_index(["pairs", "score", "scale"])
    assert np.isnan(flat.loc[("all", "fis", "logit"), "spearman"])
    assert flat.loc[("all", "fis", "probability"), "spearman"] > 0.3


def test_two_ways_of_removing_a_feature_are_compared_where_both_were_measured():
    rng = np.random.default_rng(0)
    x = rng.normal(size=60)
    tests = pd.DataFrame({"interaction": x, "interaction_other_removal": x + rng.normal(size=60) / 4})
    tests = tests.assign(block=np.arange(60) // 2)
    tests.loc[40:, "interaction_other_removal"] = np.nan
    (row,) = removal_agreement(tests).itertuples()
    assert (row.n, row.n_blocks) == (40, 20)
    known = tests[:40]
    assert row.spearman == pytest.approx(
        spearmanr(known["interaction"], known["interaction_other_removal"])[0]
    )
    assert row.spearman_low < row.spearman < row.spearman_high
    same = np.sign(known["interaction"]) == np.sign(known["interaction_other_removal"])
    assert row.share_same_sign == same.mean()
    # What is 0, as below the rounding of the outputs, has no sign to agree on.
    tests.loc[:9, "interaction"], tests.loc[5:14, "interaction_other_removal"] = 0.0, 0.0
    (row,) = removal_agreement(tests).itertuples()
    assert row.share_same_sign == same[15:].mean()
    assert f"of the 25 that are not 0 {row.share_same_sign:.0%} the same sign" in row.note
    none = removal_agreement(tests[40:])
    assert list(none.columns) == REMOVAL_COLUMNS
    assert none["note"][0] == "no pair was measured with features removed in the other way"
