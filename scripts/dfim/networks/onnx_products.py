"""ONNX operators that are sums of products: with weights, and of two tensors that depend on the sequence."""

import string
from collections.abc import Sequence

import numpy as np

from dfim.networks.onnx_axes import Entry, Value, in_order, kept_alone, parts, slots, with_last
from dfim.networks.onnx_table import need_array, one_example, operator, text


def contracted(
    t, x: Value, axis: int, kernel: np.ndarray, name: str, bias: np.ndarray | None = None
) -> Value:
    """Return a value whose axis was multiplied by a kernel (its size, new size)."""
    x = with_last(t, x, [axis], name)
    bias = np.zeros(kernel.shape[1]) if bias is None else bias
    arrays = {"kernel": kernel, "bias": bias}
    arrays = {key: np.ascontiguousarray(array, np.float32) for key, array in arrays.items()}
    return t.put("dense", name, [x.name], x.axes, arrays)


@operator("Gemm")
def _gemm(t, name, inputs, given):
    x, kernel = inputs[0], need_array(inputs[1], "its second matrix")
    if given.get("transA", 0):
        raise ValueError("its first matrix is transposed")
    kernel = given.get("alpha", 1.0) * (kernel.T if given.get("transB", 0) else kernel)
    bias = np.zeros(1) if len(inputs) < 3 or inputs[2] is None else need_array(inputs[2], "its bias")
    bias = one_example(t, (0, 1), np.atleast_2d(bias))
    if len(bias) > 1:
        raise ValueError("its bias is another one for each example")
    bias = given.get("beta", 1.0) * np.broadcast_to(bias[0], kernel.shape[1:])
    return contracted(t, x, 1, kernel, name, bias)


@operator("MatMul")
def _matmul(t, name, inputs, given):
    first, second = inputs
    if any(isinstance(each, np.ndarray) and each.ndim < 2 for each in inputs):
        raise ValueError("one of its matrices has one axis")
    if isinstance(second, np.ndarray):
        return _by_constant(t, first, second, name)
    if isinstance(first, np.ndarray):
        if int(np.prod(first.shape[:-2])) != 1:
            raise ValueError("its first matrix is a constant of more than two axes")
        return contracted(t, second, len(second.axes) - 2, first.reshape(first.shape[-2:]).T, name)
    rank = max(len(first.axes), len(second.axes))
    if min(len(first.axes), len(second.axes)) < 2:
        raise ValueError("one of its matrices has one axis")
    batch = list(range(rank - 2))
    labels = [
        [*batch[rank - len(first.axes) :], "rows", "summed"],
        [*batch[rank - len(second.axes) :], "summed", "columns"],
    ]
    return product(t, name, inputs, labels, [*batch, "rows", "columns"])


def _by_constant(t, x: Value, kernel: np.ndarray, name: str) -> Value:
    last, leading = len(x.axes) - 1, len(x.axes) - kernel.ndim
    if leading >= 0:
        kernel = one_example(t, [*x.axes[leading:-2], None, None], kernel)
    many = [axis for axis, size in enumerate(kernel.shape[:-2]) if size != 1]
    if not many:
        return contracted(t, x, last, kernel.reshape(kernel.shape[-2:]), name)
    axis = many[0] + leading
    if len(many) > 1 or axis < 0 or t.size(x, axis) != kernel.shape[many[0]]:
        raise ValueError(f"its second matrix has the shape {kernel.shape}")
    x = with_last(t, x, [axis, last], name)
    arrays = {"kernel": np.ascontiguousarray(kernel.reshape(-1, *kernel.shape[-2:]), np.float32)}
    return t.put("grouped_dense", name, [x.name], x.axes, arrays)


