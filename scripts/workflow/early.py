"""What ends a run late and is known before its first job: checked from configuration, sheets and the heads of
files.

Each check yields sentences, so that all of them are told at once. Files that are large, fetched or made by
the run are not looked at; what of them is wrong is told by the job that reads them.
"""

import json
import os
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import h5py

from dfim.errors import InputError, counted
from dfim.files.text import text_lines
from dfim.genomes.fasta import read_sizes
from dfim.genomes.known_assemblies import SIZES
from workflow.datasets import producer_of, tasks_of_datasets, told_of
from workflow.results import genome_files, results_folder
from workflow.schema import locate
from workflow.sentences import in_one_list
from workflow.sheets import Sheets
from workflow.small_files import unreadable
from workflow.sources import Sources, source_parts

_LARGEST = 50_000_000  # bytes of a file that is read before the first job
_GROUP = re.compile(r"\bgroup\s*==\s*['\"](positive|control)['\"]")


def check_beforehand(config: Mapping, sheets: Sheets, sources: Sources, jobs: Iterable, where: str) -> None:
    """Raise InputError with all that is known to fail; of local files those that ``jobs`` (Snakemake's) "
    "fetch."""
    wanted = [job.wildcards.name for job in jobs if job.rule.name == "fetch_source"]
    in_one_list([*missing_files(sources.fetched, wanted), *foreseen(config, sheets, sources)], where)


def missing_files(fetched: Mapping[str, Mapping], wanted: Iterable[str]) -> Iterator[str]:
    """Yield a sentence for each local file, of the sources that jobs are to fetch, that does not exist."""
    for name in wanted:
        location = fetched[name]["location"]
        if "://" not in location and not os.path.isfile(location):
            yield f"the source {location} does not exist; give the path of a file, or a URL."


def foreseen(config: Mapping, sheets: Sheets, sources: Sources) -> Iterator[str]:
    """Yield a sentence for everything that is known to fail."""
    yield from _results(config)
    for name in config["datasets"]:
        yield from _classes(config, sheets, name)
        yield from _test_chromosomes(config, name)
        wrong = list(unreadable(config, sources, name))
        yield from wrong or _variant_groups(config, sources, name)
    yield from _lengths(config, sources)


def _results(config: Mapping) -> Iterator[str]:
    """Yield a sentence when a file stands where the folder of results, or one above it, is to be."""
    folder = Path(results_folder(config))
    for path in (folder, *folder.parents):
        if path.exists() and not path.is_dir():
            yield f"key 'results' has the value {config['results']!r}, and {path} is a file: name a folder."


def _classes(config: Mapping, sheets: Sheets, dataset: str) -> Iterator[str]:
    """One task over its own union of peaks is positive everywhere."""
    producer, options = producer_of(config, dataset)
    tasks = tasks_of_datasets(config, sheets.tasks)[dataset]
    if producer == "peaks" and options["examples"] == "union" and len(tasks) == 1:
        yield (
            f"key 'datasets.{dataset}.peaks' has examples: union and the one task {tasks[0]!r}, whose peaks "
            "are positive everywhere: add a task, or use examples: summits."
        )


def _test_chromosomes(config: Mapping, dataset: str) -> Iterator[str]:
    """Yield a sentence when none of the chromosomes held out is in the genome, as far as its names are
    known.
    """
    _, options = producer_of(config, dataset)
    chromosomes = options.get("test_chromosomes")
    if not chromosomes or "genome" not in options:
        return
    known = _chromosomes(config, options["genome"])
    absent = [name for name in chromosomes if known and name not in known]
    if absent:
        yield (
            f"key 'datasets.{dataset}.{producer_of(config, dataset)[0]}.test_chromosomes' has "
            f"{absent[0]!r}, which "
            f"the genome {options['genome']!r} lacks; it has "
            f"{', '.join(list(known)[:5])}{' …' if len(known) > 5 else ''}."
        )


