"""Selection of examples against a brute-force reading of the criteria."""

import numpy as np
import pandas as pd
import pytest

from dfim.datasets.dataset import Dataset
from dfim.datasets.selection import features_of_groups, select_examples, select_sets
from dfim.errors import InputError
from dfim.sequences.features import FEATURE_COLUMNS

N = 300


@pytest.fixture(scope="module")
def dataset():
    rng = np.random.default_rng(1)
    features = pd.DataFrame(
        {
            "example": rng.integers(N, size=400),
            "name": rng.choice(["ELF1", "SIX5", "AP1"], 400),
            "group": rng.choice(["positive", "control", ""], 400),
        }
    ).reindex(columns=FEATURE_COLUMNS)
    examples = pd.DataFrame(
        {
            "example": range(N),
            "name": [f"e{row}" for row in range(N)],
            "origin": rng.choice(["set1", "set2", "set3"], N),
            "split": rng.choice(["train", "validation", "test"], N),
        }
    )
    labels = rng.integers(-1, 2, size=(N, 2)).astype(np.int8)
    return Dataset(np.full((N, 5), 65, np.uint8), labels, ["a", "b"], examples, features)


@pytest.fixture(scope="module")
def logits():
    return np.random.default_rng(2).normal(size=(N, 2)).astype(np.float32)


def test_all_filters_agree_with_a_loop(dataset, logits):
    criteria = {
        "origins": ["set1", "set3"],
        "splits": ["train", "test"],
        "positive_for": ["a", "b"],
        "features": ["ELF1"],
        "groups": ["positive", "control"],
        "correct": True,
    }
    expected = []
    for row, example in dataset.examples.iterrows():
        mine = dataset.features[dataset.features["example"] == row]
        label, logit = dataset.labels[row, 1], logits[row, 1]
        if (
            example["origin"] in ("set1", "set3")
            and example["split"] != "validation"
            and 1 in dataset.labels[row]
            and "ELF1" in list(mine["name"])
            and {"positive", "control"} & set(mine["group"])
            and ((label == 1 and logit > 0) or (label == 0 and logit < 0))
        ):
            expected.append(row)
    assert len(expected) > 5
    assert list(select_examples(dataset, logits, "b", criteria, 0)) == expected


def test_all_named_features_are_needed(dataset, logits):
    rows = select_examples(dataset, None, "a", {"features": ["ELF1", "SIX5"]}, 0)
    names = dataset.features.groupby("example")["name"].agg(set)
    assert list(rows) == [row for row in range(N) if {"ELF1", "SIX5"} <= names.get(row, set())]


def test_negative_for_leaves_missing_labels_out(dataset):
    rows = select_examples(dataset, None, "a", {"negative_for": ["b"]}, 0)
    assert list(rows) == list(np.flatnonzero(dataset.labels[:, 1] == 0))


def test_nothing_asked_selects_everything(dataset):
    assert list(select_examples(dataset, None, "a", {"correct": False, "limit": None}, 0)) == list(range(N))


def test_highest_takes_the_largest_logits_of_the_models_task(dataset, logits):
    rows = select_examples(dataset, logits, "y", {"splits": ["test"], "highest": 7}, 0, tasks=["x", "y"])
    test = dataset.rows("test")
    assert set(rows) == set(sorted(test, key=lambda row: -logits[row, 1])[:7])
    assert list(rows) == sorted(rows)


def test_limits_are_nested_and_follow_the_seed(dataset):
    small = select_examples(dataset, None, "a", {"limit": 20}, 5)
    large = select_examples(dataset, None, "a", {"limit": 50}, 5)
    assert len(small) == 20
    assert set(small) < set(large)
    assert set(small) != set(select_examples(dataset, None, "a", {"limit": 20}, 6))
    assert set(select_examples(dataset, None, "a", {"limit": 10 * N}, 5)) == set(range(N))


def sentence(*arguments):
    with pytest.raises(InputError) as caught:
        select_examples(*arguments)
    return str(caught.value)


