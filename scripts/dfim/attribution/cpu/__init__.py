"""DeepLIFT on the CPU as a scorer: it cuts work into pieces for its threads, and chooses how to score.

See :mod:`dfim.attribution.cpu.deeplift` for the engine, :mod:`dfim.attribution.cpu.telescope` for full maps.
"""

import logging
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise

import numpy as np

from dfim.attribution.cpu import kernels
from dfim.attribution.cpu.blas import one_blas_thread
from dfim.attribution.cpu.costs import costs, numbers_of_paths
from dfim.attribution.cpu.crops import Crops, can_crop, crop
from dfim.attribution.cpu.deeplift import Base, Engine
from dfim.attribution.cpu.deeplift import Mutants as Changes
from dfim.attribution.cpu.edits import edited_logits, few_at_once, split, whole_logits
from dfim.attribution.cpu.plan import Plan, clipped, plan
from dfim.attribution.cpu.telescope import Telescope
from dfim.attribution.edits import Block
from dfim.attribution.mutants import Mutants, MutantScores, scores_of_whole_mutants
from dfim.attribution.scorer import Scorer
from dfim.errors import InputError
from dfim.sequences.bases import one_hot

logger = logging.getLogger("dfim")

EVALUATIONS = ("auto", "batched", "windows", "paths")
# Values of a piece of work that a thread holds at once, so that it stays in the cache as far as it can.
_PIECE = 8_000_000
# From this many weights on, a dense layer is used for 32 sequences at once.
_MANY_WEIGHTS = 30_000
_PIECES = 8
# Copies of sequences that a thread evaluates whole at once.
_MOST_WHOLE = 256
# Bytes of the states of sequences, and of the paths of one, that are held while their mutants are scored.
_HELD = 500_000_000


