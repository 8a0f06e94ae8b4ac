"""Training: the masked loss, what a batch holds, and which weights are kept."""

import numpy as np
import pandas as pd
import pytest

from dfim.datasets import evaluation
from dfim.datasets.dataset import Dataset
from dfim.errors import InputError
from dfim.networks import building, logits
from dfim.sequences.bases import one_hot, to_bases, to_string
from dfim.training import batches, fitting, losses, options
from dfim.training.fused import encode

# isort: split
import tensorflow as tf

LENGTH = 30
LAYERS = [{"kind": "convolution", "filters": 8, "width": 6}, {"kind": "global_max_pool"}]


def random_bases(rng, examples: int, length: int = LENGTH) -> np.ndarray:
    return np.frombuffer(b"ACGT", dtype=np.uint8)[rng.integers(4, size=(examples, length))]


def dataset_of(bases: np.ndarray, labels: np.ndarray, test: int, validation: int) -> Dataset:
    """The last examples are the test split, those before them the validation split."""
    train = len(bases) - test - validation
    split = np.repeat(["train", "validation", "test"], [train, validation, test])
    tasks = [f"task {number}" for number in range(labels.shape[1])]
    return Dataset(bases, labels.astype(np.int8), tasks, pd.DataFrame({"split": split}))


@pytest.fixture(scope="module")
def motifs() -> Dataset:
    """Task 0: GATAAG is there. Task 1: CACGTG is there. A third of the labels are missing."""
    rng = np.random.default_rng(0)
    bases, labels = random_bases(rng, 3000), rng.integers(2, size=(3000, 2))
    for task, motif in enumerate(("GATAAG", "CACGTG")):
        for row in np.flatnonzero(labels[:, task]):
            start = rng.integers(9) + 15 * task
            bases[row, start : start + 6] = to_bases(motif)
    labels[rng.random(labels.shape) < 1 / 3] = -1
    return dataset_of(bases, labels, test=500, validation=500)


def predicted(model, bases: np.ndarray) -> np.ndarray:
    """The network's own logits."""
    return logits.logits(model).predict(one_hot(bases), verbose=0)


def brute_force_loss(labels: np.ndarray, logits: np.ndarray, weights=None) -> float:
    terms = []
    for row, task in zip(*np.nonzero(labels != -1), strict=True):
        probability = 1 / (1 + np.exp(-np.float64(logits[row, task])))
        label = labels[row, task]
        weight = 1 if weights is None else weights[label, task]
        terms.append(-weight * np.log(probability if label else 1 - probability))
    return sum(terms) / len(terms)


# ----------------------------------------------------------------------------------------------- loss


@pytest.mark.parametrize("weights", [None, np.array([[0.5, 1.0, 2.0], [3.0, 1.0, 0.25]])])
def test_the_loss_is_the_mean_over_present_labels(weights):
    rng = np.random.default_rng(1)
    labels, logits = rng.integers(-1, 2, size=(7, 3)), rng.normal(0, 3, (7, 3)).astype(np.float32)
    assert set(np.unique(labels)) == {-1, 0, 1}
    found = float(losses.masked_loss(labels, logits, weights))
    assert found == pytest.approx(brute_force_loss(labels, logits, weights), rel=1e-5)


def test_a_missing_label_has_no_gradient():
    rng = np.random.default_rng(2)
    labels, logits = rng.integers(-1, 2, size=(7, 3)), tf.Variable(rng.normal(0, 1, (7, 3)))
    with tf.GradientTape() as tape:
        loss = losses.masked_loss(labels, logits)
    gradient = tape.gradient(loss, logits).numpy()
    assert (gradient[labels == -1] == 0).all()
    present = labels != -1
    error = 1 / (1 + np.exp(-logits.numpy())) - labels
    np.testing.assert_allclose(gradient[present], error[present] / present.sum(), rtol=1e-6)


