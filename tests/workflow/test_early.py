"""What is known to fail is told before the first job, all at once; what is right says nothing."""

import sys

import pytest
import yaml

from dfim.errors import InputError
from workflow.configuration import read_configuration
from workflow.early import check_beforehand, foreseen, missing_files, not_installed
from workflow.included import read_whole
from workflow.network_heads import Head, network_head
from workflow.running import given_names
from workflow.schema import ROOT
from workflow.sentences import in_one_list
from workflow.sources import find_sources

OWN = yaml.safe_load((ROOT / "config/own.yaml").read_text())
NETWORK = "resources/own/network.keras"
VARIANTS = "chrom\tpos1\tref\talt\tpvalue\nchr1\t5\tA\tC\t1e-9\nchr1\t6\tA\tC\t0.01\n"


def told(config, tmp_path):
    """Return the sentences about a configuration whose results lie in a new folder."""
    config = yaml.safe_load(yaml.safe_dump(config)) | {"results": str(tmp_path / "results")}
    sheets = read_configuration(config, "config.yaml")
    return list(foreseen(config, sheets, find_sources(config, sheets)))


def with_dataset(producer, options, **more):
    """Return a configuration of one dataset and the given network, and more."""
    config = {"seed": 1, "datasets": {"d": {producer: options}}, "analyses": {}}
    return config | {"models": {"m": {"source": {"model": NETWORK, "tasks": ["T"]}}}} | more


def peaks(tmp_path, **options):
    (tmp_path / "t.tsv").write_text(
        "task\tassay\tpeaks\n" + options.pop("rows", "A\tx\ta.bed\nB\tx\tb.bed\n")
    )
    (tmp_path / "g.fa").write_text(">chr1\nACGT\n>chr8 x\nACGT\n")
    dataset = {
        "genome": "g",
        "tasks": str(tmp_path / "t.tsv"),
        "window": 200,
        "patterns": {},
        "examples": "union",
    }
    return with_dataset("peaks", dataset | options, genomes={"g": {"fasta": str(tmp_path / "g.fa")}})


@pytest.mark.parametrize("name", ["config.yaml", "own.yaml", "residual.yaml"])
def test_shipped_configurations_are_not_expected_to_fail(name, tmp_path):
    assert told(read_whole(ROOT / "config" / name), tmp_path) == []


def test_a_backend_that_is_not_installed(monkeypatch, tmp_path):
    config = yaml.safe_load(yaml.safe_dump(OWN)) | {"results": str(tmp_path / "results"), "backend": "torch"}
    sheets = read_configuration(config, "own.yaml")
    monkeypatch.setitem(sys.modules, "torch", None)
    (sentence,) = not_installed(config)
    assert sentence == (
        f"the backend is torch, and PyTorch is not installed: run '{sys.executable} -m pip install torch', "
        "or choose another backend."
    )
    asked = (config, sheets, find_sources(config, sheets), [], "own.yaml")
    with pytest.raises(InputError) as refused:
        check_beforehand(*asked)
    assert str(refused.value) == sentence
    check_beforehand(*asked, here=False)  # jobs have an environment of their own


