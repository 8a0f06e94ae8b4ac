"""Where results lie: every path below the folder of results, and what a whole run ends in.

Names in braces, as rules have them for wildcards, pass through.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from dfim.errors import InputError
from dfim.reproduction.claims import TABLES
from workflow.analyses import analysis_figures, combinations, target_kind
from workflow.datasets import fits_additive, matched_datasets
from workflow.ensembles import networks_of, own_models, twins_of
from workflow.scans import scan_places
from workflow.sheets import Sheets

INTERACTION_FILES = {
    "pairs": ("pairs.tsv.gz", "agreement.tsv", "signs.tsv"),
    "profiles": ("sources.tsv.gz", "profiles.h5"),
}
# Of pairs, and the same for every method.
PAIR_FILES = ("kinds.tsv", "pair_tests.tsv.gz", "signs.tsv", "nulls.tsv", "removals.tsv")
# Of analyses that check their null.
NULL_CHECK_FILES = ("null_checks.tsv", "null_check_rows.tsv.gz")
SIGNIFICANCE_FILES = (
    "completeness.tsv",
    "null.tsv.gz",
    "nulls.tsv",
    "calibration.tsv",
    "quantiles.tsv",
    "comparisons.tsv",
    "recovery.tsv",
)


def results_folder(config: Mapping) -> str:
    """Return the folder of results, without a slash at its end; ``~`` is the home folder."""
    return os.path.expanduser(config["results"]).rstrip("/") or "/"


def check_writable(folder: str | Path) -> None:
    """Raise InputError when the folder of results, or the nearest folder above it, cannot be written."""
    absolute = Path(folder).absolute()
    there = next(path for path in (absolute, *absolute.parents) if path.exists())
    if not os.access(there, os.W_OK):
        raise InputError(
            f"the folder {there} cannot be written: change its permissions, or give the key results a folder "
            "that can."
        )


# --- one thing each ------------------------------------------------------------------------------


def genome_files(results: str, genome: str) -> dict[str, str]:
    """Return the files of a genome, by role."""
    path = f"{results}/genomes/{genome}.fa"
    return {"fasta": path, "fai": f"{path}.fai", "sizes": f"{path}.sizes"}


def planted_files(results: str, genome: str, peaks: list[str]) -> dict[str, str | list[str]]:
    """Return the files that a planted genome comes with, by role; ``peaks`` names its peak files."""
    folder = f"{results}/planted/{genome}"
    return {
        "genome": f"{folder}/genome.fa",
        "peaks": [f"{folder}/peaks/{name}.narrowPeak.gz" for name in peaks],
        "variants": f"{folder}/variants.tsv",
        "elements": f"{folder}/truth/elements.tsv.gz",
        "instances": f"{folder}/truth/instances.tsv.gz",
        "variant_truth": f"{folder}/truth/variants.tsv",
        "sites": f"{folder}/truth/sites.tsv.gz",
    }


def library_files(results: str, library: str) -> dict[str, str]:
    """Return the files that a planted library comes with, by role."""
    folder = f"{results}/planted/{library}"
    return {
        "library": f"{folder}/library.tsv.gz",
        "couplings": f"{folder}/truth/couplings.tsv",
        "interactions": f"{folder}/truth/interactions.tsv.gz",
    }


def reads_folder(results: str, reads: str, task: str) -> str:
    """Return the folder of what is made from the reads of a task."""
    return f"{results}/reads/{reads}/{task}"


def reads_peaks(results: str, reads: str, task: str) -> str:
    """Return the path of the peaks that are made from the reads of a task."""
    return f"{reads_folder(results, reads, task)}/peaks.narrowPeak.gz"


def simulated_fastqs(results: str, name: str, design: Mapping) -> list[list[str]]:
    """Return the simulated FASTQ files of a library, a list of one or two for each lane."""
    ends = ("R1", "R2") if design["paired"] else ("R1",)
    return [
        [f"{results}/simulated_reads/{name}_L{lane}_{end}.fastq.gz" for end in ends]
        for lane in range(1, design["lanes"] + 1)
    ]


def fetched_folder(results: str, reads: str, task: str, replicate: str) -> str:
    """Return the folder of the FASTQ files that are fetched for the accessions of a replicate."""
    return f"{reads_folder(results, reads, task)}/fastq/{replicate}"


def worksheet_file(results: str, dataset: str) -> str:
    """Return the table of the variants of a dataset that come in a worksheet."""
    return f"{results}/worksheets/{dataset}.tsv"


def dataset_files(results: str, dataset: str) -> dict[str, str]:
    """Return the three files of a dataset, by role."""
    folder = f"{results}/datasets/{dataset}"
    return {
        "examples": f"{folder}/examples.tsv.gz",
        "sequences": f"{folder}/sequences.h5",
        "features": f"{folder}/features.tsv.gz",
    }


def matching_files(results: str, dataset: str) -> dict[str, str]:
    """Return what matching the controls of a dataset of variants ends in, by role."""
    folder = f"{results}/datasets/{dataset}"
    return {"covariates": f"{folder}/covariates.tsv.gz", "balance": f"{folder}/balance.tsv"}


def model_files(results: str, model: str) -> dict[str, str]:
    """Return the files of a model, by role; which of them there are depends on the model."""
    folder = f"{results}/models/{model}"
    return {
        "model": f"{folder}/model.keras",
        "graph": f"{folder}/graph.npz",
        "history": f"{folder}/history.tsv",
        "metrics": f"{folder}/metrics.tsv",
        "curves": f"{folder}/curves.tsv.gz",
        "place": f"{folder}/place.tsv",
        "additive": f"{folder}/additive.tsv",
        "predictions": f"{folder}/predictions.h5",
        "reach": f"{folder}/reach.tsv",
    }


def contributions_file(results: str, model: str, task: str, method: str) -> str:
    """Return the path of the contribution scores of a model's dataset."""
    return f"{results}/contributions/{model}/{task}/{method}.h5"


