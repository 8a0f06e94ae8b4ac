"""Logits of edited sequences, from what an edit changes: pair tests need no more, and many of them.

Copies of a sequence have no edit, one, or two; few edits make all of them
(:mod:`dfim.attribution.cpu.edit_changes`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from dfim.attribution.cpu import kernels
from dfim.attribution.cpu.deeplift import Engine
from dfim.attribution.cpu.edit_changes import EditChanges, window_lengths
from dfim.attribution.cpu.values import stages_of, top_of
from dfim.attribution.edits import NONE, Block
from dfim.sequences.bases import one_hot

# From this share of a sequence on, an edit is evaluated as a whole sequence.
_MOST = 0.5
# Bytes of the changes of edits that are kept for the copies that have them, in each thread.
_KEPT = 100_000_000
# Numbers of an array of a layer, of sequences that are evaluated at once, so that it stays in the cache.
_VALUES = 120_000
# Copies that go through the dense layers at once.
_ROWS = 256


@dataclass
class Split:
    """Blocks of copies whose edits are carried, blocks of copies that are evaluated whole, and their places.

    Places are those among the copies of all blocks, one after the other.
    """

    carried: list[Block]
    carried_places: np.ndarray
    whole: list[Block]
    whole_places: np.ndarray


def split(blocks: Sequence[Block], length: int) -> Split:
    """Tell copies of sequences of a length by whether an edit is too wide to be carried."""
    parts, wide_ones = ([], []), []
    for block in blocks:
        wide = [rows.shape[1] > _MOST * length for _, rows in block.edits]
        of_edits = np.repeat(np.array([*wide, False]), [*(len(rows) for _, rows in block.edits), 1])
        one, other = of_edits[block.copies.T]  # none has the last number, and −1 takes it
        is_wide = one | other
        wide_ones.append(is_wide)
        for own, chosen in zip(parts, (~is_wide, is_wide), strict=True):
            if chosen.any():
                own.append(block if chosen.all() else replace(block, copies=block.copies[chosen]))
    is_wide = np.concatenate(wide_ones)
    return Split(parts[0], np.flatnonzero(~is_wide), parts[1], np.flatnonzero(is_wide))


class _Edits:
    """The edits that copies of some blocks have, numbered anew; blocks' examples are numbers of sequences.

    ``copies`` (copies, 2) are numbers of edits, or :data:`NONE`; ``owners`` (copies,) the sequences.
    """

    def __init__(self, blocks: Sequence[Block]):
        self.number, self._entries = 0, []
        self.copies = np.concatenate([self._add(block) for block in blocks])
        self.owners = np.repeat([block.example for block in blocks], [len(block) for block in blocks])

    def _add(self, block: Block) -> np.ndarray:
        """Take the edits that the copies of a block have, and return their new numbers."""
        first, used = 0, np.zeros(1 + sum(len(rows) for _, rows in block.edits), bool)
        used[block.copies] = True
        used[NONE] = False
        numbers = np.where(used, self.number - 1 + np.cumsum(used), NONE)
        for start, rows in block.edits:
            own = used[first : first + len(rows)]
            first += len(rows)
            if own.any():
                self._entries.append((block.example, start, rows if own.all() else rows[own]))
        self.number += int(used.sum())
        return numbers[block.copies]

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
        self.z, self.y = zip(*stages_of(engine, x), strict=True)
        self.sums = engine.head.sums(engine.top_differences(self.y[-1]))
        self._bytes: dict[int, int] = {}

    def logits(self, blocks: Sequence[Block], task: int) -> np.ndarray:
        """Return a task's logit of every copy of the blocks, whose examples are the sequences' numbers."""
        return np.concatenate([self._logits(run, task) for run in self._runs(blocks)])

    def _runs(self, blocks: Sequence[Block]) -> Iterator[list[Block]]:
        """Yield runs of blocks whose edits' changes fit in memory; copies of one may be cut in several."""
        run, size = [], 0
        for block in blocks:
            each = [self._bytes_of(rows.shape[1]) for _, rows in block.edits]
            whole = sum(len(rows) * one for (_, rows), one in zip(block.edits, each, strict=True))
            if run and size + whole > _KEPT:
                yield run
                run, size = [], 0
            if whole <= _KEPT:
                run.append(block)
                size += whole
            else:  # no copy has more than two edits
                yield from ([part] for part in block.cut(max(1, _KEPT // (2 * max(each)))))
        if run:
            yield run

    def _bytes_of(self, width: int) -> int:
        """Return how many bytes the changes of one edit take in all stages."""
        if width not in self._bytes:
            plan = self.engine.plan
            stages = zip(plan.stages, window_lengths(plan, width), strict=True)
            self._bytes[width] = sum(4 * stage.channels * sum(lengths) for stage, lengths in stages)
        return self._bytes[width]

    def _logits(self, blocks: list[Block], task: int) -> np.ndarray:
        edits = _Edits(blocks)
        changes = self._changes(edits)
        sums = np.empty((len(edits.copies), self.sums.shape[1]), np.float32)
        kernels.add_rows(self.sums, edits.owners, changes.sums, edits.copies, sums)
        changes.add_together(edits.owners, edits.copies, sums)
        return _logits_of_sums(self.engine, sums, task)

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


def _logits_of_sums(engine: Engine, sums: np.ndarray, task: int) -> np.ndarray:
    """Return a task's logit, float64, that sums of the first dense layer lead to."""
    rows = (sums[begin : begin + _ROWS] for begin in range(0, len(sums), _ROWS))
    return np.concatenate([engine.head.logits(some, task) for some in rows])


def edited_logits(engine: Engine, bases: np.ndarray, blocks: Sequence[Block], task: int) -> np.ndarray:
    """Return a task's logit of every copy of the blocks of some examples, float64, from what edits change.

    ``bases`` (examples, length), of all examples that blocks name.
    """
    examples, places = np.unique([block.example for block in blocks], return_inverse=True)
    piece = EditedPiece(engine, one_hot(bases[examples]))
    own = [replace(block, example=int(place)) for block, place in zip(blocks, places, strict=True)]
    return piece.logits(own, task)


def whole_logits(engine: Engine, bases: np.ndarray, blocks: Sequence[Block], task: int) -> np.ndarray:
    """Return what :func:`edited_logits` does, each copy evaluated as a sequence of its own."""
    x = np.concatenate([block.applied(one_hot(bases[block.example])) for block in blocks])
    largest = max(max(stage.positions, stage.pooled) * stage.channels for stage in engine.plan.stages)
    size = max(1, _VALUES // largest)
    parts = (x[begin : begin + size] for begin in range(0, len(x), size))
    tops = [top_of(engine, part) for part in parts]
    # The weights of the first dense layer are many: all sequences use them at once.
    return _logits_of_sums(engine, engine.head.sums(np.concatenate(tops)), task)


def few_at_once(blocks: Sequence[Block], most: int) -> list[list[Block]]:
    """Cut blocks into runs of at most ``most`` copies."""
    runs, size = [], most
    for part in (part for block in blocks for part in block.cut(most)):
        if size + len(part) > most:
            runs.append([])
            size = 0
        runs[-1].append(part)
        size += len(part)
    return runs
