"""Paths through the dinucleotides of a sequence, drawn in compiled code.

Letters are nodes and the dinucleotides edges of a graph: edge i leads from base i to base i + 1. See
:func:`dfim.sequences.shuffling.shuffle_dinucleotides`.
"""

import numpy as np
from numba import njit

from dfim.sequences.streams import uniform

_LETTERS = 256


@njit(nogil=True, cache=True)
def fill_paths(bases, letters, streams, rows):
    """Fill rows (streams · count, positions) with paths along every edge once, ``count`` by each stream.

    ``bases`` uint8 (positions,); ``letters`` are those that are left, in the order in which their last edges
    are drawn. ``streams`` (streams, 4) go on.
    """
    edges, count = len(bases) - 1, len(rows) // len(streams)
    begins, exit_begins = np.zeros(_LETTERS + 1, np.int64), np.zeros(_LETTERS + 1, np.int64)
    for edge in range(edges):
        begins[bases[edge] + 1] += 1
        # A loop (AA) can never be in a tree: leaving it out spares the walk many idle steps in a run of As.
        exit_begins[bases[edge] + 1] += bases[edge] != bases[edge + 1]
    begins, exit_begins = np.cumsum(begins), np.cumsum(exit_begins)
    exits, used = np.empty(exit_begins[-1], np.int64), exit_begins.copy()
    for edge in range(edges):
        if bases[edge] != bases[edge + 1]:
            exits[used[bases[edge]]] = edge
            used[bases[edge]] += 1
    keys, order, last = np.empty(edges), np.empty(edges, np.int64), np.empty(_LETTERS, np.int64)
    for number in range(len(rows)):
        stream = streams[number // count]
        for edge in range(edges):
            keys[edge] = uniform(stream)
        last[:] = -1
        _draw_last_edges(bases, letters, exits, exit_begins, stream, last)
        for letter in letters:
            if last[letter] >= 0:
                keys[last[letter]] = 2  # behind all others
        _sort_by_letter(bases, keys, begins, order)
        for node in range(_LETTERS):
            used[node] = begins[node]
        letter = bases[0]
        for step in range(edges):
            edge = order[used[letter]]
            used[letter] += 1
            letter = rows[number, step + 1] = bases[edge + 1]


@njit(nogil=True, cache=True)
def _draw_last_edges(bases, letters, exits, exit_begins, stream, last):
    """Draw an edge for every letter but the last one, all together a uniform tree towards the last.

    Wilson's algorithm: walk at random from each letter until the tree is reached, and keep the edges by
    which the walk last left its letters.
    """
    in_tree = np.zeros(_LETTERS, np.bool_)
    in_tree[bases[-1]] = True
    for start in letters:
        letter = start
        while not in_tree[letter]:
            first, number = exit_begins[letter], exit_begins[letter + 1] - exit_begins[letter]
            last[letter] = exits[first + int(uniform(stream) * number)]
            letter = bases[last[letter] + 1]
        letter = start
        while not in_tree[letter]:
            in_tree[letter] = True
            letter = bases[last[letter] + 1]


@njit(nogil=True, cache=True)
def _sort_by_letter(bases, keys, begins, order):
    """Fill ``order`` with the edges sorted by letter, and those of a letter by keys, 0 … 1 or 2.

    Keys are uniform: each goes about where it belongs, and a sort by insertion does the rest.
    """
    edges = len(keys)
    places, counts = np.empty(edges, np.int64), np.zeros(edges + 1, np.int64)
    for edge in range(edges):
        first, size = begins[bases[edge]], begins[bases[edge] + 1] - begins[bases[edge]]
        places[edge] = first + min(size - 1, int(keys[edge] * size))
        counts[places[edge] + 1] += 1
    counts = np.cumsum(counts)
    for edge in range(edges):
        order[counts[places[edge]]] = edge
        counts[places[edge]] += 1
    for letter in range(_LETTERS):
        begin = begins[letter]
        for place in range(begin + 1, begins[letter + 1]):
            edge, at = order[place], place
            while at > begin and keys[order[at - 1]] > keys[edge]:
                order[at] = order[at - 1]
                at -= 1
            order[at] = edge
