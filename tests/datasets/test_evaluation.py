"""How good a network is: metrics against scikit-learn, intervals, curves, and data that do not fit."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from sklearn.metrics import average_precision_score, roc_auc_score

from dfim.datasets import evaluation
from dfim.datasets.dataset import Dataset, check_fit
from dfim.errors import InputError


def test_metrics_are_scikit_learns_on_the_present_labels():
    rng = np.random.default_rng(6)
    labels, logits = rng.integers(-1, 2, size=(60, 4)), rng.normal(size=(60, 4))
    labels[:, 2] = np.where(labels[:, 2] == 0, -1, labels[:, 2])  # no negative
    labels[:, 3] = -1
    table = evaluation.metrics(labels, logits, list("abcd")).set_index("task")
    for column, task in enumerate("ab"):
        present = labels[:, column] != -1
        truth, score = labels[present, column], logits[present, column]
        assert table.loc[task, "auroc"] == pytest.approx(roc_auc_score(truth, score), rel=1e-12)
        assert table.loc[task, "auprc"] == pytest.approx(average_precision_score(truth, score), rel=1e-12)
        assert table.loc[task, "positives"] == (labels[:, column] == 1).sum()
        assert table.loc[task, "negatives"] == (labels[:, column] == 0).sum()
    assert table.loc[["c", "d"], ["auroc", "auprc"]].isna().all(axis=None)
    assert table.loc["mean", "auroc"] == pytest.approx(table.loc[["a", "b"], "auroc"].mean())
    assert table.loc["mean", "auprc"] == pytest.approx(table.loc[["a", "b"], "auprc"].mean())
    assert list(table.index) == ["a", "b", "c", "d", "mean"]
    assert table["positives"].iloc[-1] == (labels == 1).sum()


def test_areas_of_a_split_have_bounds_and_the_mean_its_own():
    rng = np.random.default_rng(9)
    labels, split = (
        rng.integers(-1, 2, size=(900, 2)).astype(np.int8),
        np.repeat(["train", "test"], [400, 500]),
    )
    dataset = Dataset(np.zeros((900, 1), np.uint8), labels, ["a", "b"], pd.DataFrame({"split": split}))
    logits = rng.normal(labels, 1.5)
    table = evaluation.evaluate(dataset, "test", logits, logits).set_index("task")
    for name in ("auroc", "auprc"):
        assert (table[f"{name}_low"] < table[name]).all()
        assert (table[name] < table[f"{name}_high"]).all()
    width = table["auroc_high"] - table["auroc_low"]
    # Two tasks of independent errors: their mean is known better than either.
    assert width["mean"] < 0.85 * width[dataset.tasks].min()
    assert (width > 0.03).all()


def test_overlapping_windows_are_one_observation_of_the_bounds():
    """Five windows that overlap each other, in each of a hundred places, of one label and logit."""
    rng, place = np.random.default_rng(10), np.arange(500) // 5
    labels, logits = (
        values[place]
        for values in (rng.integers(2, size=(100, 2)).astype(np.int8), rng.normal(size=(100, 2)))
    )
    alone = pd.DataFrame({"split": ["test"] * 500})
    starts = 1000 * place + 10 * (np.arange(500) % 5)
    together = alone.assign(chrom="chr8", start=starts, end=starts + 30)
    widths = []
    for examples in (together, alone):
        dataset = Dataset(np.zeros((500, 30), np.uint8), labels, ["a", "b"], examples)
        found = evaluation.evaluate(dataset, "test", logits, logits)
        widths.append((found["auroc_high"] - found["auroc_low"]).to_numpy())
    assert (widths[0] > 1.6 * widths[1]).all()


def test_thinned_curves_keep_ends_and_areas():
    rng = np.random.default_rng(7)
    labels = np.stack([rng.random(20000) < 0.05, np.full(20000, True)], axis=1).astype(int)
    logits = rng.normal(size=labels.shape) + 1.5 * labels
    points = evaluation.curves(labels, logits, ["a", "b"])
    assert set(points["task"]) == {"a"}  # b has no negative
    table = evaluation.metrics(labels, logits, ["a", "b"]).iloc[0]
    for curve, area in (("roc", table["auroc"]), ("pr", table["auprc"])):
        x, y = points.loc[points["curve"] == curve, ["x", "y"]].to_numpy().T
        assert 100 < len(x) <= 1000
        assert (np.diff(x) >= 0).all()
        assert (x[0], x[-1]) == (0, 1)
        assert np.trapezoid(y, x) == pytest.approx(area, abs=0.005)
    assert len(evaluation.curves(labels[:, 1:], logits[:, 1:], ["b"])) == 0


def test_a_network_without_finite_outputs_has_no_curves():
    labels, logits = np.array([[0], [1], [1]]), np.array([[0.0], [np.nan], [1.0]])
    with pytest.raises(InputError, match="the network's outputs of b are not all finite numbers"):
        evaluation.curves(labels, logits, ["b"])


def test_values_have_the_correlations_of_scipy():
    rng = np.random.default_rng(10)
    values, outputs = rng.normal(size=(80, 2)), np.round(rng.normal(size=(80, 2)), 1)
    values[rng.random(values.shape) < 0.2] = np.nan
    values[:, 1] = 3.0  # nothing to explain
    table = evaluation.metrics(values, outputs, ["a", "b"]).set_index("task")
    known = ~np.isnan(values[:, 0])
    for name, measure in (("pearson", scipy.stats.pearsonr), ("spearman", scipy.stats.spearmanr)):
        expected = measure(values[known, 0], outputs[known, 0]).statistic
        assert table.loc["a", name] == pytest.approx(expected, rel=1e-9)
        assert table.loc["mean", name] == table.loc["a", name]
    assert table.loc["b", ["r2", "pearson", "spearman"]].isna().all()
    assert table["examples"].tolist() == [known.sum(), 80, known.sum() + 80]


def test_data_that_do_not_fit_a_network_are_refused():
    examples = pd.DataFrame({"split": ["train"] * 3})
    dataset = Dataset(np.zeros((3, 30), np.uint8), np.ones((3, 2), np.int8), ["a", "b"], examples)
    check_fit(dataset, 30, 2)
    check_fit(dataset, None, 3, ["a", "b", "c"])  # of any length, with a task that the data lack
    with pytest.raises(
        InputError, match=r"^the sequences have 30 bases, and the network takes 40: build the"
    ):
        check_fit(dataset, 40, 2)
    with pytest.raises(
        InputError, match=r"^the data set has 3 tasks, and the network has 2 outputs: build the"
    ):
        check_fit(dataset, 30, 2, ["a", "b", "c"])
