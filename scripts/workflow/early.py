"""What ends a run late and is known before its first job: checked from configuration, sheets and the heads of
files.

Each check yields sentences, so that all of them are told at once. Files that are large, fetched or made by
the run are not looked at; what of them is wrong is told by the job that reads them.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

from dfim.backends import check_installed
from dfim.datasets.labels import check_columns
from dfim.datasets.sequence_files import read_sequences
from dfim.datasets.spacing import check_backgrounds
from dfim.errors import InputError, counted
from dfim.files.text import HeaderedTable, text_lines
from dfim.genomes.fasta import read_sizes
from dfim.genomes.known_assemblies import SIZES
from workflow.datasets import PRODUCERS, producer_of, sheet_of, tasks_of_datasets, told_of
from workflow.network_heads import Head, network_head, sequences_length
from workflow.results import genome_files, results_folder
from workflow.scans import scan_motifs
from workflow.schema import locate
from workflow.sentences import in_one_list, sentences_of
from workflow.sheets import Sheets
from workflow.small_files import is_small
from workflow.sources import Sources, in_data, source_parts

_LARGEST = 50_000_000  # bytes of a file that is read before the first job
_GROUP = re.compile(r"\bgroup\s*==\s*['\"](positive|control)['\"]")


def check_beforehand(
    config: Mapping, sheets: Sheets, sources: Sources, jobs: Iterable, where: str, here: bool = True
) -> None:
    """Raise InputError with all that is known to fail; ``jobs`` are Snakemake's, which fetch local files.

    ``here``: whether they run in this environment; the packages of another are told by the jobs.
    """
    wanted = [job.wildcards.name for job in jobs if job.rule.name == "fetch_source"]
    known = [*missing_files(config, sources.fetched, wanted), *foreseen(config, sheets, sources)]
    in_one_list([*(not_installed(config) if here else ()), *known], where)


def not_installed(config: Mapping) -> Iterator[str]:
    """Yield a sentence where the backend is not installed in this environment."""
    yield from sentences_of(partial(check_installed, config["backend"]))


def missing_files(config: Mapping, fetched: Mapping[str, Mapping], wanted: Iterable[str]) -> Iterator[str]:
    """Yield a sentence for each source that jobs are to fetch and cannot: local files that do not exist.

    It names the keys that have the path; a path of a sheet has none.
    """
    for name in wanted:
        location = fetched[name]["location"]
        if "missing" in fetched[name]:
            yield fetched[name]["missing"]
        elif "://" not in location and not os.path.isfile(location):
            keys = ", ".join(f"key '{key}'" for key in _keys_of(location, config, config))
            said = f"{keys}: the source" if keys else "the source"
            wrong = "is a folder" if os.path.isdir(location) else "does not exist"
            yield f"{said} {location} {wrong}; give the path of a file, or a URL."


def _keys_of(location: str, config: Mapping, part: object, above: str = "") -> Iterator[str]:
    """Yield the keys, and numbers in lists, of a part of a configuration that name a location."""
    if isinstance(part, str) and in_data(part, config) == location:
        yield above
    below = part.items() if isinstance(part, Mapping) else enumerate(part) if isinstance(part, list) else ()
    for key, value in below:
        yield from _keys_of(location, config, value, f"{above}.{key}".lstrip("."))


def foreseen(config: Mapping, sheets: Sheets, sources: Sources) -> Iterator[str]:
    """Yield a sentence for everything that is known to fail."""
    yield from _results(config)
    for name in config["datasets"]:
        yield from _classes(config, sheets, name)
        yield from _test_chromosomes(config, name)
        wrong = list(_unreadable(config, sources, name))
        yield from wrong
        if not wrong:
            yield from _variant_groups(config, sources, name)
        yield from _labels(config, sources, name)
    for name in config["scans"]:
        yield from _few_backgrounds(config, sources, name)
    yield from _networks(config, sources)


def _unreadable(config: Mapping, sources: Sources, dataset: str) -> Iterator[str]:
    """Yield the sentence about each small file of a dataset that its reader refuses.

    Files that are fetched, made by the workflow, missing or large are left to the jobs.
    """
    producer, options = producer_of(config, dataset)
    for role, read in PRODUCERS[producer].readers(options).items():
        paths = sources.datasets[dataset].get(role) or []
        for path in [paths] if isinstance(paths, str) else paths:
            if _is_read(path, config):
                yield from sentences_of(partial(read, path))


def _is_read(path: str, config: Mapping) -> bool:
    """Return whether a file of the user is there and small, so that it is read before the first job."""
    return is_small(path) and Path(results_folder(config)).resolve() not in Path(path).absolute().parents


def _few_backgrounds(config: Mapping, sources: Sources, name: str) -> Iterator[str]:
    """Yield a sentence where a file has too few sequences to put the motifs of a scan into."""
    scan, path = config["scans"][name], sources.scans[name].get("sequences")
    if not path or not _is_read(path, config):
        return
    try:
        check_backgrounds(scan["backgrounds"], read_sequences(path)[1], scan["shuffled"])
    except InputError as error:
        yield f"key 'scans.{name}.sequences' is {path}: {error}"


def _results(config: Mapping) -> Iterator[str]:
    """Yield a sentence when a file stands where the folder of results, or one above it, is to be."""
    folder = Path(results_folder(config))
    for path in (folder, *folder.parents):
        if path.exists() and not path.is_dir():
            yield f"key 'results' has the value {config['results']!r}, and {path} is a file: name a folder."


def _classes(config: Mapping, sheets: Sheets, dataset: str) -> Iterator[str]:
    """One task over its own union of peaks is positive everywhere; of a query its answer tells how many."""
    producer, options = producer_of(config, dataset)
    tasks = tasks_of_datasets(config, sheets.tasks)[dataset]
    if any("query" in row for row in sheets.tasks.get(sheet_of(config, dataset), [])):
        return
    if producer == "peaks" and options["examples"] == "union" and len(tasks) == 1:
        yield (
            f"key 'datasets.{dataset}.peaks' has examples: union and the one task {tasks[0]!r}, whose peaks "
            "are positive everywhere: add a task, or use examples: matched, which draws negatives from "
            "the genome."
        )


def _test_chromosomes(config: Mapping, dataset: str) -> Iterator[str]:
    """Yield a sentence when the genome, as far as it is known, has no chromosome that is held out."""
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
    """Return a genome's chromosomes where they are known: made before, indexed, small, or named."""
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