@operator("Einsum")
def _einsum(t, name, inputs, given):
    equation = text(given["equation"], "").replace(" ", "")
    terms, arrow, out = equation.partition("->")
    labels = [list(term) for term in terms.split(",")]
    odd = len(labels) != 2 or "." in equation or not arrow
    if odd or any(len(set(each)) < len(each) for each in (*labels, out)):
        raise ValueError(f"its equation is {equation}")
    leading = next(number for number, each in enumerate(inputs) if isinstance(each, Value))
    entries = dict(zip(labels[leading], inputs[leading].axes, strict=True))
    values = [
        _as_value(t, each, term, entries, f"{name}_{number}") if isinstance(each, np.ndarray) else each
        for number, (each, term) in enumerate(zip(inputs, labels, strict=True))
    ]
    return product(t, name, values, labels, list(out))


def _as_value(t, array: np.ndarray, term: list, entries: dict, name: str) -> Value:
    """Return a constant as a value, which has the examples where the other factor has them."""
    at = next((axis for axis, label in enumerate(term) if entries.get(label) == 0), None)
    if at is not None:
        array = one_example(t, [0 if axis == at else 1 for axis in range(array.ndim)], array)
        array = array.take(0, at)
    places = iter(range(1, array.ndim + 1))
    axes = [0 if axis == at else next(places) for axis in range(len(term))]
    return t.put("constant", name, [], axes, {"value": np.ascontiguousarray(array, np.float32)})


def product(t, name: str, values: Sequence[Value], labels: Sequence[list], out: list) -> Value:
    """Return the sum of products of two values.

    ``labels``: what each of a value's axes is called; those of ``out`` are left, the others summed over.
    Raises ValueError where the examples are not in the same axis of both.
    """
    values = _without_ones(t, values, labels, name)
    letters: dict[tuple, str] = {}
    entries: dict[object, Entry] = {}
    terms = []
    for value, called in zip(values, labels, strict=True):
        term = [""] * len(t.shapes[value.name])
        for label, entry in zip(called, value.axes, strict=True):
            for number, own in enumerate(parts(entry)):
                if own:
                    letter = letters.setdefault((label, number), string.ascii_letters[len(letters)])
                    term[own - 1] = letter
            if entry is not None:
                entries.setdefault(label, entry)
        terms.append("".join(term))
    _check_examples(values, labels, out)
    kept = [
        (label, n) for label in out for n in range(len(parts(entries.get(label)))) if (label, n) in letters
    ]
    places = {slot: number for number, slot in enumerate(kept, start=1)}
    axes = []
    for label in out:
        found = tuple(places.get((label, n), 0) for n in range(len(parts(entries.get(label)))))
        axes.append(found if len(found) > 1 else found[0] if found else None)
    equation = f"{terms[0]},{terms[1]}->{''.join(letters[slot] for slot in kept)}"
    return t.put("matrix_product", name, [value.name for value in values], axes, equation=equation)


def _check_examples(values: Sequence[Value], labels: Sequence[list], out: list) -> None:
    found = set()
    for value, called in zip(values, labels, strict=True):
        for label, entry in zip(called, value.axes, strict=True):
            if 0 in parts(entry):
                found.add((label, parts(entry).index(0), len(parts(entry))))
    if len(found) > 1:
        raise ValueError("its inputs have the axis of the examples in different places")
    if any(label not in out for label, *_ in found):
        raise ValueError("it is over the axis of the examples")


def _without_ones(t, values: Sequence[Value], labels: Sequence[list], name: str) -> list[Value]:
    """Return values whose nodes lack the axes of one that are broadcast to more of the other's."""
    values = [in_order(t, value, f"{name}_{number}") for number, value in enumerate(values)]
    known = [
        {(called[axis], n): t.shapes[value.name][own - 1] for (axis, n), own in slots(value).items()}
        for value, called in zip(values, labels, strict=True)
    ]
    found = []
    for number, (value, called, mine, others) in enumerate(
        zip(values, labels, known, reversed(known), strict=True)
    ):
        order = [
            (axis, n) for axis, n in slots(value) if mine[called[axis], n] >= others.get((called[axis], n), 1)
        ]
        found.append(kept_alone(t, value, order, f"{name}_{number}"))
    return found
