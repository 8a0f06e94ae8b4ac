"""Two motifs at every distance and in every orientation, in random sequence: examples to ask a network with.

Positions are 0-based, intervals half-open. The distance of two motifs is that of their starts on the +
strand, start of the second − start of the first: above 0 when the second lies downstream.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from dfim.datasets.dataset import Dataset
from dfim.errors import InputError, counted
from dfim.sequences.bases import BASES, reverse_complement, to_bases, to_string
from dfim.sequences.motifs import motif_features, pattern_expression
from dfim.sequences.shuffling import shuffled as shuffled_one

ORIENTATIONS = ("++", "+-", "-+", "--")
# Of a scan: with fewer an interval of the mean over them says nothing.
FEWEST_BACKGROUNDS = 5
_TRIES = 1000
# A purpose that draws from one seed: bases are drawn from it too, and must not be drawn alike.
_PLACE = 11
# The first motif's place differs by up to this many bases between sequences, and with it its place in pools.
JITTER = 25


def build_spacing_dataset(design: Mapping, seed: int, given: np.ndarray | None = None) -> Dataset:
    """Build a dataset of two motifs at every distance and in every orientation, in random sequences.

    ``design`` has the keys ``length`` (bp), ``motifs`` (two names with a sequence each), ``largest`` (the
    largest distance of the starts, to either side), ``orientations`` (of :data:`ORIENTATIONS`: the strand
    of the first, then of the second), ``sequences`` (random sequences, each with all distances and
    orientations) and ``background`` (probabilities of A, C, G, T). In a random sequence neither motif
    occurs, on either strand. The first motif lies near the middle, in each random sequence at another
    place, at which it stays. ``given``: sequences to put them into instead, uint8 (sequences, positions), as
    they are, or shuffled where the key ``backgrounds`` says so; see :func:`backgrounds_of`.

    An example is named by its random sequence, orientation and distance, e.g. ``3:+-:14``; ``origin`` is
    the orientation. Both motifs are features. Distances at which they would overlap are left out. Raises
    InputError for motifs that are no sequences of A, C, G, T, that are so short that they occur everywhere,
    or that do not fit.
    """
    check_spacing(design)
    (first, second), length = design["motifs"].items(), design["length"]
    distances = _distances(len(first[1]), len(second[1]), design["largest"])
    middle = length // 2
    bases, names, origins, sites = [], [], [], []
    for number, background in enumerate(backgrounds_of(design, seed, given)):
        start = middle + round(JITTER * off_the_middle(seed, number))
        for strands in design["orientations"]:
            for distance in distances:
                row = background.copy()
                for (name, motif), strand, place in zip(
                    (first, second), strands, (start, start + distance), strict=True
                ):
                    letters = motif if strand == "+" else reverse_complement(motif)
                    row[place : place + len(motif)] = to_bases(letters)
                    sites.append((len(bases), name, place, place + len(motif), strand))
                bases.append(row)
                names.append(f"{number}:{strands}:{distance}")
                origins.append(strands)
    examples = pd.DataFrame({"example": np.arange(len(bases)), "name": names, "chrom": ""})
    for column in ("start", "end"):
        examples[column] = pd.array([pd.NA] * len(bases), dtype="Int64")
    examples = examples.assign(origin=origins, split="test")
    features = pd.DataFrame(sites, columns=["example", "name", "start", "end", "strand"])
    labels = np.empty((len(bases), 0), dtype=np.int8)
    return Dataset(np.stack(bases), labels, [], examples, motif_features(features))


def off_the_middle(seed: int, number: int) -> float:
    """Return how far from its middle place the motif of a background lies that stays: −1 to 1 of the room."""
    return float(np.random.default_rng([seed, _PLACE, number, 1]).uniform(-1, 1))


def check_spacing(design: Mapping) -> None:
    """Raise InputError when motifs are no sequences, or do not fit at all distances."""
    (first, second), length = design["motifs"].items(), design["length"]
    for name, motif in (first, second):
        if set(motif) - set(BASES) or not motif:
            raise InputError(f"the motif {name} is {motif!r}, and a sequence of A, C, G and T is needed.")
    _distances(len(first[1]), len(second[1]), design["largest"])
    middle, reach = length // 2, design["largest"] + max(len(first[1]), len(second[1])) + JITTER
    if middle < reach or length - middle < reach:
        raise InputError(
            f"distances of up to {design['largest']} bp do not fit into sequences of {length} bp, which need "
            f"{2 * reach}: lower 'largest', or use a network that takes longer sequences."
        )


def _distances(first: int, second: int, largest: int) -> list[int]:
    """Return all distances of the starts at which motifs of these lengths do not overlap, ascending."""
    if largest < max(first, second):
        raise InputError(
            f"the largest distance is {largest} bp, and motifs of {first} and {second} bp need at least "
            f"{max(first, second)}."
        )
    return [*range(-largest, -second + 1), *range(first, largest + 1)]


def backgrounds_of(design: Mapping, seed: int, given: np.ndarray | None = None) -> np.ndarray:
    """Return what the motifs of a design are put into, uint8 (backgrounds, positions).

    ``given``: the sequences of its key ``backgrounds``, where it has one. Raises InputError on given
    sequences of another length, and as :func:`scan_backgrounds` does.
    """
    motifs, length = list(design["motifs"].values()), design["length"]
    if given is None:
        return scan_backgrounds(design["sequences"], motifs, seed, length, design["background"])
    if given.shape[1] != length:
        raise InputError(
            f"the backgrounds have {given.shape[1]} bp, and the key 'length' has the value {length}: give "
            "sequences of that length."
        )
    shuffled = design["backgrounds"].get("shuffled", False)
    return scan_backgrounds(design["sequences"], motifs, seed, given=given, shuffled=shuffled)


def scan_backgrounds(
    number: int,
    motifs: list[str],
    seed: int,
    length: int | None = None,
    probabilities=None,
    given: np.ndarray | None = None,
    shuffled: bool = False,
) -> np.ndarray:
    """Return what motifs are put into, uint8 (backgrounds, positions), at most ``number`` of them.

    Random sequences of a ``length`` and by ``probabilities`` of A, C, G, T, without the motifs, those of a
    dataset of spacings with the same seed; or the first of the ``given`` sequences as they are; or, with
    ``shuffled``, dinucleotide shuffles of the given ones, one after the other. Raises InputError on shuffles
    of nothing, and as :func:`random_background` does.
    """
    if given is None:
        if shuffled:
            raise InputError("shuffles are of sequences, and none are given: give them, or take random ones.")
        rngs = [np.random.default_rng([seed, place]) for place in range(number)]
        rows = [random_background(rng, length, probabilities, motifs) for rng in rngs]
    elif shuffled:
        rows = [shuffled_one(given[place % len(given)], seed, place, 1) for place in range(number)]
    else:
        rows = list(given[:number])
    return np.array(rows, np.uint8).reshape(len(rows), length if given is None else given.shape[1])


def check_backgrounds(
    asked: int, given: np.ndarray | None = None, shuffled: bool = False, **of_random
) -> None:
    """Raise InputError where :func:`scan_backgrounds` would have too few for a scan; same arguments.

    ``of_random``: what is said of random sequences alone, by the name that a user knows; None, or refused
    where sequences are given.
    """
    if asked < FEWEST_BACKGROUNDS:
        raise InputError(
            f"a scan needs {FEWEST_BACKGROUNDS} backgrounds or more, and {asked} are asked for: ask for more."
        )
    if given is not None and not shuffled and len(given) < FEWEST_BACKGROUNDS:
        raise InputError(
            f"a scan needs {FEWEST_BACKGROUNDS} backgrounds or more, and what is given has "
            f"{counted(len(given), 'sequence')}: give more, or take shuffles of them ('shuffled')."
        )
    said = [name for name, value in of_random.items() if value is not None]
    if given is not None and said:
        raise InputError(
            f"{said[0]!r} is of random sequences, and sequences are given to put the motifs into: leave one "
            "of the two out."
        )


def random_background(rng: np.random.Generator, length: int, probabilities, motifs: list[str]) -> np.ndarray:
    """Return a random sequence, uint8 (length,), in which no motif occurs on either strand.

    ``probabilities`` of A, C, G, T; ``motifs`` may have the letters of patterns. Raises InputError where
    nearly every sequence has one.
    """
    letters = np.frombuffer(BASES.encode(), dtype=np.uint8)
    expressions = [pattern_expression(motif) for motif in motifs]
    for _ in range(_TRIES):
        bases = rng.choice(letters, length, p=np.asarray(probabilities) / np.sum(probabilities))
        text = to_string(bases)
        if not any(expression.search(text) for expression in expressions):
            return bases
    raise InputError(
        f"the motifs {' and '.join(motifs)} occur by chance in nearly every random sequence of {length} "
        "bp: give longer motifs, or give sequences to put them into."
    )
