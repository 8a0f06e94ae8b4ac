"""DeepLIFT's Rescale here against captum's and tangermeme's, on PyTorch networks that came by ONNX.

    python benchmarks/rescale.py docs/benchmarks/rescale.tsv --torch PYTHON

``--torch`` is the Python of an environment with torch, onnx, captum, tangermeme and bpnet-lite; the networks
are those of ``torch_networks.py``. For each network and library: the largest difference of contributions, as
a share of the sequence's largest one, in the median of the sequences and at most, the library in 64 bits and
this project in 64 and in its usual 32; and how far contributions are from summing to the change of the
output, as a share of its median size.
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

import dfim.networks  # noqa: F401  before Keras

# isort: split
import numpy as np
import pandas as pd
from contenders import Contender, Refused, Running
from paper_networks import random_sequences

from dfim.attribution import open_scorer
from dfim.attribution.simplification import simplify
from dfim.attribution.whole_sequences import DeepLift
from dfim.networks.description import describe
from dfim.networks.given import read_own_network

LIBRARIES = ("captum", "tangermeme")
BACKGROUND = np.full(4, 0.25, np.float32)
SEQUENCES, LENGTH = 20, 200
COLUMNS = ["network", "library", "difference", "difference_largest", "difference_32", "difference_32_largest"]
COLUMNS += ["residual", "residual_here", "note"]


def rows_of(running: Running, name: str, folder: Path) -> list[dict]:
    """Return the rows of a network, one for each library."""
    running.ask("build", "torch_networks:Network", {"explained": name})
    running.ask("call", "export", str(folder / "network.onnx"))
    graph = describe(read_own_network(folder / "network.onnx"))
    x = random_sequences(SEQUENCES, LENGTH)
    exact = DeepLift(simplify(graph), BACKGROUND, "rescale", dtype="float64").contributions(x, 0)
    with open_scorer("deeplift", graph, BACKGROUND, {"rule": "rescale"}) as scorer:
        usual = scorer.contributions(x, 0)
        changes = scorer.changes(x, 0)
    rows = []
    for library in LIBRARIES:
        row = {"network": name, "library": library, "residual_here": _residual(exact, changes)}
        try:
            found = running.ask("call", "attributed", library, x, BACKGROUND)
        except Refused as reason:
            rows.append(row | {"note": f"refused: {reason}".split(". ")[0].split("\n")[0]})
            continue
        row["residual"] = _residual(found["scores"], found["changes"])
        for ending, own in (("", exact), ("_32", usual)):
            shares = _differences(own, found["scores"])
            row |= {f"difference{ending}": np.median(shares), f"difference{ending}_largest": shares.max()}
        rows.append(row)
    return rows


def _differences(own: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the largest difference of every sequence over its largest contribution."""
    return np.abs(own - other).max(axis=(1, 2)) / np.abs(own).max(axis=(1, 2))


def _residual(scores: np.ndarray, changes: np.ndarray) -> float:
    """Return the largest residual as a share of the median size of the change."""
    return np.abs(scores.sum(axis=(1, 2), dtype=float) - changes).max() / np.median(np.abs(changes))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("table", type=Path, help="the table to write, TSV")
    parser.add_argument("--torch", metavar="PYTHON", default=sys.executable)
    arguments = parser.parse_args()
    running, rows = Running(Contender("torch", "", "", python=arguments.torch)), []
    try:
        with tempfile.TemporaryDirectory() as folder:
            for name in running.ask("names", "torch_networks", "EXPLAINED"):
                rows += rows_of(running, name, Path(folder))
                print(rows[-2:], file=sys.stderr)
    finally:
        running.end()
    table = pd.DataFrame(rows, columns=COLUMNS)
    table.to_csv(arguments.table, sep="\t", index=False, float_format="%.2g")
    print(table.to_string(index=False))


if __name__ == "__main__":
    main()
