"""What mutants change in importance, put where it was asked for."""

import numpy as np
from numba import njit

_ZERO = np.float32(0)


@njit(nogil=True, fastmath=True, cache=True)
def put_weighted(
    multipliers, to, weight, owners, firsts, stops, targets, starts, width, numbers, out, absolute
):
    """Fill rows ``numbers`` of ``out`` with importance of sequences less that of mutants, where asked for.

    ``multipliers`` (columns, w, 4) are changes in the window from ``to`` on, ``weight`` (sequences, length,
    4) is sequence · (sequence − reference). It is asked for in [first, stop), where that is in one of the
    ``targets`` (columns, most, 2). With ``absolute`` the sum over bases is that of absolute values.
    """
    for column in range(len(numbers)):
        start, owner, number = starts[column], owners[column], numbers[column]
        lowest = max(firsts[column], to[column])
        highest = min(stops[column], to[column] + multipliers.shape[1])
        for target in range(targets.shape[1]):
            first, stop = targets[column, target, 0], targets[column, target, 1]
            for position in range(max(first, lowest), min(stop, highest)):
                if start <= position < start + width:
                    continue
                row, total = position - to[column], _ZERO
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
