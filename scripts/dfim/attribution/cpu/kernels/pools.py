"""Multipliers on their way back through a stage whose pool leaves most of them 0: these are skipped."""

import numpy as np
from numba import njit

from dfim.attribution.cpu.vectors import BLOCK, add_chosen

_ZERO = np.float32(0)
_ONE = np.float32(1)
# Numbers of the result that are worked on together, so that they stay in the cache.
_HELD = 32_768


@njit(nogil=True, fastmath=True, inline="always")
def _changes(h, h_starts, arg, factor, owner, dh, w, column, new_arg, new_factor, f, r, channel):
    """Return one pool's multipliers as they are now and were: place and value of each."""
    old, moved = _ZERO, _ZERO
    if 0 <= w < len(dh):
        moved = dh[w, column, channel]
    at = r - h_starts[owner]
    if 0 <= f < len(new_factor) and 0 <= at < len(h):
        old, before = h[at, owner, channel], factor[r, owner, channel]
        place, new = new_arg[f, column, channel], new_factor[f, column, channel]
        if place == arg[r, owner, channel]:  # exactly 0 where nothing changed
            return place, old * (new - before) + moved * new, place, _ZERO
        return place, new * (old + moved), arg[r, owner, channel], old * before
    place = arg[r, owner, channel]
    return place, moved * factor[r, owner, channel], place, _ZERO


@njit(nogil=True, fastmath=True, inline="always")
def _multipliers(
    h, h_starts, arg, factor, owner, dh, dh_start, column, new_arg, new_factor, start, r, place, value
):
    """Fill place and value of one pool's multipliers; return how many there are of each channel, 0 to 2.

    All first ones come before all second ones, with which places that are no longer chosen lose what they
    had. The place of a multiplier of 0 is −1.
    """
    channels = len(value) // 2
    w, f, at = r - dh_start, r - start, r - h_starts[owner]
    if 0 <= f < len(new_factor) and 0 <= at < len(h):
        for channel in range(channels):
            one, now, other, before = _changes(
                h, h_starts, arg, factor, owner, dh, w, column, new_arg, new_factor, f, r, channel
            )
            place[channel], value[channel] = one if now != 0 else -1, now
            place[channels + channel], value[channels + channel] = other if before != 0 else -1, -before
        return 2
    if 0 <= w < len(dh):
        for channel in range(channels):
            value[channel] = dh[w, column, channel] * factor[r, owner, channel]
            place[channel] = arg[r, owner, channel] if value[channel] != 0 else -1
        return 1
    return 0


@njit(nogil=True, fastmath=True, inline="always")
def _sort_by_place(place, value, number, ends, index, kept, found):
    """Append a pool's multipliers to a list of ``found`` ones, those of one place side by side.

    ``place`` and ``value`` are as :func:`_multipliers` leaves them. ``ends`` (places,) gets where those of
    each place end in the list, of which ``index`` has the channels and ``kept`` the values.
    """
    channels, places = len(value) // 2, len(ends)
    ends[:] = 0
    for entry in range(number * channels):
        if place[entry] >= 0:
            ends[place[entry]] += 1
    begin = found
    for wanted in range(places):
        begin, ends[wanted] = begin + ends[wanted], begin
    for entry in range(number * channels):
        if place[entry] >= 0:
            at = ends[place[entry]]
            index[at], kept[at] = entry % channels, value[entry]
            ends[place[entry]] += 1


@njit(nogil=True, fastmath=True, inline="always")
def _add_lists(lists, index, kept, kernel, stride, first_row, rows, sums):
    """Add what the multipliers of each list are carried to.

    ``lists`` (lists, 4): where a list begins and ends, the row that its first shift goes to, and where in
    ``sums`` that row begins. Of several shifts those count that go to ``rows`` rows from ``first_row`` on, so
    that nothing leads out of the sums.
    """
    blocks, shifts = kernel.shape[:2]
    for block in range(blocks):
        for shift in range(shifts):
            begins, offset = kernel[block, shift].ctypes.data, shift * stride + block * BLOCK
            for number in range(len(lists)):
                begin, end, row, target = (
                    lists[number, 0],
                    lists[number, 1],
                    lists[number, 2],
                    lists[number, 3],
                )
                if shifts > 1 and not first_row <= row + shift < first_row + rows:
                    continue
                multipliers = index.ctypes.data + 4 * begin, kept.ctypes.data + 4 * begin, end - begin
                add_chosen(begins, *multipliers, sums.ctypes.data + 4 * (target + offset))


