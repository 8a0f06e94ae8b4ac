"""What trained networks from elsewhere do here: do they load, stay the same, and do contributions add up.

    python benchmarks/given_networks.py LIST.tsv > docs/benchmarks/given_networks.tsv

LIST.tsv has the columns name, file, weights, head, unit, reduction, position and length; all after file may
be empty. For each network: its steps, the largest difference of the outputs before the last activation
from the framework's own as a share of their range, and residuals of DeepLIFT (Rescale) on four random
sequences as shares of the change of the output; of networks up to 1,000 bp also the steps that integrated
gradients choose, and their largest residual.
"""

import argparse
import csv
import logging
import sys
from pathlib import Path

import dfim.networks  # noqa: F401  before Keras

# isort: split
import numpy as np

from dfim.attribution import open_scorer
from dfim.attribution.completeness import completeness, measure_completeness
from dfim.errors import InputError
from dfim.networks import given
from dfim.networks.description import describe
from dfim.networks.outputs import Output
from dfim.networks.stored import StoredOnnx

COLUMNS = ["name", "loads", "nodes", "difference", "residual_median", "residual_largest"]
COLUMNS += ["integrated_steps", "integrated_residual", "methods"]
# Integrated gradients take hundreds of evaluations, which longer networks are spared.
LONGEST = 1000
BACKGROUND = [0.25] * 4


class Differences(logging.Handler):
    """Keeps the difference that the check on arrival says."""

    last = ""

    def emit(self, record):
        if "gives" in record.getMessage():
            self.last = record.getMessage().split(" to ")[-1].split(" of ")[0]


def number(text: str) -> int | None:
    return int(text) if text else None


def row_of(entry: dict[str, str], differences: Differences) -> dict:
    head = int(entry["head"]) if entry["head"].isdigit() else entry["head"] or None
    chosen = Output(head, number(entry["unit"]), entry["reduction"] or None, number(entry["position"]))
    tasks, outputs = (["task"], {"task": chosen}) if chosen != Output() else (None, None)
    length = number(entry["length"])
    differences.last = ""
    try:
        weights = entry["weights"] or None
        model = given.read_own_network(entry["file"], tasks, weights, outputs, None, length)
    except InputError as error:
        return {"name": entry["name"], "loads": str(error).replace(str(Path(entry["file"]).parent), "")}
    if isinstance(model.layers[-1], StoredOnnx):
        reason = model.layers[-1].described["reason"]
        return {"name": entry["name"], "loads": f"values alone: {reason}", "methods": "pair test"}
    graph = describe(model, length)
    bases = np.random.default_rng(0).choice(np.frombuffer(b"ACGT", np.uint8), (4, graph.length))
    found = measured("deeplift", graph, bases, {"rule": "rescale"})
    integrated = {}
    if graph.length <= LONGEST:
        other = measured("integrated_gradients", graph, bases, {})
        integrated = {
            "integrated_steps": other["steps"],
            "integrated_residual": f"{other['largest_residual']:.2g}",
        }
    return {
        "name": entry["name"],
        "loads": "yes",
        "nodes": len(graph),
        "difference": differences.last,
        "residual_median": f"{found['median_residual']:.2g}",
        "residual_largest": f"{found['largest_residual']:.2g}",
        **integrated,
        "methods": "all",
    }


def measured(method: str, graph, bases: np.ndarray, options: dict):
    """Return the row of completeness of a method on four sequences."""
    with open_scorer(method, graph, BACKGROUND, options) as scorer:
        scorer.prepare(bases, 0)
        return completeness([measure_completeness(scorer, bases, 0)]).iloc[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("list", help="TSV of networks")
    differences = Differences()
    logger = logging.getLogger("dfim")
    logger.setLevel(logging.INFO)
    logger.addHandler(differences)
    table = csv.DictWriter(sys.stdout, COLUMNS, delimiter="\t", lineterminator="\n")
    table.writeheader()
    with open(parser.parse_args().list, newline="") as handle:
        for entry in csv.DictReader(handle, delimiter="\t"):
            table.writerow(row_of(entry, differences))
            sys.stdout.flush()


if __name__ == "__main__":
    main()
