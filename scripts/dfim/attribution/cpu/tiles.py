"""Convolutions in the processor's vectors: sums over taps and inputs that stay in its registers.

A *tile* is a few rows of a result, and few of its channels. A matrix product for every tap, which is what a
BLAS offers, takes sums from memory and puts them back for each, copies what it multiplies into an order of
its own, and is at its worst for the 20 to 60 channels of a small network.

A vector holds sums of several channels, each of several *folds*: a vector of 16 numbers takes 8 channels in
two folds, of which one sums up even inputs and the other one odd ones, and adds them in the end. So channels
come in eights on every processor, and one that is left over costs little. How a sum is rounded depends on
what it is made of alone, not on its place: places that see the same, as in repeats, have equal values.
"""

from typing import NamedTuple

import llvmlite.binding
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from dfim.attribution.cpu.vectors import aligned

# Numbers of a vector, and sums that there are registers for.
_WIDE = llvmlite.binding.get_host_cpu_features().get("avx512f", False)
LANES = 16 if _WIDE else 8
# Channels, vectors of sums and rows of the tiles that there are.
KINDS = ((24, 3, 8 if _WIDE else 4), (16, 2, 12 if _WIDE else 6), (8, 1, 8), (4, 1, 8), (1, 1, 8))
# Of each kind: channels, numbers of the weights of a vector of inputs, rows, and folds.
WIDTHS, _, ROWS = (np.array(values) for values in zip(*KINDS, strict=True))
NUMBERS = np.array([LANES * vectors for _, vectors, _ in KINDS])
FOLDS = NUMBERS // WIDTHS
EIGHT = 8
# Numbers that are written in a row: zeros beside one channel.
WRITTEN = np.where(WIDTHS == 1, EIGHT, WIDTHS)
# So many products are added up at most before they are added to others: a long sum is rounded more, and a
# short one costs time.
_CHAIN = 96
# Numbers that a tile puts aside: its sums.
SUMS = max(vectors * rows for _, vectors, rows in KINDS) * LANES
_FLOAT, _INT32, _SIZE = ir.FloatType(), ir.IntType(32), ir.IntType(64)
_VECTOR = ir.VectorType(_FLOAT, LANES)


class Tiles(NamedTuple):
    """A kernel as tiles take it, (taps, in, out): float32 ``weights`` and what each tile does.

    ``parts`` int64 (parts, 5): a number of ``KINDS``, where its weights begin, its first channel, so many
    vectors of inputs a tap, and so many taps whose products are added up before they are added to others.
    """

    taps: int
    weights: np.ndarray
    parts: np.ndarray


