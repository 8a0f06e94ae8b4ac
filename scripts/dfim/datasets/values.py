"""Libraries: aligned sequences of one length with a measured value each, as a dataset.

They come as a table, or as the array of the values of all flanks of a core.
"""

import os

import numpy as np
import pandas as pd

from dfim.datasets.dataset import SPLITS, Dataset
from dfim.errors import InputError, counted
from dfim.files.text import HeaderedTable, TableLines
from dfim.sequences.bases import BASES, reverse_complement, to_bases

COLUMNS = {"sequence": "sequence", "value": "value", "weight": None, "noise_free": None}
_LETTERS = np.frombuffer(BASES.encode(), np.uint8)


def read_table_of_values(path: str | os.PathLike, columns: dict) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Read sequences and what was measured of them from a table (TSV, or CSV by its name; gzip or not).

    ``columns`` names the table's columns by role: ``sequence``, ``value`` and, if there are any, ``weight``
    (above 0, e.g. the number of replicates) and ``noise_free`` (the value without the noise of measurement).
    Returns the bases, uint8 (examples, positions), and the numbers by role, float32 (examples,). Rows
    without a value are left out.

    Raises InputError, naming file, column and line, on a missing column, on a sequence of another length or
    with other letters than A, C, G, T and N, on a value that is no number and a weight that is not above 0.
    """
    separator = "," if str(path).removesuffix(".gz").endswith(".csv") else "\t"
    roles = {role: name for role, name in (COLUMNS | columns).items() if name}
    table = HeaderedTable(path, set(roles.values()), separator)
    for role, name in roles.items():
        if name not in table.header:
            raise InputError(
                f"{path} has no column {name!r} for the {role}; it has {', '.join(table.header)}: name one "
                "of them."
            )
    cells, lines = table.columns(list(roles.values()))
    cells = dict(zip(roles, cells, strict=True))
    measured = [row for row, value in enumerate(cells["value"]) if value.strip()]
    if not measured:
        raise InputError(f"{path} has no row with a value; give it one row per sequence.")
    lines = TableLines(path, lines.numbers[measured])
    cells = {role: [column[row] for row in measured] for role, column in cells.items()}
    numbers = {
        role: lines.numbers_of(f"the column {roles[role]!r}", column).astype(np.float32)
        for role, column in cells.items()
        if role != "sequence"
    }
    if "weight" in numbers:
        lines.refuse(
            ~(numbers["weight"] > 0),
            lambda row: (
                f"the weight is {numbers['weight'][row]:g}, and it must be above 0: leave the row out or "
                "mend it"
            ),
        )
    return _bases([sequence.strip() for sequence in cells["sequence"]], lines), numbers


def _bases(sequences: list[str], lines: TableLines) -> np.ndarray:
    length = len(sequences[0])
    lines.refuse(
        [len(sequence) != length for sequence in sequences],
        lambda row: (
            f"the sequence has {counted(len(sequences[row]), 'base')}, and the first one has {length}: all "
            "sequences of a library must have the same length"
        ),
    )
    lines.refuse(
        [not sequence for sequence in sequences], lambda row: "the sequence is empty: write its bases"
    )
    try:
        return to_bases("".join(sequences)).reshape(len(sequences), -1)
    except InputError:
        for row, sequence in enumerate(sequences):
            to_bases(sequence, f"{lines.where(row)}: the sequence")
        raise


def all_flanks(path: str | os.PathLike, core: str) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Read the values of all flanks of a core from an array: the form of :func:`read_table_of_values`.

    The file (npy) holds 4^k numbers, k even. Number i belongs to the flanks that i spells in base 4, digits
    A, C, G, T, first digit first: k/2 bases before the core and k/2 after it. NaN means no value.

    Raises InputError when the file is no such array.
    """
    try:
        values = np.load(path, allow_pickle=False)
    except ValueError as error:
        raise InputError(
            f"{path} is no array of NumPy (.npy): {error}; save the numbers with numpy.save."
        ) from None
    flanks = round(np.log(max(values.size, 1)) / np.log(4))
    if (
        values.ndim != 1
        or values.dtype.kind not in "fiu"
        or values.size != 4**flanks
        or flanks % 2
        or not flanks
    ):
        raise InputError(
            f"{path} holds an array of shape {values.shape} and type {values.dtype}, and the values of all "
            "flanks are needed: 4^k numbers for k bases, as many before the core as after it."
        )
    digits = np.arange(values.size)[:, np.newaxis] // 4 ** np.arange(flanks - 1, -1, -1) % 4
    middle = np.broadcast_to(to_bases(core, "the core"), (values.size, len(core)))
    before, after = np.split(_LETTERS[digits], 2, axis=1)
    known = np.isfinite(values)
    return np.concatenate([before, middle, after], axis=1)[known], {"value": values[known].astype(np.float32)}


def split_by_sequence(bases: np.ndarray, test: float, validation: float, seed: int) -> np.ndarray:
    """Return the split of each example (text), sequences and their reverse complements kept together.

    ``bases`` has shape (examples, positions). The shares ``test`` and ``validation`` are of the different
    sequences, a sequence and its reverse complement being one.
    """
    group = _groups(bases)
    order = np.random.default_rng(seed).permutation(group.max() + 1)
    ends = np.round(np.array([1 - test - validation, 1 - test, 1]) * len(order))
    return np.array(SPLITS)[np.searchsorted(ends, order[group], side="right")]


def _groups(bases: np.ndarray) -> np.ndarray:
    """Return the number of each sequence among the different ones, sorted; either strand is the sequence.

    As ``np.unique`` with its inverse, which holds more copies of all sequences.
    """
    lesser = _as_words(np.ascontiguousarray(reverse_complement(bases)))
    own = _as_words(np.ascontiguousarray(bases))
    np.copyto(lesser, own, where=own <= lesser)
    order = np.argsort(lesser)
    lesser = lesser[order]
    group = np.empty(len(order), np.int64)
    group[order] = np.cumsum(np.concatenate([[0], lesser[1:] != lesser[:-1]]))
    return group


def _as_words(bases: np.ndarray) -> np.ndarray:
    """Return each row of letters as one value that can be compared."""
    return bases.view(f"S{bases.shape[1]}")[:, 0]


def library_dataset(
    bases: np.ndarray,
    numbers: dict[str, np.ndarray],
    task: str,
    test: float = 0.1,
    validation: float = 0.1,
    seed: int = 0,
) -> Dataset:
    """Return the dataset of a library: measured values of one task, no features.

    ``bases`` and ``numbers`` are those of :func:`read_table_of_values`, ``test`` and ``validation`` the
    shares of :func:`split_by_sequence`. An example's name is its sequence. Weights are scaled to a mean of
    1. Raises InputError when a split has no example.
    """
    split = split_by_sequence(bases, test, validation, seed)
    for name in SPLITS:
        if not (split == name).any():
            raise InputError(
                f"the library has {counted(len(bases), 'sequence')}, of which none is left for the split "
                f"{name}: give "
                f"it more, or change the shares for testing ({test:g}) and validation ({validation:g})."
            )
    names = _as_words(np.ascontiguousarray(bases)).astype(f"U{bases.shape[1]}")
    examples = pd.DataFrame(
        {"example": np.arange(len(bases)), "name": names, "origin": "library", "split": split}
    )
    weights, noise_free = numbers.get("weight"), numbers.get("noise_free")
    return Dataset(
        bases,
        numbers["value"][:, np.newaxis],
        [task],
        examples,
        weights=None if weights is None else weights / weights.mean(),
        noise_free=None if noise_free is None else noise_free[:, np.newaxis],
    )
