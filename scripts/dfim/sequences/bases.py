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
    return _ENCODING.take(bases, axis=0)  # an index in brackets takes five times as long


def from_one_hot(rows: np.ndarray) -> np.ndarray:
    """Return the bases of one-hot rows (sequences, positions, 4); a row that is not one-hot is N.

    Raises InputError on another shape.
    """
    if rows.shape[2] != 4:
        raise InputError(
            f"the array of sequences has the shape {rows.shape}, and (sequences, positions, 4) is needed: "
            "channels last, in the order A, C, G, T."
        )
    known = ((rows == 1).sum(axis=2) == 1) & ((rows == 0).sum(axis=2) == 3)
    return np.where(known, _CODES[rows.argmax(axis=2)], ord("N")).astype(np.uint8)


def composition(bases: np.ndarray) -> np.ndarray:
    """Return the shares of A, C, G and T at each position of aligned sequences, float32 (positions, 4).

    ``bases`` has shape (examples, positions). An N counts as a quarter of each.
    """
    counts = np.array([(bases == letter).sum(axis=0) for letter in (*_CODES, ord("N"))])
    return ((counts[:4] + counts[4] / 4) / len(bases)).T.astype(np.float32)