def tiles(kernel: np.ndarray, readable: int, bare: bool = False) -> Tiles:
    """Cut a kernel (taps, in, out) into tiles, for inputs whose rows have so many numbers (``readable``).

    Rows are read in whole folds; what lies beyond the kernel's inputs must be finite. Results have a multiple
    of 8 channels, the last of them 0, or with ``bare`` 4 and no more.
    """
    taps, inputs, channels = kernel.shape
    parts, weights, first, offset = [], [], 0, 0
    while first < channels:
        kind = 3 if bare else _kind(channels - first, inputs, readable)
        width, vectors, _ = KINDS[kind]
        folds = FOLDS[kind]
        steps = -(-inputs // folds)
        own = np.zeros((taps, steps * folds, width), np.float32)
        some = kernel[:, :, first : first + width]
        own[:, :inputs, : some.shape[2]] = some
        own = own.reshape(taps, steps, folds, vectors, width // vectors).transpose(0, 1, 3, 4, 2)
        parts.append((kind, offset, first, steps, _together(taps, steps)))
        weights.append(own.ravel())
        first, offset = first + width, offset + own.size
    return Tiles(taps, aligned(np.concatenate(weights)), np.array(parts, np.int64))


def _together(taps: int, steps: int) -> int:
    """Return how many taps of so many products are added up before they are added to others."""
    rounds = -(-taps // max(1, _CHAIN // steps))
    return -(-taps // rounds)


def _kind(channels: int, inputs: int, readable: int) -> int:
    """Return the number of the kind of tile that is next for so many channels."""
    if channels == 1 and -(-inputs // LANES) * LANES <= readable:
        return 4
    # One left over is no eight.
    eights = channels // EIGHT + (channels % EIGHT > 1)
    return 0 if eights == 3 or eights > 4 else (1 if eights > 1 else 2)


def _tile(kind: int):
    """Return what fills one tile of a kind, for compiled kernels: see the function within."""
    width, vectors, rows = KINDS[kind]
    return _intrinsic(width // vectors, vectors, rows, int(FOLDS[kind]))


def _intrinsic(width: int, vectors: int, rows: int, folds: int):
    def generate(context, builder, signature, arguments):
        _Tile(builder, width, vectors, rows, folds).generate(*arguments)
        return context.get_dummy_value()

    @intrinsic
    def fill_tile(context, x, row_step, tap_step, weights, taps, steps, together, bias, sums, out, out_step):
        """Fill a tile's rows of ``out``: bias and, over taps and inputs, the sum of x · weights.

        ``x``, ``weights``, ``bias``, ``out`` and ``sums`` (room for ``SUMS`` numbers) are addresses, and
        steps between rows and taps are in numbers. ``together``: taps that are added up before they are
        added to others. Nothing is checked: whoever calls it answers for the addresses.
        """
        return types.void(*[types.intp] * 11), generate

    return fill_tile


class _Tile:
    """Writes the loops of a tile in the compiler's own terms."""

    def __init__(self, builder, width: int, vectors: int, rows: int, folds: int):
        self.builder = builder
        self.width, self.vectors, self.rows, self.folds = width, vectors, rows, folds

    def generate(self, x, row_step, tap_step, weights, taps, steps, together, bias, sums, out, out_step):
        builder, number = self.builder, self.rows * self.vectors
        self.offsets = [builder.mul(row_step, _bytes(row)) for row in range(self.rows)]
        tap_bytes = builder.mul(tap_step, _bytes(1))
        zeros = [ir.Constant(_VECTOR, [0.0] * LANES)] * number
        aside = [builder.add(sums, _bytes(LANES * place)) for place in range(number)]
        for address, zero in zip(aside, zeros, strict=True):
            self._store(zero, address)

        def add_tap(values):
            x, weights, *current = values
            _, weights, *current = self._loop(steps, [x, weights, *current], self._add_step)
            return [builder.add(x, tap_bytes), weights, *current]

        def add_taps(values):
            x, weights, left = values
            few = builder.select(builder.icmp_signed("<", left, together), left, together)
            x, weights, *current = self._loop(few, [x, weights, *zeros], add_tap)
            for address, value in zip(aside, current, strict=True):
                self._store(builder.fadd(self._load(address, _VECTOR), value), address)
            return [x, weights, builder.sub(left, few)]

        rounds = builder.sdiv(builder.add(taps, builder.sub(together, _size(1))), together)
        self._loop(rounds, [x, weights, taps], add_taps)
        for place, address in enumerate(aside):
            row, vector = divmod(place, self.vectors)
            channel = _bytes(self.width * vector)
            begin = builder.add(out, builder.add(builder.mul(out_step, _bytes(row)), channel))
            self._finish(self._load(address, _VECTOR), builder.add(bias, channel), begin)

    def _add_step(self, values: list) -> list:
        """Add the products of one vector of inputs of every row."""
        builder = self.builder
        x, weights, *sums = values
        kernel = [
            self._load(builder.add(weights, _bytes(LANES * place)), _VECTOR) for place in range(self.vectors)
        ]
        found = []
        for row, offset in enumerate(self.offsets):
            inputs = self._repeated(builder.add(x, offset))
            for vector, weight in enumerate(kernel):
                product = builder.fmul(inputs, weight, flags=["contract"])
                found.append(builder.fadd(sums[row * self.vectors + vector], product, flags=["contract"]))
        step = builder.add(x, _bytes(self.folds))
        return [step, builder.add(weights, _bytes(LANES * self.vectors)), *found]

    def _repeated(self, address):
        """Return a vector of the numbers at an address, one for each fold, again and again."""
        kind = ir.VectorType(_FLOAT, self.folds)
        order = list(range(self.folds)) * (LANES // self.folds)
        return self._chosen(self._load(address, kind), order)

    def _finish(self, sums, bias, out) -> None:
        """Add up the folds of a vector, and store it with the bias."""
        lanes = LANES
        while lanes > self.width:
            # Halves are the cheapest, where all belong together.
            halves = self.width == 1
            first = range(lanes // 2) if halves else range(0, lanes, 2)
            second = range(lanes // 2, lanes) if halves else range(1, lanes, 2)
            sums = self.builder.fadd(self._chosen(sums, first), self._chosen(sums, second))
            lanes //= 2
        sums = self.builder.fadd(sums, self._load(bias, sums.type))
        if self.width == 1:
            zeros = ir.Constant(sums.type, [0.0])
            sums = self._chosen(sums, [0] + [1] * (EIGHT - 1), zeros)
        self._store(sums, out)

    def _chosen(self, vector, places, other=None):
        places = list(places)
        order = ir.Constant(ir.VectorType(_INT32, len(places)), places)
        return self.builder.shuffle_vector(vector, other or ir.Constant(vector.type, ir.Undefined), order)

    def _load(self, address, kind):
        return self.builder.load(self.builder.inttoptr(address, kind.as_pointer()), align=4)

    def _store(self, vector, address) -> None:
        """Store a vector."""
        self.builder.store(vector, self.builder.inttoptr(address, vector.type.as_pointer()), align=4)

    def _loop(self, count, values: list, body) -> list:
        """Generate a loop of ``count`` rounds over values; return what they are after it."""
        builder = self.builder
        before = builder.block
        head, inside, after = (builder.append_basic_block() for _ in range(3))
        builder.branch(head)
        builder.position_at_end(head)
        number, current = builder.phi(_SIZE), [builder.phi(value.type) for value in values]
        number.add_incoming(_size(0), before)
        for one, value in zip(current, values, strict=True):
            one.add_incoming(value, before)
        builder.cbranch(builder.icmp_signed("<", number, count), inside, after)
        builder.position_at_end(inside)
        new = body(current)
        number.add_incoming(builder.add(number, _size(1)), builder.block)
        for one, value in zip(current, new, strict=True):
            one.add_incoming(value, builder.block)
        builder.branch(head)
        builder.position_at_end(after)
        return current


def _size(number: int) -> ir.Constant:
    return ir.Constant(_SIZE, number)


def _bytes(numbers: int) -> ir.Constant:
    return _size(4 * numbers)


fill_24, fill_16, fill_8, fill_4, fill_1 = (_tile(kind) for kind in range(len(KINDS)))
