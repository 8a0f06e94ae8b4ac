"""Draws depend on seed, example and place alone, and are pieces of dinucleotide shuffles."""

from collections import Counter
from itertools import pairwise

import numpy as np

from dfim.interactions.draws import REMOVED, Draws
from dfim.sequences.bases import to_string

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
    bases = np.arange(40, dtype=np.uint8) + 40  # every letter once: the only path is the sequence itself
    begins = [int(Draws(bases, 0, example, 1).pieces(0, 10)[0, 0]) - 40 for example in range(600)]
    assert min(begins) == 0
    assert max(begins) == 30
