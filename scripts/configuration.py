"""Reading and checking the configuration and its sheets: errors name key, value and what is allowed."""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import jsonschema
import yaml

from dfim.errors import InputError
from dfim.files.text import read_text
from dfim.networks.architecture import check_layers, output_length
from dfim.plots.options import FIGURES, check_options
from dfim.reproduction.claims import check_cannot_show, read_claims


def _pattern(validator, pattern, instance, schema):
    """Check a pattern as JSON Schema means it: in Python ``$`` would let a last newline pass."""
    if validator.is_type(instance, "string") and (
        not re.search(pattern, instance) or instance.endswith("\n")
    ):
        yield jsonschema.ValidationError(f"{instance!r} does not match {pattern!r}")


_Validator = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"pattern": _pattern})


def check(instance: dict | list, schema_path: str | Path, where: str) -> None:
    """Check an instance against a schema; raise InputError with one sentence on the most telling violation.

    ``where`` names what is checked, e.g. ``config/config.yaml`` or ``sheet.tsv, line 3``.
    """
    schema = yaml.safe_load(Path(schema_path).read_text())
    error = jsonschema.exceptions.best_match(_Validator(schema).iter_errors(instance))
    if error is not None:
        raise InputError(f"{where}: {_sentence(error)}")


def _sentence(error: jsonschema.ValidationError) -> str:
    """Say which key has which value, and what is allowed."""
    key = ".".join(str(part) for part in error.absolute_path) or "the top level"
    found = f"key '{key}' has the value {error.instance!r}"
    match error.validator:
        case "additionalProperties":
            allowed = error.schema.get("properties", {})
            unknown = next(name for name in error.instance if name not in allowed)
            full = ".".join([*map(str, error.absolute_path), unknown])
            return (
                f"key '{full}' (value {error.instance[unknown]!r}) is not known; "
                f"allowed here are {', '.join(allowed)}."
            )
        case "required":
            missing = next(name for name in error.validator_value if name not in error.instance)
            return f"key '{key}' lacks the required key '{missing}'."
        case "enum":
            return f"{found}; allowed values are {', '.join(map(str, error.validator_value))}."
        case "pattern":
            return f"{found}, which does not match the form {error.validator_value}: {_description(error)}"
        case "minProperties" | "maxProperties":
            allowed = ", ".join(error.schema.get("properties", {})) or "any name"
            count = error.validator_value
            bound = "at least" if error.validator == "minProperties" else "at most"
            return f"{found}, and {bound} {count} of the keys {allowed} is needed."
        case _:
            return f"{found}: {error.message}; needed: {_description(error)}"


def _description(error: jsonschema.ValidationError) -> str:
    """Return the schema's own description of the key, or its type."""
    described = (
        error.schema.get("description") or f"a value of type {error.schema.get('type', 'as in the schema')}."
    )
    return " ".join(described.split())


def read_tasks(path: str | Path, schema_path: str | Path) -> list[dict]:
    """Read a sheet of tasks (TSV with a header).

    Returns one dictionary per row. Raises InputError, naming file and line, for what :func:`read_sheet`
    refuses, for a task that appears twice, and for a row with both peaks and reads, or neither.
    """
    tasks = []
    for number, task in read_sheet(path, schema_path, "tasks"):
        if any(task["task"] == other["task"] for other in tasks):
            raise InputError(
                f"{path}, line {number}: the task {task['task']!r} appears twice; name each task once."
            )
        if bool(task.get("peaks")) == bool(task.get("reads")):
            raise InputError(
                f"{path}, line {number}: the task {task['task']!r} has "
                f"{'both' if task.get('reads') else 'no'} "
                "peaks and reads; give a peak file, or the reads (of the configuration) to make peaks from."
            )
        tasks.append(task)
    return tasks


