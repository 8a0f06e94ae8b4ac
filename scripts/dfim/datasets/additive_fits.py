"""Additive fits of a dataset, and twins of it whose labels or values are drawn from them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dfim.datasets.dataset import Dataset
from dfim.datasets.terms import feature_pair_terms, feature_terms, position_pair_terms, position_terms
from dfim.errors import InputError
from dfim.statistics.additive import COLUMNS, Fit, compare_fits, separates


@dataclass
class TaskFits:
    """The fits of one task, on the split ``train``.

    ``outputs`` are logits or values of all examples, by the name of the fit, ``additive`` and, where there
    are terms of pairs, ``pairs``; ``terms`` their numbers of terms. ``separates``: whether the additive fit
    tells the classes of the split apart without an error.
    """

    task: str
    outputs: dict[str, np.ndarray]
    terms: dict[str, int]
    separates: bool


def fit_tasks(dataset: Dataset, with_pairs: bool = True) -> list[TaskFits]:
    """Fit every task of a dataset by terms of its features, or of its bases where it has none.

    ``with_pairs``: by terms of pairs too. Raises InputError when the dataset has neither features nor
    measured values, and when a task lacks a class in the split ``train``.
    """
    designs = _designs(dataset, with_pairs)
    fits = []
    for column, task in enumerate(dataset.tasks):
        answers = dataset.labels[:, column]
        rows = _rows(dataset, column, "train")
        if not dataset.real_valued and len(np.unique(answers[rows])) < 2:
            raise InputError(f"the task {task} lacks a class in the split train: an additive fit needs both.")
        weights = None if dataset.weights is None else dataset.weights[rows]
        outputs = {
            name: Fit(terms[rows], answers[rows], dataset.real_valued, weights).outputs(terms)
            for name, terms in designs.items()
        }
        separated = not dataset.real_valued and separates(outputs["additive"][rows], answers[rows])
        terms = {name: design.shape[1] for name, design in designs.items()}
        fits.append(TaskFits(task, outputs, terms, separated))
    return fits


def _designs(dataset: Dataset, with_pairs: bool) -> dict[str, np.ndarray]:
    """Return the terms of the fits, float32 (examples, terms), by the fit's name."""
    count, pairs = len(dataset.bases), None
    if len(dataset.features):
        additive = feature_terms(dataset.features, count)
        pairs = feature_pair_terms(dataset.features, count) if with_pairs else None
    elif dataset.real_valued:
        additive = position_terms(dataset.bases)
        pairs = position_pair_terms(additive) if with_pairs else None
    else:
        raise InputError("the dataset has labels and no features: an additive fit needs features.")
    designs = {"additive": additive.to_numpy()}
    if pairs is not None and pairs.shape[1]:
        designs["pairs"] = np.concatenate([additive.to_numpy(), pairs.to_numpy()], axis=1)
    return designs


def _rows(dataset: Dataset, column: int, split: str) -> np.ndarray:
    """Return the rows of a split whose answer is known."""
    rows = dataset.rows(split)
    return rows[dataset.present[rows, column]]


def held_out(
    fits: list[TaskFits], dataset: Dataset, outputs: np.ndarray | None, blocks: np.ndarray, seed: int
) -> pd.DataFrame:
    """Return how well the fits, and a network, answer the split ``test``: the columns of the fits' module.

    ``outputs`` (examples, tasks) are the network's logits or values, if there is one; ``blocks`` (examples,)
    tells examples that belong together, such as overlapping windows.
    """
    tables = []
    for column, fit in enumerate(fits):
        rows = _rows(dataset, column, "test")
        compared = {name: values[rows] for name, values in fit.outputs.items()}
        if outputs is not None:
            compared["network"] = outputs[rows, column].astype(float)
        weights = None if dataset.weights is None else dataset.weights[rows]
        answers = dataset.labels[rows, column].astype(float)
        table = compare_fits(compared, answers, dataset.real_valued, blocks[rows], seed, weights)
        terms = table["fit"].map(fit.terms).astype("Int64")
        tables.append(table.assign(task=fit.task, terms=terms, separates=int(fit.separates)))
    return pd.concat(tables, ignore_index=True)[COLUMNS]


def draw_twin(dataset: Dataset, fits: list[TaskFits], seed: int, number: int) -> Dataset:
    """Return the dataset with labels, or values, drawn from its additive fits: its additive twin.

    Examples, splits and features stay; what is missing stays missing. A label is 1 with the probability of
    the fit. A value is that of the fit plus a residual of the fit with terms of pairs (of the additive one
    where there is none) of some example of the split ``train``, both scaled by their weights: the noise of
    the values without what pairs explain. ``number`` tells the twins of a seed apart.
    """
    rng = np.random.default_rng([seed, number])
    answers = dataset.labels.copy()
    noise_free = np.empty(answers.shape, np.float32)
    for column, fit in enumerate(fits):
        additive, present = fit.outputs["additive"], dataset.present[:, column]
        if dataset.real_valued:
            noise_free[:, column] = additive
            drawn = additive + _noise(dataset, column, fit, rng)
        else:
            drawn = rng.random(len(additive)) < 1 / (1 + np.exp(-additive))
        answers[present, column] = drawn[present].astype(answers.dtype)
    return Dataset(
        dataset.bases,
        answers,
        dataset.tasks,
        dataset.examples,
        dataset.features,
        dataset.weights,
        noise_free if dataset.real_valued else None,
    )


def _noise(dataset: Dataset, column: int, fit: TaskFits, rng: np.random.Generator) -> np.ndarray:
    """Draw the noise of values, float64 (examples,), from the residuals of the split ``train``."""
    rows = _rows(dataset, column, "train")
    name = "pairs" if "pairs" in fit.outputs else "additive"
    weights = np.ones(len(dataset.labels)) if dataset.weights is None else dataset.weights.astype(float)
    residuals = (dataset.labels[rows, column] - fit.outputs[name][rows]) * np.sqrt(weights[rows])
    # A fit takes up some of the noise.
    residuals *= np.sqrt(len(rows) / max(1, len(rows) - fit.terms[name] - 1))
    return rng.choice(residuals, len(dataset.labels)) / np.sqrt(weights)
