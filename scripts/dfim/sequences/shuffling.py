"""Dinucleotide shuffles: where the sequences of a null are drawn."""

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
    shuffled = np.tile(bases, (1 if count is None else count, 1))
    if len(bases) > 3:  # with three letters or fewer there is one path only
        edges = {letter: np.flatnonzero(bases[:-1] == letter).tolist() for letter in set(bases[:-1].tolist())}
        for row in shuffled:
            row[:] = _shuffled_path(bases, edges, rng)
    return shuffled[0] if count is None else shuffled


def _shuffled_path(bases: np.ndarray, edges: dict[int, list[int]], rng: np.random.Generator) -> list[int]:
    """Return the letters of a uniformly drawn path; edge i leads from ``bases[i]`` to ``bases[i + 1]``."""
    # Sorting the edges by these keys groups them by letter, in random order, a letter's last edge last.
    keys = 2.0 * bases[:-1] + rng.random(len(bases) - 1)
    for letter, edge in _last_edges(bases, edges, rng).items():
        keys[edge] = 2 * letter + 1
    successors = bases[keys.argsort() + 1].tolist()
    following, begin = {}, 0
    for letter in sorted(edges):
        following[letter] = iter(successors[begin : begin + len(edges[letter])])
        begin += len(edges[letter])
    path = [int(bases[0])]
    for _ in range(len(successors)):
        path.append(next(following[path[-1]]))
    return path


def _last_edges(bases: np.ndarray, edges: dict[int, list[int]], rng: np.random.Generator) -> dict[int, int]:
    """Draw for every letter but the last one an edge, all together a uniform tree towards the last letter.

    Wilson's algorithm: walk at random from each letter until the tree is reached, and keep the edges by
    which the walk last left its letters.
    """
    in_tree, last = {int(bases[-1])}, {}
    # A loop (AA) can never be in a tree: leaving it out spares the walk many idle steps in a run of As.
    exits = {letter: [edge for edge in own if bases[edge + 1] != letter] for letter, own in edges.items()}
    for start in exits:
        letter = start
        while letter not in in_tree:
            last[letter] = exits[letter][int(rng.random() * len(exits[letter]))]
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
