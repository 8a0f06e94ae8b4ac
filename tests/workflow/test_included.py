"""Configurations that are made of others: which value holds, and the sentence where two files disagree."""

import pytest
import yaml

from dfim.errors import InputError
from workflow.included import include, read_whole
from workflow.schema import ROOT


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A function that writes files of configurations into the working directory."""
    monkeypatch.chdir(tmp_path)

    def write(**texts):
        for name, text in texts.items():
            (tmp_path / f"{name}.yaml").write_text(text)

    return write


def test_what_a_configuration_says_itself_holds_over_what_it_includes_key_by_key(files):
    files(
        low="seed: 1\nmodels: {m: {dataset: d, training: {epochs: 3, patience: 2}}}\nclaims: [a]\n",
        top="include: [low.yaml]\nmodels: {m: {training: {epochs: 9}}, n: {dataset: d}}\nclaims: [b]\n",
    )
    assert read_whole("top.yaml") == {
        "seed": 1,
        "models": {
            "m": {"dataset": "d", "training": {"epochs": 9, "patience": 2}},
            "n": {"dataset": "d"},
        },
        "claims": ["b"],
    }


def test_a_key_of_the_command_line_holds_over_what_is_included(files):
    """Snakemake has laid it over the file before the configuration is read."""
    files(low="seed: 1\nresults: mine\n")
    config = {"include": ["low.yaml"], "seed": 5}
    include(config, "x")
    assert config == {"seed": 5, "results": "mine"}


def test_included_files_share_names_that_are_alike_and_add_up(files):
    files(
        a="genomes: {g: {planted: p.yaml}}\nexpected_sizes: {datasets: {d: {examples: 5}}}\n",
        b="genomes: {g: {planted: p.yaml}, h: {planted: q.yaml}}\n"
        "expected_sizes: {datasets: {e: {examples: 6}}, reads: {r: {reads: 1}}}\n",
        both="include: [a.yaml, b.yaml]\n",
    )
    assert read_whole("both.yaml") == {
        "genomes": {"g": {"planted": "p.yaml"}, "h": {"planted": "q.yaml"}},
        "expected_sizes": {
            "datasets": {"d": {"examples": 5}, "e": {"examples": 6}},
            "reads": {"r": {"reads": 1}},
        },
    }


@pytest.mark.parametrize(
    ("first", "second", "key"),
    [
        ("seed: 1\n", "seed: 2\n", "seed"),
        ("models: {m: {seeds: 2}}\n", "models: {m: {twins: 1}}\n", "models.m"),
        ("claims: [a]\n", "claims: [b]\n", "claims"),
        ("methods: {deeplift: {engine: cpu}}\n", "methods: {deeplift: {engine: auto}}\n", None),
        ("downloads: {tries: 3}\n", "downloads: {tries: 4}\n", "downloads.tries"),
    ],
)
def test_a_name_that_two_files_give_differently_is_refused(files, first, second, key):
    files(a=first, b=second)
    with pytest.raises(InputError) as error:
        include({"include": ["a.yaml", "b.yaml"]}, "x")
    key = key or "methods.deeplift.engine"
    assert str(error.value) == (
        f"a.yaml and b.yaml both give '{key}', and not alike: make them alike, or, if it is a name, "
        "rename one."
    )


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        ({"a": "include: [a.yaml]\n"}, "a.yaml includes itself (a.yaml → a.yaml): remove one 'include'."),
        (
            {"a": "include: [b.yaml]\n", "b": "include: [a.yaml]\n"},
            "a.yaml includes itself (a.yaml → b.yaml → a.yaml): remove one 'include'.",
        ),
        (
            {"a": "include: b.yaml\n"},
            "a.yaml: key 'include' has the value 'b.yaml'; write a list of files: [a.yaml].",
        ),
        ({"a": "- 1\n"}, "a.yaml is no configuration: write keys (seed, datasets, …) with their values."),
        (
            {"a": "include: [b.yaml]\n", "b": "seed: 1\nseed: 2\n"},
            "b.yaml, line 2: the key 'seed' is on line 1 too: keep one of them.",
        ),
    ],
)
def test_what_cannot_be_included_is_told(files, texts, sentence):
    files(**texts)
    with pytest.raises(InputError) as error:
        read_whole("a.yaml")
    assert str(error.value) == sentence


def test_a_file_that_is_missing_is_named(files):
    files(a="include: [gone.yaml]\n")
    with pytest.raises(InputError, match=r"gone\.yaml"):
        read_whole("a.yaml")


def test_the_default_is_the_four_analyses_and_repeats_nothing_of_them():
    names = ("simulation", "tf_binding", "accessibility", "affinity")
    default = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    assert default["include"] == [f"config/{name}.yaml" for name in names]
    assert set(default) == {"include", "claims", "cannot_show"}
    parts = [yaml.safe_load((ROOT / f"config/{name}.yaml").read_text()) for name in names]
    whole = read_whole(ROOT / "config/config.yaml")
    for section in ("datasets", "architectures", "models", "analyses"):
        assert sum(len(part[section]) for part in parts) == len(whole[section])
