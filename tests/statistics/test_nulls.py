"""Null models: what a row is tested against, what a small p speaks against, how small it can be."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kstest

from dfim.errors import InputError
from dfim.statistics.null_tables import describe_nulls
from dfim.statistics.nulls import NullModel, add_significance, distance_bins, p_against
from dfim.statistics.p_values import fit_tail, p_values, q_values

BOUNDS = (10, 20, 50)


def rows(n=3000, seed=0):
    """Rows whose score falls with distance and differs by name, three to an example."""
    rng = np.random.default_rng(seed)
    distance = rng.integers(-80, 81, size=n)
    name = rng.choice(["A", "B"], n)
    scale = np.where(np.abs(distance) <= 20, 5.0, 1.0) * np.where(name == "A", 3.0, 1.0)
    return pd.DataFrame(
        {
            "example": np.arange(n) // 3,
            "source_name": name,
            "target_name": rng.choice(["A", "B"], n),
            "distance": distance,
            "fis": rng.gamma(0.5, size=n) * scale,
            "signed_sum": rng.normal(size=n) * scale,
        }
    )


def test_a_pooled_null_holds_its_level_on_the_whole_and_a_conditional_one_in_every_bin():
    table, null = rows(seed=1), rows(20_000, seed=2)
    near = table["distance"].abs() <= 20
    for score in ("fis", "signed_sum"):
        pooled = p_against(table, null, score, NullModel())
        np.testing.assert_array_equal(
            pooled, p_values(table[score].to_numpy(), null[score], two_tailed=score == "signed_sum")
        )
        assert (pooled[near] < 0.05).mean() > 0.1
        conditional = p_against(table, null, score, NullModel(match=("source_name",), distances=BOUNDS))
        for chosen in (near, ~near, table["source_name"] == "A", table["source_name"] == "B"):
            assert kstest(conditional[chosen], "uniform").pvalue > 0.01


def test_a_row_is_tested_against_null_rows_of_its_own_stratum_alone():
    table, null = rows(60, seed=3), rows(400, seed=4)
    found = p_against(table, null, "fis", NullModel(match=("source_name",), distances=BOUNDS))
    for row, p in zip(table.itertuples(), found, strict=True):
        low, high = next(
            (low, high)
            for low, high in ((0, 10), (11, 20), (21, 50), (51, 999))
            if low <= abs(row.distance) <= high
        )
        alike = null[(null["source_name"] == row.source_name) & null["distance"].abs().between(low, high)]
        assert p == pytest.approx((1 + (alike["fis"] >= row.fis).sum()) / (1 + len(alike)))


def test_bins_of_distance_hold_both_their_ends():
    table = pd.DataFrame({"distance": [0, -10, 11, 20, -21, 50, 51]})
    assert list(distance_bins(table, BOUNDS)) == [
        "0–10 bp", "0–10 bp", "11–20 bp", "11–20 bp", "21–50 bp", "21–50 bp", "over 50 bp",
    ]  # fmt: skip


def test_members_are_tested_against_other_examples_only():
    table = rows(300, seed=5)
    spec = NullModel("matched", "source_name == 'A'")
    members = table[table["source_name"] == "A"]
    found = p_against(members, members, "fis", spec)
    examples = np.unique(members["example"])
    fold = np.searchsorted(examples, members["example"]) % 5
    for row, p, mine in zip(members["fis"], found, fold, strict=True):
        others = members["fis"][fold != mine]
        assert p == pytest.approx((1 + (others >= row).sum()) / (1 + len(others)))


def test_the_least_favourable_kind_of_null_rows_counts():
    table, null = rows(50, seed=6), rows(500, seed=7)
    each = ("source_name", "target_name")
    found = p_against(table, null, "signed_sum", NullModel(each=each))
    by_kind = [
        p_values(table["signed_sum"].to_numpy(), part["signed_sum"], two_tailed=True)
        for _, part in null.groupby(list(each))
    ]
    np.testing.assert_array_equal(found, np.max(by_kind, axis=0))


def test_a_row_of_a_single_fold_has_no_p():
    table = rows(9, seed=8).assign(example=4)
    found = p_against(table, table, "fis", NullModel("matched", "fis > -1"))
    assert np.isnan(found).all()
    assert np.isnan(q_values(found)).all()


def test_gaussian_methods_pool_whatever_the_null_model_matches():
    table, null = rows(100, seed=9), rows(500, seed=10)
    conditional = NullModel(match=("source_name",), distances=BOUNDS)
    for method in ("gaussian", "released"):
        found = p_against(table, null, "fis", conditional, method)
        np.testing.assert_array_equal(found, p_values(table["fis"].to_numpy(), null["fis"], method))


def test_every_null_model_has_its_columns_and_the_released_procedure_stands_beside():
    table, shuffled = rows(400, seed=11).assign(pair="A–B"), rows(900, seed=12)
    models = [NullModel(), NullModel("matched", "source_name == 'B'", distances=BOUNDS)]
    within = table["distance"].abs() <= 60
    result = add_significance(table, shuffled, ["fis"], models, tests=within.to_numpy())
    added = list(result.columns[len(table.columns) :])
    assert added == [
        "fis_p", "fis_q", "fis_p_matched", "fis_q_matched", "fis_p_released", "fis_q_released",
    ]  # fmt: skip
    assert (result[added].isna().all(axis=1) == ~within).all()
    np.testing.assert_array_equal(result["fis_q"][within], q_values(result["fis_p"][within]))
    np.testing.assert_array_equal(
        result["fis_p_released"][within],
        p_values(table["fis"][within].to_numpy(), shuffled["fis"], "released"),
    )


def test_nulls_are_described_by_stratum_with_hypothesis_and_resolution():
    table, shuffled = rows(300, seed=13), rows(600, seed=14)
    models = [NullModel(distances=(20,)), NullModel("matched", "source_name == 'B'", each=("target_name",))]
    found = describe_nulls(table, shuffled, ["fis", "signed_sum"], models)
    near = found.set_index(["null_model", "score", "stratum"]).loc[("dinucleotide", "signed_sum", "0–20 bp")]
    n = (shuffled["distance"].abs() <= 20).sum()
    assert near["n"] == n
    assert near["smallest_p"] == pytest.approx(2 / (n + 1))
    assert near["n_tested"] == (table["distance"].abs() <= 20).sum()
    assert near["hypothesis"] == (
        "The score is no larger than between the same places of the same sequences once these are shuffled "
        "with every dinucleotide kept, where no motifs are, alike in distance."
    )
    strict = describe_nulls(table, shuffled, ["fis", "signed_sum"], models, level=0.001)
    needed = strict["rows_needed"].loc[found["smallest_p"] == near["smallest_p"]]
    assert near["rows_needed"] == int(near["smallest_p"] * len(table) / 0.05) + 1
    assert set(needed) == {int(near["smallest_p"] * len(table) / 0.001) + 1}
    kinds = found[found["null_model"] == "matched"]
    assert set(kinds["kind"]) == {"target_name A", "target_name B"}
    assert set(kinds["hypothesis"]) == {
        "The score is no larger than between real features of other sequences that cannot interact "
        "(source_name == 'B'), of at least one kind of these (by target_name)."
    }


def test_the_resolution_of_a_null_that_holds_folds_out_is_what_a_score_can_get():
    table = rows(300, seed=13)
    spec = NullModel("matched", "source_name == 'B'")
    described = describe_nulls(table, table[:0], ["fis"], [spec]).iloc[0]
    null = table[table["source_name"] == "B"]
    assert described["n"] == len(null)
    p = p_against(table.assign(fis=1e9), null, "fis", spec)
    assert described["smallest_p"] == pytest.approx(p.min())
    assert described["smallest_p"] > 1.1 / (len(null) + 1)


def test_a_fitted_tail_is_described_with_its_goodness():
    table, shuffled = rows(30, seed=15), rows(3000, seed=16)
    found = describe_nulls(table, shuffled, ["signed_sum"], [NullModel()], "generalised_pareto")
    assert list(found["tail"]) == ["upper", "lower"]
    assert (found["tail_n"] == 250).all()
    assert found["tail_threshold"].iloc[0] > 0 > found["tail_threshold"].iloc[1]
    assert found["tail_goodness_p"].between(0, 1).all()
    np.testing.assert_allclose(found["smallest_p"], 2 / 3001 / 4)


def test_each_tail_of_an_asymmetric_null_is_described_with_the_smallest_p_that_a_score_gets():
    table, shuffled = rows(30, seed=15), rows(3000, seed=16)
    # Beyond 0 a long tail; below it one that is flat, and gets an exponential fit.
    shuffled["signed_sum"] = np.where(shuffled.index % 2, shuffled["fis"], -(shuffled["fis"] % 1))
    found = describe_nulls(table, shuffled, ["signed_sum"], [NullModel()], "generalised_pareto")
    found = found.set_index("tail")
    values = shuffled["signed_sum"].to_numpy()
    assert found.loc["upper", "tail_threshold"] == fit_tail(values).threshold
    assert found.loc["lower", "tail_threshold"] == -fit_tail(-values).threshold
    for tail, far in (("upper", 1e300), ("lower", -1e300)):
        p = p_values(np.array([far]), values, "generalised_pareto", two_tailed=True)
        assert found.loc[tail, "smallest_p"] == pytest.approx(p[0], rel=1e-6, abs=0)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"model": "permuted"},
            "there is no null model 'permuted': choose from dinucleotide, matched, substitutions, replaced.",
        ),
        (
            {"model": "matched"},
            "the null model 'matched' has no key 'members': 'matched' needs the condition of the rows that "
            "cannot interact, and no other model takes one.",
        ),
        (
            {"model": "dinucleotide", "members": "fis > 0"},
            "the null model 'dinucleotide' has the key 'members': 'matched' needs the condition of the rows "
            "that cannot interact, and no other model takes one.",
        ),
        (
            {"model": "dinucleotide", "distances": [20, 10]},
            "the null model 'dinucleotide' has the distances [20, 10]: write ascending numbers of bp.",
        ),
        (
            {"model": "dinucleotide", "draws": 20},
            "the null model 'dinucleotide' has the key 'draws', which it makes no use of: remove it.",
        ),
        (
            {"model": "substitutions", "distances": [20]},
            "the null model 'substitutions' has the key 'distances', which it makes no use of: remove it.",
        ),
    ],
)
def test_sentences_about_the_configuration(options, sentence):
    with pytest.raises(InputError) as caught:
        NullModel.read(options)
    assert str(caught.value) == sentence


def test_sentences_about_what_is_missing():
    table, null = rows(30), rows(30)
    with pytest.raises(
        InputError, match="matches on 'colour', and the table has no such column: name some of"
    ):
        p_against(table, null, "fis", NullModel(match=("colour",)))
    with pytest.raises(InputError, match="'distances', and the targets of the analysis are positions"):
        p_against(table.drop(columns="distance"), null, "fis", NullModel(distances=(20,)))
    with pytest.raises(InputError) as caught:
        p_against(table.assign(source_name="C"), null, "fis", NullModel(match=("source_name",)))
    assert str(caught.value) == (
        "the null model 'dinucleotide' has fewer than 2 null scores for the 30 rows of the stratum "
        "'source_name C': match on fewer columns, widen the distances, or raise the number of shuffles or "
        "examples."
    )


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        (
            "source_name == 'C'",
            "which 0 of 30 rows meet, and that is fewer than the 2 that are needed: mend the condition; "
            "source_name has the values 'A', 'B'.",
        ),
        (
            "source_name != 'C'",
            "which all rows meet, and that leaves nothing to test: mend the condition; source_name has the "
            "values 'A', 'B'.",
        ),
    ],
)
def test_members_that_are_none_or_all_are_refused_with_the_values_there_are(members, sentence):
    table = rows(30)
    with pytest.raises(InputError) as caught:
        add_significance(table, table, ["fis"], [NullModel("matched", members)])
    assert str(caught.value) == f"the null model 'matched' has the 'members' {members!r}, {sentence}"


def test_a_null_model_is_read_with_the_defaults_of_the_schema():
    filled = {"match": ["group"], "each": [], "distances": []}
    found = NullModel.read({"model": "substitutions", "draws": 40, **filled})
    assert (found.draws, found.within, found.match, found.each) == (40, 100, ("group",), ())
    assert NullModel.read({"model": "dinucleotide", **filled}) == NullModel(match=("group",))
