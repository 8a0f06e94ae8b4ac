"""Contributions per second of the paper's networks, by this project's scorers and by others, in paired runs.

    .venv/bin/python benchmarks/contributions.py table.tsv [--networks A B C] [--runs 7] [--captum PYTHON]

``--captum`` is the Python of an environment that has torch, captum and tangermeme; without it they are looked
for in this one, and the table says so where they are not. One machine gives other numbers than another, and
the same one others from hour to hour: only ratios within a table tell of the methods.
"""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from contenders import Contender, Refused, Running, of_scorer
from paper_networks import BACKGROUND, operations, paper_network, random_sequences
from timing import LEAST_SECONDS, gemm_rate

from dfim.attribution.cpu import CpuDeepLift
from dfim.attribution.deeplift_package import DeepLiftPackage
from dfim.attribution.simplification import simplify
from dfim.attribution.whole_sequences import DeepLift

# Sequences, so that the slower ones take about a second.
SEQUENCES = {"A": 2048, "B": 256, "C": 64}
_PACKAGE = "deeplift package"
_TASK = 0
COLUMNS = (
    *("network", "contender", "rule", "batch_size", "sequences", "runs", "per_second", "per_second_min"),
    *("per_second_max", "times_package", "megaflop", "gigaflops", "floor_per_second", "share_of_floor"),
    *("memory_mb", "memory_before_mb", "difference", "difference_max", "note"),
)
_COMPARED = 16  # sequences of which the numbers are compared


def usual_contenders(captum: str = sys.executable) -> list[Contender]:
    """Return what is compared: ``captum`` is the Python of an environment for captum and tangermeme."""
    sizes = (16, 64, 256)
    return [
        of_scorer("cpu", CpuDeepLift),
        of_scorer("graph", DeepLift),
        of_scorer(_PACKAGE, DeepLiftPackage, batch_sizes=sizes),
        Contender(
            f"{_PACKAGE}, its own function",
            "package_function:PackageFunction",
            "genomics_default",
            {},
            sizes,
            share=1 / 2,
        ),
        of_scorer(
            f"{_PACKAGE}, batch normalisation not folded", DeepLiftPackage, batch_sizes=sizes, as_trained=True
        ),
        of_scorer("graph, rescale", DeepLift, rule="rescale"),
        *(
            Contender(name, f"torch_deeplift:{scorer}", "rescale", {}, (16, 64), share=1 / 8, python=captum)
            for name, scorer in (("captum", "CaptumDeepLift"), ("tangermeme", "TangermemeDeepLift"))
        ),
    ]


def contributions_table(
    contenders: Iterable[Contender],
    networks: Iterable[str] = "ABC",
    runs: int = 7,
    sequences: dict | None = None,
) -> pd.DataFrame:
    """Time contributions of random sequences by all contenders, one row for each of them and network.

    In every run each contender scores the sequences, again and again for a second, while the others wait.
    Columns: ``network``; ``contender``; ``rule``; ``batch_size``, where it is not the contender's choice;
    ``sequences`` at a time; ``runs``; ``per_second`` median, ``per_second_min``, ``per_second_max``;
    ``times_package``: median over the runs of the ratio to the deeplift package in the same run;
    ``megaflop``: of a sequence; ``gigaflops``: median rate of numpy's product of two float32 matrices of
    2048 × 2048 between the runs; ``floor_per_second``: sequences at that rate; ``share_of_floor``,
    above 1 where products with zeros are left out;
    ``memory_mb``: largest memory of the process and its children while it scores, and ``memory_before_mb``
    before, with all that is imported (for the package twice: the scorer has a child);
    ``difference``: largest difference from float64, relative to the largest score of the sequence, median
    over sequences, and ``difference_max``; ``note``: why there are no numbers.
    """
    return pd.concat(
        [_network_table(name, list(contenders), runs, (sequences or SEQUENCES)[name]) for name in networks],
        ignore_index=True,
    )


def _network_table(name: str, contenders: list[Contender], runs: int, number: int) -> pd.DataFrame:
    trained = paper_network(name)
    folded = simplify(trained)
    if trained[-1].kind == "sigmoid":
        trained = trained[:-1]
    if len(trained) == len(folded):
        contenders = [contender for contender in contenders if not contender.as_trained]
    x = random_sequences(number, folded[0].options["input_shape"][0])
    exact = {rule: _exact(folded, rule, x) for rule in {contender.rule for contender in contenders}}
    races, rates = [], []
    try:
        for contender in contenders:
            print(f"{name}: {contender.name} is made ready", file=sys.stderr)
            layers = trained if contender.as_trained else folded
            races.append(_Race(contender, layers, x, exact[contender.rule]))
        for run in range(runs):
            rates.append(gemm_rate())
            for race in races:
                race.run()
            print(f"{name}: run {run + 1} of {runs}", file=sys.stderr)
    finally:
        for race in races:
            race.end()
    package = next((race for race in races if race.contender.name == _PACKAGE), None)
    rows = [race.row(folded, float(np.median(rates)), package) for race in races]
    return pd.DataFrame([{"network": name, **row} for row in rows], columns=list(COLUMNS))


