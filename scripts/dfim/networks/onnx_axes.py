"""Where the axes of an ONNX tensor are in the node that gives it, and bringing them elsewhere.

A node has the examples first. An ONNX tensor may have them anywhere, and in one axis with others, as
(examples · heads). Transposing, squeezing and unsqueezing change where axes are said to be, and nothing else.

``t``: a :class:`dfim.networks.onnx_graphs.Translation`. Axes of ONNX are counted from 0, those of nodes from
1; 0 is the examples.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

Entry = int | None | tuple[int, ...]
Slot = tuple[int, int]


@dataclass(frozen=True)
class Value:
    """What an ONNX tensor is: the node ``name``, and for each of the tensor's axes the node's.

    None: an axis of size 1 that the node has not. A tuple: several of the node's in one, the examples among
    them.
    """

    name: str
    axes: tuple[Entry, ...]


def parts(entry: Entry) -> tuple[int, ...]:
    """Return the node's axes that one axis is."""
    return () if entry is None else entry if isinstance(entry, tuple) else (entry,)


def slots(value: Value) -> dict[Slot, int]:
    """Return the node's axes but the examples, by the ONNX axis and the number within it."""
    return {
        (axis, number): own
        for axis, entry in enumerate(value.axes)
        for number, own in enumerate(parts(entry))
        if own
    }


def without_axes(value: Value, axes: Sequence[int]) -> Value:
    """Return a value without axes of size 1; raises ValueError where one is the examples."""
    if any(0 in parts(value.axes[axis]) for axis in axes):
        raise ValueError("it takes the axis of the examples away")
    return Value(value.name, tuple(own for axis, own in enumerate(value.axes) if axis not in axes))


def own_axis(value: Value, axis: int) -> int | None:
    """Return the node's axis that an ONNX axis is; raises ValueError where the examples are in it."""
    if 0 in parts(value.axes[axis]):
        raise ValueError("it is over the axis of the examples")
    return value.axes[axis]


def permuted(t, value: Value, order: Sequence[int], name: str) -> Value:
    """Return a value whose node has its axes in another order."""
    if list(order) == sorted(order):
        return value
    places = {0: 0} | {old: new for new, old in enumerate(order, start=1)}
    axes = [mapped(entry, places) for entry in value.axes]
    return t.put("permute", f"{name}_order", [value.name], axes, order=tuple(axis - 1 for axis in order))


def mapped(entry: Entry, places: Mapping[int, int]) -> Entry:
    """Return an entry with other numbers for the node's axes."""
    if isinstance(entry, tuple):
        return tuple(places[own] for own in entry)
    return None if entry is None else places[entry]


def with_last(t, value: Value, axes: Sequence[int], name: str) -> Value:
    """Return a value whose node ends in these ONNX axes; raises ValueError where the examples are in one."""
    if any(own_axis(value, axis) is None for axis in axes):
        value = in_order(t, value, name)
    last = [value.axes[axis] for axis in axes]
    rest = [axis for axis in range(1, len(t.shapes[value.name]) + 1) if axis not in last]
    return permuted(t, value, [*rest, *last], name)


def in_order(t, value: Value, name: str) -> Value:
    """Return a value whose node has exactly the ONNX tensor's axes, in its order."""
    places = [(axis, n) for axis, entry in enumerate(value.axes) for n in range(len(parts(entry)) or 1)]
    order = [(axis, n) for axis, n in places if value.axes[axis] is None or parts(value.axes[axis])[n]]
    if not order:
        return value
    axes = [value.axes[axis] if value.axes[axis] is not None else -1 for axis in range(len(value.axes))]
    return _said(laid_out(t, value, order, name), axes, order)


def laid_out(t, value: Value, order: Sequence[Slot], name: str) -> str:
    """Return a node with the axes of a value in this order, of size 1 where the value has none."""
    own = slots(value)
    kept = [own[slot] for slot in order if slot in own]
    left = [axis for axis in range(1, len(t.shapes[value.name]) + 1) if axis not in kept]
    value = permuted(t, value, [*kept, *left], name)
    sizes = iter(t.shapes[value.name])
    shape = tuple(next(sizes) if slot in own else 1 for slot in order)
    if shape == t.shapes[value.name]:
        return value.name
    return t.put("reshape", f"{name}_shape", [value.name], (), shape=shape).name


def _said(name: str, axes: Sequence[Entry], order: Sequence[Slot]) -> Value:
    """Return a node as a value; ``axes``: entries, of which the parts that are not the examples are slots."""
    places = {slot: number for number, slot in enumerate(order, start=1)}
    entries = []
    for axis, entry in enumerate(axes):
        found = tuple(places[axis, n] if own else 0 for n, own in enumerate(parts(entry)))
        entries.append(found if isinstance(entry, tuple) else found[0] if found else None)
    return Value(name, tuple(entries))


