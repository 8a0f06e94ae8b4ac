"""Training networks on data sets of labels, or of measured values, of which some may be missing.

Sequences stay bases, one byte each, and are encoded inside the compiled step (:mod:`dfim.training.fused`).
"""

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pandas as pd

from dfim.datasets.dataset import Dataset, check_fit
from dfim.datasets.evaluation import metrics
from dfim.progress import Progress
from dfim.training.batches import training_batches, validation_batches
from dfim.training.checkpoint import Checkpoint, digest_of
from dfim.training.frameworks import keras, tf
from dfim.training.fused import STEPS_AT_ONCE, FusedAdam, from_bases
from dfim.training.losses import answers_and_loss
from dfim.training.options import check_finite, check_labels, plain_options, training_options
from dfim.training.schedules import learning_rate, waited

logger = logging.getLogger("dfim")


def prepare_tensorflow(threads: int) -> None:
    """Limit TensorFlow to a number of threads and make it repeat its results, on GPUs too.

    Must come before anything is computed in the process.
    """
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    tf.config.experimental.enable_op_determinism()


def train(
    model: keras.Sequential,
    dataset: Dataset,
    options: dict,
    seed: int,
    checkpoint: str | os.PathLike | None = None,
) -> pd.DataFrame:
    """Train a network on the split ``train``, in place; keep the weights of the best epoch on ``validation``.

    Adam on the loss of :func:`answers_and_loss`. Training ends after ``patience`` epochs without a lower
    validation loss, or after ``epochs``; before either, up to ``wait`` epochs at the first learning rate may
    go by until the network is better than chance (:func:`dfim.training.schedules.waited`). ``options`` may
    set any key of :data:`OPTIONS`: these three, ``learning_rate``, ``batch_size``; ``reverse_complement``
    (each example is turned with probability ½, anew in each epoch), ``shift`` (each window is moved by up to
    so many bases to either side, anew in each epoch; what enters is N), ``class_weights`` (``balanced`` gives
    both classes of a task the same weight in total, ``none`` leaves them), ``schedule`` and ``plateau``
    (:func:`dfim.training.schedules.learning_rate`), ``weight_decay`` (decoupled from the gradient; not of
    biases and normalisations), ``weight_averaging`` (above 0, the moving average of the weights over the
    steps is validated and kept, :meth:`dfim.training.fused.FusedAdam.follow`).

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
    options = training_options(options)
    check_fit(dataset, model.input_shape[1], model.output_shape[-1])
    check_labels(dataset)
    validate = _validation(dataset, options)
    trainer, run_epoch = epochs(model, dataset, options, seed)
    saved = Checkpoint(checkpoint, _digest(model, dataset, options, seed), trainer)
    history, best_weights = saved.restore()
    while _goes_on(history, options):
        epoch, begin = len(history) + 1, time.monotonic()
        losses = [row["validation_loss"] for row in history[waited(options, history) :]]
        step_size = learning_rate(options, len(losses) + 1, losses)
        trainer.optimizer.learning_rate = step_size
        row = {"epoch": epoch, "loss": run_epoch(epoch)}
        rate = len(dataset.rows("train")) / (time.monotonic() - begin)
        with averaged_weights(trainer):
            row |= validate(trainer)
            weights = trainer.get_weights()
        check_finite(row, options)
        history.append(row | {"seconds": time.monotonic() - begin, "learning_rate": step_size})
        if _best(history, options) == epoch:
            best_weights = weights
        _log_epoch(history, rate, options)
        saved.save(history, best_weights)
    trainer.set_weights(best_weights)
    best = _best(history, options)
    return pd.DataFrame(history).assign(best=lambda table: (table["epoch"] == best).astype(int))


def _validation(dataset: Dataset, options: dict) -> Callable[[keras.Model], dict]:
    """Return a function that gives a trainer's validation loss, and its mean auROC or r², by name."""
    rows = dataset.rows("validation")
    answers, loss_of = answers_and_loss(dataset, options["class_weights"])
    batches, answers, labels = validation_batches(dataset.bases[rows]), answers[rows], dataset.labels[rows]
    measure = "r2" if dataset.real_valued else "auroc"

    def validate(trainer: keras.Model) -> dict:
        logits = trainer.predict(batches, verbose=0)
        loss = float(loss_of(answers, logits))
        if not np.isfinite(loss):  # nothing can be measured of what diverged
            return {"validation_loss": loss}
        mean = metrics(labels, logits, dataset.tasks)[measure].iloc[-1]
        return {"validation_loss": loss, f"validation_{measure}": float(mean)}

    return validate


def _goes_on(history: list[dict], options: dict) -> bool:
    """Return whether another epoch follows."""
    before, number = waited(options, history), len(history)
    since = number - max(_best(history, options), before)
    return number - before < options["epochs"] and since < options["patience"]


def _log_epoch(history: list[dict], rate: float, options: dict) -> None:
    """Log the last epoch; ``rate``: examples per second."""
    row = history[-1]
    measure = next(name for name in row if name in ("validation_auroc", "validation_r2"))
    logger.info(
        "epoch %d: loss %.4g, validation loss %.4g, %s %.4f, %.1f s, %.0f examples/s%s",
        row["epoch"], row["loss"], row["validation_loss"], measure.replace("_", " "), row[measure],
        row["seconds"], rate, ", best so far" if _best(history, options) == row["epoch"] else "",
    )  # fmt: skip


def _best(history: list[dict], options: dict) -> int:
    """Return the epoch with the lowest validation loss, the first of equals; 0 before the first epoch.

    It is one of those that count, as soon as there are any: a network that learns can have a larger loss than
    one that predicts the labels' shares.
    """
    counted = history[waited(options, history) :] or history
    return min(counted, key=lambda row: row["validation_loss"])["epoch"] if counted else 0


def _digest(model: keras.Sequential, dataset: Dataset, options: dict, seed: int) -> str:
    """Return a digest of everything that decides what a training ends in, but the machine."""
    settings = {
        "options": options,
        "seed": seed,
        "layers": [(type(layer).__name__, plain_options(layer)) for layer in model.layers],
        "versions": [tf.__version__, keras.__version__],
    }
    rows = np.concatenate([dataset.rows("train"), dataset.rows("validation")])
    given = [rows, dataset.bases[rows], dataset.labels[rows]]
    if dataset.weights is not None:
        given.append(dataset.weights[rows])
    return digest_of(settings, [*given, *model.get_weights()])


def epochs(
    model: keras.Sequential, dataset: Dataset, options: dict, seed: int
) -> tuple[keras.Model, Callable[[int], float]]:
    """Return the trainer of a network, compiled, and a function that trains it for one epoch.

    The trainer is that of :func:`dfim.training.fused.from_bases`. The function takes the number of the epoch,
    from 1, which together with ``seed`` decides its order and augmentation, and returns the mean loss. The
    arguments are those of :func:`train`.
    """
    options = training_options(options)
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
    batches = training_batches(dataset.bases, answers, rows, options, seed)
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
