# Configuration, sheets, and the functions that rules ask for paths and parameters.

import hashlib
import os
import re
import sys
from functools import cache
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import validate

sys.path.insert(0, f"{workflow.basedir}/scripts")

import configuration
from dfim.errors import InputError
from dfim.datasets.peak_sources import find_pipeline_peaks
from samples import read_samples

SCHEMAS = f"{workflow.basedir}/config/schemas"


def locate(path):
    """Find a file named in the configuration: from the working directory, or beside the Snakefile."""
    return path if Path(path).exists() else f"{workflow.basedir}/{path}"


def read_configuration():
    """Check the configuration; return the rows of sheets, tasks of datasets and of models, and samples."""
    where = ", ".join(map(str, workflow.configfiles)) or "the configuration"
    configuration.check(config, f"{SCHEMAS}/config.schema.yaml", where)
    validate(config, f"{SCHEMAS}/config.schema.yaml")
    sheets, tasks = {}, {}
    for name, dataset in config["datasets"].items():
        ((producer, options),) = dataset.items()
        sheet = options.get({"peaks": "tasks", "variants": "overlapping"}.get(producer))
        if sheet:
            sheets[sheet] = configuration.read_tasks(locate(sheet), f"{SCHEMAS}/tasks.schema.yaml")
        tasks[name] = {
            "simulation": lambda: [options["task"]],
            "peaks": lambda: [row["task"] for row in sheets[sheet]],
            "values": lambda: [options["task"]],
        }.get(producer, list)()
    samples = {
        name: read_samples(locate(reads["samples"]), f"{SCHEMAS}/samples.schema.yaml")
        for name, reads in config["reads"].items()
    }
    configuration.check_references(config, tasks)
    configuration.check_reads(config, sheets, samples)
    configuration.check_claims(map(locate, config["claims"]), config["cannot_show"])
    return sheets, tasks, configuration.tasks_of_models(config, tasks), samples


try:
    SHEETS, TASKS, MODEL_TASKS, SAMPLES = read_configuration()
except InputError as error:
    raise WorkflowError(str(error)) from None

RESULTS = config["results"].rstrip("/")


def check_writable():
    """End with a sentence when the folder of results, or the nearest folder above it, cannot be written."""
    folder = next(
        path for path in (Path(RESULTS).absolute(), *Path(RESULTS).absolute().parents) if path.exists()
    )
    if not os.access(folder, os.W_OK):
        raise WorkflowError(
            f"the folder {folder} cannot be written: change its permissions, or give the key results a folder "
            "that can."
        )


def one_of(names):
    """Return a regular expression for one of these names; one that matches nothing if there are none."""
    return "|".join(map(re.escape, names)) or r"(?!)"


def producer_names(producer):
    """Return the names of the datasets that have this producer."""
    return [name for name, dataset in config["datasets"].items() if producer in dataset]


def target_kind(analysis):
    """Return 'pairs' for an analysis with feature targets, 'profiles' for one with position targets."""
    return "pairs" if "features" in config["analyses"][analysis]["targets"] else "profiles"


def analyses_with(kind):
    """Return the names of the analyses with this kind of targets."""
    return [name for name in ANALYSES if target_kind(name) == kind]


ANALYSES = config["analyses"]
LOGS = f"{RESULTS}/logs"
BENCHMARKS = f"{RESULTS}/benchmarks"
PLANTED = {
    name: locate(genome["planted"]) for name, genome in config["genomes"].items() if "planted" in genome
}
LIBRARIES = {name: locate(path) for name, path in config["libraries"].items()}


wildcard_constraints:
    genome=one_of(config["genomes"]),
    library=one_of(LIBRARIES),
    dataset=one_of(config["datasets"]),
    model=one_of(config["models"]),
    analysis=one_of(ANALYSES),
    method="[a-z_]+",
    shard=r"\d+",
    # A task is a name in a sheet: no slash, and the parts around it are constrained, so it cannot run over.
    task="[^/]+",


# Sources: what the workflow makes itself ({results}/…), and a local file without a checksum, are used as they are;
# URLs, files with a checksum to verify, and missing files (so that a dry run can plan around them) are fetched.

FETCHED = {}


