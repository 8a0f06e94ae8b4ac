"""How often p ≤ .05 where nothing interacts, and what is still called, on sequences that no network has seen.

    .venv/bin/python benchmarks/decoys.py docs/benchmarks results [results of a run of another seed] ...

Writes ``decoys.tsv`` to the first folder. For each run, and for A and B, pairs of a feature and a decoy are
judged beside the real pairs of the same sequences, and the real pairs alone. This is done in two ways.
``draws``: draws are divided by other draws alone, as they are. ``draws and score``: by a mean square that has
the pair's own score in it, as they once were.
"""

import argparse
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from dfim.attribution import FORWARD, open_scorer
from dfim.datasets.dataset import Dataset, read_dataset
from dfim.datasets.selection import features_of_groups, select_examples
from dfim.files.tables import read_table
from dfim.interactions.decoys import decoy_pairs, decoys
from dfim.interactions.pair_tests import PairDraws, draw_pairs
from dfim.interactions.pairs import pairs_of_selection, unordered_pairs
from dfim.interactions.tested_pairs import described
from dfim.networks.graph_files import load_graph
from dfim.sequences.bases import one_hot
from dfim.statistics.bootstrap import resampled_weights
from dfim.statistics.effects import called, effects, resolution, resolved
from dfim.statistics.null_checks import DECOY
from dfim.statistics.p_values import p_values, q_values
from dfim.statistics.replaced import counted_pairs, pooled
from dfim.statistics.studentised import studentised

# Network and dataset, analysis, task, examples, groups of features, and the pairs planted to act together.
ASKED = (
    (
        *("simulation", "motif_pairs", "ELF1_SIX5"),
        {"origins": ["set3"], "correct": True},
        None,
        "pair == 'ELF1–SIX5'",
    ),
    (
        *("tf_binding", "planted_sites", "TAL1"),
        {"groups": ["known"], "features": ["GATA1", "TAL1"]},
        ["known"],
        "distance <= 20",
    ),
)
UNSEEN = ["validation", "test"]
SEQUENCES, DRAWS, SEED = 2000, 20, 3
BACKGROUND = np.array([0.27, 0.23, 0.23, 0.27], np.float32)


