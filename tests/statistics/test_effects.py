"""Effects of pairs: logic of two features, the floor of the share, and an independent sum."""

import numpy as np
import pandas as pd
import pytest

from dfim.statistics.effects import OUTPUTS, called, effects, resolution, resolved, sign_of

FLAT = np.zeros(5)


def outputs(*rows):
    return pd.DataFrame(rows, columns=OUTPUTS, index=np.arange(len(rows)) + 7)


@pytest.mark.parametrize(
    ("values", "interaction", "share"),
    [
        ((1, 0, 0, 0), 1, 1),  # both are needed
        ((1, 1, 1, 0), -1, -1),  # either is enough
        ((2, 1, 1, 0), 0, 0),  # they add up
        ((-3, 0, 0, 0), -3, -1),  # together they lower the output
        ((0, 0, 0, 0), 0, 0),
    ],
)
def test_logic(values, interaction, share):
    row = effects(outputs(values), FLAT).loc[7]
    assert row["interaction"] == interaction
    assert row["share"] == share


def test_effects_are_differences_of_outputs():
    rng = np.random.default_rng(0)
    table = outputs(*rng.normal(size=(20, 4)))
    found = effects(table, FLAT)
    np.testing.assert_allclose(
        found["interaction"], found["effect_first"] + found["effect_second"] - found["total"]
    )
    largest = found[["effect_first", "effect_second", "total"]].abs().max(axis=1)
    np.testing.assert_allclose(found["share"], found["interaction"] / largest)
    assert found.index.equals(table.index)


def test_a_pair_without_an_effect_has_no_share():
    shuffled = np.array([-10.0, 10.0])  # a standard deviation of 10, and so a floor of 1
    small, large = effects(outputs((0.01, 0, 0, 0), (5, 0, 0, 0)), shuffled)["share"]
    assert small == pytest.approx(0.01)
    assert large == 1


def test_a_pair_of_the_least_share_is_called_and_one_with_q_at_the_level_is_not():
    q, share = np.array([0.049, 0.05, 0.049, np.nan]), np.array([-0.1, 0.5, 0.099, 0.5])
    assert called(q, share, 0.05, 0.1).tolist() == [True, False, False, False]


def test_signs_are_of_called_pairs_alone():
    assert sign_of([1.0, -1.0, 2.0], [True, True, False]).tolist() == ["synergy", "redundancy", ""]


def test_what_is_smaller_than_the_last_places_of_the_outputs_is_rounding():
    """Sums in float32: four outputs near 1024 that add up differ by some units in the last place."""
    rng = np.random.default_rng(3)
    one, other = rng.normal(size=(2, 500)).astype(np.float32)
    base = np.float32(1024)
    sums = [base + one + other, base + other, base + one, np.full(500, base)]
    table = outputs(*np.column_stack(sums).astype(float))
    exact = table["output"] - table["without_first"] - table["without_second"] + table["without_both"]
    assert (exact != 0).mean() > 0.1
    assert (effects(table, FLAT)["interaction"] == 0).all()
    draws = exact.to_numpy()[:, None] * np.ones(3)
    assert (resolved(draws, resolution(table)) == 0).all()
    assert (resolved(draws + 1, resolution(table)) == draws + 1).all()
    synergy = table.assign(output=table["output"] + 0.01)
    np.testing.assert_allclose(effects(synergy, FLAT)["interaction"], exact + 0.01)


def test_an_output_near_0_is_as_coarse_as_the_others():
    """It is a sum of larger terms; what is rounding is judged by the usual size of an output, or its own."""
    least = resolution(outputs((0, 0, 0, 0), (1000, 0, 0, 0), (3, 3, 3, 3)))
    usual = np.sqrt((1000**2 + 4 * 3**2) / 12)
    np.testing.assert_allclose(least * 2**18, [usual, 1000, usual])
