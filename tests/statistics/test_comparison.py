"""Comparisons against scikit-learn and brute force; the bootstrap's coverage in a simulation."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from dfim.errors import InputError
from dfim.statistics.bootstrap import bootstrap_auroc, running_medians
from dfim.statistics.comparison import COLUMNS, compare, compare_all, describe_null


def pairs(n=400, seed=0):
    """Pairs whose near ones score higher, with many ties."""
    rng = np.random.default_rng(seed)
    distance = rng.integers(-60, 61, size=n)
    return pd.DataFrame(
        {
            "example": rng.integers(n // 4, size=n),
            "pair": rng.choice(["ELF1–SIX5", "AP1–ELF1"], n),
            "distance": distance,
            "fis": rng.integers(0, 6, size=n) + (np.abs(distance) <= 20),
            "signed_sum": rng.normal(size=n),
        }
    )


NEAR = {"group": "abs_distance <= 20", "against": "abs_distance > 20"}


def test_auroc_agrees_with_scikit_learn_ties_included():
    table = pairs()
    row = compare(table, "fis", **NEAR)
    near = table["distance"].abs() <= 20
    assert row["auroc"] == pytest.approx(roc_auc_score(near, table["fis"]), abs=1e-12)
    assert (row["n_group"], row["n_against"]) == (near.sum(), (~near).sum())
    assert row["median_group"] == table.loc[near, "fis"].median()
    assert row["share_positive_against"] == (table.loc[~near, "fis"] > 0).mean()
    assert row["p"] < 1e-3
    assert row["auroc_low"] < row["auroc"] < row["auroc_high"]


def test_exchanged_groups_mirror_the_auroc_and_the_two_sided_p():
    one = compare(pairs(), "fis", **NEAR)
    other = compare(pairs(), "fis", NEAR["against"], NEAR["group"])
    assert one["auroc"] + other["auroc"] == pytest.approx(1)
    assert one["p_two_sided"] == pytest.approx(other["p_two_sided"])
    for column in ("n", "median", "share_positive"):
        assert one[f"{column}_group"] == other[f"{column}_against"]
        assert one[f"{column}_against"] == other[f"{column}_group"]
    assert one["p"] < 0.001
    assert other["p"] > 0.99


def test_conditions_select_the_rows_that_they_say():
    table = pairs()
    row = compare(table, "signed_sum", "pair == 'ELF1–SIX5' and distance < 0", "pair == 'AP1–ELF1'")
    chosen = (table["pair"] == "ELF1–SIX5") & (table["distance"] < 0)
    assert row["n_group"] == chosen.sum()
    assert row["median_group"] == pytest.approx(table.loc[chosen, "signed_sum"].median())


def test_missing_text_matches_no_condition():
    table = pd.DataFrame(
        {"example": range(4), "group": ["positive", "control", None, None], "fis": [3, 2, 1, 0]}
    )
    row = compare(table, "fis", "group == 'positive'", "group == 'control'")
    assert (row["n_group"], row["n_against"]) == (1, 1)
    assert np.isnan(row["auroc_low"])


def test_bootstrap_agrees_with_resampling_by_hand():
    table = pairs(60)
    near = (table["distance"].abs() <= 20).to_numpy()
    low, high = bootstrap_auroc(
        table["fis"].to_numpy(), near, table["example"].to_numpy(), seed=1, resamples=300
    )
    rows_of = table.groupby("example").indices
    examples, rng = table["example"].unique(), np.random.default_rng(2)
    found = []
    for _ in range(1000):
        rows = np.concatenate([rows_of[example] for example in rng.choice(examples, len(examples))])
        found.append(roc_auc_score(near[rows], table["fis"].to_numpy()[rows]))
    np.testing.assert_allclose([low, high], np.percentile(found, [2.5, 97.5]), atol=0.025)


def test_bootstrap_covers_the_true_auroc_at_its_rate_although_rows_of_an_example_are_alike():
    shift, spread, repeats = 1.0, np.sqrt(1 + 1), 200
    truth = norm.cdf(shift / (spread * np.sqrt(2)))
    covered = ignoring = 0
    for repeat in range(repeats):
        rng = np.random.default_rng([11, repeat])
        example = np.repeat(np.arange(120), 6)
        near = np.repeat(np.arange(120) % 2 == 0, 6)
        scores = rng.normal(size=120)[example] + rng.normal(size=720) + shift * near
        low, high = bootstrap_auroc(scores, near, example, repeat)
        covered += low <= truth <= high
        low, high = bootstrap_auroc(scores, near, np.arange(720), repeat)
        ignoring += low <= truth <= high
    # Binomial(200, .95) lies between 180 and 198 in 99.5 % of all cases.
    assert 180 <= covered <= 199
    assert ignoring < 170


def test_many_rows_take_seconds():
    rng = np.random.default_rng(3)
    n = 300_000
    example = rng.integers(20_000, size=n)
    low, high = bootstrap_auroc(rng.normal(size=n), rng.random(n) < 0.2, example, 0, resamples=20)
    assert low < 0.5 < high
    assert high - low < 0.02


def test_a_p_that_underflows_is_given_as_the_smallest():
    table = pd.DataFrame({"example": range(20_000), "fis": range(20_000)})
    row = compare(table, "fis", "example >= 10000", "example < 10000", resamples=5)
    assert row["auroc"] == 1
    assert row["p"] == 1e-300


def test_the_table_has_the_columns_and_does_not_depend_on_the_order_of_rows():
    comparisons = {"near": {"score": "fis", **NEAR}, "sum": {"score": "signed_sum", **NEAR}}
    table = compare_all(pairs(), comparisons, seed=4)
    assert list(table.columns) == COLUMNS
    assert list(table["comparison"]) == ["near", "sum"]
    pd.testing.assert_frame_equal(
        table, compare_all(pairs().sample(frac=1, random_state=1), comparisons, seed=4)
    )
    assert list(compare_all(pairs(), {}).columns) == COLUMNS


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("fis", "colour == 1", "distance > 0"),
            "the comparison 'near' has the expression 'colour == 1', which cannot be used (name "
            "'colour' is not "
            "defined): write a pandas expression over the columns example, pair, distance, fis, signed_sum, "
            "abs_distance.",
        ),
        (
            ("fis", "distance > 1000", "distance > 0"),
            "the comparison 'near' has no row in 'group', 'distance > 1000', among 400 rows: mend "
            "the condition; "
            "the columns are example, pair, distance, fis, signed_sum, abs_distance.",
        ),
        (
            ("fis", "distance", "distance > 0"),
            "the comparison 'near' has the expression 'distance', which cannot be used (it is no "
            "condition): write "
            "a pandas expression over the columns example, pair, distance, fis, signed_sum, abs_distance.",
        ),
        (
            ("q", "distance < 0", "distance > 0"),
            "the comparison 'near' has the expression 'q', which cannot be used (name 'q' is not "
            "defined): write a "
            "pandas expression over the columns example, pair, distance, fis, signed_sum, abs_distance.",
        ),
    ],
)
def test_error_sentences(arguments, sentence):
    with pytest.raises(InputError) as caught:
        compare(pairs(), *arguments, name="near")
    assert str(caught.value) == sentence


@pytest.mark.parametrize("broken", ["distance <", "distance = 3", "@pd", "'", "1 +", "distance > pair", "3"])
def test_expressions_that_do_not_work_give_a_sentence(broken):
    with pytest.raises(InputError) as caught:
        compare(pairs(), "fis", broken, "distance > 0", name="near")
    assert str(caught.value).startswith(
        f"the comparison 'near' has the expression {broken!r}, which cannot be used"
    )
    assert "\n" not in str(caught.value)


def test_rows_in_both_groups_and_missing_scores_are_errors():
    table = pairs()
    with pytest.raises(InputError) as caught:
        compare(table, "fis", "distance > 0", "distance >= 0", name="near")
    assert str(caught.value) == (
        f"the comparison 'near' has {(table['distance'] > 0).sum()} rows in both 'group' and 'against': make "
        "them exclusive."
    )
    table.loc[5, "signed_sum"] = np.nan
    with pytest.raises(InputError) as caught:
        compare(table, "signed_sum", "distance > 0", "distance <= 0", name="near")
    assert str(caught.value) == "the comparison 'near' has 1 row without 'signed_sum': leave them out."


def null_of_pairs(replicates=2, seed=5):
    """Pairs as in the results, numbered, and their null, whose rows are in another order."""
    table = pairs().assign(source=np.arange(400) // 3, target=np.arange(400), fis_p=0.5, fis_q=0.5)
    rng = np.random.default_rng(seed)
    null = pd.concat([table.assign(replicate=1 + replicate) for replicate in range(replicates)])
    null = null[["replicate", "example", "source", "target", "pair", "fis", "signed_sum"]]
    null = null.assign(fis=rng.integers(0, 6, len(null)), signed_sum=rng.normal(size=len(null)))
    return table, null.sample(frac=1, random_state=seed)


def test_a_group_is_compared_with_the_shuffled_sequences_scores_of_the_same_pairs():
    table, null = null_of_pairs()
    near = table["distance"].abs() <= 20
    options = {"score": "fis", "group": "abs_distance <= 20", "against_null": "abs_distance <= 20"}
    row = compare_all(table, {"near": options}, null=null).iloc[0]
    others = null.loc[null["target"].isin(table.loc[near, "target"]), "fis"]
    of_group = np.repeat([True, False], [near.sum(), len(others)])
    assert row["auroc"] == pytest.approx(roc_auc_score(of_group, [*table.loc[near, "fis"], *others]))
    assert (row["n_group"], row["n_against"]) == (near.sum(), 2 * near.sum())
    assert row["against"] == "null: abs_distance <= 20"
    assert row["auroc_low"] < row["auroc"] < row["auroc_high"]
    assert row["p"] < 1e-3


def test_the_null_of_sources_has_their_names_and_groups_but_not_the_real_response():
    sources = pd.DataFrame(
        {
            "source": range(4),
            "example": [7, 7, 8, 9],
            "name": list("abcd"),
            "group": ["positive", "control", "positive", "control"],
            "fis": [9.0, 1, 8, 2],
            "fis_p": 0.5,
            "fis_q": 0.5,
            "response_distance": [-3, 4, 5, 6],
        }
    )
    null = pd.DataFrame({"replicate": [1, 1, 2], "source": [2, 0, 2], "fis": [3.0, 4, 5]})
    described = describe_null(null, sources)
    assert list(described.columns) == ["replicate", "source", "fis", "example", "name", "group"]
    assert described["name"].tolist() == ["c", "a", "c"]
    assert described["example"].tolist() == [8, 7, 8]
    assert described["fis"].tolist() == [3, 4, 5]
    options = {"score": "fis", "group": "group == 'positive'", "against_null": "name == 'c'"}
    row = compare_all(sources, {"c": options}, null=null).iloc[0]
    assert (row["median_group"], row["median_against"], row["n_against"]) == (8.5, 4, 2)


@pytest.mark.parametrize(
    ("others", "sentence"),
    [
        ({}, "the comparison 'near' has neither of the keys 'against' and 'against_null': give one of them."),
        (
            {"against": "distance > 20", "against_null": "distance > 20"},
            "the comparison 'near' has both of the keys 'against' and 'against_null': give one of them.",
        ),
        (
            {"against_null": "distance > 1000"},
            "the comparison 'near' has no row in 'against_null', 'distance > 1000', among 800 rows: mend the "
            "condition; the columns are replicate, source, target, fis, signed_sum, example, pair, distance, "
            "abs_distance.",
        ),
    ],
)
def test_error_sentences_about_the_other_group(others, sentence):
    table, null = null_of_pairs()
    with pytest.raises(InputError) as caught:
        compare_all(table, {"near": {"score": "fis", "group": "distance <= 20", **others}}, null=null)
    assert str(caught.value) == sentence


def test_null_scores_of_other_pairs_are_an_error():
    table, null = null_of_pairs()
    with pytest.raises(InputError) as caught:
        describe_null(null, table[table["target"] != 5])
    assert str(caught.value) == (
        "2 of 800 null scores (the first of source 1, target 5) belong to no row of the results: the two "
        "tables are of different runs, so make both again."
    )


def test_running_medians_by_hand_and_few_values_have_none():
    x = np.array([0, 1, 4, 5, 6, 7, 8, 9, 21])
    values = np.array([1.0, 5, 3, 9, 2, 4, 8, 7, 1])
    found = running_medians(x, values, np.arange(9), 5, fewest=3)
    assert list(found["x"]) == [2.5, 7.5, 12.5, 17.5, 22.5]
    assert list(found["n"]) == [3, 5, 0, 0, 1]
    assert list(found["median"][:2]) == [3, 7]
    assert list(found["quartile_1"][:2]) == [2, 4]
    assert found["median"][2:].isna().all()
    assert running_medians(x[:0], values[:0], x[:0], 5).empty


def test_the_interval_of_a_running_median_covers_it_at_its_rate():
    """Four values of one example are alike: an interval over single values would be too narrow."""
    covered = []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        values = np.repeat(rng.normal(size=60), 4) + rng.normal(scale=0.1, size=240)
        row = running_medians(np.zeros(240), values, np.arange(240) // 4, 5, seed).iloc[0]
        covered.append(row["median_low"] <= 0 <= row["median_high"])
    assert 0.9 <= np.mean(covered) <= 0.99


def test_rows_of_a_table_without_examples_stand_alone():
    table = pd.DataFrame({"mean": [3.0, 2.0, 1.0, 0.0], "kind": ["a", "a", "b", "b"]})
    row = compare(table, "mean", "kind == 'a'", "kind == 'b'")
    assert (row["auroc"], row["n_group"], row["n_against"]) == (1.0, 2, 2)
    assert np.isfinite(row["auroc_low"])
