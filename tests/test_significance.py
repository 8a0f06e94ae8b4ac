"""p-values against brute force, their uniformity under the null, q-values against the definition."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from dfim.errors import InputError
from dfim.shards import Profiles
from dfim.significance import (
    SMALLEST,
    calibration,
    p_values,
    pair_significance,
    profile_significance,
    q_values,
    smallest_p,
)


def integers(n, seed):
    """Draw scores with many ties."""
    return np.random.default_rng(seed).integers(-8, 9, size=n).astype(float)


@pytest.mark.parametrize("two_tailed", [False, True])
def test_empirical_p_by_counting_ties_included(two_tailed):
    null, scores = integers(50, 1), np.concatenate([integers(200, 2), [-99, 99]])
    expected = []
    for score in scores:
        upper = (1 + sum(value >= score for value in null)) / 51
        lower = (1 + sum(value <= score for value in null)) / 51
        expected.append(min(1, 2 * min(upper, lower)) if two_tailed else upper)
    found = p_values(scores, null, "empirical", two_tailed)
    np.testing.assert_allclose(found, expected)
    assert found.min() == smallest_p(50, two_tailed)


@pytest.mark.parametrize("two_tailed", [False, True])
@pytest.mark.parametrize("shape", [stats.norm(2, 3), stats.gamma(0.5)])
def test_empirical_p_of_null_scores_is_uniform(shape, two_tailed):
    rng = np.random.default_rng(3)
    p = p_values(
        shape.rvs(4000, random_state=rng), shape.rvs(200_000, random_state=rng), two_tailed=two_tailed
    )
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_gaussian_p_is_uniform_for_a_normal_null_and_two_tailed_doubles():
    rng = np.random.default_rng(4)
    null = rng.normal(5, 2, 200_000)
    for two_tailed in (False, True):
        p = p_values(rng.normal(5, 2, 4000), null, "gaussian", two_tailed)
        assert stats.kstest(p, "uniform").pvalue > 0.01
    z = (np.array([1.0, 9.0]) - null.mean()) / null.std()
    np.testing.assert_allclose(p_values(np.array([1.0, 9.0]), null, "gaussian"), stats.norm.sf(z))
    np.testing.assert_allclose(
        p_values(np.array([1.0, 9.0]), null, "gaussian", True), 2 * stats.norm.sf(abs(z))
    )


def test_gaussian_p_never_underflows_to_0_as_the_released_one_does():
    null = np.random.default_rng(5).normal(size=100)
    far = np.array([15.0, 1e6])
    gaussian, released = p_values(far, null, "gaussian"), p_values(far, null, "released")
    assert 0 < gaussian[0] < 1e-40 or gaussian[0] == SMALLEST
    assert gaussian[1] == SMALLEST
    assert list(released) == [0, 0]


def test_released_p_is_the_smaller_tail_not_doubled():
    null = np.random.default_rng(6).normal(1, 2, 500)
    scores = np.linspace(-3, 5, 9)
    cdf = stats.norm.cdf(scores, null.mean(), null.std())
    for two_tailed in (False, True):
        np.testing.assert_allclose(
            p_values(scores, null, "released", two_tailed), np.minimum(cdf, 1 - cdf), atol=1e-15
        )


def benjamini_hochberg(p):
    """The definition: the smallest rate at which the test is rejected."""
    p, m = np.asarray(p), len(p)
    rank = [sum(other <= value for other in p) for value in p]
    adjusted = p * m / np.array(rank)
    return [min(1, adjusted[p >= value].min()) for value in p]


def test_q_values_by_definition_over_all_and_within_families():
    rng = np.random.default_rng(7)
    p = np.round(rng.random(60) ** 3, 2)
    np.testing.assert_allclose(q_values(p), benjamini_hochberg(p))
    np.testing.assert_allclose(q_values(p.reshape(6, 10)), np.reshape(benjamini_hochberg(p), (6, 10)))
    families = rng.choice(list("abc"), 60)
    within = q_values(p, families)
    for family in "abc":
        np.testing.assert_allclose(within[families == family], benjamini_hochberg(p[families == family]))
    assert q_values(np.array([0.2])) == [0.2]
    assert q_values(np.array([])).size == 0


def test_a_constant_null_is_fine_for_the_empirical_p_and_refused_by_a_fit():
    null = np.zeros(9)
    np.testing.assert_allclose(p_values(np.array([0.0, 1.0]), null), [1, 0.1])
    for method in ("gaussian", "released"):
        with pytest.raises(InputError) as caught:
            p_values(np.array([1.0]), null, method)
        assert str(caught.value) == (
            f"all 9 null scores are 0, and the p-value method '{method}' fits a normal distribution to them: "
            "choose the method 'empirical'."
        )


@pytest.mark.parametrize(
    ("scores", "null", "method", "sentence"),
    [
        (
            [1],
            [1],
            "empirical",
            "a null distribution needs at least 2 scores of shuffled sequences, found 1: raise the number of "
            "shuffles or select more examples.",
        ),
        (
            [1],
            [1, np.nan, 2],
            "gaussian",
            "1 of 3 null scores are not finite numbers: look at the model's weights and history for "
            "values that "
            "are not a number.",
        ),
        (
            [np.inf, np.nan],
            [1, 2],
            "empirical",
            "2 of 2 scores are not finite numbers: look at the model's weights and history for "
            "values that are "
            "not a number.",
        ),
        (
            [1],
            [1, 2],
            "exact",
            "there is no p-value method 'exact': choose from empirical, gaussian, released.",
        ),
    ],
)
def test_error_sentences(scores, null, method, sentence):
    with pytest.raises(InputError) as caught:
        p_values(np.array(scores, dtype=float), np.array(null, dtype=float), method)
    assert str(caught.value) == sentence


def skewed_null(n=20_000):
    rng = np.random.default_rng(8)
    scores = rng.gamma(0.3, size=n)
    return pd.DataFrame({"example": np.arange(n) // 4, "fis": scores, "signed_sum": rng.normal(size=n)})


def test_calibration_shows_that_the_fit_is_too_kind_for_skewed_scores_and_the_empirical_p_is_not():
    null = skewed_null()
    tables = {method: calibration(null, ["fis"], method) for method in ("empirical", "released")}
    assert list(tables["empirical"].columns) == ["score", "method", "distance", "level", "share", "n"]
    empirical = tables["empirical"].set_index("level")["share"]
    for level in (0.05, 0.01, 0.001):
        assert abs(empirical[level] - level) < 4 * np.sqrt(2 * level / len(null))
    assert tables["released"].set_index("level")["share"][0.001] > 0.01


def test_calibration_holds_out_whole_examples():
    # One value per example: rows of the held-out example in the null would make its own p large.
    null = pd.DataFrame({"example": np.repeat([0, 1], 500), "fis": np.repeat([1.0, 2.0], 500)})
    table = calibration(null, ["fis"])
    # Example 1 exceeds all of example 0 (p = 1/501 < .05, .01), example 0 exceeds none.
    assert list(table["share"]) == [0.5, 0.5, 0]
    assert set(table["n"]) == {1000}


def test_calibration_by_distance_shows_what_pooling_hides():
    rng = np.random.default_rng(11)
    distance = rng.integers(-100, 101, size=20_000)
    distance[:6] = [-20, 20, 21, -50, 51, 0]
    fis = rng.random(len(distance)) * np.where(np.abs(distance) <= 20, 10, 1)
    null = pd.DataFrame({"example": np.arange(len(distance)) // 4, "fis": fis})
    table = calibration(null, ["fis"], distance=distance)
    assert list(table["distance"]) == np.repeat(["all", "0–20", "21–50", "over 50"], 3).tolist()
    pd.testing.assert_frame_equal(table[:3], calibration(null, ["fis"]))
    n = table[table["level"] == 0.05].set_index("distance")["n"]
    assert n["0–20"] == sum(abs(value) <= 20 for value in distance)
    assert n["21–50"] == sum(20 < abs(value) <= 50 for value in distance)
    assert n["all"] == n["0–20"] + n["21–50"] + n["over 50"] == 20_000
    share = table[table["level"] == 0.05].set_index("distance")["share"]
    assert share["all"] == pytest.approx(0.05, abs=0.01)
    # All of the largest twentieth are of the near fifth.
    assert share["0–20"] == pytest.approx(0.05 * n["all"] / n["0–20"], rel=0.05)
    assert share["21–50"] == share["over 50"] == 0


def test_calibration_of_an_empty_bin_and_of_a_single_example_by_distance_is_missing():
    null = pd.DataFrame({"example": [0, 0, 1, 1], "fis": [1.0, 2, 3, 4]})
    table = calibration(null, ["fis"], distance=np.array([0, 5, -60, 70]))
    empty = table[table["distance"] == "21–50"]
    assert (empty["n"] == 0).all()
    assert empty["share"].isna().all()
    assert (table.loc[table["distance"] == "over 50", "n"] == 2).all()
    single = calibration(null[:2], ["fis"], distance=np.array([0, 5]))
    assert (single["n"] == 0).all()
    assert single["share"].isna().all()


def test_calibration_of_a_single_example_is_missing():
    table = calibration(pd.DataFrame({"example": [3, 3, 3], "fis": [1.0, 2, 3]}), ["fis"])
    assert table["share"].isna().all()
    assert (table["n"] == 0).all()


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
    pairs, null, calibrated = pair_significance(scores, features)
    assert len(pairs) == 120
    assert len(null) == 360
    assert list(null.columns) == ["replicate", "example", "source", "target", "pair", "signed_sum", "fis"]
    for score, two_tailed in (("fis", False), ("signed_sum", True)):
        shuffled = scores.loc[scores["replicate"] > 0, score].to_numpy()
        p = p_values(pairs[score].to_numpy(), shuffled, "empirical", two_tailed)
        np.testing.assert_allclose(pairs[f"{score}_p"], p)
        np.testing.assert_allclose(pairs[f"{score}_q"], benjamini_hochberg(p))
    assert set(pairs["pair"]) == {"ELF1–SIX5"}
    assert set(calibrated["score"]) == {"fis", "signed_sum"}
    # Every pair is 30 bp apart, in either direction.
    assert dict(zip(calibrated["distance"], calibrated["n"], strict=True)) == {
        "all": 360,
        "0–20": 0,
        "21–50": 360,
        "over 50": 0,
    }


def test_pairs_without_shuffles_are_an_error():
    scores, features = pair_scores()
    with pytest.raises(
        InputError, match="needs at least 2 scores of shuffled sequences, found 0: raise the number"
    ):
        pair_significance(scores[scores["replicate"] == 0], features)


def test_released_q_is_taken_for_each_pair_alone():
    scores, features = pair_scores()
    features.loc[features["example"] < 20, "name"] = "AP1"
    pairs, _, _ = pair_significance(scores, features, "released")
    for _, rows in pairs.groupby("pair"):
        np.testing.assert_allclose(rows["fis_q"], benjamini_hochberg(rows["fis_p"]))
    assert pairs["pair"].nunique() == 2
    assert not np.allclose(pairs["fis_q"], benjamini_hochberg(pairs["fis_p"]))


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
    sources, p, q, calibrated = profile_significance(profiles)
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
    shares = calibrated[calibrated["level"] == 0.05].set_index("score")["share"]
    assert abs(shares["delta"] - 0.05) < 0.02


def test_response_distance_is_1_next_to_the_source_and_negative_upstream():
    profiles = planted_profiles(n=3)
    profiles.sources[["start", "end"]] = [[17, 18], [20, 25], [10, 16]]
    sources, _, _, _ = profile_significance(profiles)
    assert list(sources["response_distance"]) == [-1, -4, 1]
