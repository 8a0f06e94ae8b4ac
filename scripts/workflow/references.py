"""Checks across the configuration and its sheets: what is named exists, and fits what names it."""

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

from dfim.errors import InputError
from dfim.networks.architecture import check_layers, output_length
from dfim.plots.options import FIGURES, check_options
from dfim.reproduction.claims import check_cannot_show, read_claims
from workflow.datasets import (
    PRODUCERS,
    check_background,
    producer_of,
    sheet_of,
    tasks_of_models,
    told_of,
)
from workflow.exports import check_exports
from workflow.named import checks_of_names
from workflow.results import FIGURE_FOLDERS
from workflow.scans import check_scan
from workflow.sentences import in_one_list, need, sentences_of
from workflow.sheets import Sheets


def check_references(config: Mapping, tasks_of_dataset: Mapping[str, list[str]]) -> None:
    """Check that names in the configuration refer to something; raise InputError with all that is wrong.

    ``tasks_of_dataset`` has the tasks of each dataset (none for a dataset of variants).
    """
    tasks_of_model = tasks_of_models(config, tasks_of_dataset)
    checks = [partial(_check_case, config, tasks_of_dataset)]
    checks += [partial(_check_dataset, name, config, tasks_of_dataset[name]) for name in config["datasets"]]
    for name, model in config["models"].items():
        checks.append(partial(_check_model, name, model, config, tasks_of_dataset))
    checks += [partial(_check_genome, name, genome) for name, genome in config["genomes"].items()]
    for name, analysis in config["analyses"].items():
        checks.append(partial(_check_analysis, name, analysis, config, tasks_of_dataset, tasks_of_model))
        checks += checks_of_names(name, config)
    checks += [partial(check_scan, name, config, tasks_of_model) for name in config["scans"]]
    in_one_list(sentences_of(*checks), "the configuration")


def _check_genome(name: str, genome: Mapping) -> None:
    if ("fasta" in genome) == ("planted" in genome):
        raise InputError(f"key 'genomes.{name}' needs either 'fasta' or 'planted'.")


def _check_case(config: Mapping, tasks_of_dataset: Mapping[str, list[str]]) -> None:
    """Refuse names that differ only in case: some file systems give both one folder."""
    sections = {
        key: list(config[key]) for key in ("genomes", "datasets", "models", "analyses", "scans", "reads")
    }
    sections |= {f"tasks of the dataset {name!r}": tasks for name, tasks in tasks_of_dataset.items()}
    for name, model in config["models"].items():
        sections[f"tasks of the model {name!r}"] = model.get("source", {}).get("tasks", [])
    for section, names in sections.items():
        seen = {}
        for name in names:
            other = seen.setdefault(name.casefold(), name)
            if other != name:
                raise InputError(
                    f"the {section} {other!r} and {name!r} differ only in case, and some file systems give "
                    "both one folder: rename one."
                )


def _check_dataset(name: str, config: Mapping, tasks: list[str]) -> None:
    """Check a dataset's tasks, and its producer's options and genome."""
    if "mean" in tasks:
        raise InputError(
            f"the dataset {name!r} has a task named 'mean', which is kept for the mean over tasks; rename it."
        )
    producer, options = producer_of(config, name)
    PRODUCERS[producer].check(f"datasets.{name}.{producer}", options)
    if "genome" in options:
        need(options["genome"], config["genomes"], f"datasets.{name}.{producer}.genome", "genomes")


def check_reads(config: Mapping, sheets: Sheets) -> None:
    """Check what refers to reads: their genomes, the tasks that have them, and simulated reads' peaks.

    Raises InputError with one sentence.
    """
    for name, reads in config["reads"].items():
        need(reads["genome"], config["genomes"], f"reads.{name}.genome", "genomes")
    planted = {name: entry for name, entry in config["genomes"].items() if "planted" in entry}
    for name, design in config["simulated_reads"].items():
        need(design["genome"], planted, f"simulated_reads.{name}.genome", "planted genomes")
    for dataset in config["datasets"]:
        sheet = sheet_of(config, dataset)
        for row in sheets.tasks.get(sheet, []):
            if row.get("reads"):
                where = f"task {row['task']!r} of the sheet {sheet}"
                _check_task_of_reads(where, row, dataset, config, sheets.samples)


