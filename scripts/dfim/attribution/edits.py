"""Sequences with other rows in one or two places, and the logits of a network for them: pair tests ask."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from dfim.sequences.bases import one_hot

# In place of the number of an edit.
NONE = -1


@dataclass
class Block:
    """Edited copies of the sequence ``example``, a row of the dataset's bases.

    ``edits``: starts and rows, (n, width, 4), of places; each row of rows is an edit, and they are numbered
    from 0, one place after the other. ``copies`` int (copies, 2): the numbers of the edits of each copy,
    which do not overlap, or :data:`NONE`.
    """

    example: int
    edits: Sequence[tuple[int, np.ndarray]]
    copies: np.ndarray

    def __len__(self) -> int:
        return len(self.copies)

    def cut(self, most: int) -> list["Block"]:
        """Return blocks of at most ``most`` of the copies, in order."""
        if len(self) <= most:
            return [self]
        return [replace(self, copies=self.copies[at : at + most]) for at in range(0, len(self), most)]

    def applied(self, x: np.ndarray) -> np.ndarray:
        """Return every copy of the sequence x (length, 4), (copies, length, 4)."""
        x, first = np.repeat(x[None], len(self), axis=0), 0
        has = np.zeros(1 + sum(len(rows) for _, rows in self.edits), bool)
        has[self.copies] = True
        for start, rows in self.edits:
            if not has[first : first + len(rows)].any():
                first += len(rows)
                continue
            numbers = self.copies - first
            copy, column = np.nonzero((numbers >= 0) & (numbers < len(rows)))
            x[copy, start : start + rows.shape[1]] = rows[numbers[copy, column]]
            first += len(rows)
        return x


def logits_of_whole_copies(
    logits: Callable[[np.ndarray], np.ndarray], bases: np.ndarray, blocks: Sequence[Block], task: int
) -> np.ndarray:
    """Return a task's logit of every copy, one block after the other, float64; each as a whole sequence.

    ``logits`` maps float (sequences, positions, 4) to the logits of all tasks; ``bases`` has shape (examples,
    positions).
    """
    if not blocks:
        return np.empty(0)
    x = np.concatenate([block.applied(one_hot(bases[block.example])) for block in blocks])
    return np.asarray(logits(x), np.float64)[:, task]
