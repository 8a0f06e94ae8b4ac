"""Sequences of a user's files: FASTA, or a one-hot array."""

import os

import numpy as np

from dfim.errors import InputError, counted
from dfim.files.text import text_lines
from dfim.sequences.bases import BASES, to_bases

_NUMPY_MAGIC = b"\x93NUMPY"
_ARRAY = "an array (sequences, positions, 4), (sequences, 4, positions) or (sequences, 1, 4, positions)"


def read_sequences(path: str | os.PathLike, distinct: bool = True) -> tuple[list[str], np.ndarray]:
    """Read sequences of one length from FASTA, gzipped or not, or from a NumPy array file (.npy).

    An array is one-hot, its channels in the order A, C, G, T, with the axes (sequences, positions, 4),
    (sequences, 4, positions) or (sequences, 1, 4, positions); a position with equal values in all channels
    is an N. Returns the names (``sequence_0``, … for an array) and the bases, ``uint8`` (sequences,
    positions).

    Pickled arrays are never loaded. Raises InputError, naming the line or the 0-based position, for letters
    other than A, C, G, T, N, values that are not one-hot, sequences of different lengths, sequences without a
    name and, where they are to be ``distinct``, two of one name.
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
    return _read_fasta(path, distinct)


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


def _read_fasta(path: str | os.PathLike, distinct: bool) -> tuple[list[str], np.ndarray]:
    """Return names (up to the first space) and bases of the sequences of a FASTA file."""
    names, lines, lengths, letters = [], [], [], bytearray()
    first_lines = {}
    for number, line in text_lines(path, "FASTA, gzipped or not, or a .npy file,"):
        where = f"{path}, line {number}"
        if line.startswith(">"):
            name = (line[1:].split() or [""])[0]
            if not name:
                raise InputError(f"{where}: the sequence has no name: write one after '>'.")
            if distinct and name in first_lines:
                raise InputError(
                    f"{where}: the sequence {name!r} is on line {first_lines[name]} too, and names must "
                    "differ: rename or remove one."
                )
            first_lines[name] = number
            names.append(name)
            lines.append(number)
            lengths.append(0)
        elif line.strip():
            if not names:
                break
            found = to_bases("".join(line.split()), f"{where}: the sequence {name!r}")
            lengths[-1] += len(found)
            letters += found.data
    if not names:
        raise InputError(f"{path} is not FASTA: it must begin with '>', and hold at least one sequence.")
    for name, number, length in zip(names, lines, lengths, strict=True):
        if not length:
            raise InputError(f"{path}, line {number}: the sequence {name!r} has no base: remove it.")
        if length != lengths[0]:
            raise InputError(
                f"{path}, line {number}: the sequence {name!r} has {counted(length, 'base')}, and the "
                f"first one has {lengths[0]}: all must have the one length that the network takes."
            )
    return names, np.frombuffer(letters, np.uint8).reshape(len(names), -1)