def _check_task_of_reads(where: str, row: dict, dataset: str, config: Mapping, samples: Mapping) -> None:
    """Check that a task's reads are there, hold the task, and are of its dataset's genome."""
    if row["reads"] not in samples:
        raise InputError(
            f"{where} has the reads {row['reads']!r}, and the configuration's reads are "
            f"{', '.join(samples) or 'empty'}."
        )
    reads = config["reads"][row["reads"]]
    if row["task"] not in samples[row["reads"]]:
        raise InputError(
            f"{where} has the reads {row['reads']!r}, whose sheet of samples {reads['samples']} has the "
            f"tasks {', '.join(samples[row['reads']])}."
        )
    _, options = producer_of(config, dataset)
    if reads["genome"] != options["genome"]:
        raise InputError(
            f"{where} has reads mapped to the genome {reads['genome']!r}, and the dataset {dataset!r} is of "
            f"{options['genome']!r}: use one genome."
        )


def check_claims(paths: Iterable[str | Path], cannot_show: dict[str, str]) -> None:
    """Read the claims and check that what cannot be shown is what a claim needs; InputError if not."""
    claims = [claim for path in paths for claim in read_claims(path)]
    if claims:
        check_cannot_show(claims, cannot_show)


def _check_model(name: str, model: dict, config: dict, tasks_of_dataset: dict[str, list[str]]) -> None:
    key = f"models.{name}"
    if "dataset" in model:
        need(model["dataset"], config["datasets"], f"{key}.dataset", "datasets")
    if "source" in model:
        _check_model_source(key, model, tasks_of_dataset)
    else:
        _check_trained_model(key, name, model, config, tasks_of_dataset)
    if model.get("contributions") and "dataset" not in model:
        raise InputError(f"key '{key}.contributions' needs examples: give the model a dataset.")
    tasks = tasks_of_models({"models": {name: model}}, tasks_of_dataset)[name]
    for number, entry in enumerate(model.get("contributions", [])):
        need(entry["task"], tasks, f"{key}.contributions.{number}.task", "tasks")
        check_background(f"{key}.contributions.{number}.background", entry["background"])


def _check_model_source(key: str, model: dict, tasks_of_dataset: dict[str, list[str]]) -> None:
    """Check a network that is given: its files, and its tasks against those of its dataset."""
    source = model["source"]
    if {"model", "architecture", "weights"} & source.keys() not in ({"model"}, {"architecture", "weights"}):
        raise InputError(f"key '{key}.source' needs either 'model' alone or 'architecture' and 'weights'.")
    if "architecture" in model or model.get("initialise_from"):
        raise InputError(
            f"key '{key}' has a source, and what is trained already needs no 'architecture' and no "
            "'initialise_from': remove them."
        )
    _check_outputs(f"{key}.source", source)
    tasks = tasks_of_dataset[model["dataset"]] if "dataset" in model else source["tasks"]
    if not tasks:
        raise InputError(
            f"key '{key}.dataset' names {model['dataset']!r}, which has no labels to evaluate on."
        )
    for task in tasks:
        need(task, source["tasks"], f"{key}.dataset (a task of {model.get('dataset')})", "source's tasks")


def _check_outputs(key: str, source: dict) -> None:
    """Check that the entries under outputs are those of the tasks, with a position where one is asked for."""
    outputs = source.get("outputs")
    if outputs is None:
        return
    for task in source["tasks"]:
        need(task, list(outputs), f"{key}.tasks", f"{key}.outputs")
    for task, output in outputs.items():
        need(task, source["tasks"], f"{key}.outputs", "tasks")
        if ("position" in output) != (output.get("reduction") == "position"):
            raise InputError(
                f"key '{key}.outputs.{task}' needs a position and the reduction 'position', or neither."
            )


def _check_trained_model(
    key: str, name: str, model: dict, config: dict, tasks_of_dataset: dict[str, list[str]]
) -> None:
    """Check a network that is trained here: its dataset, its layers, and what it starts from."""
    need(model["architecture"], config["architectures"], f"{key}.architecture", "architectures")
    if not tasks_of_dataset[model["dataset"]]:
        raise InputError(f"key '{key}.dataset' names {model['dataset']!r}, which has no labels to train on.")
    layers, where = (
        config["architectures"][model["architecture"]],
        f"key 'architectures.{model['architecture']}'",
    )
    check_layers(layers, where)
    if length := told_of(config, model["dataset"]).get("length"):  # that of a file is known when it is read
        output_length(layers, length, where)
    seen = [name]
    while (parent := config["models"][seen[-1]].get("initialise_from")) is not None:
        need(parent, config["models"], f"models.{seen[-1]}.initialise_from", "models")
        if parent in seen:
            raise InputError(
                f"key '{key}.initialise_from' leads back to {parent!r}: {' → '.join([*seen, parent])}."
            )
        seen.append(parent)