def test_error_sentences(dataset, logits):
    assert sentence(dataset, None, "a", {"origin": ["set1"]}, 0) == (
        "the selection has no criterion 'origin': choose from origins, splits, positive_for, negative_for, "
        "features, groups, correct, highest, lowest, limit."
    )
    assert sentence(dataset, None, "a", {"origins": "set1"}, 0) == (
        "the criterion 'origins' of the selection is 'set1': write a list of names."
    )
    assert sentence(dataset, None, "a", {"limit": 0}, 0) == (
        "the criterion 'limit' of the selection is 0: write a number above 0."
    )
    assert sentence(dataset, None, "a", {"features": ["GATA1"]}, 0).startswith(
        "the criterion 'features' of the selection asks for 'GATA1', which no example has; it knows "
    )
    assert sentence(dataset, None, "a", {"correct": True}, 0) == (
        "the criterion 'correct' of the selection needs the model's predictions for the dataset, and "
        "there are "
        "none: remove it, or choose the dataset that the model was trained on."
    )
    assert sentence(dataset, logits[:10], "a", {"correct": True}, 0) == (
        f"the predictions have 10 rows and the dataset {N} examples: choose the dataset that the model was "
        "trained on."
    )
    assert sentence(dataset, None, "a", {"positive_for": ["c"]}, 0) == (
        "there is no task 'c'; the dataset has the tasks a, b."
    )
    assert sentence(dataset, logits, "c", {"highest": 1}, 0) == (
        "there is no task 'c'; the model has the tasks a, b."
    )


def test_an_empty_result_says_which_criterion_emptied_it(dataset):
    wrong = np.where(dataset.labels == 1, -1.0, 1.0)
    tests = (dataset.examples["split"] == "test").sum()
    assert sentence(dataset, wrong, "a", {"splits": ["test"], "correct": True}, 0) == (
        f"no example is left after the criterion 'correct' of the selection ({N} in the dataset, "
        f"{tests} after "
        "splits, 0 after correct): loosen it or remove it."
    )


def test_features_of_groups_and_a_group_that_there_is_not():
    features = pd.DataFrame({"feature": range(3), "group": ["known", "", "known"]})
    assert list(features_of_groups(features, ["known"])["feature"]) == [0, 2]
    assert features_of_groups(features, None) is features
    with pytest.raises(InputError, match="'feature_groups' of the selection asks for 'positive', which no"):
        features_of_groups(features, ["positive"])


def test_lowest_are_the_smallest_logits(dataset, logits):
    rows = select_examples(dataset, logits, "b", {"lowest": 20}, 0)
    assert list(rows) == sorted(np.argsort(logits[:, 1], kind="stable")[:20])


def test_sets_meet_their_own_criteria_and_the_common_ones(dataset, logits):
    criteria = {"splits": ["test"], "sets": {"weak": {"lowest": 10}, "any": {"limit": 30}}}
    table = select_sets(dataset, logits, "b", criteria, 1)
    assert list(table) == ["example", "name", "set"]
    for name, own in criteria["sets"].items():
        expected = select_examples(dataset, logits, "b", {"splits": ["test"]} | own, 1)
        assert list(table.loc[table["set"] == name, "example"]) == list(expected)
    assert table["example"].duplicated().any()  # in both
    assert list(select_sets(dataset, logits, "b", {"limit": 5}, 1)) == ["example", "name"]


@pytest.mark.parametrize("criteria", [{"positive_for": ["a"]}, {"correct": True}])
def test_measured_values_have_no_labels_to_choose_by(dataset, logits, criteria):
    values = Dataset(dataset.bases, logits, dataset.tasks, dataset.examples)
    with pytest.raises(InputError, match="asks for labels, and the dataset has measured values: choose"):
        select_examples(values, logits, "a", criteria, 0)
    assert len(select_examples(values, logits, "a", {"highest": 7}, 0)) == 7