def with_score(scores: np.ndarray, draws: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return sizes of scores and draws over the root mean square of the others of both, as it once was."""
    values = np.column_stack([scores, draws])
    squares = values**2
    others = np.maximum(squares.sum(axis=1, keepdims=True) - squares, 0) / draws.shape[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        sizes = np.where(values == 0, 0.0, np.abs(values) / np.sqrt(others))
    return sizes[:, 0], sizes[:, 1:]


WAYS = {"draws and score": with_score, "draws": studentised}


def drawn(results: Path, name: str, analysis: str, task: str, criteria: dict, groups) -> PairDraws:
    """Return the draws of real pairs and of decoys of unseen sequences; the table is described."""
    dataset: Dataset = read_dataset(results / "datasets" / name)
    folder = results / "models" / name
    length = dataset.bases.shape[1]
    with open_scorer(FORWARD, load_graph(folder / "graph.npz", length), BACKGROUND, {"threads": 1}) as scorer:
        number = dataset.tasks.index(task)
        unseen = np.flatnonzero(dataset.examples["split"].isin(UNSEEN))
        logits = np.full((len(dataset.bases), 1), np.nan)
        if criteria.get("correct"):
            logits[unseen, 0] = scorer.logits(one_hot(dataset.bases[unseen]))[:, number]
        asked = criteria | {"splits": UNSEEN}
        selected = select_examples(dataset, logits, task, asked, SEED, [task])
        analysed = read_table(results / "interactions" / analysis / name / task / "examples.tsv")["example"]
        if name == "simulation":  # there are enough others
            selected = np.setdiff1d(selected, analysed)
        selected = np.sort(np.random.default_rng(SEED).permutation(selected)[:SEQUENCES])
        features = features_of_groups(dataset.features, groups)
        ordered, _ = pairs_of_selection(features, dataset.examples, selected, "all", "all", groups is None)
        placed = decoys(dataset.features, ordered, length, SEED)
        features = pd.concat([dataset.features, placed[list(dataset.features)]], ignore_index=True)
        ordered = pd.concat([ordered, decoy_pairs(placed)], ignore_index=True)
        pairs = unordered_pairs(ordered, features, read_table(folder / "reach.tsv")["reach"].iloc[-1])
        pairs = pairs[pairs["within_reach"] == 1].reset_index(drop=True)
        evaluate = partial(scorer.edited_logits, dataset.bases, task=number)
        found = draw_pairs(evaluate, dataset.bases, features, pairs, BACKGROUND, DRAWS, SEED)
    found.table = described(found.table, features).join(effects(found.table, found.shuffled))
    return found


def rows_of(results: Path, asked: tuple) -> list[dict]:
    """Return a row for each of the two ways."""
    *data, planted = asked
    found = drawn(results, *data)
    table, least = found.table, resolution(found.table)
    scores = table["interaction"].to_numpy()
    draws = [resolved(values, least) for values in (found.first, found.second)]
    first, second = ((table[f"{end}_group"] == DECOY).to_numpy() for end in ("first", "second"))
    of_decoys, of_planted = first | second, table.eval(planted).to_numpy()[~(first | second)]
    of_one_name = (table["first_name"] == table["second_name"]).to_numpy()[~of_decoys]
    rows = []
    for others, sizes_of in WAYS.items():
        p, calls = judged(scores, draws, table["share"], sizes_of)
        below = np.where(first, *p)[of_decoys] <= 0.05
        low, high = interval(below, table["example"].to_numpy()[of_decoys])
        real = [values[~of_decoys] for values in draws]
        _, called_alone = judged(scores[~of_decoys], real, table["share"][~of_decoys], sizes_of)
        row = {"run": results.name, "analysis": data[1], "others": others}
        row |= {
            "sequences": table["example"].nunique(),
            "decoys": int(of_decoys.sum()),
            "below": below.mean(),
        }
        row |= {"low": low, "high": high, "decoys_called": calls[of_decoys].mean()}
        row |= {"planted": int(of_planted.sum()), "planted_called": called_alone[of_planted].mean()}
        rest = ~of_planted & ~of_one_name
        rows.append(row | {"other": int(rest.sum()), "other_called": called_alone[rest].mean()})
    return rows


def judged(scores, draws, share, sizes_of) -> tuple[np.ndarray, np.ndarray]:
    """Return the p of pairs with either end replaced (2, pairs), and which are called (pairs,)."""
    p = np.stack([p_of(scores, values, sizes_of) for values in draws])
    tests = counted_pairs(scores, *draws)
    q = np.where(tests, q_values(np.where(tests, p.max(axis=0), np.nan)), 1.0)
    return p, called(q, share, 0.05, 0.1)


def p_of(scores: np.ndarray, draws: np.ndarray, sizes_of) -> np.ndarray:
    sizes, null = sizes_of(scores, draws)
    own = pooled(scores, draws)
    sizes, null = (np.minimum(values, np.finfo(float).max) for values in (sizes, null[own]))
    return np.where(own, p_values(sizes, null), 1.0)


def interval(below: np.ndarray, examples: np.ndarray) -> np.ndarray:
    """Return the 95 % interval of a share over resamples of whole sequences."""
    weights, block = resampled_weights(examples, SEED, 1000)
    hits = weights @ np.bincount(block, below, minlength=weights.shape[1])
    return np.percentile(hits / (weights @ np.bincount(block)), [2.5, 97.5])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="where the table goes")
    parser.add_argument("results", type=Path, nargs="+", help="results of the default configuration")
    arguments = parser.parse_args()
    rows = [row for results in arguments.results for asked in ASKED for row in rows_of(results, asked)]
    table = pd.DataFrame(rows)
    table.to_csv(arguments.folder / "decoys.tsv", sep="\t", index=False, float_format="%.3g")
    print(table.to_string(index=False))


if __name__ == "__main__":
    main()
