"""Sequences with other rows in one or two places, and the outputs of a network for them.

The pair test needs nothing of a network but such outputs. What computes them is a function from blocks to
values; :func:`whole_sequences` makes one from anything that gives logits.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from dfim.sequences.bases import one_hot


@dataclass
class Block:
    """``number`` edited copies of the sequence ``example``, a row of the dataset's bases.

    ``pieces``: start and rows, (number, width, 4) or (1, width, 4) for the same in all copies, of the places
    that are replaced; they do not overlap. No piece: the sequence as it is.
    """

    example: int
    number: int
    pieces: tuple[tuple[int, np.ndarray], ...] = ()


Evaluate = Callable[[Sequence[Block]], np.ndarray]


def whole_sequences(logits: Callable[[np.ndarray], np.ndarray], bases: np.ndarray, task: int) -> Evaluate:
    """Return what evaluates blocks as whole sequences, one task's output of every copy, one after the other.

    ``logits`` maps float (sequences, positions, 4) to the logits of all tasks; ``bases`` has shape (examples,
    positions).
    """

    def evaluate(blocks: Sequence[Block]) -> np.ndarray:
        counts = [block.number for block in blocks]
        x = one_hot(bases[np.repeat([block.example for block in blocks], counts)])
        first = 0
        for block in blocks:
            for start, rows in block.pieces:
                x[first : first + block.number, start : start + rows.shape[1]] = rows
            first += block.number
        return np.asarray(logits(x), np.float64)[:, task]

    return evaluate


def evaluated(
    evaluate: Evaluate, jobs: Iterator[tuple[object, Iterator[Block]]], most: int
) -> Iterator[tuple[object, list[np.ndarray]]]:
    """Yield every job with the values of its blocks, in order; at most about ``most`` copies at once.

    The blocks are made as they are evaluated, so that memory grows neither with the number of jobs nor with
    the blocks of one.
    """
    waiting: list[tuple[list, Block]] = []
    size = 0
    whole: list[tuple[object, list[np.ndarray]]] = []  # jobs of which every block waits or is evaluated
    for job, blocks in jobs:
        values: list[np.ndarray] = []
        for block in blocks:
            waiting.append((values, block))
            size += block.number
            if size >= most:
                _fill(evaluate, waiting)
                yield from whole
                waiting, whole, size = [], [], 0
        whole.append((job, values))
    _fill(evaluate, waiting)
    yield from whole


def _fill(evaluate: Evaluate, waiting: list[tuple[list, Block]]) -> None:
    """Evaluate the blocks that wait, and give each job its values."""
    if not waiting:
        return
    found = evaluate([block for _, block in waiting])
    parts = np.split(found, np.cumsum([block.number for _, block in waiting])[:-1])
    for (values, _), part in zip(waiting, parts, strict=True):
        values.append(part)
