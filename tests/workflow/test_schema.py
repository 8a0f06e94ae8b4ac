"""Configurations against their schema: what is accepted, and the sentence for each thing that is not."""

import re

import pytest
import yaml
from snakemake.utils import update_config

from dfim.errors import InputError
from workflow.included import read_whole
from workflow.results import results_folder
from workflow.schema import CONFIG_SCHEMA, ROOT, check, check_files, complete, locate


@pytest.fixture
def config():
    return read_whole(ROOT / "config/config.yaml")


@pytest.mark.parametrize(
    "name", [path.name for path in (ROOT / "config").glob("*.yaml") if not path.name.startswith("planted")]
)
def test_shipped_configurations_pass(name):
    check(read_whole(ROOT / "config" / name), CONFIG_SCHEMA, name)


def test_models_of_which_nothing_is_asked_are_refused(config):
    del config["analyses"]
    with pytest.raises(InputError) as error:
        complete(config, "config.yaml")
    sentence = "config.yaml has neither the key 'analyses' nor 'scans': give what is asked of the models."
    assert str(error.value) == sentence


def test_the_paper_from_ready_made_peaks_differs_in_its_peaks_alone():
    paper, merged = (read_whole(ROOT / "config" / name) for name in ("paper.yaml", "paper_peaks.yaml"))
    over = yaml.safe_load((ROOT / "config/paper_peaks.yaml").read_text())
    assert over.pop("include") == ["config/paper.yaml"]
    laid = read_whole(ROOT / "config/paper.yaml")
    update_config(laid, over)  # as Snakemake does with both files on its command line
    assert laid == merged
    assert {key for key in merged if merged[key] != paper[key]} == {"results", "datasets", "cannot_show"}
    assert "{results}/reads/" not in repr(merged["datasets"])
    for name in ("models", "analyses"):
        assert merged[name] == paper[name]


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (
            ["seeds"],
            3,
            "config.yaml: key 'seeds' (value 3) is not known; allowed here are include, seed, "
            "background, groups, results, data, downloads, accessions, queries, genomes, libraries, reads, "
            "keep_alignments, simulated_reads, datasets, architectures, models, backend, "
            "methods, analyses, scans, claims, expected_sizes, cannot_show. Did you mean 'seed'?",
        ),
        (
            ["methods"],
            {"deeplift": {"rule": "linear"}},
            "config.yaml: key 'methods.deeplift.rule' has the value 'linear'; allowed values are "
            "genomics_default, rescale, reveal_cancel.",
        ),
        (
            ["models", "tf_binding", "training", "batch_size"],
            "many",
            "config.yaml: key 'models.tf_binding.training.batch_size' has the value 'many'; needed: whole "
            "number ≥ 1. Examples per step.",
        ),
        (
            ["models", "tf_binding", "training", "batch_size"],
            "64",
            "config.yaml: key 'models.tf_binding.training.batch_size' has the value '64', which is text: "
            "write 64 without quotation marks.",
        ),
        (
            ["analyses", "gata_tal", "methods"],
            "deeplift",
            "config.yaml: key 'analyses.gata_tal.methods' has the value 'deeplift'; needed: list of "
            "deeplift, deeplift_package, gradient_input, integrated_gradients, in_silico_mutagenesis. "
            "Methods of scoring contributions.",
        ),
        (
            ["analyses", "gata_tal", "tasks"],
            ["GATA1", "GATA1"],
            "config.yaml: key 'analyses.gata_tal.tasks' has the value ['GATA1', 'GATA1'], which has an entry "
            "twice: give each once.",
        ),
        (
            ["background"],
            [0.5, 0.5],
            "config.yaml: key 'background' has the value [0.5, 0.5], 2 long; needed: at least 4 long. "
            "Probabilities of A, C, G and T; they sum to 1.",
        ),
        (
            ["analyses", "gata_tal", "sources"],
            "all",
            "config.yaml: key 'analyses.gata_tal.sources' has the value 'all'; needed: mapping of the keys "
            "features, nucleotides. What is mutated, features or nucleotides.",
        ),
        (
            ["models", "tf_binding", "training", "batchsize"],
            list(range(100)),
            "config.yaml: key 'models.tf_binding.training.batchsize' (value [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, "
            "10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 2 …) is not known; allowed "
            "here are "
            "batch_size, epochs, patience, wait, learning_rate, reverse_complement, shift, class_weights, "
            "schedule, plateau, weight_decay, weight_averaging. Did you mean 'batch_size'?",
        ),
        (["models"], None, "config.yaml: the top level lacks the required key 'models'."),
        (
            ["models", "tf_binding", "architecture"],
            None,
            "config.yaml: key 'models.tf_binding' lacks the required key 'architecture'.",
        ),
    ],
)
def test_violations_name_key_value_and_what_is_allowed(config, path, value, sentence):
    parent = config
    for key in path[:-1]:
        parent = parent[key]
    if value is None:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    with pytest.raises(InputError) as error:
        check(config, CONFIG_SCHEMA, "config.yaml")
    assert str(error.value) == sentence


