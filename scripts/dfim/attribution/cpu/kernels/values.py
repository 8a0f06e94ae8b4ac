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