def selection_file(results: str, analysis: str, model: str, task: str) -> str:
    """Return the path of the table of the examples that an analysis looks at."""
    return f"{results}/interactions/{analysis}/{model}/{task}/examples.tsv"


def pair_tests_folder(results: str, analysis: str, model: str, task: str) -> str:
    """Return the folder of the pair tests of an analysis, which are those of every method."""
    return f"{results}/interactions/{analysis}/{model}/{task}"


def mutagenesis_files(results: str, analysis: str, model: str, task: str, shard: int | str) -> dict[str, str]:
    """Return the files of a shard of pair tests, by role: the pairs, and their outputs and draws."""
    path = f"{pair_tests_folder(results, analysis, model, task)}/mutagenesis/{shard}"
    return {"pairs": f"{path}.tsv.gz", "draws": f"{path}.h5"}


def networks_files(results: str, analysis: str, model: str, task: str) -> dict[str, str]:
    """Return what a model's networks of other seeds, and its twins, say of kinds of pairs and of pairs."""
    folder = f"{results}/interactions/{analysis}/{model}/{task}"
    return {"kinds": f"{folder}/networks.tsv", "pairs": f"{folder}/pair_networks.tsv.gz"}


def scan_file(results: str, scan: str, model: str, task: str) -> str:
    """Return the path of the table of a scan."""
    return f"{results}/scans/{scan}/{model}/{task}/scan.tsv"


def scan_figures(results: str, scan: str, model: str, task: str) -> str:
    """Return the folder of the figure of a scan."""
    return f"{results}/figures/scans/{scan}/{model}/{task}"


def interactions_folder(results: str, analysis: str, model: str, task: str, method: str) -> str:
    """Return the folder of the results of an analysis."""
    return f"{results}/interactions/{analysis}/{model}/{task}/{method}"


# --- all that a configuration asks for -----------------------------------------------------------


def made_sources(config: Mapping, sheets: Sheets) -> list[str]:
    """Return the files that the workflow makes and that a source may name: planted, and of reads."""
    results = results_folder(config)
    roles = [
        files
        for name, peaks in sheets.peaks.items()
        for files in planted_files(results, name, peaks).values()
    ]
    roles += [path for library in config["libraries"] for path in library_files(results, library).values()]
    made = [path for paths in roles for path in ([paths] if isinstance(paths, str) else paths)]
    made += [reads_peaks(results, reads, task) for reads, tasks in sheets.samples.items() for task in tasks]
    for name, design in config["simulated_reads"].items():
        made += [path for lane in simulated_fastqs(results, name, design) for path in lane]
    return made


def dataset_targets(config: Mapping) -> list[str]:
    """Return the files of every dataset of the configuration."""
    results = results_folder(config)
    balances = [matching_files(results, name)["balance"] for name in matched_datasets(config)]
    return balances + [path for name in config["datasets"] for path in dataset_files(results, name).values()]


def model_targets(config: Mapping) -> list[str]:
    """Return what every model of the configuration ends in."""
    results, targets = results_folder(config), []
    for name, model in own_models(config).items():
        files = model_files(results, name)
        targets += [files["model"], files["reach"]]
        if "source" not in model:
            targets.append(files["history"])
        if "dataset" in model:
            targets += [files[role] for role in ("metrics", "curves", "place", "predictions")]
            targets += [files["additive"]] if fits_additive(config, model["dataset"]) else []
        targets += [model_files(results, other)["metrics"] for other in networks_of(config, name)[1:]]
        targets += [
            contributions_file(results, name, entry["task"], entry["method"])
            for entry in model["contributions"]
        ]
    return targets


