"""Additive fits: what adds up is found to add up, what does not is not, and intervals hold."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from dfim.statistics.additive import Fit, compare_fits, losses, separates, verdict


def drawn(rng, n, interaction):
    """Two features, their product, and labels from a logit of both and the interaction."""
    both = rng.integers(0, 2, (n, 2)).astype(float)
    product = both.prod(axis=1)
    logit = -1 + 1.5 * both[:, 0] + 0.5 * both[:, 1] + interaction * product
    return both, product[:, None], (rng.random(n) < expit(logit)).astype(int), logit


def compared(interaction, seed=5):
    rng = np.random.default_rng(seed)
    terms, product, labels, logit = drawn(rng, 8000, interaction)
    train, test = slice(0, 4000), slice(4000, None)
    every = np.concatenate([terms, product], axis=1)
    fits = {
        "additive": Fit(terms[train], labels[train], False).outputs(terms[test]),
        "pairs": Fit(every[train], labels[train], False).outputs(every[test]),
        "network": logit[test],
    }
    table = compare_fits(fits, labels[test], False, np.arange(4000), seed)
    return table.assign(task="bound", separates=0)


def test_labels_that_add_up_need_no_interaction():
    table = compared(0.0)
    # That none is seen does not say that there is none: the sentence has how large one may be.
    gain = table.set_index("fit").loc["pairs"]
    assert "the data show no need of an interaction: terms of pairs by " in verdict(table)
    assert f"[{gain['gain_low']:.3g}, {gain['gain_high']:.3g}]" in verdict(table)
    pairs = table.set_index("fit").loc["pairs"]
    assert pairs["gain_low"] <= 0 <= pairs["gain_high"]
    assert abs(pairs["gain"]) < 1e-3


def test_an_interaction_is_needed_and_its_gain_is_that_of_the_truth():
    table = compared(-3.0).set_index("fit")
    assert table.loc["pairs", "gain_low"] > 0
    assert table.loc["pairs", "value"] == pytest.approx(table.loc["network", "value"], abs=2e-3)
    sentence = verdict(table.reset_index())
    assert sentence.startswith("bound: the data need interactions: terms of pairs by ")
    assert "and the network by" in sentence


def test_the_fit_finds_the_weights_of_the_logit():
    rng = np.random.default_rng(1)
    terms, _, labels, logit = drawn(rng, 60_000, 0.0)
    np.testing.assert_allclose(Fit(terms, labels, False).outputs(terms), logit, atol=0.08)


def test_an_and_of_two_features_is_separated():
    rng = np.random.default_rng(2)
    terms = rng.integers(0, 2, (500, 2)).astype(float)
    both = terms.prod(axis=1).astype(int)
    assert separates(Fit(terms, both, False).outputs(terms), both)
    assert not separates(np.array([-1.0, 2.0, 2.0, 3.0]), np.array([0, 0, 1, 1]))
    either = terms.sum(axis=1) == 1
    assert not separates(Fit(terms, either.astype(int), False).outputs(terms), either.astype(int))
    table = compared(0.0).assign(separates=1)
    assert "an additive fit separates the classes" in verdict(table)


def test_values_by_weighted_least_squares():
    rng = np.random.default_rng(3)
    terms, weights = rng.normal(size=(5000, 3)), rng.integers(1, 5, 5000)
    truth = terms @ [1.0, -2.0, 0.5] + 3
    values = truth + rng.normal(size=5000) / np.sqrt(weights)
    outputs = Fit(terms, values, True, weights).outputs(terms)
    np.testing.assert_allclose(outputs, truth, atol=0.15)
    design = np.column_stack([terms, np.ones(5000)]) * np.sqrt(weights)[:, None]
    exact = np.column_stack([terms, np.ones(5000)]) @ np.linalg.lstsq(design, values * np.sqrt(weights))[0]
    np.testing.assert_allclose(outputs, exact, atol=2e-3)
    table = compare_fits({"additive": outputs, "network": truth}, values, True, np.arange(5000), 1, weights)
    mean = np.average(values, weights=weights)
    r2 = 1 - (weights * (values - outputs) ** 2).sum() / (weights * (values - mean) ** 2).sum()
    assert table["value"][0] == pytest.approx(r2)
    assert (table["value_low"] < table["value"]).all()
    assert (table["value"] < table["value_high"]).all()


def test_r2_is_of_deviations_from_the_weighted_mean():
    """Two values, 0 and 4 of weights 3 and 1, around 1; off by 1 and 2 of 3 · 1 + 9 deviations."""
    fits = {"additive": np.array([1.0, 2.0])}
    table = compare_fits(fits, np.array([0.0, 4.0]), True, np.arange(2), 0, np.array([3.0, 1.0]))
    assert table["value"].item() == pytest.approx(1 - (3 * 1 + 4) / (3 * 1 + 9))


def test_log_loss_by_hand():
    logits, labels = np.array([0.0, 2.0, -1.0]), np.array([1, 1, 0])
    expected = [np.log(2), -np.log(expit(2.0)), -np.log(1 - expit(-1.0))]
    np.testing.assert_allclose(losses(logits, labels, False), expected)
    np.testing.assert_allclose(losses(logits, np.array([1.0, 1.0, 0.0]), True), [1, 1, 1])


def test_intervals_are_over_blocks():
    """Each example eight times: the interval over blocks stays, that over rows shrinks."""
    rng = np.random.default_rng(4)
    _, product, labels, logit = drawn(rng, 500, -2.0)
    fits = {"additive": logit - 1.5 * product[:, 0], "pairs": logit}

    def width(times, blocks):
        copied = {name: np.repeat(outputs, times) for name, outputs in fits.items()}
        table = compare_fits(copied, np.repeat(labels, times), False, blocks, 1).set_index("fit")
        return table.loc["pairs", "gain_high"] - table.loc["pairs", "gain_low"]

    once = width(1, np.arange(500))
    assert width(8, np.repeat(np.arange(500), 8)) == pytest.approx(once, rel=0.15)
    assert width(8, np.arange(4000)) < 0.5 * once


def test_a_verdict_needs_both_ends_of_the_interval():
    table = pd.DataFrame(
        {"task": "t", "fit": ["additive", "pairs", "network"], "measure": "r2", "separates": 0,
         "gain": [0, 0.02, 0.1], "gain_low": [0, -0.01, 0.05], "gain_high": [0, 0.05, 0.15]}
    )  # fmt: skip
    assert verdict(table) == (
        "t: the data need more than what adds up: the network by 0.1 [0.05, 0.15] better (r2) than an "
        "additive fit."
    )
