"""Hits of matrices against every possible site, scored one by one."""

import itertools

import numpy as np
import pytest

from dfim.errors import InputError
from dfim.sequences.bases import reverse_complement, to_bases, to_string
from dfim.sequences.hits import find_hits, log_odds, threshold
from dfim.sequences.motifs import load_pwm

BACKGROUND = (0.3, 0.2, 0.2, 0.3)
MATRIX = np.array([[0.7, 0.1, 0.1, 0.1], [0, 0, 1, 0], [0.5, 0, 0, 0.5], [0.05, 0.9, 0, 0.05], [0.25] * 4])


def brute_scores():
    """Return the score in bits and the probability of all 4^5 sites, straight from the definitions."""
    mixed = 0.99 * MATRIX + 0.01 * np.array(BACKGROUND)
    table = {}
    for site in itertools.product(range(4), repeat=len(MATRIX)):
        chance = np.prod([BACKGROUND[base] for base in site])
        score = sum(np.log2(row[base] / BACKGROUND[base]) for row, base in zip(mixed, site, strict=True))
        table["".join("ACGT"[base] for base in site)] = score, chance
    return table


@pytest.mark.parametrize("p", [0.004, 0.01, 0.05, 0.3])
def test_the_sites_that_pass_are_those_with_a_small_p_value(p):
    table = brute_scores()
    least = threshold(log_odds(MATRIX, BACKGROUND), BACKGROUND, p) / 1000
    passing = {site for site, (score, _) in table.items() if score >= least - 0.005}
    share = sum(table[site][1] for site in passing)
    assert 0 < share <= p * (1 + 1e-9)
    # The next best site would bring the share above p.
    following = max(score for site, (score, _) in table.items() if site not in passing)
    tied = sum(chance for score, chance in table.values() if abs(score - following) < 0.005)
    assert share + tied > p


@pytest.mark.parametrize("strands", ["+", "both"])
def test_hits_are_the_passing_sites_of_a_sequence(strands):
    rng = np.random.default_rng(3)
    sequences = ["".join(rng.choice(list("ACGT"), 300)) for _ in range(4)]
    sequences[1] = sequences[1][:100] + "N" + sequences[1][101:]
    table = brute_scores()
    least = threshold(log_odds(MATRIX, BACKGROUND), BACKGROUND, 0.02) / 1000 - 0.005
    expected = set()
    for example, sequence in enumerate(sequences):
        for start in range(300 - 4):
            site = sequence[start : start + 5]
            if "N" in site:
                continue
            forward, backward = table[site][0], table[reverse_complement(site)][0]
            if forward >= least and (strands == "+" or forward >= backward - 0.004):
                expected.add((example, start, start + 5, "+"))
            elif strands == "both" and backward >= least:
                expected.add((example, start, start + 5, "-"))
    bases = np.array([to_bases(sequence) for sequence in sequences])
    hits = find_hits(bases, MATRIX, 0.02, BACKGROUND, strands)
    assert set(hits[["example", "start", "end", "strand"]].itertuples(index=False, name=None)) == expected
    assert len(expected) > 10
    for hit in hits.itertuples():
        site = to_string(bases[hit.example, hit.start : hit.end])
        site = reverse_complement(site) if hit.strand == "-" else site
        assert hit.score == pytest.approx(table[site][0], abs=0.005)


def test_a_planted_site_of_a_long_matrix_is_found_and_little_else():
    matrix = load_pwm("ELF1_known2")
    rng = np.random.default_rng(0)
    bases = to_bases("".join(rng.choice(list("ACGT"), 20000))).reshape(100, 200)
    planted = to_bases("AACCCGGAAGTG")
    bases[7, 50:62], bases[8, 90:102] = planted, reverse_complement(planted)
    hits = find_hits(bases, matrix, 1e-6)
    found = set(hits[["example", "start", "strand"]].itertuples(index=False, name=None))
    assert {(7, 50, "+"), (8, 90, "-")} <= found
    assert len(hits) < 5


def test_a_p_value_out_of_reach_is_refused():
    with pytest.raises(InputError, match=r"the p-value 1e-09 cannot be reached: the best site .* has 0\.00"):
        find_hits(np.zeros((1, 10), np.uint8), MATRIX, 1e-9)
