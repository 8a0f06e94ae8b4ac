"""Names in the configuration and its sheets: the sentence for each one that refers to nothing."""

import copy

import pytest

from dfim.errors import InputError
from workflow.backgrounds import set_backgrounds
from workflow.datasets import tasks_of_models
from workflow.included import read_whole
from workflow.references import check_reads, check_references
from workflow.schema import ROOT, complete
from workflow.sheets import Sheets


@pytest.fixture
def config():
    return read_whole(ROOT / "config/config.yaml")


def with_defaults(config):
    """Fill in the schema's defaults, as the workflow does before it checks references."""
    filled = copy.deepcopy(config)
    complete(filled, "config.yaml")
    set_backgrounds(filled)
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
            "cannot draw; allowed are kinds, pair_significance, distance, spacing, mutagenesis, "
            "calibration.",
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
            ["models", "cbf1", "twins"],
            0,
            "key 'analyses.cbf1_flanks.aggregate.null' is 'additive', and key 'models.cbf1' has no twins; "
            "give it 'twins: 1', or 2 to see what the test calls where there is nothing.",
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
            {"table": "v.tsv", "genome": "mini", "sequences": "s.npy", "overlapping": None, "window": 9},
            "key 'datasets.binding_qtl.variants' needs either 'genome' or 'sequences': what has the "
            "variants' bases.",
        ),
        (
            ["datasets", "binding_qtl", "variants"],
            {"table": "v.tsv", "window": 9, "sequences": "s.npy", "overlapping": "cells.tsv"},
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
    # Alone, or in the list of all that is wrong: what follows from it is there too.
    assert sentence in (str(error.value), *(line[2:] for line in str(error.value).splitlines()))


GIVEN = {"model": "mine.keras", "tasks": ["GATA1", "GATA2", "TAL1", "MYC"]}


def test_a_given_network_may_have_more_tasks_than_its_dataset_and_needs_none(config):
    config["models"]["tf_binding"] = {"dataset": "tf_binding", "source": GIVEN}
    config["models"]["alone"] = {"source": GIVEN}
    config["analyses"]["binding_qtl"] |= {"models": ["alone", "tf_binding"], "tasks": ["MYC"]}
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


def reads_config() -> dict:
    """Return the configuration of the reads, defaults filled in."""
    return with_defaults(read_whole(ROOT / "config/reads.yaml"))


SHEET = "config/tasks/simulated_cells.tsv"


def sheets_with(row: dict) -> Sheets:
    """Return sheets with one task of a set of reads, which has samples of the task A."""
    return Sheets(tasks={SHEET: [row]}, samples={"atac": {"A": {}}}, peaks={})


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
        check_reads(config, sheets_with({"task": "A", "reads": "atac"}))
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
        check_reads(reads_config(), sheets_with(row))
    assert str(error.value) == f"task {row['task']!r} of the sheet {SHEET} {sentence}"


def test_everything_that_is_wrong_is_told_at_once(config):
    config["models"]["tf_binding"]["dataset"] = "nowhere"
    config["analyses"]["gata_tal"]["dataset"] = "nothing"
    with pytest.raises(InputError) as error:
        check_references(with_defaults(config), TASKS)
    heading, *lines = str(error.value).splitlines()
    assert heading == f"the configuration: {len(lines)} things are to be mended:"
    for name in ("nowhere", "nothing"):
        assert any(line.startswith("- key ") and f"has the value {name!r}" in line for line in lines)


def test_names_that_differ_only_in_case_are_refused(config):
    config["models"]["TF_binding"] = config["models"]["tf_binding"]
    with pytest.raises(
        InputError, match=r"the models 'tf_binding' and 'TF_binding' differ only in case, and some"
    ):
        check_references(with_defaults(config), TASKS)


@pytest.mark.parametrize("name", ["models", "reads", "scans"])
def test_an_analysis_that_would_share_a_folder_of_figures_is_refused(config, name):
    config["analyses"][name] = config["analyses"]["binding_map"]
    with pytest.raises(InputError) as error:
        check_references(with_defaults(config), TASKS)
    assert f"key 'analyses.{name}' has the name of a folder, figures/{name}, that" in str(error.value)
