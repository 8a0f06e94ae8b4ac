"""Additive fits of datasets, and twins that hold nothing but what adds up."""

import numpy as np
import pandas as pd
import pytest

from dfim.datasets.additive_fits import draw_twin, fit_tasks, held_out
from dfim.datasets.dataset import Dataset
from dfim.errors import InputError
from dfim.sequences.bases import to_bases
from dfim.statistics.additive import verdict


def labelled(n=6000, rule="near", seed=1):
    """Examples with a site each of A and B, near or far apart; the label is 1 with .9 for near, else .1."""
    rng = np.random.default_rng(seed)
    near = rng.random(n) < 0.5
    has = rng.random((n, 2)) < 0.8
    start = np.stack([np.full(n, 20), np.where(near, 30, 150)], axis=1)
    rows = [
        (example, name, "motif", start[example, column], start[example, column] + 5, "+", "", "", "")
        for example in range(n)
        for column, name in enumerate("AB")
        if has[example, column]
    ]
    columns = ["example", "name", "kind", "start", "end", "strand", "reference", "alternate", "group"]
    features = pd.DataFrame(rows, columns=columns)
    features.insert(0, "feature", range(len(features)))
    both = has.all(axis=1)
    high = {"near": both & near, "any": has[:, 0], "and": both}[rule]
    chance = {"near": (0.1, 0.9), "any": (0.1, 0.9), "and": (0, 1)}[rule]
    labels = (rng.random(n) < np.where(high, chance[1], chance[0])).astype(np.int8)[:, None]
    labels[:50] = -1
    split = np.repeat(["train", "validation", "test"], n // 3)
    examples = pd.DataFrame(
        {"example": range(n), "name": "e", "chrom": "", "start": pd.NA, "end": pd.NA, "origin": "x"}
    ).assign(split=split)
    return Dataset(np.full((n, 200), ord("A"), np.uint8), labels, ["bound"], examples, features)


def measured(coupling, n=6000, noise=0.3, seed=2):
    """Values of six bases that add up, with a coupling of the first two, and noise."""
    rng = np.random.default_rng(seed)
    bases = rng.choice(to_bases("ACGT"), (n, 6))
    energy = (bases == ord("A")) @ np.array([0.5, 0.4, 0.3, 0.2, 0.1, 0.0])
    energy += coupling * ((bases[:, 0] == ord("G")) & (bases[:, 1] == ord("T")))
    weights = rng.integers(1, 5, n).astype(np.float32)
    values = (energy + rng.normal(0, noise, n) / np.sqrt(weights)).astype(np.float32)[:, None]
    split = np.repeat(["train", "validation", "test"], n // 3)
    examples = pd.DataFrame({"example": range(n), "split": split})
    return Dataset(bases, values, ["ddG"], examples, weights=weights), energy


def sentence(dataset, outputs=None):
    fits = fit_tasks(dataset)
    table = held_out(fits, dataset, outputs, np.arange(len(dataset.bases)), 1)
    return fits, table, verdict(table)


def test_near_against_far_needs_terms_of_pairs():
    dataset = labelled()
    fits, table, words = sentence(dataset)
    assert words.startswith("bound: the data need interactions: terms of pairs by ")
    assert table["examples"].tolist() == [2000, 2000]
    assert not fits[0].separates
    rows = table.set_index("fit")
    noise = -(0.9 * np.log(0.9) + 0.1 * np.log(0.1))  # the loss of the truth itself
    assert rows.loc["pairs", "value"] == pytest.approx(noise, abs=0.03)


def test_one_feature_alone_needs_none():
    assert "no need of an interaction" in sentence(labelled(rule="any"))[2]


def test_an_and_is_separated():
    fits, table, words = sentence(labelled(rule="and"))
    assert fits[0].separates
    assert (table["separates"] == 1).all()
    assert "an additive fit separates the classes" in words


def test_a_twin_keeps_what_adds_up_and_loses_the_rest():
    dataset = labelled()
    fits, _, _ = sentence(dataset)
    twin = draw_twin(dataset, fits, 7, 1)
    assert (twin.labels == -1).sum() == 50
    assert twin.bases is dataset.bases
    known = dataset.labels[:, 0] >= 0
    present = {name: np.isin(np.arange(6000), dataset.features["example"][dataset.features["name"] == name])
               for name in "AB"}  # fmt: skip
    for has in present.values():
        for rows in (known & has, known & ~has):
            assert twin.labels[rows].mean() == pytest.approx(dataset.labels[rows].mean(), abs=0.04)
    words = sentence(twin)[2]
    assert "no need of an interaction" in words


def test_twins_follow_seed_and_number():
    dataset = labelled()
    fits = fit_tasks(dataset)
    drawn = {key: draw_twin(dataset, fits, *key).labels for key in ((7, 1), (7, 2), (8, 1))}
    assert np.array_equal(drawn[7, 1], draw_twin(dataset, fits, 7, 1).labels)
    assert not np.array_equal(drawn[7, 1], drawn[7, 2])
    assert not np.array_equal(drawn[7, 1], drawn[8, 1])


def test_a_twin_of_values_adds_up_with_the_noise_of_the_values():
    dataset, energy = measured(1.0)
    fits, table, words = sentence(dataset, energy[:, None])
    assert words.startswith("ddG: the data need interactions")
    assert table["fit"].tolist() == ["additive", "pairs", "network"]
    assert table["terms"].tolist()[:2] == [18, 18 + 15 * 9]
    twin = draw_twin(dataset, fits, 7, 1)
    noise = (twin.labels - twin.noise_free)[:, 0] * np.sqrt(dataset.weights)
    assert noise.std() == pytest.approx(0.3, rel=0.06)
    assert abs(np.corrcoef(noise, (dataset.labels[:, 0] - energy) * np.sqrt(dataset.weights))[0, 1]) < 0.05
    assert "no need of an interaction" in sentence(twin)[2]


def test_the_noise_of_a_twin_is_whole_where_terms_are_half_as_many_as_examples():
    """153 terms fitted to 300 examples take up half of the squared noise; what is left is scaled up."""
    dataset, _ = measured(0.5, n=900)
    twin = draw_twin(dataset, fit_tasks(dataset), 7, 1)
    noise = (twin.labels - twin.noise_free)[:, 0] * np.sqrt(dataset.weights)
    assert noise.std() == pytest.approx(0.3, rel=0.15)


def test_labels_without_features_are_refused():
    dataset = labelled()
    dataset.features = dataset.features.iloc[:0]
    with pytest.raises(InputError, match=r"^the dataset has labels and no features: an additive fit needs"):
        fit_tasks(dataset)


def test_a_task_of_one_class_is_refused():
    dataset = labelled()
    dataset.labels[:] = 1
    with pytest.raises(InputError, match=r"^the task bound lacks a class in the split train"):
        fit_tasks(dataset)
