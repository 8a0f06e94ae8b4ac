"""The compiled loops of the CPU engine.

Arrays have the axes [position, column, channel]: a column is one sequence, or one mutant, and a *window* is a
run of positions that starts at another place for each column (``starts``, which may lie outside the layer).
Positions first makes every tap of a convolution a product of two contiguous matrices.

Everything is float32; ``arg`` (int32) is the place in its pool of the maximum that counts, and empty
where there is no pool (width 1).
"""

import numpy as np
from numba import njit

from dfim.attribution.cpu.blas import multiply, multiply_transposed
from dfim.attribution.ties import TIE

# Rows of a matrix product that are taken together, so that they stay in the cache between taps.
_BLOCK = 384
NEAR_ZERO = np.float32(1e-7)
_ONE = np.float32(1)
_ZERO = np.float32(0)
# Not infinite: the kernels are compiled for finite numbers.
_LOWEST = np.float32(-3e38)
_TINY = np.float32(1e-30)
_TIE = np.float32(TIE)


@njit(nogil=True, fastmath=True, cache=True)
def convolve(x, kernel, bias, out):
    """Convolve padded input [positions + width − 1, columns, channels in] into [positions, columns, out]."""
    width, inputs, outputs = kernel.shape
    columns = x.shape[1]
    rows = x.reshape(-1, x.shape[2])[:, :inputs]
    result = out.reshape(-1, outputs)
    for begin in range(0, len(result), _BLOCK):
        end = min(begin + _BLOCK, len(result))
        result[begin:end] = bias
        for tap in range(width):
            multiply(rows[tap * columns + begin : tap * columns + end], kernel[tap], result[begin:end], 1)


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
        values[:] = bias
        multiply(block, kernel, values, 1)
        if end - begin < _BLOCK:
            result[begin:end] = last[: end - begin]


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


@njit(nogil=True, fastmath=True, cache=True)
def convolve_back(g, transposed, out):
    """Carry multipliers through a convolution: [w + taps − 1, columns, out] to [w, columns, in].

    ``transposed`` has shape (taps, out, in). Row j of ``g`` lies taps − 1 positions before what row j of the
    result would reach with its last tap: all that reaches the window, and no more.
    """
    taps, outputs, inputs = transposed.shape
    columns = g.shape[1]
    rows = g.reshape(-1, g.shape[2])[:, :outputs]
    result = out.reshape(-1, inputs)
    for begin in range(0, len(result), _BLOCK):
        end = min(begin + _BLOCK, len(result))
        for tap in range(taps):
            shift = (taps - 1 - tap) * columns
            multiply(rows[begin + shift : end + shift], transposed[tap], result[begin:end], min(tap, 1))


@njit(nogil=True, fastmath=True, cache=True)
def convolve_back_sequences(g, flat, out):
    """Carry multipliers through the first convolution, to [columns, w, 4]; the window as in convolve_back.

    ``flat`` has shape (channels, taps · 4).
    """
    channels, width = flat.shape
    taps = width // 4
    columns = g.shape[1]
    rows = g.reshape(-1, g.shape[2])[:, :channels]
    out[:] = 0
    result = out.reshape(columns, -1)
    targets = result.shape[1]
    block = np.empty((_BLOCK, width), np.float32)
    for begin in range(0, len(rows), _BLOCK):
        end = min(begin + _BLOCK, len(rows))
        multiply(rows[begin:end], flat, block[: end - begin], 0)
        for row in range(begin, end):
            position, column = row // columns, row % columns
            first = 4 * (position - (taps - 1))
            skipped = max(0, -first)
            if skipped < min(width, targets - first):
                _add_scaled(
                    _ONE,
                    block,
                    row - begin,
                    np.uint64(skipped),
                    result,
                    column,
                    np.uint64(first + skipped),
                    np.uint64(min(width, targets - first) - skipped),
                )


@njit(nogil=True, fastmath=True, inline="always")
def _slope(start, end):
    """Return (ReLU(end) − ReLU(start)) / (end − start), without the rounding of a difference of equal signs.

    Where the two are too close to tell, it is the gradient at the start.
    """
    high, low = max(start, end), min(start, end)
    step = high - low
    crossing = high / (step + _TINY)
    crossing = (_ONE if start > 0 else _ZERO) if step < NEAR_ZERO else crossing
    below = _ZERO if high <= 0 else crossing
    return _ONE if low > 0 else below


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
def _choose(values, lowest, tie, best, arg, chosen):
    """Fill the maximum of one pool, values (places, channels), the place that it counts for, and its value.

    That is the first of all places whose value is equal to the maximum (:mod:`dfim.attribution.ties`).
    """
    places, channels = values.shape
    for channel in range(channels):
        best[channel] = max(values[0, channel], lowest)
    for place in range(1, places):
        for channel in range(channels):
            best[channel] = max(values[place, channel], best[channel])
    for back in range(places):
        place = places - 1 - back
        for channel in range(channels):
            value = values[place, channel]
            least = best[channel] - max(_TIE * abs(best[channel]), tie[channel])
            equal = max(value, lowest) >= least
            arg[channel] = place if equal else arg[channel]
            chosen[channel] = value if equal else chosen[channel]


