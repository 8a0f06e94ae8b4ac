"""Between networks: intervals that cover, and kinds that are beyond what twins make up or are not."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from dfim.statistics.several_networks import between_networks, beyond_twins

KEYS = ["grain", "pair"]


def kinds(**interactions):
    """A table of kinds by name, called where the interaction is above 1."""
    values = np.array(list(interactions.values()), float)
    return pd.DataFrame(
        {"grain": "names", "pair": list(interactions), "interaction": values, "share": values / 10,
         "called": (np.abs(values) > 1).astype(int)}
    )  # fmt: skip


def test_one_network_has_no_interval_between():
    table = between_networks([kinds(a=2.0, b=0.5)], KEYS)
    assert table["networks"].tolist() == [1, 1]
    assert table["interaction_networks"].tolist() == [2.0, 0.5]
    assert table[["interaction_networks_low", "share_networks_high"]].isna().all(axis=None)
    assert table["interaction"].tolist() == [2.0, 0.5]


def test_the_interval_is_that_of_a_t_test():
    tables = [kinds(a=2.0, b=0.5), kinds(b=1.5, a=3.0), kinds(a=2.6, b=-0.4)]
    table = between_networks(tables, KEYS).set_index("pair")
    for pair, values in (("a", [2.0, 3.0, 2.6]), ("b", [0.5, 1.5, -0.4])):
        interval = stats.ttest_1samp(values, 0).confidence_interval(0.95)
        assert table.loc[pair, "interaction_networks_low"] == pytest.approx(interval.low)
        assert table.loc[pair, "interaction_networks_high"] == pytest.approx(interval.high)
        assert table.loc[pair, "share_networks"] == pytest.approx(np.mean(values) / 10)
    assert table["networks_called"].tolist() == pytest.approx([1, 1 / 3])


def test_a_kind_that_a_network_lacks_counts_the_others():
    table = between_networks([kinds(a=2.0, b=1.0), kinds(a=4.0)], KEYS).set_index("pair")
    assert table["networks"].tolist() == [2, 1]
    assert table["interaction_networks"].tolist() == [3.0, 1.0]
    assert np.isnan(table.loc["b", "interaction_networks_low"])


def test_intervals_cover_the_mean_of_networks():
    values = np.random.default_rng(1).normal(3, 1, (400, 3))  # of as many kinds
    tables = [kinds(**{f"kind{kind}": value for kind, value in enumerate(one)}) for one in values.T]
    table = between_networks(tables, KEYS)
    assert len(table) == len(values)
    covered = (table["interaction_networks_low"] <= 3) & (table["interaction_networks_high"] >= 3)
    assert covered.mean() == pytest.approx(0.95, abs=0.03)


def test_beyond_twins_needs_twice_theirs_in_the_same_direction():
    twin = kinds(twice=1.0, more=1.0, other=-5.0, redundancy=-0.5, less=-0.8)
    table = beyond_twins(kinds(twice=2.0, more=2.1, other=2.0, redundancy=-1.1, less=-1.1), [twin], KEYS)
    assert table["beyond_twins"].tolist() == [0, 1, 1, 1, 0]
    assert table["interaction_twins"].tolist() == [1.0, 1.0, -5.0, -0.5, -0.8]
    assert table["interaction_twins_sd"].isna().all()


def test_three_twins_also_need_three_deviations():
    """Twins that differ: twice their mean is not enough. The last are those of a real additive logit."""
    twins = [kinds(a=value) for value in (0.1, 0.4, 0.7)]  # mean .4, standard deviation .3
    assert beyond_twins(kinds(a=1.2), twins, KEYS)["beyond_twins"].tolist() == [0]
    assert beyond_twins(kinds(a=1.4), twins, KEYS)["beyond_twins"].tolist() == [1]
    assert beyond_twins(kinds(a=1.2), twins[:2], KEYS)["beyond_twins"].tolist() == [1]
    additive = [kinds(a=value) for value in (0.34, 0.41, 0.36)]
    assert beyond_twins(kinds(a=0.48), additive, KEYS)["beyond_twins"].tolist() == [0]


def test_a_kind_that_no_twin_has_is_left_empty():
    table = beyond_twins(kinds(a=2.0, b=2.0), [kinds(a=0.1)], KEYS)
    assert table["twins"].tolist() == [1, 0]
    assert table["beyond_twins"].isna().tolist() == [False, True]


def test_several_networks_stand_by_their_mean():
    networks = between_networks([kinds(a=1.0), kinds(a=5.0)], KEYS)
    assert beyond_twins(networks, [kinds(a=1.4)], KEYS)["beyond_twins"].tolist() == [1]
    assert beyond_twins(networks.drop(columns="interaction_networks"), [kinds(a=1.4)], KEYS)[
        "beyond_twins"
    ].tolist() == [0]