def source_path(source, kind=""):
    """Return the local path of a source; one that is to be fetched is noted, with its kind, under its name."""
    parts = configuration.source_parts(source)
    location = parts["location"] = parts["location"].replace("{data}", config["data"].rstrip("/"))
    if location.startswith("{results}/"):
        path = location.replace("{results}", RESULTS, 1)
        made = planted_paths() + reads_paths()
        if path not in made:
            raise WorkflowError(
                f"the source {location} is no file that the workflow makes; below {{results}}/ there are "
                f"those of planted genomes and libraries, and of reads: {', '.join(made) or 'none'}."
            )
        return path
    if Path(locate(location)).is_file():
        location = parts["location"] = locate(location)
    if Path(location).is_file() and len(parts) == 1:
        return location
    # The name tells sources apart that end in the same file name.
    digest = hashlib.sha256(repr(sorted(parts.items())).encode()).hexdigest()[:8]
    name = f"{digest}-{Path(location.split('?')[0]).name}"
    FETCHED[name] = parts | {"kind": kind}
    return f"{RESULTS}/sources/{name}"


def sheet_sources(sheet):
    """Return the local paths of the peak files of a sheet, in its order."""
    return [peak_source(row) for row in SHEETS[sheet]]


# Peaks that are made from matrices of read counts: what they are made from, by the name of their file.
COUNT_PEAKS = {}


def peak_source(row):
    """Return the local path of the peaks of one row of a sheet."""
    if row.get("reads"):
        return reads_peaks(row["reads"], row["task"])
    location, sha256 = row["peaks"], row.get("sha256", "")
    if not row.get("samples"):
        folder = Path(location.replace("{data}", config["data"].rstrip("/")))
        if folder.is_dir():
            location = find_pipeline_peaks(folder, row.get("peak_set") or "idr")
        return source_path({"location": location, "sha256": sha256}, "peaks")
    chosen = {
        "matrix": source_path({"location": location, "sha256": sha256}, "table"),
        "samples": [pattern.strip() for pattern in row["samples"].split(",")],
        "least": float(row.get("least") or 1),
    }
    name = f"{hashlib.sha256(repr(chosen).encode()).hexdigest()[:8]}-{row['task']}.bed.gz"
    COUNT_PEAKS[name] = chosen
    return f"{RESULTS}/count_peaks/{name}"


def reads_peaks(reads, task):
    """Return the path of the peaks that are made from the reads of a task."""
    return f"{RESULTS}/reads/{reads}/{task}/peaks.narrowPeak.gz"


def simulated_fastqs(name):
    """Return the simulated FASTQ files of a library, a list of one or two for each lane."""
    design = config["simulated_reads"][name]
    ends = ("R1", "R2") if design["paired"] else ("R1",)
    return [
        [f"{RESULTS}/simulated_reads/{name}_L{lane}_{end}.fastq.gz" for end in ends]
        for lane in range(1, design["lanes"] + 1)
    ]


@cache
def reads_paths():
    """Return the paths of the peaks that are made from reads, and of simulated reads."""
    peaks = [reads_peaks(reads, task) for reads, tasks in SAMPLES.items() for task in tasks]
    return peaks + [
        path for name in config["simulated_reads"] for lane in simulated_fastqs(name) for path in lane
    ]


def fastq_sources(row):
    """Return the local paths of the one or two FASTQ files of a row of a sheet of samples."""
    return [
        source_path({"location": row[f"fastq_{end}"], "md5": row.get(f"md5_{end}", "")})
        for end in (1, 2)
        if row.get(f"fastq_{end}")
    ]


def planted_files(genome):
    """Return the files that a planted genome comes with, by role."""
    folder = f"{RESULTS}/planted/{genome}"
    names = configuration.planted_peak_names(PLANTED[genome])
    return {
        "genome": f"{folder}/genome.fa",
        "peaks": [f"{folder}/peaks/{name}.narrowPeak.gz" for name in names],
        "variants": f"{folder}/variants.tsv",
        "elements": f"{folder}/truth/elements.tsv.gz",
        "instances": f"{folder}/truth/instances.tsv.gz",
        "variant_truth": f"{folder}/truth/variants.tsv",
        "sites": f"{folder}/truth/sites.tsv.gz",
    }


