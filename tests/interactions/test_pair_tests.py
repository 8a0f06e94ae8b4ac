"""The pair test against a second implementation, on logic networks, additive ones, and in any order."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from support.small_networks import LOGIC, drawn_network, logic, random_bases, stacked

from dfim.attribution.edits import logits_of_whole_copies
from dfim.interactions.draws import REMOVED, Draws, SharedPieces
from dfim.interactions.pair_tests import TEST_COLUMNS, draw_pairs
from dfim.interactions.pairs import unordered_pairs
from dfim.interactions.sources import make_pairs
from dfim.sequences.bases import one_hot
from dfim.statistics.effects import OUTPUTS, called, effects, resolution
from dfim.statistics.p_values import q_values
from dfim.statistics.replaced import p_replaced

BACKGROUND = np.array([0.3, 0.2, 0.2, 0.3], np.float32)
RNG = np.random.default_rng(0)
BASES = np.frombuffer(b"ACGT", np.uint8)[RNG.integers(0, 4, (6, 40))]
WEIGHTS = RNG.normal(size=(40, 4))


def whole_sequences(logits, bases, task):
    """Return what evaluates blocks, each copy as a sequence of its own."""
    return lambda blocks: logits_of_whole_copies(logits, bases, blocks, task)


def table_of_features(rows):
    return pd.DataFrame(
        [
            {"feature": number, "example": example, "name": name, "kind": "motif", "start": start, "end": end}
            for number, (example, name, start, end) in enumerate(rows)
        ]
    ).assign(strand=np.resize(["+", "-", ""], len(rows)))


FEATURES = table_of_features(
    [(0, "B", 30, 36), (0, "A", 2, 7), (0, "A", 10, 15), (3, "B", 7, 12), (3, "A", 12, 19), (5, "A", 0, 5)]
)


def pairs_of(features, reach=np.inf):
    return unordered_pairs(make_pairs(features, features["example"].unique())[0], features, reach)


PAIRS = pairs_of(FEATURES)


def additive(x):
    return np.einsum("nlc,lc->n", x, WEIGHTS)[:, None]


def curved(x):
    return np.column_stack([additive(x)[:, 0], np.tanh(additive(x)[:, 0] / 5)])


def outputs_of(x):
    return float(curved(x[None])[0, 1])


def with_rows(x, *pieces):
    x = x.copy()
    for start, rows in pieces:
        x[start : start + len(rows)] = rows
    return x


def second_implementation(pair, draws, seed, removal_draws, shared):
    """One pair, one sequence at a time."""
    example = pair.example
    x = one_hot(BASES[example])
    replacing, removing = Draws(BASES[example], seed, example, draws), None
    if removal_draws:
        removing = Draws(BASES[example], seed, example, removal_draws, REMOVED)
    (a, b) = (FEATURES.loc[number, ["start", "end"]].tolist() for number in (pair.first, pair.second))

    def removed(place):
        if removing is None:
            return [np.tile(BACKGROUND, (place[1] - place[0], 1))]
        return list(one_hot(removing.pieces(*place)))

    def mean(*places, others=()):
        choices = zip(*(removed(place) for place in places), strict=True)
        rows = [[(place[0], part) for place, part in zip(places, c, strict=True)] for c in choices]
        return np.mean([outputs_of(with_rows(x, *others, *pieces)) for pieces in rows])

    f11, f01, f10, f00 = outputs_of(x), mean(a), mean(b), mean(a, b)
    found = {"outputs": (f11, f01, f10, f00)}
    for name, gone, kept, without_gone in (("first", a, b, f01), ("second", b, a, f10)):
        feature = FEATURES.loc[getattr(pair, name)]
        of_name = SharedPieces(BASES, FEATURES, ["A", "B"], seed, shared)
        of_name = of_name.pieces(feature["name"], feature["strand"], gone[1] - gone[0])
        for which, pieces in ((name, replacing.pieces(*gone)), (f"shared_{name}", of_name)):
            found[which] = []
            for piece in one_hot(pieces):
                other = (gone[0], piece)
                whole = outputs_of(with_rows(x, other))
                found[which].append(whole - mean(kept, others=(other,)) - without_gone + f00)
    return found


@pytest.mark.parametrize("removal_draws", [0, 3])
@pytest.mark.parametrize("most", [1, 7, 5000])
def test_it_is_what_a_second_implementation_gives(removal_draws, most):
    evaluate = whole_sequences(curved, BASES, 1)
    found = draw_pairs(evaluate, BASES, FEATURES, PAIRS, BACKGROUND, 4, 9, removal_draws, 2, most)
    assert list(found.table.columns) == TEST_COLUMNS
    assert len(found.table) == len(PAIRS) == 4
    for row, pair in enumerate(PAIRS.itertuples()):
        expected = second_implementation(pair, 4, 9, removal_draws, 2)
        np.testing.assert_allclose(
            found.table.loc[row, OUTPUTS].astype(float), expected["outputs"], atol=1e-6
        )
        for name in ("first", "second", "shared_first", "shared_second"):
            np.testing.assert_allclose(getattr(found, name)[row], expected[name], atol=1e-6)
    for row, example in enumerate([0, 3]):
        shuffles = Draws(BASES[example], 9, example, 4).shuffles
        np.testing.assert_allclose(found.shuffled[row], curved(one_hot(shuffles))[:, 1], atol=1e-6)


def test_shared_pieces_that_are_the_same_are_told(caplog):
    """In repeats of two bases there are but two. Of one base four are all, and of three some come twice."""
    repeats = np.tile(np.frombuffer(b"AC", np.uint8), (6, 20))
    evaluate = whole_sequences(curved, repeats, 1)
    draw_pairs(evaluate, repeats, FEATURES, PAIRS, BACKGROUND, 3, 2, 0, 40)
    evaluate = whole_sequences(curved, BASES, 1)
    for width in (1, 3, 5):
        features = FEATURES.assign(end=FEATURES["start"] + width)
        draw_pairs(evaluate, BASES, features, PAIRS, BACKGROUND, 3, 2, 0, 40)
    assert caplog.messages == [
        "of 40 shared pieces in the place of A only 2 differ, and few of 1 other name, so that a motif like "
        "any other stands out with a chance of 0.33: give sequences that are less alike."
    ]


def test_it_depends_neither_on_shards_nor_on_order_nor_on_other_features():
    evaluate = whole_sequences(curved, BASES, 1)
    data, options = (evaluate, BASES, FEATURES), (BACKGROUND, 3, 2, 0, 2)
    whole = draw_pairs(*data, PAIRS, *options)
    order = np.array([3, 1, 0, 2])
    mixed = draw_pairs(*data, PAIRS.iloc[order], *options)
    one = draw_pairs(*data, PAIRS.iloc[[1]], *options)
    for name in ("first", "second", "shared_first", "shared_second"):
        drawn = getattr(whole, name)
        np.testing.assert_allclose(getattr(mixed, name), drawn[order], atol=1e-12)
        np.testing.assert_allclose(getattr(one, name), drawn[[1]], atol=1e-12)
    pd.testing.assert_frame_equal(one.table, whole.table.iloc[[1]].reset_index(drop=True))


def test_without_draws_there_are_outputs_alone():
    evaluate = whole_sequences(curved, BASES, 1)
    found = draw_pairs(evaluate, BASES, FEATURES, PAIRS, BACKGROUND, 0)
    assert found.first.shape == found.second.shape == (4, 0)
    assert found.shuffled.size == 0
    drawn = draw_pairs(evaluate, BASES, FEATURES, PAIRS, BACKGROUND, 2).table
    np.testing.assert_allclose(found.table.to_numpy(float), drawn.to_numpy(float), atol=1e-12)


def test_pairs_out_of_reach_are_not_evaluated_and_do_not_interact():
    calls = []

    def counting(x):
        calls.append(len(x))
        return additive(x)

    features = table_of_features([(0, "A", 2, 7), (0, "B", 30, 35)])
    pairs = pairs_of(features, reach=24)
    assert pairs["within_reach"].tolist() == [1 - 1]
    found = draw_pairs(whole_sequences(counting, BASES, 0), BASES, features, pairs, BACKGROUND, 5)
    assert np.isnan(found.first).all()
    assert sum(calls) == 1 + 5 + 2 + 2 * 5  # itself, its shuffles, each feature removed, and replaced
    assert effects(found.table, found.shuffled)["interaction"].abs().max() < 1e-12
    assert pairs_of(features, reach=25)["within_reach"].tolist() == [1]


@pytest.mark.parametrize("removal_draws", [0, 3])
def test_a_variant_is_removed_by_its_other_allele(removal_draws):
    """Whatever takes the place of motifs; where the alternate allele is there, by the reference one."""
    features = table_of_features([(0, "rs1", 4, 5), (0, "A", 20, 26), (3, "rs2", 4, 5), (3, "A", 20, 26)])
    there, other = "ACGT".replace(chr(BASES[0, 4]), "")[1], chr(BASES[3, 4])
    features = features.assign(
        kind=["variant", "motif"] * 2, reference=[chr(BASES[0, 4]), "", "T" if other == "A" else "A", ""],
        alternate=[there, "", other, ""],
    )  # fmt: skip
    evaluate = whole_sequences(curved, BASES, 1)
    data = BASES, features, pairs_of(features), BACKGROUND, 2, 0, removal_draws
    found = draw_pairs(evaluate, *data).table.set_index("example")["without_first"]
    for example, letter in ((0, there), (3, features.loc[2, "reference"])):
        mutant = BASES[example].copy()
        mutant[4] = ord(letter)
        assert found[example] == pytest.approx(outputs_of(one_hot(mutant)), abs=1e-6)


def planted(examples, length=60):
    """Sequences with ACGTAC and TTGACA at places of their own, and a third word that nothing reads."""
    rng = np.random.default_rng(4)
    bases = np.frombuffer(b"ACGT", np.uint8)[rng.integers(0, 4, (examples, length))].copy()
    rows = []
    for example in range(examples):
        places = rng.permutation([3, 20, 40]) + rng.integers(0, 10)
        for name, word, place in zip("ABC", (b"ACGTAC", b"TTGACA", b"GGCCGG"), places, strict=True):
            bases[example, place : place + 6] = np.frombuffer(word, np.uint8)
            rows.append((example, name, place, place + 6))
    return bases, table_of_features(rows)


def answers(task, examples=30):
    """Calls and interactions of the pairs of planted words in a logic network, by names."""
    from dfim.attribution import open_scorer
    from dfim.attribution.simplification import simplify

    bases, features = planted(examples)
    with open_scorer("gradient_input", simplify(logic("ACGTAC", "TTGACA", 60)), BACKGROUND) as scorer:
        evaluate = partial(scorer.edited_logits, bases, task=LOGIC.index(task))
        found = draw_pairs(evaluate, bases, features, pairs_of(features), BACKGROUND, 10)
    table = found.table.join(effects(found.table, found.shuffled))
    p = p_replaced(table["interaction"], found.first, found.second)["p"]
    names = features["name"].to_numpy()
    pair = [
        "".join(sorted(names[[first, second]])) for first, second in table[["first", "second"]].to_numpy()
    ]
    return table.assign(pair=pair, called=called(q_values(p), table["share"], 0.05, 0.1)).groupby("pair")


@pytest.mark.parametrize(("task", "sign"), [("and", 1), ("or", -1)])
def test_logic_is_called_with_its_sign(task, sign):
    groups = answers(task)
    interacting = groups.get_group("AB")
    right = interacting["called"] & (np.sign(interacting["interaction"]) == sign)
    assert right.mean() >= 0.95  # a word may occur a second time by chance
    assert not groups.get_group("AC")["called"].any()
    assert not groups.get_group("BC")["called"].any()


def test_a_network_that_adds_up_has_no_calls():
    assert not answers("additive")["called"].any().any()


def test_two_pairs_of_one_example_share_what_they_can():
    """Three features: 1 + K + 3 + 3 K, and for each of three pairs 1 + 2 K."""
    calls = []

    def counting(x):
        calls.append(len(x))
        return additive(x)

    features = table_of_features([(0, "A", 2, 7), (0, "B", 10, 15), (0, "C", 20, 25)])
    draw_pairs(whole_sequences(counting, BASES, 0), BASES, features, pairs_of(features), BACKGROUND, 5)
    assert sum(calls) == 1 + 5 + 3 + 15 + 3 * 11


@pytest.mark.parametrize("seed", range(3))
def test_an_untrained_network_has_next_to_no_calls(seed):
    from dfim.attribution import open_scorer
    from dfim.attribution.simplification import simplify

    bases = random_bases(np.random.default_rng(seed), 150, 30)
    rows = [
        (example, name, *place) for example in range(150) for name, place in (("A", (3, 10)), ("B", (17, 25)))
    ]
    features = table_of_features(rows)
    with open_scorer("gradient_input", simplify(stacked(seed=seed)), BACKGROUND) as scorer:
        evaluate = partial(scorer.edited_logits, bases, task=0)
        found = draw_pairs(evaluate, bases, features, pairs_of(features), BACKGROUND, 10)
    table = effects(found.table, found.shuffled)
    p = p_replaced(table["interaction"], found.first, found.second)["p"]
    assert table["interaction"].abs().max() > 1e-3  # the two do change each other's effect
    assert called(q_values(p), table["share"], 0.05, 0.1).mean() <= 0.01


PLACES = (("A", 20), ("B", 60))


@pytest.mark.parametrize("seed", range(12))
def test_rounding_of_interactions_lies_below_what_counts_as_nothing(seed):
    """Against outputs of 64 bits, on networks of any depth; what is off by more would have small p."""
    from dfim.attribution import FORWARD, open_scorer
    from dfim.attribution.gradients import GradientInput
    from dfim.attribution.simplification import simplify

    rng = np.random.default_rng([seed, 5])
    layers, length = drawn_network(rng)
    bases = random_bases(rng, 20, length)
    features = table_of_features([(row, name, at, at + 8) for row in range(20) for name, at in PLACES])
    data = bases, features, pairs_of(features), BACKGROUND, 4
    with open_scorer(FORWARD, layers, BACKGROUND) as scorer:
        found = draw_pairs(partial(scorer.edited_logits, bases, task=0), *data)
    exact = GradientInput(simplify(layers), BACKGROUND, dtype="float64")
    expected = draw_pairs(partial(exact.edited_logits, bases, task=0), *data)
    least = resolution(expected.table)[:, None]
    for one, other in ((found.first, expected.first), (found.second, expected.second)):
        assert (np.abs(one - other) < least).all()