def _networks(config: Mapping, sources: Sources) -> Iterator[str]:
    """Yield a sentence for each network that is given and does not fit its tasks, or a dataset's length."""
    heads = {}
    for model in config["models"]:
        path = sources.models[model].get("model") or sources.models[model].get("architecture")
        heads[model] = path, network_head(path) if path else Head()
        yield from _outputs(model, config, *heads[model])
    pairs = [
        (model, options["dataset"]) for model, options in config["models"].items() if "dataset" in options
    ]
    pairs += [
        (model, analysis["dataset"])
        for analysis in config["analyses"].values()
        for model in analysis["models"]
    ]
    for model, dataset in dict.fromkeys(pairs):
        yield from _length(model, dataset, config, sources, *heads[model])
    for name, scan in config["scans"].items():
        for model in scan["models"]:
            yield from _room(name, model, config, sources, heads[model][1])


def _outputs(model: str, config: Mapping, path: str | None, head: Head) -> Iterator[str]:
    """Yield a sentence where a network has another number of outputs than tasks are named."""
    source = config["models"][model].get("source", {})
    if path and head.units and "outputs" not in source and head.units != len(source["tasks"]):
        tasks = counted(len(source["tasks"]), "task")
        yield (
            f"key 'models.{model}.source.tasks' names {tasks} ({', '.join(source['tasks'])}), and the "
            f"network {path} has {counted(head.units, 'output')}: name each output, in order, or say under "
            "'outputs' which one a task is."
        )


def _length(
    model: str, dataset: str, config: Mapping, sources: Sources, path: str | None, head: Head
) -> Iterator[str]:
    """Yield a sentence where a network takes sequences of another length than a dataset has."""
    file = sources.datasets[dataset].get("file")
    length = told_of(config, dataset).get("length") or sequences_length(file)
    if head.length and length and head.length != length:
        of_file = f" ({file})" if file else ""
        yield (
            f"key 'models.{model}.source' is the network {path} of sequences of {head.length} bp, and those "
            f"of the dataset {dataset!r}{of_file} have {length}: give sequences of the network's length."
        )


def _room(name: str, model: str, config: Mapping, sources: Sources, head: Head) -> Iterator[str]:
    """Yield a sentence where a scan's sequences, or its motifs and spacings, do not fit a network."""
    scan, options, key = config["scans"][name], config["models"][model], f"scans.{name}"
    file = sources.scans[name].get("sequences")
    own = head.length or ("source" not in options and told_of(config, options["dataset"]).get("length"))
    given = scan.get("length") or sequences_length(file)
    if own and given and own != given:
        of_key = f"{key}.sequences" if file else f"{key}.length"
        yield f"key '{of_key}' is of {given} bp, and the network {model!r} takes {own}: give that length."
    elif length := own or given:
        from dfim.interactions.grammar_scan import scan_cells, scan_starts  # with it comes scipy

        motifs = scan_motifs(scan)
        cells = scan_cells(motifs, scan["spacings"], scan["orientations"], scan["both_orders"])
        try:
            scan_starts(motifs, cells, (1, length), config["seed"])
        except InputError as error:
            yield f"key '{key}', in the network {model!r}: {error}"


def _labels(config: Mapping, sources: Sources, dataset: str) -> Iterator[str]:
    """Yield a sentence where the table of labels of own sequences lacks a column."""
    path = sources.datasets[dataset].get("labels")
    if not path or not os.path.isfile(path):
        return
    try:
        tasks = producer_of(config, dataset)[1]["tasks"]
        check_columns(path, HeaderedTable(path, {"name", *tasks}).header, tasks)
    except InputError as error:
        yield f"key 'datasets.{dataset}.sequences.labels': {error}"