@njit(nogil=True, fastmath=True, cache=True)
def carry_chosen(
    h, h_starts, arg, factor, owners, dh, dh_starts, new_arg, new_factor, starts, width, left, to, taps,
    kernel, stride, inputs, at, out,
):  # fmt: skip
    """Do at once what route_changed and a convolution do, with the multipliers alone that are not 0.

    ``kernel`` [blocks, shifts, channels, BLOCK] has what a multiplier of 1 is carried to, ``stride`` numbers
    for each position and 0 up to whole blocks: tap after tap (shifts), or with one shift that of all taps
    side by side. ``left`` is the convolution's padding. ``out`` (·,) gets ``inputs`` numbers for each
    position of windows that start at ``to``; ``at``: how many positions they have, and how many numbers lie
    from one to the next, and from one column to the next. Sums are written by address; so a kernel that does
    not fit ends in a ValueError.
    """
    blocks, channels = kernel.shape[0], kernel.shape[2]
    if kernel.shape[3] != BLOCK or channels > factor.shape[2] or kernel.shape[1] not in (1, taps):
        raise ValueError("the kernel does not fit the multipliers")
    pooled, (length, position_step, column_step) = len(factor), at
    # What goes to the taps − 1 positions on either side of the window is left there.
    size = (length + 2 * (taps - 1)) * stride + blocks * BLOCK
    together = max(min(_HELD // size, len(owners)), 1)
    sums = np.empty((together, size), np.float32)
    most = together * min((length + taps - 2) // width + 2, pooled)
    lists, ends = np.empty((most * width, 4), np.int64), np.empty(width, np.int64)
    index, kept = np.empty(2 * most * channels, np.int32), np.empty(2 * most * channels, np.float32)
    place, value = np.empty(2 * channels, np.int32), np.empty(2 * channels, np.float32)
    for begin in range(0, len(owners), together):
        stop = min(begin + together, len(owners))
        sums[: stop - begin] = 0
        number = found = 0
        for column in range(begin, stop):
            first = to[column] + left - (taps - 1)
            for r in range(max(0, first // width), min(pooled, (first + length + taps - 2) // width + 1)):
                each = _multipliers(
                    h, h_starts, arg, factor, owners[column], dh, dh_starts[column], column, new_arg,
                    new_factor, starts[column], r, place, value,
                )  # fmt: skip
                _sort_by_place(place, value, each, ends, index, kept, found)
                for wanted in range(width):
                    row = r * width + wanted - first
                    if found < ends[wanted] and 0 <= row < length + taps - 1:
                        # One by one: to assign a row at once takes seconds to compile.
                        lists[number, 0], lists[number, 1] = found, ends[wanted]
                        lists[number, 2], lists[number, 3] = row, (column - begin) * size + row * stride
                        number += 1
                    found = ends[wanted]
        _add_lists(lists[:number], index, kept, kernel, stride, taps - 1, length, sums)
        for column in range(begin, stop):
            for w in range(length):
                source = np.uint64((w + taps - 1) * stride)
                target = np.uint64(w * position_step + column * column_step)
                for channel in range(np.uint64(inputs)):
                    out[target + channel] = sums[column - begin, source + channel]


# What is added to sums are multiples of so many numbers: what the compiler takes at once with vectors.
_CHUNK = 32


@njit(nogil=True, fastmath=True, cache=True)
def scatter_to_targets(
    h, h_starts, arg, factor, owners, dh, dh_starts, new_arg, new_factor, starts, width, left, to, targets,
    kernel, taps, out,
):  # fmt: skip
    """Do what :func:`carry_chosen` does for the first stage, at targets alone.

    ``out`` is left as it is elsewhere. ``targets`` (columns, most, 2) are intervals of positions of the
    sequence. ``kernel`` (channels, n) has the taps · 4 weights of each channel, and at least 32 zeros after
    them.
    """
    channels, length = len(kernel), out.shape[1]
    sums, asked = np.empty(4 * length + _CHUNK, np.float32), np.empty(length + 1, np.bool_)
    place, old_place = np.empty(channels, np.int32), np.empty(channels, np.int32)
    value, old = np.empty(channels, np.float32), np.empty(channels, np.float32)
    for column in range(len(owners)):
        owner = owners[column]
        asked[:] = False
        for number in range(targets.shape[1]):
            first, stop = targets[column, number, 0] - to[column], targets[column, number, 1] - to[column]
            asked[max(0, first) : max(0, min(stop, length))] = True
        lowest, highest = dh_starts[column], dh_starts[column] + len(dh)
        if len(new_factor):
            lowest = min(lowest, starts[column]) if len(dh) else starts[column]
            highest = max(highest if len(dh) else 0, starts[column] + len(new_factor))
        begin = 0
        while begin < length:
            end = begin
            while asked[end]:
                end += 1
            if end == begin:
                begin += 1
                continue
            sums[: 4 * (end - begin) + _CHUNK] = 0
            # Positions of the convolution that reach the run.
            reached = to[column] + left + begin - (taps - 1), to[column] + left + end
            for r in range(max(lowest, reached[0] // width), min(highest, (reached[1] - 1) // width + 1)):
                w, f, at = r - dh_starts[column], r - starts[column], r - h_starts[owner]
                fresh = 0 <= f < len(new_factor) and 0 <= at < len(h)
                for channel in range(channels):
                    moved = dh[w, column, channel] if 0 <= w < len(dh) else _ZERO
                    value[channel], place[channel] = moved * factor[r, owner, channel], arg[r, owner, channel]
                if fresh:
                    for channel in range(channels):
                        place[channel], value[channel], old_place[channel], old[channel] = _changes(
                            h, h_starts, arg, factor, owner, dh, w, column, new_arg, new_factor, f, r, channel
                        )
                first = r * width - left - to[column] - begin
                _add_taps(value, place, first, end - begin, taps, kernel, sums, _ONE)
                if fresh:
                    _add_taps(old, old_place, first, end - begin, taps, kernel, sums, -_ONE)
            for position in range(begin, end):
                for base in range(4):
                    out[column, position, base] = sums[4 * (position - begin) + base]
            begin = end


@njit(nogil=True, fastmath=True, inline="always")
def _add_taps(value, place, first, length, taps, kernel, sums, sign):
    """Add the taps of each channel's multiplier to ``sums``, from ``first`` + its place on, 4 for a position.

    What lies behind ``length`` positions is not read.
    """
    for channel in range(len(value)):
        if value[channel] == 0:
            continue
        target = first + place[channel]
        skipped = -target if target < 0 else 0
        kept = min(taps - skipped, length - target - skipped)
        offset, begin = np.uint64(4 * (target + skipped)), np.uint64(4 * skipped)
        multiplier = sign * value[channel]
        for index in range(np.uint64(max(0, -(-4 * kept // _CHUNK) * _CHUNK))):
            sums[offset + index] += multiplier * kernel[channel, begin + index]
