"""Decoys lie where nothing is, and a test that is right holds its level there and finds none."""

import numpy as np
import pandas as pd
import pytest
from support.small_networks import LOGIC, logic, stacked

from dfim.attribution import open_scorer
from dfim.attribution.simplification import simplify
from dfim.interactions.decoys import decoy_pairs, decoys
from dfim.interactions.null_checks import Asked, outputs_of_check, scores_of_check
from dfim.interactions.score_draws import ENDS, SCORES, draw_scores
from dfim.interactions.scoring import pair_scores
from dfim.interactions.sources import make_pairs
from dfim.statistics.null_checks import COLUMNS, ROW_COLUMNS, summarise_checks
from dfim.statistics.replaced import p_of_draws

BACKGROUND = np.array([0.3, 0.2, 0.2, 0.3], np.float32)
LENGTH = 60


def planted(examples, length=LENGTH):
    """Sequences with ACGTAC and TTGACA at places of their own, and the features of both."""
    rng = np.random.default_rng(4)
    bases = np.frombuffer(b"ACGT", np.uint8)[rng.integers(0, 4, (examples, length))].copy()
    rows = []
    for example in range(examples):
        places = rng.permutation([1, length // 2]) + rng.integers(0, length // 4)
        for name, word, place in zip("AB", (b"ACGTAC", b"TTGACA"), places, strict=True):
            bases[example, place : place + 6] = np.frombuffer(word, np.uint8)
            rows.append((len(rows), example, name, "motif", "", "+", place, place + 6))
    columns = ["feature", "example", "name", "kind", "group", "strand", "start", "end"]
    return bases, pd.DataFrame(rows, columns=columns)


def asked_of(examples, length=LENGTH):
    bases, features = planted(examples, length)
    ordered = make_pairs(features, np.arange(examples))[0]
    placed = decoys(features, ordered, length, 3)
    everything = pd.concat([features, placed.drop(columns="source")], ignore_index=True)
    blocks = pd.Series(np.arange(examples), np.arange(examples))
    asked = Asked(bases, everything, blocks, BACKGROUND, np.inf, 10, 10, 0.05, 0.1, 3)
    return asked, ordered, decoy_pairs(placed)


def test_decoys_lie_where_no_feature_is_as_far_from_the_source_as_the_target():
    _, features = planted(30)
    ordered = make_pairs(features, np.arange(30))[0]
    placed = decoys(features, ordered, LENGTH, 3)
    assert placed["feature"].tolist() == list(range(60, 120))
    assert (placed["end"] - placed["start"] == 6).all()
    for decoy, target in zip(placed.itertuples(), ordered["target"], strict=True):
        assert decoy.name == f"decoy of {features['name'][target]}"
        own, source = features[features["example"] == decoy.example], features.loc[decoy.source]

        def off(start, source=source, target=features.loc[target]):
            """Return how much farther or nearer a place is than the target."""
            gaps = [
                max(place - source["end"], source["start"] - place - 6) for place in (start, target["start"])
            ]
            return abs(gaps[0] - gaps[1])

        clear = [
            start
            for start in range(LENGTH - 5)
            if ((own["end"] + 6 <= start) | (own["start"] >= start + 12)).all()
        ]
        assert decoy.start in clear
        assert off(decoy.start) == min(map(off, clear))


def test_a_place_depends_on_its_own_pair_alone():
    _, features = planted(30)
    ordered = make_pairs(features, np.arange(30))[0]
    placed = decoys(features, ordered, LENGTH, 3)
    alone = decoys(features, ordered.iloc[[7]], LENGTH, 3)
    assert alone[["start", "source"]].values.tolist() == placed.iloc[[7]][["start", "source"]].values.tolist()


def test_a_sequence_that_is_all_features_has_no_decoy():
    features = pd.DataFrame(
        {"feature": [0, 1], "example": 0, "name": "A", "group": "", "start": [0, 30], "end": [30, 58]}
    )
    assert decoys(features, make_pairs(features, [0])[0], LENGTH).empty


def test_pairs_with_a_decoy_are_pairs():
    asked, ordered, pairs = asked_of(30)
    places = asked.features.set_index("feature")
    assert pairs["source"].tolist() == ordered["source"].tolist()
    assert (pairs["target"] >= 60).all()
    first, second = (places.loc[pairs[end]].reset_index() for end in ("source", "target"))
    assert ((first["end"] <= second["start"]) | (second["end"] <= first["start"])).all()


@pytest.mark.parametrize("task", ["and", "or"])
def test_words_that_interact_are_called_and_the_same_words_with_decoys_are_not(task):
    """In one network: what the test finds of words, it must not find of a word and a place without one."""
    asked, ordered, pairs = asked_of(30)
    with open_scorer("forward", simplify(logic("ACGTAC", "TTGACA", LENGTH)), BACKGROUND) as scorer:
        _, real = outputs_of_check("untrained", scorer, LOGIC.index(task), ordered, asked)
        _, of_decoys = outputs_of_check("decoy", scorer, LOGIC.index(task), pairs, asked)
    assert real["called"].mean() >= 0.95
    assert of_decoys["called"].mean() == 0
    assert (of_decoys["p_tested"] <= 0.05).mean() <= 0.05


def test_beside_real_pairs_decoys_are_judged_by_the_draws_of_both_and_are_the_rows_alone():
    asked, ordered, pairs = asked_of(60)
    both = pd.concat([pairs, ordered], ignore_index=True)
    with open_scorer("gradient_input", simplify(stacked(seed=2, length=LENGTH)), BACKGROUND) as scorer:
        tests, rows = outputs_of_check("decoy", scorer, 0, both, asked)
        scores = scores_of_check("decoy", "gradient_input", scorer, 0, both, tests, asked)
        _, alone = outputs_of_check("decoy", scorer, 0, pairs, asked)
    assert len(tests) == len(pairs) + len(ordered) // 2
    assert len(scores) == 2 * len(rows) == 2 * len(pairs)
    assert rows["name"].str.contains("decoy of").all()
    assert scores["p_tested"].notna().all()
    assert not np.allclose(rows["p_tested"], alone["p_tested"])


def test_p_of_decoys_are_uniform_in_a_network_of_random_weights():
    """Of outputs and of scores; p of the pair, the larger of two, are larger."""
    asked, _, pairs = asked_of(400)
    with open_scorer("gradient_input", simplify(stacked(seed=2, length=LENGTH)), BACKGROUND) as scorer:
        tests, rows = outputs_of_check("decoy", scorer, 0, pairs, asked)
        scores = scores_of_check("decoy", "gradient_input", scorer, 0, pairs, tests, asked)
    rows = pd.concat([rows, scores], ignore_index=True)
    assert list(rows) == ROW_COLUMNS
    assert set(rows["score"]) == {"interaction", "fis", "signed_sum"}
    assert (rows["p_tested"] <= rows["p"]).all()
    found = summarise_checks(rows)
    assert list(found) == COLUMNS
    assert found["holds"].tolist() == [1, 1, 1]
    assert found["share"].between(0.03, 0.075).all()
    assert (found["called"] <= 0.01).all()


def test_of_a_decoy_the_p_with_the_decoy_replaced_is_told():
    """A decoy is the target of its pair; with the source replaced the hypothesis is not true."""
    asked, _, pairs = asked_of(12)
    with open_scorer("gradient_input", simplify(stacked(seed=2, length=LENGTH)), BACKGROUND) as scorer:
        tests, _ = outputs_of_check("decoy", scorer, 0, pairs, asked)
        rows = scores_of_check("decoy", "gradient_input", scorer, 0, pairs, tests, asked)
        data = (scorer, asked.bases, asked.features, pairs, 0, BACKGROUND)
        scores, draws = pair_scores(*data), draw_scores(*data, asked.score_draws, asked.seed)
    for number, score in enumerate(SCORES):
        p = p_of_draws(scores[score].to_numpy(), draws[number, ENDS.index("target")])
        np.testing.assert_allclose(rows.loc[rows["score"] == score, "p_tested"], p)


def test_words_that_interact_are_called_by_the_scores_too():
    """What is asked of an untrained network by its scores is found where there is something to find."""
    asked, ordered, _ = asked_of(30)
    network = simplify(logic("ACGTAC", "TTGACA", LENGTH))
    with open_scorer("deeplift", network, BACKGROUND) as scorer:
        data = (scorer, LOGIC.index("and"), ordered)
        tests, _ = outputs_of_check("untrained", *data, asked)
        scores = scores_of_check("untrained", "deeplift", *data, tests, asked)
    assert list(scores) == ROW_COLUMNS
    assert scores["p_tested"].isna().all()
    assert scores.groupby("score")["called"].mean().min() >= 0.95
