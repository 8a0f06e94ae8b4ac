"""Planted libraries: energies, their symmetry, the noise, and what is expected of each cell."""

import copy

import numpy as np
import pytest

from dfim.errors import InputError
from dfim.planted.flanks import expected_interactions, plant_library, read_model
from dfim.sequences.bases import reverse_complement, to_bases, to_string

DESIGN = {
    "core": "CACGTG",
    "flank": 2,
    "sequences": 200,
    "symmetric": True,
    "additive": {-1: {"A": 0.5, "G": -0.25}, -2: {"T": 0.125}},
    "couplings": [
        {"first": [-2, "A"], "second": [-1, "G"], "energy": -1.0},
        {"first": [-1, "A"], "second": [1, "T"], "energy": 2.0},
    ],
    "noise": 0.1,
    "replicates": [1, 4],
}


def energy(flanks: str) -> float:
    """The energy of a flank by hand, with the other strand's terms written out."""
    a, b, c, d = flanks
    total = {"A": 0.5, "G": -0.25}.get(b, 0) + {"T": 0.5, "C": -0.25}.get(c, 0)
    total += 0.125 * (a == "T") + 0.125 * (d == "A")
    total += -1.0 * (a + b == "AG") - 1.0 * (c + d == "CT")
    return total + 2.0 * (b + c == "AT")


def test_energies_are_those_written_out_by_hand_on_both_strands():
    library, couplings, _ = plant_library(DESIGN, seed=1)
    assert library["sequence"].is_unique
    assert len(couplings) == 3  # the one across the core is its own mirror image
    for row in library.itertuples():
        assert row.sequence[2:8] == "CACGTG"
        flanks = row.sequence[:2] + row.sequence[8:]
        assert row.noise_free == pytest.approx(energy(flanks))
        assert row.noise_free == pytest.approx(energy(reverse_complement(flanks)))


def test_the_noise_of_the_mean_falls_with_the_replicates():
    library, *_ = plant_library(DESIGN | {"sequences": 256, "noise": 10.0}, seed=2)
    error = (library["ddg"] - library["noise_free"]).groupby(library["replicates"]).std()
    assert error[1] == pytest.approx(10, rel=0.2)
    assert error[4] == pytest.approx(5, rel=0.2)


def test_expected_interactions_are_double_differences_of_the_energies():
    model = read_model(DESIGN, "design")
    cells = expected_interactions(model)
    assert len(cells) == 4 * 12 * 3 * 4
    column = {0: 0, 1: 1, 8: 2, 9: 3}
    pairs = {frozenset(pair) for pair in [("0A", "1G"), ("8C", "9T"), ("1A", "8T")]}
    for row in cells.itertuples():
        target = f"{row.target_position}{row.target_base}"
        ends = [f"{row.source_position}{base}" for base in (row.source_base, row.mutant_base)]
        assert row.coupled == any(frozenset((end, target)) in pairs for end in ends)
    through_the_mean = cells[(cells["coupled"] == 0) & (cells["expected"] != 0)]
    assert 0 < len(through_the_mean) < len(cells)
    rng = np.random.default_rng(3)
    rows = cells.sample(200, random_state=0)
    rows = [*rows.itertuples(), *cells[cells["expected"] != 0].sample(50, random_state=0).itertuples()]
    for row in rows:
        flanks = to_bases("".join(rng.choice(list("ACGT"), 4)))
        source, target = column[row.source_position], column[row.target_position]

        def worth(base: str, flanks=flanks, source=source, target=target, seen=row.target_base) -> float:
            """What the target's base is worth, with a base at the source, against the mean of all four."""
            flanks = flanks.copy()
            flanks[source] = ord(base)
            energies = {}
            for other in "ACGT":
                flanks[target] = ord(other)
                energies[other] = energy(to_string(flanks))
            return energies[seen] - np.mean(list(energies.values()))

        assert row.expected == pytest.approx(worth(row.source_base) - worth(row.mutant_base))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"noise": "much"}, "^design: the key 'noise' is 'much', and config/planted_affinity.yaml shows"),
        ({"colour": "red"}, "^design: the key 'colour' is not known; the keys are core, flank"),
        ({"core": "CACGTT"}, "^design: the core CACGTT is no palindrome, so symmetric must be false"),
        (
            {"additive": {-3: {"A": 1}}},
            "^design: there is no base 'A' at position -3: positions are -2 to -1",
        ),
        ({"sequences": 1000}, "^design: 1000 sequences are asked for, and there are 256 flanks"),
    ],
)
def test_an_impossible_design_is_refused(change, sentence):
    with pytest.raises(InputError, match=sentence):
        plant_library(copy.deepcopy(DESIGN) | change, 0, "design")
