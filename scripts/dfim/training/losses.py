"""Losses of labels and of measured values, of which some may be missing."""

from collections.abc import Callable

import numpy as np

from dfim.datasets.dataset import MISSING, Dataset
from dfim.errors import InputError
from dfim.training.frameworks import tf


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
        weights = _weights_of_classes(dataset.labels[dataset.rows("train")], class_weights)
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


def _weights_of_classes(labels: np.ndarray, kind: str) -> np.ndarray | None:
    """Return weights of the classes, shape (2, tasks), with mean 1 over the present labels; None for none."""
    if kind == "none":
        return None
    counts = np.stack([(labels == value).sum(axis=0) for value in (0, 1)])
    return counts.sum(axis=0) / (2 * np.maximum(counts, 1))