def test_a_batch_without_labels_has_loss_and_gradient_0():
    logits = tf.Variable(np.linspace(-50, 50, 6, dtype=np.float32).reshape(3, 2))
    with tf.GradientTape() as tape:
        loss = losses.masked_loss(np.full((3, 2), -1), logits)
    assert float(loss) == 0
    assert (tape.gradient(loss, logits).numpy() == 0).all()


def test_balanced_weights_give_both_classes_the_same_total():
    labels = np.array([[1, 0, 1], [0, 0, 1], [0, -1, 1], [0, 1, -1]])
    weights = losses._weights_of_classes(labels, "balanced")
    np.testing.assert_allclose(weights[0, :2] * [3, 2], [2, 1.5])
    np.testing.assert_allclose(weights[1, :2] * [1, 1], [2, 1.5])
    assert np.isfinite(weights).all()  # the last task has no negative
    assert losses._weights_of_classes(labels, "none") is None


# ----------------------------------------------------------------------------------------------- batches


def test_turning_gives_the_reverse_complement():
    bases = np.stack([to_bases("AACGN"), to_bases("AACGN")])
    turned = batches._turn(tf.constant(bases), np.array([False, True])).numpy()
    assert [to_string(row) for row in turned] == ["AACGN", "NCGTT"]


def test_moving_shifts_the_window_and_fills_with_n():
    bases = np.tile(to_bases("ACGTT"), (4, 1))
    moved = batches._move(tf.constant(bases), np.array([0, 1, -2, 3]), 3).numpy()
    assert [to_string(row) for row in moved] == ["ACGTT", "CGTTN", "NNACG", "TTNNN"]


def epoch_of(dataset: Dataset, rows: np.ndarray, epoch: int, seed: int = 0, **chosen):
    settings = options.training_options(chosen)
    data = batches.training_batches(dataset.bases, dataset.labels, rows, settings, seed)(epoch)
    sequences, labels = zip(*data.as_numpy_iterator(), strict=True)
    assert {len(batch) for batch in sequences[:-1]} == {settings["batch_size"]}
    return encode(np.concatenate(sequences)).numpy(), np.concatenate(labels)


def test_an_epoch_holds_every_example_once_with_its_labels_in_an_order_of_its_own():
    rng = np.random.default_rng(3)
    dataset = dataset_of(random_bases(rng, 50), rng.integers(-1, 2, size=(50, 4)), test=3, validation=3)
    rows = np.arange(5, 44)
    orders = []
    for epoch, seed in ((1, 0), (2, 0), (1, 1), (1, 0)):
        x, y = epoch_of(dataset, rows, epoch, seed, batch_size=8)
        matches = (x[:, None] == one_hot(dataset.bases)[None]).all(axis=(2, 3))
        order = matches.argmax(axis=1)
        assert sorted(order) == list(rows)
        np.testing.assert_array_equal(y, dataset.labels[order])
        orders.append(tuple(order))
    assert len(set(orders)) == 3
    assert orders[0] == orders[3]


def test_augmentation_turns_about_half_and_moves_within_the_limit():
    rng = np.random.default_rng(4)
    dataset = dataset_of(random_bases(rng, 200), rng.integers(2, size=(200, 1)), test=0, validation=0)
    options = {"batch_size": 64, "reverse_complement": True, "shift": 2}
    x, _ = epoch_of(dataset, np.arange(200), 1, **options)
    plain, _ = epoch_of(dataset, np.arange(200), 1, batch_size=64)  # the same draws, so the same order
    middle = slice(3, LENGTH - 3)
    found = []
    for augmented, original in zip(x, plain, strict=True):
        kinds = {}
        for shift in range(-2, 3):
            moved = original[3 + shift : LENGTH - 3 + shift]
            kinds[False, shift], kinds[True, shift] = moved, moved[::-1, ::-1]
        found.append(next(kind for kind, value in kinds.items() if np.array_equal(augmented[middle], value)))
    turned, shifts = zip(*found, strict=True)
    assert 70 < sum(turned) < 130
    assert set(shifts) == {-2, -1, 0, 1, 2}


# ----------------------------------------------------------------------------------------------- training

