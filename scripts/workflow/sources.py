"""Sources: where everything that enters from outside is found, and what of it is fetched.

What the workflow makes itself (``{results}/…``), and a local file without a checksum, are used as they are;
URLs, files with a checksum to verify, and missing files (so that a dry run can plan around them) are fetched.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from dfim.datasets.peak_sources import find_pipeline_peaks
from dfim.errors import InputError
from workflow.datasets import PRODUCERS, producer_of, sheet_of
from workflow.results import (
    genome_files,
    made_sources,
    planted_files,
    reads_peaks,
    results_folder,
    worksheet_file,
)
from workflow.samples import SampleTasks
from workflow.schema import locate
from workflow.sheets import Sheets

# The files of a model that is given, by role, and their kind; those of a set of reads.
MODEL_KINDS = {"model": "network", "architecture": "json", "weights": "hdf5"}
READS_ROLES = ("blacklist", "tss")


@dataclass(frozen=True)
class Source:
    """The path that rules find a source at, and what is fetched to it: location, checksums and kind."""

    path: str
    fetched: Mapping | None = None


@dataclass(frozen=True)
class CountPeaks:
    """The path of peaks that are made from a matrix of read counts, what of it makes a peak, and the sizes
    of the genome.
    """

    path: str
    matrix: Source
    samples: list[str]
    least: float
    sizes: str


@dataclass(frozen=True)
class Sources:
    """Where rules find the sources of a configuration.

    ``datasets``, ``models``, ``reads`` and ``scans`` have the paths by role, ``genomes`` that of each FASTA
    file, ``fastqs`` those of each lane by task and replicate (not of accessions), ``expected`` that of the
    table that an analysis is compared with. ``fetched`` has what is fetched, by the name of the file below
    ``sources/``; ``count_peaks`` the peaks that are made from matrices, by the name of their file.
    """

    datasets: Mapping[str, Mapping[str, str | list[str]]]
    models: Mapping[str, Mapping[str, str]]
    genomes: Mapping[str, str]
    reads: Mapping[str, Mapping[str, str]]
    fastqs: Mapping[str, Mapping[str, Mapping[str, list[list[str]]]]]
    scans: Mapping[str, Mapping[str, str]]
    expected: Mapping[str, str]
    fetched: Mapping[str, Mapping]
    count_peaks: Mapping[str, CountPeaks]


def find_sources(config: Mapping, sheets: Sheets) -> Sources:
    """Find all sources of a configuration (defaults filled in) and its sheets, in the files that are there.

    Raises InputError for a file of the workflow's own that it does not make, and for a folder of output of a
    pipeline without peaks.
    """
    find = partial(_find, config, made_sources(config, sheets))
    found = {
        "datasets": {name: _dataset(config, sheets, find, name) for name in config["datasets"]},
        "genomes": {name: _genome(config, sheets, find, name) for name in config["genomes"]},
        "models": {name: _model(model, find) for name, model in config["models"].items()},
        "scans": {name: _scan(scan, find) for name, scan in config["scans"].items()},
        "expected": dict(_expected(config, find)),
        "reads": {name: _reads(reads, find) for name, reads in config["reads"].items()},
        "fastqs": {
            name: _replicates(tasks, find) for name, tasks in sheets.samples.items() if _names_files(tasks)
        },
    }
    leaves = list(_leaves(found))
    counted = {_name(leaf): leaf for leaf in leaves if isinstance(leaf, CountPeaks)}
    sources = [leaf for leaf in leaves if isinstance(leaf, Source)] + [one.matrix for one in counted.values()]
    fetched = {_name(source): source.fetched for source in sources if source.fetched}
    return Sources(**_paths(found), fetched=fetched, count_peaks=counted)


def source_parts(source: str | Mapping) -> dict:
    """Return a source as a mapping with ``location`` and the checksums that it has (``sha256``, ``md5``)."""
    parts = {"location": source} if isinstance(source, str) else source
    return {key: value for key, value in parts.items() if value}


Find = Callable[..., Source]


def _find(config: Mapping, made: list[str], source: str | Mapping, kind: str = "") -> Source:
    """Find one source of a kind (:mod:`dfim.files.arrivals`); ``made`` are the workflow's own files."""
    parts, results = source_parts(source), results_folder(config)
    location = in_data(parts["location"], config)
    if location.startswith("{results}/"):
        path = location.replace("{results}", results, 1)
        if path not in made:
            raise InputError(
                f"the source {location} is no file that the workflow makes; below {{results}}/ there are "
                f"those of planted genomes and libraries, and of reads: {', '.join(made) or 'none'}."
            )
        return Source(path)
    if Path(locate(location)).is_file():
        location = locate(location)
    if Path(location).is_file() and len(parts) == 1:
        return Source(location)
    parts |= {"location": location}
    # The name tells sources apart that end in the same file name.
    name = f"{_digest(sorted(parts.items()))}-{Path(location.split('?')[0]).name}"
    return Source(f"{results}/sources/{name}", parts | {"kind": kind})


def in_data(location: str, config: Mapping) -> str:
    """Put the folder of the key data, and the home folder for ``~``, in their places."""
    location = location.replace("{data}", config["data"].rstrip("/"))
    return os.path.expanduser(location)


def _digest(value) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()[:8]


