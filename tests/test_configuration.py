"""Configuration and sheets: what is accepted, and the sentence for each thing that is not."""

import copy
from pathlib import Path

import pytest
import yaml
from snakemake.utils import update_config, validate

from configuration import check, check_reads, check_references, read_tasks, tasks_of_models
from dfim.errors import InputError

ROOT = Path(__file__).parents[1]
SCHEMA = ROOT / "config/schemas/config.schema.yaml"
TASKS_SCHEMA = ROOT / "config/schemas/tasks.schema.yaml"


@pytest.fixture
def config():
    return yaml.safe_load((ROOT / "config/config.yaml").read_text())


@pytest.mark.parametrize(
    "name", ["config.yaml", "paper.yaml", "published.yaml", "own.yaml", "real.yaml", "reads.yaml"]
)
def test_shipped_configurations_pass(name):
    check(yaml.safe_load((ROOT / "config" / name).read_text()), SCHEMA, name)


def test_the_paper_from_ready_made_peaks_differs_in_its_peaks_alone():
    """The second file is laid over the first, as Snakemake does it."""
    paper, over = (
        yaml.safe_load((ROOT / "config" / name).read_text()) for name in ("paper.yaml", "paper_peaks.yaml")
    )
    merged = copy.deepcopy(paper)
    update_config(merged, over)
    check(merged, SCHEMA, "paper_peaks.yaml")
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
            "config.yaml: key 'seeds' (value 3) is not known; allowed here are seed, results, data, "
            "downloads, accessions, queries, genomes, libraries, reads, keep_alignments, simulated_reads, "
            "datasets, architectures, models, methods, analyses, claims, expected_sizes, cannot_show.",
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
            "config.yaml: key 'models.tf_binding.training.batch_size' has the value 'many': 'many' is not of "
            "type 'integer'; needed: Examples per step.",
        ),
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
        check(config, SCHEMA, "config.yaml")
    assert str(error.value) == sentence


def with_defaults(config):
    """Fill in the schema's defaults, as the workflow does before it checks references."""
    filled = copy.deepcopy(config)
    validate(filled, str(SCHEMA))
    return filled


TASKS = {
    "simulation": ["ELF1_SIX5"],
    "tf_binding": ["GATA1", "GATA2", "TAL1"],
    "reference_samples": ["reference_01"],
    "accessibility": ["GM12878", "K562"],
    "binding_qtl": [],
    "cbf1": ["ddG"],
}


