"""Pair tests per second of the paper's networks: changes carried forward, against whole forwards in batches.

    .venv/bin/python benchmarks/pair_tests.py docs/benchmarks [--runs 5] [--networks A B C]

Writes ``pair_tests.tsv`` to the folder. A job is :func:`dfim.interactions.pair_tests.draw_pairs` with ten
draws, as the workflow calls it; the contenders take turns, and each ratio is that of one run.
"""

import argparse
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from paper_networks import BACKGROUND, paper_network, random_sequences
from timing import gemm_rate, in_turn, timed

from dfim.attribution import FORWARD, open_scorer
from dfim.attribution.edits import logits_of_whole_copies
from dfim.interactions.pair_tests import draw_pairs
from dfim.interactions.pairs import unordered_pairs
from dfim.interactions.sources import make_pairs
from dfim.networks.reach import reach_of

# Sequences, their length, motifs of each and their width, and the stretch in the middle that they lie in.
JOBS = {
    "A": (128, 200, 4, 12, 200),
    "B": (12, 1000, 5, 6, 100),
    "C": (3, 1000, 5, 8, 1000),
    "residual": (1, 1000, 4, 8, 200),
}
WHOLE = "TensorFlow, whole"
CONTENDERS = {
    "forward changes": (FORWARD, {}),
    "engine, whole": ("deeplift", {"engine": "cpu", "evaluation": "batched"}),
    WHOLE: ("deeplift", {"engine": "whole_sequences"}),
}
DRAWS = 10


def job(network: str, times: int = 1) -> tuple[np.ndarray, pd.DataFrame, pd.DataFrame]:
    """Return bases, features and unordered pairs of a job: motifs at random places that do not overlap.

    ``times``: as many sequences as usual, the usual ones first.
    """
    sequences, length, motifs, width, stretch = JOBS[network]
    sequences *= times
    bases = np.frombuffer(b"ACGT", np.uint8)[random_sequences(sequences, length).argmax(axis=2)]
    rng, rows = np.random.default_rng(1), []
    for example in range(sequences):
        slots = np.sort(rng.choice(stretch // width, motifs, replace=False))
        starts = (length - stretch) // 2 + slots * width
        rows += [(example, f"motif{number}", start) for number, start in enumerate(starts)]
    features = pd.DataFrame(rows, columns=["example", "name", "start"])
    text = {"kind": "motif", "reference": "", "alternate": "", "group": ""}
    features = features.assign(feature=np.arange(len(features)), end=features["start"] + width, **text)
    ordered, _ = make_pairs(features, range(sequences))
    return bases, features, unordered_pairs(ordered, features, reach_of(paper_network(network)))


def rows_of(network: str, runs: int) -> list[dict]:
    """Time a network's job by all contenders in turns; the outputs must be the same."""
    bases, features, pairs = job(network)
    opened, seconds, products, found = {}, {name: [] for name in CONTENDERS}, [], {}
    try:
        for name, (method, options) in CONTENDERS.items():
            context = open_scorer(method, paper_network(network), BACKGROUND, options)
            opened[name] = context, context.__enter__()
        for run in range(runs + 1):
            products.append(gemm_rate())
            for name in in_turn(list(opened), run):
                _, scorer = opened[name]
                evaluate = partial(scorer.edited_logits, bases, task=0)
                if name != "forward changes":
                    evaluate = partial(logits_of_whole_copies, scorer.logits, bases, task=0)
                draw = partial(draw_pairs, evaluate, bases, features, pairs, BACKGROUND, DRAWS)
                took, found[name] = timed(draw)
                if run:  # the first compiles, and warms up
                    seconds[name].append(took)
    finally:
        for context, _ in opened.values():
            context.__exit__(None, None, None)
    return [_row(network, name, pairs, seconds, found, products) for name in CONTENDERS]


def _row(network, name, pairs, seconds, found, products) -> dict:
    own, whole = found[name].table.to_numpy(float), found[WHOLE].table.to_numpy(float)
    outputs = slice(4, None)
    return {
        "network": network,
        "contender": name,
        "sequences": JOBS[network][0],
        "pairs": len(pairs),
        "pairs_within_reach": int(pairs["within_reach"].sum()),
        "draws": DRAWS,
        "runs": len(seconds[name]),
        "pairs_per_second": len(pairs) / np.median(seconds[name]),
        "times_whole": np.median(np.array(seconds[WHOLE]) / np.array(seconds[name])),
        "difference": np.abs(own[:, outputs] - whole[:, outputs]).max() / np.ptp(whole[:, outputs]),
        "gigaflops": np.median(products) / 1e9,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="where the table goes")
    parser.add_argument("--networks", nargs="+", choices=list("ABC"), default=list("ABC"))
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    table = pd.DataFrame([row for name in arguments.networks for row in rows_of(name, arguments.runs)])
    arguments.folder.mkdir(parents=True, exist_ok=True)
    table.to_csv(arguments.folder / "pair_tests.tsv", sep="\t", index=False, float_format="%.4g")
    print(table.to_string(index=False))


if __name__ == "__main__":
    main()
