"""Sequences with other rows in one or two places, and the logits of a network for them: pair tests ask."""

from collections.abc import Callable, Sequence
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


def logits_of_whole_copies(
    logits: Callable[[np.ndarray], np.ndarray], bases: np.ndarray, blocks: Sequence[Block], task: int
) -> np.ndarray:
    """Return a task's logit of every copy, one block after the other, float64; each as a whole sequence.

    ``logits`` maps float (sequences, positions, 4) to the logits of all tasks; ``bases`` has shape (examples,
    positions).
    """
    counts = [block.number for block in blocks]
    x = one_hot(bases[np.repeat([block.example for block in blocks], counts)])
    first = 0
    for block in blocks:
        for start, rows in block.pieces:
            x[first : first + block.number, start : start + rows.shape[1]] = rows
        first += block.number
    return np.asarray(logits(x), np.float64)[:, task]