def test_references_of_the_default_hold(config):
    check_references(with_defaults(config), TASKS)


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (
            ["analyses", "gata_tal", "tasks"],
            ["MYC"],
            "key 'analyses.gata_tal.tasks' has the value 'MYC', and the tasks are GATA1, GATA2, TAL1.",
        ),
        (
            ["models", "accessibility", "initialise_from"],
            "accessibility",
            "key 'models.accessibility.initialise_from' leads back to 'accessibility': "
            "accessibility → accessibility.",
        ),
        (
            ["analyses", "gata_tal", "figures"],
            {"tracks": {}},
            "key 'analyses.gata_tal.figures.tracks' asks for the figure 'tracks', which this kind of targets "
            "cannot draw; allowed are pair_significance, distance, spacing, mutagenesis, calibration.",
        ),
        (
            ["analyses", "gata_tal", "background"],
            [0.3, 0.3, 0.3, 0.3],
            "key 'analyses.gata_tal.background' has the value [0.3, 0.3, 0.3, 0.3], which sums to 1.2, "
            "not 1.",
        ),
        (
            ["analyses", "gata_tal", "background"],
            "composition",
            "key 'analyses.gata_tal.background' is 'composition', which needs nucleotides as sources; give "
            "the probabilities of A, C, G and T.",
        ),
        (
            ["analyses", "gata_tal", "aggregate"],
            {"minimum": 5},
            "key 'analyses.gata_tal.aggregate' needs nucleotides as sources; remove it.",
        ),
        (
            ["analyses", "binding_qtl", "examples"],
            {"sets": {"weak": {"lowest": 5}}},
            "key 'analyses.binding_qtl.examples.sets.weak.lowest' needs predictions, which the model "
            "'accessibility' has of its own dataset 'accessibility' only, and the analysis looks at "
            "'binding_qtl'; remove the key.",
        ),
        (
            ["analyses", "gata_tal", "examples"],
            {"positive_for": ["MYC"]},
            "key 'analyses.gata_tal.examples.positive_for' has the value 'MYC', and the tasks are "
            "GATA1, GATA2, TAL1.",
        ),
        (
            ["analyses", "binding_qtl", "examples"],
            {"correct": True},
            "key 'analyses.binding_qtl.examples.correct' needs predictions, which the model 'accessibility' "
            "has of its own dataset 'accessibility' only, and the analysis looks at "
            "'binding_qtl'; remove the key.",
        ),
        (
            ["analyses", "gata_tal", "figures"],
            {"distance": {"nearer": 20}},
            "key 'analyses.gata_tal.figures.distance': the figure 'distance' has no option 'nearer'; "
            "its options are bin, comparisons, max, near, pairs, signed.",
        ),
        (
            ["architectures", "tf_binding"],
            [{"kind": "convolution", "filters": 8}],
            "key 'architectures.tf_binding': layer 1 (convolution) lacks the key 'width': give it a whole "
            "number above 0.",
        ),
        (
            ["analyses", "nucleotide_maps", "sources"],
            {"nucleotides": [50, 10]},
            "key 'analyses.nucleotide_maps.sources.nucleotides' has the value [50, 10]; needed: "
            "[start, end), start < end.",
        ),
        (
            ["datasets", "binding_qtl", "variants"],
            {"table": "v.tsv", "genome": "mini", "sequences": "s.npy", "overlapping": None},
            "key 'datasets.binding_qtl.variants' needs either 'genome' or 'sequences': what has the "
            "variants' bases.",
        ),
        (
            ["datasets", "binding_qtl", "variants"],
            {"table": "v.tsv", "sequences": "s.npy", "overlapping": "cells.tsv"},
            "key 'datasets.binding_qtl.variants.overlapping' needs a genome, and 'sequences' are given: "
            "remove it.",
        ),
        (
            ["datasets", "binding_qtl"],
            {"sequences": {"regions": "r.bed", "pwms": {}, "background": [0.25] * 4}},
            "key 'datasets.binding_qtl.sequences' needs either 'file', or 'regions' and 'genome'.",
        ),
        (
            ["datasets", "binding_qtl"],
            {"sequences": {"file": "s.fa", "pwms": {"TAL1": {"p": 1e-4}}, "background": [0.25] * 4}},
            "key 'datasets.binding_qtl.sequences.pwms.TAL1' needs either 'pwm' or 'matrix'.",
        ),
        (
            ["models", "tf_binding", "dataset"],
            "binding_qtl",
            "key 'models.tf_binding.dataset' names 'binding_qtl', which has no labels to train on.",
        ),
    ],
)
def test_dangling_references_are_named(config, path, value, sentence):
    config = with_defaults(config)
    parent = config
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = value
    with pytest.raises(InputError) as error:
        check_references(config, TASKS)
    assert str(error.value) == sentence


GIVEN = {"model": "mine.keras", "tasks": ["GATA1", "GATA2", "TAL1", "MYC"]}


def test_a_given_network_may_have_more_tasks_than_its_dataset_and_needs_none(config):
    config["models"]["tf_binding"] = {"dataset": "tf_binding", "source": GIVEN}
    config["models"]["alone"] = {"source": GIVEN}
    config["analyses"]["binding_qtl"] |= {"models": ["alone", "tf_binding"], "tasks": ["MYC"]}
    check(config, SCHEMA, "config.yaml")
    config = with_defaults(config)
    check_references(config, TASKS)
    assert tasks_of_models(config, TASKS)["alone"] == GIVEN["tasks"]
    assert tasks_of_models(config, TASKS)["accessibility"] == TASKS["accessibility"]


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        (
            {"source": {"weights": "mine.h5", "tasks": ["TAL1"]}},
            "key 'models.mine.source' needs either 'model' alone or 'architecture' and 'weights'.",
        ),
        (
            {"source": GIVEN, "architecture": "simulation"},
            "key 'models.mine' has a source, and what is trained already needs no 'architecture' and no "
            "'initialise_from': remove them.",
        ),
        (
            {"source": GIVEN, "dataset": "accessibility"},
            "key 'models.mine.dataset (a task of accessibility)' has the value 'GM12878', and the source's "
            "tasks are GATA1, GATA2, TAL1, MYC.",
        ),
        (
            {"source": GIVEN, "dataset": "binding_qtl"},
            "key 'models.mine.dataset' names 'binding_qtl', which has no labels to evaluate on.",
        ),
        (
            {
                "source": GIVEN,
                "contributions": [{"task": "MYC", "method": "deeplift", "background": [0.25] * 4}],
            },
            "key 'models.mine.contributions' needs examples: give the model a dataset.",
        ),
    ],
)
def test_given_networks_that_cannot_be_used(config, model, sentence):
    config["models"]["mine"] = model
    with pytest.raises(InputError) as error:
        check_references(with_defaults(config), TASKS)
    assert str(error.value) == sentence