def _check_analysis(
    name: str,
    analysis: dict,
    config: dict,
    tasks_of_dataset: dict[str, list[str]],
    tasks_of_model: dict[str, list[str]],
) -> None:
    key = f"analyses.{name}"
    if name in FIGURE_FOLDERS:
        raise InputError(
            f"key '{key}' has the name of a folder, figures/{name}, that holds other figures: rename it."
        )
    need(analysis["dataset"], config["datasets"], f"{key}.dataset", "datasets")
    check_background(f"{key}.background", analysis["background"])
    for model in analysis["models"]:
        need(model, config["models"], f"{key}.models", "models")
        for task in analysis["tasks"]:
            need(task, tasks_of_model[model], f"{key}.tasks", "tasks")
    _check_examples(f"{key}.examples", analysis, config, tasks_of_dataset)
    if analysis["background"] == "composition" and "features" in analysis["sources"]:
        raise InputError(
            f"key '{key}.background' is 'composition', which needs nucleotides as sources; give the "
            "probabilities of A, C, G and T."
        )
    _check_aggregate(key, analysis, config)
    check_exports(key, config, analysis)
    region = analysis["sources"].get("nucleotides", "all")
    if not isinstance(region, str) and region[0] >= region[1]:
        raise InputError(
            f"key '{key}.sources.nucleotides' has the value {region}; needed: [start, end), start < end."
        )
    if "nucleotides" in analysis["sources"] and "features" in analysis["targets"]:
        raise InputError(f"key '{key}' has nucleotides as sources, which need 'positions' as targets.")
    if "nucleotides" in analysis["sources"] and "features" in analysis["sources"]:
        raise InputError(f"key '{key}.sources' has both 'features' and 'nucleotides'; give one of them.")
    _check_figures(key, analysis, config)


def _check_figures(key: str, analysis: dict, config: dict) -> None:
    """Check that an analysis's targets allow its figures, and their options."""
    kind = "pairs" if "features" in analysis["targets"] else "profiles"
    for name, options in analysis.get("figures", {}).items():
        figure = options.get("kind", name)
        if figure not in FIGURES[kind]:
            raise InputError(
                f"key '{key}.figures.{name}' asks for the figure {figure!r}, which this kind of targets "
                f"cannot draw; allowed are {', '.join(FIGURES[kind])}."
            )
        check_options(figure, options, f"key '{key}.figures.{name}'")


def _check_aggregate(key: str, analysis: dict, config: dict) -> None:
    """Check that aggregate maps have nucleotides as sources, and a twin where their null is additive."""
    if "aggregate" in analysis and "nucleotides" not in analysis["sources"]:
        raise InputError(f"key '{key}.aggregate' needs nucleotides as sources; remove it.")
    if analysis.get("aggregate", {}).get("null") != "additive":
        return
    for model in analysis["models"]:
        if not config["models"][model].get("twins"):
            raise InputError(
                f"key '{key}.aggregate.null' is 'additive', and key 'models.{model}' has no twins; "
                "give it 'twins: 1', or 2 to see what the test calls where there is nothing."
            )


def _check_examples(key: str, analysis: dict, config: dict, tasks_of_dataset: dict) -> None:
    examples = analysis.get("examples", {})
    for name, own in examples.get("sets", {}).items():
        _check_criteria(f"{key}.sets.{name}", own, analysis, config, tasks_of_dataset)
    _check_criteria(key, examples, analysis, config, tasks_of_dataset)


def _check_criteria(key: str, criteria: dict, analysis: dict, config: dict, tasks_of_dataset: dict) -> None:
    for criterion in ("positive_for", "negative_for"):
        for task in criteria.get(criterion, []):
            need(task, tasks_of_dataset[analysis["dataset"]], f"{key}.{criterion}", "tasks")
    for criterion in ("correct", "highest", "lowest"):
        for model in analysis["models"]:
            own = config["models"][model].get("dataset")
            if criteria.get(criterion) and own != analysis["dataset"]:
                raise InputError(
                    f"key '{key}.{criterion}' needs predictions, which the model {model!r} has of its own "
                    f"dataset {own!r} only, and the analysis looks at {analysis['dataset']!r}; remove "
                    "the key."
                )
