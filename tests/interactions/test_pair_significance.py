"""p, q and calls of pairs, from scores with a planted truth."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import false_discovery_control

from dfim.errors import InputError
from dfim.interactions.pair_significance import pair_significance
from dfim.interactions.pairs import unordered_pairs
from dfim.statistics.nulls import NullModel
from dfim.statistics.p_values import p_values, q_values
from dfim.statistics.replaced import p_replaced

REPLACED = [NullModel("replaced"), NullModel()]


def significance(scores, features, reach=np.inf, share=0.5, **options):
    """The tables of pairs whose pair tests all find one share, and an interaction of its sign."""
    tests = unordered_pairs(scores, features, reach)
    tests = tests.assign(block=tests["example"], interaction=share, interaction_probability=share / 4)
    tests = tests.assign(share=share, p=0.001, q=0.001, called=1)
    return pair_significance(scores, features, tests, **options)


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
    found = significance(scores, features)
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
        found = significance(scores, features, reach=reach)
        beyond = found.results["within_reach"] == 0
        assert (~beyond).sum() == tested
        tested_by = [name for name in found.results if name.startswith(("fis_p", "fis_q", "signed_sum_p"))]
        assert found.results.loc[beyond, tested_by].isna().all(axis=None)
        assert not found.results.loc[beyond, ["fis_called", "signed_sum_called"]].any(axis=None)
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
    found = significance(scores, features, models=models, not_interacting="pair == 'AP1–AP1'")
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
        significance(scores[scores["replicate"] == 0], features)


def test_a_score_that_is_no_number_is_an_error():
    scores, features = pair_scores()
    scores.loc[5, "fis"] = np.nan
    with pytest.raises(
        InputError, match="1 of 120 scores are not finite numbers: look at the model's weights"
    ):
        significance(scores, features)


def test_released_q_is_taken_for_each_pair_alone():
    scores, features = pair_scores()
    features.loc[features["example"] < 20, "name"] = "AP1"
    chosen = significance(scores, features, method="released").results
    beside = significance(scores, features).results
    for table, column in ((chosen, "fis_q"), (beside, "fis_q_released")):
        for _, rows in table.groupby("pair"):
            p = rows[column.replace("_q", "_p")]
            np.testing.assert_allclose(rows[column], false_discovery_control(p))
    assert chosen["pair"].nunique() == 2
    # The default corrects over all pairs together.
    np.testing.assert_allclose(beside["fis_q"], false_discovery_control(beside["fis_p"]))
    assert not np.allclose(chosen["fis_q"], false_discovery_control(chosen["fis_p"]))
    np.testing.assert_allclose(chosen["fis_p"], beside["fis_p_released"])


def drawn(scores, seed=3, draws=6):
    """Draws of the pairs of :func:`pair_scores`, of the size of shuffled scores: (scores, ends, pairs, K)."""
    values = np.random.default_rng(seed).normal(size=(2, 2, (scores["replicate"] == 0).sum(), draws))
    return np.stack([np.abs(values[0]), values[1]])


def test_replaced_is_the_first_null_and_the_shuffles_the_second():
    scores, features = pair_scores()
    draws = drawn(scores)
    pairs = (found := significance(scores, features, draws=draws, models=REPLACED)).results
    alone = significance(scores, features).results
    for number, score in enumerate(("fis", "signed_sum")):
        p = p_replaced(pairs[score].to_numpy(), *draws[number])["p"]
        np.testing.assert_allclose(pairs[f"{score}_p"], p)
        np.testing.assert_allclose(pairs[f"{score}_q"], q_values(p))
        np.testing.assert_allclose(pairs[f"{score}_p_dinucleotide"], alone[f"{score}_p"])
        np.testing.assert_allclose(pairs[f"{score}_q_dinucleotide"], alone[f"{score}_q"])
    rows = found.nulls[found.nulls["null_model"] == "replaced"]
    assert rows[["score", "kind", "n", "n_tested", "rows_needed"]].to_numpy().tolist() == [
        [score, f"the {end} replaced", 720, 120, 4]
        for score in ("fis", "signed_sum")
        for end in ("one", "other")
    ]
    last = significance(scores, features, draws=draws, models=REPLACED[::-1]).results
    np.testing.assert_allclose(last["fis_q_replaced"], pairs["fis_q"])
    np.testing.assert_allclose(last["fis_q"], alone["fis_q"])


def test_replaced_alone_and_with_a_truth():
    scores, features = pair_scores()
    features.loc[features["example"] < 20, "name"] = "AP1"
    options = {"draws": drawn(scores), "models": REPLACED[:1], "not_interacting": "pair == 'AP1–AP1'"}
    found = significance(scores, features, **options)
    shares = found.calibration.query("distance == 'all' and level == 0.05").set_index("score")
    assert set(shares["tested"]) == {"not interacting"}
    assert set(shares.index) == {"fis", "signed_sum", "interaction"}
    idle = found.results["pair"] == "AP1–AP1"
    assert shares.loc["fis", "share"] == (found.results.loc[idle, "fis_p"] < 0.05).mean()
    assert shares.loc["interaction", "share"] == 1
    assert significance(scores, features, **options | {"not_interacting": None}).calibration["n"].sum() == 0


def test_pairs_out_of_reach_are_no_part_of_the_draws():
    scores, features = pair_scores()
    features.loc[(features["example"] < 30) & (features["name"] == "ELF1"), ["start", "end"]] += 60
    draws = drawn(scores)
    draws[:, :, :60] = np.nan
    pairs = significance(scores, features, reach=32, draws=draws, models=REPLACED).results
    near = pairs["within_reach"] == 1
    assert near.sum() == 60
    assert pairs.loc[~near, "fis_p"].isna().all()
    p = p_replaced(pairs.loc[near, "fis"].to_numpy(), *draws[0][:, near])["p"]
    np.testing.assert_allclose(pairs.loc[near, "fis_p"], p)


def test_a_call_needs_q_and_a_share():
    scores, features = pair_scores()
    options = {"draws": drawn(scores) / 100, "models": REPLACED}
    large, small = (significance(scores, features, share=share, **options).results for share in (-0.2, 0.05))
    assert (large["fis_q"] < 0.05).any()
    np.testing.assert_array_equal(large["fis_called"], (large["fis_q"] < 0.05).astype(int))
    assert not small["fis_called"].any()
    strict = significance(scores, features, share=-0.2, least_share=0.3, **options).results
    assert not strict["signed_sum_called"].any()


def test_replaced_without_draws_and_pairs_without_tests_are_errors():
    scores, features = pair_scores()
    with pytest.raises(InputError, match="the null model 'replaced' has no draws of the scores"):
        significance(scores, features, models=REPLACED)
    tests = unordered_pairs(scores, features).assign(**dict.fromkeys(
        ("block", "interaction", "interaction_probability", "share", "p", "q", "called"), 1
    ))  # fmt: skip
    with pytest.raises(InputError, match=r"^2 of 120 pairs have no pair test: remove the folders"):
        pair_significance(scores, features, tests[1:])
