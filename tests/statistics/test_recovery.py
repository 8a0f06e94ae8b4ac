"""Precision and recall against scikit-learn, and their intervals."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import precision_score, recall_score

from dfim.errors import InputError
from dfim.statistics.nulls import NullModel
from dfim.statistics.recovery import COLUMNS, recovery

TRUTH = {"interacting": "kind == 'both'", "not_interacting": "kind == 'apart'"}


def table(n=600, seed=0):
    rng = np.random.default_rng(seed)
    kind = rng.choice(["both", "apart", "unknown"], n)
    strong = (kind == "both") ^ (rng.random(n) < 0.2)
    return pd.DataFrame(
        {
            "example": np.arange(n) // 3,
            "kind": kind,
            "fis_q": np.where(strong, 0.01, 0.05),
            "signed_sum": rng.normal(size=n) + np.where(kind == "both", 1, 0),
            "signed_sum_q": np.where(strong, 0.049, 0.051),
            "signed_sum_q_matched": np.where(rng.random(n) < 0.1, np.nan, 0.01),
        }
    )


def test_rates_agree_with_scikit_learn_and_lie_in_their_intervals():
    rows = table()
    found = recovery(rows, TRUTH)
    assert list(found.columns) == COLUMNS
    known = rows[rows["kind"] != "unknown"]
    truth, called = known["kind"] == "both", known["fis_q"] < 0.05
    row = found[(found["score"] == "fis")].iloc[0]
    assert row["null_model"] == "first"
    assert row["precision"] == pytest.approx(precision_score(truth, called))
    assert row["recall"] == pytest.approx(recall_score(truth, called))
    assert row["false_positive_rate"] == pytest.approx(called[~truth].mean())
    for name in ("precision", "recall", "false_positive_rate"):
        assert row[f"{name}_low"] < row[name] < row[f"{name}_high"]
    assert (row["n"], row["n_interacting"], row["n_called"]) == (len(known), truth.sum(), called.sum())


def test_calls_of_the_signed_sum_keep_its_sign():
    rows = table()
    found = recovery(rows, TRUTH).query("score == 'signed_sum' and null_model == 'first'").set_index("call")
    both = rows[rows["kind"] == "both"]
    significant = both["signed_sum_q"] < 0.05
    assert found.loc["synergy", "recall"] == pytest.approx((significant & (both["signed_sum"] > 0)).mean())
    assert found.loc["redundancy", "recall"] == pytest.approx((significant & (both["signed_sum"] < 0)).mean())
    assert found["recall"]["significant"] == pytest.approx(significant.mean())


def test_the_pair_test_recovers_what_it_calls_and_not_what_is_too_small():
    rows = table()
    rows = rows.assign(
        interaction_q=rows["fis_q"], interaction_called=(rows["fis_q"] < 0.05) & (rows.index % 2)
    )
    found = recovery(rows, TRUTH).query("score == 'interaction'")
    assert found["call"].tolist() == ["called"]
    both = rows[rows["kind"] == "both"]
    assert found["recall"].iloc[0] == pytest.approx((both["interaction_called"] == 1).mean())
    assert found["recall"].iloc[0] < (both["interaction_q"] < 0.05).mean()


def test_rows_without_q_do_not_count_and_nothing_called_has_no_precision():
    rows = table()
    matched = recovery(rows, TRUTH).query("null_model == 'matched'").iloc[0]
    assert matched["n"] == ((rows["kind"] != "unknown") & rows["signed_sum_q_matched"].notna()).sum()
    assert matched["recall"] == 1
    nothing = recovery(rows.assign(fis_q=1.0), TRUTH).iloc[0]
    assert np.isnan(nothing["precision"])
    assert nothing["recall"] == nothing["n_called"] == 0


def test_the_interval_covers_the_recall_at_its_rate():
    """Examples of three rows that are called together: an interval over rows would be too narrow."""
    covered = []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        called = np.repeat(rng.random(80) < 0.6, 3)
        rows = pd.DataFrame({"example": np.arange(240) // 3, "fis_q": np.where(called, 0.01, 1)})
        rows["kind"] = np.where(np.arange(240) < 237, "both", "apart")
        found = recovery(rows, TRUTH).iloc[0]
        covered.append(found["recall_low"] <= 0.6 <= found["recall_high"])
    assert 0.88 <= np.mean(covered) <= 0.99


def test_no_truth_no_rows():
    assert recovery(table(), {}).empty


@pytest.mark.parametrize(
    ("truth", "sentence"),
    [
        (
            {**TRUTH, "interacting": "kind == 'none'"},
            "key 'interacting' of the truth, \"kind == 'none'\", holds",
        ),
        ({**TRUTH, "interacting": "colour == 1"}, "key 'interacting' of the truth has the expression"),
        ({**TRUTH, "interacting": "kind != ''"}, "'interacting' and 'not_interacting' of the truth share "),
    ],
)
def test_sentences(truth, sentence):
    with pytest.raises(InputError, match=sentence.replace("(", r"\(")):
        recovery(table(), truth)


def test_a_rate_of_the_null_s_own_members_is_marked():
    members = NullModel("matched", TRUTH["not_interacting"])
    found = recovery(table(), TRUTH, models=[NullModel(), members])
    assert set(found.loc[found["by_construction"] == 1, "null_model"]) == {"matched"}
    assert (recovery(table(), TRUTH)["by_construction"] == 0).all()
    some = NullModel("matched", "kind == 'apart' and example > 50")
    assert (recovery(table(), TRUTH, models=[NullModel(), some])["by_construction"] == 0).all()
