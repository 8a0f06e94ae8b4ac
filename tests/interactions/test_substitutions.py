"""Random substitutions: where they lie, what they depend on, and that they are scored as variants are."""

import numpy as np
import pandas as pd
import pytest
from support.small_networks import random_bases, stacked

from dfim.attribution import open_scorer
from dfim.errors import InputError
from dfim.interactions.scoring import profiles
from dfim.interactions.shards import summarise
from dfim.interactions.sources import PROFILE_SCORES
from dfim.interactions.substitutions import places, score_draws, substitutions

LENGTH = 60


@pytest.fixture(scope="module")
def bases():
    found = random_bases(np.random.default_rng(5), 4, LENGTH)
    found[1, 33:36] = ord("N")
    return found


def variants(bases, rows):
    """Variants at (example, position), in the order given."""
    return pd.DataFrame(
        {
            "example": example,
            "feature": number,
            "name": f"v{number}",
            "group": "positive",
            "kind": "variant",
            "start": start,
            "end": start + 1,
            "reference": chr(bases[example, start]),
            "alternate": "ACGT"["ACGT".index(chr(bases[example, start])) - 1],
        }
        for number, (example, start) in enumerate(rows)
    )


def test_places_lie_near_the_centre_and_apart_from_the_variant(bases):
    found = places(bases[1], 30, 31, within=10, clearance=3)
    assert found.tolist() == [*range(20, 28), 36, *range(37, 41)]
    # A variant that is farther from the centre than that has draws as far as itself.
    assert places(bases[0], 12, 13, within=10, clearance=3).tolist() == [*range(15, 49)]
    assert places(bases[0], 58, 59, within=10, clearance=1).tolist() == [*range(2, 58)]


def test_every_place_and_every_other_base_is_as_likely(bases):
    own = variants(bases, [(0, 30)])
    drawn = pd.concat(substitutions(bases, own, 24, 12, 1, seed) for seed in range(300))
    assert (drawn["reference"] != drawn["alternate"]).all()
    counts = drawn.groupby("start").size()
    # 24 places, and 24 draws: each once in every set.
    assert list(counts.index) == [*range(18, 30), *range(31, 43)]
    assert (counts == 300).all()
    by_base = drawn.groupby(["start", "alternate"]).size()
    assert len(by_base) == 24 * 3
    assert by_base.between(60, 140).all()


def test_draws_depend_on_seed_example_and_place_alone(bases):
    own = variants(bases, [(0, 30), (2, 31), (3, 29)])
    found = substitutions(bases, own, 12, 20, 2, seed=7)
    apart = substitutions(bases, own.iloc[[2]].reset_index(drop=True), 12, 20, 2, seed=7)
    third = found[found["source"] == 2].drop(columns="source").reset_index(drop=True)
    pd.testing.assert_frame_equal(apart.drop(columns="source"), third)
    fewer = substitutions(bases, own, 5, 20, 2, seed=7)
    pd.testing.assert_frame_equal(fewer, found[found["draw"] <= 5].reset_index(drop=True))
    other = substitutions(bases, own, 12, 20, 2, seed=8)
    assert (other["start"] != found["start"]).any()
    for row in found.itertuples():
        assert chr(bases[row.example, row.start]) == row.reference


def test_beyond_all_places_each_has_another_base_and_then_there_are_no_more(bases):
    own = variants(bases, [(0, 30)])
    found = substitutions(bases, own, 3 * 38, 20, 2)
    assert len(found[["start", "alternate"]].drop_duplicates()) == 3 * 38
    with pytest.raises(InputError) as caught:
        substitutions(bases, own, 3 * 38 + 1, 20, 2)
    assert str(caught.value) == (
        "the variant 'v0' has 38 places for the draws of the null 'substitutions', and 115 draws need 39: "
        "ask for fewer 'draws', or raise its key 'within'."
    )


def test_a_draw_is_scored_as_the_same_variant_would_be():
    bases = random_bases(np.random.default_rng(6), 3, 30)
    own = variants(bases, [(0, 15), (2, 14)])
    drawn = substitutions(bases, own, 6, 10, 2, seed=1)
    background = [0.25] * 4
    with open_scorer("gradient_input", stacked(), background) as scorer:
        found = score_draws(scorer, bases, drawn, 0, background, window=8)
        as_variants = drawn.assign(feature=range(len(drawn))).reset_index(drop=True)
        scored = profiles(scorer, bases, as_variants, 0, background, 8)
        expected = [summarise(one.delta) for one in scored]
    for score in PROFILE_SCORES:
        np.testing.assert_allclose(found[score], [float(one[score]) for one in expected], rtol=1e-6)
    assert found["source"].tolist() == [0] * 6 + [1] * 6
    assert found["draw"].tolist() == [*range(1, 7)] * 2
