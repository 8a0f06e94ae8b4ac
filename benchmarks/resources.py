"""What the jobs of a finished run asked for, beside what they took.

    python benchmarks/resources.py --configfile config/config.yaml --results results

Reads what each job's log says at its end; prints memory and processor time on one core, a row for each rule.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from workflow import demands  # noqa: E402
from workflow.datasets import PRODUCERS  # noqa: E402
from workflow.ensembles import add_networks  # noqa: E402
from workflow.groups import name_groups  # noqa: E402
from workflow.included import read_whole  # noqa: E402
from workflow.nulls import set_nulls  # noqa: E402
from workflow.schema import complete  # noqa: E402
from workflow.sizes import Sizes  # noqa: E402

# The wildcards of each rule, as the path of its log has them.
WILDCARDS = {
    **{producer.rule: "dataset" for producer in PRODUCERS.values()},
    "match_controls": "dataset",
    "train_model": "model",
    "evaluate_model": "model",
    "measure_reach": "model",
    "score_contributions": "model task method",
    "select_examples": "analysis model task",
    "score_pairs": "analysis model task method shard",
    "score_profiles": "analysis model task method shard",
    "mutate_pairs": "analysis model task shard",
    "judge_pairs": "analysis model task",
    "assign_significance": "analysis model task method",
    "aggregate_maps": "analysis model task method",
    "compare_groups": "analysis model task method",
    "plot_model": "model",
    "plot_interactions": "analysis model task method",
}
_TOOK = re.compile(r"took ([\d.]+) s, ([\d.]+) s of processor time, (\d+) MB")


def read_sizes(configuration: dict, results: Path) -> Sizes:
    """Return the sizes of a configuration (a file's, without defaults), counted where there are files.

    As in a run, the networks beside its models are among them.
    """
    config = yaml.safe_load(yaml.safe_dump(configuration))
    complete(config, "the configuration")
    name_groups(config)
    set_nulls(config)
    add_networks(config, {name: ["one"] for name in config["datasets"]})
    return Sizes(config, {name: ["one"] for name in config["datasets"]}, str(results))


def finished_jobs(results: Path) -> Iterator[dict]:
    """Yield ``rule``, ``wildcards``, ``job`` (a path), and the ``wall``, ``seconds`` and ``memory`` it took.

    Seconds, those of processor time in the middle, and MB, from the log of the job. Jobs that failed are left
    out.
    """
    for rule, names in WILDCARDS.items():
        folder = results / "logs" / rule
        for path in sorted(folder.rglob("*.log")):
            job = path.relative_to(folder).with_suffix("")
            if measured := took(path):
                wildcards = dict(zip(names.split(), job.parts, strict=True))
                name = f"{rule}_pairs" if rule == "assign_significance" else rule
                found = {"rule": name, "wildcards": wildcards, "job": f"{rule}/{job}"}
                yield found | measured


def took(log: Path) -> dict[str, float]:
    """Return ``wall``, ``seconds`` and ``memory`` of a job, as its log says at its end, or nothing."""
    found = _TOOK.search(log.read_text())
    return dict(zip(("wall", "seconds", "memory"), map(float, found.groups()), strict=True)) if found else {}


def compare(results: Path, sizes: Sizes) -> pd.DataFrame:
    """Return a row for each job: what it took, was expected to take, and asked for."""
    rows = []
    for job in finished_jobs(results):
        found = demands.demand(job["rule"], job["wildcards"], sizes)
        asked = {"asked_mb": demands.memory_mb(found), "asked_minutes": demands.minutes(found)}
        rows.append({**job, "expected_seconds": found.seconds, "expected_mb": found.memory, **asked})
    return pd.DataFrame(rows)


def by_rule(jobs: pd.DataFrame) -> str:
    """Return a table in Markdown, a row for each rule: its largest jobs, and ranges of ratios."""
    lines = [
        "| rule | jobs | processor time, s | expected, s | expected / taken "
        "| memory, MB | asked, MB | asked / taken |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for rule, rows in jobs.groupby("rule", sort=False):
        slowest, largest = rows.loc[rows["seconds"].idxmax()], rows.loc[rows["memory"].idxmax()]
        times, memory = rows["expected_seconds"] / rows["seconds"], rows["asked_mb"] / rows["memory"]
        name = "assign_significance" if rule.startswith("assign") else rule
        cells = [f"`{name}`", str(len(rows))]
        cells += [f"{slowest['seconds']:.0f}", f"{slowest['expected_seconds']:.0f}"]
        cells += [f"{times.min():.1f}–{times.max():.1f}"]
        cells += [
            f"{largest['memory']:.0f}",
            f"{largest['asked_mb']}",
            f"{memory.min():.1f}–{memory.max():.1f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--configfile", type=Path, default=ROOT / "config/config.yaml")
    parser.add_argument("--results", type=Path, default=Path("results"))
    options = parser.parse_args()
    configuration = read_whole(options.configfile)
    print(by_rule(compare(options.results, read_sizes(configuration, options.results))))
