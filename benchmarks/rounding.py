"""How far interactions of 32-bit outputs are off those of 64 bits, on the networks of a finished default run.

    .venv/bin/python benchmarks/rounding.py results docs/benchmarks

Writes ``rounding.tsv`` to the folder: for each network and evaluation the error of interactions, and of
those of draws, in units of the last place (2⁻²³) of the pair's largest output, or
of the root mean square of all where that is larger. An interaction below
:data:`dfim.statistics.effects.RESOLUTION` counts as 0: that must lie above the errors.
"""

import argparse
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from dfim.attribution import FORWARD, open_scorer
from dfim.attribution.compiled import CompiledScorer
from dfim.attribution.gradients import GradientInput
from dfim.attribution.simplification import simplify
from dfim.datasets.dataset import read_dataset
from dfim.files.tables import read_table
from dfim.interactions.pair_tests import PairDraws, draw_pairs
from dfim.networks.graph_files import load_graph
from dfim.statistics.effects import OUTPUTS, RESOLUTION, resolution

# Network, dataset, analysis, task; pairs of the first sequences are enough.
ASKED = (
    ("simulation", "simulation", "motif_pairs", "ELF1_SIX5"),
    ("tf_binding", "tf_binding", "planted_sites", "TAL1"),
)
SEQUENCES, DRAWS, SEED = 250, 10, 2018
BACKGROUND = np.array([0.27, 0.23, 0.23, 0.27], np.float32)
LAST_PLACE = 2.0**-23


def rows_of(results: Path, network: str, name: str, analysis: str, task: str) -> list[dict]:
    """Return a row for each evaluation in 32 bits of one network."""
    dataset = read_dataset(results / "datasets" / name)
    tests = read_table(results / "interactions" / analysis / network / task / "pair_tests.tsv.gz")
    tests = tests[(tests["within_reach"] == 1) & tests["example"].isin(tests["example"].unique()[:SEQUENCES])]
    pairs = tests[["example", "first", "second", "within_reach"]].reset_index(drop=True)
    graph = load_graph(results / "models" / network / "graph.npz", dataset.bases.shape[1])
    number = dataset.tasks.index(task)

    def drawn(scorer) -> PairDraws:
        evaluate = partial(scorer.edited_logits, dataset.bases, task=number)
        return draw_pairs(evaluate, dataset.bases, dataset.features, pairs, BACKGROUND, DRAWS, SEED)

    exact = drawn(GradientInput(simplify(graph), BACKGROUND, dtype="float64"))
    rows = []
    for method, options in ((FORWARD, {}), ("deeplift", {"engine": "whole_sequences"})):
        with open_scorer(method, graph, BACKGROUND, options) as scorer:
            how = "whole sequences, TensorFlow" if isinstance(scorer, CompiledScorer) else "changes, engine"
            rows.append({"network": network, "evaluation": how, **errors(drawn(scorer), exact)})
    return rows


def errors(found: PairDraws, exact: PairDraws) -> dict:
    """Return the errors of interactions in last places of the outputs, and how many are truly 0."""
    last = resolution(exact.table) / RESOLUTION * LAST_PLACE
    true, off = interactions(exact), np.abs(interactions(found) - interactions(exact)) / last
    pairs = zip((found.first, found.second), (exact.first, exact.second), strict=True)
    of_draws = np.concatenate([np.abs(one - other) for one, other in pairs], axis=1) / last[:, None]
    return {
        "pairs": len(true),
        "error_median": np.median(off),
        "error_99": np.percentile(off, 99),
        "error_max": off.max(),
        "error_max_draws": of_draws.max(),
        "counts_as_0_below": RESOLUTION / LAST_PLACE,
        "pairs_of_0": int((np.abs(true) < 1e-12).sum()),
        "pairs_below": int(((np.abs(true) >= 1e-12) & (np.abs(true) < resolution(exact.table))).sum()),
    }


def interactions(found: PairDraws) -> np.ndarray:
    f11, f01, f10, f00 = (found.table[name].to_numpy(float) for name in OUTPUTS)
    return f11 - f01 - f10 + f00


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("results", type=Path, help="results of the default configuration")
    parser.add_argument("folder", type=Path, help="where the table goes")
    arguments = parser.parse_args()
    table = pd.DataFrame([row for asked in ASKED for row in rows_of(arguments.results, *asked)])
    table.to_csv(arguments.folder / "rounding.tsv", sep="\t", index=False, float_format="%.3g")
    print(table.to_string(index=False))


if __name__ == "__main__":
    main()
