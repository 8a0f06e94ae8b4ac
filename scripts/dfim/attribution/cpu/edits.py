"""Logits of edited sequences, from what an edit changes: pair tests need no more, and many of them.

Copies of a sequence have no edit, one, or two; few edits make all of them
(:mod:`dfim.attribution.cpu.edit_changes`).
"""

from collections.abc import Iterator, Sequence

import numpy as np

from dfim.attribution.cpu import kernels
from dfim.attribution.cpu.deeplift import Engine
from dfim.attribution.cpu.edit_changes import EditChanges, window_lengths
from dfim.attribution.cpu.plan import Plan
from dfim.attribution.edits import Block
from dfim.sequences.bases import one_hot

# From this share of a sequence on, an edit is evaluated as a whole sequence.
_MOST = 0.5
# Bytes of the changes of edits that are kept for the copies that have them, in each thread.
_KEPT = 100_000_000
# Numbers of an array of a layer, of sequences that are evaluated at once, so that it stays in the cache.
_VALUES = 120_000
# Copies that go through the dense layers at once.
_ROWS = 256
_NONE, _WHOLE = -1, -2


class _Edits:
    """Edits of one piece of sequences, numbered, each in one place; the same is not listed twice."""

    def __init__(self, plan: Plan):
        self._plan = plan
        self._known: dict[tuple, int] = {}
        self._bytes: dict[int, int] = {}
        self._entries: list[tuple[int, int, np.ndarray]] = []
        self.number, self.size = 0, 0

    def add(self, owner: int, start: int, rows: np.ndarray) -> int:
        """Return the number of the first of the edits that put rows (edits, width, 4) at ``start``.

        The others follow it.
        """
        key = (owner, start, len(rows), rows.tobytes())
        if key not in self._known:
            self._known[key] = self.number
            self._entries.append((owner, start, rows))
            self.number += len(rows)
            self.size += len(rows) * self._bytes_of(rows.shape[1])
        return self._known[key]

    def _bytes_of(self, width: int) -> int:
        """Return how many bytes the changes of one edit take in all stages."""
        if width not in self._bytes:
            stages = zip(self._plan.stages, window_lengths(self._plan, width), strict=True)
            self._bytes[width] = sum(4 * stage.channels * sum(lengths) for stage, lengths in stages)
        return self._bytes[width]

    def by_width(self) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
        """Yield for each width the edits' numbers, sequences, starts, and rows (edits, width, 4)."""
        counts = [len(rows) for _, _, rows in self._entries]
        values = [(owner, start, rows.shape[1]) for owner, start, rows in self._entries]
        owners, starts, widths = np.repeat(np.array(values, np.int64).reshape(-1, 3), counts, axis=0).T
        for width in np.unique(widths):
            own = np.flatnonzero(widths == width)
            rows = np.concatenate([rows for _, _, rows in self._entries if rows.shape[1] == width])
            yield own, owners[own], starts[own], rows


