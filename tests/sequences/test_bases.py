"""Encoding of sequences, and shuffles that keep dinucleotides."""

import itertools
from collections import Counter

import numpy as np
import pytest
from scipy.stats import chisquare

from dfim.errors import InputError
from dfim.sequences.bases import one_hot, reverse_complement, to_bases, to_string
from dfim.sequences.shuffling import shuffle_dinucleotides


def dinucleotides(sequence: str) -> Counter:
    return Counter(itertools.pairwise(sequence))


def with_same_dinucleotides(sequence: str) -> list[str]:
    """All sequences with the dinucleotides, the first and the last letter of one, by trying all orders."""
    middles = set(itertools.permutations(sequence[1:-1]))
    candidates = {sequence[0] + "".join(middle) + sequence[-1] for middle in middles}
    return sorted(other for other in candidates if dinucleotides(other) == dinucleotides(sequence))


def random_sequence(rng: np.random.Generator, length: int, letters: str = "ACGT") -> str:
    return "".join(rng.choice(list(letters), size=length))


def test_letters_become_bytes_and_letters_again():
    bases = to_bases("ACGTNacgtn")
    assert bases.dtype == np.uint8
    assert to_string(bases) == "ACGTNACGTN"
    assert to_bases("").shape == (0,)


@pytest.mark.parametrize(
    ("sequence", "letter", "position"), [("ACGXT", "X", 3), ("-A", "-", 0), ("acgtr", "r", 4), ("Aẞ", "ẞ", 1)]
)
def test_other_letters_are_named_with_their_position(sequence, letter, position):
    with pytest.raises(InputError) as caught:
        to_bases(sequence, name="chr1:10-15")
    assert str(caught.value) == (
        f"chr1:10-15 has the letter {letter!r} at position {position} (0-based), and only "
        "A, C, G, T and N are understood: replace other letters with N."
    )


def test_one_hot_has_the_channels_in_order_and_shares_an_n():
    encoded = one_hot(np.stack([to_bases("ACGTN"), to_bases("TTTTT")]))
    assert encoded.shape == (2, 5, 4)
    assert encoded.dtype == np.float32
    np.testing.assert_array_equal(encoded[0, :4], np.eye(4))
    np.testing.assert_array_equal(encoded[0, 4], [0.25] * 4)
    np.testing.assert_array_equal(encoded[1], np.tile([0, 0, 0, 1], (5, 1)))


def test_the_reverse_complement_pairs_the_bases_from_the_other_end():
    assert reverse_complement("AACGTN") == "NACGTT"
    assert to_string(reverse_complement(to_bases("AACGTN"))) == "NACGTT"
    both = np.stack([to_bases("AACG"), to_bases("CNTT")])
    assert [to_string(row) for row in reverse_complement(both)] == ["CGTT", "AANG"]
    assert to_string(both[0]) == "AACG"


def test_the_reverse_complement_is_its_own_inverse_on_every_letter_of_a_pattern():
    pattern = "ACGTRYSWKMBDHVN*"
    assert reverse_complement(pattern) == "*NBDHVKMWSRYACGT"
    assert reverse_complement(reverse_complement(pattern)) == pattern
    assert (
        to_string(reverse_complement(np.frombuffer(pattern.encode(), dtype=np.uint8))) == "*NBDHVKMWSRYACGT"
    )


@pytest.mark.parametrize("letters", ["ACGT", "ACGTN", "AC", "AAAAAAAAAAAAC", "A"])
@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, 5, 20, 200])
def test_dinucleotides_and_ends_are_kept(letters, length):
    rng = np.random.default_rng(length)
    for _ in range(20):
        sequence = random_sequence(rng, length, letters)
        shuffled = shuffle_dinucleotides(to_bases(sequence), rng)
        assert shuffled.dtype == np.uint8
        assert dinucleotides(to_string(shuffled)) == dinucleotides(sequence)
        assert to_string(shuffled)[:1] == sequence[:1]
        assert to_string(shuffled)[-1:] == sequence[-1:]


@pytest.mark.parametrize(
    "sequence",
    [
        "AAAAAAAAAG",
        "GAAAAAAAAA",
        "ACGT",
        "ACACACACAG",
        "AAAAATAAAA",
        "N" * 300 + "ACGTTAGCAT" * 5,
        "ACCCCCCCCCA",
    ],
)
def test_letters_that_occur_once_or_only_at_the_end_do_not_matter(sequence):
    for shuffled in shuffle_dinucleotides(to_bases(sequence), np.random.default_rng(1), count=20):
        assert dinucleotides(to_string(shuffled)) == dinucleotides(sequence)


@pytest.mark.parametrize("sequence", ["ACAGATACA", "AACGACTAT", "GATTACATG", "ANCANNACA", "AACAAACAG"])
def test_every_sequence_with_these_dinucleotides_is_equally_likely(sequence):
    possible = with_same_dinucleotides(sequence)
    assert len(possible) > 3
    shuffled = shuffle_dinucleotides(to_bases(sequence), np.random.default_rng(7), count=300 * len(possible))
    found = Counter(to_string(row) for row in shuffled)
    assert sorted(found) == possible
    assert chisquare([found[other] for other in possible]).pvalue > 1e-3


def test_a_random_sequence_is_really_shuffled():
    rng = np.random.default_rng(3)
    bases = to_bases(random_sequence(rng, 1000))
    shuffled = shuffle_dinucleotides(bases, rng, count=20)
    # Of 1,000 positions a quarter stays equal by chance; ten standard deviations are .14.
    assert abs((shuffled == bases).mean(axis=1) - 0.25).max() < 0.14
    assert len({row.tobytes() for row in shuffled}) == 20


def test_a_count_gives_the_rows_of_as_many_calls_and_leaves_the_input_alone():
    bases = to_bases("ACGTTGCANNACGATTTAGC" * 5)
    before = bases.copy()
    together = shuffle_dinucleotides(bases, np.random.default_rng(5), count=4)
    rng = np.random.default_rng(5)
    np.testing.assert_array_equal(together, [shuffle_dinucleotides(bases, rng) for _ in range(4)])
    assert shuffle_dinucleotides(bases, rng, count=0).shape == (0, 100)
    np.testing.assert_array_equal(bases, before)


def test_seeded_shuffles_do_not_depend_on_the_order_of_calls():
    rng = np.random.default_rng(11)
    sequences = [to_bases(random_sequence(rng, 60)) for _ in range(6)]

    def shuffled(index: int) -> bytes:
        return shuffle_dinucleotides(sequences[index], np.random.default_rng([2, index])).tobytes()

    forward = {index: shuffled(index) for index in range(6)}
    assert forward == {index: shuffled(index) for index in reversed(range(6))}
    assert shuffled(0) != shuffle_dinucleotides(sequences[0], np.random.default_rng([3, 0])).tobytes()
