"""Full maps: far effects through paths that are worked out once for each sequence.

Below the head, multipliers h of the last stage's result become importances linearly for one sequence,
c = J h, and J is the same for a mutant except where its own ReLUs and pools choose otherwise, within the
mutation's receptive field. Telescoping over the stages l,

    c' − c = J (h̃' − h) + Σ_l J_l (R'_l − R_l) h'_l        (outside the mutated rows)

R_l is Rescale's factor and the pool's choice at stage l, h'_l the mutant's multiplier that arrives there, J_l
the way from stage l's convolution to the importances, and h̃' the mutant's multipliers with the signs that
the unchanged inputs of the first dense layer have in RevealCancel. J_l is banded (*paths* in a window of the
sequence for each position), and J with the first dense layer makes two matrices (units, length). Below a
linear head h̃' = h, and the first term is 0.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from dfim.attribution.cpu import kernels
from dfim.attribution.cpu.deeplift import Base, Changed, Engine, Mutants


@dataclass
class _Paths:
    """Paths [positions, channels, w]: windows of the sequence that start at position · step − offset."""

    values: np.ndarray
    offset: int
    step: int


class Telescope:
    """The paths of one sequence, number ``owner`` of a base that has multipliers for ``task``."""

    def __init__(
        self, engine: Engine, state: Base, owner: int, weight: np.ndarray, task: int, run: Callable = map
    ):
        """``weight`` (length, 4): sequence · (sequence − reference). ``run`` maps a function over pieces."""
        self.engine, self.state, self.owner, self.task = engine, state, owner, task
        self.paths: list[_Paths] = []
        for number in range(len(engine.plan.stages)):
            self.paths.append(self._deeper(number, run) if number else self._first(weight))
        if not engine.plan.linear_head:
            self._through_head(self._pooled(len(self.paths) - 1), run)

    def _first(self, weight: np.ndarray) -> _Paths:
        stage = self.engine.plan.stages[0]
        values = np.empty((stage.positions, stage.channels, stage.taps), np.float32)
        kernels.first_paths(self.engine.first_back, weight, stage.left, values)
        return _Paths(values, stage.left, 1)

    def _deeper(self, number: int, run: Callable) -> _Paths:
        stage, below = self.engine.plan.stages[number], self._pooled(number - 1)
        step = below.step
        length = below.values.shape[2] + (stage.taps - 1) * step
        values = np.empty((stage.positions, stage.channels, length), np.float32)

        def fill(part: tuple[int, int]) -> None:
            kernels.deeper_paths(below.values, stage.back, stage.left, step, *part, values)

        _each(run, fill, _parts(stage.positions))
        return _Paths(values, below.offset + stage.left * step, step)

    def _pooled(self, number: int) -> _Paths:
        """Return the paths of a stage's result, by what the sequence's pools choose."""
        stage, state, paths = self.engine.plan.stages[number], self.state, self.paths[number]
        factor, arg = np.ascontiguousarray(state.factor[number][:, self.owner]), state.arg[number]
        arg = np.ascontiguousarray(arg[:, self.owner]) if stage.width > 1 else np.empty((0, 0), np.int32)
        length = paths.values.shape[2] + (stage.width - 1) * paths.step
        pooled = np.empty((stage.pooled, stage.channels, length), np.float32)
        kernels.pooled_paths(paths.values, arg, factor, stage.width, paths.step, pooled)
        return _Paths(pooled, paths.offset, paths.step * stage.width)

    def _through_head(self, pooled: _Paths, run: Callable) -> None:
        """Carry the paths through the first dense layer: ``plain`` and ``signed`` (units, length).

        All products are ``run``'s, which keeps BLAS on one thread.
        """
        head, length = self.engine.head, self.engine.plan.length
        self.plain = np.zeros((head.units, length), np.float32)
        self.signed = np.zeros((head.units if len(head.absolute[0]) else 0, length), np.float32)
        _each(run, lambda part: self._to_units(pooled, slice(*part)), _parts(head.units))
        ((plain, signed),) = run(lambda task: head.back_to_first(self.state.head, task), [self.task])
        self.before = plain[self.owner], signed[self.owner] if len(signed) else None

    def _to_units(self, pooled: _Paths, units: slice) -> None:
        """Fill some units of ``plain`` and ``signed``."""
        head, length = self.engine.head, self.engine.plan.length
        positions, channels, v = pooled.values.shape
        sign = np.sign(self.state.head.inputs[0][self.owner]).reshape(positions, channels, 1)
        for r, path in enumerate(pooled.values):
            first = r * pooled.step - pooled.offset
            inside = slice(max(0, -first), min(v, length - first))
            columns = slice(first + inside.start, first + inside.stop)
            inputs = slice(r * channels, (r + 1) * channels)
            if columns.start < columns.stop:
                kernels.multiply(head.back[0][units, inputs], path[:, inside], self.plain[units, columns], 1)
                if len(self.signed):
                    signed, weights = sign[r] * path[:, inside], head.absolute_back[0][units, inputs]
                    kernels.multiply(weights, signed, self.signed[units, columns], 1)

    def importance_changes(self, mutants: Mutants, own: bool) -> tuple[np.ndarray, np.ndarray | None]:
        """Return importance of mutants less that of the sequence, (mutants, length), outside mutated rows.

        With ``own`` also the multipliers of the mutated rows, (mutants, width, 4), which are no changes.
        """
        engine, state, owners = self.engine, self.state, mutants.owners
        forward = engine._forward(state, mutants)
        dh, dh_old, result = self._top_changes(forward[-1], owners)
        for number in reversed(range(len(engine.plan.stages))):
            changed = forward[number]
            self._add_choice(number, changed, owners, dh, dh_old, result)
            if number:
                below = forward[number - 1]
                choice, window = (changed.arg, changed.factor, changed.starts), (below.starts, len(below.dy))
                dh = dh_old = engine._carry(state, number, owners, (dh, changed.starts), choice, window)
        return result, self._own_multipliers(mutants, forward[0], dh) if own else None

    def _own_multipliers(self, mutants: Mutants, changed: Changed, dh: np.ndarray) -> np.ndarray:
        """Return the multipliers of the mutated rows, which see nothing but what they change."""
        stage, own = self.engine.plan.stages[0], np.zeros_like(mutants.change)
        h, h_starts, *_ = self.engine._known(self.state, 0)
        kernel = self.engine.first_back.reshape(stage.channels, stage.taps, 4)
        kernels.own_multipliers(
            h, h_starts, mutants.owners, dh, changed.arg, changed.factor, changed.starts, stage.width,
            stage.left, mutants.starts, kernel, own,
        )  # fmt: skip
        return own

    def _top_changes(self, top: Changed, owners) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return what changes in the multipliers of the last stage's result, and what that alone brings.

        The former in the window that changed, and again with the signs of the unchanged inputs.
        """
        engine, state = self.engine, self.state
        result = np.zeros((len(owners), engine.plan.length), np.float32)
        if engine.plan.linear_head:
            return (np.zeros_like(top.dy),) * 2 + (result,)
        rows = engine.head.forward_changed(state.head, owners, top.dy, top.starts)
        plain, signed = engine.head.back_to_first(rows, self.task)
        kernels.multiply(plain - self.before[0], self.plain, result, 0)
        if len(signed):
            kernels.multiply(signed - self.before[1], self.signed, result, 1)
        window = (top.starts, len(top.dy))
        return *engine._top_multipliers(state, owners, top, window, rows, plain, signed), result

    def _add_choice(self, number: int, changed: Changed, owners, dh, dh_old, result: np.ndarray) -> None:
        """Add what the mutants' own choices at one stage change."""
        stage, paths = self.engine.plan.stages[number], self.paths[number]
        h, h_starts, arg, factor = self.engine._known(self.state, number)
        where = (paths.values, paths.offset, paths.step, result)
        if stage.width > 1:
            kernels.add_choices(
                h, h_starts, arg, factor, owners, dh, dh_old, changed.arg, changed.factor, changed.starts,
                stage.width, *where,
            )  # fmt: skip
            return
        g = np.empty_like(changed.factor)
        kernels.factor_changed(h, h_starts, factor, owners, dh, dh_old, changed.factor, changed.starts, g)
        kernels.add_paths(g, changed.starts, *where)


def _parts(number: int) -> list[tuple[int, int]]:
    """Cut so many into a few parts, begin and end of each, for threads."""
    return list(pairwise(np.linspace(0, number, 5).astype(int).tolist()))


def _each(run: Callable, function: Callable, parts: list) -> None:
    """Call a function for every part; ``run`` may be ``map``, which does nothing before it is asked."""
    for _ in run(function, parts):
        pass
