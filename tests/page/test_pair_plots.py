"""Which pairs a plot shows, and the sequence that each brings with it."""

import numpy as np
import pandas as pd
import pytest

from dfim.page.pair_plots import chosen_pairs, letters_around


def test_few_called_pairs_are_all_drawn_and_the_rest_at_random_always_the_same():
    tests = pd.DataFrame({"p": [0.5] * 100, "called": [0] * 100, "number": range(100)})
    tests.loc[[3, 50, 97], "called"] = 1
    tests.loc[10, "p"] = np.nan
    found = chosen_pairs(tests, 20, seed=1)
    assert len(found) == 20
    assert {3, 50, 97} <= set(found["number"])
    assert 10 not in set(found["number"])
    assert found["number"].is_monotonic_increasing
    pd.testing.assert_frame_equal(found, chosen_pairs(tests, 20, seed=1))
    assert set(found["number"]) != set(chosen_pairs(tests, 20, seed=2)["number"])
    assert len(chosen_pairs(tests, 99, seed=1)) == 99


@pytest.mark.parametrize(("called", "drawn"), [(60, 10), (95, 15), (100, 20)])
def test_many_called_pairs_leave_room_for_those_that_are_not(called, drawn):
    tests = pd.DataFrame({"p": [0.5] * 100, "called": [1] * called + [0] * (100 - called)})
    found = chosen_pairs(tests, 20, seed=1)
    assert len(found) == 20
    assert found["called"].sum() == drawn


def test_a_pair_brings_the_sequence_about_it():
    bases = np.random.default_rng(0).choice(np.frombuffer(b"ACGT", np.uint8), (2, 900))
    columns = {"example": [1, 0], "first_start": [300, 10], "first_end": [306, 16], "second_end": [420, 30]}
    pairs = pd.DataFrame(columns)
    found = letters_around(pairs, bases)
    assert found["from"] == [150, 0]
    assert found["letters"] == [bytes(bases[1, 150:570]).decode(), bytes(bases[0, :180]).decode()]
