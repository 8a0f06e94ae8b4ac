"""What a whole run takes, by rule: jobs, core-hours, the longest and the largest job, and disk."""

from collections.abc import Iterable, Mapping

import demands
from sizes import Sizes

COLUMNS = (
    "times", "rule", "jobs", "core_hours", "longest_hours", "largest_mb", "disk_mb", "passing_mb", "download_mb"
)  # fmt: skip
SIZE_COLUMNS = ("times", "dataset", "examples", "length", "tasks", "features", "known")


def planned_jobs(config: Mapping, builders: Mapping[str, str]) -> Iterable[tuple[str, dict[str, str]]]:
    """Yield rule and wildcards of every job whose demands are known, for all results of a configuration.

    ``builders`` has the rule that builds each dataset. What is made already is not left out.
    """
    for dataset, rule in builders.items():
        yield rule, {"dataset": dataset}
    for model, options in config["models"].items():
        yield ("provide_model" if "source" in options else "train_model"), {"model": model}
        yield "measure_reach", {"model": model}
        if "dataset" in options:
            yield "evaluate_model", {"model": model}
        for entry in options["contributions"]:
            yield (
                "score_contributions",
                {"model": model, "task": entry["task"], "method": entry["method"]},
            )
    for analysis, options in config["analyses"].items():
        for model in options["models"]:
            for task in options["tasks"]:
                selection = {"analysis": analysis, "model": model, "task": task}
                yield "select_examples", selection
                yield from _analysis_jobs(options, selection)


def _analysis_jobs(options: Mapping, selection: dict[str, str]) -> Iterable[tuple[str, dict[str, str]]]:
    """Yield the jobs of one analysis, model and task after the selection."""
    pairs = "features" in options["targets"]
    if pairs:
        for shard in range(options["shards"]):
            yield "mutate_pairs", {**selection, "shard": str(shard)}
    for method in options["methods"]:
        scored = {**selection, "method": method}
        for shard in range(options["shards"]):
            yield ("score_pairs" if pairs else "score_profiles"), {**scored, "shard": str(shard)}
        yield ("assign_significance_pairs" if pairs else "assign_significance_profiles"), scored
        if "aggregate" in options:
            yield "aggregate_maps", scored
        yield "compare_groups", scored
        for figure in {"calibration": {}} | options["figures"]:
            yield "plot_interactions", {**scored, "figure": figure}


def plan(jobs: Iterable[tuple[str, dict[str, str]]], sizes: Sizes) -> list[dict]:
    """Return one row for each rule, and one for all of them (``all``); the columns are :data:`COLUMNS`.

    Hours are of processor time on the machine that the rates were measured on, without margins; ``longest``
    and ``largest`` are those of a single job on one core. ``disk`` stays; ``passing`` is the most that is
    there for one job and deleted later: the disk at its highest is what stays, and that for each replicate in
    work at once.
    """
    rules: dict[str, list[demands.Demand]] = {}
    for rule, wildcards in jobs:
        rules.setdefault(rule, []).append(demands.demand(rule, wildcards, sizes))
    found = {**rules, "all": [one for several in rules.values() for one in several]}
    return [
        {
            "times": sizes.times,
            "rule": rule,
            "jobs": len(taken),
            "core_hours": round(sum(one.seconds for one in taken) / 3600, 2),
            "longest_hours": round(max(one.seconds for one in taken) / 3600, 2),
            "largest_mb": round(max(one.memory for one in taken)),
            "disk_mb": round(sum(one.disk for one in taken)),
            "passing_mb": round(max(one.passing for one in taken)),
            "download_mb": round(sum(one.download for one in taken)),
        }
        for rule, taken in found.items()
    ]


def dataset_rows(sizes: Sizes) -> list[dict]:
    """Return the sizes that a plan rests on, a row for each dataset (:data:`SIZE_COLUMNS`)."""
    rows = []
    for name in sizes.config["datasets"]:
        size = sizes.dataset(name)
        row = {"times": sizes.times, "dataset": name, "examples": size.examples, "length": size.length}
        rows.append(row | {"tasks": size.tasks, "features": round(size.features, 2), "known": size.known})
    return rows
