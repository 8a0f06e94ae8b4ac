"""Whether a network reads where: outputs with a known answer to being moved."""

import numpy as np
import pytest

from dfim.networks.place import COLUMNS, LEAST_SHARE, place_check, reads_place


def everything(bases, tasks=1):
    """Ask for all examples."""
    return np.ones((len(bases), tasks), bool)


@pytest.fixture
def bases():
    return np.random.default_rng(3).choice(np.frombuffer(b"ACGT", np.uint8), (300, 240))


def count(bases):
    """The number of A: the same wherever they lie."""
    return (bases == ord("A")).sum(axis=1, keepdims=True)


def centre(bases):
    """The number of A in the middle 20 bp."""
    return count(bases[:, 110:130])


def test_what_counts_alone_does_not_change(bases):
    table = place_check(count, count(bases), bases, everything(bases), ["A"], seed=1)
    assert list(table.columns) == COLUMNS
    assert table["shift"].tolist() == [25, 50, 100]
    assert (table["examples"] == 300).all()
    assert table["spread"].to_numpy() == pytest.approx(count(bases).std())
    assert (table[["median_change", "median_absolute_change", "share"]] == 0).all(axis=None)
    assert reads_place(table) == ""


def test_what_lies_in_the_centre_changes_like_an_independent_draw(bases):
    """Beyond 20 bp other bases lie there: the change is that of two independent counts."""
    table = place_check(centre, centre(bases), bases, everything(bases), ["A"], seed=1)
    rng = np.random.default_rng(0)
    independent = rng.binomial(20, 0.25, (2, 100_000))
    expected = np.median(np.abs(independent[0] - independent[1]))
    assert table["median_absolute_change"].to_numpy() == pytest.approx(expected, abs=0.5)
    assert (table["share"] > LEAST_SHARE).all()


def test_only_sequences_that_count_are_moved(bases):
    """What the others would change does not matter; the spread is that of all."""
    asked, seen = everything(bases, 2), []
    asked[100:], asked[:50, 1] = False, False

    def watched(rows):
        seen.append(len(rows))
        return np.repeat(centre(rows), 2, axis=1)

    table = place_check(watched, watched(bases), bases, asked, ["A", "B"], seed=1)
    assert seen == [300] + [100] * 6
    assert table["examples"].tolist() == [100] * 3 + [50] * 3
    assert table["spread"].to_numpy() == pytest.approx(centre(bases).std())
    few = place_check(watched, watched(bases[:100]), bases[:100], asked[:100], ["A", "B"], seed=1)
    np.testing.assert_array_equal(table["median_absolute_change"], few["median_absolute_change"])


def test_the_change_is_that_of_either_direction():
    """A ramp of weights: a base moved right by k is worth k more, moved left k less."""
    bases = np.full((8, 100), ord("C"), np.uint8)
    bases[:, 50] = ord("A")

    def ramp(rows):
        return (rows == ord("A")) @ np.arange(100.0)[:, None]

    table = place_check(ramp, ramp(bases), bases, everything(bases), ["A"], seed=1)
    assert table["shift"].tolist() == [25]  # 50 and 100 bp are half of the sequence, and all of it
    assert table["median_change"].tolist() == [0]
    assert table["median_absolute_change"].tolist() == [25]
    assert table["share"].isna().all()  # all outputs are equal


def test_each_task_has_its_own_examples_and_outputs(bases):
    """Of 10 examples for a task that reads where, and 300 for one that does not."""

    def both(rows):
        return np.concatenate([centre(rows), count(rows)], axis=1)

    asked = everything(bases, 2)
    asked[10:, 0] = False
    table = place_check(both, both(bases), bases, asked, ["where", "what"], seed=1).set_index("task")
    assert table.loc["where", "examples"].tolist() == [10] * 3
    assert table.loc["what", "examples"].tolist() == [300] * 3
    assert (table.loc["where", "median_absolute_change"] > 0).all()
    assert (table.loc["what", "median_absolute_change"] == 0).all()


def test_short_sequences_have_no_rows(bases):
    table = place_check(count, count(bases[:, :50]), bases[:, :50], everything(bases), ["A"], seed=1)
    assert table.empty
    assert reads_place(table) == ""


def test_only_the_examples_that_are_asked_for_count(bases):
    """A motif in a tenth of the sequences: over all of them the median would be 0."""
    asked = np.arange(300)[:, None] % 10 == 0

    def motif(rows):
        return (rows[:, 120:121] == ord("A")) * 4.0

    bases[bases == ord("A")] = ord("G")
    bases[asked[:, 0], 120] = ord("A")
    table = place_check(motif, motif(bases), bases, asked, ["A"], seed=1)
    assert (table["examples"] == 30).all()
    assert (table["median_change"] == -4).all()
    assert "reads where" in reads_place(table)
    of_all = place_check(motif, motif(bases), bases, everything(bases), ["A"], seed=1)
    assert (of_all["median_change"] == 0).all()


def test_a_task_without_examples_has_empty_cells(bases):
    table = place_check(count, count(bases), bases, ~everything(bases), ["A"], seed=1)
    assert table["examples"].tolist() == [0, 0, 0]
    assert table[["median_change", "share"]].isna().all(axis=None)


def test_the_sentence_names_the_task_that_changes_most(bases):
    def both(rows):
        return np.concatenate([count(rows), centre(rows)], axis=1)

    table = place_check(both, both(bases), bases, everything(bases, 2), ["what", "where"], seed=1)
    assert table["task"].tolist() == ["what"] * 3 + ["where"] * 3
    sentence = reads_place(table)
    assert "reads where, not only what" in sentence
    assert "the output of where by" in sentence
    assert "1 of 2 tasks" in sentence


def test_the_draw_of_examples_follows_the_seed(bases):
    many = np.tile(bases, (10, 1))
    outputs, asked = centre(many), everything(many)
    tables = [place_check(centre, outputs, many, asked, ["A"], seed=seed) for seed in (1, 1, 2)]
    assert (tables[0]["examples"] == 2000).all()
    assert tables[0].equals(tables[1])
    assert not tables[0].equals(tables[2])