def read_sheet(path: str | Path, schema_path: str | Path, what: str) -> Iterator[tuple[int, dict]]:
    """Yield line number (from 1) and columns of each row of a TSV file with a header.

    Lines that are empty or start with ``#`` are skipped. ``what`` says what the sheet is of. Raises
    InputError, naming file and line, on a missing file, wrong or missing columns, a row of the wrong
    length, or a value out of form.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(
            f"the sheet of {what} {path} does not exist; give the path of a TSV file with a header."
        )
    text = read_text(path, f"a sheet of {what}")
    try:
        lines = [
            (number, row)
            for number, row in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter="\t"), start=1)
            if row and any(row) and not row[0].startswith("#")
        ]
    except csv.Error as error:
        raise InputError(f"{path} is no sheet of {what} ({error}): a TSV file is needed.") from None
    if len(lines) < 2:
        raise InputError(f"{path} has no row of {what}; it needs a header and at least one row.")
    header = lines[0][1]
    for number, row in lines[1:]:
        if len(row) > len(header):
            raise InputError(
                f"{path}, line {number}: found {len(row)} columns where the header has {len(header)}; "
                "separate the columns by single tabs."
            )
        entry = dict(zip(header, row + [""] * (len(header) - len(row)), strict=True))
        check(entry, schema_path, f"{path}, line {number}")
        yield number, entry


def planted_peak_names(path: str | Path) -> list[str]:
    """Return the names of the peak files that the grammar of a planted genome comes with."""
    from dfim.planted.genome import peak_names

    return peak_names(read_grammar(path))


def read_grammar(path: str | Path) -> dict:
    """Read the grammar of a planted genome; raise InputError when the file is missing or no YAML mapping."""
    try:
        grammar = yaml.safe_load(read_text(path, "a YAML file of a grammar"))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"the grammar {path} is not YAML: {' '.join(str(error).split())}.") from None
    if not isinstance(grammar, dict):
        raise InputError(f"the grammar {path} is not a mapping; config/planted.yaml is an example.")
    return grammar


def source_parts(source: str | dict) -> dict:
    """Return a source as a mapping with ``location`` and the checksums that it has (``sha256``, ``md5``)."""
    parts = {"location": source} if isinstance(source, str) else source
    return {key: value for key, value in parts.items() if value}


def tasks_of_models(config: dict, tasks_of_dataset: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return the names of each model's outputs: its source's, else those of the dataset it is trained on."""
    return {
        name: model["source"]["tasks"] if "source" in model else tasks_of_dataset.get(model["dataset"], [])
        for name, model in config["models"].items()
    }


def check_references(config: dict, tasks_of_dataset: dict[str, list[str]]) -> None:
    """Check that names in the configuration refer to something; raise InputError with one sentence.

    ``tasks_of_dataset`` has the tasks of each dataset (none for a dataset of variants).
    """
    for name, dataset in config["datasets"].items():
        if "mean" in tasks_of_dataset[name]:
            raise InputError(
                f"the dataset {name!r} has a task named 'mean', which is kept for the mean over tasks; "
                "rename it."
            )
        for producer, options in dataset.items():
            if producer == "variants":
                _check_variants(f"datasets.{name}.variants", options)
            if producer == "sequences":
                _check_sequences(f"datasets.{name}.sequences", options)
            if producer == "spacing":
                _check_background(options["background"], f"datasets.{name}.spacing.background")
            if "genome" in options:
                _need(options["genome"], config["genomes"], f"datasets.{name}.{producer}.genome", "genomes")
            if producer == "peaks" and options["examples"] == "summits" and "accessible" not in options:
                raise InputError(
                    f"key 'datasets.{name}.peaks' has examples: summits and no key 'accessible'; "
                    "give the peaks of open chromatin, or use examples: union."
                )
    for name, model in config["models"].items():
        _check_model(name, model, config, tasks_of_dataset)
    for name, genome in config.get("genomes", {}).items():
        if ("fasta" in genome) == ("planted" in genome):
            raise InputError(f"key 'genomes.{name}' needs either 'fasta' or 'planted'.")
    tasks_of_model = tasks_of_models(config, tasks_of_dataset)
    for name, analysis in config["analyses"].items():
        _check_analysis(name, analysis, config, tasks_of_dataset, tasks_of_model)


def _check_variants(key: str, options: dict) -> None:
    """Check that variants have either a genome or sequences of their own, and peaks only with a genome."""
    if ("genome" in options) == ("sequences" in options):
        raise InputError(f"key '{key}' needs either 'genome' or 'sequences': what has the variants' bases.")
    if "sequences" in options and options["overlapping"]:
        raise InputError(f"key '{key}.overlapping' needs a genome, and 'sequences' are given: remove it.")


