"""Compiled random numbers are NumPy's, and compiled shuffles those of the plainest code, bit by bit.

Results of a seed must stay what they are; under ``NUMBA_BOUNDSCHECK=1`` every index outside its array is an
error here too.
"""

import numpy as np
import pytest

from dfim.sequences.shuffling import shuffle_dinucleotides, shuffled, shuffles_of_keys
from dfim.sequences.streams import integers, put_back, state_of, stream, uniform, words

KEYS = [(0,), (1, 2, 3), (5, 0, 0, 7, 1), (1 << 40, 3, 1 << 32, 1), (9, 8, 7, 6, 5, 4, 3)]


def stream_of(key: tuple) -> np.ndarray:
    return stream(words(*key))


@pytest.mark.parametrize("key", KEYS)
def test_numbers_of_a_key_are_those_of_numpy(key):
    rng, own = np.random.default_rng(list(key)), stream_of(key)
    np.testing.assert_array_equal(state_of(rng), own)
    assert [uniform(own) for _ in range(100)] == rng.random(100).tolist()
    put_back(rng, own)
    assert rng.random() == uniform(own)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("bound", [1, 2, 3, 190, 991, 2**31 + 5, 2**32 - 1])
def test_whole_numbers_of_a_key_are_those_of_numpy(key, bound):
    """The bound 2³¹ + 5 refuses nearly half of what is drawn."""
    expected = np.random.default_rng(list(key)).integers(0, bound, size=77)
    np.testing.assert_array_equal(integers(stream_of(key), bound, 77), expected)


def plain_shuffle(bases: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Shuffle by sorting all edges, one letter at a time; see shuffle_dinucleotides."""
    if len(bases) <= 3:
        return bases
    keys = 2.0 * bases[:-1] + rng.random(len(bases) - 1)
    for letter, edge in last_edges(bases, rng).items():
        keys[edge] = 2 * letter + 1
    order = keys.argsort().tolist()
    left = {int(letter): [edge for edge in order if bases[edge] == letter] for letter in np.unique(bases)}
    path = [int(bases[0])]
    while len(path) < len(bases):
        path.append(int(bases[left[path[-1]].pop(0) + 1]))
    return np.array(path, np.uint8)


def last_edges(bases: np.ndarray, rng: np.random.Generator) -> dict[int, int]:
    in_tree, last = {int(bases[-1])}, {}
    for start in set(bases[:-1].tolist()):
        letter = start
        while letter not in in_tree:
            exits = np.flatnonzero((bases[:-1] == letter) & (bases[1:] != letter))
            last[letter] = int(exits[int(rng.random() * len(exits))])
            letter = int(bases[last[letter] + 1])
        letter = start
        while letter not in in_tree:
            in_tree.add(letter)
            letter = int(bases[last[letter] + 1])
    return last


@pytest.mark.parametrize("letters", [b"ACGT", b"ACGTN", b"CT", b"A", b"GGGGGGGGGA", bytes(range(40, 80))])
@pytest.mark.parametrize("length", [1, 3, 4, 5, 17, 200, 1000])
def test_shuffles_are_those_of_the_plainest_implementation(letters, length):
    rng = np.random.default_rng(length)
    for example in range(4):
        bases = rng.choice(np.frombuffer(letters, np.uint8), length)
        keys = [(3 << 20 * example, example, draw, 1) for draw in range(5)]
        expected = [plain_shuffle(bases, np.random.default_rng(key)) for key in keys]
        np.testing.assert_array_equal(shuffles_of_keys(bases, keys), expected)
        one, other = (np.random.default_rng(example) for _ in range(2))
        expected = [plain_shuffle(bases, other) for _ in range(3)]
        np.testing.assert_array_equal(shuffle_dinucleotides(bases, one, 3), expected)
        assert one.random() == other.random(), "a generator goes on from where the shuffles left it"
        expected = plain_shuffle(bases, np.random.default_rng([7, example, 2]))
        np.testing.assert_array_equal(shuffled(bases, 7, example, 2), expected)


def test_no_keys_have_no_shuffles():
    assert shuffles_of_keys(np.frombuffer(b"ACGTACGT", np.uint8), []).shape == (0, 8)
