"""Windows along the positions: how many there are, what is put before and after, and the way back."""

from dfim.networks.kinds.base import Field, ShapeError, ops


def padding_of(options: dict, length: int) -> tuple[int, int]:
    """Return the positions that a window's padding puts before and after ``length`` positions.

    ``padding``: ``valid``, ``same`` (half of what is needed, rounded down, before), ``causal`` or a pair.
    """
    padding, reach = options.get("padding", "valid"), extent(options) - 1
    if padding == "valid":
        return 0, 0
    if padding == "causal":
        return reach, 0
    if padding == "same":
        stride = options.get("stride", 1)
        total = max((-(-length // stride) - 1) * stride + reach + 1 - length, 0)
        return total // 2, total - total // 2
    left, right = padding
    return int(left), int(right)


def extent(options: dict) -> int:
    """Return how many positions a window spans, dilation included."""
    return (options["width"] - 1) * options.get("dilation", 1) + 1


def windows(options: dict, length: int) -> int:
    """Return the number of windows; raises ShapeError when not one fits."""
    left, right = padding_of(options, length)
    whole = length + left + right
    if whole < extent(options):
        raise ShapeError(
            f"its windows span {extent(options)} positions, and {whole} reach it: make the sequences longer"
        )
    return (whole - extent(options)) // options.get("stride", 1) + 1


def window_field(options: dict, field: Field, length: int | None) -> Field:
    left = padding_of(options, length)[0] if length else 0
    first = field.first - left * field.step
    last = field.last + (extent(options) - 1 - left) * field.step
    return Field(field.step * options.get("stride", 1), first, last)


def padded(x, left: int, right: int, value: float = 0.0):
    """Return x with positions of a value before and after; negative numbers take positions away."""
    length = x.shape[1]
    if left < 0 or right < 0:
        x = x[:, max(-left, 0) : length - max(-right, 0)]
    left, right = max(left, 0), max(right, 0)
    if not (left or right):
        return x
    return ops.pad(x, [[0, 0], [left, right], *[[0, 0]] * (len(x.shape) - 2)], constant_values=value)


def spread(x, stride: int):
    """Return positions with stride − 1 zeros after each."""
    if stride == 1:
        return x
    n, positions, channels = ops.shape(x)[0], x.shape[1], x.shape[2]
    zeros = ops.tile(ops.zeros_like(x)[:, :, None], [1, 1, stride - 1, 1])
    together = ops.concatenate([x[:, :, None], zeros], axis=2)
    return ops.reshape(together, [n, positions * stride, channels])
