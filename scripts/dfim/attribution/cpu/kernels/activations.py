"""ReLU and max-pool, and the factors by which the rules of DeepLIFT carry multipliers through activations.

Compiled with NumPy's model of errors. By Python's every divisor is looked at, which keeps the compiler from
using the vectors of the processor.
"""

import numpy as np
from numba import njit

from dfim.attribution.ties import TIE

NEAR_ZERO = np.float32(1e-7)
_ONE = np.float32(1)
_ZERO = np.float32(0)
# Not infinite: the kernels are compiled for finite numbers.
_LOWEST = np.float32(-3e38)
_TINY = np.float32(1e-30)
_TIE = np.float32(TIE)


@njit(nogil=True, fastmath=True, inline="always")
def _slope(start, end):
    """Return (ReLU(end) − ReLU(start)) / (end − start), without the rounding of a difference of equal signs.

    Where the two are too close to tell, it is the gradient at the start. From 0 it is exactly the derivative
    at the end, which gradients rest on.
    """
    high, low = max(start, end), min(start, end)
    step = high - low
    crossing = high / (step + _TINY)
    crossing = (_ONE if start > 0 else _ZERO) if step < NEAR_ZERO else crossing
    below = _ZERO if high <= 0 else crossing
    return _ONE if low >= 0 and high > 0 else below


@njit(nogil=True, fastmath=True, inline="always")
def _factor(z, reference):
    """Return Rescale's multiplier of a ReLU."""
    return _slope(reference, z)


@njit(nogil=True, fastmath=True, inline="always")
def _activate_each(z, reference, relu, y, factor):
    """ReLU without a pool."""
    for r in range(y.shape[0]):
        for column in range(y.shape[1]):
            for channel in range(y.shape[2]):
                value = z[r, column, channel]
                y[r, column, channel] = max(value, _ZERO) if relu else value
                factor[r, column, channel] = _factor(value, reference[r, channel]) if relu else _ONE


@njit(nogil=True, fastmath=True, inline="always")
def _choose(values, lowest, tie, best, least, arg, chosen):
    """Fill the maximum of one pool, values (places, channels), the place that it counts for, and its value.

    That is the first of all places whose value is equal to the maximum (:mod:`dfim.attribution.ties`).
    ``least`` (channels,) is for what that takes.
    """
    places, channels = values.shape
    for channel in range(channels):
        best[channel] = max(values[0, channel], lowest)
        # Where values overflow none is equal to the largest, and a place is an index all the same.
        arg[channel], chosen[channel] = 0, values[0, channel]
    for place in range(1, places):
        for channel in range(channels):
            best[channel] = max(values[place, channel], best[channel])
    for channel in range(channels):
        least[channel] = best[channel] - max(_TIE * abs(best[channel]), tie[channel])
    for back in range(places):
        place = places - 1 - back
        # Whole numbers and others in loops of their own: in one the compiler uses no vectors of 8.
        for channel in range(channels):
            arg[channel] = place if max(values[place, channel], lowest) >= least[channel] else arg[channel]
        for channel in range(channels):
            value = values[place, channel]
            chosen[channel] = value if max(value, lowest) >= least[channel] else chosen[channel]


@njit(nogil=True, fastmath=True, cache=True, error_model="numpy")
def activate(z, reference, uniform, relu, width, tie, y, arg, factor):
    """ReLU and max-pool of z [positions, columns, channels]; keep what the way back needs.

    ``reference`` [positions, channels] is z of the reference, ``uniform`` (pooled,) where it is one value a
    pool. ``y``, ``arg`` and ``factor`` have the axes
    [pooled, columns, channels]; pooled position r is the maximum of the positions r · width … + width − 1.
    """
    if width == 1:
        _activate_each(z, reference, relu, y, factor)
        return
    pooled, columns, channels = y.shape
    chosen, least = np.empty(channels, np.float32), np.empty(channels, np.float32)
    # A copy of the pool's values, which lie side by side in it: the compiler then uses vectors.
    values = np.empty((width, channels), np.float32)
    lowest = _ZERO if relu else _LOWEST
    for r in range(pooled):
        begin = r * width
        for column in range(columns):
            for place in range(width):
                for channel in range(channels):
                    values[place, channel] = z[begin + place, column, channel]
            _choose(values, lowest, tie, y[r, column], least, arg[r, column], chosen)
            places = reference[begin : begin + width]
            _factors(chosen, arg[r, column], places, uniform[r], relu, factor[r, column])


