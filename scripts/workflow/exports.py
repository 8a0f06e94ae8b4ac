"""Which results are written for other programs: the key exports of an analysis, and where the files lie."""

from collections.abc import Mapping

from dfim.errors import InputError
from workflow.analyses import combinations, target_kind
from workflow.datasets import producer_of

# What each export is made of, and its file; those of pairs are the same for every method.
PAIRS = {"bedpe": "called_pairs.bedpe"}
METHODS = {
    "bigwig": "{method}/contributions.bw",
    "bedgraph": "{method}/contributions.bedgraph.gz",
    "modisco": "{method}/modisco_attributions.npz",
    "maps": "{method}/maps.npz",
}
OF_A_GENOME = ("bedpe", "bigwig", "bedgraph")
OF_CONTRIBUTIONS = ("bigwig", "bedgraph", "modisco")
KIND = {"bedpe": "pairs", "maps": "profiles"}


def exports_folder(results: str, analysis: str, model: str, task: str) -> str:
    """Return the folder of what is exported of an analysis."""
    return f"{results}/exports/{analysis}/{model}/{task}"


def genome_of(config: Mapping, dataset: str) -> str | None:
    """Return the name of the genome that the examples of a dataset are windows of, if they are."""
    return producer_of(config, dataset)[1].get("genome")


def exports_of(config: Mapping, analysis: Mapping) -> list[str]:
    """Return what is exported of an analysis: what it asks for, else called pairs where there is a genome."""
    if analysis.get("exports") is not None:
        return analysis["exports"]
    of_genome = genome_of(config, analysis["dataset"])
    return ["bedpe"] if of_genome and target_kind(analysis) == "pairs" else []


def check_exports(key: str, config: Mapping, analysis: Mapping) -> None:
    """Refuse exports that an analysis cannot have; InputError names the key and what would be needed."""
    for export in exports_of(config, analysis):
        where = f"key '{key}.exports' asks for {export}, which"
        if export in OF_A_GENOME and not genome_of(config, analysis["dataset"]):
            raise InputError(
                f"{where} needs windows of a genome, and the dataset {analysis['dataset']!r} has none; "
                "remove it."
            )
        if KIND.get(export, target_kind(analysis)) != target_kind(analysis):
            needed = "features" if KIND[export] == "pairs" else "positions"
            raise InputError(f"{where} needs {needed} as targets; remove it.")
        if export in OF_CONTRIBUTIONS and isinstance(analysis["background"], str):
            raise InputError(
                f"{where} needs the probabilities of A, C, G and T as background, and it is "
                f"{analysis['background']!r}; remove it."
            )


def export_targets(config: Mapping, results: str) -> list[str]:
    """Return the files of all exports of a configuration."""
    places = [
        (name, model, task)
        for name, analysis in config["analyses"].items()
        for model, task, _ in combinations(analysis)
    ]
    return [path for place in dict.fromkeys(places) for path in exports_at(config, results, *place)]


def exports_at(config: Mapping, results: str, name: str, model: str, task: str) -> list[str]:
    """Return the files of the exports of an analysis of one network and task."""
    analysis = config["analyses"][name]
    asked, folder = exports_of(config, analysis), exports_folder(results, name, model, task)
    files = [file for export, file in PAIRS.items() if export in asked]
    files += [
        file.format(method=method)
        for method in analysis["methods"]
        for export, file in METHODS.items()
        if export in asked
    ]
    return [f"{folder}/{file}" for file in files]
