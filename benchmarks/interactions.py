"""Interactions per second of the paper's networks: the engines against the loop over whole mutants.

    .venv/bin/python benchmarks/interactions.py docs/benchmarks [--runs 5] [--networks A B C]

Writes ``interactions.tsv`` and ``interactions.png`` to the folder. Jobs are run through the functions that
the workflow calls (:func:`dfim.interactions.scoring.pair_scores`,
:func:`dfim.interactions.scoring.profiles`), in turns, so that whatever else the machine does falls on all
contenders; only ratios within a table tell of the methods. The slow ones do a share of the work, and their
rate is that of the share.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))
matplotlib.use("agg")

import matplotlib.pyplot as plt
from paper_networks import BACKGROUND, paper_network, random_sequences
from timing import gemm_rate, in_turn, timed

from dfim.attribution import open_scorer
from dfim.attribution.scorer import Scorer
from dfim.interactions.scoring import pair_scores, profiles
from dfim.interactions.sources import make_pairs, nucleotide_sources
from dfim.plots import style

PACKAGE = "loop through the deeplift package"
# What is compared: method and options. The package's batch sizes are those that were fastest on the networks.
CONTENDERS = {
    "engine": ("deeplift", {"engine": "cpu"}),
    "engine, batched": ("deeplift", {"engine": "cpu", "evaluation": "batched"}),
    "engine, windows": ("deeplift", {"engine": "cpu", "evaluation": "windows"}),
    "TensorFlow, batched": ("deeplift", {"engine": "whole_sequences"}),
    PACKAGE: ("deeplift_package", {}),
}
PACKAGE_BATCH = {"A": 512, "B": 128, "C": 32}
COLUMNS = (
    *("network", "job", "contender", "unit", "runs", "per_second", "per_second_min", "per_second_max"),
    *("times_package", "gigaflops", "note"),
)


@dataclass(frozen=True)
class Job:
    """A piece of work: ``run`` does it with a scorer, whole or the share for slow ones, and counts units."""

    network: str
    name: str
    unit: str
    run: Callable[[Scorer, bool], int]


def _bases(number: int, length: int) -> np.ndarray:
    return np.frombuffer(b"ACGT", np.uint8)[random_sequences(number, length).argmax(axis=2)]


def _features(bases: np.ndarray, motifs: int, width: int, seed: int = 1) -> pd.DataFrame:
    """Return motifs at random places of sequences, none of which overlap."""
    rng = np.random.default_rng(seed)
    rows = []
    for example in range(len(bases)):
        slots = rng.choice(bases.shape[1] // width, motifs, replace=False)
        rows += [(example, f"motif{number}", slot * width) for number, slot in enumerate(slots)]
    table = pd.DataFrame(rows, columns=["example", "name", "start"])
    text = {"kind": "motif", "reference": "", "alternate": "", "group": ""}
    return table.assign(feature=np.arange(len(table)), end=table["start"] + width, **text)


def _pairs(network: str, sequences: int, share: int, length: int, motifs: int, width: int) -> Job:
    bases = _bases(sequences, length)
    features = _features(bases, motifs, width)

    def run(scorer: Scorer, whole: bool) -> int:
        number = sequences if whole else share
        pairs, _ = make_pairs(features, range(number))
        pair_scores(scorer, bases, features, pairs, 0, BACKGROUND)
        return number

    return Job(network, f"{motifs} motifs, all pairs", "sequences", run)


def _variants(network: str, sequences: int, share: int, length: int, window: int | None) -> Job:
    bases = _bases(sequences, length)
    middle = length // 2
    letters = [chr(base) for base in bases[:, middle]]
    others = ["ACGT".replace(letter, "")[0] for letter in letters]
    table = pd.DataFrame(
        {"example": np.arange(sequences), "feature": np.arange(sequences), "name": "variant", "group": ""}
    ).assign(kind="variant", start=middle, end=middle + 1, reference=letters, alternate=others)

    def run(scorer: Scorer, whole: bool) -> int:
        number = sequences if whole else share
        return sum(1 for _ in profiles(scorer, bases, table[:number], 0, BACKGROUND, window))

    where = "all positions" if window is None else f"± {window} bp"
    return Job(network, f"variant, {where}", "variants", run)


def _map(network: str, share: int, length: int, sequences: int = 1) -> Job:
    """Full maps of sequences; the share is so many positions of one of them."""
    bases = _bases(sequences, length)

    def run(scorer: Scorer, whole: bool) -> int:
        if whole:
            sources = nucleotide_sources(bases, range(sequences))
        else:
            sources = nucleotide_sources(bases, [0], (length // 2, length // 2 + share))
        return 3 * sum(1 for _ in profiles(scorer, bases, sources, 0, BACKGROUND))

    return Job(network, f"full map ({length:,} × {3 * length:,})", "mutants", run)


def jobs(networks: str = "ABC") -> list[Job]:
    """Return the jobs of some networks."""
    found = [
        _pairs("A", 1024, 256, 200, 4, 12),
        _map("A", 100, 200, sequences=16),
        _pairs("B", 256, 32, 1000, 5, 5),
        _map("B", 80, 1000),
        _variants("C", 64, 16, 1000, 100),
        _variants("C", 64, 16, 1000, None),
        _map("C", 10, 1000),
    ]
    return [job for job in found if job.network in networks]


def growth_table(runs: int = 3) -> pd.DataFrame:
    """Time the engine as a job grows: more sequences, longer sequences, more mutants of one sequence.

    Columns ``growth``, ``network``, ``size``, ``seconds`` (median), ``per_unit`` (milliseconds for a
    sequence, a position or a mutant). Lengths are those of network B built for them.
    """
    rows = []

    def measure(growth: str, network: str, size: int, layers: list, job: Callable[[Scorer], object]) -> None:
        with open_scorer("deeplift", layers, BACKGROUND, {"engine": "cpu"}) as scorer:
            job(scorer)
            median = float(np.median([timed(partial(job, scorer))[0] for _ in range(runs)]))
        rows.append((growth, network, size, median, 1e3 * median / size))

    for size in (64, 256, 1024):
        job = _pairs("A", size, size, 200, 4, 12)
        measure("sequences", "A", size, paper_network("A"), lambda scorer, job=job: job.run(scorer, True))
    for size in (500, 1000, 2000, 4000):
        job = _map("B", size, size)
        layers = paper_network("B", length=size)
        measure("length", "B", size, layers, lambda scorer, job=job: job.run(scorer, True))
    for size in (10, 100, 1000):
        job = _map("C", size, 1000) if size < 1000 else _map("C", 1000, 1000)
        layers = paper_network("C")
        whole = size == 1000
        measure(
            "mutated positions",
            "C",
            size,
            layers,
            lambda scorer, job=job, whole=whole: job.run(scorer, whole),
        )
    return pd.DataFrame(rows, columns=["growth", "network", "size", "seconds", "per_unit"])


def interactions_table(networks: str = "ABC", runs: int = 5) -> pd.DataFrame:
    """Time all jobs by all contenders in turns: one row each, the columns ``COLUMNS``.

    ``per_second`` is the median over the runs of units per second, ``times_package`` that of the ratio to the
    loop in the same run, ``gigaflops`` the machine's rate of float32 matrix products between the runs.
    """
    rows = [row for job in jobs(networks) for row in _job_rows(job, runs)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _job_rows(job: Job, runs: int) -> list[dict]:
    rates, products = {name: [] for name in CONTENDERS}, []
    opened = {}
    try:
        for name, (method, options) in CONTENDERS.items():
            if name == PACKAGE:
                options = {"batch_size": PACKAGE_BATCH[job.network]}
            context = open_scorer(method, paper_network(job.network), BACKGROUND, options)
            opened[name] = context, context.__enter__()
            job.run(opened[name][1], False)  # compiles, and warms up
        for run in range(runs):
            products.append(gemm_rate())
            for name in in_turn(list(opened), run):
                _, scorer = opened[name]
                seconds, units = timed(partial(job.run, scorer, name.startswith("engine")))
                rates[name].append(units / seconds)
            print(f"{job.network}, {job.name}: run {run + 1} of {runs}", file=sys.stderr)
    finally:
        for context, _ in opened.values():
            context.__exit__(None, None, None)
    return [_row(job, name, np.array(found), rates, products) for name, found in rates.items()]


def _row(job: Job, name: str, found: np.ndarray, rates: dict, products: list[float]) -> dict:
    return {
        "network": job.network,
        "job": job.name,
        "contender": name,
        "unit": job.unit,
        "runs": len(found),
        "per_second": np.median(found),
        "per_second_min": found.min(),
        "per_second_max": found.max(),
        "times_package": np.median(found / np.array(rates[PACKAGE])),
        "gigaflops": np.median(products) / 1e9,
        "note": "" if name.startswith("engine") else "rate of a share of the work",
    }


def draw(table: pd.DataFrame, growth: pd.DataFrame) -> plt.Figure:
    """Draw how many times as fast as the loop each contender is, and how the engine's time grows."""
    shown = table[table["contender"] != PACKAGE]
    labels = list(dict.fromkeys(zip(shown["network"], shown["job"], strict=True)))
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(7, 0.62 * len(labels) + 3), height_ratios=(0.62 * len(labels), 2), layout="constrained"
    )
    _draw_jobs(above, shown, labels)
    names = {"sequences": "sequences (A, motif pairs)", "length": "bp, full map (B)"}
    names["mutated positions"] = "mutated positions of 1,000 bp (C)"
    for (name, rows), colour in zip(growth.groupby("growth"), style.SERIES, strict=False):
        below.plot(rows["size"], rows["seconds"], "o-", color=colour, markersize=4, label=names[name])
    below.set(xscale="log", yscale="log", xlabel="size", ylabel="seconds, engine")
    below.legend(frameon=False, fontsize=7)
    return figure


