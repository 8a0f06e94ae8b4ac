"""How far the engine's changes of importance are from float64, on trained networks.

    .venv/bin/python benchmarks/exactness.py results/models/*/model.keras [--table exactness.tsv]

For every network, sequences are mutated at random places and at both ends, single bases and motifs of 12,
and scored by the engine in each of its ways; the same in float64, each mutant as a sequence of its own.
Half of the sequences are random; the others are tandem repeats throughout, in which a pool often has to
choose between places that see the same bases. A mutant of which any change differs by more than 1e-5 of the
largest change of its sequence is counted: there, two activations that agree to the last digits of float32
were told apart differently.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from paper_networks import BACKGROUND, random_sequences

from dfim.attribution import open_scorer
from dfim.attribution.mutants import Mutants, scores_of_whole_mutants
from dfim.attribution.scorer import Scorer
from dfim.attribution.simplification import simplify
from dfim.attribution.whole_sequences import DeepLift
from dfim.networks.description import describe
from dfim.networks.keras_files import load_network

TOLERANCE = 1e-5
WAYS = ("batched", "windows", "paths")
_MOTIF = 12


def tandem_repeats(number: int, length: int, seed: int = 0) -> np.ndarray:
    """Return bases (N, L) of sequences made of repeats of 1–6 bases, each 12–60 long."""
    rng = np.random.default_rng(seed)
    result = np.empty((number, length), np.uint8)
    for sequence in result:
        position = 0
        while position < length:
            unit = rng.choice(np.frombuffer(b"ACGT", np.uint8), rng.integers(1, 7))
            piece = np.resize(unit, min(rng.integers(12, 61), length - position))
            sequence[position : position + len(piece)] = piece
            position += len(piece)
    return result


def some_mutants(bases: np.ndarray, each: int, seed: int = 0) -> Mutants:
    """Return single bases and motifs, mutated at random places of every sequence and at its ends."""
    rng = np.random.default_rng(seed)
    sequences, length = bases.shape
    owners = np.repeat(np.arange(sequences), 2 * each)
    widths = np.tile(np.repeat([1, _MOTIF], each), sequences)
    starts = rng.integers(0, length - widths + 1)
    first = np.arange(0, len(owners), each)
    starts[first], starts[first + 1] = 0, (length - widths)[first + 1]
    rows = np.broadcast_to(BACKGROUND, (len(owners), _MOTIF, 4)).copy()
    single = np.flatnonzero(widths == 1)
    letters = np.frombuffer(b"ACGT", np.uint8)
    present = np.searchsorted(letters, bases[owners[single], starts[single]])
    rows[single, 0] = np.eye(4, dtype=np.float32)[(present + rng.integers(1, 4, len(single))) % 4]
    zeros = np.zeros_like(owners)
    return Mutants(owners, starts, widths, rows, zeros, zeros + length)


def compare(path: str, sequences: int, each: int, task: int = 0) -> list[dict]:
    """Return one row for each kind of sequence and way in which the engine scores mutants of a network."""
    layers = simplify(describe(load_network(path)))
    length = layers[0].options["input_shape"][0]
    letters = np.frombuffer(b"ACGT", np.uint8)
    kinds = {
        "random": letters[random_sequences(sequences, length, seed=3).argmax(axis=2)],
        "tandem repeats": tandem_repeats(sequences, length),
    }
    rows = []
    for kind, bases in kinds.items():
        mutants = some_mutants(bases, each)
        exact = _changes(DeepLift(layers, BACKGROUND, dtype="float64"), bases, mutants, task)
        for way in WAYS:
            with open_scorer("deeplift", layers, BACKGROUND, {"engine": "cpu", "evaluation": way}) as scorer:
                found = scorer.score_mutants(bases, mutants, task).delta
            known = {"network": path, "sequences": kind, "evaluation": way, "mutants": len(mutants)}
            rows.append(known | _differences(found, exact, mutants.sequences))
    return rows


def _changes(scorer: Scorer, bases: np.ndarray, mutants: Mutants, task: int) -> np.ndarray:
    return scores_of_whole_mutants(lambda x: scorer.contributions(x, task), bases, mutants, False).delta


def _differences(found: np.ndarray, exact: np.ndarray, owners: np.ndarray) -> dict:
    """Return how far changes are from the exact ones, relative to the largest of their sequence."""
    largest = np.zeros(owners.max() + 1)
    np.maximum.at(largest, owners, np.abs(exact).max(axis=1))
    difference = np.abs(found - exact).max(axis=1) / largest[owners]
    flipped = difference > TOLERANCE
    return {
        "flips": int(flipped.sum()),
        "largest_difference": difference[~flipped].max(),
        "median_difference": np.median(difference),
        "largest_of_flips": difference.max() if flipped.any() else np.nan,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("networks", nargs="+", help="Keras files")
    parser.add_argument("--sequences", type=int, default=20, help="of each kind")
    parser.add_argument("--mutants", type=int, default=50, help="of each kind and sequence")
    parser.add_argument("--table", type=Path)
    arguments = parser.parse_args()
    rows = [
        row for path in arguments.networks for row in compare(path, arguments.sequences, arguments.mutants)
    ]
    table = pd.DataFrame(rows)
    print(table.to_string(index=False, float_format="%.2g"))
    if arguments.table:
        table.to_csv(arguments.table, sep="\t", index=False, float_format="%.3g")


if __name__ == "__main__":
    main()
