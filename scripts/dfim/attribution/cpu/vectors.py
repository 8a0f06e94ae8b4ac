"""Sums of a few rows of a matrix, for compiled kernels, in the processor's vectors.

What loops make of this loads and stores the sum for every row, since the compiler cannot know that it lies
apart from the matrix.
"""

import math

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

# Numbers of a line of the processor's cache.
LINE = 16
_LANES = 8
# Vectors of the sum, twice: rows are taken by turns, so that an addition need not wait for the one before it.
_VECTORS, _TURNS = 4, 2
# Numbers of a sum.
BLOCK = _VECTORS * _LANES
_FLOAT, _INT32, _SIZE = ir.FloatType(), ir.IntType(32), ir.IntType(64)
_VECTOR = ir.VectorType(_FLOAT, _LANES)


def empty(shape: tuple) -> np.ndarray:
    """Return a float32 array without values that begins where a line of the cache does: read faster so."""
    size = math.prod(shape)
    room = np.empty(size + LINE, np.float32)
    begin = -(room.__array_interface__["data"][0] // room.itemsize) % LINE
    return room[begin : begin + size].reshape(shape)


def aligned(array: np.ndarray) -> np.ndarray:
    """Return a copy of an array that begins where a line of the cache does."""
    copy = empty(array.shape)
    copy[...] = array
    return copy


@intrinsic
def add_chosen(context, rows, index, value, count, out):
    """Add value · rows[index] to ``out``, for so many (``count``) values; all but ``count`` are addresses.

    ``rows`` (·, BLOCK) and ``out`` (BLOCK,) are float32, ``index`` int32, ``value`` float32, contiguous.
    Nothing is checked: whoever calls it answers for the indices.
    """
    signature = types.void(*[types.uintp] * 3, types.intp, types.uintp)
    return signature, _generate


def _generate(context, builder, signature, arguments):
    """Write the loops of add_chosen in the compiler's own terms."""
    count = arguments[3]
    rows, index, value, out = (
        builder.inttoptr(address, kind.as_pointer())
        for address, kind in zip(
            (*arguments[:3], arguments[4]), (_FLOAT, _INT32, _FLOAT, _FLOAT), strict=True
        )
    )
    sums = [_load(builder, out, _size(_LANES * place)) for place in range(_VECTORS)]
    zeros = [ir.Constant(_VECTOR, [0.0] * _LANES)] * (_VECTORS * (_TURNS - 1))

    def add_row(number, sums):
        """Return the sums with row ``number`` added."""
        begin = builder.mul(builder.zext(builder.load(builder.gep(index, [number])), _SIZE), _size(BLOCK))
        factor = _repeated(builder, builder.load(builder.gep(value, [number])))
        terms = [
            builder.fmul(
                factor, _load(builder, rows, builder.add(begin, _size(_LANES * place))), flags=["contract"]
            )
            for place in range(_VECTORS)
        ]
        return [builder.fadd(*pair, flags=["contract"]) for pair in zip(sums, terms, strict=True)]

    def add_turns(first, sums):
        found = []
        for turn in range(_TURNS):
            own = sums[turn * _VECTORS : (turn + 1) * _VECTORS]
            found += add_row(builder.add(first, _size(turn)), own)
        return found

    number, sums = _loop(builder, _size(0), count, _TURNS, [*sums, *zeros], add_turns)
    rest = sums[_VECTORS:]
    sums = [builder.fadd(*pair) for pair in zip(sums[:_VECTORS], rest, strict=True)]
    _, sums = _loop(builder, number, count, 1, sums, add_row)
    for place, total in enumerate(sums):
        _store(builder, out, _size(_LANES * place), total)
    return context.get_dummy_value()


def _loop(builder, begin, end, step: int, values: list, body) -> tuple:
    """Generate a loop in steps for as long as a whole one fits; return where it ended, and its values."""
    before = builder.block
    head, inside, after = (builder.append_basic_block() for _ in range(3))
    builder.branch(head)
    builder.position_at_end(head)
    number, current = builder.phi(_SIZE), [builder.phi(value.type) for value in values]
    number.add_incoming(begin, before)
    for one, value in zip(current, values, strict=True):
        one.add_incoming(value, before)
    builder.cbranch(builder.icmp_signed("<=", builder.add(number, _size(step)), end), inside, after)
    builder.position_at_end(inside)
    new = body(number, current)
    number.add_incoming(builder.add(number, _size(step)), builder.block)
    for one, value in zip(current, new, strict=True):
        one.add_incoming(value, builder.block)
    builder.branch(head)
    builder.position_at_end(after)
    return number, current


def _size(number: int) -> ir.Constant:
    return ir.Constant(_SIZE, number)


def _address(builder, begin, offset):
    """Return the address of the vector that begins ``offset`` numbers after another address."""
    return builder.bitcast(builder.gep(begin, [offset]), _VECTOR.as_pointer())


def _load(builder, begin, offset):
    return builder.load(_address(builder, begin, offset), align=4)


def _store(builder, begin, offset, vector) -> None:
    """Store a vector."""
    builder.store(vector, _address(builder, begin, offset), align=4)


def _repeated(builder, number):
    """Return a vector that has a number everywhere."""
    nothing = ir.Constant(_VECTOR, ir.Undefined)
    first = builder.insert_element(nothing, number, ir.Constant(_INT32, 0))
    return builder.shuffle_vector(first, nothing, ir.Constant(ir.VectorType(_INT32, _LANES), [0] * _LANES))