def without_left(t, value: Value, name: str) -> Value:
    """Return a value whose node has no other axes than the tensor, in the order that it has them in."""
    own = slots(value)
    if not own or len(own) == len(t.shapes[value.name]):
        return value
    return kept_alone(t, value, sorted(own, key=own.get), name)


def kept_alone(t, value: Value, order: Sequence[Slot], name: str) -> Value:
    """Return a value whose node has these axes alone; all others, which are of one, it has not."""
    axes = []
    for axis, entry in enumerate(value.axes):
        kept = tuple(own for n, own in enumerate(parts(entry)) if not own or (axis, n) in order)
        axes.append(kept if len(kept) > 1 else kept[0] if kept else None)
    places = {0: 0} | {slots(value)[slot]: number for number, slot in enumerate(order, start=1)}
    return Value(laid_out(t, value, order, name), tuple(mapped(entry, places) for entry in axes))


def together(t, values: Sequence[Value], name: str) -> tuple[list[str], tuple[Entry, ...]]:
    """Return nodes whose shapes can be broadcast, and the axes of what is made of them.

    Raises ValueError where the examples are in different places.
    """
    rank = max(len(value.axes) for value in values)
    values = [Value(v.name, (*[None] * (rank - len(v.axes)), *v.axes)) for v in values]
    entries = zip(*(value.axes for value in values), strict=True)
    axes = [next((entry for entry in each if entry is not None), None) for each in entries]
    if any(not _alike(value, axes) for value in values):
        raise ValueError("its inputs have the axis of the examples in different places")
    leading = max(values, key=lambda value: len(slots(value)))
    known = slots(leading)
    order = sorted(known, key=known.get)
    every = {slot for value in values for slot in slots(value)}
    if every - set(order):
        order = sorted(every)
    names = [laid_out(t, value, order, f"{name}_{number}") for number, value in enumerate(values)]
    return names, _said("", axes, order).axes


def _alike(value: Value, axes: Sequence[Entry]) -> bool:
    """Return whether the examples are where ``axes`` say, and axes in one are the same."""
    for entry, other in zip(value.axes, axes, strict=True):
        one, two = parts(entry), parts(other)
        if (0 in one) != (0 in two) or (0 in one and (one.index(0), len(one)) != (two.index(0), len(two))):
            return False
    return True


def on_positions(t, value: Value, name: str, channels: int = 1) -> Value:
    """Return a value whose node is (positions, channels); ``channels``: the ONNX axis that those are.

    Where the node has another number of axes than one or two it stays as it is.
    """
    shape = t.shapes[value.name]
    if len(shape) == 1 and 1 in value.axes:
        first = value.axes.index(1) == channels
        axes = tuple((2 if first else 1) if axis == 1 else axis for axis in value.axes)
        shape = (1, *shape) if first else (*shape, 1)
        return t.put("reshape", f"{name}_positions", [value.name], axes, shape=shape)
    return with_last(t, value, [channels], name) if value.axes[channels] == 1 and len(shape) == 2 else value


def reshaped(t, value: Value, sizes: Sequence[int], name: str) -> Value:
    """Return a tensor in another shape; raises ValueError where the examples have no place in it."""
    value = in_order(t, value, name)
    own = t.shapes[value.name]
    flat = [part for entry in value.axes for part in parts(entry)]
    before = int(np.prod([own[axis - 1] for axis in flat[: flat.index(0)]]))
    place, first, rest = _place_of_examples(before, sizes, t.examples)
    shape: list[int] = []
    axes: list[Entry] = []
    for axis, size in enumerate(sizes):
        if axis != place:
            shape.append(int(size))
            axes.append(len(shape))
            continue
        found: list[int] = []
        for part in (first, 0, rest):
            if part > 1:
                shape.append(part)
            if part != 1:
                found.append(len(shape) if part else 0)
        axes.append(tuple(found) if len(found) > 1 else 0)
    if not shape:
        raise ValueError("nothing but the examples is left")
    if tuple(shape) == own:
        return Value(value.name, tuple(axes))
    return t.put("reshape", name, [value.name], axes, shape=tuple(shape))


def _place_of_examples(before: int, sizes: Sequence[int], number: int) -> tuple[int, int, int]:
    """Return the axis that the examples are in, and the values of it that come before and after them.

    ``before``: how many values come before the examples in the whole tensor. Where only one example is there
    several axes can be meant: one of the examples alone is taken first, then one that begins with them, and
    last the last, which is of channels.
    """
    found = []
    for axis, size in enumerate(sizes):
        earlier = int(np.prod(sizes[:axis]))
        if before % earlier == 0 and size % (before // earlier * number) == 0:
            first = before // earlier
            rest = size // (first * number)
            alone = first * rest == 1
            found.append((not alone, not alone and axis == len(sizes) - 1, first > 1, axis, first, rest))
    if not found:
        raise ValueError(f"its shape {list(sizes)} has no axis of the examples")
    return min(found)[3:]
