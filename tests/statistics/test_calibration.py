"""Held-out null scores: whether p hold their level is found, and is not where it cannot be told."""

import numpy as np
import pandas as pd
import pytest

from dfim.statistics.calibration import COLUMNS, QUANTILE_COLUMNS, calibration
from dfim.statistics.nulls import NullModel

NULL = [NullModel()]


def skewed_null(n=20_000):
    rng = np.random.default_rng(8)
    scores = rng.gamma(0.3, size=n)
    return pd.DataFrame({"example": np.arange(n) // 4, "fis": scores, "signed_sum": rng.normal(size=n)})


def shares(null, score="fis", method="empirical", **options):
    table, _ = calibration(
        null[:0], null, [score], options.pop("models", NULL), method=method, others=[], **options
    )
    return table


def test_the_fit_is_too_kind_for_skewed_scores_and_the_empirical_p_is_not():
    null = skewed_null()
    table, quantiles = calibration(null[:0], null, ["fis"], NULL)
    assert list(table.columns) == COLUMNS
    assert list(quantiles.columns) == QUANTILE_COLUMNS
    assert set(table["method"]) == {"empirical", "gaussian", "released"}
    fitted, _ = calibration(null[:0], null, ["fis"], NULL, method="generalised_pareto", others=[])
    share = pd.concat([table, fitted]).set_index(["method", "level"])
    for method in ("empirical", "generalised_pareto"):
        for level in (0.05, 0.01, 0.001):
            row = share.loc[(method, level)]
            assert abs(row["share"] - level) < 4 * np.sqrt(2 * level / len(null))
            assert row["share_low"] < row["share"] < row["share_high"]
            assert row["holds"] == 1
    for method in ("gaussian", "released"):
        assert share.loc[(method, 0.001), "share"] > 0.01
        assert share.loc[(method, 0.001), "holds"] == 0


def test_quantiles_are_those_of_a_uniform_distribution_where_p_hold_their_level():
    _, quantiles = calibration(skewed_null()[:0], skewed_null(), ["fis"], NULL, others=[])
    assert quantiles["expected"].is_monotonic_increasing
    assert quantiles["n"].iloc[0] == 20_000
    large = quantiles[quantiles["expected"] > 0.01]
    np.testing.assert_allclose(large["observed"], large["expected"], rtol=0.1)


def test_the_expected_share_of_a_quantile_is_the_middle_of_its_rank():
    null = pd.DataFrame({"example": range(50), "fis": np.random.default_rng(3).random(50)})
    _, quantiles = calibration(null[:0], null, ["fis"], NULL, others=[])
    np.testing.assert_allclose(quantiles["expected"].iloc[[0, 1, -1]], [0.5 / 50, 1.5 / 50, 49.5 / 50])
    assert quantiles["observed"].iloc[-1] > 0.95


def test_a_share_off_by_chance_holds_where_the_interval_of_whole_examples_has_the_level():
    # 40 examples of 100 equal scores: 3 of them, 7.5 %, exceed nearly all others, as 2 would.
    of_example = np.random.default_rng(4).permutation(40)
    null = pd.DataFrame({"example": np.repeat(np.arange(40), 100), "fis": np.repeat(of_example, 100)})
    at = shares(null.assign(fis=null["fis"].astype(float)))
    at = at[at["level"] == 0.05].iloc[0]
    assert not 0.045 <= at["share_ties_broken"] <= 0.055
    assert at["share_high"] - at["share_low"] > 0.08
    assert at["holds"] == 1
    # The same scores one by one, each in an example of its own, leave no doubt.
    alone = shares(null.assign(example=(np.arange(4000) % 100) * 40 + null["example"]))
    assert alone.query("level == 0.05")["share_high"].iloc[0] - alone["share_low"].iloc[0] < 0.03


def test_whole_examples_are_held_out():
    # One value per example: rows of the held-out example in the null would make its own p large.
    null = pd.DataFrame({"example": np.repeat([0, 1], 500), "fis": np.repeat([1.0, 2.0], 500)})
    table = shares(null)
    # Example 1 exceeds all of example 0 (p = 1/501 < .05, .01), example 0 exceeds none.
    assert list(table["share"]) == [0.5, 0.5, 0]
    assert set(table["n"]) == {1000}


def near_and_far(n=20_000):
    rng = np.random.default_rng(11)
    distance = rng.integers(-100, 101, size=n)
    distance[:6] = [-20, 20, 21, -50, 51, 0]
    fis = rng.random(n) * np.where(np.abs(distance) <= 20, 10, 1)
    return pd.DataFrame({"example": np.arange(n) // 4, "fis": fis, "distance": distance})


def test_by_distance_a_pooled_null_does_not_hold_its_level_and_a_conditional_one_does():
    null = near_and_far()
    pooled = shares(null)
    assert list(pooled["distance"]) == np.repeat(["all", "0–20", "21–50", "over 50"], 3).tolist()
    at = pooled[pooled["level"] == 0.05].set_index("distance")
    assert at.loc["0–20", "n"] == (null["distance"].abs() <= 20).sum()
    assert at.loc["21–50", "n"] == null["distance"].abs().between(21, 50).sum()
    assert at["n"].iloc[1:].sum() == at.loc["all", "n"] == 20_000
    assert at.loc["all", "holds"] == 1
    # All of the largest twentieth are of the near fifth.
    assert at.loc["0–20", "share"] == pytest.approx(0.05 * 20_000 / at.loc["0–20", "n"], rel=0.05)
    assert (at.loc[["21–50", "over 50"], "share"] == 0).all()
    assert (at.loc[["0–20", "21–50", "over 50"], "holds"] == 0).all()
    conditional = shares(null, models=[NullModel(distances=(20,))])
    assert (conditional.loc[conditional["level"] > 0.001, "holds"] == 1).all()


def test_rows_known_not_to_interact_show_a_null_that_is_not_theirs():
    null = skewed_null(4000)
    table = pd.concat([null.assign(fis=null["fis"] * 2), null.assign(fis=1e3)], ignore_index=True)
    idle = np.arange(len(table)) < 4000
    found, _ = calibration(table, null, ["fis"], NULL, idle, others=[])
    share = found[found["level"] == 0.05].set_index("tested")["share"]
    assert share["held-out null"] == pytest.approx(0.05, abs=0.01)
    assert share["not interacting"] > 0.08
    assert (found[found["tested"] == "not interacting"]["n"] == 4000).all()


def test_a_conservative_null_model_may_call_fewer():
    rng = np.random.default_rng(12)
    kind = rng.choice(["wide", "narrow"], 8000)
    null = pd.DataFrame({"example": np.arange(8000) // 4, "source_name": kind})
    null["fis"] = rng.random(8000) * np.where(kind == "wide", 10, 1)
    table = shares(null, models=[NullModel(each=("source_name",))])
    at = table[table["level"] == 0.05].iloc[0]
    assert at["share"] == pytest.approx(0.025, abs=0.006)
    assert at["holds"] == 1


def test_an_empty_bin_and_a_single_example_have_no_share_and_no_verdict():
    null = pd.DataFrame({"example": [0, 0, 1, 1], "fis": [1.0, 2, 3, 4], "distance": [0, 5, -60, 70]})
    table = shares(null)
    empty = table[table["distance"] == "21–50"]
    assert (empty["n"] == 0).all()
    assert empty["share"].isna().all()
    assert (table.loc[table["distance"] == "over 50", "n"] == 2).all()
    assert set(table["holds"]) == {""}
    single = shares(null[:2])
    assert (single["n"] == 0).all()
    assert single["share"].isna().all()


def test_ties_make_p_conservative_and_the_verdict_is_on_ties_broken():
    rng = np.random.default_rng(13)
    null = pd.DataFrame({"example": np.arange(8000) // 4, "fis": rng.gamma(1, size=8000)})
    # Of 98 % the score is exactly 0.
    null.loc[rng.random(8000) < 0.98, "fis"] = 0.0
    at = shares(null)
    at = at[at["level"] == 0.05].iloc[0]
    assert at["share"] == pytest.approx(0.02, abs=0.005)
    assert at["share_ties_broken"] == pytest.approx(0.05, abs=0.01)
    assert at["holds"] == 1


def test_equal_null_scores_are_calibrated_by_the_method_that_can():
    null = pd.DataFrame({"example": range(40), "fis": 0.0})
    table, _ = calibration(null[:0], null, ["fis"], NULL)
    assert set(table["method"]) == {"empirical"}
    assert (table["share"] == 0).all()


def test_a_null_whose_scores_differ_in_one_fold_alone_is_left_to_the_empirical_p():
    # As of a sparse network: all null scores are 0, but those of examples that are held out together.
    n = 100
    null = pd.DataFrame({"example": np.arange(n), "fis": np.where(np.arange(n) % 5 == 2, np.arange(n), 0.0)})
    table, _ = calibration(null[:0], null, ["fis"], NULL)
    assert set(table["method"]) == {"empirical"}
    # Two folds with scores, and a Gaussian can be fitted to the others of each.
    table, _ = calibration(null[:0], null.assign(fis=np.arange(n) % 5 * 1.0), ["fis"], NULL)
    assert set(table["method"]) == {"empirical", "gaussian", "released"}


def kinds(n=400, wrong=0.0):
    """Pairs of four kinds: three that do not interact, of which ``c`` does after all if wrong is above 0."""
    rng = np.random.default_rng(12)
    kind = np.tile(["a", "b", "c", "interacting"], n)
    scores = (
        rng.gamma(2, size=4 * n) + np.where(kind == "interacting", 20, 0) + np.where(kind == "c", wrong, 0)
    )
    return pd.DataFrame({"example": np.arange(4 * n) // 4, "kind": kind, "fis": scores})


def test_members_hold_their_level_by_construction_but_not_against_other_kinds():
    models = [NullModel("matched", "kind != 'interacting'", each=("kind",))]
    for wrong in (0.0, 20.0):
        table = kinds(wrong=wrong)
        idle = (table["kind"] != "interacting").to_numpy()
        found, _ = calibration(table, table[:0], ["fis"], models, idle, others=[])
        found = found[found["level"] == 0.05].set_index("tested")
        own = found.loc[["held-out null", "not interacting"]]
        assert (own["by_construction"] == 1).all()
        assert (own["share"] <= 0.055).all()
        other = found.loc["members, against other kinds"]
        assert other["by_construction"] == 0
        # A kind that does interact, though declared not to, stands out against the others.
        assert other["holds"] == (wrong == 0)
        assert (other["share"] > 0.3) == (wrong > 0)


def test_what_cannot_be_off_is_told_from_what_can():
    null = near_and_far()
    for model, sure in (
        (NullModel(), {"all"}),
        (NullModel(distances=(20, 50)), {"all", "0–20", "21–50", "over 50"}),
    ):
        table, _ = calibration(null, null, ["fis"], [model], np.ones(len(null), dtype=bool))
        own = table[(table["tested"] == "held-out null") & (table["method"] == "empirical")]
        assert set(own.loc[own["by_construction"] == 1, "distance"]) == sure
        # Real rows are never sure to hold, nor is a fitted distribution.
        assert (table.loc[table["tested"] == "not interacting", "by_construction"] == 0).all()
        assert (table.loc[table["method"] == "gaussian", "by_construction"] == 0).all()


def test_draws_near_a_variant_show_a_network_that_reads_where_they_lie():
    rng = np.random.default_rng(13)
    n, draws = 300, 20
    rows = {"source": np.repeat(np.arange(n), draws), "example": np.repeat(np.arange(n), draws)}
    distance = rng.integers(5, 101, n * draws)
    sources = pd.DataFrame({"source": range(n), "example": range(n), "fis": rng.random(n)})
    for reads_place in (False, True):
        size = rng.random(n * draws) * (np.where(distance <= 20, 3, 1) if reads_place else 1)
        null = pd.DataFrame({**rows, "distance": distance, "fis": size})
        found, _ = calibration(
            sources, null[:0], ["fis"], [NullModel("substitutions")], others=[], draws=null
        )
        near = found[(found["distance"] == "0–20") & (found["level"] == 0.05)].iloc[0]
        assert near["by_construction"] == 0
        assert near["holds"] == (not reads_place)
