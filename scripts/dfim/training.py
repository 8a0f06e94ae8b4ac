"""Training and evaluating networks on data sets of labels, or of measured values; some may be missing.

Sequences stay bases, one byte each, and are encoded inside the compiled step (:mod:`dfim.trainer`).
"""

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pandas as pd
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import (
    average_precision_score,
    precision_recall_curve,
    r2_score,
    roc_auc_score,
    roc_curve,
)

from dfim.areas import AREAS, bootstrap_areas, intervals
from dfim.checkpoint import Checkpoint, digest_of
from dfim.dataset import MISSING, Dataset
from dfim.errors import InputError
from dfim.progress import Progress
from dfim.schedules import SCHEDULES, learning_rate
from dfim.trainer import FusedAdam, from_bases

# isort: split
import keras
import tensorflow as tf

OPTIONS = {
    "learning_rate": 0.001,
    "batch_size": 128,
    "epochs": 100,
    "patience": 3,
    # The paper has none of these.
    "reverse_complement": False,
    "shift": 0,
    "class_weights": "none",
    "schedule": "constant",
    "plateau": 5,
    "weight_decay": 0.0,
    "weight_averaging": 0.0,
}
PREDICTION_BATCH = 128
# Batches that one call of the compiled step works through: small networks are bound by the calls.
STEPS_AT_ONCE = 16
MOST_CURVE_POINTS = 1000
MOST_VALUES = 20_000

_COMPLEMENT = np.arange(256, dtype=np.uint8)
_COMPLEMENT[list(b"ACGT")] = list(b"TGCA")

logger = logging.getLogger("dfim")


def prepare_tensorflow(threads: int) -> None:
    """Limit TensorFlow to a number of threads and make it repeat its results, on GPUs too.

    Must come before anything is computed in the process.
    """
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    tf.config.experimental.enable_op_determinism()


# ----------------------------------------------------------------------------------------------- training


def masked_loss(labels, logits, class_weights: np.ndarray | None = None) -> tf.Tensor:
    """Return the mean binary cross-entropy over the labels that are present, a scalar.

    ``labels`` (examples, tasks): 1, 0 or -1 for missing; ``logits`` of the same shape. ``class_weights``,
    shape (2, tasks), multiplies the terms of negative (row 0) and positive (row 1) labels. Missing labels
    enter neither the sum nor the count; a batch without any label has the loss 0.
    """
    logits = tf.convert_to_tensor(logits)
    labels = tf.cast(labels, logits.dtype)
    present = tf.cast(labels != MISSING, logits.dtype)
    terms = present * tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.maximum(labels, 0), logits=logits)
    if class_weights is not None:
        negative, positive = tf.unstack(tf.cast(class_weights, logits.dtype))
        terms *= tf.where(labels == 1, positive, negative)
    return tf.reduce_sum(terms) / tf.maximum(tf.reduce_sum(present), 1)


def squared_error(targets_and_weights, outputs) -> tf.Tensor:
    """Return the weighted mean squared error over the targets that are present, a scalar.

    ``outputs`` has the shape (examples, tasks); ``targets_and_weights`` (examples, 2 · tasks) has first the
    targets, then the weight of each, 0 for one that is missing. A batch without any weight has the loss 0.
    """
    outputs = tf.convert_to_tensor(outputs)
    targets, weights = tf.split(tf.cast(targets_and_weights, outputs.dtype), 2, axis=1)
    total = tf.reduce_sum(weights)
    return tf.math.divide_no_nan(tf.reduce_sum(weights * tf.square(targets - outputs)), total)


def answers_and_loss(dataset: Dataset, class_weights: str = "none") -> tuple[np.ndarray, Callable]:
    """Return what the examples of a data set are to be answered, one row each, and the loss of a batch of it.

    For labels these are the labels and :func:`masked_loss`, with the ``class_weights`` of the split
    ``train``; for measured values the targets with their weights and :func:`squared_error`. The loss takes
    rows of the answers and as many rows of logits. Raises InputError on class weights for measured values.
    """
    if not dataset.real_valued:
        weights = _class_weights(dataset.labels[dataset.rows("train")], class_weights)
        return dataset.labels, lambda labels, logits: masked_loss(labels, logits, weights)
    if class_weights != "none":
        raise InputError(
            f"the training option class_weights is {class_weights!r}, and the data set has measured values, "
            f"no classes: leave it none."
        )
    weights = dataset.present.astype(np.float32)
    if dataset.weights is not None:
        weights *= dataset.weights[:, np.newaxis]
    targets = np.nan_to_num(dataset.labels.astype(np.float32))
    return np.concatenate([targets, weights], axis=1), squared_error


