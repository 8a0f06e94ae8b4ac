"""Paths from a stage's multipliers to the importance of the sequence, see :mod:`..telescope`."""

import numpy as np
from numba import njit

from dfim.attribution.cpu.blas import multiply, multiply_transposed

_ZERO = np.float32(0)


@njit(nogil=True, fastmath=True, cache=True)
def first_paths(kernel, weight, left, arg, factor, width, paths):
    """Fill what a multiplier of the first stage's result adds to the importance of the inputs.

    ``kernel`` (taps, 4, channels); ``weight`` (length, 4) is sequence · (sequence − reference); ``arg`` and
    ``factor`` [pooled, channels]. ``paths`` [pooled, w, channels]: w positions from r · width − left on.
    """
    taps, _, channels = kernel.shape
    paths[:] = 0
    for r in range(len(paths)):
        for place in range(width):
            for tap in range(taps):
                position = r * width + place - left + tap
                if position < 0 or position >= len(weight):
                    continue
                for base in range(4):
                    share = weight[position, base]
                    if share != 0:
                        for channel in range(channels):
                            chosen = width == 1 or arg[r, channel] == place
                            value = share * kernel[tap, base, channel] * factor[r, channel]
                            paths[r, place + tap, channel] += value if chosen else _ZERO


@njit(nogil=True, fastmath=True, cache=True)
def deeper_paths(below, kernel, left, step, begin, end, paths):
    """Fill the paths of the positions begin … end − 1 of a convolution, from those of its inputs.

    ``below`` [inputs, w, channels in], windows that move by ``step`` sequence positions per input; ``paths``
    [positions, w + (taps − 1) · step, channels].
    """
    taps, inputs = kernel.shape[0], kernel.shape[1]
    length = below.shape[1]
    for position in range(begin, end):
        paths[position] = 0
        for tap in range(taps):
            source = position - left + tap
            if 0 <= source < len(below):
                target = paths[position, tap * step : tap * step + length]
                multiply(below[source, :, :inputs], kernel[tap], target, 1)


@njit(nogil=True, fastmath=True, cache=True)
def pooled_paths(below, arg, factor, width, step, paths):
    """Fill the paths of pooled positions from those of the convolution's, by each channel's choice."""
    length = below.shape[1]
    paths[:] = 0
    for r in range(len(paths)):
        for place in range(width):
            for row in range(length):
                for channel in range(paths.shape[2]):
                    chosen = width == 1 or arg[r, channel] == place
                    value = below[r * width + place, row, channel] * factor[r, channel]
                    paths[r, place * step + row, channel] += value if chosen else _ZERO


@njit(nogil=True, fastmath=True, cache=True)
def choice_changed(h, h_starts, arg, factor, owners, dh, dh_old, new_arg, new_factor, starts, width, g):
    """Fill [w · width, columns, channels]: mutants' multipliers by their own choices less by the old ones.

    ``dh`` are the changes of the multipliers that arrive, ``dh_old`` those that the old choices are taken
    to meet, in the window from ``starts`` on, which is that of ``new_arg`` and ``new_factor``.
    """
    g[:] = 0
    for row in range(len(new_factor)):
        for column in range(len(owners)):
            r, owner = starts[column] + row, owners[column]
            for place in range(width):
                at = row * width + place
                for channel in range(g.shape[2]):
                    new, old = new_factor[row, column, channel], factor[r, owner, channel]
                    if width > 1:
                        new = new if new_arg[row, column, channel] == place else _ZERO
                        old = old if arg[r, owner, channel] == place else _ZERO
                    before = h[r - h_starts[owner], owner, channel] + dh_old[row, column, channel]
                    moved = dh[row, column, channel] - dh_old[row, column, channel]
                    g[at, column, channel] = before * (new - old) + moved * new


@njit(nogil=True, fastmath=True, cache=True)
def add_paths(g, starts, width, paths, offset, step, out):
    """Add to the importance ``out`` (columns, length) what multipliers of a convolution bring it.

    ``g`` [w, columns, channels] from position starts · width on; ``paths`` [positions, v, channels], windows
    of the sequence that start at position · step − offset.
    """
    columns, length = out.shape
    channels, v = paths.shape[2], paths.shape[1]
    for row in range(len(g)):
        begin = 0
        while begin < columns:
            end = begin + 1
            while end < columns and starts[end] == starts[begin]:
                end += 1
            position = starts[begin] * width + row
            first = position * step - offset
            skipped = max(0, -first)
            kept = min(v, length - first) - skipped
            if kept > 0:
                window = out[begin:end, first + skipped : first + skipped + kept]
                path = paths[position, skipped : skipped + kept]
                multiply_transposed(g[row, begin:end, :channels], path, window, 1)
            begin = end


@njit(nogil=True, fastmath=True, cache=True)
def add_weighted(multipliers, starts, weight, out):
    """Add multipliers (columns, w, 4) from ``starts`` on, times ``weight`` (length, 4), to ``out``."""
    length = out.shape[1]
    for column in range(len(out)):
        for row in range(multipliers.shape[1]):
            position = starts[column] + row
            if 0 <= position < length:
                for base in range(4):
                    out[column, position] += multipliers[column, row, base] * weight[position, base]
