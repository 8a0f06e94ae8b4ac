"""Pairwise mutagenesis against a naive loop, functions of known interaction, and scipy's correlation."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import spearmanr

from dfim.interactions.mutagenesis import COLUMNS, mutate_pairs
from dfim.interactions.mutation import mutant_rows
from dfim.interactions.sources import make_pairs
from dfim.sequences.bases import one_hot
from dfim.statistics.agreement import AGREEMENT_COLUMNS, agreement

BACKGROUND = [0.3, 0.2, 0.2, 0.3]
RNG = np.random.default_rng(0)
BASES = np.frombuffer(b"ACGT", np.uint8)[RNG.integers(0, 4, (6, 40))]
FEATURES = pd.DataFrame(
    [
        {"feature": number, "example": example, "name": name, "kind": "motif", "start": start,
         "end": start + 5, "reference": "", "alternate": ""}
        for number, (example, name, start) in enumerate(
            [(0, "A", 2), (0, "B", 10), (0, "A", 30), (3, "B", 7), (3, "A", 12), (5, "A", 0)]
        )
    ]
)  # fmt: skip
PAIRS, _ = make_pairs(FEATURES, range(6))
WEIGHTS = RNG.normal(size=(2, 40, 4))


def additive(x):
    return np.einsum("nlc,tlc->nt", x, WEIGHTS)


def curved(x):
    return np.stack([np.tanh(additive(x)[:, 0]), additive(x)[:, 1] ** 2], axis=1)


@pytest.mark.parametrize("batch_size", [1, 7, 512])
def test_interactions_are_those_of_a_naive_loop(batch_size):
    found = mutate_pairs(curved, BASES, FEATURES, PAIRS, 1, BACKGROUND, batch_size)
    assert list(found.columns) == COLUMNS
    assert len(found) == len(PAIRS) == 8
    for row in found.itertuples():
        values = {}
        for keep in ((), ("source",), ("target",), ("source", "target")):
            x = one_hot(BASES[row.example])
            for end in ("source", "target"):
                if end not in keep:
                    feature = FEATURES.loc[getattr(row, end)]
                    (x[feature.start : feature.end],) = mutant_rows(
                        BASES[row.example], feature, np.array(BACKGROUND)
                    )
            values[keep] = curved(x[None].astype(np.float64))[0, 1]
        for column, scale in (("mutagenesis_logit", lambda v: v), ("mutagenesis_probability", expit)):
            f = {keep: scale(value) for keep, value in values.items()}
            expected = f[("source", "target")] - f[("source",)] - f[("target",)] + f[()]
            assert getattr(row, column) == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_a_pair_and_its_reverse_interact_alike_and_a_sum_does_not_on_the_logit():
    found = mutate_pairs(additive, BASES, FEATURES, PAIRS, 0, BACKGROUND)
    np.testing.assert_allclose(found["mutagenesis_logit"], 0, atol=1e-5)
    # The sigmoid alone makes an interaction of what adds up.
    assert found["mutagenesis_probability"].abs().max() > 1e-3
    both = found.merge(found, left_on=["source", "target"], right_on=["target", "source"])
    np.testing.assert_array_equal(both["mutagenesis_probability_x"], both["mutagenesis_probability_y"])


def test_no_pairs_no_interactions():
    assert mutate_pairs(additive, BASES, FEATURES, PAIRS[:0], 0, BACKGROUND).empty


def scored(n=500, seed=1):
    rng = np.random.default_rng(seed)
    interaction = rng.normal(size=n)
    return pd.DataFrame(
        {
            "example": np.arange(n) // 2,
            "pair": rng.choice(["A–A", "A–B"], n),
            "within_reach": 1,
            "fis": np.abs(interaction) + rng.gamma(1, size=n),
            "signed_sum": interaction + rng.normal(size=n),
            "mutagenesis_logit": interaction,
            "mutagenesis_probability": expit(interaction) - 0.5,
        }
    )


def test_agreement_is_the_rank_correlation():
    pairs = scored()
    found = agreement(pairs)
    assert list(found.columns) == AGREEMENT_COLUMNS
    assert set(found["pairs"]) == {"all", "A–A", "A–B"}
    table = found.set_index(["pairs", "score", "scale"])
    row = table.loc[("A–B", "signed_sum", "logit")]
    part = pairs[pairs["pair"] == "A–B"]
    assert row["spearman"] == pytest.approx(spearmanr(part["signed_sum"], part["mutagenesis_logit"])[0])
    assert row["spearman_low"] < row["spearman"] < row["spearman_high"]
    assert row["share_same_sign"] == pytest.approx(
        ((part["signed_sum"] > 0) == (part["mutagenesis_logit"] > 0)).mean()
    )
    sizes = table.loc[("all", "fis", "probability")]
    assert sizes["spearman"] == pytest.approx(
        spearmanr(pairs["fis"], pairs["mutagenesis_probability"].abs())[0]
    )
    assert np.isnan(sizes["share_same_sign"])


def test_the_interval_is_that_of_whole_examples():
    """Every row ten times in its example: no more is known than from one of each."""
    once = scored(300).assign(example=range(300))
    often = pd.concat([once] * 10, ignore_index=True)
    widths = [
        (table["spearman_high"] - table["spearman_low"])[0] for table in (agreement(once), agreement(often))
    ]
    assert widths[1] == pytest.approx(widths[0], rel=0.15)
    # 95 % of a rank correlation of 300 single rows: Fisher's transformation, 1.06 / (n - 3) its variance.
    r = agreement(once)["spearman"][0]
    bounds = np.tanh(np.arctanh(r) + np.array([-1, 1]) * 1.96 * np.sqrt(1.06 / 297))
    assert widths[0] == pytest.approx(np.diff(bounds)[0], rel=0.25)


def test_pairs_out_of_reach_do_not_count_and_equal_values_have_no_correlation():
    pairs = scored()
    pairs.loc[:99, ["within_reach", "signed_sum"]] = [0, 1e6]
    pd.testing.assert_frame_equal(agreement(pairs), agreement(pairs[100:].reset_index(drop=True)))
    flat = agreement(pairs.assign(mutagenesis_logit=0.0)).set_index(["pairs", "score", "scale"])
    assert np.isnan(flat.loc[("all", "fis", "logit"), "spearman"])
    assert flat.loc[("all", "fis", "probability"), "spearman"] > 0.3