FAST = {"learning_rate": 0.02, "batch_size": 64, "patience": 2}


@pytest.fixture(scope="module")
def trained(motifs):
    model = building.build_network(LAYERS, LENGTH, motifs.tasks, seed=1)
    return model, fitting.train(model, motifs, FAST | {"epochs": 12}, seed=1)


def test_a_motif_is_learned_from_incomplete_labels(motifs, trained):
    rows = motifs.rows("test")
    found = predicted(trained[0], motifs.bases[rows])
    assert (evaluation.metrics(motifs.labels[rows], found, motifs.tasks)["auroc"] > 0.95).all()


def test_history_has_the_columns_of_the_contract(trained):
    history = trained[1]
    assert list(history) == [
        "epoch",
        "loss",
        "validation_loss",
        "validation_auroc",
        "seconds",
        "learning_rate",
        "best",
    ]
    assert list(history["epoch"]) == list(range(1, len(history) + 1))
    assert history["best"].sum() == 1
    assert history["loss"].iloc[-1] < history["loss"].iloc[0]
    assert (history["seconds"] > 0).all()


def test_early_stopping_keeps_the_weights_of_the_best_epoch():
    rng = np.random.default_rng(5)
    # Labels without a cause: the network learns the training split by heart, and validation gets worse.
    dataset = dataset_of(random_bases(rng, 300), rng.integers(-1, 2, size=(300, 2)), test=0, validation=100)
    layers = [{"kind": "dense", "units": 30, "batch_normalisation": True}]
    model = building.build_network(layers, LENGTH, dataset.tasks)
    history = fitting.train(model, dataset, {"batch_size": 32, "patience": 3, "epochs": 50}, seed=0)
    best = history["validation_loss"].argmin()
    assert len(history) == best + 1 + 3 < 50
    assert list(history["best"]) == [int(epoch == best) for epoch in range(len(history))]

    rows = dataset.rows("validation")
    probabilities = model.predict(one_hot(dataset.bases[rows]), verbose=0).astype(np.float64)
    logits = np.log(probabilities) - np.log1p(-probabilities)
    kept = brute_force_loss(dataset.labels[rows], logits)
    assert kept == pytest.approx(history["validation_loss"].min(), rel=1e-4)
    assert kept < history["validation_loss"].iloc[-1] * 0.99  # not the last epoch's


def test_the_same_seed_gives_the_same_weights(motifs):
    layers = [*LAYERS, {"kind": "dense", "units": 4, "dropout": 0.5}]
    rows = np.arange(400)
    split = pd.DataFrame({"split": np.repeat(["train", "validation"], [300, 100])})
    few = Dataset(motifs.bases[rows], motifs.labels[rows], motifs.tasks, split)
    weights = []
    for seed in (1, 1, 2):
        model = building.build_network(layers, LENGTH, few.tasks, seed=0)
        fitting.train(model, few, FAST | {"epochs": 2, "shift": 1, "class_weights": "balanced"}, seed)
        weights.append(np.concatenate([array.ravel() for array in model.get_weights()]))
    np.testing.assert_array_equal(weights[0], weights[1])
    assert not np.array_equal(weights[0], weights[2])


def test_averaged_weights_are_validated_and_kept():
    rng = np.random.default_rng(8)
    dataset = dataset_of(random_bases(rng, 300), rng.integers(2, size=(300, 1)), test=50, validation=50)
    options = {"batch_size": 50, "epochs": 3, "patience": 3, "learning_rate": 0.05}
    kept = {}
    for averaging in (0, 0.8):
        model = building.build_network(LAYERS, LENGTH, dataset.tasks)
        history = fitting.train(model, dataset, {**options, "weight_averaging": averaging}, seed=0)
        rows = dataset.rows("validation")
        loss = losses.masked_loss(dataset.labels[rows], predicted(model, dataset.bases[rows]))
        assert float(loss) == pytest.approx(history.loc[history["best"] == 1, "validation_loss"].item())
        kept[averaging] = history
    # The steps themselves are the same ones.
    np.testing.assert_allclose(kept[0]["loss"], kept[0.8]["loss"], rtol=1e-5)
    assert not np.allclose(kept[0]["validation_loss"], kept[0.8]["validation_loss"], rtol=1e-3)