def _check_sequences(key: str, options: dict) -> None:
    """Check that own sequences come from a file or regions of a genome, and each matrix from one place."""
    if ("file" in options) == ("regions" in options) or ("regions" in options) != ("genome" in options):
        raise InputError(f"key '{key}' needs either 'file', or 'regions' and 'genome'.")
    for name, pwm in options["pwms"].items():
        if ("pwm" in pwm) == ("matrix" in pwm):
            raise InputError(f"key '{key}.pwms.{name}' needs either 'pwm' or 'matrix'.")
    _check_background(options["background"], f"{key}.background")


def check_reads(config: dict, sheets: dict[str, list[dict]], samples: dict[str, dict]) -> None:
    """Check what refers to reads: their genomes, the tasks that have them, and simulated reads' peaks.

    ``sheets`` are the rows of each sheet of tasks, ``samples`` those of each entry of the configuration's
    reads by task and replicate. Raises InputError with one sentence.
    """
    for name, reads in config["reads"].items():
        _need(reads["genome"], config["genomes"], f"reads.{name}.genome", "genomes")
    for name, design in config["simulated_reads"].items():
        planted = {genome: entry for genome, entry in config["genomes"].items() if "planted" in entry}
        _need(design["genome"], planted, f"simulated_reads.{name}.genome", "planted genomes")
    for dataset, producers in config["datasets"].items():
        ((producer, options),) = producers.items()
        sheet = options.get("tasks" if producer == "peaks" else "overlapping")
        for row in sheets.get(sheet, []):
            if not row.get("reads"):
                continue
            where = f"task {row['task']!r} of the sheet {sheet}"
            if row["reads"] not in samples:
                raise InputError(
                    f"{where} has the reads {row['reads']!r}, and the configuration's reads are "
                    f"{', '.join(samples) or 'empty'}."
                )
            if row["task"] not in samples[row["reads"]]:
                raise InputError(
                    f"{where} has the reads {row['reads']!r}, whose sheet of samples "
                    f"{config['reads'][row['reads']]['samples']} has the tasks "
                    f"{', '.join(samples[row['reads']])}."
                )
            if config["reads"][row["reads"]]["genome"] != options["genome"]:
                raise InputError(
                    f"{where} has reads mapped to the genome "
                    f"{config['reads'][row['reads']]['genome']!r}, and the "
                    f"dataset {dataset!r} is of {options['genome']!r}: use one genome."
                )


def check_claims(paths: Iterable[str | Path], cannot_show: dict[str, str]) -> None:
    """Read the claims and check that what cannot be shown is what a claim needs; InputError if not."""
    claims = [claim for path in paths for claim in read_claims(path)]
    if claims:
        check_cannot_show(claims, cannot_show)


def _check_model(name: str, model: dict, config: dict, tasks_of_dataset: dict[str, list[str]]) -> None:
    key = f"models.{name}"
    if "dataset" in model:
        _need(model["dataset"], config["datasets"], f"{key}.dataset", "datasets")
    if "source" in model:
        _check_model_source(key, model, tasks_of_dataset)
    else:
        _check_trained_model(key, name, model, config, tasks_of_dataset)
    if model.get("contributions") and "dataset" not in model:
        raise InputError(f"key '{key}.contributions' needs examples: give the model a dataset.")
    tasks = tasks_of_models({"models": {name: model}}, tasks_of_dataset)[name]
    for number, entry in enumerate(model.get("contributions", [])):
        _need(entry["task"], tasks, f"{key}.contributions.{number}.task", "tasks")
        _check_background(entry["background"], f"{key}.contributions.{number}.background")


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
        _need(task, source["tasks"], f"{key}.dataset (a task of {model.get('dataset')})", "source's tasks")


def _check_outputs(key: str, source: dict) -> None:
    """Check that the entries under outputs are those of the tasks, and a position is given where one is asked."""
    outputs = source.get("outputs")
    if outputs is None:
        return
    for task in source["tasks"]:
        _need(task, list(outputs), f"{key}.tasks", f"{key}.outputs")
    for task, output in outputs.items():
        _need(task, source["tasks"], f"{key}.outputs", "tasks")
        if ("position" in output) != (output.get("reduction") == "position"):
            raise InputError(
                f"key '{key}.outputs.{task}' needs a position and the reduction 'position', or neither."
            )