@njit(nogil=True, fastmath=True, inline="always")
def _factors(chosen, arg, reference, uniform, relu, factor):
    """Fill the factors (channels,) of one pool, from z at the place that counts.

    The reference (places, channels) is ``uniform`` when all places have the same, as they have away from
    padding.
    """
    if not relu:
        factor[:] = 1
        return
    for channel in range(len(chosen)):
        factor[channel] = _factor(chosen[channel], reference[0, channel])
    if not uniform:
        for place in range(1, len(reference)):
            for channel in range(len(chosen)):
                if arg[channel] == place:
                    factor[channel] = _factor(chosen[channel], reference[place, channel])


@njit(nogil=True, fastmath=True, inline="always")
def _activate_each_changed(z, dz, z_starts, owners, reference, relu, y, starts, dy, factor):
    """ReLU without a pool, where a window of z changed."""
    for row in range(dy.shape[0]):
        for column in range(dy.shape[1]):
            r, owner = starts[column] + row, owners[column]
            w = r - z_starts[column]
            if 0 <= w < len(dz):
                for channel in range(dy.shape[2]):
                    value = z[r, owner, channel] + dz[w, column, channel]
                    active = max(value, _ZERO) if relu else value
                    dy[row, column, channel] = active - y[r, owner, channel]
                    factor[row, column, channel] = _factor(value, reference[r, channel]) if relu else _ONE
            else:
                for channel in range(dy.shape[2]):
                    value = z[r, owner, channel]
                    dy[row, column, channel] = 0
                    factor[row, column, channel] = _factor(value, reference[r, channel]) if relu else _ONE


@njit(nogil=True, fastmath=True, cache=True, error_model="numpy")
def activate_changed(
    z, dz, z_starts, owners, reference, uniform, relu, width, tie, y, starts, dy, arg, factor
):
    """ReLU and max-pool where a window of z changed.

    ``z`` [positions, sequences, channels] and ``y`` [pooled, sequences, channels] are the unchanged values,
    ``dz`` [w, columns, channels] the changes from ``z_starts`` on, ``owners`` the sequence of each column.
    Fills ``dy``, ``arg`` and ``factor`` [pooled w, columns, channels] from ``starts`` on.
    """
    if width == 1:
        _activate_each_changed(z, dz, z_starts, owners, reference, relu, y, starts, dy, factor)
        return
    channels = y.shape[2]
    window = len(dz)
    lowest = _ZERO if relu else _LOWEST
    values = np.empty((width, channels), np.float32)
    best, chosen = np.empty(channels, np.float32), np.empty(channels, np.float32)
    least = np.empty(channels, np.float32)
    for row in range(len(dy)):
        for column in range(dy.shape[1]):
            r, owner = starts[column] + row, owners[column]
            begin = r * width
            for place in range(width):
                w = begin + place - z_starts[column]
                if 0 <= w < window:
                    for channel in range(channels):
                        values[place, channel] = z[begin + place, owner, channel] + dz[w, column, channel]
                else:
                    for channel in range(channels):
                        values[place, channel] = z[begin + place, owner, channel]
            _choose(values, lowest, tie, best, least, arg[row, column], chosen)
            _factors(
                chosen,
                arg[row, column],
                reference[begin : begin + width],
                uniform[r],
                relu,
                factor[row, column],
            )
            for channel in range(channels):
                dy[row, column, channel] = best[channel] - y[r, owner, channel]


@njit(nogil=True, fastmath=True, inline="always")
def _slope_of_part(start, part):
    """Return the slope of ReLU from ``start`` to start + ``part``, for a part that may be nothing.

    The rule then takes a little step upwards instead, whose slope is 1 also where the start is exactly 0, as
    it is for a unit without bias whose inputs are all off.
    """
    return _ONE if start == 0 and 0 <= part < NEAR_ZERO else _slope(start, start + part)


@njit(nogil=True, fastmath=True, cache=True, error_model="numpy")
def reveal_cancel(reference, s, s_absolute, positive, negative):
    """Fill the two factors of RevealCancel (rows, units).

    ``s`` is d · K and ``s_absolute`` |d| · |K|, d the difference from the reference: half their sum and half
    their difference are what came in with each sign.
    """
    half = np.float32(0.5)
    for row in range(s.shape[0]):
        for unit in range(s.shape[1]):
            p = half * (s[row, unit] + s_absolute[row, unit])
            n = half * (s[row, unit] - s_absolute[row, unit])
            h = reference[unit]
            positive[row, unit] = half * (_slope_of_part(h, p) + _slope_of_part(h + n, p))
            negative[row, unit] = half * (_slope_of_part(h, n) + _slope_of_part(h + p, n))


@njit(nogil=True, fastmath=True, cache=True, error_model="numpy")
def rescale(reference, s, factor):
    """Fill the factors of Rescale (rows, units); ``s`` is z less that of the reference."""
    for row in range(s.shape[0]):
        for unit in range(s.shape[1]):
            factor[row, unit] = _factor(reference[unit] + s[row, unit], reference[unit])
