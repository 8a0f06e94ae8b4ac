"""What a network says of sequences that stay bases, one byte each."""

import numpy as np

from dfim.attribution.scorer import Scorer
from dfim.networks.stored import StoredOnnx
from dfim.sequences.bases import one_hot
from dfim.training.frameworks import keras, tf
from dfim.training.fused import from_bases
from dfim.training.pipeline import made_ahead

PREDICTION_BATCH = 128
_ANY_REFERENCE = (0.25,) * 4


def predict_logits(
    model: keras.Sequential, bases: np.ndarray, batch_size: int = PREDICTION_BATCH
) -> np.ndarray:
    """Return the logits of sequences, float32 (examples, tasks), from bases, uint8 (examples, positions)."""
    return predict(compiled_predictor(model), bases, batch_size)


def compiled_predictor(model: keras.Sequential) -> keras.Model | Scorer:
    """Return a network from bases to logits for :func:`predict`, compiled.

    A network of which only the values are known is onnxruntime's.
    """
    if isinstance(model.layers[-1], StoredOnnx):
        from dfim.attribution.values_only import ValuesOnly  # imports ONNX

        return ValuesOnly(model.layers[-1].values(), _ANY_REFERENCE)
    predictor = from_bases(model)
    # Batch by batch: several at once would be compiled anew for each number of them that is left over.
    predictor.compile(jit_compile=False)
    return predictor


def predict(
    predictor: keras.Model | Scorer, bases: np.ndarray, batch_size: int = PREDICTION_BATCH
) -> np.ndarray:
    """Run a compiled network from bases to logits over all sequences, as :func:`predict_logits` does."""
    if isinstance(predictor, Scorer):
        parts = [bases[start : start + batch_size] for start in range(0, len(bases), batch_size)]
        found = [predictor.logits(one_hot(part)) for part in parts]
        return np.concatenate([np.empty((0, predictor.outputs), np.float32), *found])
    if not len(bases):
        return np.empty((0, predictor.output_shape[-1]), dtype=np.float32)
    return predictor.predict(prediction_batches(bases, batch_size), verbose=0)


def prediction_batches(bases: np.ndarray, batch_size: int = PREDICTION_BATCH) -> tf.data.Dataset:
    """Return the batches of sequences that a compiled network from bases to logits predicts from."""
    with tf.device("CPU:0"):
        bases = tf.constant(bases)
    rows = tf.data.Dataset.range(len(bases)).batch(batch_size)
    return made_ahead(rows.map(lambda rows: tf.gather(bases, rows)))