def _dataset(config: Mapping, sheets: Sheets, find: Find, dataset: str) -> dict:
    """Find what a dataset is made from, by role."""
    producer, options = producer_of(config, dataset)
    roles = {}
    if "genome" in options:
        roles |= genome_files(results_folder(config), options["genome"])
    if rows := sheets.tasks.get(sheet_of(config, dataset)):
        roles["peaks"] = [_peaks(row, config, find, options["genome"]) for row in rows]
    for role, given, kind in PRODUCERS[producer].given(options):
        several = isinstance(given, list)
        roles[role] = [find(one, kind) for one in given] if several else find(given, kind)
    if "workbook" in roles:
        roles["variants"] = Source(worksheet_file(results_folder(config), dataset))
    return roles


def _peaks(row: Mapping, config: Mapping, find: Find, genome: str) -> Source | CountPeaks:
    """Find the peaks of one row of a sheet of tasks, on a genome."""
    results = results_folder(config)
    if row.get("reads"):
        return Source(reads_peaks(results, row["reads"], row["task"]))
    location, sha256 = row["peaks"], row.get("sha256", "")
    if query := row.get("query"):
        missing = f"the query {query} was not asked yet: run 'snakemake accessions' with this configuration."
        return find({"location": location, "missing": missing}, "peaks")
    if row.get("samples"):
        matrix = find({"location": location, "sha256": sha256}, "table")
        return _count_peaks(row, matrix, config, genome)
    folder = Path(in_data(location, config))
    if folder.is_dir():
        location = find_pipeline_peaks(folder, row.get("peak_set") or "idr")
    return find({"location": location, "sha256": sha256, "md5": row.get("md5", "")}, "peaks")


def _count_peaks(row: Mapping, matrix: Source, config: Mapping, genome: str) -> CountPeaks:
    """Name the peaks that a row of a sheet of tasks has in a matrix of read counts, on a genome."""
    results = results_folder(config)
    chosen = {
        "genome": genome,
        "matrix": matrix.path,
        "samples": [pattern.strip() for pattern in row["samples"].split(",")],
        "least": float(row.get("least") or 1),
    }
    path = f"{results}/count_peaks/{_digest(chosen)}-{row['task']}.bed.gz"
    sizes = genome_files(results, genome)["sizes"]
    return CountPeaks(path, matrix, chosen["samples"], chosen["least"], sizes)


def _genome(config: Mapping, sheets: Sheets, find: Find, genome: str) -> Source:
    """Find the FASTA file of a genome."""
    if genome in sheets.peaks:
        return Source(planted_files(results_folder(config), genome, [])["genome"])
    return find(config["genomes"][genome]["fasta"], "fasta")


def _model(model: Mapping, find: Find) -> dict[str, Source]:
    """Find the files of a model that is given, by role: model, or architecture and weights."""
    source = model.get("source", {})
    return {role: find(source[role], kind) for role, kind in MODEL_KINDS.items() if role in source}


def _scan(scan: Mapping, find: Find) -> dict[str, Source]:
    """Find the sequences that the motifs of a scan are put into, if they are given."""
    return {"sequences": find(scan["sequences"])} if "sequences" in scan else {}


def _expected(config: Mapping, find: Find) -> Iterator[tuple[str, Source]]:
    """Find the tables of what is expected of the cells of aggregate maps, by analysis."""
    for name, analysis in config["analyses"].items():
        if "expected" in analysis.get("aggregate", {}):
            yield name, find(analysis["aggregate"]["expected"])


def _reads(reads: Mapping, find: Find) -> dict[str, Source]:
    """Find the intervals that come with a set of reads, by role."""
    return {role: find(reads[role]) for role in READS_ROLES if reads.get(role)}


def _fastqs(row: Mapping, find: Find) -> list[Source]:
    """Find the one or two FASTQ files of a row of a sheet of samples."""
    return [
        find({"location": row[f"fastq_{end}"], "md5": row.get(f"md5_{end}", "")})
        for end in (1, 2)
        if row.get(f"fastq_{end}")
    ]


def _names_files(tasks: Mapping) -> bool:
    """Tell whether the sheet of a set of reads names files: those of accessions are known later."""
    return not (isinstance(tasks, SampleTasks) and tasks.sheet.accessions)


def _replicates(tasks: Mapping, find: Find) -> dict[str, dict[str, list[list[Source]]]]:
    """Find the FASTQ files of a sheet of samples, a list for each lane, by task and replicate."""
    return {
        task: {name: [_fastqs(row, find) for row in rows] for name, rows in replicates.items()}
        for task, replicates in tasks.items()
    }


def _name(leaf: Source | CountPeaks) -> str:
    return Path(leaf.path).name


def _leaves(tree) -> Iterator:
    """Yield what nested mappings and lists end in."""
    if isinstance(tree, Mapping | list):
        for branch in tree.values() if isinstance(tree, Mapping) else tree:
            yield from _leaves(branch)
    else:
        yield tree


def _paths(tree):
    """Return nested mappings and lists with the paths of what they end in."""
    if isinstance(tree, Mapping):
        return {key: _paths(branch) for key, branch in tree.items()}
    if isinstance(tree, list):
        return [_paths(branch) for branch in tree]
    return tree if isinstance(tree, str) else tree.path