def library_files(library):
    """Return the files that a planted library comes with, by role."""
    folder = f"{RESULTS}/planted/{library}"
    return {
        "library": f"{folder}/library.tsv.gz",
        "couplings": f"{folder}/truth/couplings.tsv",
        "interactions": f"{folder}/truth/interactions.tsv.gz",
    }


@cache
def planted_paths():
    """Return the paths of all files of the planted genomes and libraries."""
    roles = [paths for genome in PLANTED for paths in planted_files(genome).values()]
    roles += [path for library in LIBRARIES for path in library_files(library).values()]
    return [path for paths in roles for path in ([paths] if isinstance(paths, str) else paths)]


def task_motifs(wildcards):
    """Return the motif of each task of a dataset of peaks that has one in its sheet."""
    return {
        row["task"]: row["motif"] for row in SHEETS[dataset_options(wildcards)["tasks"]] if row.get("motif")
    }


def dataset_options(wildcards):
    """Return the options of a dataset's producer."""
    ((_, options),) = config["datasets"][wildcards.dataset].items()
    return options


# The files of a dataset's options: the role that they have as input, their key, and their kind.
SOURCE_KEYS = [
    ("variants", "table", "table"),
    ("sequences", "sequences", ""),
    ("accessible", "accessible", "peaks"),
    ("known_sites", "known_sites", "table"),
    ("file", "file", ""),
    ("regions", "regions", "peaks"),
    ("features", "features", "table"),
]
# The files of a model that is given, by role, and their kind.
MODEL_KINDS = {"model": "network", "architecture": "json", "weights": "hdf5"}


def dataset_sources(dataset):
    """Return the files that a dataset of peaks, variants, sequences or values is made from, by role."""
    ((producer, options),) = config["datasets"][dataset].items()
    if producer == "values":
        return {"library": source_path(options.get("table") or options["array"])}
    files = {}
    if "genome" in options:
        genome = f"{RESULTS}/genomes/{options['genome']}.fa"
        files |= {"fasta": genome, "fai": f"{genome}.fai", "sizes": f"{genome}.sizes"}
    sheet = options.get({"peaks": "tasks", "variants": "overlapping"}.get(producer))
    files["peaks"] = sheet_sources(sheet) if sheet else []
    files["matrices"] = [
        source_path(pwm["matrix"]) for pwm in options.get("pwms", {}).values() if "matrix" in pwm
    ]
    for role, key, kind in SOURCE_KEYS:
        if options.get(key):
            files[role] = source_path(options[key], kind)
    return files


def matched_datasets():
    """Return the names of the datasets of variants whose controls can be matched: those with peaks."""
    return [
        name for name in producer_names("variants") if config["datasets"][name]["variants"]["overlapping"]
    ]


def covariates_of_sources(wildcards):
    """Return what an analysis's variants are matched on, where they are."""
    name = analysis_of(wildcards)["dataset"]
    found = name in matched_datasets() and "features" in analysis_of(wildcards)["sources"]
    return {"covariates": f"{RESULTS}/datasets/{name}/covariates.tsv.gz"} if found else {}


def dataset_files(dataset):
    """Return the three files of a dataset, by role."""
    folder = f"{RESULTS}/datasets/{dataset}"
    return {
        "examples": f"{folder}/examples.tsv.gz",
        "sequences": f"{folder}/sequences.h5",
        "features": f"{folder}/features.tsv.gz",
    }


def given_models():
    """Return the names of the models that come as files and are not trained."""
    return [name for name, model in config["models"].items() if "source" in model]


def given_files(model):
    """Return the files of a model that is not trained, by role: model, or architecture and weights."""
    source = config["models"][model]["source"]
    return {role: source_path(source[role], kind) for role, kind in MODEL_KINDS.items() if role in source}


def model_dataset(wildcards):
    """Return the files of the dataset that a model is trained or evaluated on."""
    return dataset_files(config["models"][wildcards.model]["dataset"])


def model_tasks(wildcards):
    """Return the names of a model's outputs."""
    return MODEL_TASKS[wildcards.model]


