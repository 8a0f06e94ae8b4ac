"""Paths from a stage's multipliers to the importance of the sequence, see :mod:`..telescope`.

The paths of a convolution [positions, channels, w]: what a multiplier of 1 at a position and channel adds to
the importance of w positions of the sequence, from position · step − offset on.
"""

import numpy as np
from numba import njit

from dfim.attribution.cpu.blas import multiply

_ZERO = np.float32(0)


@njit(nogil=True, fastmath=True, cache=True)
def first_paths(kernel, weight, left, paths):
    """Fill the paths of the first convolution [positions, channels, taps].

    ``kernel`` (channels, taps · 4); ``weight`` (length, 4) is sequence · (sequence − reference).
    """
    positions, channels, taps = paths.shape
    seen = np.empty(4 * taps, np.float32)
    for position in range(positions):
        for tap in range(taps):
            at = position - left + tap
            for base in range(4):
                seen[4 * tap + base] = weight[at, base] if 0 <= at < len(weight) else _ZERO
        for channel in range(channels):
            for tap in range(taps):
                total = _ZERO
                for base in range(4 * tap, 4 * tap + 4):
                    total += seen[base] * kernel[channel, base]
                paths[position, channel, tap] = total


@njit(nogil=True, fastmath=True, cache=True)
def deeper_paths(below, kernel, left, step, begin, end, paths):
    """Fill the paths of the positions begin … end − 1 of a convolution, from those of its inputs.

    ``below`` [inputs, channels in, w], windows that move by ``step`` sequence positions per input; ``kernel``
    (taps, channels out, channels in); ``paths`` [positions, channels, w + (taps − 1) · step], 0 in channels
    that only fill up vectors.
    """
    taps, outputs, inputs = kernel.shape
    inputs = min(inputs, below.shape[1])
    length = below.shape[2]
    for position in range(begin, end):
        paths[position] = 0
        for tap in range(taps):
            source = position - left + tap
            if 0 <= source < len(below):
                target = paths[position, :outputs, tap * step : tap * step + length]
                multiply(kernel[tap, :, :inputs], below[source, :inputs], target, 1)


@njit(nogil=True, fastmath=True, cache=True)
def pooled_paths(below, arg, factor, width, step, paths):
    """Fill the paths of pooled positions from those of the convolution's, by each channel's choice.

    ``arg`` and ``factor`` [pooled, channels]; ``paths`` [pooled, channels, w + (width − 1) · step].
    """
    length = below.shape[2]
    paths[:] = 0
    for r in range(len(paths)):
        for channel in range(paths.shape[1]):
            place = arg[r, channel] if width > 1 else 0
            for index in range(length):
                value = below[r * width + place, channel, index] * factor[r, channel]
                paths[r, channel, place * step + index] = value


@njit(nogil=True, fastmath=True, cache=True)
def factor_changed(h, h_starts, factor, owners, dh, dh_old, new_factor, starts, g):
    """Fill ``g`` [w, columns, channels]: what :func:`add_choices` multiplies paths by, without a pool."""
    for row in range(len(g)):
        for column in range(len(owners)):
            r, owner = starts[column] + row, owners[column]
            for channel in range(g.shape[2]):
                new, old = new_factor[row, column, channel], factor[r, owner, channel]
                before = h[r - h_starts[owner], owner, channel] + dh_old[row, column, channel]
                moved = dh[row, column, channel] - dh_old[row, column, channel]
                g[row, column, channel] = before * (new - old) + moved * new


@njit(nogil=True, fastmath=True, cache=True)
def add_paths(g, starts, paths, offset, step, out):
    """Add to the importance ``out`` (columns, length) what multipliers of a convolution bring it.

    ``g`` [w, columns, channels] from position ``starts`` on, which are sorted: the columns whose windows hold
    a position are neighbours, and take its paths together.
    """
    columns, length = out.shape
    window, channels, v = len(g), paths.shape[1], paths.shape[2]
    rows = np.empty((columns, channels), np.float32)
    begin = end = 0
    for position in range(len(paths)):
        while end < columns and starts[end] <= position:
            end += 1
        while begin < end and starts[begin] + window <= position:
            begin += 1
        first = position * step - offset
        skipped = max(0, -first)
        kept = min(v, length - first) - skipped
        if begin == end or kept <= 0:
            continue
        for column in range(begin, end):
            for channel in range(channels):
                rows[column, channel] = g[position - starts[column], column, channel]
        target = out[begin:end, first + skipped : first + skipped + kept]
        multiply(rows[begin:end], paths[position, :, skipped : skipped + kept], target, 1)
