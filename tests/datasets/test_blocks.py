"""Chains of overlapping windows against a plain search."""

import numpy as np
import pandas as pd

from dfim.datasets.blocks import blocks, overlap_blocks


def test_blocks_are_the_connected_windows():
    rng = np.random.default_rng(1)
    starts, chroms = rng.integers(0, 4000, 60), rng.choice(["chr1", "chr2"], 60)
    examples = pd.DataFrame({"chrom": chroms, "start": starts, "end": starts + rng.integers(20, 80, 60)})
    examples.loc[5, ["chrom", "start", "end"]] = ["", np.nan, np.nan]
    joined = np.eye(60, dtype=bool)
    for one in range(60):
        for other in range(60):
            a, b = examples.loc[one], examples.loc[other]
            joined[one, other] |= bool(a.chrom == b.chrom and a.start < b.end and b.start < a.end)
    for _ in range(60):
        joined = joined @ joined
    expected = joined.argmax(axis=1)
    np.testing.assert_array_equal(overlap_blocks(examples), expected)


def test_windows_that_touch_are_apart_and_a_long_one_holds_together():
    examples = pd.DataFrame(
        {"chrom": "chr1", "start": [0, 100, 500, 520, 580], "end": [100, 200, 600, 530, 620]}
    )
    assert overlap_blocks(examples).tolist() == [0, 1, 2, 2, 2]


def test_examples_without_a_genome_are_blocks_of_their_own():
    assert overlap_blocks(pd.DataFrame({"example": [0, 1, 2]})).tolist() == [0, 1, 2]
    examples = pd.DataFrame({"chrom": ["", ""], "start": [np.nan, np.nan], "end": [np.nan, np.nan]})
    assert overlap_blocks(examples).tolist() == [0, 1]


def test_blocks_of_chosen_examples_are_chains_of_these_alone():
    examples = pd.DataFrame(
        [(3, "chr1", 1000, 1100), (4, "chr1", 1030, 1130), (7, "chr1", 1129, 1229), (9, "", np.nan, np.nan)],
        columns=["example", "chrom", "start", "end"],
    )
    found = blocks(examples, [9, 7, 4, 3, 3])
    assert found.to_dict() == {3: 3, 4: 3, 7: 3, 9: 9}
    assert (found.name, found.index.name) == ("block", "example")
    # Without the one between them the two others stand alone.
    assert blocks(examples, [3, 7]).to_dict() == {3: 3, 7: 7}
