"""ReLU and max-pool where nothing but values is asked for: neither places nor factors are kept."""

import numpy as np
from numba import njit

_ZERO = np.float32(0)
# Not infinite: the kernels are compiled for finite numbers.
_LOWEST = np.float32(-3e38)


@njit(nogil=True, fastmath=True, cache=True)
def pool(z, relu, width, y):
    """Fill y [pooled, columns, channels]: position r is the maximum of z from r · width to … + width − 1."""
    lowest = _ZERO if relu else _LOWEST
    for r in range(y.shape[0]):
        for column in range(y.shape[1]):
            for channel in range(y.shape[2]):
                y[r, column, channel] = max(z[r * width, column, channel], lowest)
            for place in range(r * width + 1, (r + 1) * width):
                for channel in range(y.shape[2]):
                    y[r, column, channel] = max(z[place, column, channel], y[r, column, channel])


@njit(nogil=True, fastmath=True, cache=True)
def pool_changed(z, dz, z_starts, owners, relu, width, y, starts, dy):
    """Fill the changes ``dy`` [w, columns, channels] of pooled positions from ``starts`` on.

    ``z`` [positions, sequences, channels] and ``y`` [pooled, sequences, channels] are the unchanged values,
    ``dz`` [w, columns, channels] what changes in z from ``z_starts`` on, ``owners`` the sequence of each
    column.
    """
    lowest = _ZERO if relu else _LOWEST
    channels = dy.shape[2]
    for row in range(dy.shape[0]):
        for column in range(dy.shape[1]):
            r, owner = starts[column] + row, owners[column]
            for channel in range(channels):
                dy[row, column, channel] = lowest
            for position in range(r * width, (r + 1) * width):
                w = position - z_starts[column]
                if 0 <= w < len(dz):
                    for channel in range(channels):
                        value = z[position, owner, channel] + dz[w, column, channel]
                        dy[row, column, channel] = max(value, dy[row, column, channel])
                else:
                    for channel in range(channels):
                        value = z[position, owner, channel]
                        dy[row, column, channel] = max(value, dy[row, column, channel])
            for channel in range(channels):
                dy[row, column, channel] -= y[r, owner, channel]


@njit(nogil=True, fastmath=True, inline="always")
def _row(place, column, position):
    """Return the row of a window's position among all edits' rows, −1 outside the window; see below."""
    w = position - place[column, 2]
    return place[column, 0] + w * place[column, 1] if 0 <= w < place[column, 3] else -1


@njit(nogil=True, fastmath=True, inline="always")
def _add(changes, row, values):
    """Add a row of changes to values (channels,); nothing for row −1."""
    if row >= 0:
        at = np.uint64(row)
        for channel in range(len(values)):
            values[channel] += changes[at, channel]


@njit(nogil=True, fastmath=True, cache=True)
def pool_changed_together(
    z, dz, one_z, other_z, joint, joint_starts, owners, relu, width, y, dy, one_y, other_y, starts, out
):
    """Fill ``out`` [w, columns, channels]: what two edits change together beyond what each does by itself.

    ``z`` [positions, sequences, channels] and ``y`` [pooled, sequences, channels] are the unchanged values.
    ``dz`` and ``dy`` (rows, channels) hold the changes of every edit by itself. Where in them those of a
    column's two edits lie say ``one_z``, ``other_z``, ``one_y`` and ``other_y`` (columns, 4): the first row,
    how many rows from one position of the window to the next, its first position and how many it has.
    ``joint`` [w, columns, channels], in the window from ``joint_starts`` on, is what this function found in
    the stage below, carried through the convolution. The result's window begins at ``starts``; it is 0 where
    the windows of the edits do not meet.
    """
    lowest = _ZERO if relu else _LOWEST
    columns, channels = out.shape[1:]
    values, best = np.empty(channels, np.float32), np.empty(channels, np.float32)
    for row in range(len(out)):
        for column in range(columns):
            r, owner = starts[column] + row, owners[column]
            one, other = _row(one_y, column, r), _row(other_y, column, r)
            if one < 0 or other < 0:
                out[row, column] = 0
                continue
            best[:] = lowest
            for position in range(r * width, (r + 1) * width):
                for channel in range(channels):
                    values[channel] = z[position, owner, channel]
                _add(dz, _row(one_z, column, position), values)
                _add(dz, _row(other_z, column, position), values)
                w = position - joint_starts[column]
                if 0 <= w < len(joint):
                    for channel in range(channels):
                        values[channel] += joint[w, column, channel]
                for channel in range(channels):
                    best[channel] = max(values[channel], best[channel])
            for channel in range(channels):
                values[channel] = y[r, owner, channel]
            _add(dy, one, values)
            _add(dy, other, values)
            for channel in range(channels):
                out[row, column, channel] = best[channel] - values[channel]


@njit(nogil=True, fastmath=True, cache=True)
def add_rows(values, owners, changes, pairs, out):
    """Fill ``out`` (copies, units): the values of each copy's owner, and the changes of its two edits.

    ``values`` (sequences, units); ``changes`` (edits + 1, units), the last row, which −1 takes, being 0;
    ``pairs`` (copies, 2).
    """
    last = len(changes) - 1
    for copy in range(len(out)):
        owner, one, other = owners[copy], pairs[copy, 0], pairs[copy, 1]
        one, other = one if one >= 0 else last, other if other >= 0 else last
        for unit in range(out.shape[1]):
            out[copy, unit] = values[owner, unit] + (changes[one, unit] + changes[other, unit])
