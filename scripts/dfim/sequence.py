"""Sequences as arrays of bases: one-hot encoding and dinucleotide shuffles.

A set of sequences is a ``uint8`` array of ASCII letters, shape (examples, positions): one byte a base,
upper case, ``A C G T N``. Networks see the one-hot form, channels in the order A, C, G, T.
"""

import numpy as np
from deeplift.dinuc_shuffle import dinuc_shuffle

from dfim.errors import InputError

BASES = "ACGT"
_CODES = np.frombuffer(BASES.encode(), dtype=np.uint8)

# Row of the encoding for every byte: one-hot for A, C, G, T, and equal shares for N.
_ENCODING = np.zeros((256, 4), dtype=np.float32)
_ENCODING[_CODES] = np.eye(4, dtype=np.float32)
_ENCODING[ord("N")] = 0.25


def to_bases(sequence: str, name: str = "sequence") -> np.ndarray:
    """Turn a string into a ``uint8`` array of upper-case ASCII letters, shape (positions,).

    Raises InputError, naming ``name`` and the 0-based position, on a letter other than A, C, G, T or N
    (lower case, as in soft-masked genomes, is accepted).
    """
    bases = np.frombuffer(sequence.upper().encode("latin-1", "replace"), dtype=np.uint8)
    wrong = np.flatnonzero(_ENCODING[bases].sum(axis=1) == 0)
    if wrong.size:
        raise InputError(
            f"{name} has the letter {sequence[wrong[0]]!r} at position {wrong[0]} (0-based), and only A, C, G, T "
            "and N are understood: replace other letters with N."
        )
    return bases.copy()


def to_string(bases: np.ndarray) -> str:
    """Turn one array of ASCII letters, shape (positions,), into a string."""
    return bases.tobytes().decode("ascii")


def one_hot(bases: np.ndarray) -> np.ndarray:
    """Encode bases, shape (..., positions), as ``float32`` of shape (..., positions, 4), channels A C G T.

    An N is encoded as .25 in each channel.
    """
    return _ENCODING[bases]


def shuffle_dinucleotides(bases: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Shuffle one sequence, shape (positions,), keeping the count of every dinucleotide.

    First and last base stay. The Euler-path shuffle of the deeplift package does the work.
    """
    legacy = np.random.RandomState(rng.integers(2**32, dtype=np.uint32))
    tokens, codes = np.unique(bases, return_inverse=True)
    shuffled = dinuc_shuffle(np.eye(len(tokens))[codes], rng=legacy)
    return tokens[shuffled.argmax(axis=1)]