@njit(nogil=True, fastmath=True, cache=True)
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
    chosen = np.empty(channels, np.float32)
    lowest = _ZERO if relu else _LOWEST
    for r in range(pooled):
        begin = r * width
        for column in range(columns):
            values, places = z[begin : begin + width, column], reference[begin : begin + width]
            _choose(values, lowest, tie, y[r, column], arg[r, column], chosen)
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


@njit(nogil=True, fastmath=True, cache=True)
def activate_changed(
    z, dz, fresh, z_starts, owners, reference, uniform, relu, width, tie, y, starts, dy, arg, factor
):
    """ReLU and max-pool where a window of z changed.

    ``z`` [positions, sequences, channels] and ``y`` [pooled, sequences, channels] are the unchanged values,
    ``dz`` [w, columns, channels] the changes from ``z_starts`` on, or with ``fresh`` the values themselves,
    ``owners`` the sequence of each column.
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
    for row in range(len(dy)):
        for column in range(dy.shape[1]):
            r, owner = starts[column] + row, owners[column]
            begin = r * width
            for place in range(width):
                w = begin + place - z_starts[column]
                if 0 <= w < window and fresh:
                    for channel in range(channels):
                        values[place, channel] = dz[w, column, channel]
                elif 0 <= w < window:
                    for channel in range(channels):
                        values[place, channel] = z[begin + place, owner, channel] + dz[w, column, channel]
                else:
                    for channel in range(channels):
                        values[place, channel] = z[begin + place, owner, channel]
            _choose(values, lowest, tie, best, arg[row, column], chosen)
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
            w, f = r - dh_starts[column], r - starts[column]
            moved, changed = 0 <= w < window, 0 <= f < fresh
            if changed and width == 1:
                for channel in range(channels):
                    old = h[r - h_starts[owner], owner, channel]
                    new = old + dh[w, column, channel] if moved else old
                    new = new * new_factor[f, column, channel]
                    g[row, column, channel] = new - old * factor[r, owner, channel]
            elif changed:
                for channel in range(channels):
                    old = h[r - h_starts[owner], owner, channel]
                    new = old + dh[w, column, channel] if moved else old
                    old = old * factor[r, owner, channel] if arg[r, owner, channel] == place else _ZERO
                    here = new_arg[f, column, channel] == place
                    new = new * new_factor[f, column, channel] if here else _ZERO
                    g[row, column, channel] = new - old
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
def _changes(h, h_starts, arg, factor, owner, dh, w, column, new_arg, new_factor, f, r, channel):
    """Return one pool's multipliers as they are now and were: place and value of each."""
    old, moved = _ZERO, _ZERO
    if 0 <= w < len(dh):
        moved = dh[w, column, channel]
    if 0 <= f < len(new_factor):
        old = h[r - h_starts[owner], owner, channel]
        place, value = new_arg[f, column, channel], new_factor[f, column, channel] * (old + moved)
        return place, value, arg[r, owner, channel], old * factor[r, owner, channel]
    place = arg[r, owner, channel]
    return place, moved * factor[r, owner, channel], place, _ZERO


@njit(nogil=True, fastmath=True, inline="always")
def _add_scaled(value, source, row, begin, target, column, offset, length):
    """Add value · source[row, begin …] to target[column, offset …], ``length`` numbers.

    Offsets are unsigned: the compiler then knows that they do not count from the end, and uses vectors.
    Slices would do too, but each one counts a reference, atomically.
    """
    for index in range(length):
        target[column, offset + index] += value * source[row, begin + index]


@njit(nogil=True, fastmath=True, cache=True)
def scatter_changed(
    h, h_starts, arg, factor, owners, dh, dh_starts, new_arg, new_factor, starts, width, left, to, kernel, out
):
    """Do at once what route_changed and convolve_back do, skipping the multipliers that are 0.

    Those are most of them above a wide pool. ``kernel`` [channels, taps, inputs]; ``out`` [columns, w,
    inputs], the window of which starts at ``to``; ``left`` is the convolution's padding.
    """
    channels, taps, inputs = kernel.shape
    flat, result = kernel.reshape(channels, -1), out.reshape(len(out), -1)
    length = out.shape[1]
    result[:] = 0
    for column in range(len(owners)):
        owner = owners[column]
        first, last = dh_starts[column], dh_starts[column] + len(dh)
        if len(new_factor):
            first = min(first, starts[column]) if len(dh) else starts[column]
            last = (
                max(last, starts[column] + len(new_factor)) if len(dh) else starts[column] + len(new_factor)
            )
        for r in range(first, last):
            # Taps 0 … taps − 1 of a multiplier at this pool's first place go to `offset` and what follows.
            offset = r * width - left - to[column]
            if offset + width - 1 + taps <= 0 or offset >= length:
                continue
            w, f = r - dh_starts[column], r - starts[column]
            for channel in range(channels):
                place, value, old_place, old = _changes(
                    h, h_starts, arg, factor, owner, dh, w, column, new_arg, new_factor, f, r, channel
                )
                if place == old_place:
                    value, old = value - old, _ZERO
                for _ in range(2):
                    target = offset + place
                    if value != 0:
                        skipped = -target if target < 0 else 0
                        if skipped < taps and target + skipped < length:
                            end = target + taps if target + taps < length else length
                            _add_scaled(
                                value,
                                flat,
                                channel,
                                np.uint64(skipped * inputs),
                                result,
                                column,
                                np.uint64((target + skipped) * inputs),
                                np.uint64((end - target - skipped) * inputs),
                            )
                    place, value = old_place, -old


