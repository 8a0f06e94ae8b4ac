"""Convolutions, of whole sequences and of changes in windows, from the bases up."""

import numpy as np
from numba import njit

from dfim.attribution.cpu.tiles import (
    FOLDS,
    NUMBERS,
    ROWS,
    SUMS,
    WRITTEN,
    fill_1,
    fill_4,
    fill_8,
    fill_16,
    fill_24,
)
from dfim.attribution.cpu.vectors import LINE

# Rows of the result that all tiles go through before the next ones, so that their inputs stay in the cache.
_BLOCK = 96
# Positions that are worked out for all columns before the next ones, where the axes of the result are others:
# what lies side by side there is then written together.
_FEW = 24
# Taps of fewer vectors of inputs are taken together where they can be.
_SHORT = 8


@njit(nogil=True, cache=True)
def _fill(x, row_step, tap_step, first_tap, taps, weights, parts, bias, sums, out, out_step, rows):
    """Fill so many rows of a result from the products of ``taps`` taps, of which the first has a number.

    ``x`` and ``out`` are the addresses of where the first row's taps and result begin.
    """
    for begin in range(0, rows, _BLOCK):
        end = min(begin + _BLOCK, rows)
        for part in range(len(parts)):
            kind, offset, channel = parts[part, 0], parts[part, 1], parts[part, 2]
            steps, together = parts[part, 3], parts[part, 4]
            high, row = ROWS[kind], begin
            begins = np.int64(weights.ctypes.data) + 4 * (offset + first_tap * steps * NUMBERS[kind])
            count = taps
            if steps * FOLDS[kind] == tap_step and steps < _SHORT:  # taps lie side by side
                count, steps = 1, steps * taps
            while row < end:
                # The last tile takes rows that are there already once more. Where there are fewer than it
                # has, it has the same one several times.
                enough = rows >= high
                first = min(row, rows - high) if enough else row
                steps_of_rows = (row_step, out_step) if enough else (0, 0)
                row = first + high if enough else row + 1
                tile = (
                    x + 4 * first * row_step, steps_of_rows[0], tap_step, begins, count, steps, together,
                    bias.ctypes.data + 4 * channel, sums.ctypes.data, out + 4 * (first * out_step + channel),
                    steps_of_rows[1],
                )  # fmt: skip
                if kind == 0:
                    fill_24(*tile)
                elif kind == 1:
                    fill_16(*tile)
                elif kind == 2:
                    fill_8(*tile)
                elif kind == 3:
                    fill_4(*tile)
                else:
                    fill_1(*tile)


@njit(nogil=True, cache=True)
def _check(x, taps, weights, parts, bias, out):
    """Raise a ValueError unless tiles lead nowhere but into these arrays."""
    for part in range(len(parts)):
        kind, offset, channel, steps = parts[part, 0], parts[part, 1], parts[part, 2], parts[part, 3]
        if (
            steps * FOLDS[kind] > x.shape[2]
            or channel + WRITTEN[kind] > min(out.shape[2], len(bias))
            or offset + taps * steps * NUMBERS[kind] > len(weights)
        ):
            raise ValueError("a kernel does not fit what is convolved")


@njit(nogil=True, cache=True)
def convolve(x, x_by_column, left, taps, weights, parts, bias, out_by_column, out):
    """Convolve x [positions, columns, channels] into ``out``, with ``left`` positions of 0 before the first.

    After the last there are as many as the result needs. The axes of an array ``by_column`` are [columns,
    positions, channels]. ``taps``, ``weights`` and ``parts`` are those of :class:`Tiles`. The bias is added
    last: sums that begin with it are rounded more.
    """
    _check(x, taps, weights, parts, bias, out)
    x_column, x_step = x.strides[0] // 4, x.strides[1] // 4
    column, step = out.strides[0] // 4, out.strides[1] // 4
    inputs, positions, columns = x.shape[1], out.shape[1], out.shape[0]
    if not x_by_column:
        x_column, x_step, inputs = x_step, x_column, x.shape[0]
    if not out_by_column:
        column, step, positions, columns = step, column, out.shape[0], out.shape[1]
    room = np.empty(SUMS + LINE, np.float32)
    sums = room[-(room.ctypes.data // 4) % LINE :]
    # Numbers of one kind for all calls below, which are compiled once then: a constant is a kind of its own,
    # and an unsigned address with a signed step makes a number with a point.
    begin, result, all_taps = np.int64(x.ctypes.data), np.int64(out.ctypes.data), np.int64(0)
    # Positions whose taps all meet inputs, and the others one by one.
    whole = min(left, positions)
    end = max(whole, min(positions, inputs + left - taps + 1))
    for position in range(positions):
        if whole <= position < end:
            continue
        first = max(0, left - position)
        count = max(0, min(taps, inputs + left - position) - first)
        first = first if count else 0
        at = begin + 4 * (position - left + first) * x_step if count else begin
        _fill(
            at, x_column, x_step, first, count, weights, parts, bias, sums, result + 4 * position * step,
            column, columns,
        )  # fmt: skip
    at, result = begin + 4 * (whole - left) * x_step, result + 4 * whole * step
    if end - whole == 1 or (x_step == columns * x_column and step == columns * column):
        rows = (end - whole) * columns
        _fill(at, x_column, x_step, all_taps, taps, weights, parts, bias, sums, result, column, rows)
        return
    for first in range(0, end - whole, _FEW):
        for number in range(columns):
            _fill(
                at + 4 * (number * x_column + first * x_step), x_step, x_step, all_taps, taps, weights, parts,
                bias, sums, result + 4 * (number * column + first * step), step,
                min(_FEW, end - whole - first),
            )  # fmt: skip
