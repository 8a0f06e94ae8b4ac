"""Signs are trusted where they agree with mutagenesis on called pairs, and nowhere else."""

import numpy as np
import pandas as pd
import pytest

from dfim.statistics.signs import COLUMNS, sign_agreement, signed_call


def pairs(n, right, called=1):
    interaction = np.tile([1.0, -2.0], n)[:n]
    signed_sum = np.where(np.arange(n) < right, interaction, -interaction)
    return pd.DataFrame(
        {
            "signed_sum": signed_sum,
            "interaction": interaction,
            "interaction_called": called,
            "block": np.arange(n),
        }
    )


@pytest.mark.parametrize(("right", "trusted"), [(100, 1), (90, 1), (89, 0), (50, 0), (0, 0)])
def test_from_nine_tenths_on(right, trusted):
    found = sign_agreement(pairs(100, right))
    assert list(found) == COLUMNS
    assert found["same_sign"] == right / 100
    assert found["trusted"] == trusted
    assert found["note"] == ("" if trusted else "sign not to be trusted")
    assert found["same_sign_low"] <= found["same_sign"] <= found["same_sign_high"]


def test_pairs_that_are_not_called_and_scores_of_zero_do_not_count():
    table = pd.concat([pairs(20, 20), pairs(100, 0, called=0)], ignore_index=True)
    assert sign_agreement(table)["same_sign"] == 1
    table.loc[:9, "signed_sum"] = 0.0
    assert sign_agreement(table)["n"] == 10


def test_of_few_called_pairs_nothing_is_known():
    found = sign_agreement(pairs(4, 4))
    assert found["trusted"] == 0
    assert found["note"] == "sign not to be trusted: fewer than 5 called pairs to compare it on"
    assert np.isnan(sign_agreement(pairs(4, 4, called=0))["same_sign"])


def test_the_interval_is_that_of_whole_blocks():
    once = pairs(50, 45)
    often = pd.concat([once] * 20, ignore_index=True)
    widths = [
        found["same_sign_high"] - found["same_sign_low"] for found in map(sign_agreement, (once, often))
    ]
    assert widths[1] == pytest.approx(widths[0], rel=0.2)


def test_calls_have_the_sign_or_say_that_it_is_not_known():
    called = np.array([True, True, False])
    assert signed_call([1, -1, 5], called, True).tolist() == ["synergy", "redundancy", ""]
    assert signed_call([1, -1, 5], called, False).tolist() == ["sign not to be trusted"] * 2 + [""]
