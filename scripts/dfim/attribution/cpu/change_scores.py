"""Mutants as changes of their sequences, in windows or through paths, worked out by a scorer's threads."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from dfim.attribution.cpu import kernels
from dfim.attribution.cpu.deeplift import Base, Engine
from dfim.attribution.cpu.deeplift import Mutants as Changes
from dfim.attribution.cpu.plan import clipped
from dfim.attribution.cpu.telescope import Telescope
from dfim.attribution.mutants import Mutants, MutantScores
from dfim.sequences.bases import one_hot


class ChangeScores:
    """Mutants of some sequences, scored as changes of their sequences."""

    def __init__(
        self,
        scorer,
        engine: Engine,
        bases: np.ndarray,
        mutants: Mutants,
        task: int,
        importance: bool,
        channels: bool = False,
        top: np.ndarray | None = None,
    ):
        """``scorer`` is a CpuDeepLift; ``top`` is for pieces of sequences, see :meth:`Engine.base`."""
        self.scorer, self.engine, self.mutants = scorer, engine, mutants
        self.task, self.importance, self.top = task, importance, top
        self.by_sequence = np.argsort(mutants.sequences, kind="stable")
        self.sequences = mutants.sequences[self.by_sequence]
        self.x = one_hot(bases)
        self.difference = self.x - scorer.reference[: bases.shape[1]]
        self.weight = self.x * self.difference
        self.uncertain = bool((bases == ord("N")).any())
        shape = (len(mutants), bases.shape[1])
        self.scores = MutantScores(np.zeros(shape, np.float32), None)
        if self.uncertain:
            self.scores.absolute = np.zeros(shape, np.float32)
        if channels:
            self.scores.channels = np.zeros(shape, np.float32)
        if importance:
            self.scores.importance = np.full((len(bases), shape[1]), np.nan, np.float32)
            self.scores.own = [np.empty(0, np.float32)] * len(mutants)
        self.firsts, self.stops = self._needed()

    def _needed(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the interval in which the change of each mutant must be worked out; empty where it is 0."""
        mutants, widths = self.mutants, self.mutants.widths
        first, stop = self.scorer.reach(mutants.starts, widths)
        if self.top is not None:  # pieces end where the reach does
            first, stop = np.zeros_like(first), np.full_like(stop, self.x.shape[1])
        firsts, stops = np.maximum(mutants.firsts, first), np.minimum(mutants.stops, stop)
        if self.importance:
            empty = firsts >= stops
            firsts = np.where(empty, mutants.starts, np.minimum(firsts, mutants.starts))
            stops = np.where(empty, mutants.starts + widths, np.maximum(stops, mutants.starts + widths))
        return firsts, stops

    def found(self, by_paths: bool) -> MutantScores:
        """Score all mutants; ``by_paths`` through paths of whole sequences, else in windows."""
        pieces = self.scorer.pieces(len(self.x), self.engine.plan)
        held = self.scorer.pieces_held(self.engine.plan)
        for begin in range(0, len(pieces), held):
            self._score_pieces(pieces[begin : begin + held], by_paths)
        if self.scores.absolute is None:
            self.scores.absolute = np.abs(self.scores.delta)
        return self.scores

    def _score_pieces(self, pieces: list[slice], by_paths: bool) -> None:
        """Score the mutants of some pieces; their states take memory until it is done."""
        states = self.scorer.run(lambda piece: self._base(piece, by_paths), pieces)
        bases = list(zip(pieces, states, strict=True))
        if by_paths:
            for piece, state in bases:
                self._sequences_by_paths(piece, state)
            return
        jobs = [
            (piece.start, state, numbers)
            for piece, state in bases
            for numbers in self._blocks(self._of(piece.start, piece.stop), False)
        ]
        self.scorer.run(lambda job: self._by_windows(*job), jobs)

    def _of(self, first: int, stop: int) -> np.ndarray:
        """Return the numbers of the mutants of the sequences first … stop − 1."""
        begin, end = np.searchsorted(self.sequences, (first, stop))
        return np.sort(self.by_sequence[begin:end])

    def _sequences_by_paths(self, piece: slice, state: Base) -> None:
        run = self.scorer.run
        for owner in range(piece.start, min(piece.stop, len(self.x))):
            weight, task = self.weight[owner], self.task
            paths = Telescope(self.engine, state, owner - piece.start, weight, task, run)
            score = partial(self._by_paths, paths, piece.start)
            run(score, self._blocks(self._of(owner, owner + 1), True))

    def _base(self, piece: slice, whole: bool) -> Base:
        """Evaluate sequences, with the multipliers that their mutants need, and importance if asked."""
        state = self.engine.base(self.x[piece], None if self.top is None else self.top[piece])
        columns, length = len(self.x[piece]), self.x.shape[1]
        first, stop = np.full(columns, length), np.zeros(columns, np.int64)
        firsts, stops = self.firsts, self.stops
        if self.importance:
            firsts, stops = np.minimum(firsts, self.mutants.firsts), np.maximum(stops, self.mutants.stops)
        mine = self._of(piece.start, piece.stop)
        mine = mine[firsts[mine] < stops[mine]]
        owners = self.mutants.sequences[mine] - piece.start
        np.minimum.at(first, owners, firsts[mine])
        np.maximum.at(stop, owners, stops[mine])
        window = int((stop - first).max(initial=1))
        if whole or window > 0.8 * length:
            first, window = np.zeros(columns, np.int64), length
        first, window = clipped(first, max(window, 1), length)
        self.engine.add_multipliers(state, self.task, first, window, own=self.importance)
        if self.importance:
            positions = first[:, None] + np.arange(window)
            rows = np.arange(columns)[:, None]
            values = (state.multipliers * self.weight[piece][rows, positions]).sum(axis=2)
            self.scores.importance[piece][rows, positions] = values
        return state

    def _blocks(self, numbers: np.ndarray, by_paths: bool) -> list[np.ndarray]:
        """Cut mutants into blocks of one width that start near each other, or have alike windows."""
        mutants, widths = self.mutants, self.mutants.widths
        numbers = numbers[self.firsts[numbers] < self.stops[numbers]]
        blocks = []
        for same in self._alike(numbers, by_paths):
            windows = self.stops[same] - self.firsts[same]
            width = int(widths[same[0]])
            # Below a linear head neighbours need not be together, and windows are as wide as the widest.
            alike = windows if self.engine.plan.linear_head and not by_paths else 0 * windows
            same = same[np.lexsort((mutants.starts[same], alike))]
            size = self.engine.plan.columns(width, None if by_paths else int(windows.max()))
            size = min(size, -(-len(same) // self.scorer.workers))
            blocks += [same[begin : begin + size] for begin in range(0, len(same), size)]
        return blocks

    def _alike(self, numbers: np.ndarray, by_paths: bool) -> Iterator[np.ndarray]:
        """Yield mutants of one width; below dense layers those with wide windows, and the others."""
        apart = not by_paths and not self.engine.plan.linear_head
        for width in np.unique(self.mutants.widths[numbers]):
            same = numbers[self.mutants.widths[numbers] == width]
            windows = self.stops[same] - self.firsts[same]
            wide = 2 * windows > windows.max() if apart else np.ones(len(same), bool)
            yield from (part for part in (same[wide], same[~wide]) if len(part))

    def _changes(self, numbers: np.ndarray, first: int) -> Changes:
        """Return mutants of one width as changes; ``first``: number of the sequence that is the base's 0."""
        mutants = self.mutants
        owners, starts = mutants.sequences[numbers], mutants.starts[numbers]
        rows = mutants.rows[numbers, : mutants.widths[numbers[0]]]
        positions = starts[:, None] + np.arange(rows.shape[1])
        change = np.ascontiguousarray(rows - self.x[owners[:, None], positions])
        return Changes(owners - first, starts, change)

    def _by_paths(self, paths: Telescope, first: int, numbers: np.ndarray) -> None:
        changes = self._changes(numbers, first)
        found, own = paths.importance_changes(changes, self.importance)
        mutants, width = self.mutants, changes.change.shape[1]
        asked = (mutants.firsts[numbers], mutants.stops[numbers], mutants.starts[numbers], width)
        kernels.put_changes(found, *asked, numbers, self.scores.delta)
        if self.importance:
            self._put_own(own, changes, numbers)

    def _by_windows(self, first: int, state: Base, numbers: np.ndarray) -> None:
        """Score a block; ``first``: number of the sequence that is the base's 0."""
        mutants, changes = self.mutants, self._changes(numbers, first)
        width = changes.change.shape[1]
        firsts, stops = self.firsts[numbers], self.stops[numbers]
        # As wide for all as the widest is, but nowhere beyond what is known of the unchanged sequences.
        known = state.starts[changes.owners]
        to, window = clipped(firsts - known, int((stops - firsts).max()), state.length)
        to += known
        targets = None if mutants.targets is None else mutants.targets[numbers]
        # What the mutated rows become is asked for beside the targets.
        found = self.engine.changes(
            state, self.task, changes, to, window, None if self.importance else targets
        )
        owners = mutants.sequences[numbers]
        asked = (mutants.firsts[numbers], mutants.stops[numbers])
        targets = np.stack(asked, axis=1)[:, None] if targets is None else targets
        asked = (*asked, targets, changes.starts, width)
        put = partial(kernels.put_weighted, found, to)
        put(self.weight, owners, *asked, numbers, self.scores.delta, False)
        if self.uncertain:
            put(self.weight, owners, *asked, numbers, self.scores.absolute, True)
        if self.scores.channels is not None:
            put(self.difference, owners, *asked, numbers, self.scores.channels, False)
        if self.importance:
            rows = np.arange(len(numbers))[:, None]
            own = changes.starts[:, None] + np.arange(width)
            before = state.multipliers[changes.owners[:, None], own - known[:, None]]
            self._put_own(found[rows, own - to[:, None]] + before, changes, numbers)

    def _put_own(self, multipliers: np.ndarray, changes: Changes, numbers: np.ndarray) -> None:
        """Keep the importance of the mutated rows, whose multipliers are (mutants, width, 4)."""
        own = changes.starts[:, None] + np.arange(changes.change.shape[1])
        x = changes.change + self.x[self.mutants.sequences[numbers][:, None], own]
        values = (multipliers * x * (x - self.scorer.reference[own])).sum(axis=2)
        for number, value in zip(numbers, values, strict=True):
            self.scores.own[number] = value
