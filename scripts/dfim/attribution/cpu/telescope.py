"""Full maps of networks with a non-linear head: far effects through paths that are worked out once.

Below the head, multipliers h of the last stage's result become importances linearly for one sequence,
c = J h, and J is the same for a mutant except where its own ReLUs and pools choose otherwise, within the
mutation's receptive field. Telescoping over the stages l,

    c' − c = J (h̃' − h) + Σ_l J_l (R'_l − R_l) h'_l        (outside the mutated rows)

R_l is Rescale's factor and the pool's choice at stage l, h'_l the mutant's multiplier that arrives there, J_l
the way from stage l's convolution to the importances, and h̃' the mutant's multipliers with the signs that the
unchanged inputs of the first dense layer have in RevealCancel. J_l is banded (*paths* in a window of the
sequence for each position), and J with the first dense layer makes two matrices (units, length).
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from dfim.attribution.cpu import kernels
from dfim.attribution.cpu.deeplift import Base, Changed, Engine, Mutants


class Telescope:
    """The paths of one sequence, number ``owner`` of a base that has multipliers for ``task``."""

    def __init__(
        self, engine: Engine, state: Base, owner: int, weight: np.ndarray, task: int, run: Callable = map
    ):
        """``weight`` (length, 4): sequence · (sequence − reference). ``run`` maps a function over pieces."""
        self.engine, self.state, self.owner, self.weight, self.task = engine, state, owner, weight, task
        self.paths: list[np.ndarray | None] = [None]
        self.offsets, self.steps = [0], [1]
        pooled = self._first()
        for number in range(1, len(engine.plan.stages)):
            pooled = self._deeper(number, pooled, run)
        self._through_head(pooled)

    def _first(self) -> np.ndarray:
        stage = self.engine.plan.stages[0]
        arg, factor = self._choice(0)
        pooled = np.empty((stage.pooled, stage.width + stage.taps - 1, stage.channels), np.float32)
        kernels.first_paths(stage.kernel, self.weight, stage.left, arg, factor, stage.width, pooled)
        self._offset, self._step = stage.left, stage.width
        return pooled

    def _deeper(self, number: int, below: np.ndarray, run: Callable) -> np.ndarray:
        stage, step = self.engine.plan.stages[number], self._step
        length = below.shape[1] + (stage.taps - 1) * step
        paths = np.empty((stage.positions, length, stage.channels), np.float32)
        cuts = np.linspace(0, stage.positions, 5).astype(int)

        def fill(piece):
            kernels.deeper_paths(below, stage.kernel, stage.left, step, *piece, paths)

        for _ in run(fill, pairwise(cuts)):
            pass
        self._offset += stage.left * step
        self.paths.append(paths)
        self.offsets.append(self._offset)
        self.steps.append(step)
        pooled = np.empty((stage.pooled, length + (stage.width - 1) * step, stage.channels), np.float32)
        kernels.pooled_paths(paths, *self._choice(number), stage.width, step, pooled)
        self._step *= stage.width
        return pooled

    def _choice(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        state, owner = self.state, self.owner
        factor = np.ascontiguousarray(state.factor[number][:, owner])
        arg = state.arg[number]
        return np.ascontiguousarray(arg[:, owner]) if len(arg) else np.zeros_like(factor, np.int32), factor

    def _through_head(self, pooled: np.ndarray) -> None:
        """Carry the paths through the first dense layer: ``plain`` and ``signed`` (length, units)."""
        head, length = self.engine.head, self.engine.plan.length
        kernel, absolute = head.layers[0].kernel, head.absolute[0]
        sign = np.sign(self.state.head.inputs[0][self.owner]).reshape(len(pooled), 1, -1)
        self.plain = np.zeros((length, kernel.shape[1]), np.float32)
        self.signed = np.zeros((length if len(absolute) else 0, kernel.shape[1]), np.float32)
        channels = pooled.shape[2]
        for r, path in enumerate(pooled):
            first = r * self._step - self._offset
            inside = slice(max(0, -first), min(len(path), length - first))
            rows = slice(first + inside.start, first + inside.stop)
            units = slice(r * channels, (r + 1) * channels)
            if rows.start < rows.stop:
                kernels.multiply(path[inside], kernel[units], self.plain[rows], 1)
                if len(absolute):
                    kernels.multiply(path[inside] * sign[r], absolute[units], self.signed[rows], 1)
        plain, signed = head.back_to_first(self.state.head, self.task)
        self.before = plain[self.owner], signed[self.owner] if len(signed) else None

    def importance_changes(self, mutants: Mutants) -> np.ndarray:
        """Return importance of mutants less that of the sequence, (mutants, length), outside mutated rows."""
        engine, state, owners = self.engine, self.state, mutants.owners
        forward = engine._forward(state, mutants)
        rows = engine.head.forward_changed(state.head, owners, forward[-1].dy, forward[-1].starts)
        plain, signed = engine.head.back_to_first(rows, self.task)
        result = np.empty((len(owners), engine.plan.length), np.float32)
        kernels.multiply_transposed(plain - self.before[0], self.plain, result, 0)
        if len(signed):
            kernels.multiply_transposed(signed - self.before[1], self.signed, result, 1)
        top = forward[-1]
        window = (top.starts, len(top.dy))
        dh, dh_old = engine._top_multipliers(state, owners, top, window, rows, plain, signed)
        for number in reversed(range(len(engine.plan.stages))):
            self._add_choice(number, forward[number], owners, dh, dh_old, result)
            if number:
                fresh, below = forward[number], forward[number - 1]
                changed, window = (fresh.arg, fresh.factor, fresh.starts), (below.starts, len(below.dy))
                dh = dh_old = engine._carry(state, number, owners, (dh, fresh.starts), changed, window)
        return result

    def _add_choice(self, number: int, fresh: Changed, owners, dh, dh_old, result: np.ndarray) -> None:
        """Add what the mutants' own choices at one stage change."""
        stage, state = self.engine.plan.stages[number], self.state
        g = np.empty((len(fresh.dy) * stage.width, len(owners), stage.channels), np.float32)
        known = (*self.engine._known(state, number), owners)
        kernels.choice_changed(*known, dh, dh_old, fresh.arg, fresh.factor, fresh.starts, stage.width, g)
        if number:
            paths, offset, step = self.paths[number], self.offsets[number], self.steps[number]
            kernels.add_paths(g, fresh.starts, stage.width, paths, offset, step, result)
        else:
            self._add_first(g, fresh.starts, result)

    def _add_first(self, g: np.ndarray, starts: np.ndarray, result: np.ndarray) -> None:
        stage, weight = self.engine.plan.stages[0], self.weight
        taps, (rows, columns, channels) = stage.taps, g.shape
        padded = np.zeros((rows + 2 * (taps - 1), columns, channels), np.float32)
        padded[taps - 1 : taps - 1 + rows] = g
        multipliers = np.empty((columns, rows + taps - 1, 4), np.float32)
        kernels.convolve_back_sequences(padded, self.engine.first_back, multipliers)
        kernels.add_weighted(multipliers, starts * stage.width - stage.left, weight, result)
