"""Pieces of sequences that hold all that a few mutations can change, for networks with a linear head.

Below a linear head a mutation has effects within the network's reach alone, and they are the same when the
sequence is cut to the pools that see the mutation and its targets, as long as the cut falls between pools and
nothing is padded. Scoring a piece costs what its length does.
"""

from dataclasses import dataclass, replace

import numpy as np

from dfim.attribution.cpu.plan import Plan, Stage, clipped
from dfim.attribution.mutants import Mutants

# Pieces longer than one mutant needs hold neighbouring ones too: those that are the fewest bases together.
_ROOM = (1, 1.5, 2.5)
# From this share of a sequence on, a piece is not worth its while.
_MOST = 0.7


@dataclass
class Crops:
    """Pieces of sequences, and their mutants.

    ``sequences`` and ``starts`` (pieces,): where each begins; ``top`` its first pooled position of the last
    stage. ``numbers`` are those of the mutants of which any change is asked for, ``mutants`` these mutants
    in the pieces.
    """

    plan: Plan
    sequences: np.ndarray
    starts: np.ndarray
    top: np.ndarray
    numbers: np.ndarray
    mutants: Mutants

    def cut(self, bases: np.ndarray) -> np.ndarray:
        """Return the pieces of bases, (pieces, length)."""
        return bases[self.sequences[:, None], self.starts[:, None] + np.arange(self.plan.length)]


def can_crop(plan: Plan, reference: np.ndarray) -> bool:
    """Return whether pieces score as whole sequences do: nothing padded, one reference for all positions."""
    padded = any(stage.left or stage.positions + stage.taps - 1 != inputs for stage, inputs in _inputs(plan))
    return plan.linear_head and not padded and bool((reference == reference[0]).all())


def _inputs(plan: Plan) -> list[tuple[Stage, int]]:
    lengths = [plan.length, *(stage.pooled for stage in plan.stages[:-1])]
    return list(zip(plan.stages, lengths, strict=True))


def crop(plan: Plan, mutants: Mutants, firsts: np.ndarray, stops: np.ndarray) -> Crops | None:
    """Return the pieces that mutants need; None where they are hardly shorter than whole sequences.

    ``firsts`` and ``stops``: where the change must be worked out, empty where it is 0.
    """
    numbers = np.flatnonzero(firsts < stops)
    if not len(numbers):
        return None
    begin, end = _top_windows(plan, mutants, numbers, firsts, stops)
    pooled = plan.stages[-1].pooled
    order = np.lexsort((begin, mutants.sequences[numbers]))
    numbers, begin, end = numbers[order], begin[order], end[order]
    sizes = sorted({min(pooled, int(room * (end - begin).max())) for room in _ROOM})
    ways = [
        (size, *_grouped(mutants.sequences[numbers], begin, end, size))
        for size in sizes
        if size <= _MOST * pooled
    ]
    if not ways:
        return None
    size, piece, first = min(ways, key=lambda way: len(way[2]) * _shorter(plan, way[0]).length)
    top = clipped(begin[first], size, pooled)[0]
    step = int(np.prod([stage.width for stage in plan.stages]))
    starts = top * step
    shift = starts[piece]
    moved = Mutants(
        piece,
        mutants.starts[numbers] - shift,
        mutants.widths[numbers],
        mutants.rows[numbers],
        firsts[numbers] - shift,
        stops[numbers] - shift,
        None if mutants.targets is None else mutants.targets[numbers] - shift[:, None, None],
    )
    sequences = mutants.sequences[numbers][first]
    return Crops(_shorter(plan, size), sequences, starts, top, numbers, moved)


def _top_windows(plan: Plan, mutants: Mutants, numbers, firsts, stops) -> tuple[np.ndarray, np.ndarray]:
    """Return the pooled positions of the last stage that see a mutant's targets or its mutated rows."""
    windows = []
    for starts, ends in (
        (firsts[numbers], stops[numbers]),
        (mutants.starts[numbers], mutants.starts[numbers] + mutants.widths[numbers]),
    ):
        length = int((ends - starts).max())
        for stage in plan.stages:
            starts, length = stage.needed_window(starts, length)
            # One more, as the engine takes for a base.
            starts, length = clipped(starts, length + 1, stage.pooled)
        windows.append((starts, starts + length))
    (one, one_end), (other, other_end) = windows
    return np.minimum(one, other), np.maximum(one_end, other_end)


def _grouped(sequences, begin, end, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the piece of every mutant, and each piece's first mutant; mutants are sorted."""
    piece, first, own, farthest = [], [], -1, 0
    mutants = zip(sequences.tolist(), begin.tolist(), end.tolist(), strict=True)
    for number, (sequence, start, stop) in enumerate(mutants):
        if sequence != own or stop > farthest:
            first.append(number)
            own, farthest = sequence, start + size
        piece.append(len(first) - 1)
    return np.array(piece), np.array(first)


def _shorter(plan: Plan, pooled: int) -> Plan:
    """Return the plan for pieces that end in so many pooled positions of the last stage.

    The pieces end with as many positions that no pool sees as whole sequences do.
    """
    rest = plan.length - _length(plan, plan.stages[-1].pooled)[1]
    stages, length = _length(plan, pooled)
    return Plan(length + rest, stages, plan.head)


def _length(plan: Plan, pooled: int) -> tuple[list[Stage], int]:
    """Return the stages that end in so many pooled positions, and how many bases these see."""
    stages = []
    for stage in reversed(plan.stages):
        positions = pooled * stage.width
        stages.insert(0, replace(stage, positions=positions, pooled=pooled))
        pooled = positions + stage.taps - 1
    return stages, pooled
