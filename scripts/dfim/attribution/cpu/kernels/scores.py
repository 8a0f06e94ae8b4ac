"""What mutants change in importance, put where it was asked for."""

import numpy as np
from numba import njit

_ZERO = np.float32(0)


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
