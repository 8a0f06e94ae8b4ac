"""Multipliers on their way back through a stage: pool, ReLU and convolution."""

import numpy as np
from numba import njit

_ONE = np.float32(1)
_ZERO = np.float32(0)


@njit(nogil=True, fastmath=True, cache=True)
def route_changed(
    h, h_starts, arg, factor, owners, dh, dh_starts, new_arg, new_factor, starts, width, g_starts, g
):
    """Carry changes of multipliers back through pool and ReLU.

    The unchanged ``arg`` and ``factor`` are [pooled, sequences, channels], so are the multipliers ``h`` in
    the window from ``h_starts`` (sequence) on. ``dh`` are changes of multipliers in the window from
    ``dh_starts`` on (0 elsewhere), ``new_arg`` and ``new_factor`` what :func:`activate_changed` found in the
    window from ``starts`` on. ``g`` [w, columns, channels] gets the
    change of the multipliers of the convolution's positions from ``g_starts`` on.
    """
    pooled, channels = factor.shape[0], factor.shape[2]
    positions = pooled * width
    fresh = len(new_factor)
    window = len(dh)
    for row in range(g.shape[0]):
        for column in range(g.shape[1]):
            position = g_starts[column] + row
            if position < 0 or position >= positions:
                g[row, column] = 0
                continue
            r, place, owner = position // width, position % width, owners[column]
            w, f, at = r - dh_starts[column], r - starts[column], r - h_starts[owner]
            # Windows may reach beyond what is known of the unchanged multipliers, where nothing is asked for.
            moved, changed = 0 <= w < window, 0 <= f < fresh and 0 <= at < len(h)
            # In this form exactly 0 where nothing changed, however the compiler rounds.
            if changed and width == 1:
                for channel in range(channels):
                    new = new_factor[f, column, channel]
                    change = h[at, owner, channel] * (new - factor[r, owner, channel])
                    g[row, column, channel] = change + (dh[w, column, channel] * new if moved else _ZERO)
            elif changed:
                for channel in range(channels):
                    new = new_factor[f, column, channel] if new_arg[f, column, channel] == place else _ZERO
                    old = factor[r, owner, channel] if arg[r, owner, channel] == place else _ZERO
                    change = h[at, owner, channel] * (new - old)
                    g[row, column, channel] = change + (dh[w, column, channel] * new if moved else _ZERO)
            elif moved and width == 1:
                for channel in range(channels):
                    g[row, column, channel] = dh[w, column, channel] * factor[r, owner, channel]
            elif moved:
                for channel in range(channels):
                    value = dh[w, column, channel] * factor[r, owner, channel]
                    g[row, column, channel] = value if arg[r, owner, channel] == place else _ZERO
            else:
                g[row, column] = 0


@njit(nogil=True, fastmath=True, inline="always")
def _add_scaled(value, source, row, begin, target, column, offset, length):
    """Add value · source[row, begin …] to target[column, offset …], ``length`` numbers.

    Offsets are unsigned: the compiler then knows that they do not count from the end, and uses vectors.
    Slices would do too, but each one counts a reference, atomically.
    """
    for index in range(length):
        target[column, offset + index] += value * source[row, begin + index]


@njit(nogil=True, fastmath=True, cache=True)
def add_choices(
    h, h_starts, arg, factor, owners, dh, dh_old, new_arg, new_factor, starts, width, paths, offset, step, out
):
    """Add to the importance ``out`` (columns, length) what mutants' own choices in a stage with a pool bring.

    ``dh`` [w, columns, channels] are the changes of the multipliers that arrive, ``dh_old`` those that the
    old choices are taken to meet, in the window from ``starts`` on, which is that of ``new_arg`` and
    ``new_factor``; the unchanged ``h``, ``arg`` and ``factor`` are as in :func:`route_changed`, ``paths``
    with their ``offset`` and ``step`` as in :mod:`.paths`. A pool's multipliers are all 0 but for that of
    the place that it chooses now, and that of the one before.
    """
    channels, v = paths.shape[1:]
    flat, length = paths.reshape(-1, v), out.shape[1]
    for column in range(len(owners)):
        owner = owners[column]
        for row in range(len(new_factor)):
            r = starts[column] + row
            at = r - h_starts[owner]
            for channel in range(channels):
                before = h[at, owner, channel] + dh_old[row, column, channel]
                moved = dh[row, column, channel] - dh_old[row, column, channel]
                new, old = new_factor[row, column, channel], factor[r, owner, channel]
                place, was = new_arg[row, column, channel], arg[r, owner, channel]
                # In this form exactly 0 where nothing changed.
                value = before * (new - old) + moved * new if place == was else (before + moved) * new
                for _ in range(2):
                    if value != 0:
                        position = r * width + place
                        first = position * step - offset
                        skipped = -first if first < 0 else 0
                        kept = (v if first + v <= length else length - first) - skipped
                        if kept > 0:
                            _add_scaled(
                                value,
                                flat,
                                position * channels + channel,
                                np.uint64(skipped),
                                out,
                                column,
                                np.uint64(first + skipped),
                                np.uint64(kept),
                            )
                    value = _ZERO if place == was else -before * old
                    place = was


@njit(nogil=True, fastmath=True, cache=True)
def own_multipliers(
    h, h_starts, owners, dh, new_arg, new_factor, starts, width, left, rows_starts, kernel, out
):
    """Add to ``out`` (columns, rows, 4) the multipliers of the mutated rows, from ``rows_starts`` on.

    All that reaches them comes through the window of the first stage that they change. ``h``, ``dh``,
    ``new_arg`` and ``new_factor`` are as in :func:`add_choices`, of that stage; ``kernel`` [channels, taps,
    4] and ``left`` are its convolution's.
    """
    channels, taps, _ = kernel.shape
    for column in range(len(owners)):
        owner = owners[column]
        for row in range(len(new_factor)):
            r = starts[column] + row
            for channel in range(channels):
                value = h[r - h_starts[owner], owner, channel] + dh[row, column, channel]
                value *= new_factor[row, column, channel]
                if value == 0:
                    continue
                place = new_arg[row, column, channel] if width > 1 else 0
                first = rows_starts[column] + left - r * width - place  # the tap that the first row meets
                for own in range(max(0, -first), min(out.shape[1], taps - first)):
                    for base in range(4):
                        out[column, own, base] += value * kernel[channel, first + own, base]