def model_tables(wildcards):
    """Return what the figures of a model are drawn from, by role."""
    folder = f"{RESULTS}/models/{wildcards.model}"
    tables = {"metrics": f"{folder}/metrics.tsv", "curves": f"{folder}/curves.tsv.gz"}
    if wildcards.model not in given_models():
        tables["history"] = f"{folder}/history.tsv"
    return tables


def analysis_of(wildcards):
    """Return the options of an analysis."""
    return ANALYSES[wildcards.analysis]


def analysis_dataset(wildcards):
    """Return the files of the dataset that an analysis looks at."""
    return dataset_files(analysis_of(wildcards)["dataset"])


def interaction_tables(wildcards):
    """Return the results of an analysis, by role."""
    folder = (
        f"{RESULTS}/interactions/{wildcards.analysis}/{wildcards.model}/{wildcards.task}/{wildcards.method}"
    )
    if target_kind(wildcards.analysis) == "pairs":
        return {
            "pairs": f"{folder}/pairs.tsv.gz",
            "null": f"{folder}/null.tsv.gz",
            "agreement": f"{folder}/agreement.tsv",
        }
    tables = {
        "sources": f"{folder}/sources.tsv.gz",
        "null": f"{folder}/null.tsv.gz",
        "profiles": f"{folder}/profiles.h5",
    }
    return tables | ({"cells": f"{folder}/cells.tsv.gz"} if "aggregate" in analysis_of(wildcards) else {})


def expected_cells(wildcards):
    """Return the table of what is expected of the cells of aggregate maps, or nothing."""
    expected = analysis_of(wildcards).get("aggregate", {}).get("expected")
    return {"expected": source_path(expected)} if expected else {}


def result_table(wildcards):
    """Return the table that an analysis compares groups of."""
    tables = interaction_tables(wildcards)
    return tables.get("pairs") or tables["sources"]


# Every source is noted when the workflow is read: a job on a cluster node may look at one rule alone.
PRODUCERS_OF_FILES = ("peaks", "variants", "sequences", "values")
for name in [name for producer in PRODUCERS_OF_FILES for name in producer_names(producer)]:
    dataset_sources(name)
for genome in config["genomes"].values():
    if "fasta" in genome:
        source_path(genome["fasta"], "fasta")
for name in given_models():
    given_files(name)
for analysis in ANALYSES.values():
    if "expected" in analysis.get("aggregate", {}):
        source_path(analysis["aggregate"]["expected"])
for reads, tasks in SAMPLES.items():
    for role in ("blacklist", "tss"):
        if config["reads"][reads].get(role):
            source_path(config["reads"][reads][role])
    for replicates in tasks.values():
        for lanes in replicates.values():
            for row in lanes:
                fastq_sources(row)


INTERACTIONS = f"{RESULTS}/interactions/{{analysis}}/{{model}}/{{task}}/{{method}}"


def initial_model(wildcards):
    """Return the model that training starts from, or nothing."""
    parent = config["models"][wildcards.model]["initialise_from"]
    return {"initial": f"{RESULTS}/models/{parent}/model.keras"} if parent else {}


def contribution_entry(wildcards):
    """Return the configured background of one task and method."""
    return next(
        entry
        for entry in config["models"][wildcards.model]["contributions"]
        if (entry["task"], entry["method"]) == (wildcards.task, wildcards.method)
    )


def predictions_of_same_dataset(wildcards):
    """Return the model's predictions when the analysis looks at the model's own dataset."""
    own = config["models"][wildcards.model].get("dataset")
    if own != analysis_of(wildcards)["dataset"]:
        return {}
    return {"predictions": f"{RESULTS}/models/{wildcards.model}/predictions.h5"}


def scoring_options(wildcards):
    """Return what of an analysis decides its scores (not its figures, comparisons or p-values)."""
    options = analysis_of(wildcards)
    keys = (
        "background",
        "sources",
        "targets",
        "feature_groups",
        "same_name",
        "max_distance",
        "shuffles",
        "shards",
    )
    return {key: options[key] for key in keys}


def shard_files(suffix):
    """Return a function that lists the shards of an analysis."""
    return lambda wildcards: [
        f"{INTERACTIONS.format(**wildcards)}/shards/{shard}{suffix}"
        for shard in range(analysis_of(wildcards)["shards"])
    ]


