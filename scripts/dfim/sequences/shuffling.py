"""Dinucleotide shuffles, and places in them: where the sequences of a null are drawn.

What draws is compiled; the compiler takes half a second to load, so that it is loaded with the first draw.
"""

from collections.abc import Sequence

import numpy as np


def shuffle_dinucleotides(
    bases: np.ndarray, rng: np.random.Generator, count: int | None = None
) -> np.ndarray:
    """Shuffle one sequence, shape (positions,), keeping the count of every dinucleotide.

    Every sequence with the same dinucleotides and the same first and last letter is equally likely; N is a
    fifth letter. Returns an array of shape (positions,), or (count, positions) when ``count`` is given:
    the same rows as ``count`` calls without it.

    The letters are the nodes and the dinucleotides the edges of a graph, and a sequence is a path along
    every edge once (Altschul and Erickson 1985). A path is drawn uniformly by drawing the edge by which
    each letter is left for the last time, a uniform tree towards the last letter (Wilson 1996), and then
    the order of all other edges (:mod:`dfim.sequences.paths`).
    """
    from dfim.sequences.streams import put_back, state_of

    streams = state_of(rng)[None]
    rows = _shuffles(bases, streams, 1 if count is None else count)
    put_back(rng, streams[0])
    return rows[0] if count is None else rows


def shuffles_of_keys(bases: np.ndarray, keys: Sequence[Sequence[int]]) -> np.ndarray:
    """Return a shuffle by the generator of each key, (keys, positions); see :func:`shuffle_dinucleotides`.

    Keys have the same numbers of words (:func:`dfim.sequences.streams.words`).
    """
    from dfim.sequences.streams import streams, words_of_keys

    if not len(keys):
        return np.empty((0, len(bases)), bases.dtype)
    return _shuffles(bases, streams(words_of_keys(keys)), 1)


def numbers_below(bound: int, number: int, key: Sequence[int]) -> np.ndarray:
    """Return whole numbers from 0 to below ``bound``, int64 (number,), by the generator of a key."""
    from dfim.sequences.streams import integers, stream, words

    return integers(stream(words(*key)), bound, number)


def _shuffles(bases: np.ndarray, streams: np.ndarray, count: int) -> np.ndarray:
    """Return ``count`` shuffles by each stream, which goes on; (streams · count, positions)."""
    rows = np.tile(bases, (len(streams) * count, 1))
    if len(bases) > 3 and len(rows):  # with three letters or fewer there is one path only
        from dfim.sequences.paths import fill_paths

        # In the order of a set, which says what each number of a generator is used for.
        letters = np.array(list(set(bases[:-1].tolist())))
        fill_paths(np.ascontiguousarray(bases), letters, streams, rows)
    return rows


def shuffled(bases: np.ndarray, seed: int, example: int, replicate: int) -> np.ndarray:
    """Return a replicate of one example, shape (positions,): itself for 0, else a dinucleotide shuffle.

    It depends on nothing but the three numbers, and so neither on shards nor on their order.
    """
    if replicate == 0:
        return bases
    return shuffles_of_keys(bases, [(seed, example, replicate)])[0]
