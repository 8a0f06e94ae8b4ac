"""Draws of scores against the scores of edited sequences, one by one, and in any order."""

import numpy as np
import pandas as pd
import pytest
from support.small_networks import random_bases, stacked

from dfim.attribution import open_scorer
from dfim.interactions.draws import Draws
from dfim.interactions.score_draws import ENDS, SCORES, draw_scores
from dfim.interactions.scoring import pair_scores
from dfim.interactions.sources import make_pairs

BACKGROUND = [0.3, 0.2, 0.2, 0.3]
BASES = random_bases(np.random.default_rng(1), 4, 30)
FEATURES = pd.DataFrame(
    [
        (0, 0, "A", "motif", 2, 6, "", ""),
        (1, 0, "B", "motif", 10, 16, "", ""),
        (2, 0, "A", "motif", 24, 28, "", ""),
        (3, 2, "B", "motif", 0, 6, "", ""),
        (4, 2, "snv", "variant", 9, 10, "A", "C"),
    ],
    columns=["feature", "example", "name", "kind", "start", "end", "reference", "alternate"],
)
PAIRS, _ = make_pairs(FEATURES, range(4))
DRAWS, SEED, TASK = 3, 11, 1


@pytest.fixture(scope="module", params=["deeplift", "gradient_input"])
def scorer(request):
    with open_scorer(request.param, stacked(), BACKGROUND) as scorer:
        yield scorer


def of_edited_sequences(scorer):
    """Put each draw into a sequence of its own, and score its pair alone."""
    found = np.empty((2, 2, len(PAIRS), DRAWS))
    for row, pair in enumerate(PAIRS.itertuples()):
        drawn = Draws(BASES[pair.example], SEED, pair.example, DRAWS)
        for end, name in enumerate(ENDS):
            feature = FEATURES.loc[getattr(pair, name)]
            for draw, piece in enumerate(drawn.pieces(feature["start"], feature["end"])):
                edited = BASES.copy()
                edited[pair.example, feature["start"] : feature["end"]] = piece
                scores = pair_scores(scorer, edited, FEATURES, PAIRS.iloc[[row]], TASK, BACKGROUND)
                found[:, end, row, draw] = scores[list(SCORES)].iloc[0]
    return found


@pytest.mark.parametrize("batch_size", [1, 10, None])
def test_draws_are_scores_of_edited_sequences(scorer, batch_size):
    found = draw_scores(scorer, BASES, FEATURES, PAIRS, TASK, BACKGROUND, DRAWS, SEED, batch_size)
    expected = of_edited_sequences(scorer)
    assert (np.abs(expected) > 1e-4).mean() > 0.7, "nothing to compare"
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)


def test_draws_depend_neither_on_order_nor_on_other_pairs(scorer):
    whole = draw_scores(scorer, BASES, FEATURES, PAIRS, TASK, BACKGROUND, DRAWS, SEED)
    rows = np.array([6, 1, 4])
    part = draw_scores(scorer, BASES, FEATURES, PAIRS.iloc[rows], TASK, BACKGROUND, DRAWS, SEED)
    np.testing.assert_allclose(part, whole[:, :, rows], rtol=1e-3, atol=1e-5)
    fewer = draw_scores(scorer, BASES, FEATURES, PAIRS, TASK, BACKGROUND, 2, SEED)
    np.testing.assert_allclose(fewer, whole[..., :2], rtol=1e-3, atol=1e-5)
