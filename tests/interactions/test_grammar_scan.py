"""The grammar scan: against a second implementation, where nothing interacts, and where something does."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from support.scans import MOTIFS, by_chance, random_backgrounds, scan, sites, within_8_bp

from dfim.errors import InputError
from dfim.interactions.grammar_scan import ScanDraws, motif_words, scan_cells, scan_starts
from dfim.interactions.tested_scan import SCAN_COLUMNS, judge_scan, too_few_draws
from dfim.sequences.bases import one_hot, reverse_complement, to_string
from dfim.statistics.p_values import q_values
from dfim.statistics.replaced import p_replaced
from dfim.statistics.studentised import over_mean_square


def linear(x, seed=0):
    return np.einsum("nlc,lc->n", x, np.random.default_rng([seed, 1]).normal(size=x.shape[1:]))


def scans_of_random_words(output, number, backgrounds):
    """Return tables of scans of words that are drawn as other sequence is, each of an output of its own."""
    tables = []
    for seed in range(number):
        rng = np.random.default_rng([seed, 99])
        words = {name: "".join(rng.choice(list("ACGT"), width)) for name, width in (("one", 6), ("other", 7))}
        sequences = random_backgrounds(backgrounds, 60, seed)
        found = scan(partial(output, seed=seed), sequences, range(6), words, seed=seed, orientations=["++"])
        tables.append(judge_scan(found, seed=seed))
    return tables


def test_outputs_and_draws_are_those_of_sequences_made_by_hand():
    rng = np.random.default_rng(3)
    first, second = rng.normal(size=(240, 8)), rng.normal(size=8)
    output = lambda x: np.tanh(x.reshape(len(x), -1) @ first / 8) @ second  # noqa: E731
    backgrounds, motifs = random_backgrounds(5, 60), {"A": "ACGTA", "B": "GGCATT", "C": "TTW"}
    found = scan(output, backgrounds, [0, 7], motifs, 3, seed=4, both_orders=True)
    words = motif_words(motifs, backgrounds, 3, 4)
    starts = scan_starts(motifs, found.cells, backgrounds.shape, 4)

    def value(number, *placed):
        row = backgrounds[number].copy()
        for word, strand, start in placed:
            row[start : start + len(word)] = word if strand == "+" else reverse_complement(word)
        return output(one_hot(row[None]))[0]

    for place, cell in enumerate(found.cells.itertuples()):
        replaced = np.zeros((2, 5, 3))
        for number in range(5):
            ends = [
                [(words[name][number, draw], strand, start) for draw in range(4)]
                for name, strand, start in zip(
                    (cell.first, cell.second),
                    (cell.first_strand, cell.second_strand),
                    starts[number, place],
                    strict=True,
                )
            ]
            assert ends[1][0][2] - (ends[0][0][2] + len(ends[0][0][0])) == cell.spacing
            alone = [[value(number, placed) for placed in end] for end in ends]
            both = value(number, ends[0][0], ends[1][0])
            empty = value(number)
            np.testing.assert_allclose(
                found.outputs[place, number], [both, alone[1][0], alone[0][0], empty], atol=1e-6
            )
            for draw in range(3):
                other = ends[0][draw + 1], ends[1][0]
                replaced[0, number, draw] = value(number, *other) - alone[0][draw + 1] - alone[1][0] + empty
                other = ends[0][0], ends[1][draw + 1]
                replaced[1, number, draw] = value(number, *other) - alone[0][0] - alone[1][draw + 1] + empty
        np.testing.assert_allclose(found.first[place], replaced[0].mean(axis=0), atol=1e-5)
        np.testing.assert_allclose(found.second[place], replaced[1].mean(axis=0), atol=1e-5)


def test_where_effects_add_up_but_for_chance_p_holds_its_level():
    tables = scans_of_random_words(lambda x, seed: linear(x, seed) + by_chance(x, seed), 60, 6)
    rows = pd.concat(tables)
    for name in ("p_first", "p_second"):
        assert 0.02 < (rows[name] <= 0.05).mean() < 0.08
        assert 0.12 < (rows[name] <= 0.2).mean() < 0.28
    assert (rows["p"] <= 0.05).mean() < 0.05  # the larger of two
    assert np.mean([table["called"].any() for table in tables]) <= 0.05


def test_words_like_any_other_are_not_called_although_all_words_act_together():
    """All bases act on all others: for two words always in the same way, and no more than for others."""
    weights = np.array([1.0, -1.0, 0.5, -0.5])
    tables = scans_of_random_words(lambda x, seed: (x @ weights).sum(axis=1) ** 2, 60, 10)
    rows = pd.concat(tables)
    off_zero = (rows["interaction_low"] > 0) | (rows["interaction_high"] < 0)
    assert off_zero.mean() > 0.3
    assert (rows["p_first"] <= 0.05).mean() < 0.1
    assert (rows["p"] <= 0.05).mean() < 0.05
    assert np.mean([table["called"].any() for table in tables]) <= 0.05


def holds(x, word):
    """Return which copies hold a word: cheaper than :func:`sites`, for many scans."""
    bases, length = x.argmax(axis=2), x.shape[1] - len(word) + 1
    same = (bases[:, at : at + length] == "ACGT".index(letter) for at, letter in enumerate(word))
    return np.logical_and.reduce(list(same)).any(axis=1)


def test_beside_a_true_motif_the_p_of_an_arbitrary_word_holds_its_level():
    """The motif acts together with all that is beside it, and more than other sequence does: its p is small.

    The word is as any other sequence, and acts in the same way in all cells: on its p alone the call rests.
    """
    weights = np.array([1.0, -1.0, 0.5, -0.5]) / 3
    output = lambda x: np.logaddexp(0, 3 * holds(x, "CAGATGTT") + x.sum(axis=1) @ weights)  # noqa: E731
    tables = []
    for seed in range(100):
        word = "".join(np.random.default_rng([seed, 7]).choice(list("ACGT"), 7))
        backgrounds, words = random_backgrounds(6, 50, seed), {"motif": "CAGATGTT", "word": word}
        found = scan(output, backgrounds, [0, 4, 8], words, 40, seed, orientations=["++"])
        tables.append(judge_scan(found, seed=seed))
    rows = pd.concat(tables)
    called = np.mean([table["called"].any() for table in tables])
    assert (rows["p_first"] <= 0.05).mean() > 0.5
    assert 0.02 < (rows["p_second"] <= 0.05).mean() < 0.09
    assert 0.02 < (rows["p"] <= 0.05).mean() < 0.09
    assert (rows["p"] <= 0.01).mean() <= 0.03
    assert called <= 0.06


def test_what_adds_up_exactly_has_no_interaction_at_all():
    table = judge_scan(scan(linear, random_backgrounds(5, 60), [0, 5]))
    assert (table["interaction"] == 0).all()
    assert (table["p"] == 1).all()
    assert not table["called"].any()


def test_a_planted_interaction_is_called_at_its_spacings_and_with_its_sign():
    table = judge_scan(scan(within_8_bp, random_backgrounds(10, 80), range(0, 21, 2)))
    assert list(table) == SCAN_COLUMNS
    near = table["spacing"] <= 8
    synergy, redundancy = (table["orientation"] == words for words in ("TAL1+ GATA1+", "TAL1+ GATA1-"))
    expected = np.select([near & synergy, near & redundancy], ["synergy", "redundancy"], "")
    assert table["call"].tolist() == expected.tolist()
    called = table[table["called"] == 1]
    assert called["interaction"].abs().between(4, 6).all()
    assert (called["interaction"].abs() > called[["null_low", "null_high"]].abs().max(axis=1)).all()
    assert ((called["interaction_low"] < called["interaction"]) & (called["q"] < 0.05)).all()
    assert (table["n"] == 10).all()
    # GATA1 turned has no effect of its own: the whole of what TAL1 loses by it is their interaction.
    assert called.loc[redundancy & near, "share"].between(-1.2, -0.8).all()


def test_cells_where_next_to_nothing_happens_do_not_hide_the_others():
    """In 95 of 100 cells one piece of twenty does a thousandth, and the others a thousandth of that."""
    rng = np.random.default_rng(0)
    cells = scan_cells(MOTIFS, range(100), ["++"])
    outputs = np.repeat(rng.normal(size=10)[None, :, None], 100, axis=0) + np.zeros((100, 10, 4))
    outputs[:5, :, 0] += 2 + rng.normal(size=(5, 10)) / 10
    draws = rng.normal(size=(2, 100, 20)) / 5
    draws[:, 5:] *= 5e-6
    draws[:, 5:, 3] = 1e-3
    table = judge_scan(ScanDraws(cells, outputs, *draws))
    assert table["called"].tolist() == [1] * 5 + [0] * 95
    unfloored = p_replaced(table["interaction"], *draws)
    assert (q_values(unfloored["p"]) > 0.05).all()


def test_cells_are_in_units_of_their_mean_square_and_a_hundredth_of_the_spread_of_the_backgrounds():
    rng = np.random.default_rng(1)
    cells = scan_cells(MOTIFS, range(20), ["++"])
    outputs = np.repeat(rng.normal(size=10)[None, :, None], 20, axis=0) + np.zeros((20, 10, 4))
    outputs[..., 0] += rng.normal(size=(20, 1)) / 50
    draws = rng.normal(size=(2, 20, 6)) / 50
    table = judge_scan(ScanDraws(cells, outputs, *draws))
    sizes = partial(over_mean_square, floor=outputs[0, :, 3].std() / 100)
    expected = p_replaced(table["interaction"], *draws, sizes)
    np.testing.assert_array_equal(table[["p_first", "p_second", "q"]], expected[["p_first", "p_second", "q"]])


def test_cells_name_both_as_they_stand_and_know_the_reach():
    cells = scan_cells(MOTIFS, [3, 0], ["+-"], both_orders=True, reach=4)
    assert cells["orientation"].tolist() == ["TAL1+ GATA1-"] * 2 + ["GATA1- TAL1+"] * 2
    assert cells["first"].tolist() == ["TAL1", "TAL1", "GATA1", "GATA1"]
    assert cells["spacing"].tolist() == [0, 3, 0, 3]
    assert cells["within_reach"].tolist() == [1, 0, 1, 0]
    assert set(cells["pair"]) == {"GATA1–TAL1"}
    three = scan_cells(MOTIFS | {"SPI1": "GAGGAAGT"}, [1])
    assert three["pair"].drop_duplicates().tolist() == ["GATA1–TAL1", "SPI1–TAL1", "GATA1–SPI1"]


def side_by_side(x):
    """Return what all bases add, and 5 for each CAGATG with an AGATAAG that begins at most 9 bp behind it."""
    tal, gata = sites(x, "CAGATG"), sites(x, "AGATAAG")
    return linear(x) + 5 * sum(
        (tal[:, : gata.shape[1] - apart] & gata[:, apart:]).sum(1) for apart in range(10)
    )


def test_beyond_the_reach_nothing_is_tested_and_outputs_are_those_of_evaluating_there():
    """The two together span up to 16 bp, so that positions 16 bp apart cannot interact."""
    backgrounds = random_backgrounds(5, 80)
    found, whole = (scan(side_by_side, backgrounds, [2, 15, 20], reach=reach) for reach in (16, np.inf))
    beyond = found.cells["within_reach"].to_numpy() == 0
    assert set(found.cells["spacing"][beyond]) == {15, 20}
    np.testing.assert_allclose(found.outputs, whole.outputs, atol=1e-4)
    near = (whole.outputs @ [1, -1, -1, 1]).mean(axis=1)[~beyond]
    assert near.max() > 4
    table = judge_scan(found)
    assert table.loc[beyond, ["p_first", "p", "q", "null_low", "called_again"]].isna().all(axis=None)
    assert table.loc[~beyond, "q"].notna().all()


def test_other_sequence_is_the_same_everywhere_and_does_not_depend_on_how_much_there_is():
    backgrounds = random_backgrounds(6, 60)
    many, few = (motif_words({"A": "GATA", "B": "CWG"}, backgrounds, draws, 0) for draws in (40, 10))
    for name, pattern in (("A", {"GATA", "TATC"}), ("B", {"CAG", "CTG"})):
        np.testing.assert_array_equal(many[name][:, :11], few[name])
        assert (many[name][:, 1:] == many[name][:1, 1:]).all()
        assert not pattern & {to_string(word) for word in many[name][0, 1:]}
        assert {to_string(word) for word in many[name][:, 0]} == (pattern if name == "B" else {"GATA"})
    more = motif_words({"A": "GATA"}, random_backgrounds(9, 60)[:6], 10, 0)
    assert more["A"].shape == (6, 11, 4)


def test_the_motif_that_stays_lies_at_several_places_near_the_middle():
    cells = scan_cells(MOTIFS, [0, 9], ["++"], both_orders=True)
    starts = scan_starts(MOTIFS, cells, (30, 200), 0)
    tal = np.where(cells["first"] == "TAL1", starts[..., 0], starts[..., 1])
    assert (tal == tal[:, :1]).all()
    assert len(np.unique(tal)) > 10
    assert 75 <= tal.min() < tal.max() <= 125
    # Where there is no room it stays where there is.
    tight = scan_starts(MOTIFS, cells, (30, 6 + 2 * (9 + 7)), 0)
    assert tight.min() == 0
    assert set(tight[:, 0, 0]) == {16}


@pytest.mark.parametrize("length", [100, 110])
def test_in_a_short_sequence_the_motif_leaves_the_middle_and_has_several_places(length):
    """With the other one downstream alone, the middle is too far down for the largest spacing."""
    cells = scan_cells({"A": "ACGTTGCA", "B": "TTGACCAT"}, range(41), ["++"])
    first, second = scan_starts({"A": "ACGTTGCA", "B": "TTGACCAT"}, cells, (30, length), 0).transpose(2, 0, 1)
    assert len(np.unique(first)) > 10
    assert (first == first[:, :1]).all()
    assert first.min() >= 0
    assert second.max() + 8 <= length


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"motifs": {"A": "ACGT"}}, "a scan needs two motifs or more, and 1 is given: name another."),
        ({"motifs": {"A": "ACG", "B": "A1"}}, "the pattern 'A1' has the letter '1', and only the IUPAC"),
        (
            {"motifs": {"A": "ACG" * 30, "B": "ACC"}},
            "the motif A has 90 bp, and the sequences have 80: give a shorter one.",
        ),
        (
            {"spacings": [0, 70]},
            "a spacing of 70 bp does not fit into sequences of 80 bp: TAL1 and GATA1 at all spacings need 83 "
            "bp, so lower the largest spacing.",
        ),
        (
            {"spacings": [-1, 3]},
            "spacings are bases between two motifs, whole numbers of 0 or more, and one of them is -1: give "
            "others.",
        ),
        ({"spacings": [1, 2.5]}, "whole numbers of 0 or more, and one of them is 2.5: give others."),
        ({"spacings": []}, "whole numbers of 0 or more, and none is given: give others."),
        (
            {"spacings": [9, 7], "reach": 8},
            "the network's reach is 8 bp, and the smallest spacing that is asked for is 7 bp, at which two "
            "motifs cannot act together: ask for smaller ones.",
        ),
        ({"orientations": ["+"]}, "orientations are some of ++, +-, -+, --, and '+' is none: give others."),
        ({"number": 4}, "a scan needs 5 backgrounds or more, and has 4: give more."),
        ({"draws": 1}, "a scan needs 2 draws or more, and has 1: give more."),
        ({"motifs": {"A": "NNN", "B": "ACC"}}, "the motif 'NNN' matches nearly every piece of the"),
    ],
)
def test_what_cannot_be_scanned_is_said_in_a_sentence(change, sentence):
    asked = {"spacings": [0], "number": 5} | change
    with pytest.raises(InputError) as error:
        scan(linear, random_backgrounds(asked.pop("number"), 80), **asked)
    assert sentence in str(error.value)


def test_too_few_draws_are_told(caplog):
    assert too_few_draws(44, 20, 0.05) is None
    assert too_few_draws(44, 19, 0.05) is None
    assert too_few_draws(10_824, 18, 0.05).endswith("with a chance of 0.053: ask for 20 draws.")
    judge_scan(scan(by_chance, random_backgrounds(5, 80), range(11), draws=4))
    assert caplog.messages == [
        "the scan has 4 draws of each cell, so that 5 of 44 cells must stand out together before one can "
        "have q < 0.05, and a motif like any other stands out in all of them with a chance of 0.2: ask for "
        "20 draws."
    ]


def test_pieces_that_are_the_same_are_told_and_backgrounds_that_hold_a_motif(caplog):
    """In repeats of two bases there are but two pieces, of either phase."""
    caplog.set_level("INFO", "dfim")
    repeats = np.tile(np.frombuffer(b"AC", np.uint8), (5, 40))
    repeats[:2, 10:13] = np.frombuffer(b"CGT", np.uint8)
    found = scan(linear, repeats[[2, 3, 4, 0, 1]], [0], {"A": "ACG", "B": "GGGG"}, 40)
    repeated = scan(linear, np.tile(repeats[2], (5, 1)), [0], {"A": "ACG", "B": "GGGG"}, 40)
    assert caplog.messages == ["2 of 5 backgrounds hold A already"]
    assert repeated.pieces == {"A": 2, "B": 2}
    assert found.pieces["B"] > 2
    caplog.clear()
    judge_scan(repeated)
    assert caplog.messages == [
        f"of 40 shared pieces in the place of {name} only 2 differ, so that a motif like any other stands "
        "out with a chance of 0.33: give a longer motif, or backgrounds that are less alike."
        for name in "AB"
    ]
    caplog.clear()
    judge_scan(scan(linear, random_backgrounds(5, 80), [0], draws=40))
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("asked", "spacings"),
    [("0-3", [0, 1, 2, 3]), ("0, 5,10-11", [0, 5, 10, 11]), (5, [5]), (range(2), [0, 1]), (np.int64(4), [4])],
)
def test_spacings_are_a_text_a_number_or_several(asked, spacings):
    assert scan_cells(MOTIFS, asked, ["++"])["spacing"].tolist() == spacings


def test_every_two_of_three_motifs_are_a_pair_and_q_is_over_the_cells_of_all():
    """Each pair has the outputs that it has in a scan of its own; q is that of all cells together."""
    motifs, backgrounds = MOTIFS | {"SPI1": "GGAAGT"}, random_backgrounds(8, 80)
    found = scan(by_chance, backgrounds, [0, 3], motifs, draws=30)
    judged = judge_scan(found)
    assert judged.groupby("pair").size().to_dict() == {"GATA1–SPI1": 8, "GATA1–TAL1": 8, "SPI1–TAL1": 8}
    alone = scan(by_chance, backgrounds, [0, 3], MOTIFS, draws=30)
    own = (judged["pair"] == "GATA1–TAL1").to_numpy()
    np.testing.assert_array_equal(found.outputs[own], alone.outputs)
    np.testing.assert_array_equal(found.first[own], alone.first)
    np.testing.assert_allclose(judged["q"], q_values(judged["p"]))