def _chromosomes(config: Mapping, genome: str) -> list[str]:
    """Return the names of a genome's chromosomes where they are known: made before, indexed, small, or
    named.
    """
    options = config["genomes"].get(genome, {})
    made = genome_files(results_folder(config), genome)["sizes"]
    if os.path.isfile(made):
        return list(read_sizes(made))
    fasta = locate(source_parts(options["fasta"])["location"]) if "fasta" in options else ""
    if os.path.isfile(f"{fasta}.fai"):
        return list(read_sizes(f"{fasta}.fai"))
    if os.path.isfile(fasta) and os.path.getsize(fasta) < _LARGEST:
        lines = (line for _, line in text_lines(fasta, "a FASTA file") if line.startswith(">"))
        return [(line[1:].split() or [""])[0] for line in lines]
    return list(SIZES.get(options.get("assembly"), {}))


def _variant_groups(config: Mapping, sources: Sources, dataset: str) -> Iterator[str]:
    """Yield a sentence when a comparison asks for positives or controls of a table that has none."""
    from dfim.datasets.variants import read_variants

    producer, options = producer_of(config, dataset)
    asked = {
        group: f"analyses.{name}.comparisons.{comparison}"
        for name, analysis in config["analyses"].items()
        if analysis["dataset"] == dataset
        for comparison, one in analysis["comparisons"].items()
        for group in _GROUP.findall(f"{one['group']} {one.get('against', '')}")
    }
    table = sources.datasets[dataset].get("variants") if producer == "variants" else None
    if not asked or not table or not os.path.isfile(table) or os.path.getsize(table) > _LARGEST:
        return
    groups = read_variants(
        table, None, options["columns"], options["positive_below"], options["control_from"]
    )["group"]
    for group, key in asked.items():
        if not (groups == group).any():
            bound = "positive_below" if group == "positive" else "control_from"
            yield (
                f"key '{key}' asks for variants of the group {group!r}, and {table} has none of "
                f"{counted(len(groups), 'variant')}: change '{bound}' of the dataset {dataset!r} "
                f"({options[bound]:g}), "
                "give another table, or remove the comparison."
            )


def _lengths(config: Mapping, sources: Sources) -> Iterator[str]:
    """Yield a sentence for each network that is given and takes another length than a dataset of it has."""
    pairs = [
        (model, options["dataset"]) for model, options in config["models"].items() if "dataset" in options
    ]
    pairs += [
        (model, analysis["dataset"])
        for analysis in config["analyses"].values()
        for model in analysis["models"]
    ]
    for model, dataset in dict.fromkeys(pairs):
        path = sources.models[model].get("model")
        taken = network_length(path) if path else None
        length = told_of(config, dataset).get("length") or _own_length(sources.datasets[dataset].get("file"))
        if taken and length and taken != length:
            yield (
                f"key 'models.{model}.source' is a network of sequences of {taken} bp, and those of the "
                f"dataset {dataset!r} have {length}: give sequences of the network's length."
            )


def _own_length(path: str | None) -> int | None:
    """Return the length of the first sequence of a FASTA file, None when it is none."""
    if not path or not os.path.isfile(path):
        return None
    length = None
    try:
        for _, line in text_lines(path, "a FASTA file"):
            if line.startswith(">"):
                if length is not None:
                    break
                length = 0
            elif length is not None:
                length += len("".join(line.split()))
    except InputError:  # an array, or what is refused when it is read
        return None
    return length


def network_length(path: str | Path) -> int | None:
    """Return the length of sequences that a network's file takes, without Keras; None when not told."""
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                model = json.loads(archive.read("config.json"))
        else:
            with h5py.File(path) as handle:
                model = json.loads(handle.attrs["model_config"])
        for layer in model["config"]["layers"]:
            shape = layer["config"].get("batch_shape") or layer["config"].get("batch_input_shape")
            if shape:
                return shape[1]
    except (OSError, KeyError, ValueError, TypeError, AttributeError):  # what it is, its reader says
        return None
    return None
