"""Matched controls: what variants are matched on, the best assignment, and the balance that it makes."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from dfim.datasets.controls import BALANCE_COLUMNS, COLUMNS, add_covariates, balance, describe_variants, match
from dfim.datasets.dataset import Dataset
from dfim.errors import InputError
from dfim.sequences.bases import to_bases


def dataset():
    """Return four windows of 11 bp on two chromosomes, a variant in the middle of each."""
    bases = np.stack(
        [to_bases(text) for text in ("GGGGGAAAAAA", "ACGTNCGGTTA", "AAAAATAAAAA", "CCCCCGTTTTT")]
    )
    examples = pd.DataFrame(
        {"example": range(4), "name": "w", "chrom": ["chr1", "chr1", "chr2", "chr2"],
         "start": [100, 500, 0, 1000], "end": 0, "origin": "variant", "split": "test"}
    )  # fmt: skip
    features = pd.DataFrame(
        {"feature": range(4), "example": range(4), "name": list("abcd"), "kind": "variant", "start": 5,
         "end": 6, "strand": "+", "reference": list("ACTG"), "alternate": list("GTCA"),
         "group": ["positive", "control"] * 2}
    )  # fmt: skip
    return Dataset(bases, np.empty((4, 0), np.int8), [], examples, features)


PEAKS = pd.DataFrame({"chrom": ["chr1", "chr1", "chr1", "chr2"], "summit": [105, 480, 530, 40]})


def test_variants_are_described_by_change_summit_and_gc():
    table = describe_variants(dataset(), PEAKS, 5, 0.25)
    assert list(table.columns) == COLUMNS
    # On either strand: T>C is A>G, G>A is C>T.
    assert list(table["change"]) == ["A>G", "C>T", "A>G", "C>T"]
    assert list(table["summit_distance"]) == [0, 25, 35, 965]
    # The N counts neither way, the variant's own base not at all.
    np.testing.assert_allclose(table["gc"], [5 / 10, 4 / 9, 0, 5 / 10])
    # Beyond the window there is nothing to count.
    assert describe_variants(dataset(), PEAKS, 500, 0.25)["gc"].equals(table["gc"])


def test_the_nearest_summit_is_the_next_one_where_that_is_nearer():
    peaks = pd.DataFrame({"chrom": ["chr1"] * 3 + ["chr2"] * 2, "summit": [515, 480, 108, 990, 1000]})
    table = describe_variants(dataset(), peaks, 5, 0.25)
    assert list(table["summit_distance"]) == [3, 10, 985, 5]


def test_a_chromosome_without_peaks_is_an_error():
    with pytest.raises(InputError, match="there is no peak on chr2, where variants lie"):
        describe_variants(dataset(), PEAKS[:3], 5, 0.25)


def variants(n=200, seed=0):
    rng = np.random.default_rng(seed)
    group = np.where(np.arange(n) < n // 3, "positive", "control")
    near = group == "positive"
    return pd.DataFrame(
        {
            "feature": np.arange(n) + 7,
            "group": group,
            "change": rng.choice(["A>C", "C>T"], n),
            "summit_distance": rng.gamma(np.where(near, 1.0, 2.0), 60).round(),
            "gc": np.clip(rng.normal(np.where(near, 0.5, 0.44), 0.08), 0, 1),
        }
    )


def test_matches_are_alike_and_used_once():
    table = variants()
    table["matched_set"] = match(table, 0.25)
    spread = table.loc[table["group"] == "positive", ["summit_distance", "gc"]].std(ddof=0)
    found = table.dropna(subset="matched_set")
    assert len(found) >= 50
    for _, pair in found.groupby("matched_set"):
        assert sorted(pair["group"]) == ["control", "positive"]
        assert pair["change"].nunique() == 1
        apart = pair[["summit_distance", "gc"]].diff().iloc[1].abs()
        assert (apart <= 0.25 * spread + 1e-9).all()


def test_the_assignment_is_the_best_of_all():
    table = variants(12, seed=3).assign(change="A>C")
    table["matched_set"] = match(table, 100)
    spread = table.loc[table["group"] == "positive", ["summit_distance", "gc"]].std(ddof=0).to_numpy()
    values = table[["summit_distance", "gc"]].to_numpy() / spread
    positive, control = (np.flatnonzero(table["group"] == group) for group in ("positive", "control"))
    best = min(
        sum(np.abs(values[a] - values[b]).sum() for a, b in zip(positive, chosen, strict=True))
        for chosen in permutations(control, len(positive))
    )
    total = sum(
        np.abs(np.diff(values[pair.index], axis=0)).sum()
        for _, pair in table.dropna(subset="matched_set").groupby("matched_set")
    )
    assert total == pytest.approx(best)


def test_balance_shows_what_matching_mends():
    table = variants(600)
    table["matched_set"] = match(table, 0.25)
    found = balance(table)
    assert list(found.columns) == BALANCE_COLUMNS
    smd = found.set_index(["controls", "covariate"])["smd"]
    assert smd["all", "gc"] > 0.4
    assert smd["all", "summit_distance"] < -0.4
    for covariate in ("gc", "summit_distance", "change A>C", "change C>T"):
        assert abs(smd["matched", covariate]) < 0.1
    positive = table["group"] == "positive"
    gap = table.loc[positive, "gc"].mean() - table.loc[~positive, "gc"].mean()
    assert smd["all", "gc"] == pytest.approx(gap / table.loc[positive, "gc"].std(ddof=0))
    n = found.set_index("controls")["n_positive"]
    assert n["matched"].nunique() == 1
    assert n["all"].iloc[0] == 200


def test_nobody_to_match_with():
    table = variants()
    assert np.isnan(match(table[table["group"] == "positive"], 0.25)).all()
    assert np.isnan(match(table.assign(gc=np.nan), 0.25)).all()


def test_sources_get_the_covariates_of_their_feature():
    table = variants(6).assign(matched_set=np.nan)
    sources = pd.DataFrame({"source": range(3), "feature": [9, 7, 12]})
    found = add_covariates(sources, table)
    np.testing.assert_array_equal(found["gc"], table.set_index("feature").loc[[9, 7, 12], "gc"])
    assert list(found["source"]) == [0, 1, 2]
    with pytest.raises(InputError, match="1 of 3 sources are no variants that were matched"):
        add_covariates(sources.assign(feature=[9, 7, 99]), table)