def _draw_jobs(axis: plt.Axes, shown: pd.DataFrame, labels: list[tuple[str, str]]) -> None:
    names = list(dict.fromkeys(shown["contender"]))
    height = 0.8 / len(names)
    colours = dict(zip(names, (style.VERMILLION, style.ORANGE, style.GREEN, style.GREY), strict=True))
    for place, name in enumerate(names):
        mine = shown[shown["contender"] == name].set_index(["network", "job"]).loc[labels]
        at = np.arange(len(labels)) + (place - (len(names) - 1) / 2) * height
        axis.barh(at, mine["times_package"], height, color=colours[name], label=name)
        for y, value in zip(at, mine["times_package"], strict=True):
            axis.text(value * 1.04, y, f"{value:.2g}" if value < 100 else f"{value:.0f}", va="center", size=6)
    axis.axvline(1, color="black", linewidth=0.8)
    axis.set_xscale("log")
    axis.set_xlim(0.8, 1.6 * shown["times_package"].max())
    ticks = [tick for tick in (1, 2, 5, 10, 20, 50, 100) if tick < 1.6 * shown["times_package"].max()]
    axis.set_xticks(ticks, [str(tick) for tick in ticks])
    axis.set_xticks([], minor=True)
    axis.set_yticks(np.arange(len(labels)), [f"{network}: {job}" for network, job in labels])
    axis.invert_yaxis()
    axis.set_xlabel("times as fast as the loop through the deeplift package (log scale)")
    axis.legend(frameon=False, fontsize=7, loc="lower center", bbox_to_anchor=(0.4, 1), ncols=len(names))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="where the table and the figure go")
    parser.add_argument("--networks", nargs="+", choices=list("ABC"), default=list("ABC"))
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    table = interactions_table("".join(arguments.networks), arguments.runs)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    table.to_csv(arguments.folder / "interactions.tsv", sep="\t", index=False, float_format="%.4g")
    growth = growth_table()
    growth.to_csv(arguments.folder / "growth.tsv", sep="\t", index=False, float_format="%.4g")
    print(growth.to_string(index=False))
    draw(table, growth).savefig(arguments.folder / "interactions.png", dpi=200)
    print(
        table[["network", "job", "contender", "per_second", "unit", "times_package"]].to_string(index=False)
    )


if __name__ == "__main__":
    main()
