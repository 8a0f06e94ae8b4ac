"""What a whole run takes, by rule: jobs, core-hours, the longest and the largest job, and disk."""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import yaml

from dfim.errors import InputError
from workflow import demands, reads_demands
from workflow.analyses import family_of
from workflow.ensembles import without_networks
from workflow.schema import ROOT
from workflow.sizes import Sizes

COLUMNS = (
    "times",
    "rule",
    "jobs",
    "core_hours",
    "longest_hours",
    "largest_mb",
    "disk_mb",
    "passing_mb",
    "download_mb",
)
SIZE_COLUMNS = ("times", "dataset", "examples", "length", "tasks", "features", "known")

_JOB = re.compile(r"(?:local)?rule (\S+):$")


def planned_jobs(config: Mapping) -> list[tuple[str, dict[str, str]]]:
    """Return rule and wildcards of every job of a configuration, as a dry run of Snakemake lists them.

    Those of reads are :func:`workflow.reads_demands.planned_jobs`. What is made already is not left out.
    ``config`` may have its defaults filled in. Raises InputError with
    what Snakemake prints when the dry run fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.yaml"
        path.write_text(
            yaml.safe_dump(_plain(without_networks(config)), allow_unicode=True), encoding="utf-8"
        )
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile")]
        command += ["--configfile", str(path), "--cores", "1", "--dry-run", "--forceall", "--nocolor"]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise InputError(f"the dry run that the plan counts failed: {(ran.stdout + ran.stderr)[-2000:]}")
    listed = read_dry_run(ran.stdout.splitlines() + ran.stderr.splitlines())
    # Before accessions are resolved a dry run ends at them: the jobs of reads are counted from what is
    # expected.
    return [(family_of(rule), wildcards) for rule, wildcards in listed if rule not in reads_demands.RULES]


def _plain(tree):
    """Return nested mappings and sequences as dictionaries and lists."""
    if isinstance(tree, Mapping):
        return {key: _plain(branch) for key, branch in tree.items()}
    return [_plain(branch) for branch in tree] if isinstance(tree, list | tuple) else tree


def read_dry_run(lines: Iterable[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield rule and wildcards of each job that a dry run printed."""
    rule, wildcards = None, {}
    for line in lines:
        if job := _JOB.match(line):
            if rule:
                yield rule, wildcards
            rule, wildcards = job[1], {}
        elif line.startswith("    wildcards: "):
            named = line.removeprefix("    wildcards: ").split(", ")
            wildcards = dict(one.split("=", 1) for one in named)
    if rule:
        yield rule, wildcards


def plan(jobs: Iterable[tuple[str, dict[str, str]]], sizes: Sizes) -> list[dict]:
    """Return one row for each rule, and one for all of them (``all``); the columns are :data:`COLUMNS`.

    Jobs of rules whose demands are not known (single sources, planted genomes) are left out.
    Hours are of processor time on the machine that the rates were measured on, without margins; ``longest``
    and ``largest`` are those of a single job on one core. ``disk`` stays; ``passing`` is the most that is
    there
    for one job and deleted later: at its highest the disk has what stays, and that for each replicate in
    work.
    """
    rules: dict[str, list[demands.Demand]] = {}
    for rule, wildcards in jobs:
        if rule in demands.RULES:
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
