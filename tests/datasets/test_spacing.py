"""Two motifs at every distance: where they are, what is around them, and what cannot be built."""

import numpy as np
import pytest

from dfim.datasets.spacing import backgrounds_of, build_spacing_dataset, scan_backgrounds
from dfim.errors import InputError
from dfim.sequences.bases import reverse_complement, to_string

DESIGN = {
    "length": 200,
    "motifs": {"E-box": "CAGATG", "GATA": "AGATAAG"},
    "largest": 20,
    "orientations": ["++", "-+"],
    "sequences": 3,
    "background": [0.3, 0.2, 0.2, 0.3],
}


@pytest.fixture(scope="module")
def dataset():
    return build_spacing_dataset(DESIGN, seed=5)


def test_every_distance_and_orientation_once_for_each_sequence(dataset):
    # From −20 to −7, where GATA would touch the E-box, and from 6 to 20.
    distances = [*range(-20, -6), *range(6, 21)]
    expected = [f"{n}:{strands}:{d}" for n in range(3) for strands in ("++", "-+") for d in distances]
    assert dataset.examples["name"].tolist() == expected
    assert dataset.labels.shape == (len(expected), 0)


def test_features_are_the_motifs_at_their_distance(dataset):
    for example, rows in dataset.features.groupby("example"):
        _, strands, distance = dataset.examples["name"][example].split(":")
        by_name = rows.set_index("name")
        assert by_name.loc["GATA", "start"] - by_name.loc["E-box", "start"] == int(distance)
        assert by_name.loc["E-box", "strand"] + by_name.loc["GATA", "strand"] == strands
        for name, row in by_name.iterrows():
            site = to_string(dataset.bases[example, row["start"] : row["end"]])
            motif = DESIGN["motifs"][name]
            assert site == (motif if row["strand"] == "+" else reverse_complement(motif))


def test_nothing_but_the_motifs_differs_between_distances(dataset):
    """Without the motifs, all examples of one random sequence agree, and hold neither motif."""
    own = np.flatnonzero(dataset.examples["name"].str.startswith("1:"))
    hidden = dataset.bases.copy()
    for row in dataset.features.itertuples():
        hidden[row.example, row.start : row.end] = 0
    background = hidden[own].max(axis=0)
    assert (background == 0).sum() == 6  # the E-box, which never moves
    background[background == 0] = ord("N")
    assert ((hidden[own] == background) | (hidden[own] == 0)).all()
    assert (hidden[own] == 0).sum(axis=1).tolist() == [13] * len(own)
    text = to_string(background)
    for motif in DESIGN["motifs"].values():
        assert motif not in text
        assert reverse_complement(motif) not in text


def test_the_first_motif_stays_in_its_place_and_the_seed_decides_it(dataset):
    places = dataset.features[dataset.features["name"] == "E-box"].copy()
    places["sequence"] = dataset.examples["name"].str.split(":").str[0][places["example"]].to_numpy()
    assert places.groupby("sequence")["start"].nunique().tolist() == [1, 1, 1]
    assert places["start"].nunique() > 1
    np.testing.assert_array_equal(build_spacing_dataset(DESIGN, 5).bases, dataset.bases)
    more = build_spacing_dataset(DESIGN | {"sequences": 4}, 5).bases
    np.testing.assert_array_equal(more[: len(dataset.bases)], dataset.bases)
    assert (build_spacing_dataset(DESIGN, 6).bases != dataset.bases).any()


def test_the_background_holds_a_motif_on_neither_strand():
    # So short a motif occurs in most sequences of 80 bp, and its reverse complement as well.
    design = DESIGN | {"length": 80, "motifs": {"A": "ACA", "B": "CCCCGG"}, "largest": 6, "sequences": 40}
    found = build_spacing_dataset(design, seed=1)
    hidden = found.bases.copy()
    for row in found.features.itertuples():
        hidden[row.example, row.start : row.end] = ord("N")
    for bases in hidden:
        assert "TGT" not in to_string(bases)
        assert "ACA" not in to_string(bases)


def test_given_sequences_are_put_to_use_as_they_are_or_shuffled():
    given = np.frombuffer(b"ACGT", np.uint8)[np.random.default_rng(0).integers(0, 4, (2, 200))]
    asked = DESIGN | {"backgrounds": {"file": "sequences.fa"}}
    found = build_spacing_dataset(asked, 5, given)
    hidden = found.bases.copy()
    for row in found.features.itertuples():
        hidden[row.example, row.start : row.end] = 0
    number = found.examples["name"].str.split(":").str[0].astype(int).to_numpy()
    assert sorted(set(number)) == [0, 1]  # three are asked for, and two there
    assert ((hidden == given[number]) | (hidden == 0)).all()
    shuffled = backgrounds_of(asked | {"backgrounds": {"shuffled": True}}, 5, given)
    assert len(shuffled) == 3
    for row, of in zip(shuffled, given[[0, 1, 0]], strict=True):
        assert np.bincount(row).tolist() == np.bincount(of).tolist()
        assert (row != of).any()
    assert (shuffled[0] != shuffled[2]).any()
    with pytest.raises(
        InputError, match="the backgrounds have 150 bp, and the key 'length' has the value 200"
    ):
        build_spacing_dataset(asked, 5, given[:, :150])


def test_a_scan_has_the_random_sequences_of_the_dataset(dataset):
    backgrounds = scan_backgrounds(3, list(DESIGN["motifs"].values()), 5, 200, DESIGN["background"])
    number = dataset.examples["name"].str.split(":").str[0].astype(int).to_numpy()
    changed = (dataset.bases != backgrounds[number]).sum(axis=1)
    assert changed.max() <= 13  # of the two motifs


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"motifs": {"A": "GAT*", "B": "CC"}}, "the motif A is 'GAT*', and a sequence of A, C, G"),
        ({"motifs": {"A": "GA", "B": "CC"}}, "the motifs GA and CC occur by chance in nearly every"),
        ({"largest": 90}, "distances of up to 90 bp do not fit into sequences of 200 bp, which need 244"),
        ({"largest": 5}, "the largest distance is 5 bp, and motifs of 6 and 7 bp need at least 7"),
    ],
)  # fmt: skip
def test_what_cannot_be_built_is_said(change, sentence):
    with pytest.raises(InputError) as error:
        build_spacing_dataset(DESIGN | change, 0)
    assert sentence in str(error.value)
