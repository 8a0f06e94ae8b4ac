"""DeepLIFT on the CPU as a scorer: it cuts work into pieces for its threads, and chooses how to score.

See :mod:`dfim.attribution.cpu.deeplift` for the engine, :mod:`dfim.attribution.cpu.telescope` for full maps.
"""

import logging
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np

from dfim.attribution.cpu.allocation import keep_freed_memory
from dfim.attribution.cpu.blas import one_blas_thread
from dfim.attribution.cpu.change_scores import ChangeScores
from dfim.attribution.cpu.costs import costs, numbers_of_paths
from dfim.attribution.cpu.crops import Crops, can_crop, crop
from dfim.attribution.cpu.deeplift import Engine
from dfim.attribution.cpu.edits import edited_logits, few_at_once, split, whole_logits
from dfim.attribution.cpu.plan import Plan, plan
from dfim.attribution.cpu.values import logits_of
from dfim.attribution.edits import Block
from dfim.attribution.mutants import Mutants, MutantScores
from dfim.attribution.scorer import Scorer
from dfim.errors import InputError

logger = logging.getLogger("dfim")

EVALUATIONS = ("auto", "batched", "windows", "paths")
# Values of a piece of work that a thread holds at once, so that it stays in the cache as far as it can.
_PIECE = 16_000_000
_PIECES = 32
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
        keep_freed_memory()
        self._plan = plan(layers, rule)
        self.engine = Engine(self._plan, self.reference, rule)
        self._can_crop = can_crop(self._plan, self.reference)
        self._threads = ThreadPoolExecutor(self.threads or available_cores())
        self.evaluation_used = None
        several = "s" if self.workers > 1 else ""
        logger.info("the network is evaluated on %d CPU core%s, compiled", self.workers, several)
        # What a thread takes at once, and of how many pieces a batch consists.
        self._batch_limit = options.get("batch_size") or _PIECE
        self._columns = self._piece_size(self._plan)
        self.batch_size = _PIECES * self._columns * self.workers

    @property
    def workers(self) -> int:
        """How many threads there are."""
        return self._threads._max_workers

    def close(self) -> None:
        self._threads.shutdown()

    def run(self, function: Callable, pieces: Iterable) -> list:
        """Map a function over pieces of work, in the threads, and return the results in order."""
        with one_blas_thread():
            # What is handed to another thread and waited for takes longer than many a piece.
            return list((map if self.workers == 1 else self._threads.map)(function, pieces))

    def _piece_size(self, plan: Plan) -> int:
        """Return how many sequences of a plan a thread takes at once.

        Few enough to stay in the cache, and enough to use the weights of a large dense layer for many.
        """
        values = sum(stage.positions * stage.channels for stage in plan.stages)
        return min(self._batch_limit, max(_PIECE // (12 * values), plan.fewest))

    def pieces(self, number: int, plan: Plan | None = None) -> list[slice]:
        """Cut so many sequences of a plan, by default the whole one, into pieces for the threads."""
        columns = self._columns if plan is None else self._piece_size(plan)
        columns = min(columns, -(-number // self.workers) or 1)
        return [slice(begin, begin + columns) for begin in range(0, number, columns)]

    def pieces_held(self, plan: Plan) -> int:
        """Return how many pieces' states fit in memory: z, and of each pool y, place, factor, multiplier."""
        values = sum((stage.positions + 4 * stage.pooled) * stage.channels for stage in plan.stages)
        return max(self.workers, _HELD // (4 * values * self._piece_size(plan)))

    def _contributions(self, x: np.ndarray, task: int) -> np.ndarray:
        result = np.empty_like(x)

        def score(piece: slice) -> None:
            state = self.engine.base(x[piece])
            self.engine.add_multipliers(state, task)
            np.multiply(state.multipliers, x[piece] - self.reference, out=result[piece])

        self.run(score, self.pieces(len(x)))
        return result

    def _logits(self, x: np.ndarray) -> np.ndarray:
        return np.concatenate(self.run(lambda piece: logits_of(self.engine, x[piece]), self.pieces(len(x))))

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
        size = -(-len(parts.whole_places) // (4 * self.workers))
        runs = few_at_once(parts.whole, min(max(size, 1), _MOST_WHOLE))
        jobs = [*((edited_logits, own) for own in pieces), *((whole_logits, own) for own in runs)]
        found = self.run(lambda job: job[0](self.engine, bases, job[1], task), jobs)
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
        threads = self.workers
        pieces = min(number, threads * -(-number // (threads * self._columns)))
        cuts = np.linspace(0, number, pieces + 1).astype(int).tolist()
        return [slice(*cut) for cut in pairwise(cuts)]

    def reference_logit(self, task: int) -> float:
        self._check_task(task)
        return float(self.engine.head.reference_logits[task])

    # ------------------------------------------------------------------------------------------ mutants

    def _score_mutants(self, bases, mutants: Mutants, task: int, importance: bool, channels: bool):
        evaluation = self._evaluation(bases, mutants, channels)
        if evaluation == "batched":
            return super()._score_mutants(bases, mutants, task, importance, channels)
        changes = ChangeScores(self, self.engine, bases, mutants, task, importance, channels)
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
        changes = ChangeScores(self, engine, cut, crops.mutants, task, False, channels, crops.top)
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


def available_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
