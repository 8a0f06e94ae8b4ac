"""Named groups in conditions: what they stand for, and the sentence for a name that is none."""

import numpy as np
import pandas as pd
import pytest
import yaml

from dfim.errors import InputError
from dfim.statistics.conditions import matching
from workflow.groups import conditions_of, name_groups, written_out
from workflow.included import read_whole
from workflow.schema import ROOT

GROUPS = {
    "near": "abs_distance <= 20",
    "known": "source_group == 'known' and target_group == 'known'",
    "either": "copies == 1 or copies == 2",
    "known_near": "known and near",
}


@pytest.mark.parametrize(
    ("condition", "meant"),
    [
        ("near", "abs_distance <= 20"),
        ("known and near", "source_group == 'known' and target_group == 'known' and abs_distance <= 20"),
        ("known_near and x > 1", f"{GROUPS['known']} and {GROUPS['near']} and x > 1"),
        ("either and near", "(copies == 1 or copies == 2) and abs_distance <= 20"),
        ("not known", "not (source_group == 'known' and target_group == 'known')"),
        ("pair == 'ELF1–SIX5' and near", "pair == 'ELF1–SIX5' and abs_distance <= 20"),
        # A name that is compared is a column, whatever groups there are.
        ("near == 1 and copies > 1", "near == 1 and copies > 1"),
        # What does not parse is left to what evaluates it.
        ("near and", "near and"),
    ],
)
def test_a_name_that_stands_alone_is_its_condition(condition, meant):
    assert written_out(condition, GROUPS, "key 'k'") == meant


def test_what_is_written_out_chooses_the_rows_that_the_groups_choose_together():
    rng = np.random.default_rng(3)
    table = pd.DataFrame({name: rng.integers(0, 3, 200) for name in "abc"})
    groups = {"one": "a == 1 or b == 2", "two": "b == 0 and c > 0", "three": "a == c"}
    rows = {name: matching(table, condition, "g") for name, condition in groups.items()}
    for condition in (
        "one and two",
        "two or one",
        "not one and three",
        "not (one or two)",
        "one & ~two | three",
        "(one or three) and not two",
        "one and b == 2 and three",
    ):
        expected = eval(
            condition.replace("not ", "~")
            .replace(" and ", " & ")
            .replace(" or ", " | ")
            .replace("b == 2", "(table.b.to_numpy() == 2)"),
            {"table": table, **rows},
        )
        found = matching(table, written_out(condition, groups, "k"), "k")
        np.testing.assert_array_equal(found, expected, condition)
        assert 0 < found.sum() < len(table)


def configured(groups, **analysis):
    config = {"groups": groups, "analyses": {"x": analysis}}
    name_groups(config)
    return config["analyses"]["x"]


def test_every_condition_of_an_analysis_may_name_groups():
    analysis = configured(
        {"near": "d < 3", "far": "not near"},
        nulls=[{"model": "dinucleotide"}, {"model": "matched", "members": "far"}],
        truth={"interacting": "near", "not_interacting": "far"},
        comparisons={"c": {"score": "fis", "group": "near", "against": "far"}},
    )
    assert {key: options[part] for key, options, part in conditions_of(analysis)} == {
        "nulls.1.members": "not (d < 3)",
        "truth.interacting": "d < 3",
        "truth.not_interacting": "not (d < 3)",
        "comparisons.c.group": "d < 3",
        "comparisons.c.against": "not (d < 3)",
    }


@pytest.mark.parametrize(
    ("groups", "condition", "sentence"),
    [
        (
            {"near": "d < 3", "far": "d > 3"},
            "nere and d > 1",
            "key 'analyses.x.truth.interacting' names the group 'nere', and the groups are near, far: name "
            "one of them, or compare the column nere with a value.",
        ),
        (
            {},
            "near",
            "key 'analyses.x.truth.interacting' names the group 'near', and the configuration has no "
            "groups: name one of them, or compare the column near with a value.",
        ),
        ({"a": "b", "b": "not a"}, "a", "the groups a → b → a lead back to 'a': write one out."),
        (
            {"a": "d <"},
            "a",
            "key 'groups.a' has the condition 'd <', which cannot be read (invalid syntax): mend it.",
        ),
    ],
)
def test_what_names_no_group_is_told_with_those_there_are(groups, condition, sentence):
    with pytest.raises(InputError) as error:
        configured(groups, truth={"interacting": condition, "not_interacting": "d > 1"})
    assert str(error.value) == sentence


SHIPPED = [path for path in (ROOT / "config").glob("*.yaml") if not path.name.startswith("planted")]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_conditions_are_short_and_every_group_is_used(path):
    own = yaml.safe_load(path.read_text())
    whole = read_whole(path)
    conditions = [
        options[part] for one in whole.get("analyses", {}).values() for _, options, part in conditions_of(one)
    ]
    assert not [one for one in [*conditions, *whole.get("groups", {}).values()] if len(one) > 100]
    for group in own.get("groups", {}):
        assert any(group in one.split() for one in conditions), group