def test_a_network_of_another_length(tmp_path):
    assert network_head(ROOT / NETWORK) == Head(200, 1)
    (tmp_path / "s.fa").write_text(">a\nACGT\nACG\n>b\nACGTACG\n")
    config = yaml.safe_load(yaml.safe_dump(OWN))
    (dataset,) = config["datasets"]
    for analysis in config["analyses"].values():
        analysis["figures"] = {}
    config["datasets"] = {dataset: {"sequences": {"file": str(tmp_path / "s.fa"), "patterns": {"A": "ACG"}}}}
    sentences = told(config, tmp_path)
    assert sentences
    assert all(
        f"sequences of 200 bp, and those of the dataset {dataset!r} ({tmp_path}/s.fa) have 7: give" in one
        for one in sentences
    )


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (
            {"length": 5000},
            "key 'scans.s.length' is of 5000 bp, and the network 'm' takes 200: give that length.",
        ),
        (
            {"sequences": "s.fa"},
            "key 'scans.s.sequences' is of 7 bp, and the network 'm' takes 200: give that",
        ),
        (
            {"spacings": "0-400"},
            "key 'scans.s', in the network 'm': a spacing of 400 bp does not fit into sequences of 200 bp: "
            "A and B at all spacings need 411 bp, so lower the largest spacing.",
        ),
        ({"spacings": "0-40"}, None),
    ],
)
def test_a_scan_that_does_not_fit_its_network(changed, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    (tmp_path / "s.fa").write_text("".join(f">{name}\nACGTACG\n" for name in range(60)))
    if "sequences" in changed:
        changed = {"sequences": str(tmp_path / "s.fa")}
    scan = {"models": ["m"], "tasks": ["T"], "motifs": {"A": "ACGTT", "B": "GGCATT"}} | changed
    models = {"m": {"source": {"model": NETWORK, "tasks": ["T"]}}}
    found = told({"seed": 1, "models": models, "scans": {"s": scan}}, tmp_path)
    assert [one[: len(sentence)] for one in found] == [sentence] if sentence else found == []


def test_a_network_of_other_outputs_and_a_table_without_a_task(tmp_path):
    (tmp_path / "s.fa").write_text(f">a\n{'A' * 200}\n")
    (tmp_path / "l.tsv").write_text("name\tT\na\t1\n")
    own = {"file": str(tmp_path / "s.fa"), "labels": str(tmp_path / "l.tsv"), "tasks": ["T", "U"]}
    config = with_dataset("sequences", own)
    config["models"]["m"]["source"]["tasks"] = ["T", "U"]
    config["models"]["m"]["dataset"] = "d"
    assert told(config, tmp_path) == [
        f"key 'datasets.d.sequences.labels': {tmp_path}/l.tsv has no column 'U'; it has name, T: a table of "
        "labels has the column 'name' and one named as each task.",
        f"key 'models.m.source.tasks' names 2 tasks (T, U), and the network {NETWORK} has 1 output: "
        "name each output, in order, or say under 'outputs' which one a task is.",
    ]
    config["models"]["m"]["source"]["tasks"] = own["tasks"] = ["T"]
    assert told(config, tmp_path) == []


@pytest.mark.parametrize(
    ("own", "sentence"),
    [
        (
            {"labels": "l.tsv"},
            "needs both 'labels' and 'tasks', the columns of the table that are",
        ),
        ({"tasks": ["T"]}, "needs both 'labels' and 'tasks'"),
        (
            {"labels": "l.tsv", "tasks": ["T"], "test_fraction": 0.6, "validation_fraction": 0.4},
            "has the shares test_fraction 0.6 and validation_fraction 0.4, which leave nothing to train on",
        ),
    ],
)
def test_labels_and_shares_that_do_not_fit(tmp_path, own, sentence):
    (tmp_path / "s.fa").write_text(f">a\n{'A' * 200}\n")
    config = with_dataset("sequences", {"file": str(tmp_path / "s.fa")} | own)
    with pytest.raises(InputError) as error:
        told(config, tmp_path)
    assert sentence in str(error.value)


def test_one_task_over_its_own_union(tmp_path):
    (sentence,) = told(peaks(tmp_path, rows="A\tx\ta.bed\n", test_chromosomes=["chr8"]), tmp_path)
    assert "has examples: union and the one task 'A', whose peaks are positive everywhere" in sentence
    assert told(peaks(tmp_path, test_chromosomes=["chr8"]), tmp_path) == []


def test_test_chromosomes_that_the_genome_lacks(tmp_path):
    (sentence,) = told(peaks(tmp_path), tmp_path)
    assert sentence == (
        "key 'datasets.d.peaks.test_chromosomes' has 'chr9', which the genome 'g' lacks; it has chr1, chr8."
    )


def test_a_comparison_with_a_group_that_a_table_has_not(tmp_path):
    (tmp_path / "v.tsv").write_text(VARIANTS)
    (tmp_path / "g.fa").write_text(">chr1\nACGTAAAA\n")
    variants = {"genome": "g", "table": str(tmp_path / "v.tsv"), "window": 200}
    comparison = {"score": "fis", "group": "group == 'positive'", "against": "group == 'control'"}
    analysis = {"dataset": "d", "models": ["m"], "tasks": ["T"], "background": [0.25] * 4}
    analysis |= {
        "sources": {"features": "all"},
        "targets": {"positions": 5},
        "comparisons": {"c": comparison},
    }
    genomes = {"g": {"fasta": str(tmp_path / "g.fa")}}
    config = with_dataset("variants", variants, analyses={"a": analysis}, genomes=genomes)
    (sentence,) = told(config, tmp_path)
    assert sentence.startswith(
        "key 'analyses.a.comparisons.c' asks for variants of the group 'control', and "
    )
    assert "has none of 1 variant: change 'control_from' of the dataset 'd' (1)" in sentence
    config["datasets"]["d"]["variants"]["control_from"] = 0.01
    assert told(config, tmp_path) == []


def test_files_that_jobs_need_and_that_are_missing(tmp_path):
    fetched = {"a": {"location": "no/a.bed"}, "b": {"location": "https://x/b"}, "c": {"location": "no/c.bed"}}
    assert list(missing_files({}, fetched, ["a", "b"])) == [
        "the source no/a.bed does not exist; give the path of a file, or a URL."
    ]
    with pytest.raises(InputError) as error:
        in_one_list(missing_files({}, fetched, fetched), "config.yaml")
    assert str(error.value).splitlines()[0] == "config.yaml: 2 things are to be mended:"
    in_one_list([], "config.yaml")


def test_a_folder_in_the_place_of_a_file_is_told(tmp_path):
    assert list(missing_files({}, {"a": {"location": str(tmp_path)}}, ["a"])) == [
        f"the source {tmp_path} is a folder; give the path of a file, or a URL."
    ]


def test_a_missing_file_is_told_with_the_keys_that_name_it():
    model = {"source": {"model": {"location": "{data}/no.keras", "sha256": "0"}}}
    config = {
        "data": "mine/",
        "models": {"a": model, "b": {"source": {"model": "mine/no.keras"}}, "c": {"source": {"model": "no"}}},
        "datasets": {"d": {"sequences": {"files": ["mine/there.fa", "mine/none.fa"]}}},
    }
    fetched = {"n": {"location": "mine/no.keras"}, "f": {"location": "mine/none.fa"}}
    assert list(missing_files(config, fetched, fetched)) == [
        "key 'models.a.source.model.location', key 'models.b.source.model': the source mine/no.keras does "
        "not exist; give the path of a file, or a URL.",
        "key 'datasets.d.sequences.files.1': the source mine/none.fa does not exist; give the path of a "
        "file, or a URL.",
    ]


def test_messages_name_the_users_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.bed").touch()
    (tmp_path / "link.bed").symlink_to(tmp_path / "mine.bed")
    (tmp_path / "download.bed").touch()
    (tmp_path / ".download.bed.origin").write_text("https://x/y.bed\n")
    assert given_names(["link.bed", "download.bed", "mine.bed"]) == {
        "link.bed": "mine.bed",
        "download.bed": "https://x/y.bed (fetched to download.bed)",
    }
