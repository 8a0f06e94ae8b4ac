"""Labels, or measured values, of sequences that a user hands in, and which split each sequence is in."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dfim.datasets.dataset import MISSING, SPLITS
from dfim.datasets.values import split_by_sequence
from dfim.errors import InputError, counted
from dfim.files.text import HeaderedTable, TableLines

NAME, SPLIT = "name", "split"
_LABELS = {"1": 1, "0": 0, "": MISSING}


@dataclass(frozen=True)
class Labels:
    """``answers`` (sequences, tasks): int8 labels (1, 0, -1 missing), or float32 values (NaN missing).

    ``split``: text (sequences,), empty where the table has no column ``split``, or no row for a sequence.
    """

    answers: np.ndarray
    split: np.ndarray


def read_labels(
    path: str | os.PathLike, names: Sequence[str], tasks: Sequence[str], values: bool = False
) -> Labels:
    """Read the labels of named sequences from a table: ``name``, a column for each task, and maybe ``split``.

    An empty cell is a missing label, as is a sequence without a row; other columns are left alone. With
    ``values`` the cells are numbers, else 1 and 0. ``split`` is ``train``, ``validation`` or ``test``, in
    every row. Raises InputError, naming file and line, for a column that is missing, a name that no sequence
    has or that is there twice, and a cell that is neither.
    """
    table = HeaderedTable(path, {NAME, *tasks})
    check_columns(path, table.header, tasks)
    splits = SPLIT in table.header
    (named, *cells), lines = table.columns([NAME, *tasks, *([SPLIT] if splits else [])])
    rows = _rows_of(named, names, lines)
    answers = np.full(
        (len(names), len(tasks)), np.nan if values else MISSING, np.float32 if values else np.int8
    )
    for number, task in enumerate(tasks):
        answers[rows, number] = (_values if values else _classes)(cells[number], task, lines)
    split = np.full(len(names), "", dtype=object)
    if splits:
        split[rows] = _splits(cells[-1], lines)
    return Labels(answers, split)


def check_columns(path: str | os.PathLike, header: Sequence[str], tasks: Sequence[str]) -> None:
    """Raise InputError where a table of labels lacks the column of names or that of a task."""
    for column in (NAME, *tasks):
        if column not in header:
            raise InputError(
                f"{path} has no column {column!r}; it has {', '.join(header)}: a table of labels has the "
                f"column {NAME!r} and one named as each task."
            )


def _rows_of(named: list[str], names: Sequence[str], lines: TableLines) -> np.ndarray:
    """Return the number of the sequence of each row."""
    numbers = {name: number for number, name in enumerate(names)}
    first: dict[str, int] = {}
    for row, name in enumerate(named):
        first.setdefault(name, row)
    lines.refuse(
        [name not in numbers for name in named],
        lambda row: f"there is no sequence {named[row]!r}; the first one is {names[0]!r}: mend the name",
    )
    lines.refuse(
        [first[name] != row for row, name in enumerate(named)],
        lambda row: (
            f"the sequence {named[row]!r} is on line {lines.numbers[first[named[row]]]} too: remove one row"
        ),
    )
    return np.array([numbers[name] for name in named], dtype=np.int64)


def _classes(cells: list[str], task: str, lines: TableLines) -> np.ndarray:
    lines.refuse(
        [cell.strip() not in _LABELS for cell in cells],
        lambda row: (
            f"the label of the task {task!r} is {cells[row]!r}, and 1, 0 or nothing (missing) is needed; "
            "measured values need the key values: true"
        ),
    )
    return np.array([_LABELS[cell.strip()] for cell in cells], dtype=np.int8)


def _values(cells: list[str], task: str, lines: TableLines) -> np.ndarray:
    found = np.full(len(cells), np.nan, np.float32)
    known = [row for row, cell in enumerate(cells) if cell.strip()]
    own = TableLines(lines.path, lines.numbers[known])
    found[known] = own.numbers_of(f"the value of the task {task!r}", [cells[row] for row in known])
    return found


def _splits(cells: list[str], lines: TableLines) -> list[str]:
    found = [cell.strip() for cell in cells]
    lines.refuse(
        [split not in SPLITS for split in found],
        lambda row: f"the split is {found[row]!r}, and one of {', '.join(SPLITS)} is needed",
    )
    return found


def split_of(labels: Labels, bases: np.ndarray, test: float, validation: float, seed: int) -> np.ndarray:
    """Return the split of each sequence (text): the table's, else by shares of the labelled sequences.

    Sequences without any label are in ``test``, where they change no measure. The shares are those of
    :func:`dfim.datasets.values.split_by_sequence`: a sequence and its reverse complement stay together.
    Raises InputError where no sequence has a label.
    """
    split = np.where(labels.split == "", "test", labels.split).astype(object)
    missing = np.isnan(labels.answers) if labels.answers.dtype.kind == "f" else labels.answers == MISSING
    known = ~missing.all(axis=1)
    if not known.any():
        raise InputError(
            f"none of {counted(len(split), 'sequence')} has a label: fill the columns of the tasks."
        )
    if not (labels.split != "").any():
        split[known] = split_by_sequence(bases[known], test, validation, seed)
    return split
