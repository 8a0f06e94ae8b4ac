"""Whole sequences by TensorFlow, JAX and PyTorch: the same numbers, and how quickly?

    python benchmarks/backends.py docs/benchmarks/backends.tsv [--jax PYTHON] [--torch PYTHON]

The Pythons are those of environments with these frameworks, by default this one. For each network: the
largest difference of contributions (Rescale) and of gradient × input from TensorFlow's in 64 bits, as a share
of the largest, in 32 bits everywhere; and sequences of contributions in a second of one core, and how many
times as many as TensorFlow's, medians of runs in turn. Processor time is counted, so that other work of the
machine changes little.
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

import numpy as np

BACKGROUND = np.full(4, 0.25, np.float32)
COMPARED = 8  # sequences
TIMED = 0.5  # seconds that TensorFlow is given enough sequences for
RUNS = 5


class Scorers:
    """Contributions and gradient × input of a graph (nodes as tuples), by a backend."""

    def __init__(self, backend: str, nodes: list[tuple], outputs: dict, length: int, dtype: str = "float32"):
        from dfim import backends
        from dfim.attribution.gradients import GradientInput
        from dfim.attribution.whole_sequences import DeepLift
        from dfim.networks.graph import Graph, Node

        backends.use(backend)
        graph = Graph([Node(*node) for node in nodes], outputs, length)
        options = {"dtype": dtype, "threads": 1}
        self._deeplift = DeepLift(graph, BACKGROUND, "rescale", **options)
        self._gradient_input = GradientInput(graph, BACKGROUND, **options)

    def both(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return contributions and gradient × input of the first task, shape of ``x``."""
        return self.contributions(x, 0), self._gradient_input.contributions(x, 0)

    def contributions(self, x: np.ndarray, task: int) -> np.ndarray:
        return self._deeplift.contributions(x, task)


def graphs(folder: Path) -> dict:
    """Return the paper's networks, and those of today's Keras that have more than one way."""
    from given_networks import of_today
    from paper_networks import paper_network

    from dfim.attribution.simplification import simplify
    from dfim.networks.description import describe
    from dfim.networks.given import read_own_network

    found = {f"network {name} of the paper": paper_network(name) for name in "ABC"}
    found |= {given.name: describe(read_own_network(given.path)) for given in of_today(folder)}
    return {name: simplify(network) for name, network in found.items()}


def rows_of(name: str, graph, pythons: dict[str, str]) -> list[dict]:
    from contenders import Contender, Running
    from paper_networks import random_sequences

    nodes = [(n.kind, n.name, n.arrays, n.options, n.inputs) for n in graph]
    said = {"nodes": nodes, "outputs": graph.outputs, "length": graph.length}
    x = random_sequences(COMPARED, graph.length)
    exact = Scorers("tensorflow", **said, dtype="float64").both(x)
    running, rows = {}, []
    try:
        for backend, python in pythons.items():
            running[backend] = Running(Contender(backend, "", "", python=python))
            running[backend].ask("build", "backends:Scorers", said | {"backend": backend})
            found = running[backend].ask("call", "both", x)
            shares = [np.abs(a - b).max() / np.abs(b).max() for a, b in zip(found, exact, strict=True)]
            row = {"network": name, "backend": backend}
            rows.append(row | {"contributions": shares[0], "gradient_input": shares[1]})
        for row, measured in zip(rows, _speeds(list(running.values()), graph.length), strict=True):
            row |= measured
            print(row, file=sys.stderr)
    finally:
        for one in running.values():
            one.end()
    return rows


def _speeds(running: list, length: int) -> list[dict]:
    """Return sequences a core second of each, and how many times those of the first; they run in turn."""
    from paper_networks import random_sequences

    number, seconds = COMPARED, 0.0
    while seconds < TIMED:
        number *= 2
        x = random_sequences(number, length)
        running[0].ask("processor_seconds", x, 0)  # what is new in this size
        seconds = running[0].ask("processor_seconds", x, 0)
    for one in running[1:]:
        one.ask("processor_seconds", x, 0)
    taken = np.array([[one.ask("processor_seconds", x, 0) for one in running] for _ in range(RUNS)])
    return [
        {"per_core_second": number / np.median(own), "times_tensorflow": np.median(taken[:, 0] / own)}
        for own in taken.T
    ]


def main() -> None:
    import pandas as pd

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("table", type=Path, help="the table to write, TSV")
    parser.add_argument("--jax", metavar="PYTHON", default=sys.executable, help="with keras and jax")
    parser.add_argument("--torch", metavar="PYTHON", default=sys.executable, help="with keras and torch")
    asked = parser.parse_args()
    pythons = {"tensorflow": sys.executable, "jax": asked.jax, "torch": asked.torch}
    with tempfile.TemporaryDirectory() as folder:
        networks = graphs(Path(folder))
        rows = [row for name, graph in networks.items() for row in rows_of(name, graph, pythons)]
    table = pd.DataFrame(rows)
    for column, digits in (("per_core_second", 3), ("times_tensorflow", 2)):
        table[column] = [f"{float(f'{value:.{digits}g}'):g}" for value in table[column]]
    table.to_csv(asked.table, sep="\t", index=False, float_format="%.1g")


if __name__ == "__main__":
    main()
