"""Areas under curves of weighted rows, and their bootstrap."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from dfim.statistics.curves import (
    WeightedAuroc,
    bootstrap_areas,
    dense_ranks,
    intervals,
    weighted_areas,
)


@pytest.fixture
def rows():
    """Scores with ties, of 60 rows, a third of them positive."""
    rng = np.random.default_rng(0)
    truth = np.arange(60) % 3 == 0
    return truth, np.round(rng.normal(truth, 1), 1), rng.integers(4, size=60)


def test_weighted_areas_are_scikit_learns(rows):
    truth, scores, weight = rows
    assert len(np.unique(scores)) < len(scores)
    found = weighted_areas(*dense_ranks(scores), truth, weight)
    assert found[0] == pytest.approx(roc_auc_score(truth, scores, sample_weight=weight))
    assert found[1] == pytest.approx(average_precision_score(truth, scores, sample_weight=weight))


@pytest.mark.parametrize("digits", [0, 1, 9])
def test_an_auroc_of_many_weights_is_that_of_each(digits):
    rng = np.random.default_rng(4)
    truth, scores = np.arange(300) % 3 == 0, np.round(rng.normal(size=300), digits)
    auroc = WeightedAuroc(scores, truth)
    for weight in [*rng.integers(4, size=(20, 300)), np.where(truth, 0, 1)]:
        np.testing.assert_equal(auroc(weight), weighted_areas(*dense_ranks(scores), truth, weight)[0])


def test_an_area_without_one_of_the_sides_is_missing(rows):
    truth, scores, _ = rows
    assert np.isnan(weighted_areas(*dense_ranks(scores), truth, np.where(truth, 0, 1))).all()


def test_the_bootstrap_spreads_like_the_area_does():
    """auROC of m positives and n negatives without any signal has the variance (m + n + 1) / (12 m n)."""
    rng = np.random.default_rng(1)
    labels, logits = np.repeat([1, 0], [40, 160])[:, None], rng.normal(size=(200, 1))
    found = bootstrap_areas(labels, logits, seed=0, resamples=400)
    assert found.shape == (400, 1, 2)
    expected = np.sqrt(201 / (12 * 40 * 160))
    assert found[:, 0, 0].std() == pytest.approx(expected, rel=0.2)
    low, high = intervals(found)[:, 0, 0]
    assert low < roc_auc_score(labels[:, 0], logits[:, 0]) < high
    np.testing.assert_array_equal(found, bootstrap_areas(labels, logits, seed=0, resamples=400))
    assert (found != bootstrap_areas(labels, logits, seed=1, resamples=400)).any()


@pytest.mark.parametrize("digits", [0, 9])
def test_each_resample_has_the_areas_of_its_weights(digits):
    rng = np.random.default_rng(6)
    labels, logits = rng.integers(-1, 2, size=(90, 1)), np.round(rng.normal(size=(90, 1)), digits)
    found, drawing = bootstrap_areas(labels, logits, seed=3, resamples=20), np.random.default_rng([3, 90])
    known = labels[:, 0] >= 0
    rank, truth = dense_ranks(logits[known, 0]), labels[known, 0] == 1
    for areas in found[:, 0]:
        weight = np.bincount(drawing.integers(90, size=90), minlength=90)[known]
        np.testing.assert_allclose(areas, weighted_areas(*rank, truth, weight), rtol=1e-12)


def test_all_tasks_see_the_same_resamples_and_missing_labels_do_not_count():
    rng = np.random.default_rng(2)
    labels, logits = rng.integers(2, size=(50, 1)), rng.normal(size=(50, 1))
    both = bootstrap_areas(np.repeat(labels, 2, axis=1), np.repeat(logits, 2, axis=1), seed=0)
    np.testing.assert_array_equal(both[:, 0], both[:, 1])
    missing = np.column_stack([labels, np.where(np.arange(50)[:, None] < 10, -1, labels)])
    changed = np.where(np.arange(50)[:, None] < 10, 99.0, logits)
    found = bootstrap_areas(missing, np.column_stack([logits, changed]), seed=0)
    np.testing.assert_array_equal(found[:, 0], both[:, 0])
    np.testing.assert_array_equal(
        found[:, 1], bootstrap_areas(missing, np.column_stack([logits, logits]), seed=0)[:, 1]
    )


def test_a_task_without_a_class_has_no_bounds():
    labels = np.column_stack([np.arange(20) % 2, np.ones(20, int)])
    bounds = intervals(bootstrap_areas(labels, np.random.default_rng(3).normal(size=(20, 2)), seed=0))
    assert np.isfinite(bounds[:, 0]).all()
    assert np.isnan(bounds[:, 1]).all()