def test_the_learning_rate_follows_the_schedule(motifs):
    options = {"epochs": 2, "patience": 2, "schedule": "cosine", "learning_rate": 0.002}
    history = fitting.train(building.build_network(LAYERS, LENGTH, motifs.tasks), motifs, options, seed=0)
    np.testing.assert_allclose(history["learning_rate"], [0.002, 0.001])


def test_a_schedule_begins_when_a_network_is_better_than_chance(monkeypatch):
    # As after some epochs on a plateau: the measures are given, the steps are real.
    rng = np.random.default_rng(0)
    dataset = dataset_of(random_bases(rng, 300), rng.integers(2, size=(300, 1)), test=50, validation=50)
    areas = iter([0.5, 0.58, 0.55, 0.63, 0.5, 0.7, 0.8])
    measured = {"validation_loss": 1.0}
    monkeypatch.setattr(
        fitting, "_validation", lambda *_: lambda _: measured | {"validation_auroc": next(areas)}
    )
    options = {"epochs": 2, "patience": 5, "schedule": "cosine", "learning_rate": 0.002, "wait": 4}
    model = building.build_network(LAYERS, LENGTH, dataset.tasks)
    history = fitting.train(model, dataset, options, seed=0)
    np.testing.assert_allclose(history["learning_rate"], [0.002] * 4 + [0.001])
    # Patience counts from there too, and the best epoch is one that counts: the first of equal losses.
    areas = iter([0.5, 0.58, 0.55, 0.63, 0.5, 0.7, 0.8])
    history = fitting.train(model, dataset, options | {"epochs": 9, "patience": 2}, seed=0)
    assert len(history) == 6
    assert history.loc[history["best"] == 1, "epoch"].item() == 4


def test_a_diverging_training_ends_in_a_sentence(motifs):
    model = building.build_network([{"kind": "dense", "units": 3}] * 3, LENGTH, motifs.tasks)
    with pytest.raises(
        InputError, match=r"of epoch 1 is (nan|inf), so the training diverged: lower the training"
    ):
        fitting.train(model, motifs, {"learning_rate": 1e30}, seed=0)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"momentum": 1},
            "training has no option 'momentum'; the options are learning_rate, batch_size, epochs",
        ),
        ({"batch_size": 0}, "the training option batch_size is 0, and it must be a whole number above 0."),
        ({"epochs": 2.5}, "the training option epochs is 2.5, and it must be a whole number above 0."),
        (
            {"learning_rate": "1e-3"},
            "the training option learning_rate is '1e-3', and it must be a number above 0.",
        ),
        (
            {"shift": -1},
            "the training option shift is -1, and it must be a whole number of bases, 0 for none.",
        ),
        (
            {"class_weights": "even"},
            "the training option class_weights is 'even', and it must be none or balanced.",
        ),
        (
            {"reverse_complement": 1},
            "the training option reverse_complement is 1, and it must be true or false.",
        ),
        (
            {"schedule": "linear"},
            "the training option schedule is 'linear', and it must be one of constant, cosine, plateau.",
        ),
        (
            {"weight_decay": -1},
            "the training option weight_decay is -1, and it must be a number, 0 for none.",
        ),
        (
            {"weight_averaging": 1},
            "the training option weight_averaging is 1, and it must be a number from 0, for none, to below",
        ),
    ],
)
def test_impossible_options_are_refused(motifs, options, sentence):
    model = building.build_network(LAYERS, LENGTH, motifs.tasks)
    with pytest.raises(InputError) as error:
        fitting.train(model, motifs, options, seed=0)
    assert str(error.value).startswith(sentence)