class CpuDeepLift(Scorer):
    """Multiplier × (x − reference) by compiled loops around BLAS, in threads.

    ``evaluation``: how mutants are scored. ``batched``: each as a sequence of its own. ``windows``: as
    changes of their sequence, in the windows that matter. ``paths``: far effects through paths worked out
    once for each sequence, for full maps. ``auto`` (default) takes the one with the least arithmetic.
    """

    OPTIONS = ("batch_size", "threads", "rule", "evaluation")
    COMPLETE = True
    # What ``auto`` chooses among.
    _AUTO = EVALUATIONS[1:]

    def __init__(
        self, layers: list, reference, rule: str = "genomics_default", evaluation: str = "auto", **options
    ):
        """Raises NotPlanned for a network or rule that the engine does not take."""
        super().__init__(layers, reference, **options)
        if evaluation not in EVALUATIONS:
            raise InputError(f"there is no evaluation {evaluation!r}: use one of {', '.join(EVALUATIONS)}.")
        self.evaluation = evaluation
        self._plan = plan(layers, rule)
        self.engine = Engine(self._plan, self.reference, rule)
        self._can_crop = can_crop(self._plan, self.reference)
        self._threads = ThreadPoolExecutor(self.threads or available_cores())
        self.evaluation_used = None
        cores = self._threads._max_workers
        logger.info("the network is evaluated on %d CPU core%s, compiled", cores, "s" if cores > 1 else "")
        # What a thread takes at once, and of how many pieces a batch consists.
        self._batch_limit = options.get("batch_size") or _PIECE
        self._columns = self._piece_size(self._plan)
        self.batch_size = _PIECES * self._columns * self._threads._max_workers

    def close(self) -> None:
        self._threads.shutdown()

    def _run(self, function: Callable, pieces: Iterable) -> list:
        """Map a function over pieces of work, in the threads, and return the results in order."""
        with one_blas_thread():
            return list(self._threads.map(function, pieces))

    def _piece_size(self, plan: Plan) -> int:
        """Return how many sequences of a plan a thread takes at once.

        Few enough to stay in the cache, and enough to use the weights of a large dense layer for many.
        """
        values = sum(stage.positions * stage.channels for stage in plan.stages)
        weights = max(layer.kernel.size for layer in plan.head)
        return min(self._batch_limit, max(1, _PIECE // (12 * values), min(32, weights // _MANY_WEIGHTS)))

    def _pieces(self, number: int, plan: Plan | None = None) -> list[slice]:
        """Cut so many sequences of a plan, by default the whole one, into pieces for the threads."""
        columns = self._columns if plan is None else self._piece_size(plan)
        columns = min(columns, -(-number // self._threads._max_workers) or 1)
        return [slice(begin, begin + columns) for begin in range(0, number, columns)]

    def _pieces_held(self, plan: Plan) -> int:
        """Return how many pieces' states fit in memory: z, and of each pool y, place, factor, multiplier."""
        values = sum((stage.positions + 4 * stage.pooled) * stage.channels for stage in plan.stages)
        return max(self._threads._max_workers, _HELD // (4 * values * self._piece_size(plan)))

    def _contributions(self, x: np.ndarray, task: int) -> np.ndarray:
        result = np.empty_like(x)

        def score(piece: slice) -> None:
            state = self.engine.base(x[piece])
            self.engine.add_multipliers(state, task)
            np.multiply(state.multipliers, x[piece] - self.reference, out=result[piece])

        self._run(score, self._pieces(len(x)))
        return result

    def _logits(self, x: np.ndarray) -> np.ndarray:
        return np.concatenate(
            self._run(lambda piece: self.engine.base(x[piece]).head.logits, self._pieces(len(x)))
        )

    def edited_logits(self, bases: np.ndarray, blocks: Sequence[Block], task: int) -> np.ndarray:
        if self.evaluation == "batched":
            return super().edited_logits(bases, blocks, task)
        self._check_task(task)
        self._check_length(bases)
        parts = split(blocks, self.length) if blocks else None
        if parts is None:
            return np.empty(0)
        pieces = self._pieces_of_blocks(parts.carried)
        # Whole copies take most of the time where there are any: few enough at once to keep all threads busy.
        size = -(-len(parts.whole_places) // (4 * self._threads._max_workers))
        runs = few_at_once(parts.whole, min(max(size, 1), _MOST_WHOLE))
        jobs = [*((edited_logits, own) for own in pieces), *((whole_logits, own) for own in runs)]
        found = self._run(lambda job: job[0](self.engine, bases, job[1], task), jobs)
        result = np.empty(sum(map(len, blocks)))
        for places, values in (
            (parts.carried_places, found[: len(pieces)]),
            (parts.whole_places, found[len(pieces) :]),
        ):
            result[places] = np.concatenate(values) if values else np.empty(0)
        return result

    def _pieces_of_blocks(self, blocks: Sequence[Block]) -> list[list[Block]]:
        """Cut blocks into runs of few sequences; neighbours of one sequence stay together."""
        if not blocks:
            return []
        examples = [block.example for block in blocks]
        begins = np.flatnonzero(np.diff(examples, prepend=examples[0] - 1))
        ends = [*begins, len(blocks)]
        return [blocks[ends[piece.start] : ends[piece.stop]] for piece in self._even_pieces(len(begins))]

    def _even_pieces(self, number: int) -> list[slice]:
        """Cut into pieces of a size, as many for each thread as for every other."""
        threads = self._threads._max_workers
        pieces = min(number, threads * -(-number // (threads * self._columns)))
        cuts = np.linspace(0, number, pieces + 1).astype(int).tolist()
        return [slice(*cut) for cut in pairwise(cuts)]

    def reference_logit(self, task: int) -> float:
        self._check_task(task)
        return float(self.engine.head.reference_logits[task])

    # ------------------------------------------------------------------------------------------ mutants

    def score_mutants(
        self,
        bases: np.ndarray,
        mutants: Mutants,
        task: int,
        importance: bool = False,
        channels: bool = False,
    ) -> MutantScores:
        self._check_task(task)
        self._check_length(bases)
        evaluation = self._evaluation(bases, mutants, channels)
        if evaluation == "batched":
            contributions = partial(self.contributions, task=task)
            return scores_of_whole_mutants(contributions, bases, mutants, importance, channels)
        changes = _ChangeScores(self, self.engine, bases, mutants, task, importance, channels)
        if evaluation == "windows" and not importance and self._can_crop:
            crops = crop(self._plan, mutants, changes.firsts, changes.stops)
            if crops is not None:
                return self._scores_of_crops(crops, bases, mutants, task, channels)
        return changes.found(evaluation == "paths")

    def _scores_of_crops(
        self, crops: Crops, bases: np.ndarray, mutants: Mutants, task: int, channels: bool
    ) -> MutantScores:
        engine = self.engine.shortened(crops.plan)
        cut = crops.cut(bases)
        changes = _ChangeScores(self, engine, cut, crops.mutants, task, False, channels, crops.top)
        found = changes.found(False)
        pieces = [found.delta, found.absolute, *([found.channels] if channels else [])]
        result = [np.zeros((len(mutants), bases.shape[1]), np.float32) for _ in pieces]
        rows = crops.numbers[:, None]
        columns = crops.starts[crops.mutants.sequences][:, None] + np.arange(crops.plan.length)
        for whole, piece in zip(result, pieces, strict=True):
            whole[rows, columns] = piece
        return MutantScores(*result)

    def reach(self, starts: np.ndarray, widths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        first, stop = np.empty_like(starts), np.empty_like(starts)
        for width in np.unique(widths):
            same = widths == width
            first[same], length = self.engine.reach(starts[same], int(width))
            stop[same] = first[same] + length
        return first, stop

    def _evaluation(self, bases: np.ndarray, mutants: Mutants, channels: bool) -> str:
        """Return how to score these mutants, and say so in the log when it is for the first time."""
        window = int(np.mean(mutants.stops - mutants.firsts)) if len(mutants) else 1
        width = int(mutants.widths.mean()) if len(mutants) else 1
        found = costs(self._plan, len(bases), len(mutants), width, window)
        fits = 4 * numbers_of_paths(self._plan) <= _HELD
        among = [each for each in found if each in self._AUTO and (fits or each != "paths")]
        chosen = min(among, key=found.get) if self.evaluation == "auto" else self.evaluation
        if chosen == "paths" and (channels or (bases == ord("N")).any()):
            chosen = "windows"  # paths lead to one sum over bases, and other channels or an N need another
        if chosen != self.evaluation_used:
            share = found[chosen] / found["batched"]
            logger.info("mutants are scored by %s: %.2g of the arithmetic of whole mutants", chosen, share)
            self.evaluation_used = chosen
        return chosen


class _ChangeScores:
    """Mutants of some sequences, scored as changes of their sequences."""

    def __init__(
        self,
        scorer: CpuDeepLift,
        engine: Engine,
        bases: np.ndarray,
        mutants: Mutants,
        task: int,
        importance: bool,
        channels: bool = False,
        top: np.ndarray | None = None,
    ):
        """``top`` is for pieces of sequences, see :meth:`Engine.base`."""
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
        pieces = self.scorer._pieces(len(self.x), self.engine.plan)
        held = self.scorer._pieces_held(self.engine.plan)
        for begin in range(0, len(pieces), held):
            self._score_pieces(pieces[begin : begin + held], by_paths)
        if self.scores.absolute is None:
            self.scores.absolute = np.abs(self.scores.delta)
        return self.scores

    def _score_pieces(self, pieces: list[slice], by_paths: bool) -> None:
        """Score the mutants of some pieces; their states take memory until it is done."""
        states = self.scorer._run(lambda piece: self._base(piece, by_paths), pieces)
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
        self.scorer._run(lambda job: self._by_windows(*job), jobs)

    def _of(self, first: int, stop: int) -> np.ndarray:
        """Return the numbers of the mutants of the sequences first … stop − 1."""
        begin, end = np.searchsorted(self.sequences, (first, stop))
        return np.sort(self.by_sequence[begin:end])

    def _sequences_by_paths(self, piece: slice, state: Base) -> None:
        run = self.scorer._run
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
        for width in np.unique(widths[numbers]):
            same = numbers[widths[numbers] == width]
            windows = self.stops[same] - self.firsts[same]
            # Those of a block have windows as wide as its widest. Dense layers need neighbours together.
            alike = windows if self.engine.plan.linear_head and not by_paths else 0 * windows
            same = same[np.lexsort((mutants.starts[same], alike))]
            size = self.engine.plan.columns(int(width), None if by_paths else int(windows.max()))
            size = min(size, -(-len(same) // self.scorer._threads._max_workers))
            blocks += [same[begin : begin + size] for begin in range(0, len(same), size)]
        return blocks

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


def available_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
