"""Convolutions, of whole sequences and of changes in windows, from the bases up."""

import numpy as np
from numba import njit

from dfim.attribution.cpu.blas import multiply

# Rows of a matrix product that are taken together, so that they stay in the cache between taps.
_BLOCK = 384
_ZERO = np.float32(0)


@njit(nogil=True, fastmath=True, cache=True)
def convolve(x, kernel, bias, out):
    """Convolve padded input [positions + width − 1, columns, channels in] into [positions, columns, out].

    The bias is added last: sums that begin with it are rounded more.
    """
    width, inputs, outputs = kernel.shape
    columns = x.shape[1]
    rows = x.reshape(-1, x.shape[2])[:, :inputs]
    result = out.reshape(-1, outputs)
    for begin in range(0, len(result), _BLOCK):
        end = min(begin + _BLOCK, len(result))
        for tap in range(width):
            taken = rows[tap * columns + begin : tap * columns + end]
            multiply(taken, kernel[tap], result[begin:end], min(tap, 1))
        for row in range(begin, end):
            for channel in range(outputs):
                result[row, channel] += bias[channel]


@njit(nogil=True, fastmath=True, cache=True)
def convolve_sequences(x, left, kernel, bias, out):
    """Convolve sequences (columns, length, 4) into [positions, columns, channels]; ``left``: padding.

    ``kernel`` has shape (width · 4, channels). Every product is of a whole block, the last one too: BLAS adds
    up in another order for other numbers of rows, and then places that see the same bases, as in repeats,
    would no longer be equal to a pool, which chooses the first of them.
    """
    columns, channels = out.shape[1:]
    length, taps = x.shape[1], len(kernel) // 4
    flat = x.reshape(columns, -1)
    result = out.reshape(-1, channels)
    block = np.zeros((_BLOCK, len(kernel)), np.float32)
    last = np.zeros((_BLOCK, channels), np.float32)
    for begin in range(0, len(result), _BLOCK):
        end = min(begin + _BLOCK, len(result))
        for row in range(begin, end):
            position, column = row // columns, row % columns
            first = position - left
            if first >= 0 and first + taps <= length:
                offset = np.uint64(4 * first)
                for place in range(np.uint64(4 * taps)):
                    block[row - begin, place] = flat[column, offset + place]
            else:
                for place in range(4 * taps):
                    at = 4 * first + place
                    block[row - begin, place] = flat[column, at] if 0 <= at < 4 * length else _ZERO
        values = result[begin:end] if end - begin == _BLOCK else last
        # Row by row: to assign slices takes seconds to compile.
        for row in range(_BLOCK):
            for channel in range(channels):
                values[row, channel] = bias[channel]
        multiply(block, kernel, values, 1)
        if end - begin < _BLOCK:
            for row in range(begin, end):
                for channel in range(channels):
                    result[row, channel] = last[row - begin, channel]


@njit(nogil=True, fastmath=True, cache=True)
def spread_sequences(change, kernel, out):
    """Convolve changed rows (columns, width, 4) into what they change, [width + taps − 1, columns, channels].

    ``kernel`` has shape (taps, 4, channels). The window of the result begins at the first position that the
    first row reaches.
    """
    taps, _, channels = kernel.shape
    out[:] = 0
    for column in range(change.shape[0]):
        for row in range(change.shape[1]):
            for base in range(4):
                value = change[column, row, base]
                if value != 0:
                    for tap in range(taps):
                        for channel in range(channels):
                            out[row + taps - 1 - tap, column, channel] += value * kernel[tap, base, channel]


@njit(nogil=True, fastmath=True, cache=True)
def spread(change, kernel, out):
    """Convolve a window of changes [w, columns, in] into what they change, [w + taps − 1, columns, out]."""
    taps, inputs, outputs = kernel.shape
    columns = change.shape[1]
    rows = change.reshape(-1, change.shape[2])[:, :inputs]
    result = out.reshape(-1, outputs)
    result[:] = 0
    for begin in range(0, len(rows), _BLOCK):
        end = min(begin + _BLOCK, len(rows))
        for tap in range(taps):
            shift = (taps - 1 - tap) * columns
            multiply(rows[begin:end], kernel[tap], result[begin + shift : end + shift], 1)