class _Race:
    """One contender with its share of the sequences, and what was measured of it."""

    def __init__(self, contender: Contender, layers: list, x: np.ndarray, exact: np.ndarray):
        self.contender, self.x = contender, x[: max(1, int(len(x) * contender.share))]
        self.seconds, self.note, self.batch_size = [], "", None
        self._measured, self._running = {}, None
        try:
            self.batch_size = self._fastest_batch_size(layers)
            self._start(layers, self.batch_size)
            self._look_at_memory_and_numbers(exact)
        except Refused as reason:
            self._drop(reason)

    def _start(self, layers: list, batch_size: int | None) -> None:
        """Start a process of its own for the batch size: what a larger one took stays taken."""
        self.end()
        self._running = Running(self.contender)
        self._running.build(layers, BACKGROUND)
        if batch_size is not None:
            self._running.ask("batch_size", batch_size)

    def _fastest_batch_size(self, layers: list) -> int | None:
        first, *others = self.contender.batch_sizes
        sizes = [first, *(size for size in others if size <= len(self.x))]
        if len(sizes) == 1:
            return first
        seconds = {}
        for size in sizes:
            self._start(layers, size)
            self._running.ask("contributions", self.x, _TASK)  # the first time takes longer
            seconds[size] = self._seconds()
        return min(seconds, key=seconds.get)

    def _look_at_memory_and_numbers(self, exact: np.ndarray) -> None:
        before = self._running.memory()
        with self._running.watched() as peak:
            found = self._running.ask("contributions", self.x, _TASK)
        exact = exact[: len(found)]
        size = np.abs(exact).max(axis=(1, 2))
        differences = np.abs(found[: len(exact)] - exact).max(axis=(1, 2)) / size
        self._measured = {
            "memory_mb": peak[0] / 1e6,
            "memory_before_mb": before / 1e6,
            "difference": np.median(differences),
            "difference_max": differences.max(),
        }

    def run(self) -> None:
        if self.note:
            return
        try:
            self.seconds.append(self._seconds())
        except Refused as reason:
            self._drop(reason)

    def _seconds(self) -> float:
        return self._running.ask("seconds", self.x, _TASK, LEAST_SECONDS)

    def _drop(self, reason: Refused) -> None:
        self.note, self.seconds, self._measured = f"not measured: {reason}", [], {}
        print(f"{self.contender.name} {self.note}", file=sys.stderr)

    def end(self) -> None:
        if self._running:
            self._running.end()

    def rates(self) -> np.ndarray:
        """Return sequences per second of every run."""
        return len(self.x) / np.array(self.seconds)

    def row(self, layers: list, gemm: float, package: "_Race | None") -> dict:
        flop = operations(layers, self.contender.rule)
        row = {"contender": self.contender.name, "rule": self.contender.rule}
        row |= {"megaflop": flop / 1e6, "gigaflops": gemm / 1e9, "floor_per_second": gemm / flop}
        if not self.note:
            rates = self.rates()
            row |= {"batch_size": self.batch_size, "sequences": len(self.x), "runs": len(rates)}
            row |= {
                "per_second": np.median(rates),
                "per_second_min": rates.min(),
                "per_second_max": rates.max(),
            }
            row["share_of_floor"] = row["per_second"] * flop / gemm
            if package and not package.note:
                row["times_package"] = np.median(rates / package.rates())
        return row | self._measured | {"note": self.note}


def _exact(layers: list, rule: str, x: np.ndarray) -> np.ndarray:
    """Return contributions of the first sequences in float64."""
    return DeepLift(simplify(layers), BACKGROUND, rule, dtype="float64").contributions(x[:_COMPARED], _TASK)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("table", type=Path, help="the table to write, TSV")
    parser.add_argument("--networks", nargs="+", choices=SEQUENCES, default=list(SEQUENCES))
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--contenders", nargs="+", metavar="NAME", help="some of them; default all")
    parser.add_argument("--captum", metavar="PYTHON", default=sys.executable)
    arguments = parser.parse_args()
    contenders = usual_contenders(arguments.captum)
    if arguments.contenders:
        contenders = [contender for contender in contenders if contender.name in arguments.contenders]
    table = contributions_table(contenders, arguments.networks, arguments.runs)
    table.to_csv(arguments.table, sep="\t", index=False, float_format="%.4g")
    columns = [
        "network",
        "contender",
        "per_second",
        "times_package",
        "share_of_floor",
        "difference_max",
        "note",
    ]
    print(table[columns].to_string(index=False))


if __name__ == "__main__":
    main()