def train(
    model: keras.Sequential,
    dataset: Dataset,
    options: dict,
    seed: int,
    checkpoint: str | os.PathLike | None = None,
) -> pd.DataFrame:
    """Train a network on the split ``train``, in place; keep the weights of the best epoch on ``validation``.

    Adam on the loss of :func:`answers_and_loss`. Training ends after ``patience`` epochs without a lower
    validation loss, or after ``epochs``. ``options`` may set any key of :data:`OPTIONS`: ``learning_rate``,
    ``batch_size``, ``epochs``, ``patience``; ``reverse_complement`` (each example is turned with probability
    ½, anew in each epoch), ``shift`` (each window is moved by up to so many bases to either side, anew in
    each epoch; what enters is N), ``class_weights`` (``balanced`` gives both classes of a task the same
    weight in total, ``none`` leaves them), ``schedule`` and ``plateau``
    (:func:`dfim.schedules.learning_rate`), ``weight_decay`` (decoupled from the gradient; not of biases and
    normalisations), ``weight_averaging`` (above 0, the moving average of the weights over the steps is
    validated and kept, :meth:`dfim.trainer.FusedAdam.follow`).

    Returns one row per epoch: ``epoch`` from 1, ``loss`` (mean over the epoch, dropout on),
    ``validation_loss``, ``validation_auroc``, or ``validation_r2`` of measured values (mean over tasks),
    ``seconds``, ``learning_rate``, ``best`` (1 for the epoch whose weights were kept).
    The same seed gives the same weights on the same machine with the same number of threads.

    ``checkpoint`` is a file (.npz) that is written after each epoch and that a later call with the same
    arguments takes up, ending in the same weights as a training that was never interrupted; the caller
    removes it. One of other arguments, or a damaged one, is not used.

    Raises InputError on an unknown or impossible option, on data that do not fit the network, on a split
    without labels and on a loss that is not a number.
    """
    options = _training_options(options)
    check_fit(model, dataset)
    _check_labels(dataset)
    trained, validation = dataset.rows("train"), dataset.rows("validation")
    answers, loss_of = answers_and_loss(dataset, options["class_weights"])
    bases, answers, labels = dataset.bases[validation], answers[validation], dataset.labels[validation]
    measure = "r2" if dataset.real_valued else "auroc"
    trainer, run_epoch = epochs(model, dataset, options, seed)
    saved = Checkpoint(checkpoint, _digest(model, dataset, options, seed), trainer)
    history, best_weights = saved.restore()
    while len(history) < options["epochs"] and len(history) - _best(history) < options["patience"]:
        epoch, begin = len(history) + 1, time.monotonic()
        step_size = learning_rate(options, epoch, [row["validation_loss"] for row in history])
        trainer.optimizer.learning_rate = step_size
        loss = run_epoch(epoch)
        rate = len(trained) / (time.monotonic() - begin)
        with averaged_weights(trainer):
            logits, weights = predict(trainer, bases), trainer.get_weights()
        row = {"epoch": epoch, "loss": loss, "validation_loss": float(loss_of(answers, logits))}
        _check_finite(row, options)
        row[f"validation_{measure}"] = float(metrics(labels, logits, dataset.tasks)[measure].iloc[-1])
        row["seconds"] = time.monotonic() - begin
        history.append({**row, "learning_rate": step_size})
        if _best(history) == epoch:
            best_weights = weights
        logger.info(
            "epoch %d: loss %.4g, validation loss %.4g, validation %s %.4f, %.1f s, %.0f examples/s%s",
            *list(row.values())[:3], measure, *list(row.values())[3:], rate,
            ", best so far" if _best(history) == epoch else "",
        )  # fmt: skip
        saved.save(history, best_weights)
    trainer.set_weights(best_weights)
    best = _best(history)
    return pd.DataFrame(history).assign(best=lambda table: (table["epoch"] == best).astype(int))


def _best(history: list[dict]) -> int:
    """Return the epoch with the lowest validation loss, the first of equals; 0 before the first epoch."""
    return min(history, key=lambda row: row["validation_loss"])["epoch"] if history else 0


