"""The table of producers: it agrees with the schema and the rules, and tells sizes as datasets have them."""

import re

import pytest

from dfim.datasets.spacing import build_spacing_dataset
from workflow.datasets import PRODUCERS, made_by, matched_datasets, tasks_of_datasets, told_of
from workflow.demands import RULES
from workflow.schema import CONFIG_SCHEMA, ROOT, read_schema

FLAT = [0.25, 0.25, 0.25, 0.25]


# Twins are added to a configuration; nobody writes them into it.
OF_CONFIGURATIONS = [name for name in PRODUCERS if name != "twin"]


def test_every_producer_has_options_in_the_schema_and_a_rule_with_demands():
    schema = read_schema(CONFIG_SCHEMA)
    assert list(schema["properties"]["datasets"]["additionalProperties"]["properties"]) == OF_CONFIGURATIONS
    text = (ROOT / "rules/dataset.smk").read_text()
    rules = re.findall(r"^rule (\w+):", text, flags=re.MULTILINE)
    assert {producer.rule for producer in PRODUCERS.values()} == set(rules) - {"match_controls"}
    assert set(rules) <= set(RULES)


def test_the_sheets_and_sources_of_a_producer_are_options_in_the_schema():
    """Sources by any key that the schema calls a source, or a sheet, are found in the table."""
    definitions = read_schema(CONFIG_SCHEMA)["$defs"]
    for name in OF_CONFIGURATIONS:
        producer = PRODUCERS[name]
        options = {
            key: key
            for key, value in definitions[name]["properties"].items()
            if value.get("$ref") == "#/$defs/source"
        }
        given = {source for _, source, _ in producer.given(options | {"pwms": {}}) if isinstance(source, str)}
        assert given | {"array"} == set(options) | {"array"}, name
        assert producer.sheet is None or producer.sheet in definitions[name]["properties"]


CONFIG = {
    "datasets": {
        "one": {"variants": {"table": "v.tsv", "genome": "g", "overlapping": "cells.tsv", "window": 100}},
        "two": {"variants": {"table": "v.tsv", "genome": "g", "overlapping": None, "window": 100}},
        "three": {"peaks": {"tasks": "cells.tsv", "window": 64, "patterns": {"x": "GATA", "y": "GN"}}},
        "four": {"values": {"task": "ddG", "array": "a.npy", "core": "CACGTG"}},
    }
}


def test_datasets_are_known_by_their_rule_their_sheet_and_their_tasks():
    assert made_by(CONFIG, "build_variant_dataset") == ["one", "two"]
    assert matched_datasets(CONFIG) == ["one"]
    rows = {"cells.tsv": [{"task": "A"}, {"task": "B"}]}
    assert tasks_of_datasets(CONFIG, rows) == {"one": [], "two": [], "three": ["A", "B"], "four": ["ddG"]}


@pytest.mark.parametrize(
    ("dataset", "told"),
    [
        ("one", {"length": 100, "features": 1.0}),
        ("three", {"length": 64, "features": 64 / 256 + 64 / 4}),
        ("four", {"fixed": 6}),
    ],
)
def test_what_options_tell_of_the_size(dataset, told):
    assert told_of(CONFIG, dataset) == told


def test_a_spacing_dataset_is_as_large_as_told():
    options = {
        "length": 100,
        "motifs": {"a": "CAGATG", "b": "AGATAAG"},
        "largest": 15,
        "orientations": ["++", "-+"],
        "sequences": 2,
        "background": FLAT,
    }
    made = build_spacing_dataset(options, 1)
    told = PRODUCERS["spacing"].told(options)
    assert made.bases.shape == (told["examples"], told["length"])
    assert len(made.features) / len(made.bases) == told["features"]
