"""Unordered pairs, one row for each pair of places in a genome."""

import numpy as np
import pandas as pd

from dfim.interactions.pairs import one_of_each_place, unordered, unordered_pairs
from dfim.interactions.sources import make_pairs

EXAMPLES = pd.DataFrame(
    [
        (0, "chr1", 1000, 1100),
        (1, "chr1", 1030, 1130),
        (2, "chr1", 1129, 1229),
        (3, "chr1", 1229, 1329),
        (4, "chr2", 1000, 1100),
        (5, "", np.nan, np.nan),
        (6, "", np.nan, np.nan),
    ],
    columns=["example", "chrom", "start", "end"],
)


def features_at(rows):
    """Features (example, name, start) of width 5."""
    return pd.DataFrame(
        [
            {"feature": number, "example": example, "name": name, "start": start, "end": start + 5}
            for number, (example, name, start) in enumerate(rows)
        ]
    )


def test_the_upstream_feature_is_the_first():
    features = features_at([(0, "B", 40), (0, "A", 10), (0, "A", 70)])
    ordered, _ = make_pairs(features, [0])
    found = unordered_pairs(ordered, features, reach=27)
    assert found.to_numpy().tolist() == [[0, 0, 2, 1], [0, 1, 0, 1], [0, 1, 2, 0]]
    assert unordered_pairs(ordered, features, reach=26)["within_reach"].tolist() == [0, 0, 0]
    both = unordered(ordered, features)
    assert len(both) == 6
    assert both.drop_duplicates().shape == (3, 2)


def test_a_pair_of_places_has_one_row():
    rows = [(0, "A", 40), (0, "B", 60), (1, "A", 10), (1, "B", 30), (4, "A", 40), (4, "B", 60)]
    rows += [(5, "A", 40), (5, "B", 60), (6, "A", 40), (6, "B", 60)]
    features = features_at(rows)
    ordered, _ = make_pairs(features, range(7))
    kept = one_of_each_place(ordered, features, EXAMPLES)
    # The window of example 0 has the pair nearer to its middle; without a chromosome every pair is its own.
    assert kept["example"].tolist() == [0, 0, 4, 4, 5, 5, 6, 6]
    assert set(kept.columns) == {"example", "source", "target"}


def test_other_names_or_places_are_other_pairs():
    features = features_at([(0, "A", 40), (0, "B", 60), (1, "A", 10), (1, "C", 30), (1, "B", 31)])
    ordered, _ = make_pairs(features, range(2))
    assert len(one_of_each_place(ordered, features, EXAMPLES)) == len(ordered)