def _digest(model: keras.Sequential, dataset: Dataset, options: dict, seed: int) -> str:
    """Return a digest of everything that decides what a training ends in, but the machine."""
    settings = {
        "options": options,
        "seed": seed,
        "layers": [(type(layer).__name__, _plain_options(layer)) for layer in model.layers],
        "versions": [tf.__version__, keras.__version__],
    }
    rows = np.concatenate([dataset.rows("train"), dataset.rows("validation")])
    given = [rows, dataset.bases[rows], dataset.labels[rows]]
    if dataset.weights is not None:
        given.append(dataset.weights[rows])
    return digest_of(settings, [*given, *model.get_weights()])


def _plain_options(layer: keras.layers.Layer) -> dict:
    """Return the options of a layer that are numbers, text or lists; not its name, which counts layers."""
    plain = (bool, int, float, str, list, tuple)
    return {
        key: value for key, value in layer.get_config().items() if key != "name" and isinstance(value, plain)
    }


def epochs(
    model: keras.Sequential, dataset: Dataset, options: dict, seed: int
) -> tuple[keras.Model, Callable[[int], float]]:
    """Return the trainer of a network, compiled, and a function that trains it for one epoch.

    The trainer is that of :func:`dfim.trainer.from_bases`. The function takes the number of the epoch, from
    1, which together with ``seed`` decides its order and augmentation, and returns the mean loss. The
    arguments are those of :func:`train`.
    """
    options = _training_options(options)
    rows, batch_size = dataset.rows("train"), options["batch_size"]
    answers, loss = answers_and_loss(dataset, options["class_weights"])
    trainer = from_bases(model)
    optimizer = FusedAdam(options["learning_rate"], weight_decay=options["weight_decay"] or None)
    optimizer.exclude_from_weight_decay([each for each in trainer.trainable_weights if len(each.shape) < 2])
    if options["weight_averaging"]:
        optimizer.follow(trainer.weights, options["weight_averaging"])
    trainer.compile(
        optimizer=optimizer,
        loss=loss,
        steps_per_execution=min(STEPS_AT_ONCE, -(-len(rows) // batch_size)),
        jit_compile=False,
    )
    batches = _training_batches(dataset.bases, answers, rows, options, seed)
    return trainer, lambda epoch: _run_epoch(trainer, batches(epoch), epoch, len(rows), batch_size)


@contextmanager
def averaged_weights(trainer: keras.Model) -> Iterator[None]:
    """Lend a trainer the averages of its weights, where its optimiser keeps them."""
    averages = trainer.optimizer.averages
    own = trainer.get_weights() if averages else None
    if averages:
        trainer.set_weights([average.numpy() for average in averages])
    yield
    if averages:
        trainer.set_weights(own)


def _training_options(options: dict) -> dict:
    """Return the options with defaults filled in; raises InputError on an unknown key or impossible value."""
    for key in options:
        if key not in OPTIONS:
            raise InputError(f"training has no option {key!r}; the options are {', '.join(OPTIONS)}.")
    options = {**OPTIONS, **options}
    needed = {
        "learning_rate": (lambda value: value > 0, "a number above 0"),
        "batch_size": (lambda value: value == int(value) >= 1, "a whole number above 0"),
        "epochs": (lambda value: value == int(value) >= 1, "a whole number above 0"),
        "patience": (lambda value: value == int(value) >= 1, "a whole number above 0"),
        "reverse_complement": (lambda value: isinstance(value, bool), "true or false"),
        "shift": (lambda value: value == int(value) >= 0, "a whole number of bases, 0 for none"),
        "class_weights": (lambda value: value in ("none", "balanced"), "none or balanced"),
        "schedule": (lambda value: value in SCHEDULES, f"one of {', '.join(SCHEDULES)}"),
        "plateau": (lambda value: value == int(value) >= 1, "a whole number of epochs above 0"),
        "weight_decay": (lambda value: value >= 0, "a number, 0 for none"),
        "weight_averaging": (lambda value: 0 <= value < 1, "a number from 0, for none, to below 1"),
    }
    for key, (good, description) in needed.items():
        number = key not in ("reverse_complement", "class_weights", "schedule")
        if (number and not isinstance(options[key], int | float)) or not good(options[key]):
            raise InputError(f"the training option {key} is {options[key]!r}, and it must be {description}.")
    return options


def check_fit(model: keras.Sequential, dataset: Dataset, names: list[str] | None = None) -> None:
    """Raise InputError when a data set's length of sequence or number of tasks is not the network's.

    ``names`` are those of the network's outputs where they are more than the data set's tasks.
    """
    length, tasks = model.input_shape[1], model.output_shape[-1]
    if dataset.bases.shape[1] != length:
        raise InputError(
            f"the sequences have {dataset.bases.shape[1]} bases, and the network takes {length}: build the "
            f"network for the length of the data set."
        )
    names = names or dataset.tasks
    if len(names) != tasks:
        raise InputError(
            f"the data set has {len(names)} tasks, and the network has {tasks} outputs: build the "
            f"network for the tasks of the data set."
        )


def _check_labels(dataset: Dataset):
    for split in ("train", "validation"):
        if not dataset.present[dataset.rows(split)].any():
            raise InputError(
                f"the split {split} has no labelled example, and training needs both train and validation: "
                f"give it more chromosomes or a larger share."
            )


def _check_finite(row: dict, options: dict):
    for name in ("loss", "validation_loss"):
        if not np.isfinite(row[name]):
            raise InputError(
                f"the {name.replace('_', ' ')} of epoch {row['epoch']} is {row[name]}, so the training "
                f"diverged: lower the training option learning_rate, which is {options['learning_rate']}."
            )


def _class_weights(labels: np.ndarray, kind: str) -> np.ndarray | None:
    """Return weights of the classes, shape (2, tasks), with mean 1 over the present labels; None for none."""
    if kind == "none":
        return None
    counts = np.stack([(labels == value).sum(axis=0) for value in (0, 1)])
    return counts.sum(axis=0) / (2 * np.maximum(counts, 1))


def _training_batches(bases, answers, rows: np.ndarray, options: dict, seed: int) -> Callable:
    """Return a function from the number of an epoch to its batches of bases: shuffled and augmented."""
    shift = options["shift"]
    with tf.device("CPU:0"):  # a batch is small next to the whole
        bases, answers = tf.constant(bases), tf.constant(answers)

    def batch(rows, turned, shifts):
        x = tf.gather(bases, rows)
        x = _move(x, shifts, shift) if shift else x
        x = _turn(x, turned) if options["reverse_complement"] else x
        return x, tf.cast(tf.gather(answers, rows), tf.float32)

    def batches(epoch: int) -> tf.data.Dataset:
        rng = np.random.default_rng([seed, epoch])
        draws = (
            rng.permutation(rows),
            rng.random(len(rows)) < 0.5,
            rng.integers(-shift, shift + 1, len(rows)),
        )
        data = tf.data.Dataset.from_tensor_slices(draws).batch(options["batch_size"])
        return data.map(batch, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)

    return batches


def _turn(bases: tf.Tensor, turned: tf.Tensor) -> tf.Tensor:
    """Return the reverse complement of those examples, rows of ``bases``, where ``turned`` is true."""
    other = tf.reverse(tf.gather(_COMPLEMENT, tf.cast(bases, tf.int32)), axis=[1])
    return tf.where(turned[:, tf.newaxis], other, bases)


def _move(bases: tf.Tensor, shifts: tf.Tensor, most: int) -> tf.Tensor:
    """Move the window of each example by its shift, at most ``most`` to either side; N beyond its ends."""
    padded = tf.pad(bases, [[0, 0], [most, most]], constant_values=np.uint8(ord("N")))
    positions = tf.range(bases.shape[1], dtype=tf.int64) + most + shifts[:, tf.newaxis]
    return tf.gather(padded, positions, batch_dims=1)


class _Progress(keras.callbacks.Callback):
    """A bar with rate and time left for epochs that last."""

    def __init__(self, bar: Progress, batch_size: int):
        super().__init__()
        self.bar, self.batch_size = bar, batch_size

    def on_train_batch_end(self, batch, logs=None):
        # Several batches at once: ``batch`` is the last of them, counted from 0.
        self.bar.update(min((batch + 1) * self.batch_size, self.bar.total) - self.bar.n)


def _run_epoch(trainer: keras.Model, batches: tf.data.Dataset, epoch: int, examples: int, batch_size: int):
    """Train for one epoch and return its mean loss."""
    name = f"epoch {epoch}"
    with Progress(total=examples, desc=name, unit=" examples", leave=False) as bar:
        run = trainer.fit(batches, shuffle=False, verbose=0, callbacks=[_Progress(bar, batch_size)])
    return run.history["loss"][0]


# -------------------------------------------------------------------------------------- prediction, metrics


def predict_logits(
    model: keras.Sequential, bases: np.ndarray, batch_size: int = PREDICTION_BATCH
) -> np.ndarray:
    """Return the logits of sequences, float32 (examples, tasks), from bases, uint8 (examples, positions)."""
    return predict(compiled_predictor(model, len(bases), batch_size), bases, batch_size)


def compiled_predictor(
    model: keras.Sequential, examples: int, batch_size: int = PREDICTION_BATCH
) -> keras.Model:
    """Return a network from bases to logits for :func:`predict`, compiled for so many examples."""
    predictor = from_bases(model)
    batches = max(1, -(-examples // batch_size))
    predictor.compile(steps_per_execution=min(STEPS_AT_ONCE, batches), jit_compile=False)
    return predictor


def predict(predictor: keras.Model, bases: np.ndarray, batch_size: int = PREDICTION_BATCH) -> np.ndarray:
    """Run a compiled network from bases to logits over all sequences, as :func:`predict_logits` does."""
    if not len(bases):
        return np.empty((0, predictor.output_shape[-1]), dtype=np.float32)
    with tf.device("CPU:0"):
        bases = tf.constant(bases)
    rows = tf.data.Dataset.range(len(bases)).batch(batch_size)
    batches = rows.map(lambda rows: tf.gather(bases, rows)).prefetch(tf.data.AUTOTUNE)
    return predictor.predict(batches, verbose=0)


def metrics(labels: np.ndarray, logits: np.ndarray, tasks: list[str]) -> pd.DataFrame:
    """Return how well logits answer labels or measured values, of each task, over the examples that have one.

    ``labels`` (examples, tasks): integers 1, 0 or -1 for missing, or numbers, NaN for missing; ``logits`` of
    the same shape.

    Of labels: columns ``task``, ``auroc``, ``auprc`` (average precision, without interpolation),
    ``positives``, ``negatives``; a task that lacks one of the classes has NaN for both areas. Of values:
    ``task``, ``r2`` (1 − squared errors / squared deviations from the mean), ``pearson``, ``spearman``,
    ``examples``; NaN for a task with fewer than two different values. The last row, ``mean``, has the means
    over the tasks that have a value, and the sums of the numbers of examples.
    """
    real_valued = labels.dtype.kind == "f"
    counts = ["examples"] if real_valued else ["positives", "negatives"]
    table = pd.DataFrame((_agreement if real_valued else _separation)(labels, logits, tasks))
    means = table.drop(columns=["task", *counts]).mean()
    mean = pd.DataFrame([{"task": "mean", **means, **table[counts].sum()}])
    return pd.concat([table, mean], ignore_index=True).astype(dict.fromkeys(counts, int))[list(table)]


def _agreement(values: np.ndarray, outputs: np.ndarray, tasks: list[str]) -> list[dict]:
    """Return the rows of :func:`metrics` for measured values."""
    rows = []
    for task, truth, score in zip(tasks, values.T, outputs.T, strict=True):
        truth, score = truth[~np.isnan(truth)].astype(float), score[~np.isnan(truth)].astype(float)
        defined = len(np.unique(truth)) > 1
        measures = {"r2": r2_score, "pearson": lambda a, b: pearsonr(a, b)[0]}
        measures["spearman"] = lambda a, b: spearmanr(a, b)[0]
        found = {name: measure(truth, score) if defined else np.nan for name, measure in measures.items()}
        rows.append({"task": task, **found, "examples": len(truth)})
    return rows


def _separation(labels: np.ndarray, logits: np.ndarray, tasks: list[str]) -> list[dict]:
    """Return the rows of :func:`metrics` for labels."""
    rows = []
    for task, truth, score in zip(tasks, labels.T, logits.T, strict=True):
        truth, score = truth[truth != MISSING], score[truth != MISSING]
        positives, negatives = int((truth == 1).sum()), int((truth == 0).sum())
        defined = positives and negatives
        rows.append(
            {
                "task": task,
                "auroc": roc_auc_score(truth, score) if defined else np.nan,
                "auprc": average_precision_score(truth, score) if defined else np.nan,
                "positives": positives,
                "negatives": negatives,
            }
        )
    return rows


def evaluate(
    dataset: Dataset, split: str, logits: np.ndarray, turned: np.ndarray, seed: int = 0
) -> pd.DataFrame:
    """Return the :func:`metrics` of a split, with a column ``split`` in front.

    ``logits`` (examples, tasks) are of all examples, ``turned`` those of their reverse complements. Of labels
    each area has bounds, ``auroc_low``, ``auroc_high``, ``auprc_low``, ``auprc_high``: 95 % of its bootstrap
    over the examples of the split (:func:`dfim.areas.bootstrap_areas`), in the row ``mean`` that of the mean
    over tasks. Measured
    values get two columns more, ``strand_pearson`` and ``strand_rmsd``, the correlation of both and the root
    of their mean squared difference, and where values without noise are known ``noise_ceiling``: the r² of
    these, which no prediction can be expected to exceed.
    """
    rows = dataset.rows(split)
    table = metrics(dataset.labels[rows], logits[rows], dataset.tasks)
    if dataset.real_valued:
        strands = metrics(logits[rows], turned[rows], dataset.tasks)
        table["strand_pearson"] = strands["pearson"]
        distance = np.sqrt(np.square(logits[rows] - turned[rows]).mean(axis=0))
        table["strand_rmsd"] = [*distance, distance.mean()]
        if dataset.noise_free is not None:
            ceiling = metrics(dataset.labels[rows], dataset.noise_free[rows], dataset.tasks)
            table["noise_ceiling"] = ceiling["r2"]
    else:
        table = _with_intervals(table, dataset.labels[rows], logits[rows], seed)
    return table.assign(split=split)[["split", *table.columns]]


def _with_intervals(table: pd.DataFrame, labels: np.ndarray, logits: np.ndarray, seed: int) -> pd.DataFrame:
    """Return the :func:`metrics` of labels with the bounds of each area after it."""
    areas = bootstrap_areas(labels, logits, seed)
    with_any = ~np.isnan(areas).all(axis=(0, 2))
    mean = areas[:, with_any].mean(axis=1, keepdims=True) if with_any.any() else areas[:, :1] * np.nan
    bounds = intervals(np.concatenate([areas, mean], axis=1))
    for number, name in enumerate(AREAS):
        place = table.columns.get_loc(name) + 1
        table.insert(place, f"{name}_low", bounds[0, :, number])
        table.insert(place + 1, f"{name}_high", bounds[1, :, number])
    return table


def curves(labels: np.ndarray, logits: np.ndarray, tasks: list[str]) -> pd.DataFrame:
    """Return the points of the ROC and the precision-recall curve of each task, at most 1000 a curve.

    Columns ``task``, ``curve`` (``roc``: x false positive rate, y true positive rate; ``pr``: x recall, y
    precision), ``x`` (ascending), ``y``. A task that lacks one of the classes has no rows. Of measured values
    the ``curve`` is ``values``: x measured, y predicted, in the order of the examples, of at most 20,000
    examples at equal steps.
    """
    if labels.dtype.kind == "f":
        return _values(labels, logits, tasks)
    tables = []
    for task, truth, score in zip(tasks, labels.T, logits.T, strict=True):
        truth, score = truth[truth != MISSING], score[truth != MISSING]
        if len(np.unique(truth)) < 2:
            continue
        false_rate, true_rate, _ = roc_curve(truth, score, drop_intermediate=True)
        precision, recall, _ = precision_recall_curve(truth, score, drop_intermediate=True)
        for curve, x, y in (("roc", false_rate, true_rate), ("pr", recall[::-1], precision[::-1])):
            kept = _thinned(x, y, MOST_CURVE_POINTS)
            tables.append(pd.DataFrame({"task": task, "curve": curve, "x": x[kept], "y": y[kept]}))
    if not tables:
        return pd.DataFrame({"task": [], "curve": [], "x": [], "y": []})
    return pd.concat(tables, ignore_index=True)


def _values(targets: np.ndarray, outputs: np.ndarray, tasks: list[str]) -> pd.DataFrame:
    """Return measured and predicted values of each task as the points of a curve."""
    tables = []
    for task, x, y in zip(tasks, targets.T, outputs.T, strict=True):
        rows = np.flatnonzero(~np.isnan(x))
        rows = rows[:: -(-len(rows) // MOST_VALUES) or 1]
        tables.append(pd.DataFrame({"task": task, "curve": "values", "x": x[rows], "y": y[rows]}))
    return pd.concat(tables, ignore_index=True)


def _thinned(x: np.ndarray, y: np.ndarray, most: int) -> np.ndarray:
    """Return the numbers of at most ``most`` points that lie evenly along a curve, both ends included."""
    if len(x) <= most:
        return np.arange(len(x))
    along = np.concatenate([[0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
    return np.unique(np.searchsorted(along, np.linspace(0, along[-1], most)).clip(0, len(x) - 1))
