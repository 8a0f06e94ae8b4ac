"""What rules declare against what they took, and the plan against what Snakemake would run."""

import csv
import re
from collections import Counter
from pathlib import Path

import pytest
import yaml
from snakemake.utils import validate

import configuration
import demands
from plan import planned_jobs
from sizes import Sizes

pytestmark = pytest.mark.workflow

ROOT = Path(__file__).parents[2]
# The wildcards of each rule, as the path of its log has them, and the rules that share a folder of logs.
WILDCARDS = {
    "simulate_sequences": "dataset",
    "build_peak_dataset": "dataset",
    "build_variant_dataset": "dataset",
    "build_value_dataset": "dataset",
    "match_controls": "dataset",
    "train_model": "model",
    "evaluate_model": "model",
    "measure_reach": "model",
    "score_contributions": "model task method",
    "select_examples": "analysis model task",
    "score_pairs": "analysis model task method shard",
    "score_profiles": "analysis model task method shard",
    "mutate_pairs": "analysis model task shard",
    "assign_significance": "analysis model task method",
    "aggregate_maps": "analysis model task method",
    "compare_groups": "analysis model task method",
    "plot_model": "model figure",
    "plot_interactions": "analysis model task method figure",
}
TOOK = re.compile(r"took ([\d.]+) s, ([\d.]+) s of processor time, (\d+) MB")


@pytest.fixture(scope="module")
def sizes(finished):
    config = yaml.safe_load(yaml.safe_dump(finished.config))
    validate(config, str(ROOT / "config/schemas/config.schema.yaml"))
    tasks = {name: ["one"] for name in config["datasets"]}
    return Sizes(config, tasks, finished.path / "results")


def jobs_of(folder):
    """Yield rule, wildcards, and path below the folders of logs and benchmarks of every job that ran."""
    for rule, names in WILDCARDS.items():
        logs = folder.path / "results/logs" / rule
        for path in sorted(logs.rglob("*.log")):
            wildcards = dict(zip(names.split(), path.relative_to(logs).with_suffix("").parts, strict=True))
            if rule == "assign_significance":
                yield f"{rule}_pairs", wildcards, path
            else:
                yield rule, wildcards, path


def test_declared_memory_and_runtime_fit_what_jobs_took(finished, sizes):
    """Memory: at least what was taken, at most 2.5 times; processor time: within a factor of 4, or 8 s.

    Jobs of seconds are mostly the start of Python, and the tests' machines differ: docs/cluster.md has the
    comparison for the default run.
    """
    checked, wrong = Counter(), []
    for rule, wildcards, path in jobs_of(finished):
        found = demands.demand(rule, wildcards, sizes)
        _, processor, memory = map(float, TOOK.search(path.read_text()).groups())
        asked = demands.memory_mb(found)
        longest = demands.minutes(found)
        benchmark = finished.path / "results/benchmarks" / path.relative_to(finished.path / "results/logs")
        with open(benchmark.with_suffix(".tsv"), newline="") as lines:
            (row,) = csv.DictReader(lines, delimiter="\t")
        fits = memory <= asked <= 2.5 * memory and float(row["s"]) < 60 * longest
        near = abs(found.seconds - processor) < 8 or 0.25 < found.seconds / processor < 4
        if not (fits and near):
            wrong.append((rule, wildcards, f"{memory:.0f} of {asked} MB", processor, found.seconds))
        if row["max_rss"] != "NA":  # Snakemake's samples may miss the largest, and never exceed it by much
            assert float(row["max_rss"]) < 1.3 * memory + 50
        checked[rule] += 1
    assert not wrong, "\n".join(map(str, wrong))
    assert set(WILDCARDS) - {"assign_significance"} < set(checked)


def test_each_attempt_asks_for_more(sizes):
    found = demands.demand("train_model", {"model": "simulation"}, sizes)
    assert [demands.memory_mb(found, attempt) for attempt in (1, 2, 3)] == [
        demands.memory_mb(found) * attempt for attempt in (1, 2, 3)
    ]
    assert demands.minutes(found, 1, 2) == 2 * demands.minutes(found)
    long = demands.Demand(seconds=36_000, memory=1000)
    assert demands.minutes(long, threads=8) < demands.minutes(long) / 6


def test_the_plan_has_the_jobs_that_snakemake_runs(folder, sizes):
    planned = folder.run("--dry-run").stdout.split("Job stats:")[1].split("\n\n")[0]
    stated = {rule: int(count) for rule, count in re.findall(r"^(\w+) +(\d+)$", planned, flags=re.MULTILINE)}
    builders = {"simulation": "simulate_sequences", "tf_binding": "build_peak_dataset"}
    found = Counter(rule for rule, _ in planned_jobs(sizes.config, builders))
    for rule, count in found.items():
        if not rule.startswith(("build_", "plot_model", "match_")):
            assert stated[rule] == count, rule
    assert {"train_model", "score_pairs", "score_profiles", "mutate_pairs", "plot_interactions"} < set(found)


def test_the_plan_grows_with_the_data(folder):
    ran = folder.run("plan")
    assert ran.returncode == 0, ran.stdout[-3000:]
    with open(folder.path / "results/plan/jobs.tsv", newline="") as lines:
        rows = {(row["times"], row["rule"]): row for row in csv.DictReader(lines, delimiter="\t")}
    once, tenfold = rows["1", "all"], rows["10", "all"]
    assert once["jobs"] == tenfold["jobs"]
    assert float(tenfold["core_hours"]) > float(once["core_hours"])
    assert 5 < float(tenfold["disk_mb"]) / float(once["disk_mb"]) < 11
    assert int(once["jobs"]) == sum(int(row["jobs"]) for key, row in rows.items() if key[0] == "1") / 2
    with open(folder.path / "results/plan/datasets.tsv", newline="") as lines:
        known = {row["dataset"]: row["known"] for row in csv.DictReader(lines, delimiter="\t")}
    assert (known["simulation"], known["tf_binding"]) == ("configured", "assumed")


def test_what_is_expected_is_planned_with(folder):
    folder.config["expected_sizes"] = {"datasets": {"tf_binding": {"examples": 4321, "features": 3}}}
    config = yaml.safe_load(yaml.safe_dump(folder.config))
    configuration.check(config, ROOT / "config/schemas/config.schema.yaml", "config.yaml")
    validate(config, str(ROOT / "config/schemas/config.schema.yaml"))
    size = Sizes(config, {"tf_binding": ["one", "two"]}, folder.path / "results").dataset("tf_binding")
    assert (size.examples, size.length, size.tasks, size.features) == (4321, 300, 2, 3)
    assert size.known == "expected"
