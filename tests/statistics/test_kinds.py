"""Kinds of pairs: orientation by hand, medians and p by hand, planted kinds among many, and random words."""

from functools import partial

import numpy as np
import pandas as pd
import pytest

from dfim.statistics.kinds import COLUMNS, GRAINS, add_methods, kinds_of_pairs, orientations, two_strands
from dfim.statistics.replaced import NULL_ENDS, p_replaced
from dfim.statistics.studentised import over_median


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("A+", "B+", "A+ B+"),
        ("A+", "B-", "A+ B-"),
        ("B+", "A+", "B+ A+"),
        ("B-", "A+", "B- A+"),
        # Read on the other strand: reversed, and every sign turned.
        ("A-", "B-", "B+ A+"),
        ("A-", "B+", "B- A+"),
        ("B-", "A-", "A+ B+"),
        ("A+", "A+", "A+ A+"),
        ("A-", "A-", "A+ A+"),
        ("A+", "A-", "A+ A-"),
        ("A-", "A+", "A- A+"),
        # P is on one strand alone: it has no sign, and the other one decides.
        ("P+", "B+", "P B+"),
        ("P+", "B-", "B+ P"),
        ("P+", "P+", "P P"),
        ("P+", "Q+", "P Q"),
        ("Q+", "P+", "Q P"),
    ],
)
def test_orientation(first, second, expected):
    pair = pd.DataFrame(
        [
            {
                "first_name": first[0],
                "first_strand": first[1],
                "second_name": second[0],
                "second_strand": second[1],
            }
        ]
    )
    assert orientations(pair, {"A", "B"})[0] == expected


def test_names_on_both_strands():
    features = pd.DataFrame({"name": list("AABBC"), "strand": ["+", "-", "+", "+", ""]})
    assert two_strands(features) == {"A"}


DRAWS = 40


