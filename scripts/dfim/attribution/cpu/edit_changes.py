"""What edits of sequences change in every layer: each by itself, and two of them together.

An edit changes each layer in a window alone, and is carried up once, however many copies have it. What two
edits of a sequence do together beyond what each does by itself,

    e = y(both) − y(one) − y(other) + y(neither),

is not 0 only where their windows meet, and goes through a convolution as any change does:

    z(both) = z + dz(one) + dz(other) + (convolution of the e of the stage below).

So a copy costs the windows that its edits have in common, of which there are none below the stage in which
they meet for the first time. All is exact but for rounding.
"""

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from dfim.attribution.cpu import kernels
from dfim.attribution.cpu.deeplift import Engine
from dfim.attribution.cpu.plan import Plan

# Pairs whose windows meet in about as much are carried together: so many sizes of what they have in common.
_SIZES = 16
# Numbers of the largest array of such pairs, so that it stays in the cache.
_VALUES = 120_000


def window_lengths(plan: Plan, width: int) -> list[tuple[int, int]]:
    """Return how many positions of each stage's convolution, and of its pool, an edit's window has."""
    found = []
    for stage in plan.stages:
        reached = width + stage.taps - 1
        _, width = stage.pooled_window(np.zeros(1, np.int64), reached)
        found.append((reached, width))
    return found


class _Windows:
    """Changes of many edits, each in a window: ``rows`` (rows, channels) once all are there.

    ``places`` (edits, 4) say where those of an edit lie, as :func:`kernels.pool_changed_together` asks: the
    first row, how many rows from one position to the next, the window's first position and its length.
    """

    def __init__(self, edits: int):
        self.places = np.zeros((edits, 4), np.int64)
        self._parts, self._used = [], 0

    def add(self, edits: np.ndarray, starts: np.ndarray, changes: np.ndarray) -> None:
        """Add the changes of some edits, [w, edits, channels], in windows from ``starts`` on."""
        length, number, channels = changes.shape
        columns = self._used + np.arange(number)
        self.places[edits] = np.column_stack([columns, 0 * starts + number, starts, 0 * starts + length])
        self._parts.append(changes.reshape(-1, channels))
        self._used += length * number

    @cached_property
    def rows(self) -> np.ndarray:
        parts, self._parts = self._parts, []  # not kept twice
        return np.concatenate(parts)


class EditChanges:
    """Changes by ``edits`` edits of sequences, of each of which z and y of every stage are known.

    ``z`` and ``y``: for each stage [position, sequence, channel]. ``sums`` (edits + 1, units): what an edit
    adds to the sums of the first dense layer; the last row, −1, is no edit.
    """

    def __init__(self, engine: Engine, z: list[np.ndarray], y: list[np.ndarray], edits: int):
        self.engine, self.z, self.y = engine, z, y
        self._dz, self._dy = ([_Windows(edits) for _ in engine.plan.stages] for _ in range(2))
        self.sums = np.zeros((edits + 1, engine.head.units), np.float32)

    def carry(self, edits: np.ndarray, owners: np.ndarray, starts: np.ndarray, change: np.ndarray) -> None:
        """Carry up some edits of one width, sorted by their starts.

        ``owners``: their sequences; ``change`` (edits, width, 4) is added to the rows from ``starts`` on.
        """
        dy = change
        for number, stage in enumerate(self.engine.plan.stages):
            dz = self.engine.spread(number, dy)
            z_starts = stage.changed_starts(starts)
            starts, length = stage.pooled_window(z_starts, len(dz))
            dy = np.empty((length, len(owners), stage.channels), np.float32)
            unchanged, pooled = self.z[number], self.y[number]
            kernels.pool_changed(unchanged, dz, z_starts, owners, stage.relu, stage.width, pooled, starts, dy)
            self._dz[number].add(edits, z_starts, dz)
            self._dy[number].add(edits, starts, dy)
        self.sums[edits] = self.engine.head.sums_changed(dy, starts)

    def add_together(self, owners: np.ndarray, pairs: np.ndarray, sums: np.ndarray) -> None:
        """Add to ``sums`` (pairs, units) what two edits do beyond what each does by itself.

        ``owners`` (pairs,): sequences; ``pairs`` (pairs, 2): their edits, negative for none.
        """
        both = np.flatnonzero((pairs[:, 0] >= 0) & (pairs[:, 1] >= 0))
        starts, common = _common(self._dy[-1].places[pairs[both]])
        meeting = common > 0
        both, starts = both[meeting], starts[meeting]
        # Below the last pool: pairs that share a pool differ in all that lies below it.
        _, common = _common(self._dz[-1].places[pairs[both]])
        for own in _alike(starts, np.maximum(common, 1), self.engine.plan):
            some = both[own]
            sums[some] += self._together(owners[some], pairs[some])

    def _together(self, owners: np.ndarray, pairs: np.ndarray) -> np.ndarray:
        """Return what pairs of edits, sorted by where their common windows start, add to the sums."""
        joint, joint_starts = np.empty((0, len(pairs), self.z[0].shape[2]), np.float32), 0 * owners
        for number, stage in enumerate(self.engine.plan.stages):
            starts, common = _common(self._dy[number].places[pairs])
            shape = (max(0, int(common.max())), len(pairs), stage.channels)
            found = np.empty(shape, np.float32)
            (dz, *z_places), (dy, *y_places) = (
                (kept[number].rows, *kept[number].places[pairs.T]) for kept in (self._dz, self._dy)
            )
            values = (self.z[number], dz, *z_places, joint, joint_starts, owners, stage.relu, stage.width)
            kernels.pool_changed_together(*values, self.y[number], dy, *y_places, starts, found)
            if number + 1 < len(self.engine.plan.stages):
                joint, joint_starts = self._convolved(number + 1, found, starts)
        return self.engine.head.sums_changed(found, starts)

    def _convolved(self, number: int, change: np.ndarray, starts: np.ndarray) -> tuple:
        """Return what a stage's convolution makes of changes, and where the windows start."""
        stage, (length, columns, _) = self.engine.plan.stages[number], change.shape
        nothing = np.empty((0, columns, stage.channels), np.float32)
        return self.engine.spread(number, change) if length else nothing, stage.changed_starts(starts)


def _common(places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where the common windows of two edits start, and how long they are; places (pairs, 2, 4)."""
    begins, ends = places[:, :, 2], places[:, :, 2] + places[:, :, 3]
    return begins.max(axis=1), ends.min(axis=1) - begins.max(axis=1)


def _alike(starts: np.ndarray, common: np.ndarray, plan: Plan) -> Iterator[np.ndarray]:
    """Yield the places of pairs that have about as much in common, sorted by where it starts."""
    if not len(common):
        return
    step = -(-int(common.max()) // _SIZES)
    sizes = -(-common // step)
    order = np.lexsort((starts, sizes))
    ends = np.flatnonzero(np.diff(sizes[order], append=0))
    channels = max(stage.channels for stage in plan.stages)
    begin = 0
    for end in ends + 1:
        columns = max(8, _VALUES // (int(sizes[order[begin]]) * step * channels))
        yield from (order[first : min(first + columns, end)] for first in range(begin, end, columns))
        begin = end