def written(tmp_path, text):
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("seed: 1\nresults: a\nseed: 2\n", "{}, line 3: the key 'seed' is on line 1 too: keep one of them."),
        ("a:\n  x: 1\n  y: {z: 1, z: 2}\n", "{}, line 3: the key 'z' is on line 3 too: keep one of them."),
        ("analyses:\n  1: {}\n", "{}: the key 1 of analyses is read as int: write it in quotation marks."),
        ("models:\n  yes: {}\n", "{}: the key True of models is read as bool: write it in quotation marks."),
        ("a: [1\nb: 2\n", "{}, line 2: it is not YAML (expected ',' or ']', but got ':'): mend it."),
    ],
)
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_what_a_loader_would_drop_is_told_with_its_line(tmp_path, text, sentence, mark):
    path = written(tmp_path, mark + text)
    with pytest.raises(InputError) as error:
        check_files([path])
    assert str(error.value) == sentence.format(path)


def test_keys_of_different_mappings_and_merged_ones_may_be_equal(tmp_path):
    check_files([written(tmp_path, "a: &a {x: 1}\nb:\n  <<: *a\n  x: 2\nc: [{x: 1}, {x: 2}]\n")])


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (["patterns"], {"a": 1}, "which YAML reads as int: write it in quotation marks."),
        (["max_n_fraction"], "1e-5", "which YAML reads as text: write 1.0e-5 without quotation marks."),
        (["max_n_fraction"], "1e5", "which YAML reads as text: write 1.0e+5 without quotation marks."),
    ],
)
def test_what_yaml_takes_for_another_kind_is_said(config, path, value, sentence):
    peaks = config["datasets"]["tf_binding"]["peaks"]
    peaks[path[0]] = value
    with pytest.raises(InputError, match=re.escape(sentence)):
        check(config, CONFIG_SCHEMA, "config.yaml")


@pytest.mark.parametrize("task", ["..", ".", "a/b", "{x}", "a b", "-x", "", "a\n"])
def test_tasks_of_a_network_that_is_given_can_be_folders(task):
    own = yaml.safe_load((ROOT / "config/own.yaml").read_text())
    next(iter(own["models"].values()))["source"]["tasks"] = [task]
    with pytest.raises(InputError, match="A name that may become a folder"):
        check(own, CONFIG_SCHEMA, "own.yaml")


def test_the_home_folder_is_what_a_shell_takes_it_for(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert results_folder({"results": "~/mine/"}) == f"{tmp_path}/mine"
    (tmp_path / "sheet.tsv").touch()
    assert locate("~/sheet.tsv") == f"{tmp_path}/sheet.tsv"


def stray_keys(schema, where=""):
    """Yield keys without a value: the rest of a description that has a comma and no quotation marks."""
    parts = schema.items() if isinstance(schema, dict) else enumerate(schema)
    for key, part in parts:
        if part is None and key != "default":
            yield f"{where}.{key}"
        if isinstance(part, dict | list):
            yield from stray_keys(part, f"{where}.{key}")


@pytest.mark.parametrize("path", (ROOT / "config/schemas").glob("*.yaml"), ids=lambda path: path.stem)
def test_no_description_of_a_schema_is_cut_at_a_comma(path):
    assert list(stray_keys(yaml.safe_load(path.read_text()))) == []
    assert list(stray_keys({"a": {"description": "One", "two.": None, "default": None}})) == [".a.two."]
