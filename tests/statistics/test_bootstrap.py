"""Rows of overlapping windows are resampled together, by whatever draws an interval."""

import numpy as np
import pandas as pd
import pytest

from dfim.statistics.bootstrap import FEWEST_BLOCKS, clusters_of, median_interval
from dfim.statistics.calibration import calibration_of
from dfim.statistics.comparison import compare
from dfim.statistics.nulls import folds_of
from dfim.statistics.recovery import recovery

RNG = np.random.default_rng(5)
ONCE = pd.DataFrame(
    {
        "example": np.arange(200),
        "fis": RNG.random(200),
        "fis_q": RNG.random(200) ** 2,
        "near": np.arange(200) % 2,
    }
)
# Five windows that overlap have the same pair: what they say is said once.
FIVE = pd.concat(
    [ONCE.assign(example=5 * ONCE["example"] + copy, block=5 * ONCE["example"]) for copy in range(5)]
)
TRUTH = {"interacting": "near == 1", "not_interacting": "near == 0"}


def intervals(table):
    """Intervals of a comparison, of recovery and of a calibration."""
    compared = compare(table, "fis", "near == 1", "near == 0")
    found = recovery(table, TRUTH).iloc[0]
    held = calibration_of(table, table["fis"].to_numpy(), "replaced", "fis")[0].iloc[0]
    return (
        [compared[name] for name in ("auroc_low", "auroc_high")]
        + [found[f"{rate}_{end}"] for rate in ("precision", "recall") for end in ("low", "high")]
        + [held[name] for name in ("share_low", "share_high")]
    )


def test_copies_of_one_place_make_no_interval_narrower():
    alone = FIVE.drop(columns="block")
    np.testing.assert_allclose(intervals(FIVE), intervals(ONCE), rtol=1e-6)
    widths, narrow = (np.diff(np.reshape(intervals(table), (-1, 2)))[:, 0] for table in (FIVE, alone))
    assert (narrow < 0.7 * widths).all()


def test_rows_are_resampled_by_block_then_example_then_alone():
    assert clusters_of(FIVE).tolist() == FIVE["block"].tolist()
    assert clusters_of(ONCE).tolist() == ONCE["example"].tolist()
    assert clusters_of(ONCE[["fis"]]).tolist() == list(range(200))


def test_a_row_and_null_rows_of_its_block_are_in_one_fold():
    fold, null_fold = folds_of(FIVE, FIVE.sample(frac=1, random_state=1))
    shuffled = FIVE.sample(frac=1, random_state=1)
    by_block = pd.concat(
        [
            pd.DataFrame({"block": FIVE["block"], "fold": fold}),
            pd.DataFrame({"block": shuffled["block"], "fold": null_fold}),
        ]
    )
    assert (by_block.groupby("block")["fold"].nunique() == 1).all()
    # Where one of them knows no blocks, examples decide for both.
    fold, null_fold = folds_of(FIVE, ONCE)
    assert null_fold[ONCE["example"] == 5].tolist() == fold[FIVE["example"] == 5].tolist()


@pytest.mark.parametrize(("blocks", "rows"), [(FEWEST_BLOCKS, 3), (30, 3), (FEWEST_BLOCKS, 1), (8, 1)])
def test_the_interval_of_a_median_has_it_at_its_rate(blocks, rows):
    above, below = [], []
    for seed in range(1000):
        rng = np.random.default_rng([seed, blocks])
        block = np.repeat(np.arange(blocks), rows)
        low, high = median_interval(
            rng.normal(size=blocks)[block] + 0.3 * rng.normal(size=len(block)), block, seed
        )
        above.append(low > 0)
        below.append(high < 0)
    # No more of them miss it on one side than on the other.
    assert min(np.mean(above), np.mean(below)) >= 0.01
    assert max(np.mean(above), np.mean(below)) <= 0.065


def test_of_few_blocks_there_is_no_interval():
    """Of 5 values the smallest and the largest have the median between them with 94 %, and no others more."""
    values = np.arange(30.0)
    assert np.isnan(median_interval(values, np.arange(30) % (FEWEST_BLOCKS - 1), 0)).all()
    assert np.isfinite(median_interval(values, np.arange(30) % FEWEST_BLOCKS, 0)).all()