def pairs_tested(n=400, seed=0, planted=True):
    """Pairs A–B, of which those 7 bp apart in one orientation interact, and A–C, of which none do."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "example": np.arange(n), "block": np.arange(n) // 2, "first": 2 * np.arange(n),
            "second": 2 * np.arange(n) + 1, "pair": rng.choice(["A–B", "A–C"], n),
            "orientation": rng.choice(["A+ B+", "A+ B-"], n), "distance": rng.integers(0, 15, n),
        }
    )  # fmt: skip
    table.loc[:39, ["pair", "orientation", "distance"]] = ["A–B", "A+ B+", 7]
    special = (
        (table["pair"] == "A–B") & (table["distance"] == 7) & (table["orientation"] == "A+ B+") & planted
    )
    interaction = rng.normal(size=n) + 10 * special
    table = table.assign(interaction=interaction, share=interaction / 20, called=special.astype(int))
    return table, rng.normal(size=(2, n, DRAWS))


def test_a_planted_kind_is_called_and_no_other():
    kinds = kinds_of_pairs(*pairs_tested(), distances=[5, 10])
    assert list(kinds.columns) == COLUMNS
    assert list(kinds["grain"].unique()) == list(GRAINS)
    called = kinds[(kinds["called"] == 1) & (kinds["grain"] == "spacing")]
    assert called[["pair", "orientation", "distance"]].to_numpy().tolist() == [["A–B", "A+ B+", "7 bp"]]
    assert called["call"].tolist() == ["synergy"]
    assert called["q"].iloc[0] < 0.03
    assert called["called_synergy"].iloc[0] == 1
    # What is called stands first in its grain.
    assert kinds[kinds["grain"] == "spacing"].index[0] == called.index[0]


def test_a_kind_is_what_its_pairs_are():
    tests, draws = pairs_tested()
    kinds = kinds_of_pairs(tests, draws, 0.3, distances=[5, 10])
    row = kinds.query(
        "grain == 'orientation' and pair == 'A–C' and orientation == 'A+ B-' and distance == '6–10 bp'"
    )
    own = tests.query("pair == 'A–C' and orientation == 'A+ B-' and 6 <= distance <= 10")
    row = row.iloc[0]
    assert (row["n"], row["n_blocks"]) == (len(own), own["block"].nunique())
    assert row["interaction"] == own["interaction"].median()
    assert row["interaction_low"] < row["interaction"] < row["interaction_high"]
    medians = np.median(draws[:, own.index], axis=1)
    np.testing.assert_allclose(row[list(NULL_ENDS)].astype(float), np.percentile(medians, [2.5, 97.5]))
    assert (row["shortest"], row["longest"]) == (own["distance"].min(), own["distance"].max())
    n = kinds.groupby("grain")["n"].sum()
    assert n["names"] == n["distance"] == n["orientation"] == len(tests)


def test_kinds_of_a_grain_are_judged_together():
    """By the medians of their shared draws, in units of their own; with a floor small ones stay small."""
    tests, draws = pairs_tested()
    pairs = sorted(set(tests["pair"]))
    members = [np.flatnonzero(tests["pair"] == pair) for pair in pairs]
    scores = np.array([np.median(tests["interaction"].to_numpy()[own]) for own in members])
    medians = [np.array([np.median(of_end[own], axis=0) for own in members]) for of_end in draws]
    for floor in (0.0, 0.5):
        kinds = kinds_of_pairs(tests, draws, floor)
        found = kinds[kinds["grain"] == "names"].set_index("pair").loc[pairs]
        expected = p_replaced(scores, *medians, partial(over_median, floor=floor))
        np.testing.assert_allclose(found[["p", "q"]], expected[["p", "q"]])


def test_single_distances_need_blocks_enough():
    for fewest in (3, 10):
        kinds = kinds_of_pairs(*pairs_tested(), fewest=fewest)
        assert kinds.loc[kinds["grain"] == "spacing", "n_blocks"].min() >= fewest


def test_no_kind_is_called_where_nothing_interacts():
    found = [kinds_of_pairs(*pairs_tested(120, seed, planted=False))["called"].any() for seed in range(60)]
    # Four families of kinds, each at .05; a share is needed too.
    assert np.mean(found) <= 0.2


def words_in_a_random_network(seed, own, n=30, draws=20, width=6, strength=1.0):
    """Pairs of the same two random words in n sequences, where every base acts on every other.

    ``own``: the share of a weight's variance that is the same in all sequences; the rest is the context's.
    ``strength``: by how much the two words act more than other words do.
    """
    rng = np.random.default_rng(seed)
    weights = np.sqrt(own) * rng.normal(size=(4 * width, 4 * width))
    words, pieces = rng.integers(4, size=(2, 1, width)), rng.integers(4, size=(2, draws, width))

    def coded(letters):
        return (np.eye(4)[letters] - 0.25).reshape(-1, 4 * width)

    interaction, replaced = np.empty(n), np.empty((2, n, draws))
    (one, other), others = map(coded, words), [coded(own) for own in pieces]
    for number in range(n):
        here = weights + np.sqrt(1 - own) * rng.normal(size=weights.shape)
        interaction[number] = strength * (one @ here @ other.T).item()
        replaced[0, number] = (others[0] @ here @ other.T)[:, 0]
        replaced[1, number] = (one @ here @ others[1].T)[0]
    table = pd.DataFrame({"example": np.arange(n), "block": np.arange(n), "interaction": interaction})
    return table.assign(pair="A–B", orientation="A B", distance=5, share=1.0, called=0), replaced


@pytest.mark.parametrize("own", [0.5, 1])
def test_two_words_like_any_others_are_no_kind_that_acts_together(own):
    """A word acts in the same way in all sequences, as each other word does: its many pairs are one word."""
    p = []
    for run in range(100):
        kinds = kinds_of_pairs(*words_in_a_random_network([run, 7], own))
        p.append(kinds.loc[kinds["grain"] == "names", "p"].item())
    assert np.mean(np.array(p) <= 0.05) <= 0.05


def test_two_words_that_act_far_more_than_others_are_a_kind():
    """A lone kind, of 20 draws, and without a single pair that is called."""
    called = [kinds_of_pairs(*words_in_a_random_network([run, 7], 0.5, strength=30)) for run in range(20)]
    assert np.mean([kinds["called"].all() for kinds in called]) >= 0.7


def test_a_kind_of_which_half_the_pairs_stand_out_is_called():
    tests, draws = pairs_tested(400)
    ordinary = tests["called"] == 0
    tests.loc[ordinary, "pair"] = "A–C"
    called = kinds_of_pairs(tests, draws).query("grain == 'names' and called == 1")
    assert called["pair"].tolist() == ["A–B"]
    assert called["q"].item() < 0.05


def test_what_methods_say_of_kinds():
    tests, draws = pairs_tested(60)
    rows = []
    for row in tests.itertuples():
        for source, target in ((row.first, row.second), (row.second, row.first)):
            rows.append((row.example, source, target, row.interaction, row.called))
    pairs = pd.DataFrame(rows, columns=["example", "source", "target", "interaction", "interaction_called"])
    pairs = pairs.assign(source_start=pairs["source"], target_start=pairs["target"])
    pairs = pairs.assign(fis_called=(pairs["source"] < pairs["target"]).astype(int), signed_sum_called=1)
    pairs = pairs.assign(signed_sum=-pairs["interaction"])
    kinds = kinds_of_pairs(tests, draws)
    found = add_methods(kinds, tests, {"deeplift": pairs})
    assert len(found) == len(kinds)
    assert (found["deeplift_fis_called"] == 0.5).all()
    assert (found["deeplift_signed_sum_called"] == 1).all()
    named = found[found["grain"] == "names"].set_index("pair")["deeplift_same_sign"]
    assert named["A–B"] == 0
    assert np.isnan(named["A–C"])


def test_shared_draws_too_few_for_the_level_are_told(caplog):
    tests, draws = pairs_tested(20)
    kinds_of_pairs(tests, draws[:, :, :19])
    kinds_of_pairs(tests[:0], draws[:, :0, :2])
    assert not caplog.messages
    kinds_of_pairs(tests, draws[:, :, :18])
    kinds_of_pairs(tests, draws, level=0.01)
    assert caplog.messages == [
        f"kinds of pairs have {number} shared draws, so that a motif like any other stands out with a chance "
        f"of {chance}: raise 'shared_draws' to {needed} or more."
        for number, chance, needed in ((18, 0.053, 20), (40, 0.024, 100))
    ]


def test_no_pairs_no_kinds():
    tests, draws = pairs_tested()
    kinds = kinds_of_pairs(tests[:0], draws[:, :0])
    assert kinds.empty
    assert list(kinds.columns) == COLUMNS