def pair_test_targets(config: Mapping) -> list[str]:
    """Return the tables of pairs, the same for every method, of every analysis of the configuration."""
    places = [
        (name, model, task)
        for name, analysis in config["analyses"].items()
        for model, task in dict.fromkeys(place[:2] for place in combinations(analysis))
        if target_kind(analysis) == "pairs"
    ]
    return [
        f"{pair_tests_folder(results_folder(config), *place)}/{table}"
        for place in places
        for table in PAIR_FILES
    ]


def interaction_targets(config: Mapping) -> list[str]:
    """Return what every analysis of the configuration ends in."""
    return pair_test_targets(config) + [
        f"{interactions_folder(results_folder(config), name, *place)}/{table}"
        for name, analysis in config["analyses"].items()
        for place in combinations(analysis)
        for table in (
            *INTERACTION_FILES[target_kind(analysis)],
            *SIGNIFICANCE_FILES,
            *(["cells.tsv.gz"] if "aggregate" in analysis else []),
        )
    ]


def scan_targets(config: Mapping) -> list[str]:
    """Return the tables of all scans of the configuration."""
    return [scan_file(results_folder(config), *place) for place in scan_places(config)]


def networks_targets(config: Mapping) -> list[str]:
    """Return what the networks beside the models of each analysis of pairs say, where there are any."""
    return [
        path
        for name, analysis in config["analyses"].items()
        if target_kind(analysis) == "pairs"
        for model in analysis["models"]
        if networks_of(config, model)[1:] or twins_of(config, model)
        for task in analysis["tasks"]
        for path in networks_files(results_folder(config), name, model, task).values()
    ]


def twin_targets(config: Mapping) -> list[str]:
    """Return the cells of aggregate maps of second twins, tested against the first: what nothing is in."""
    return [
        f"{interactions_folder(results_folder(config), name, twin, task, method)}/cells.tsv.gz"
        for name, analysis in config["analyses"].items()
        if analysis.get("aggregate", {}).get("null") == "additive"
        for model, task, method in combinations(analysis)
        for twin in twins_of(config, model)[1:2]
    ]


def null_check_targets(config: Mapping) -> list[str]:
    """Return what the checks of nulls end in, of every analysis that asks for them."""
    return [
        f"{pair_tests_folder(results_folder(config), name, model, task)}/{table}"
        for name, analysis in config["analyses"].items()
        if analysis["null_checks"]
        for model, task in dict.fromkeys(place[:2] for place in combinations(analysis))
        for table in NULL_CHECK_FILES
    ]


# Folders of figures beside those that have the names of analyses.
FIGURE_FOLDERS = ("models", "reads", "scans")


def figure_targets(config: Mapping, sheets: Sheets) -> list[str]:
    """Return all figures of the configuration."""
    figures = [
        f"models/{name}/{figure}"
        for name, model in own_models(config).items()
        for figure, needed in (("training", "architecture"), ("performance", "dataset"))
        if needed in model
    ]
    figures += [
        f"reads/{name}/{task}/quality" for name in used_reads(config, sheets) for task in sheets.samples[name]
    ]
    figures += [
        f"{name}/{'/'.join(place)}/{figure}"
        for name, analysis in config["analyses"].items()
        for place in combinations(analysis)
        for figure in analysis_figures(analysis)
    ]
    folders = [scan_figures(results_folder(config), *place) for place in scan_places(config)]
    return [
        *(f"{results_folder(config)}/figures/{figure}.png" for figure in figures),
        *(f"{folder}/scan.png" for folder in folders),
    ]


def used_reads(config: Mapping, sheets: Sheets) -> list[str]:
    """Return the sets of reads whose peaks a dataset uses: through a sheet's column reads, or as a source."""
    named = {row.get("reads") for rows in sheets.tasks.values() for row in rows}
    sources = repr(config["datasets"])
    return [name for name in sheets.samples if name in named or f"{{results}}/reads/{name}/" in sources]


def claims_targets(config: Mapping) -> list[str]:
    """Return the tables of claims, when the configuration names any."""
    return [f"{results_folder(config)}/{name}.tsv" for name in TABLES] if config["claims"] else []


def page_file(config: Mapping) -> str:
    """Return the path of the page of a run."""
    return f"{results_folder(config)}/index.html"
