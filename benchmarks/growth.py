"""Time and memory of the workflow's jobs on the data of the default run's A, and on 10 and 100 times as much.

    .venv/bin/python benchmarks/growth.py folder [--times 1 10 100] [--cores 1]

Sequences with sites of ELF1 and SIX5 at random places go through the workflow in the folder: a dataset is
built, a network of A's architecture is trained on it for one epoch, and pairs and full maps are asked for.
Prints a table, tab-separated, a row for each kind of job and each size: what its jobs took together, and the
most that one of them held in memory, beside what was expected of them and asked for. A second call takes what
is there.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from resources import compare, read_sizes  # noqa: E402

# Of the default run's A: sequences, those whose pairs are tested, and those with full maps. Scores of pairs
# take as long as ten pair tests, and are asked of a tenth.
SEQUENCES, TESTED, SCORED, MAPS = 60_000, 2000, 200, 3
LENGTH, LONGEST = 200, 12
SITES = {"ELF1": b"CCCGGAAGTG", "SIX5": b"GGGAATTGTAGT"}
_AT_ONCE = 50_000
COLUMNS = ("rule", "times", "jobs", "seconds", "expected_seconds", "memory", "expected_mb", "asked_mb")


def write_data(folder: Path, sequences: int, seed: int = 0) -> None:
    """Write sequences, the places of their sites, and labels: 1 with both, 0 with one."""
    rng = np.random.default_rng(seed)
    with (
        open(folder / "sequences.fa", "wb") as fasta,
        open(folder / "sites.bed", "w") as bed,
        open(folder / "labels.tsv", "w") as labels,
    ):
        labels.write("name\tboth\n")
        for start in range(0, sequences, _AT_ONCE):
            number = min(_AT_ONCE, sequences - start)
            bases = rng.choice(np.frombuffer(b"ACGT", np.uint8), (number, LENGTH))
            kinds = rng.integers(0, 3, number)
            # Each site has a part of the sequence to itself.
            places = rng.integers(0, LENGTH // 2 - LONGEST, (number, 2)) + np.array([0, LENGTH // 2])
            for row in range(number):
                name = f"s{start + row}"
                for (site, motif), place, missing in zip(SITES.items(), places[row], (2, 1), strict=True):
                    if kinds[row] != missing:
                        bases[row, place : place + len(motif)] = np.frombuffer(motif, np.uint8)
                        bed.write(f"{name}\t{place}\t{place + len(motif)}\t{site}\n")
                fasta.write(b">%s\n%s\n" % (name.encode(), bases[row].tobytes()))
                labels.write(f"{name}\t{int(kinds[row] == 0)}\n")


def configuration(times: int) -> dict:
    """Return the configuration of a run on ``times`` as much as the default run's analysis A."""
    simulation = yaml.safe_load((ROOT / "config/simulation.yaml").read_text())
    asked = {"dataset": "grown", "models": ["grown"], "tasks": ["both"], "methods": ["deeplift"]}
    pairs = asked | {"sources": {"features": "all"}, "targets": {"features": "all"}}
    maps = asked | {"sources": {"nucleotides": "all"}, "targets": {"positions": "all"}}
    return {
        "results": "results",
        "background": [0.25, 0.25, 0.25, 0.25],
        "architectures": {"simulation": simulation["architectures"]["simulation"]},
        "datasets": {
            "grown": {
                "sequences": {
                    "file": "sequences.fa",
                    "labels": "labels.tsv",
                    "tasks": ["both"],
                    "features": "sites.bed",
                }
            }
        },
        "models": {
            "grown": {
                "dataset": "grown",
                "architecture": "simulation",
                "training": simulation["models"]["simulation"]["training"] | {"epochs": 1},
            }
        },
        "analyses": {
            "tested": pairs | {"examples": {"positive_for": ["both"], "limit": TESTED * times}},
            "scored": pairs | {"examples": {"positive_for": ["both"], "limit": SCORED * times}},
            "maps": maps | {"examples": {"limit": MAPS * times}},
        },
    }


def targets() -> list[str]:
    """Return the files that are asked for: pair tests, scores of pairs and full maps, joined."""
    of = "results/interactions/{}/grown/both"
    return [
        f"{of.format('tested')}/pair_tests.tsv.gz",
        f"{of.format('scored')}/deeplift/pairs.tsv.gz",
        f"{of.format('maps')}/deeplift/profiles.h5",
    ]


def run(folder: Path, times: int, cores: int) -> pd.DataFrame:
    """Run the workflow on so much data; return what :func:`resources.compare` says of its jobs."""
    folder.mkdir(parents=True, exist_ok=True)
    config = configuration(times)
    (folder / "growth.yaml").write_text(yaml.safe_dump(config))
    if not (folder / "labels.tsv").exists():
        write_data(folder, SEQUENCES * times)
    command = [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile", "--cores", str(cores)]
    subprocess.run([*command, "--configfile", "growth.yaml", "--", *targets()], cwd=folder, check=True)
    here = Path.cwd()
    os.chdir(folder)  # sizes are counted in the results
    try:
        return compare(Path("results"), read_sizes(config, Path("results")))
    finally:
        os.chdir(here)


def by_rule(jobs: pd.DataFrame, times: int) -> pd.DataFrame:
    """Return a row for each kind of job, pairs of tests, of scores and maps apart."""
    analysis = jobs["wildcards"].map(lambda wildcards: wildcards.get("analysis", ""))
    rules = jobs["rule"].replace("assign_significance_pairs", "assign_significance")
    kinds = jobs.assign(kind=(rules + " " + analysis).str.strip())
    kinds = kinds[~kinds["kind"].isin(["mutate_pairs scored", "judge_pairs scored"])]
    found = kinds.groupby("kind", sort=False).agg(
        jobs=("job", "size"),
        seconds=("seconds", "sum"),
        expected_seconds=("expected_seconds", "sum"),
        memory=("memory", "max"),
        expected_mb=("expected_mb", "max"),
        asked_mb=("asked_mb", "max"),
    )
    return found.rename_axis("rule").reset_index().assign(times=times)[list(COLUMNS)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--times", type=int, nargs="+", default=[1, 10, 100])
    parser.add_argument("--cores", type=int, default=1)
    options = parser.parse_args()
    tables = [
        by_rule(run((options.folder / str(times)).resolve(), times, options.cores), times)
        for times in options.times
    ]
    table = pd.concat(tables).sort_values(["rule", "times"], kind="stable")
    print(table.to_csv(sep="\t", index=False, float_format="%.1f"), end="")
