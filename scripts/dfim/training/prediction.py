"""What a network says of sequences that stay bases, one byte each."""

import numpy as np

from dfim.training.fused import STEPS_AT_ONCE, from_bases

# isort: split
import tensorflow as tf

from dfim.networks.backend import keras

PREDICTION_BATCH = 128


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
