"""The first dense layer: changes of its inputs in windows, and multipliers of windows of its inputs."""

import numpy as np
from numba import njit

from dfim.attribution.cpu.blas import multiply

_ONE = np.float32(1)
_ZERO = np.float32(0)


@njit(nogil=True, fastmath=True, cache=True)
def change_of_sizes(dy, starts, d, owners, out):
    """Fill ``out`` [w, columns, channels] with what changes in the sizes of a dense layer's inputs.

    ``d`` (sequences, inputs) are the unchanged differences from the reference, ``dy`` the changes of those of
    ``owners`` in windows from ``starts`` on; 0 where a window leaves the inputs.
    """
    window, columns, channels = dy.shape
    pooled = d.shape[1] // channels
    for row in range(window):
        for column in range(columns):
            r, owner = starts[column] + row, owners[column]
            for channel in range(channels):
                old = d[owner, r * channels + channel] if 0 <= r < pooled else _ZERO
                new = old + dy[row, column, channel] if 0 <= r < pooled else _ZERO
                out[row, column, channel] = abs(new) - abs(old)


@njit(nogil=True, fastmath=True, cache=True)
def add_changed_inputs(dy, starts, kernel, s):
    """Add to s (columns, units) what changes ``dy`` [w, columns, channels] of a dense layer's inputs make.

    ``starts`` are sorted, so that the columns whose windows hold an input position are neighbours: they take
    its weights together.
    """
    window, columns, channels = dy.shape
    units = s.shape[1]
    rows, found = np.empty((columns, channels), np.float32), np.empty((columns, units), np.float32)
    begin = end = 0
    for r in range(len(kernel) // channels):
        while end < columns and starts[end] <= r:
            end += 1
        while begin < end and starts[begin] + window <= r:
            begin += 1
        if begin == end:
            continue
        for column in range(begin, end):
            for channel in range(channels):
                rows[column, channel] = dy[r - starts[column], column, channel]
        multiply(rows[begin:end], kernel[r * channels : (r + 1) * channels], found[begin:end], 0)
        for column in range(begin, end):
            for unit in range(units):
                s[column, unit] += found[column, unit]


@njit(nogil=True, fastmath=True, inline="always")
def _sign(value):
    return _ONE if value > 0 else (-_ONE if value < 0 else _ZERO)


@njit(nogil=True, fastmath=True, cache=True)
def combine(plain, signed, d, out):
    """Add to ``plain`` (rows, inputs) the term of RevealCancel that takes the sign of the inputs."""
    for row in range(plain.shape[0]):
        for unit in range(plain.shape[1]):
            out[row, unit] = plain[row, unit] + _sign(d[row, unit]) * signed[row, unit]


@njit(nogil=True, fastmath=True, cache=True)
def multiply_units(rows, kernel, starts, channels, out):
    """Carry rows (columns, units) through a dense layer's ``kernel`` (units, inputs), to a window each.

    ``out`` [w, columns, channels] are the inputs of the pooled positions from ``starts`` on.
    """
    columns = out.shape[1]
    pooled = kernel.shape[1] // channels
    for row in range(len(out)):
        begin = 0
        while begin < columns:
            end = begin + 1
            while end < columns and starts[end] == starts[begin]:
                end += 1
            r = starts[begin] + row
            if 0 <= r < pooled:
                inputs = kernel[:, r * channels : (r + 1) * channels]
                multiply(rows[begin:end], inputs, out[row, begin:end], 0)
            else:
                out[row, begin:end] = 0
            begin = end


@njit(nogil=True, fastmath=True, cache=True)
def change_of_inputs(plain, signed, top_starts, d, dy, starts, owners, h, h_starts, dh, dh_old):
    """Fill ``dh`` [w, columns, channels]: the multipliers of a dense layer's inputs less the unchanged ones.

    ``dh_old`` gets the same with the signs of the unchanged inputs.

    The multipliers are plain + sign(input) · signed, in the window from ``top_starts`` on; the inputs are
    ``d`` (sequences, inputs), changed by ``dy`` in the window from ``starts`` on; ``h`` [pooled, sequences,
    channels] are the unchanged multipliers.
    """
    channels = h.shape[2]
    for row in range(dh.shape[0]):
        for column in range(dh.shape[1]):
            r, owner = top_starts[column] + row, owners[column]
            f = r - starts[column]
            inside = 0 <= f < len(dy)
            for channel in range(channels):
                value = d[owner, r * channels + channel]
                base = plain[row, column, channel] - h[r - h_starts[owner], owner, channel]
                dh_old[row, column, channel] = base + _sign(value) * signed[row, column, channel]
                value += dy[f, column, channel] if inside else _ZERO
                dh[row, column, channel] = base + _sign(value) * signed[row, column, channel]


@njit(nogil=True, fastmath=True, cache=True)
def weigh_active(reference, s, weights):
    """Return (rows,): of what sums s (rows, units) change in ReLUs of a layer, the sum with these weights.

    ``reference`` (units,) is z where the sums are 0. Sums and weights of one task are so few that float64
    costs nothing, and does not add to the rounding.
    """
    found = np.empty(len(s), np.float64)
    for row in range(len(s)):
        total = 0.0
        for unit in range(s.shape[1]):
            change = max(reference[unit] + s[row, unit], _ZERO) - max(reference[unit], _ZERO)
            total += change * weights[unit]
        found[row] = total
    return found


@njit(nogil=True, fastmath=True, cache=True)
def halves(multiplier, positive, negative, plain, signed):
    """Fill half of the sum, and half of the difference, of multipliers times factors (rows, units).

    ``multiplier`` is (rows, units), or (1, units) for all rows.
    """
    half = np.float32(0.5)
    for row in range(plain.shape[0]):
        own = min(row, len(multiplier) - 1)
        for unit in range(plain.shape[1]):
            value = half * multiplier[own, unit]
            plain[row, unit] = value * (positive[row, unit] + negative[row, unit])
            signed[row, unit] = value * (positive[row, unit] - negative[row, unit])
