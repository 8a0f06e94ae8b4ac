"""Sequences as arrays of bases: one-hot encoding and dinucleotide shuffles.

A set of sequences is a ``uint8`` array of ASCII letters, shape (examples, positions): one byte a base,
upper case, ``A C G T N``. Networks see the one-hot form, channels in the order A, C, G, T.
"""

import numpy as np

from dfim.errors import InputError

BASES = "ACGT"
_CODES = np.frombuffer(BASES.encode(), dtype=np.uint8)

# Row of the encoding for every byte: one-hot for A, C, G, T, and equal shares for N.
_ENCODING = np.zeros((256, 4), dtype=np.float32)
_ENCODING[_CODES] = np.eye(4, dtype=np.float32)
_ENCODING[ord("N")] = 0.25
_KNOWN = _ENCODING.any(axis=1)

# Complements of the IUPAC letters and * (any base); every other byte is its own complement.
_COMPLEMENT = bytes.maketrans(b"ACGTRYSWKMBDHVN*", b"TGCAYRSWMKVHDBN*")
COMPLEMENT = np.frombuffer(_COMPLEMENT, dtype=np.uint8)


def to_bases(sequence: str, name: str = "sequence") -> np.ndarray:
    """Turn a string into a ``uint8`` array of upper-case ASCII letters, shape (positions,).

    Raises InputError, naming ``name`` and the 0-based position, on a letter other than A, C, G, T or N
    (lower case, as in soft-masked genomes, is accepted).
    """
    # Upper case after encoding: one byte a letter, whatever the letter, so that positions stay true.
    bases = np.frombuffer(sequence.encode("latin-1", "replace").upper(), dtype=np.uint8)
    wrong = np.flatnonzero(~_KNOWN[bases])
    if wrong.size:
        raise InputError(
            f"{name} has the letter {sequence[wrong[0]]!r} at position {wrong[0]} (0-based), and only "
            "A, C, G, T and N are understood: replace other letters with N."
        )
    return bases.copy()


def to_string(bases: np.ndarray) -> str:
    """Turn one array of ASCII letters, shape (positions,), into a string."""
    return bases.tobytes().decode("ascii")


def reverse_complement(sequence: np.ndarray | str) -> np.ndarray | str:
    """Return the reverse complement of bases, ``uint8`` of shape (..., positions), or of a string.

    A string may be a pattern: the IUPAC letters, upper case, have their complements, and ``*`` is its own.
    """
    if isinstance(sequence, str):
        return sequence.translate(_COMPLEMENT)[::-1]
    return COMPLEMENT[sequence[..., ::-1]]


def one_hot(bases: np.ndarray) -> np.ndarray:
    """Encode bases, shape (..., positions), as ``float32`` of shape (..., positions, 4), channels A C G T.

    An N is encoded as .25 in each channel.
    """
    return _ENCODING[bases]


def composition(bases: np.ndarray) -> np.ndarray:
    """Return the shares of A, C, G and T at each position of aligned sequences, float32 (positions, 4).

    ``bases`` has shape (examples, positions). An N counts as a quarter of each.
    """
    counts = np.array([(bases == letter).sum(axis=0) for letter in (*_CODES, ord("N"))])
    return ((counts[:4] + counts[4] / 4) / len(bases)).T.astype(np.float32)


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