def test_data_that_do_not_fit_are_refused(motifs):
    with pytest.raises(
        InputError, match=r"^the sequences have 30 bases, and the network takes 40: build the network"
    ):
        fitting.train(building.build_network(LAYERS, 40, motifs.tasks), motifs, {}, seed=0)
    with pytest.raises(
        InputError, match=r"^the data set has 2 tasks, and the network has 1 output: build the"
    ):
        fitting.train(building.build_network(LAYERS, LENGTH, ["a"]), motifs, {}, seed=0)
    unlabelled = dataset_of(motifs.bases[:20], np.where(np.arange(20)[:, None] < 10, 1, -1), 0, validation=10)
    with pytest.raises(
        InputError, match=r"^the split validation has no labelled example, and training needs both"
    ):
        fitting.train(building.build_network(LAYERS, LENGTH, ["a"]), unlabelled, {}, seed=0)


# ----------------------------------------------------------------------------------------- measured values


@pytest.fixture(scope="module")
def measured() -> Dataset:
    """A value is 2 for each G of the first five positions, and noise; a tenth of the values are missing."""
    rng = np.random.default_rng(8)
    bases = random_bases(rng, 2000, 10)
    truth = 2.0 * (bases[:, :5] == ord("G")).sum(axis=1, keepdims=True)
    values = truth + rng.normal(0, 0.3, truth.shape)
    values[rng.random(values.shape) < 0.1] = np.nan
    split = np.repeat(["train", "validation", "test"], [1400, 300, 300])
    weights = rng.uniform(0.5, 1.5, 2000)
    examples = pd.DataFrame({"split": split})
    return Dataset(bases, values, ["ddG"], examples, weights=weights, noise_free=truth)


def test_the_squared_error_is_the_weighted_mean_over_present_values(measured):
    answers, loss = losses.answers_and_loss(measured)
    outputs = np.random.default_rng(9).normal(3, 2, (2000, 1)).astype(np.float32)
    known = ~np.isnan(measured.labels[:, 0])
    errors = (measured.labels - outputs)[known, 0] ** 2
    expected = np.average(errors, weights=measured.weights[known])
    assert float(loss(answers, outputs)) == pytest.approx(expected, rel=1e-5)
    assert float(loss(answers[~known], outputs[~known])) == 0
    with pytest.raises(
        InputError, match=r"^the training option class_weights is 'balanced', and the data set"
    ):
        losses.answers_and_loss(measured, "balanced")


def test_values_are_learned_by_a_network_with_a_linear_head(measured):
    model = building.build_network([{"kind": "dense", "units": 16}], 10, measured.tasks, 0, "linear")
    history = fitting.train(model, measured, {"batch_size": 64, "epochs": 15, "learning_rate": 0.01}, seed=0)
    assert list(history) == [
        "epoch",
        "loss",
        "validation_loss",
        "validation_r2",
        "seconds",
        "learning_rate",
        "best",
    ]
    outputs = predicted(model, measured.bases)
    table = evaluation.evaluate(measured, "test", outputs, outputs + 0.5)
    row = table.iloc[0]
    rows = measured.rows("test")
    truth, known = measured.labels[rows, 0], ~np.isnan(measured.labels[rows, 0])
    found = outputs[rows, 0]
    residual = ((truth - found)[known] ** 2).sum() / ((truth[known] - truth[known].mean()) ** 2).sum()
    assert row["r2"] == pytest.approx(1 - residual, abs=1e-6)
    assert row["r2"] > 0.95 * row["noise_ceiling"]
    assert row["noise_ceiling"] == pytest.approx(1 - 0.3**2 / np.var(truth[known]), abs=0.01)
    assert row["pearson"] == pytest.approx(np.corrcoef(truth[known], found[known])[0, 1])
    assert row["strand_pearson"] == pytest.approx(1)
    assert row["strand_rmsd"] == pytest.approx(0.5, rel=1e-4)
    assert row["examples"] == known.sum()
    points = evaluation.curves(measured.labels[rows], outputs[rows], measured.tasks)
    assert set(points["curve"]) == {"values"}
    np.testing.assert_array_equal(points["x"], truth[known])
