"""The batches of an epoch: shuffled, turned and moved by a seed of their own; and those of a validation."""

from collections.abc import Callable

import numpy as np

from dfim.training.frameworks import tf
from dfim.training.pipeline import made_ahead

VALIDATION_BATCH = 128
_COMPLEMENT = np.arange(256, dtype=np.uint8)
_COMPLEMENT[list(b"ACGT")] = list(b"TGCA")


def training_batches(bases, answers, rows: np.ndarray, options: dict, seed: int) -> Callable:
    """Return a function from the number of an epoch to its batches of bases: shuffled and augmented."""
    shift = options["shift"]
    with tf.device("CPU:0"):  # a batch is small next to the whole
        bases, answers = tf.constant(bases), tf.constant(answers)

    @tf.function(autograph=False)  # traced once, and not in each epoch
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
        return made_ahead(data.map(batch))

    return batches


def validation_batches(bases: np.ndarray) -> tf.data.Dataset:
    """Return the batches of sequences, in order, that a trainer predicts from."""
    with tf.device("CPU:0"):
        bases = tf.constant(bases)
    rows = tf.data.Dataset.range(len(bases)).batch(VALIDATION_BATCH)
    return made_ahead(rows.map(lambda rows: tf.gather(bases, rows)))


def _turn(bases: tf.Tensor, turned: tf.Tensor) -> tf.Tensor:
    """Return the reverse complement of those examples, rows of ``bases``, where ``turned`` is true."""
    other = tf.reverse(tf.gather(_COMPLEMENT, tf.cast(bases, tf.int32)), axis=[1])
    return tf.where(turned[:, tf.newaxis], other, bases)


def _move(bases: tf.Tensor, shifts: tf.Tensor, most: int) -> tf.Tensor:
    """Move the window of each example by its shift, at most ``most`` to either side; N beyond its ends."""
    padded = tf.pad(bases, [[0, 0], [most, most]], constant_values=np.uint8(ord("N")))
    positions = tf.range(bases.shape[1], dtype=tf.int64) + most + shifts[:, tf.newaxis]
    return tf.gather(padded, positions, batch_dims=1)
