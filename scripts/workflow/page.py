"""What the page of a run is made of: analyses, networks, claims, and the files that each is read from."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from dfim.reproduction.claims import TABLES
from workflow.analyses import analysis_figures, kind_of, target_kind
from workflow.console import sentences
from workflow.datasets import fits_additive
from workflow.ensembles import networks_of, own_models, twins_of
from workflow.exports import exports_at
from workflow.results import (
    dataset_files,
    interactions_folder,
    model_files,
    networks_files,
    pair_tests_folder,
    results_folder,
    scan_figures,
    scan_file,
    used_reads,
)
from workflow.scans import scan_places
from workflow.sheets import Sheets

_ASKED = (
    "examples",
    "sources",
    "targets",
    "feature_groups",
    "aggregate",
    "nulls",
    "level",
    "least_share",
    "truth",
)


def page_contents(config: Mapping, sheets: Sheets, where: str) -> dict:
    """Return what :func:`dfim.page.writing.write_page` takes; ``where`` names the configuration's files."""
    results = results_folder(config)
    claims = {name: f"{results}/{name}.tsv" for name in TABLES} if config["claims"] else {}
    return {
        "results": results,
        "configuration": ", ".join(Path(path).name for path in where.split(", ")),
        "seed": config["seed"],
        "analyses": [
            _analysis(config, name, model, task)
            for name, analysis in config["analyses"].items()
            for model in analysis["models"]
            for task in analysis["tasks"]
        ],
        "scans": [_scan(config, *place) for place in scan_places(config)],
        "networks": [_network(config, name, model) for name, model in own_models(config).items()],
        "reads": [
            _figure(
                f"{results}/figures/reads/{name}/{task}", "quality", {"kind": "quality"}, f"{name}, {task}"
            )
            for name in used_reads(config, sheets)
            for task in sheets.samples[name]
        ],
        "claims": claims,
    }


def _figure(folder: str, name: str, options: Mapping | None, of: str) -> dict:
    """Return the files, kind and options of a figure; ``of`` says what it is drawn from."""
    files = {suffix: f"{folder}/{name}.{suffix}" for suffix in ("png", "pdf", "tsv")}
    return {"name": name, "kind": kind_of(name, options), "options": dict(options or {}), "of": of, **files}


def _analysis(config: Mapping, name: str, model: str, task: str) -> dict:
    """Return an analysis of one network and task: what was asked, its tables by role, and its figures."""
    results, options = results_folder(config), config["analyses"][name]
    kind, place = target_kind(options), pair_tests_folder(results, name, model, task)
    folders = {
        method: interactions_folder(results, name, model, task, method) for method in options["methods"]
    }
    roles = ("recovery", "calibration", "nulls")
    methods = {method: {role: f"{folder}/{role}.tsv" for role in roles} for method, folder in folders.items()}
    for method, folder in folders.items():
        own = ("sources.tsv.gz", "profiles.h5") if kind == "profiles" else ("pairs.tsv.gz",)
        own += ("cells.tsv.gz",) if "aggregate" in options else ()
        methods[method] |= {file.split(".")[0]: f"{folder}/{file}" for file in own}
    figures = [
        _figure(f"{results}/figures/{name}/{model}/{task}/{method}", figure, chosen, method)
        for method in options["methods"]
        for figure, chosen in sorted(
            analysis_figures(options).items(), key=lambda item: item[0] == "calibration"
        )
    ]
    return {
        "name": name, "model": model, "task": task, "kind": kind,
        "asked": {"dataset": options["dataset"], "methods": list(options["methods"])}
        | {key: options[key] for key in _ASKED if options.get(key)},
        "level": options["level"], "p_values": options["p_values"],
        "null_checks": f"{place}/null_checks.tsv" if options.get("null_checks") else "",
        "folder": place,
        "exports": exports_at(config, results, name, model, task),
        "dataset": dataset_files(results, options["dataset"]),
        "tables": _pair_tables(config, name, model, task) if kind == "pairs" else {},
        "methods": methods, "figures": figures,
    }  # fmt: skip


def _scan(config: Mapping, name: str, model: str, task: str) -> dict:
    """Return a scan of one network and task: what was asked, its table and its figure."""
    results = results_folder(config)
    folder = scan_figures(results, name, model, task)
    asked = {key: value for key, value in config["scans"][name].items() if key not in ("models", "tasks")}
    return {
        "name": name, "model": model, "task": task, "asked": asked,
        "table": scan_file(results, name, model, task),
        "figure": _figure(folder, "scan", {}, name),
    }  # fmt: skip


def _pair_tables(config: Mapping, name: str, model: str, task: str) -> dict[str, str]:
    """Return the tables of an analysis of pairs that are the same for every method, by role."""
    results = results_folder(config)
    folder = pair_tests_folder(results, name, model, task)
    tables = {"tests": f"{folder}/pair_tests.tsv.gz"}
    tables |= {role: f"{folder}/{role}.tsv" for role in ("kinds", "signs", "nulls")}
    if networks_of(config, model)[1:] or twins_of(config, model):
        tables["networks"] = networks_files(results, name, model, task)["kinds"]
    return tables


def _network(config: Mapping, name: str, model: Mapping) -> dict:
    """Return a network: where it comes from, its tables by role, and its figures."""
    results, files = results_folder(config), model_files(results_folder(config), name)
    roles = ["reach"] + (["metrics", "place"] if "dataset" in model else [])
    if "dataset" in model and fits_additive(config, model["dataset"]):
        roles.append("additive")
    figures = [
        _figure(f"{results}/figures/models/{name}", figure, None, name)
        for figure, needed in (("performance", "dataset"), ("training", "architecture"))
        if needed in model
    ]
    return {
        "name": name,
        "trained": "source" not in model,
        "dataset": model.get("dataset", ""),
        "architecture": model.get("architecture", ""),
        "others": [*networks_of(config, name)[1:], *twins_of(config, name)],
        "tables": {role: files[role] for role in roles},
        "figures": figures,
    }


def with_warnings(contents: Mapping, logs: str | Path) -> dict:
    """Return the contents of a page with the warnings of analyses and scans in the folder ``logs``."""
    rules = {path.name for path in Path(logs).glob("*")}
    of_scans = rules & {"scan_motifs", "plot_scan"}
    return {
        **contents,
        "analyses": _warned(contents["analyses"], logs, rules - of_scans),
        "scans": _warned(contents["scans"], logs, of_scans),
    }


def _warned(asked: list[dict], logs: str | Path, rules: Iterable[str]) -> list[dict]:
    parts = []
    for part in asked:
        places = [Path(logs, rule, part["name"], part["model"], part["task"]) for rule in rules]
        found = [log for place in places for log in [Path(f"{place}.log"), *place.rglob("*.log")]]
        warned = [words for kind, words in sentences(map(str, sorted(found))) if kind == "warning"]
        parts.append({**part, "logged": list(dict.fromkeys(warned))})
    return parts
