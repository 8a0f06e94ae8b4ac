"""DeepLIFT on the CPU: compiled loops around matrix products, and mutants as changes of their sequence.

A mutation changes each convolutional layer only inside its receptive field. The engine therefore carries, for
every mutant, the *change* of each layer in a window, forward from the mutated rows, and the change of the
multipliers back to the positions that are asked for; the values of the unchanged sequence fill in the rest. A
network whose head is linear changes no multiplier outside the windows, so that interactions beyond the
network's reach cost nothing and are exactly 0.
"""

from copy import copy
from dataclasses import dataclass, field

import numpy as np

from dfim.attribution.cpu import kernels
from dfim.attribution.cpu.costs import share_of_chosen
from dfim.attribution.cpu.head import Head, Rows
from dfim.attribution.cpu.plan import Plan, Stage, clipped
from dfim.attribution.cpu.tiles import Tiles, tiles
from dfim.attribution.cpu.vectors import BLOCK, aligned, empty

# From this width of a pool on, its multipliers are so few that each is carried to targets by itself.
_WIDE = 8
# In place of a rule: multipliers are derivatives at the sequence, and the reference decides nothing.
DERIVATIVE = "derivative"


@dataclass
class Base:
    """The state of unchanged sequences: for each stage z and y, place and factor of what the pool chose.

    Arrays have the axes [position, sequence, channel]. ``h``: multipliers of y for a task, by stage, in a
    window that starts at ``h_starts`` (sequence); ``multipliers`` those of the sequences, (sequences, w, 4),
    in windows of ``length`` positions from ``starts`` on, unless they are left out. ``top``: see
    :meth:`Engine.base`; pieces of sequences have no ``head``.
    """

    z: list[np.ndarray]
    y: list[np.ndarray]
    arg: list[np.ndarray]
    factor: list[np.ndarray]
    head: Rows | None
    top: np.ndarray
    h: list[np.ndarray] = field(default_factory=list)
    h_starts: list[np.ndarray] = field(default_factory=list)
    multipliers: np.ndarray | None = None
    starts: np.ndarray | None = None
    length: int = 0


@dataclass
class Mutants:
    """Mutants of sequences: ``change`` (mutants, width, 4) is added to the rows from ``starts`` on.

    ``owners`` are the numbers of their sequences in a base.
    """

    owners: np.ndarray
    starts: np.ndarray
    change: np.ndarray


@dataclass
class Changed:
    """What mutants change in a stage's result, in a window [w, mutant, channel] from ``starts`` on."""

    starts: np.ndarray
    dy: np.ndarray
    arg: np.ndarray
    factor: np.ndarray