def mutagenesis_shards(wildcards):
    """Return the shards of the interactions by mutagenesis, which are those of every method."""
    folder = f"{RESULTS}/interactions/{wildcards.analysis}/{wildcards.model}/{wildcards.task}/mutagenesis"
    return [f"{folder}/{shard}.tsv.gz" for shard in range(analysis_of(wildcards)["shards"])]


SIGNIFICANCE = dict(
    p_values=lambda wildcards: analysis_of(wildcards)["p_values"],
    nulls=lambda wildcards: analysis_of(wildcards)["nulls"],
    truth=lambda wildcards: analysis_of(wildcards)["truth"],
    seed=config["seed"],
)


SCORING = dict(
    task="{task}",
    tasks=model_tasks,
    method="{method}",
    method_options=lambda wildcards: config["methods"][wildcards.method],
    analysis=scoring_options,
    seed=config["seed"],
)


def figure_outputs(folder, category, *labels):
    """Return the three files of a figure, the picture with its place in Snakemake's report."""
    files = {suffix: f"{folder}/{{figure}}.{suffix}" for suffix in ("pdf", "png", "tsv")}
    words = {label: f"{{{label}}}" for label in (*labels, "figure")}
    return files | {"png": report(files["png"], category=category, labels=words)}


# Targets

EVALUATION_FILES = ("metrics.tsv", "curves.tsv.gz", "predictions.h5")
INTERACTION_FILES = {
    "pairs": ("pairs.tsv.gz", "agreement.tsv"),
    "profiles": ("sources.tsv.gz", "profiles.h5"),
}
SIGNIFICANCE_FILES = (
    "null.tsv.gz",
    "nulls.tsv",
    "calibration.tsv",
    "quantiles.tsv",
    "comparisons.tsv",
    "recovery.tsv",
)


def dataset_outputs():
    """Return the files of every dataset of the configuration."""
    balances = [f"{RESULTS}/datasets/{name}/balance.tsv" for name in matched_datasets()]
    return balances + [path for name in config["datasets"] for path in dataset_files(name).values()]


def model_files():
    """Return what every model of the configuration ends in."""
    files = []
    for name, model in config["models"].items():
        folder = f"{RESULTS}/models/{name}"
        files += [f"{folder}/model.keras", f"{folder}/reach.tsv"]
        if "source" not in model:
            files.append(f"{folder}/history.tsv")
        if "dataset" in model:
            files += [f"{folder}/{file}" for file in EVALUATION_FILES]
        files += [
            f"{RESULTS}/contributions/{name}/{entry['task']}/{entry['method']}.h5"
            for entry in model["contributions"]
        ]
    return files


def interaction_folders():
    """Return the analysis, and the folder below results/interactions or results/figures, of every combination."""
    return [
        (name, f"{name}/{model}/{task}/{method}")
        for name, analysis in ANALYSES.items()
        for model in analysis["models"]
        for task in analysis["tasks"]
        for method in analysis["methods"]
    ]


def interaction_files():
    """Return what every analysis of the configuration ends in."""
    return [
        f"{RESULTS}/interactions/{folder}/{table}"
        for name, folder in interaction_folders()
        for table in (
            *INTERACTION_FILES[target_kind(name)],
            *SIGNIFICANCE_FILES,
            *(["cells.tsv.gz"] if "aggregate" in ANALYSES[name] else []),
        )
    ]


def analysis_figures(name):
    """Return the figures of an analysis with their options: those configured, and how its null holds."""
    return {"calibration": {}} | ANALYSES[name]["figures"]


def figure_files():
    """Return all figures of the configuration."""
    figures = [
        f"{RESULTS}/figures/models/{name}/{figure}.png"
        for name, model in config["models"].items()
        for figure, needed in (("training", "architecture"), ("performance", "dataset"))
        if needed in model
    ] + [
        f"{RESULTS}/figures/reads/{reads}/{task}/quality.png"
        for reads, tasks in SAMPLES.items()
        for task in tasks
    ]
    return figures + [
        f"{RESULTS}/figures/{folder}/{figure}.png"
        for name, folder in interaction_folders()
        for figure in analysis_figures(name)
    ]


def claims_files():
    """Return the table of claims, when the configuration names any."""
    return [f"{RESULTS}/reproduction.tsv"] if config["claims"] else []
