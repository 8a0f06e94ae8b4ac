"""What contributions miss of the change, measured and warned of; integrated gradients' steps follow it."""

import logging

import numpy as np
import pandas as pd
import pytest
from support.small_networks import (
    chain,
    convolution,
    dense,
    pool,
    random_bases,
    step,
    two_convolutions,
)

from dfim.attribution import open_scorer
from dfim.attribution.completeness import SEQUENCES, completeness, measure_completeness
from dfim.attribution.integrated_gradients import FEWEST, MOST_STEPS
from dfim.sequences.bases import one_hot

BACKGROUND = [0.27, 0.23, 0.23, 0.27]
BASES = random_bases(np.random.default_rng(3), 30, 30)


def pooled(padding: str) -> list:
    """Return a network whose max pool sees the reference's padded ends, or with ``valid`` does not."""
    rng = np.random.default_rng(4)
    filters = [convolution(rng, 7, 4, 8, padding), step("relu"), pool("max_pool", 4), step("flatten")]
    return chain([*filters, dense(rng, (30 - (padding == "valid") * 6) // 4 * 8, 1)], 30)


def measured(method: str, layers: list, **options) -> pd.Series:
    with open_scorer(method, layers, BACKGROUND, options) as scorer:
        scorer.prepare(BASES, 0)
        return completeness([measure_completeness(scorer, BASES, 0)]).iloc[0]


def warnings(caplog) -> list[str]:
    """Return the project's own warnings."""
    own = [record for record in caplog.records if record.name == "dfim"]
    return [record.getMessage() for record in own if record.levelno >= logging.WARNING]


def test_deeplift_misses_where_a_max_pool_sees_padding_and_nowhere_else(caplog):
    caplog.set_level(logging.INFO)
    exact = measured("deeplift", pooled("valid"))
    assert exact["sequences"] == SEQUENCES
    assert exact["largest_residual"] < 1e-5
    assert not warnings(caplog)
    missed = measured("deeplift", pooled("same"))
    assert missed["largest_residual"] > 0.01
    (sentence,) = warnings(caplog)
    assert f"by {100 * missed['largest_residual']:.2g} % at most, on 20 sequences" in sentence


def test_shares_are_those_of_the_numbers_themselves():
    layers = pooled("same")
    with open_scorer("deeplift", layers, BACKGROUND) as scorer:
        x = one_hot(BASES[:SEQUENCES])
        changes = scorer.logits(x)[:, 0] - scorer.reference_logit(0)
        residuals = np.abs(scorer.contributions(x, 0).sum(axis=(1, 2)) - changes)
        # Parts of an analysis are joined by their sequences.
        parts = [measure_completeness(scorer, part, 0) for part in (BASES[:5], BASES[5:20], BASES[:0])]
    found = completeness(parts).iloc[0]
    size = np.median(np.abs(changes))
    assert found["median_change"] == pytest.approx(size, rel=1e-5)
    assert found["median_residual"] == pytest.approx(np.median(residuals) / size, rel=1e-3)
    assert found["largest_residual"] == pytest.approx(residuals.max() / size, rel=1e-3)


def test_gradient_times_input_need_not_add_up_and_does_not_warn(caplog):
    found = measured("gradient_input", pooled("same"))
    assert found["adds_up"] == 0
    assert found["largest_residual"] > 0.01
    assert not warnings(caplog)


def test_steps_are_doubled_until_sums_fit_and_no_further():
    layers = two_convolutions()
    found = measured("integrated_gradients", layers)
    assert found["largest_residual"] <= 0.01 or found["steps"] == MOST_STEPS
    assert found["steps"] in (FEWEST * 2**k for k in range(5))
    if found["steps"] > FEWEST:
        half = measured("integrated_gradients", layers, steps=int(found["steps"]) // 2)
        assert half["largest_residual"] > 0.01


def test_steps_are_bounded_and_a_number_that_is_given_stays():
    """A sigmoid that is nearly a step has nearly all of its gradient in one place."""
    rng = np.random.default_rng(5)
    first = dense(rng, 120, 1)
    steep = chain([step("flatten"), first, step("sigmoid"), dense(rng, 1, 1)], 30)
    steep[1].arrays["kernel"][:] *= 3000
    assert measured("integrated_gradients", steep)["steps"] == MOST_STEPS
    assert measured("integrated_gradients", steep, steps=7)["steps"] == 7


def test_integrated_gradients_of_a_profile_hold_its_weights():
    """They sum to the change by the sequence's own weights, and are others than by those on the way."""
    rng = np.random.default_rng(6)
    layers = chain([convolution(rng, 7, 4, 6), step("relu"), convolution(rng, 5, 6, 1), step("profile")], 30)
    found = measured("integrated_gradients", layers, steps=400, batch_size=100)
    assert found["largest_residual"] < 0.01
    with open_scorer("integrated_gradients", layers, BACKGROUND, {"steps": 400}) as scorer:
        x = one_hot(BASES[:3])
        held = scorer.contributions(x, 0)
        scorer._held = False
        free = scorer.contributions(x, 0)
    assert np.abs(held - free).max() > 0.1 * np.abs(held).max()


def test_nothing_measured_is_nothing_claimed():
    with open_scorer("deeplift", pooled("same"), BACKGROUND) as scorer:
        found = completeness([measure_completeness(scorer, BASES[:0], 0)]).iloc[0]
    assert found["sequences"] == 0
    assert pd.isna(found["largest_residual"])
