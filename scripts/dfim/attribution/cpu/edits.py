"""Logits of edited sequences, from what an edit changes: pair tests need no more, and many of them.

An edit changes each layer in a window alone (:mod:`dfim.attribution.cpu.deeplift`); carried up to the first
dense layer it adds something to that layer's sums. Two edits of one sequence whose windows do not meet in the
last stage met nowhere below either, so that what they add is the sum of what each does. Where they meet, both
and what lies between them are one edit. All is exact but for rounding; sums of the changes are those of the
whole sequence.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from dfim.attribution.cpu import kernels
from dfim.attribution.cpu.deeplift import Engine
from dfim.attribution.edits import Block
from dfim.sequences.bases import one_hot

# From this share of a sequence on, an edit is evaluated as a whole sequence.
_MOST = 0.5
# Widths of joined edits are rounded up to multiples of this: those of one width are carried together.
_STEP = 8


@dataclass
class _Edits:
    """Edits of one piece of sequences, each in one place: ``owners``, ``starts``, and ``rows`` (width, 4)."""

    owners: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    rows: list[np.ndarray] = field(default_factory=list)
    known: dict[tuple, np.ndarray] = field(default_factory=dict)

    def add(self, owner: int, start: int, rows: np.ndarray) -> np.ndarray:
        """Return the numbers of the edits that put each of ``rows`` (copies, width, 4) at ``start``.

        The same rows at the same place, asked for once more, are the same edits.
        """
        key = (owner, start, rows.shape, rows.tobytes())
        if key not in self.known:
            self.known[key] = len(self.rows) + np.arange(len(rows))
            self.owners += [owner] * len(rows)
            self.starts += [start] * len(rows)
            self.rows += list(rows)
        return self.known[key]


class EditedPiece:
    """Some sequences, of which edited copies are evaluated; x float32 (sequences, length, 4)."""

    def __init__(self, engine: Engine, x: np.ndarray):
        self.engine, self.x = engine, x
        self.z, self.y, self.sums = _evaluated(engine, x)
        self.edits = _Edits()
        self.tops: dict[tuple[int, int], tuple[int, int]] = {}
        self.whole: list[np.ndarray] = []  # copies that are no edits, (copies, length, 4)

    def logits(self, blocks: Sequence[Block], task: int) -> np.ndarray:
        """Return a task's logit of every copy of the blocks, whose examples are the sequences' numbers."""
        copies = [self._copies(block) for block in blocks]
        changes = np.concatenate([self._changes(), np.zeros((1, self.sums.shape[1]), np.float32)])
        owners = np.repeat([block.example for block in blocks], [block.number for block in blocks])
        first, second, whole = np.concatenate(copies).T
        sums = self.sums[owners] + changes[first] + changes[second]
        if self.whole:
            sums[whole >= 0] = _evaluated(self.engine, np.concatenate(self.whole))[2]
        return self.engine.head.logits(sums)[:, task].astype(np.float64)

    def _copies(self, block: Block) -> np.ndarray:
        """Return the numbers of each copy's edits, −1 for none; 0 in the last column where it is whole."""
        copies = np.full((block.number, 3), -1)
        if any(rows.shape[1] > _MOST * self.x.shape[1] for _, rows in block.pieces):
            self.whole.append(self._applied(block, 0, self.x.shape[1]))
            copies[:, 2] = 0
        elif len(block.pieces) == 2 and self._meet(block):
            start = min(start for start, _ in block.pieces)
            end = max(start + rows.shape[1] for start, rows in block.pieces)
            end = min(start + -(-(end - start) // _STEP) * _STEP, self.x.shape[1])
            copies[:, 0] = self.edits.add(block.example, start, self._applied(block, start, end))
        else:
            for column, (start, rows) in enumerate(block.pieces):
                copies[:, column] = self.edits.add(block.example, start, rows)
        return copies

    def _applied(self, block: Block, start: int, end: int) -> np.ndarray:
        """Return the rows [start, end) of every copy, (copies, end − start, 4)."""
        rows = np.repeat(self.x[block.example, start:end][None], block.number, axis=0)
        for first, piece in block.pieces:
            rows[:, first - start : first - start + piece.shape[1]] = piece
        return rows

    def _meet(self, block: Block) -> bool:
        """Return whether the changes of two pieces reach a common position of the last stage."""
        one, other = sorted((start, rows.shape[1]) for start, rows in block.pieces)
        return self._top(*one)[1] > self._top(*other)[0]

    def _top(self, start: int, width: int) -> tuple[int, int]:
        """Return the interval of the last stage's positions that a place of the sequence reaches."""
        if (start, width) not in self.tops:
            starts, length = np.array([start]), width
            for stage in self.engine.plan.stages:
                starts, length = stage.needed_window(starts, length)
            self.tops[start, width] = int(starts[0]), int(starts[0]) + length
        return self.tops[start, width]

    def _changes(self) -> np.ndarray:
        """Return what every edit adds to the sums of the first dense layer, float32 (edits, units)."""
        found = np.zeros((len(self.edits.rows), self.sums.shape[1]), np.float32)
        owners, starts = np.array(self.edits.owners, np.int64), np.array(self.edits.starts, np.int64)
        for numbers in self._alike(starts):
            rows = np.stack([self.edits.rows[number] for number in numbers])
            own, first = owners[numbers], starts[numbers]
            old = self.x[own[:, None], first[:, None] + np.arange(rows.shape[1])]
            found[numbers] = self._change(own, first, np.ascontiguousarray(rows - old))
        return found

    def _alike(self, starts: np.ndarray) -> Iterator[np.ndarray]:
        """Yield the numbers of edits of one width, near each other and no more than the cache holds."""
        widths = np.array([len(rows) for rows in self.edits.rows], np.int64)
        for width in np.unique(widths):
            same = np.flatnonzero(widths == width)
            same = same[np.argsort(starts[same], kind="stable")]
            size = self.engine.plan.columns(int(width), 1)
            yield from (same[begin : begin + size] for begin in range(0, len(same), size))

    def _change(self, owners: np.ndarray, starts: np.ndarray, dy: np.ndarray) -> np.ndarray:
        for number, stage in enumerate(self.engine.plan.stages):
            width = dy.shape[1] if number == 0 else len(dy)
            dz = np.empty((width + stage.taps - 1, len(owners), stage.channels), np.float32)
            (kernels.spread if number else kernels.spread_sequences)(dy, stage.kernel, dz)
            z_starts = stage.changed_starts(starts)
            starts, length = stage.pooled_window(z_starts, len(dz))
            dy = np.empty((length, len(owners), stage.channels), np.float32)
            unchanged, pooled = self.z[number], self.y[number]
            kernels.pool_changed(unchanged, dz, z_starts, owners, stage.relu, stage.width, pooled, starts, dy)
        return self.engine.head.sums_changed(dy, starts)


def _evaluated(engine: Engine, x: np.ndarray) -> tuple[list, list, np.ndarray]:
    """Return z and y of every stage, [position, sequence, channel], and the sums of the first dense layer."""
    kept_z, kept_y, y = [], [], x
    for number, stage in enumerate(engine.plan.stages):
        z = engine.linear(number, y)
        y = np.empty((stage.pooled, len(x), stage.channels), np.float32)
        kernels.pool(z, stage.relu, stage.width, y)
        kept_z.append(z)
        kept_y.append(y)
    return kept_z, kept_y, engine.head.sums(engine.top_differences(y))


def edited_logits(engine: Engine, bases: np.ndarray, blocks: Sequence[Block], task: int) -> np.ndarray:
    """Return a task's logit of every copy of the blocks of some examples, float64.

    ``bases`` (examples, length), of all examples that blocks name.
    """
    examples, places = np.unique([block.example for block in blocks], return_inverse=True)
    piece = EditedPiece(engine, one_hot(bases[examples]))
    own = [Block(place, block.number, block.pieces) for block, place in zip(blocks, places, strict=True)]
    return piece.logits(own, task)