def _check_trained_model(
    key: str, name: str, model: dict, config: dict, tasks_of_dataset: dict[str, list[str]]
) -> None:
    """Check a network that is trained here: its dataset, its layers, and what it starts from."""
    _need(model["architecture"], config["architectures"], f"{key}.architecture", "architectures")
    if not tasks_of_dataset[model["dataset"]]:
        raise InputError(f"key '{key}.dataset' names {model['dataset']!r}, which has no labels to train on.")
    ((_, options),) = config["datasets"][model["dataset"]].items()
    layers, where = (
        config["architectures"][model["architecture"]],
        f"key 'architectures.{model['architecture']}'",
    )
    check_layers(layers, where)
    length = options.get("window") or options.get("length")
    if length:  # that of a library is known when it is read
        output_length(layers, length, where)
    seen = [name]
    while (parent := config["models"][seen[-1]].get("initialise_from")) is not None:
        _need(parent, config["models"], f"models.{seen[-1]}.initialise_from", "models")
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
    _need(analysis["dataset"], config["datasets"], f"{key}.dataset", "datasets")
    _check_background(analysis["background"], f"{key}.background")
    for model in analysis["models"]:
        _need(model, config["models"], f"{key}.models", "models")
        for task in analysis["tasks"]:
            _need(task, tasks_of_model[model], f"{key}.tasks", "tasks")
    _check_examples(f"{key}.examples", analysis, config, tasks_of_dataset)
    if analysis["background"] == "composition" and "features" in analysis["sources"]:
        raise InputError(
            f"key '{key}.background' is 'composition', which needs nucleotides as sources; give the "
            "probabilities of A, C, G and T."
        )
    if "aggregate" in analysis and "nucleotides" not in analysis["sources"]:
        raise InputError(f"key '{key}.aggregate' needs nucleotides as sources; remove it.")
    region = analysis["sources"].get("nucleotides", "all")
    if not isinstance(region, str) and region[0] >= region[1]:
        raise InputError(
            f"key '{key}.sources.nucleotides' has the value {region}; needed: [start, end), start < end."
        )
    if "nucleotides" in analysis["sources"] and "features" in analysis["targets"]:
        raise InputError(f"key '{key}' has nucleotides as sources, which need 'positions' as targets.")
    if "nucleotides" in analysis["sources"] and "features" in analysis["sources"]:
        raise InputError(f"key '{key}.sources' has both 'features' and 'nucleotides'; give one of them.")
    kind = "pairs" if "features" in analysis["targets"] else "profiles"
    for name, options in analysis.get("figures", {}).items():
        figure = options.get("kind", name)
        if figure not in FIGURES[kind]:
            raise InputError(
                f"key '{key}.figures.{name}' asks for the figure {figure!r}, which this kind of targets "
                f"cannot draw; allowed are {', '.join(FIGURES[kind])}."
            )
        check_options(figure, options, f"key '{key}.figures.{name}'")


def _check_examples(key: str, analysis: dict, config: dict, tasks_of_dataset: dict) -> None:
    examples = analysis.get("examples", {})
    for name, own in examples.get("sets", {}).items():
        _check_criteria(f"{key}.sets.{name}", own, analysis, config, tasks_of_dataset)
    _check_criteria(key, examples, analysis, config, tasks_of_dataset)


def _check_criteria(key: str, criteria: dict, analysis: dict, config: dict, tasks_of_dataset: dict) -> None:
    for criterion in ("positive_for", "negative_for"):
        for task in criteria.get(criterion, []):
            _need(task, tasks_of_dataset[analysis["dataset"]], f"{key}.{criterion}", "tasks")
    for criterion in ("correct", "highest", "lowest"):
        for model in analysis["models"]:
            own = config["models"][model].get("dataset")
            if criteria.get(criterion) and own != analysis["dataset"]:
                raise InputError(
                    f"key '{key}.{criterion}' needs predictions, which the model {model!r} has of its own "
                    f"dataset {own!r} only, and the analysis looks at {analysis['dataset']!r}; remove "
                    "the key."
                )


def _need(name: str, known, key: str, section: str) -> None:
    if name not in known:
        raise InputError(
            f"key '{key}' has the value {name!r}, and the {section} are {', '.join(known) or 'empty'}."
        )


def _check_background(probabilities: list[float] | str, key: str) -> None:
    if not isinstance(probabilities, str) and abs(sum(probabilities) - 1) > 1e-6:
        raise InputError(
            f"key '{key}' has the value {probabilities!r}, which sums to {sum(probabilities):.6g}, not 1."
        )
