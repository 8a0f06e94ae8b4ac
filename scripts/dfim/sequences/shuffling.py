"""Dinucleotide shuffles: where the sequences of a null are drawn."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np


def shuffle_dinucleotides(
    bases: np.ndarray, rng: np.random.Generator, count: int | None = None
) -> np.ndarray:
    """Shuffle one sequence, shape (positions,), keeping the count of every dinucleotide.

    Every sequence with the same dinucleotides and the same first and last letter is equally likely; N is a
    fifth letter. Returns an array of shape (positions,), or (count, positions) when ``count`` is given:
    the same rows as ``count`` calls without it.

    The letters are the nodes and the dinucleotides the edges of a graph, and a sequence is a path along
    every edge once (Altschul and Erickson 1985). A path is drawn uniformly by drawing the edge by which
    each letter is left for the last time, a uniform tree towards the last letter (Wilson 1996), and then
    the order of all other edges.
    """
    rows = shuffles_by(bases, [rng] * (1 if count is None else count))
    return rows[0] if count is None else rows


def shuffles_by(bases: np.ndarray, rngs: Sequence[np.random.Generator]) -> np.ndarray:
    """Return a shuffle by each generator, (generators, positions); see :func:`shuffle_dinucleotides`."""
    rows = np.tile(bases, (len(rngs), 1))
    if len(bases) > 3 and len(rngs):  # with three letters or fewer there is one path only
        edges = _Edges(bases)
        for row, rng in zip(rows, rngs, strict=True):
            row[1:] = np.frombuffer(edges.path(rng), np.uint8)
    return rows


class _Edges:
    """The dinucleotides of a sequence as edges of its letters: edge i leads from base i to base i + 1."""

    def __init__(self, bases: np.ndarray):
        self._bases, self._first, self._last = bases, int(bases[0]), int(bases[-1])
        self._groups = 2.0 * bases[:-1]
        ends = np.bincount(bases[:-1]).cumsum().tolist()
        # Where the edges of each letter lie when they are sorted by letters.
        self._slices = [cut for cut in enumerate(pairwise([0, *ends])) if cut[1][0] < cut[1][1]]
        # A loop (AA) can never be in a tree: leaving it out spares the walk many idle steps in a run of As.
        leaving = bases[:-1] != bases[1:]
        # In the order of a set, which says what each number of a generator is used for.
        letters = set(bases[:-1].tolist())
        self._exits = {letter: np.flatnonzero(leaving & (bases[:-1] == letter)) for letter in letters}

    def path(self, rng: np.random.Generator) -> bytes:
        """Return the letters of a uniformly drawn path, all but the first."""
        # Sorting the edges by these keys groups them by letter, in random order, a letter's last edge last.
        keys = self._groups + rng.random(len(self._groups))
        for letter, edge in self._last_edges(rng).items():
            keys[edge] = 2 * letter + 1
        successors = self._bases[1:][keys.argsort()].tobytes()
        following = {letter: iter(successors[slice(*cut)]).__next__ for letter, cut in self._slices}
        letter, path = self._first, bytearray(len(successors))
        for step in range(len(path)):
            letter = path[step] = following[letter]()
        return path

    def _last_edges(self, rng: np.random.Generator) -> dict[int, int]:
        """Draw an edge for every letter but the last one, all together a uniform tree towards the last.

        Wilson's algorithm: walk at random from each letter until the tree is reached, and keep the edges by
        which the walk last left its letters.
        """
        in_tree, last, bases = {self._last}, {}, self._bases
        for start in self._exits:
            letter = start
            while letter not in in_tree:
                exits = self._exits[letter]
                last[letter] = int(exits[int(rng.random() * len(exits))])
                letter = int(bases[last[letter] + 1])
            letter = start
            while letter not in in_tree:
                in_tree.add(letter)
                letter = int(bases[last[letter] + 1])
        return last


def shuffled(bases: np.ndarray, seed: int, example: int, replicate: int) -> np.ndarray:
    """Return a replicate of one example, shape (positions,): itself for 0, else a dinucleotide shuffle.

    It depends on nothing but the three numbers, and so neither on shards nor on their order.
    """
    if replicate == 0:
        return bases
    return shuffle_dinucleotides(bases, np.random.default_rng([seed, example, replicate]))
