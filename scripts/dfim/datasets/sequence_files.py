"""Sequences of a user's files: FASTA, or a one-hot array."""

import gzip
import os
import zlib

import numpy as np

from dfim.errors import InputError
from dfim.files.text import is_gzipped
from dfim.sequences.bases import BASES, to_bases

_NUMPY_MAGIC = b"\x93NUMPY"
_ARRAY = "an array (sequences, positions, 4), (sequences, 4, positions) or (sequences, 1, 4, positions)"


def read_sequences(path: str | os.PathLike) -> tuple[list[str], np.ndarray]:
    """Read sequences of one length from FASTA, gzipped or not, or from a NumPy array file (.npy).

    An array is one-hot, its channels in the order A, C, G, T, with the axes (sequences, positions, 4),
    (sequences, 4, positions) or (sequences, 1, 4, positions); a position with equal values in all channels
    is an N. Returns the names (``sequence_0``, … for an array) and the bases, ``uint8`` (sequences,
    positions).

    Pickled arrays are never loaded. Raises InputError, naming the sequence and the 0-based position, for
    letters other than A, C, G, T, N, values that are not one-hot, and sequences of different lengths.
    """
    if not os.path.isfile(path):
        raise InputError(
            f"the sequences {path} were not found: give the path of a FASTA file or a .npy file."
        )
    with open(path, "rb") as handle:
        is_array = handle.read(len(_NUMPY_MAGIC)) == _NUMPY_MAGIC
    if is_array:
        bases = _read_array(path)
        return [f"sequence_{number}" for number in range(len(bases))], bases
    return _read_fasta(path)


def _read_array(path: str | os.PathLike) -> np.ndarray:
    """Return the bases of an array of one-hot sequences."""
    try:
        array = np.load(path, allow_pickle=False)
    except ValueError as error:
        raise InputError(
            f"{path} cannot be read as an array of numbers ({error}): save it as {_ARRAY}, without pickling."
        ) from None
    if array.ndim == 4 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim == 3 and array.shape[2] != 4 and array.shape[1] == 4:
        array = array.transpose(0, 2, 1)
    if array.ndim != 3 or array.shape[2] != 4 or not array.size or array.dtype.kind not in "biuf":
        raise InputError(
            f"{path} has the shape {array.shape} and the type {array.dtype}: {_ARRAY} is needed."
        )
    array = array.astype(np.float32)
    present = array == 1
    known = (present.sum(axis=2) == 1) & ((array == 0).sum(axis=2) == 3)
    unknown = (array == array[..., :1]).all(axis=2)
    wrong = np.argwhere(~known & ~unknown)
    if wrong.size:
        example, position = wrong[0]
        raise InputError(
            f"{path}, sequence {example}, position {position} (0-based) has the values "
            f"{array[example, position].tolist()}: one 1 and three 0 are needed, or four equal values for "
            "an N."
        )
    letters = np.frombuffer(BASES.encode(), dtype=np.uint8)[present.argmax(axis=2)]
    return np.where(unknown, np.uint8(ord("N")), letters)


def _read_fasta(path: str | os.PathLike) -> tuple[list[str], np.ndarray]:
    """Return names (up to the first space) and bases of the sequences of a FASTA file."""
    try:
        with gzip.open(path, "rt") if is_gzipped(path) else open(path) as handle:
            records = handle.read().split(">")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path} is a damaged gzip file ({error}): fetch it again.") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not text: FASTA, gzipped or not, or a .npy file is needed.") from None
    if records[0].strip() or len(records) == 1:
        raise InputError(f"{path} is not FASTA: it must begin with '>', and hold at least one sequence.")
    names, sequences = [], []
    for number, record in enumerate(records[1:]):
        header, _, letters = record.partition("\n")
        names.append((header.split() or [f"sequence_{number}"])[0])
        sequences.append(to_bases("".join(letters.split()), f"{path}: the sequence {names[-1]!r}"))
    lengths = [len(sequence) for sequence in sequences]
    for name, length in zip(names, lengths, strict=True):
        if length != lengths[0] or not length:
            raise InputError(
                f"{path}: the sequence {name!r} has {length} bases, and the first one has {lengths[0]}: all "
                "must have the one length that the network takes."
            )
    return names, np.stack(sequences)
