"""Terms of fits against counting by hand."""

import numpy as np
import pandas as pd

from dfim.datasets.terms import feature_pair_terms, feature_terms, position_pair_terms, position_terms
from dfim.sequences.bases import to_bases

FEATURES = pd.DataFrame(
    [
        (0, "A", "", 10, 14), (0, "A", "", 30, 34), (0, "B", "", 42, 48),
        (1, "A", "", 10, 14), (1, "B", "", 15, 21),
        (3, "B", "", 0, 6), (3, "A", "", 290, 294),
    ],
    columns=["example", "name", "group", "start", "end"],
)  # fmt: skip


def test_presence_and_copies():
    table = feature_terms(FEATURES, 4)
    assert table.to_dict("list") == {
        "A present": [1, 1, 0, 1], "A copies": [2, 1, 0, 1], "B present": [1, 1, 0, 1],
    }  # fmt: skip


def test_groups_of_one_name_count_apart():
    features = FEATURES.assign(group=["known", "", "", "", "", "", ""])
    table = feature_terms(features, 4)
    assert table["A known present"].tolist() == [1, 0, 0, 0]
    assert table["A present"].tolist() == [1, 1, 0, 1]
    assert "B present" in table


def test_pairs_by_distance_edge_to_edge():
    table = feature_pair_terms(FEATURES, 4)
    assert table.to_dict("list") == {
        "A–A up to 20 bp": [1, 0, 0, 0],  # 16 bp between
        "A–B up to 10 bp": [1, 1, 0, 0],  # 8 and 1 bp
        "A–B up to 40 bp": [1, 0, 0, 0],  # 28 bp
        "A–B beyond 150 bp": [0, 0, 0, 1],  # 284 bp, the other way round
    }


def test_positions_against_one_hot():
    rng = np.random.default_rng(1)
    bases = rng.choice(to_bases("ACGT"), (200, 4))
    bases[:, 2] = ord("C")
    terms = position_terms(bases)
    assert terms.shape == (200, 9)
    pairs = position_pair_terms(terms)
    assert pairs.shape == (200, 27)
    for name in pairs:
        one, other = name.split("–")
        here = (bases[:, int(one[:-1])] == ord(one[-1])) & (bases[:, int(other[:-1])] == ord(other[-1]))
        np.testing.assert_array_equal(pairs[name], here)


def test_too_many_products_are_none():
    bases = np.random.default_rng(1).choice(to_bases("ACGT"), (50, 30))
    assert position_pair_terms(position_terms(bases)) is None


def test_examples_are_listed_a_few_at_once(monkeypatch):
    rng = np.random.default_rng(2)
    start = rng.integers(0, 280, 300)
    features = pd.DataFrame(
        {"example": np.sort(rng.integers(0, 50, 300)), "name": rng.choice(["A", "B", "C"], 300), "group": "",
         "start": start, "end": start + 6}
    )  # fmt: skip
    whole = feature_pair_terms(features, 50)
    monkeypatch.setattr("dfim.datasets.terms.AT_ONCE", 7)
    pd.testing.assert_frame_equal(feature_pair_terms(features, 50), whole)
    assert whole.shape[1] > 20