@njit(nogil=True, fastmath=True, inline="always")
def _slope_of_part(start, part):
    """Return the slope of ReLU from ``start`` to start + ``part``, for a part that may be nothing.

    The rule then takes a little step upwards instead, whose slope is 1 also where the start is exactly 0, as
    it is for a unit without bias whose inputs are all off.
    """
    return _ONE if start == 0 and 0 <= part < NEAR_ZERO else _slope(start, start + part)


@njit(nogil=True, fastmath=True, cache=True)
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


@njit(nogil=True, fastmath=True, cache=True)
def rescale(reference, s, factor):
    """Fill the factors of Rescale (rows, units); ``s`` is z less that of the reference."""
    for row in range(s.shape[0]):
        for unit in range(s.shape[1]):
            factor[row, unit] = _factor(reference[unit] + s[row, unit], reference[unit])


@njit(nogil=True, fastmath=True, cache=True)
def add_changed_inputs(dy, starts, d, owners, channels, kernel, absolute, s, s_absolute):
    """Add to s and s_absolute (columns, units) what a window of changed inputs of a dense layer changes.

    ``d`` (sequences, inputs) are the unchanged differences from the reference, ``dy`` [w, columns, channels]
    the changes; ``starts`` must be sorted, or the products are small ones.
    """
    columns = dy.shape[1]
    pooled = d.shape[1] // channels
    change = np.empty((columns, channels), np.float32)
    for row in range(len(dy)):
        begin = 0
        while begin < columns:
            end = begin + 1
            while end < columns and starts[end] == starts[begin]:
                end += 1
            r = starts[begin] + row
            if 0 <= r < pooled:
                inputs = kernel[r * channels : (r + 1) * channels]
                multiply(dy[row, begin:end], inputs, s[begin:end], 1)
                if len(absolute):
                    for column in range(begin, end):
                        for channel in range(channels):
                            old = d[owners[column], r * channels + channel]
                            new = old + dy[row, column, channel]
                            change[column, channel] = abs(new) - abs(old)
                    inputs = absolute[r * channels : (r + 1) * channels]
                    multiply(change[begin:end], inputs, s_absolute[begin:end], 1)
            begin = end


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


# ------------------------------------------------------------------------------------------- telescoping


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
                    before = h[r - h_starts[owner], owner, channel]
                    new = (before + dh[row, column, channel]) * new_factor[row, column, channel]
                    old = (before + dh_old[row, column, channel]) * factor[r, owner, channel]
                    if width > 1:
                        new = new if new_arg[row, column, channel] == place else _ZERO
                        old = old if arg[r, owner, channel] == place else _ZERO
                    g[at, column, channel] = new - old


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


@njit(nogil=True, fastmath=True, cache=True)
def put_weighted(multipliers, to, weight, owners, firsts, stops, starts, width, numbers, out, absolute):
    """Fill rows ``numbers`` of ``out`` with importance of sequences less that of mutants, where asked for.

    ``multipliers`` (columns, w, 4) are changes in the window from ``to`` on, ``weight`` (sequences, length,
    4) is sequence · (sequence − reference). With ``absolute`` the sum over bases is that of absolute values.
    """
    for column in range(len(numbers)):
        start, owner, number = starts[column], owners[column], numbers[column]
        for row in range(multipliers.shape[1]):
            position = to[column] + row
            if position < firsts[column] or position >= stops[column]:
                continue
            if start <= position < start + width:
                continue
            total = _ZERO
            for base in range(4):
                value = -multipliers[column, row, base] * weight[owner, position, base]
                total += abs(value) if absolute else value
            out[number, position] = total


@njit(nogil=True, fastmath=True, cache=True)
def put_changes(changes, firsts, stops, starts, width, numbers, out):
    """Fill rows ``numbers`` of ``out`` with changes (columns, length) of importance, their sign turned."""
    for column in range(len(numbers)):
        start, number = starts[column], numbers[column]
        for position in range(firsts[column], stops[column]):
            out[number, position] = -changes[column, position]
        for position in range(max(start, firsts[column]), min(start + width, stops[column])):
            out[number, position] = 0
