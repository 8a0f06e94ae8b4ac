"""p and q of pairs and of profiles, from scores with a planted truth."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import false_discovery_control

from dfim.errors import InputError
from dfim.interactions.shards import Profiles
from dfim.interactions.significance import pair_significance, profile_significance
from dfim.statistics.nulls import NullModel
from dfim.statistics.p_values import p_values


def pair_scores(n=60):
    """Real and shuffled scores of pairs of two features on each of n examples."""
    rng = np.random.default_rng(9)
    features = pd.DataFrame(
        {
            "feature": range(2 * n),
            "example": np.repeat(range(n), 2),
            "name": ["SIX5", "ELF1"] * n,
            "group": "",
            "start": [10, 50] * n,
            "end": [20, 60] * n,
        }
    )
    rows = [
        (replicate, example, 2 * example + side, 2 * example + 1 - side)
        for replicate in range(4)
        for example in range(n)
        for side in (0, 1)
    ]
    table = pd.DataFrame(rows, columns=["replicate", "example", "source", "target"])
    real = table["replicate"] == 0
    table["signed_sum"] = rng.normal(size=len(table)) + 3 * real
    table["fis"] = table["signed_sum"].abs()
    return table, features


def test_pairs_get_p_of_the_pooled_null_and_q_over_all():
    scores, features = pair_scores()
    found = pair_significance(scores, features)
    pairs = found.results
    assert len(pairs) == 120
    assert len(found.null) == 360
    columns = ["replicate", "example", "source", "target", "pair", "fis", "signed_sum"]
    assert list(found.null.columns) == columns
    for score, two_tailed in (("fis", False), ("signed_sum", True)):
        shuffled = scores.loc[scores["replicate"] > 0, score].to_numpy()
        p = p_values(pairs[score].to_numpy(), shuffled, "empirical", two_tailed)
        np.testing.assert_allclose(pairs[f"{score}_p"], p)
        np.testing.assert_allclose(pairs[f"{score}_q"], false_discovery_control(p))
    assert set(pairs["pair"]) == {"ELF1–SIX5"}
    assert set(found.nulls["score"]) == set(found.calibration["score"]) == {"fis", "signed_sum"}
    # Every pair is 30 bp apart, in either direction.
    n = found.calibration.groupby("distance")["n"].first()
    assert dict(n) == {"all": 360, "0–20": 0, "21–50": 360, "over 50": 0}


def test_pairs_beyond_the_reach_are_left_out_of_tests_and_of_the_null():
    scores, features = pair_scores()
    # 30 bases lie between the two: their nearest positions are 31 apart. Of half of them, make it 90.
    features.loc[(features["example"] < 30) & (features["name"] == "ELF1"), ["start", "end"]] += 60
    far = scores["example"] < 30
    scores.loc[far, ["fis", "signed_sum"]] = 0.0
    for reach, tested in ((np.inf, 120), (92, 120), (91, 60), (32, 60)):
        found = pair_significance(scores, features, reach=reach)
        beyond = found.results["within_reach"] == 0
        assert (~beyond).sum() == tested
        assert found.results.loc[beyond, "fis_p":].isna().all(axis=None)
        assert found.results.loc[~beyond, ["fis_p", "fis_q"]].notna().all(axis=None)
        assert found.nulls["n"].iloc[0] == 3 * tested
        assert found.nulls["n_tested"].iloc[0] == tested
        # The table of null scores has them all, zeros included.
        assert len(found.null) == 360
    near = found.results[~beyond]
    null = scores[(scores["replicate"] > 0) & ~far]["fis"]
    np.testing.assert_allclose(near["fis_p"], p_values(near["fis"].to_numpy(), null.to_numpy()))
    np.testing.assert_allclose(near["fis_q"], false_discovery_control(near["fis_p"]))


def test_matched_pairs_are_a_second_null_with_columns_of_its_own():
    scores, features = pair_scores()
    features.loc[features["example"] < 20, "name"] = "AP1"
    models = [NullModel(), NullModel("matched", "pair == 'AP1–AP1'")]
    found = pair_significance(scores, features, models=models, not_interacting="pair == 'AP1–AP1'")
    assert {"fis_q", "fis_q_matched", "fis_q_released"} <= set(found.results)
    assert set(found.nulls["null_model"]) == {"dinucleotide", "matched"}
    n = found.calibration.query(
        "distance == 'all' and score == 'fis' and level == 0.05 and method == 'empirical'"
    )
    assert dict(zip(zip(n["null_model"], n["tested"], strict=True), n["n"], strict=True)) == {
        ("dinucleotide", "held-out null"): 360,
        ("dinucleotide", "not interacting"): 40,
        ("matched", "held-out null"): 40,
        ("matched", "not interacting"): 40,
    }


def test_pairs_without_shuffles_are_an_error():
    scores, features = pair_scores()
    with pytest.raises(InputError, match="fewer than 2 null scores for the 120 rows of the stratum 'all'"):
        pair_significance(scores[scores["replicate"] == 0], features)


def test_a_score_that_is_no_number_is_an_error():
    scores, features = pair_scores()
    scores.loc[5, "fis"] = np.nan
    with pytest.raises(
        InputError, match="1 of 120 scores are not finite numbers: look at the model's weights"
    ):
        pair_significance(scores, features)


def test_released_q_is_taken_for_each_pair_alone():
    scores, features = pair_scores()
    features.loc[features["example"] < 20, "name"] = "AP1"
    chosen = pair_significance(scores, features, "released").results
    beside = pair_significance(scores, features).results
    for table, column in ((chosen, "fis_q"), (beside, "fis_q_released")):
        for _, rows in table.groupby("pair"):
            p = rows[column.replace("_q", "_p")]
            np.testing.assert_allclose(rows[column], false_discovery_control(p))
    assert chosen["pair"].nunique() == 2
    # The default corrects over all pairs together.
    np.testing.assert_allclose(beside["fis_q"], false_discovery_control(beside["fis_p"]))
    assert not np.allclose(chosen["fis_q"], false_discovery_control(chosen["fis_p"]))
    np.testing.assert_allclose(chosen["fis_p"], beside["fis_p_released"])


def planted_profiles(n=40, length=30):
    """Profiles of noise with one strong, negative response 11 positions after every source, from 5 to 6."""
    rng = np.random.default_rng(10)
    delta = rng.normal(size=(n, length)).astype(np.float32)
    delta[:, 16] = -50
    delta[:, 5] = np.nan
    delta[:, 25:] = np.nan
    sources = pd.DataFrame({"source": range(n), "example": range(n), "start": 5, "end": 6})
    null_delta = rng.normal(size=(3, n, length)).astype(np.float32)
    null = pd.DataFrame(
        {
            "replicate": np.repeat([1, 2, 3], n),
            "source": np.tile(range(n), 3),
            "fis": abs(null_delta).max(axis=2).ravel(),
            "fis_sum": abs(null_delta).sum(axis=2).ravel(),
            "signed_sum": null_delta.sum(axis=2).ravel(),
        }
    )
    positions = pd.DataFrame({"example": np.repeat(range(n), 90), "delta": abs(null_delta).ravel()})
    return Profiles(sources, delta, delta, delta, null, positions)


def test_profiles_find_the_planted_response_and_leave_the_rest():
    profiles = planted_profiles()
    found, p, q = profile_significance(profiles)
    sources, calibrated = found.results, found.calibration
    assert (np.isnan(p) == np.isnan(profiles.delta)).all()
    assert (np.isnan(q) == np.isnan(profiles.delta)).all()
    assert (q[:, 16] < 0.05).all()
    others = np.delete(q, [5, 16, *range(25, 30)], axis=1)
    # About 5 % of the discoveries are false: 40 of 40 + 2.
    assert (others < 0.05).sum() <= 6
    inside = ~np.isnan(profiles.delta)
    expected = p_values(np.abs(profiles.delta[inside]), profiles.null_positions["delta"].to_numpy())
    np.testing.assert_allclose(p[inside], expected, rtol=1e-6)
    assert (sources["response_distance"] == 11).all()
    assert (sources["fis"] == 50).all()
    assert (sources["signed_sum"] < -30).all()
    assert (sources["signed_sum_p"] < 0.05).all()
    assert list(calibrated["score"].unique()) == ["fis", "fis_sum", "signed_sum", "delta"]
    assert set(calibrated["distance"]) == {"all"}
    assert list(found.nulls["score"]) == ["fis", "fis_sum", "signed_sum", "delta"]
    shares = calibrated[(calibrated["level"] == 0.05) & (calibrated["method"] == "empirical")]
    shares = shares.set_index("score")["share"]
    assert abs(shares["delta"] - 0.05) < 0.02


def test_response_distance_is_1_next_to_the_source_and_negative_upstream():
    profiles = planted_profiles(n=3)
    profiles.sources[["start", "end"]] = [[17, 18], [20, 25], [10, 16]]
    sources = profile_significance(profiles)[0].results
    assert list(sources["response_distance"]) == [-1, -4, 1]


def test_positions_beyond_the_reach_have_no_p():
    profiles = planted_profiles()
    _, p, q = profile_significance(profiles, reach=11)
    # The source is position 5: 16 lies 11 away, which is the reach.
    assert np.isnan(p[:, 16:]).all()
    assert np.isnan(q[:, 16:]).all()
    assert np.isfinite(p[:, [0, 4, 6, 15]]).all()
    inside = np.isfinite(p)
    np.testing.assert_allclose(q[inside], false_discovery_control(p[inside]), rtol=1e-5)


def test_sources_can_be_tested_against_sources_that_act_on_nothing():
    profiles = planted_profiles()
    profiles.sources["group"] = np.where(np.arange(40) < 20, "control", "positive")
    models = [NullModel(), NullModel("matched", "group == 'control'")]
    found, _, _ = profile_significance(profiles, models=models, not_interacting="group == 'control'")
    assert found.results["fis_p_matched"].notna().all()
    # All sources have the same response: by the controls, none is out of the ordinary.
    assert (found.results["fis_p_matched"] == 1).all()
    assert (found.results["fis_p"] < 0.05).all()