class EditedPiece:
    """Some sequences, of which edited copies are evaluated; x float32 (sequences, length, 4)."""

    def __init__(self, engine: Engine, x: np.ndarray):
        self.engine, self.x = engine, x
        self.z, self.y = _evaluated(engine, x)
        self.sums = engine.head.sums(engine.top_differences(self.y[-1]))

    def logits(self, blocks: Sequence[Block], task: int) -> np.ndarray:
        """Return a task's logit of every copy of the blocks, whose examples are the sequences' numbers."""
        return np.concatenate([self._logits(*run, task) for run in self._runs(blocks)])

    def _runs(self, blocks: Sequence[Block]) -> Iterator[tuple[list[Block], _Edits, np.ndarray]]:
        """Yield runs of blocks whose edits' changes fit in memory: with the edits, and those of each copy.

        Copies (copies, 2) are the numbers of two edits, or :data:`_NONE` and :data:`_WHOLE`.
        """
        run, edits, copies = [], _Edits(self.engine.plan), []
        for block in blocks:
            run.append(block)
            copies.append(self._copies(block, edits))
            if edits.size > _KEPT:
                yield run, edits, np.concatenate(copies)
                run, edits, copies = [], _Edits(self.engine.plan), []
        if run:
            yield run, edits, np.concatenate(copies)

    def _copies(self, block: Block, edits: _Edits) -> np.ndarray:
        copies = np.empty((block.number, 2), np.int64)
        if self._is_whole(block):
            copies.fill(_WHOLE)
            return copies
        copies.fill(_NONE)
        for column, (start, rows) in enumerate(block.pieces):
            first = edits.add(block.example, start, rows)
            copies[:, column] = np.arange(first, first + len(rows)) if len(rows) > 1 else first
        return copies

    def _is_whole(self, block: Block) -> bool:
        widths = [rows.shape[1] for _, rows in block.pieces]
        return max(widths, default=0) > _MOST * self.x.shape[1]

    def _logits(self, blocks: list[Block], edits: _Edits, copies: np.ndarray, task: int) -> np.ndarray:
        changes = self._changes(edits)
        owners = np.repeat([block.example for block in blocks], [block.number for block in blocks])
        whole = copies[:, 0] == _WHOLE
        copies = np.maximum(copies, _NONE)
        sums = np.empty((len(copies), self.sums.shape[1]), np.float32)
        kernels.add_rows(self.sums, owners, changes.sums, copies, sums)
        if whole.any():
            sums[whole] = self._sums_of_whole(block for block in blocks if self._is_whole(block))
        changes.add_together(owners, copies, sums)
        rows = [sums[begin : begin + _ROWS] for begin in range(0, len(sums), _ROWS)]
        return np.concatenate([self.engine.head.logits(some, task) for some in rows])

    def _changes(self, edits: _Edits) -> EditChanges:
        changes = EditChanges(self.engine, self.z, self.y, edits.number)
        for numbers, owners, starts, rows in edits.by_width() if edits.number else ():
            width = rows.shape[1]
            order = np.argsort(starts, kind="stable")
            size = self.engine.plan.columns(width, 1)
            for begin in range(0, len(order), size):
                some = order[begin : begin + size]
                own, first = owners[some], starts[some]
                change = rows[some] - self.x[own[:, None], first[:, None] + np.arange(width)]
                changes.carry(numbers[some], own, first, change)
        return changes

    def _sums_of_whole(self, blocks: Iterator[Block]) -> np.ndarray:
        """Return the sums of the first dense layer of all copies of blocks, evaluated as sequences."""
        x = np.concatenate([self._applied(block) for block in blocks])
        largest = max(max(len(z), len(y)) * z.shape[2] for z, y in zip(self.z, self.y, strict=True))
        size = max(1, _VALUES // largest)
        parts = (x[begin : begin + size] for begin in range(0, len(x), size))
        tops = [self.engine.top_differences(_evaluated(self.engine, part)[1][-1]) for part in parts]
        # The weights of the first dense layer are many: all sequences use them at once.
        return self.engine.head.sums(np.concatenate(tops))

    def _applied(self, block: Block) -> np.ndarray:
        """Return every copy of a block, (copies, length, 4)."""
        x = np.repeat(self.x[block.example][None], block.number, axis=0)
        for start, rows in block.pieces:
            x[:, start : start + rows.shape[1]] = rows
        return x


def _evaluated(engine: Engine, x: np.ndarray) -> tuple[list, list]:
    """Return z and y of every stage, [position, sequence, channel]."""
    kept_z, kept_y, y = [], [], x
    for number, stage in enumerate(engine.plan.stages):
        z = engine.linear(number, y)
        y = np.empty((stage.pooled, len(x), stage.channels), np.float32)
        kernels.pool(z, stage.relu, stage.width, y)
        kept_z.append(z)
        kept_y.append(y)
    return kept_z, kept_y


def edited_logits(engine: Engine, bases: np.ndarray, blocks: Sequence[Block], task: int) -> np.ndarray:
    """Return a task's logit of every copy of the blocks of some examples, float64.

    ``bases`` (examples, length), of all examples that blocks name.
    """
    examples, places = np.unique([block.example for block in blocks], return_inverse=True)
    piece = EditedPiece(engine, one_hot(bases[examples]))
    own = [Block(place, block.number, block.pieces) for block, place in zip(blocks, places, strict=True)]
    return piece.logits(own, task)