class Engine:
    """A planned network with a reference, float32 (length, 4), and a rule, or :data:`DERIVATIVE`."""

    def __init__(self, network: Plan, reference: np.ndarray, rule: str):
        self.plan = network
        self.references = []
        first = network.stages[0]
        self.first_back = np.ascontiguousarray(first.kernel.transpose(2, 0, 1)).reshape(first.channels, -1)
        self.words = kernels.word_table(first.kernel)
        self.chosen = [self._chosen_kernel(number) for number in range(len(network.stages))]
        self.forward, self.back = zip(*map(self._tiles, range(len(network.stages))), strict=True)
        self.no_bias = np.zeros(max(stage.channels for stage in network.stages), np.float32)
        # [channels, taps · 4 and zeros], see kernels.scatter_to_targets.
        self.to_targets = np.pad(self.first_back, ((0, 0), (0, 32)))
        y = self._reference_values(reference[None])
        self.top_reference = y.ravel()
        reveals, derivative = rule in ("genomics_default", "reveal_cancel"), rule == DERIVATIVE
        self.head = Head(network.head, self.top_reference, reveals, derivative)
        if derivative:
            # What the slope from 0 to a value is.
            self.references = [(np.zeros_like(z), np.ones_like(same)) for z, same in self.references]

    def _chosen_kernel(self, number: int) -> np.ndarray | None:
        """Return a stage's kernel as kernels.carry_chosen takes it; None where products take less time."""
        stage = self.plan.stages[number]
        if stage.width == 1 or share_of_chosen(stage, number == 0) > 1:
            return None
        kernel = stage.back if number else self.first_back[None]
        blocks = -(-kernel.shape[2] // BLOCK)
        padded = np.pad(kernel, ((0, 0), (0, 0), (0, blocks * BLOCK - kernel.shape[2])))
        return aligned(padded.reshape(*kernel.shape[:2], blocks, BLOCK).transpose(2, 0, 1, 3))

    def _tiles(self, number: int) -> tuple[Tiles, Tiles]:
        """Return a stage's kernel for the way forward and, its taps turned round, for the way back."""
        stage = self.plan.stages[number]
        inputs, outputs = stage.kernel.shape[1], stage.back.shape[1]
        kernel = stage.kernel[:, :, :outputs]
        back = tiles(kernel[::-1].transpose(0, 2, 1), stage.channels, bare=number == 0)
        return tiles(kernel, self.plan.stages[number - 1].channels if number else inputs), back

    def shortened(self, network: Plan) -> "Engine":
        """Return the engine of a plan for pieces of the sequences, whose head is not evaluated."""
        short = copy(self)
        short.plan = network
        short.references = [
            (reference[: stage.positions], uniform[: stage.pooled])
            for stage, (reference, uniform) in zip(network.stages, self.references, strict=True)
        ]
        return short

    def _reference_values(self, reference: np.ndarray) -> np.ndarray:
        y = reference
        for number, stage in enumerate(self.plan.stages):
            z = self.linear(number, y)
            self.references.append((z[:, 0], _uniform(z[:, 0], stage.width)))
            y, *_ = self._activated(number, z)
        return y

    def base(self, x: np.ndarray, top: np.ndarray | None = None) -> Base:
        """Evaluate sequences (sequences, length, 4).

        ``top`` is for pieces of sequences: the first pooled position of the last stage that each holds.
        """
        state = Base([], [], [], [], None, np.zeros(len(x), np.int64) if top is None else top)
        y = x
        for number in range(len(self.plan.stages)):
            z = self.linear(number, y)
            y, arg, factor = self._activated(number, z)
            for name, value in (("z", z), ("y", y), ("arg", arg), ("factor", factor)):
                getattr(state, name).append(value)
        if top is None:
            state.head = self.head.forward(self.top_differences(y))
        return state

    def top_differences(self, y: np.ndarray) -> np.ndarray:
        """Return the head's inputs less the reference's, (sequences, inputs), of the last stage's result."""
        return np.ascontiguousarray(y.transpose(1, 0, 2)).reshape(y.shape[1], -1) - self.top_reference

    def linear(self, number: int, y: np.ndarray) -> np.ndarray:
        """Return the convolution of a stage's input; that of the first stage is (sequences, length, 4)."""
        stage = self.plan.stages[number]
        columns = y.shape[0] if number == 0 else y.shape[1]
        z = empty((stage.positions, columns, stage.channels))
        if number or not kernels.convolve_letters(y, stage.left, self.words, stage.bias, z):
            kernels.convolve(y, number == 0, stage.left, *self.forward[number], stage.bias, False, z)
        return z

    def spread(self, number: int, change: np.ndarray) -> np.ndarray:
        """Return what a window of changes of a stage's input changes in its convolution.

        ``change`` [w, columns, channels], or (columns, w, 4) of the first stage; the result's window begins
        at the first position that the first row reaches.
        """
        stage = self.plan.stages[number]
        columns, width = change.shape[:2] if number == 0 else change.shape[1::-1]
        result = empty((width + stage.taps - 1, columns, stage.channels))
        steps = (*self.forward[number], self.no_bias, False)
        kernels.convolve(change, number == 0, stage.taps - 1, *steps, result)
        return result

    def _activated(self, number: int, z: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        stage = self.plan.stages[number]
        y, arg, factor = _empty(stage, stage.pooled, z.shape[1])
        reference, uniform = self.references[number]
        kernels.activate(z, reference, uniform, stage.relu, stage.width, stage.tie, y, arg, factor)
        return y, arg, factor

    def changes(
        self,
        state: Base,
        task: int,
        mutants: Mutants,
        to: np.ndarray,
        length: int,
        targets: np.ndarray | None = None,
    ) -> np.ndarray:
        """Return what mutants change in the multipliers of their sequences' inputs, (mutants, length, 4).

        The window of positions of each mutant starts at ``to``; it must lie within the sequence. With
        ``targets`` (mutants, most, 2) nothing is promised of positions that lie in none of these intervals.
        """
        owners = mutants.owners
        forward = self._forward(state, mutants)
        windows = self._windows(to, length, forward[-1])
        dh, _ = self._top_changes(state, task, owners, forward[-1], windows[-1])
        for number in reversed(range(len(self.plan.stages))):
            fresh = forward[number]
            changed = (fresh.arg, fresh.factor, fresh.starts)
            moved = dh, windows[number + 1][0]
            if number == 0 and targets is not None and self.plan.stages[0].width >= _WIDE:
                return self._carry_to_targets(state, owners, moved, changed, windows[0], targets)
            dh = self._carry(state, number, owners, moved, changed, windows[number])
        return dh

    def _forward(self, state: Base, mutants: Mutants) -> list[Changed]:
        """Carry the change of the mutated rows up to the last stage."""
        starts, found = mutants.starts, []
        columns, dy = len(starts), mutants.change
        for number, stage in enumerate(self.plan.stages):
            dz = self.spread(number, dy)
            z_starts = stage.changed_starts(starts)
            starts, length = stage.pooled_window(z_starts, len(dz))
            dy, arg, factor = _empty(stage, length, columns)
            reference, uniform = self.references[number]
            kernels.activate_changed(
                state.z[number],
                dz,
                z_starts,
                mutants.owners,
                reference,
                uniform,
                stage.relu,
                stage.width,
                stage.tie,
                state.y[number],
                starts,
                dy,
                arg,
                factor,
            )
            found.append(Changed(starts, dy, arg, factor))
        return found

    def _windows(self, to: np.ndarray, length: int, changed: Changed) -> list[tuple[np.ndarray, int]]:
        """Return the window of the sequence, and of each stage's result where multipliers are needed.

        Below a linear head no window is wider than what the change can have reached.
        """
        windows = self._needed_windows(to, length)
        if self.plan.linear_head:
            reached = (changed.starts, len(changed.dy))
            windows[-1] = (changed.starts, 0)
            for number in reversed(range(1, len(self.plan.stages))):
                stage, below = self.plan.stages[number], self.plan.stages[number - 1]
                reached = stage.reached_inputs(*reached, below.pooled)
                if reached[1] < windows[number][1]:
                    windows[number] = reached
        return windows

    def reach(self, starts: np.ndarray, width: int) -> tuple[np.ndarray, int]:
        """Return the window of the sequence that mutated rows can have an effect on; all, if not local."""
        if not self.plan.linear_head:
            return np.zeros_like(starts), self.plan.length
        for stage in self.plan.stages:
            starts, width = stage.pooled_window(stage.changed_starts(starts), width + stage.taps - 1)
        for number in reversed(range(len(self.plan.stages))):
            inputs = self.plan.stages[number - 1].pooled if number else self.plan.length
            starts, width = self.plan.stages[number].reached_inputs(starts, width, inputs)
        return starts, width

    def _top_changes(self, state: Base, task: int, owners, changed: Changed, window):
        """Return the change of the multipliers of the last stage's result in a window of it.

        And the same with the signs that the unchanged inputs have in RevealCancel.
        """
        shape = (window[1], len(owners), self.plan.stages[-1].channels)
        if self.plan.linear_head:
            return (np.zeros(shape, np.float32),) * 2
        rows = self.head.forward_changed(state.head, owners, changed.dy, changed.starts)
        first = self.head.back_to_first(rows, task)
        return self._top_multipliers(state, owners, changed, window, rows, *first)

    def _top_multipliers(self, state: Base, owners, changed: Changed, window, rows: Rows, plain, signed):
        starts, length = window
        shape = (length, len(owners), self.plan.stages[-1].channels)
        dh, dh_old, plain_h = (np.empty(shape, np.float32) for _ in range(3))
        signed_h = np.zeros(shape, np.float32)
        kernels.multiply_units(plain, self.head.back[0], starts, shape[2], plain_h)
        if len(signed):
            kernels.multiply_units(signed, self.head.absolute_back[0], starts, shape[2], signed_h)
        inputs = (state.head.inputs[0], changed.dy, changed.starts, owners, state.h[-1], state.h_starts[-1])
        kernels.change_of_inputs(plain_h, signed_h, starts, *inputs, dh, dh_old)
        unchanged = self.head.unchanged(rows, state.head, owners)
        dh[:, unchanged], dh_old[:, unchanged] = 0, 0
        return dh, dh_old

    def add_multipliers(
        self, state: Base, task: int, to: np.ndarray | None = None, length: int = 0, own: bool = True
    ) -> None:
        """Work out the multipliers of a base for a task: all, or those that a window needs.

        The window of each sequence starts at ``to`` and lies within the sequence. Without ``own`` those of
        the sequences themselves are left out: mutants do not need them.
        """
        columns = len(state.top)
        owners, zeros = np.arange(columns), np.zeros(columns, np.int64)
        windows = self._needed_windows(*((zeros, self.plan.length) if to is None else (to, length)), spare=1)
        starts, length = windows[-1]
        h = self._multipliers_of_top(state, task, state.top + starts, length)
        state.h, state.h_starts = [h], [starts]
        for number in reversed(range(0 if own else 1, len(self.plan.stages))):
            changed = (state.arg[number][:0], state.factor[number][:0], zeros)
            h = self._carry(state, number, owners, (h, starts), changed, windows[number])
            starts = windows[number][0]
            state.h.insert(0, h)
            state.h_starts.insert(0, starts)
        state.multipliers = state.h.pop(0) if own else None
        state.starts, state.length = windows[0]
        state.h_starts = state.h_starts[-len(state.h) :]

    def _multipliers_of_top(self, state: Base, task: int, starts: np.ndarray, length: int) -> np.ndarray:
        """Return the multipliers of a window of the last stage's result, [w, columns, channels]."""
        rows = starts[:, None] + np.arange(length)
        channels = self.plan.stages[-1].channels
        if self.plan.linear_head:
            h = self.plan.head[0].kernel[:, task].reshape(-1, channels)[rows]
        else:
            h = self.head.multipliers(state.head, task).reshape(len(starts), -1, channels)
            h = h[np.arange(len(starts))[:, None], rows]
        return np.ascontiguousarray(h.transpose(1, 0, 2))

    def _needed_windows(self, to: np.ndarray, length: int, spare: int = 0) -> list[tuple[np.ndarray, int]]:
        """Return windows, starts and length: of the sequence, and of each stage's result what reaches it.

        With ``spare`` more rows at the end, so that they hold the windows of any part of the sequence's
        window, however their ends fall on the pools.
        """
        windows = [(to, length)]
        for stage in self.plan.stages:
            starts, length = stage.needed_window(*windows[-1])
            windows.append(clipped(starts, length + spare, stage.pooled))
        return windows

    def _known(self, state: Base, number: int, unused: np.ndarray | None = None) -> tuple:
        """Return what the kernels need of an unchanged stage: multipliers and where they start, choices."""
        if unused is not None:  # nothing changed in this stage, so that its own multipliers do not matter
            return unused, np.zeros(unused.shape[1], np.int64), state.arg[number], state.factor[number]
        return state.h[number], state.h_starts[number], state.arg[number], state.factor[number]

    def _carry(self, state: Base, number: int, owners, moved, changed, window) -> np.ndarray:
        """Carry changes of multipliers from a stage's result to a window of its inputs.

        ``moved``: changes of multipliers [w, columns, channels] and the starts of their window. ``changed``:
        place and factor of the pool's choice where they are new, and the starts of that window. ``window``:
        starts and length of the result's.
        """
        stage = self.plan.stages[number]
        (dh, dh_starts), (arg, factor, starts), (to, length) = moved, changed, window
        known = (*self._known(state, number, dh if not len(factor) else None), owners)
        changes = (dh, dh_starts, arg, factor, starts, stage.width)
        columns, inputs = len(owners), self.plan.stages[number - 1].channels if number else 4
        result = empty((length, columns, inputs) if number else (columns, length, inputs))
        if self.chosen[number] is not None:
            self._carry_chosen(number, (*known, *changes, stage.left, to, stage.taps), result)
            return result
        g = empty((length + stage.taps - 1, columns, stage.channels))
        kernels.route_changed(*known, *changes, stage.changed_starts(to), g)
        kernels.convolve(g, False, 0, *self.back[number], self.no_bias, number == 0, result)
        return result

    def _carry_chosen(self, number: int, known: tuple, result: np.ndarray) -> None:
        """Fill a result of :meth:`_carry` from multipliers most of which are 0."""
        kernel, inputs = self.chosen[number], result.shape[2]
        stride = kernel.shape[0] * kernel.shape[3] if number else inputs
        steps = [size // result.itemsize for size in result.strides[:2]]
        at = (result.shape[0], *steps) if number else (result.shape[1], *reversed(steps))
        kernels.carry_chosen(*known, kernel, stride, inputs, at, result.reshape(-1))

    def _carry_to_targets(self, state: Base, owners, moved, changed, window, targets) -> np.ndarray:
        """Carry changes of multipliers from the first stage's result to targets, as :meth:`_carry` does."""
        stage = self.plan.stages[0]
        (dh, dh_starts), (arg, factor, starts), (to, length) = moved, changed, window
        result = np.empty((len(owners), length, 4), np.float32)
        changes = (dh, dh_starts, arg, factor, starts, stage.width, stage.left, to)
        known = (*self._known(state, 0), owners)
        kernels.scatter_to_targets(*known, *changes, targets, self.to_targets, stage.taps, result)
        return result


def _empty(stage: Stage, length: int, columns: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return empty arrays for y, places and factors of a stage; no places where there is no pool."""
    shape = (length, columns, stage.channels)
    arg = np.empty(shape if stage.width > 1 else (0, 0, 0), np.int32)
    return empty(shape), arg, empty(shape)


def _uniform(reference: np.ndarray, width: int) -> np.ndarray:
    """Return for each pool of ``width`` positions whether the reference is the same at all of them."""
    pools = reference[: len(reference) // width * width].reshape(-1, width, reference.shape[1])
    return (pools == pools[:, :1]).all(axis=(1, 2))
