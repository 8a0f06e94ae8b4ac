"""The plan: jobs as a dry run prints them, and their demands added up."""

import pytest

from workflow import demands
from workflow.plan import plan, read_dry_run

PRINTED = """\
Building DAG of jobs...
Job stats:
job              count
train_model          1

[Sat Nov 28 18:14:07 2026]
localrule fetch_source:
    output: results/sources/1-x.bed
    jobid: 3
    wildcards: name=1-x.bed
[Sat Nov 28 18:14:07 2026]
rule score_pairs:
    input: results/a, results/b
    output: results/c
    wildcards: analysis=one, model=m, task=t=1, method=deeplift, shard=0
    resources: tmpdir=/tmp, runtime=10
rule plot_interactions_my-pairs:
    wildcards: analysis=my-pairs
rule write_reproduction:
    input: results/d
Job stats:
"""


def test_jobs_and_wildcards_are_read():
    assert list(read_dry_run(PRINTED.splitlines())) == [
        ("fetch_source", {"name": "1-x.bed"}),
        (
            "score_pairs",
            {"analysis": "one", "model": "m", "task": "t=1", "method": "deeplift", "shard": "0"},
        ),
        ("plot_interactions_my-pairs", {"analysis": "my-pairs"}),
        ("write_reproduction", {}),
    ]


def test_hours_and_disk_are_added_up_and_memory_is_the_largest(monkeypatch):
    found = {
        "a": demands.Demand(seconds=3600, memory=300, disk=5),
        "b": demands.Demand(seconds=7200, memory=200, disk=2),
    }
    monkeypatch.setattr(demands, "RULES", {"rule": lambda wildcards, sizes: found[wildcards["name"]]})
    jobs = [("rule", {"name": "a"}), ("rule", {"name": "b"}), ("unknown", {})]
    one, everything = plan(jobs, type("Sizes", (), {"times": 1})())
    assert one == {
        "times": 1,
        "rule": "rule",
        "jobs": 2,
        "core_hours": 3.0,
        "longest_hours": 2.0,
        "largest_mb": 300,
        "disk_mb": 7,
        "passing_mb": 0,
        "download_mb": 0,
    }
    assert everything == one | {"rule": "all"}


@pytest.mark.parametrize("attempt", [1, 2, 3])
def test_each_attempt_asks_for_more(attempt):
    found = demands.Demand(seconds=36_000, memory=1000)
    assert demands.memory_mb(found, attempt) == attempt * demands.memory_mb(found)
    assert demands.minutes(found, 1, attempt) == attempt * demands.minutes(found)
    assert demands.minutes(found, threads=8) < demands.minutes(found) / 6
