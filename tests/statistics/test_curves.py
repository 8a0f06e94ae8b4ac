"""Areas under curves of weighted rows, and their bootstrap."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

from dfim.statistics.curves import Ranked, bootstrap_areas, curve_points, intervals

AREAS = (roc_auc_score, average_precision_score)


@pytest.fixture
def rows():
    """Scores with ties, of 60 rows, a third of them positive."""
    rng = np.random.default_rng(0)
    truth = np.arange(60) % 3 == 0
    return truth, np.round(rng.normal(truth, 1), 1), rng.integers(4, size=60)


@pytest.mark.parametrize("tied", [True, False])
def test_weighted_areas_are_scikit_learns(tied, rows):
    truth, scores, weight = rows
    scores = scores if tied else scores + np.random.default_rng(4).normal(0, 1e-6, len(scores))
    assert (len(np.unique(scores)) < len(scores)) == tied
    found = Ranked(scores, truth).areas(weight)
    assert found[0] == pytest.approx(roc_auc_score(truth, scores, sample_weight=weight))
    assert found[1] == pytest.approx(average_precision_score(truth, scores, sample_weight=weight))
    assert Ranked(scores, truth).auroc(weight) == found[0]


@pytest.mark.parametrize("digits", [0, 1, 9])
@pytest.mark.parametrize("number", [2, 3, 60])
def test_the_points_of_curves_are_scikit_learns(digits, number):
    rng = np.random.default_rng(number)
    truth = np.arange(number) % 3 == 0
    scores = np.round(rng.normal(truth, 1), digits).astype(np.float32)
    roc, recall = curve_points(scores, truth)
    np.testing.assert_allclose(roc, roc_curve(truth, scores)[:2], atol=1e-12)
    precision, found, _ = precision_recall_curve(truth, scores, drop_intermediate=True)
    np.testing.assert_allclose(recall, [found[::-1], precision[::-1]], atol=1e-12)


def test_an_area_without_one_of_the_sides_is_missing(rows):
    truth, scores, _ = rows
    assert np.isnan(Ranked(scores, truth).areas(np.where(truth, 0, 1))).all()


def test_the_bootstrap_spreads_like_the_area_does():
    """auROC of m positives and n negatives without any signal has the variance (m + n + 1) / (12 m n)."""
    rng = np.random.default_rng(1)
    labels, logits = np.repeat([1, 0], [40, 160])[:, None], rng.normal(size=(200, 1))
    found = bootstrap_areas(labels, logits, np.arange(len(labels)), seed=0, resamples=400)
    assert found.shape == (400, 1, 2)
    expected = np.sqrt(201 / (12 * 40 * 160))
    assert found[:, 0, 0].std() == pytest.approx(expected, rel=0.2)
    low, high = intervals(found)[:, 0, 0]
    assert low < roc_auc_score(labels[:, 0], logits[:, 0]) < high
    np.testing.assert_array_equal(
        found, bootstrap_areas(labels, logits, np.arange(len(labels)), seed=0, resamples=400)
    )
    assert (found != bootstrap_areas(labels, logits, np.arange(len(labels)), seed=1, resamples=400)).any()


@pytest.mark.parametrize("digits", [0, 9])
def test_each_resample_has_the_areas_of_its_weights(digits):
    rng = np.random.default_rng(6)
    labels, logits = rng.integers(-1, 2, size=(90, 1)), np.round(rng.normal(size=(90, 1)), digits)
    found, drawing = (
        bootstrap_areas(labels, logits, np.arange(len(labels)), seed=3, resamples=20),
        np.random.default_rng([3, 90]),
    )
    known = labels[:, 0] >= 0
    scores, truth = logits[known, 0], labels[known, 0] == 1
    for areas in found[:, 0]:
        weight = np.bincount(drawing.integers(90, size=90), minlength=90)[known]
        expected = (measure(truth, scores, sample_weight=weight) for measure in AREAS)
        np.testing.assert_allclose(areas, list(expected), rtol=1e-12)


def test_all_tasks_see_the_same_resamples_and_missing_labels_do_not_count():
    rng = np.random.default_rng(2)
    labels, logits = rng.integers(2, size=(50, 1)), rng.normal(size=(50, 1))
    both = bootstrap_areas(np.repeat(labels, 2, axis=1), np.repeat(logits, 2, axis=1), np.arange(50), seed=0)
    np.testing.assert_array_equal(both[:, 0], both[:, 1])
    missing = np.column_stack([labels, np.where(np.arange(50)[:, None] < 10, -1, labels)])
    changed = np.where(np.arange(50)[:, None] < 10, 99.0, logits)
    found = bootstrap_areas(missing, np.column_stack([logits, changed]), np.arange(50), seed=0)
    np.testing.assert_array_equal(found[:, 0], both[:, 0])
    np.testing.assert_array_equal(
        found[:, 1], bootstrap_areas(missing, np.column_stack([logits, logits]), np.arange(50), seed=0)[:, 1]
    )


def test_a_task_without_a_class_has_no_bounds():
    labels = np.column_stack([np.arange(20) % 2, np.ones(20, int)])
    bounds = intervals(
        bootstrap_areas(labels, np.random.default_rng(3).normal(size=(20, 2)), np.arange(20), seed=0)
    )
    assert np.isfinite(bounds[:, 0]).all()
    assert np.isnan(bounds[:, 1]).all()


def test_copies_of_one_place_make_no_interval_narrower():
    """Windows at the summits of several factors overlap, and say the same thing several times."""
    rng = np.random.default_rng(5)
    labels, logits = rng.integers(2, size=(100, 1)), rng.normal(size=(100, 1))
    once = bootstrap_areas(labels, logits, np.arange(100), seed=0)
    copies = [np.repeat(values, 4, axis=0) for values in (labels, logits, np.arange(100))]
    np.testing.assert_allclose(bootstrap_areas(*copies, seed=0), once)
