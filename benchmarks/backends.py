"""DeepLIFT and gradients of graphs computed by JAX and PyTorch in place of TensorFlow: the same numbers?

    python benchmarks/backends.py docs/benchmarks/backends.tsv --jax PYTHON --torch PYTHON

Each is the Python of an environment with keras and that framework. For each network: the largest difference
of contributions (Rescale) and of gradients from TensorFlow's in 64 bits, as a share of the largest, in 32
bits everywhere.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

import numpy as np

BACKGROUND = np.full(4, 0.25, np.float32)
SEQUENCES = 8


class Elsewhere:
    """The way back through a graph (nodes as tuples), on a backend chosen before Keras is imported."""

    def __init__(self, backend: str, nodes: list[tuple], outputs: dict, length: int, dtype: str = "float32"):
        import dfim.networks  # noqa: F401  which asks for TensorFlow

        os.environ["KERAS_BACKEND"] = backend
        import keras

        from dfim.attribution.way_back import WayBack
        from dfim.networks.graph import Graph, Node

        graph, reference = Graph([Node(*node) for node in nodes], outputs, length), BACKGROUND
        reference = np.broadcast_to(reference, (length, 4))
        self._keras, self._dtype = keras, dtype
        self._rescale = WayBack(graph, reference, "rescale", dtype)
        self._derivatives = WayBack(graph, None, "rescale", dtype)

    def both(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return contributions and gradients of the first task, shape of ``x``."""
        x = self._keras.ops.convert_to_tensor(x.astype(self._dtype))
        found = self._rescale.contributions(x, 0), self._derivatives.gradients(x, 0)
        return tuple(self._keras.ops.convert_to_numpy(part) for part in found)


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
    x = random_sequences(SEQUENCES, graph.length)
    exact = Elsewhere("tensorflow", **said, dtype="float64").both(x)
    rows = []
    for backend, python in pythons.items():
        running = Running(Contender(backend, "", "", python=python))
        try:
            running.ask("build", "backends:Elsewhere", said | {"backend": backend})
            found = running.ask("call", "both", x)
        finally:
            running.end()
        shares = [np.abs(a - b).max() / np.abs(b).max() for a, b in zip(found, exact, strict=True)]
        row = {"network": name, "backend": backend, "contributions": shares[0], "gradients": shares[1]}
        rows.append(row)
        print(row, file=sys.stderr)
    return rows


def main() -> None:
    import pandas as pd

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("table", type=Path, help="the table to write, TSV")
    parser.add_argument("--jax", metavar="PYTHON", help="of an environment with keras and jax")
    parser.add_argument("--torch", metavar="PYTHON", help="of an environment with keras and torch")
    arguments = parser.parse_args()
    given = {"tensorflow": sys.executable, "jax": arguments.jax, "torch": arguments.torch}
    pythons = {backend: python for backend, python in given.items() if python}
    with tempfile.TemporaryDirectory() as folder:
        rows = [row for name, graph in graphs(Path(folder)).items() for row in rows_of(name, graph, pythons)]
    pd.DataFrame(rows).to_csv(arguments.table, sep="\t", index=False, float_format="%.1g")


if __name__ == "__main__":
    main()
