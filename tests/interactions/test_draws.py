"""Draws are pieces of shuffles, by seed, example and place alone; shared ones by seed and name."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pandas as pd

from dfim.interactions.draws import REMOVED, Draws, SharedPieces, among_known
from dfim.sequences.bases import reverse_complement, to_string

BASES = np.frombuffer(b"ACGT", np.uint8)[np.random.default_rng(0).integers(0, 4, 60)]


def test_pieces_are_of_shuffles_that_keep_dinucleotides():
    draws = Draws(BASES, 1, 5, 6)
    pieces = draws.pieces(10, 18)
    assert pieces.shape == (6, 8)
    for piece, shuffle in zip(pieces, draws.shuffles, strict=True):
        assert to_string(piece) in to_string(shuffle)
        found, expected = (Counter(pairwise(row.tolist())) for row in (shuffle, BASES))
        assert found == expected
    assert len({to_string(row) for row in draws.shuffles}) == 6


def test_ten_draws_are_the_first_of_twenty():
    few, many = Draws(BASES, 1, 5, 10), Draws(BASES, 1, 5, 20)
    np.testing.assert_array_equal(few.shuffles, many.shuffles[:10])
    np.testing.assert_array_equal(few.pieces(3, 9), many.pieces(3, 9)[:10])


def test_draws_depend_on_seed_example_place_and_purpose():
    def piece(**changes):
        options = {"seed": 1, "example": 5, "purpose": 0, "start": 10, "end": 30} | changes
        draws = Draws(BASES, options["seed"], options["example"], 3, options["purpose"])
        return draws.pieces(options["start"], options["end"]).tobytes()

    assert piece() == piece()
    changed = [{"seed": 2}, {"example": 6}, {"purpose": REMOVED}, {"start": 11, "end": 31}]
    assert len({piece(), *(piece(**change) for change in changed)}) == 5


def test_places_are_anywhere_in_the_shuffle():
    bases = np.arange(40, dtype=np.uint8) + 80  # every letter once: the only path is the sequence itself
    begins = [int(Draws(bases, 0, example, 1).pieces(0, 10)[0, 0]) - 80 for example in range(600)]
    assert min(begins) == 0
    assert max(begins) == 30


def test_pieces_have_no_n_where_there_are_others():
    """And begin anywhere else; of N alone they are what there is."""
    gapped = BASES.copy()
    gapped[5:45] = ord("N")
    features = FEATURES[:1].assign(end=9)
    own = [Draws(gapped, 4, example, 5).pieces(3, 9) for example in range(40)]
    shared = SharedPieces(gapped[None], features, ["A"], 4, 200).pieces("A", "+", 6)
    for pieces in (np.concatenate(own), shared):
        assert not (pieces == ord("N")).any()
        assert len({to_string(piece) for piece in pieces}) > 100
    ordered = np.concatenate([np.full(40, ord("N"), np.uint8), np.arange(20, dtype=np.uint8)])
    begins = np.array([among_known(ordered, begin, 5) for begin in range(56)])
    assert set(begins) == set(range(40, 56))
    assert (np.diff(begins) >= 0).all()
    assert [among_known(BASES, begin, 5) for begin in range(56)] == list(range(56))
    nothing = np.full((1, 60), ord("N"), np.uint8)
    assert (Draws(nothing[0], 4, 0, 5).pieces(3, 9) == ord("N")).all()
    assert (SharedPieces(nothing, features, ["A"], 4, 5).pieces("A", "+", 6) == ord("N")).all()


# One example of A and C alone, and one of G and T: a piece tells which it is from.
TWO = np.array([[65, 67] * 30, [71, 84] * 30], np.uint8)
FEATURES = pd.DataFrame(
    {"name": ["A", "A", "B", "C"], "example": [0, 0, 1, 0], "start": [3, 20, 8, 0], "end": [10, 30, 12, 4]}
)


def test_shared_pieces_are_from_examples_with_the_feature():
    shared = SharedPieces(TWO, FEATURES, ["A", "B"], 4, 12)
    assert set(shared.pieces("A", "+", 10).tobytes().decode()) == set("AC")
    assert set(shared.pieces("B", "+", 4).tobytes().decode()) == set("GT")


def test_shared_pieces_are_from_all_examples_with_the_feature_and_from_anywhere_in_them():
    features = FEATURES.assign(name="A", start=0, end=4)
    shared = SharedPieces(TWO, features, ["A"], 4, 40).pieces("A", "+", 4)
    from_second = np.isin(shared, TWO[1]).all(axis=1)
    assert (from_second | np.isin(shared, TWO[0]).all(axis=1)).all()
    assert 0 < from_second.sum() < 40
    # Three letters have one order alone: a piece says where it begins, and none begins beyond the last place.
    three = np.array([[65, 67, 71]], np.uint8)
    pieces = SharedPieces(three, features[:1].assign(end=2), ["A"], 4, 40).pieces("A", "+", 2)
    assert {piece.tobytes() for piece in pieces} == {b"AC", b"CG"}


def test_shared_pieces_are_shuffled():
    """Of each draw by itself: pieces as wide as the sequence are as many orders of its letters."""
    pieces = SharedPieces(BASES[None], FEATURES[:1].assign(start=0, end=60), ["A"], 4, 6).pieces("A", "+", 60)
    assert len({to_string(piece) for piece in [*pieces, BASES]}) == 7
    assert (np.sort(pieces, axis=1) == np.sort(BASES)).all()


def test_shared_pieces_lie_as_their_feature_does():
    whole = SharedPieces(BASES[None], FEATURES[:2], ["A"], 4, 12).pieces("A", "+", 10)
    assert whole.shape == (12, 10)
    assert len({to_string(piece) for piece in whole}) == 12
    own = SharedPieces(BASES[None], FEATURES[:2], ["A"], 4, 5)
    # Five are the first of twelve, and a narrower feature has the beginning of each.
    np.testing.assert_array_equal(own.pieces("A", "", 7), whole[:5, :7])
    np.testing.assert_array_equal(own.pieces("A", "-", 7), reverse_complement(whole[:5, :7]))


def test_shared_pieces_depend_on_the_seed_and_the_name_alone():
    def pieces(name, seed, names):
        features = FEATURES.assign(name=FEATURES["name"].replace("A", name), example=0)
        return SharedPieces(BASES[None], features, names, seed, 6).pieces(name, "+", 10).tobytes()

    own = pieces("A", 4, ["A"])
    assert pieces("A", 4, ["C", "B", "A"]) == own
    assert len({own, pieces("A", 5, ["A"]), pieces("D", 4, ["D"])}) == 3