def test_a_task_named_mean_is_refused(config):
    with pytest.raises(InputError) as error:
        check_references(with_defaults(config), TASKS | {"accessibility": ["GM12878", "mean"]})
    assert str(error.value) == (
        "the dataset 'accessibility' has a task named 'mean', which is kept for the mean over "
        "tasks; rename it."
    )


def sheet(tmp_path, text):
    path = tmp_path / "tasks.tsv"
    path.write_text(text)
    return path


def test_sheet_rows_are_read_in_order(tmp_path):
    path = sheet(
        tmp_path, "task\tassay\tpeaks\tsha256\n# a remark\nB\tATAC-seq\tb.bed\t\nA\tATAC-seq\ta.bed\n"
    )
    assert [row["task"] for row in read_tasks(path, TASKS_SCHEMA)] == ["B", "A"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("task\tassay\tpeaks\n", "{path} has no row of tasks; it needs a header and at least one row."),
        (
            "task\tassay\tpeaks\nA\tATAC\ta.bed\nA\tATAC\tb.bed\n",
            "{path}, line 3: the task 'A' appears twice; name each task once.",
        ),
        (
            "task\tassay\tpeaks\nA\tATAC\ta.bed\textra\n",
            "{path}, line 2: found 4 columns where the header has 3; separate the columns by single tabs.",
        ),
        (
            "task\tassay\tpeak\nA\tATAC\ta.bed\n",
            "{path}, line 2: key 'peak' (value 'a.bed') is not known; allowed here are "
            "task, assay, peaks, reads, peak_set, samples, least, sha256, md5, motif.",
        ),
        (
            "task\tassay\tpeaks\n../A\tATAC\ta.bed\n",
            "{path}, line 2: key 'task' has the value '../A', which does not match the form "
            "^[A-Za-z0-9][A-Za-z0-9._+-]*$: Name of the task, as it appears in tables and in paths.",
        ),
    ],
)
def test_sheet_errors_name_file_and_line(tmp_path, text, sentence):
    path = sheet(tmp_path, text)
    with pytest.raises(InputError) as error:
        read_tasks(path, TASKS_SCHEMA)
    assert str(error.value) == sentence.format(path=path)


def test_missing_sheet(tmp_path):
    with pytest.raises(InputError, match="does not exist; give the path of a TSV file with a header"):
        read_tasks(tmp_path / "none.tsv", TASKS_SCHEMA)


def reads_config() -> dict:
    """Return the configuration of the reads, defaults filled in."""
    config = yaml.safe_load((ROOT / "config/reads.yaml").read_text())
    validate(config, SCHEMA)
    return config


SHEET = "config/tasks/simulated_cells.tsv"


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (
            ["reads", "atac", "genome"],
            "hg19",
            "key 'reads.atac.genome' has the value 'hg19', and the genomes are small.",
        ),
        (
            ["simulated_reads", "myeloid_1", "genome"],
            "hg19",
            "key 'simulated_reads.myeloid_1.genome' has the value 'hg19', and the planted genomes are small.",
        ),
        (
            ["datasets", "accessibility", "peaks", "genome"],
            "other",
            f"task 'A' of the sheet {SHEET} has reads mapped to the genome 'small', and the dataset "
            "'accessibility' is of 'other': use one genome.",
        ),
    ],
)
def test_reads_that_refer_to_nothing_are_refused(path, value, sentence):
    config = place = reads_config()
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(InputError) as error:
        check_reads(config, {SHEET: [{"task": "A", "reads": "atac"}]}, {"atac": {"A": {}}})
    assert str(error.value) == sentence


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"task": "A", "reads": "chip"}, "has the reads 'chip', and the configuration's reads are atac."),
        (
            {"task": "B", "reads": "atac"},
            "has the reads 'atac', whose sheet of samples config/samples/planted_atac.tsv has the tasks A.",
        ),
    ],
)
def test_a_task_whose_reads_are_missing_is_refused(row, sentence):
    with pytest.raises(InputError) as error:
        check_reads(reads_config(), {SHEET: [row]}, {"atac": {"A": {}}})
    assert str(error.value) == f"task {row['task']!r} of the sheet {SHEET} {sentence}"
