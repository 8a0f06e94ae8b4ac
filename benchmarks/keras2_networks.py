"""ChromBPNet as its users hold it: built by the package chrombpnet, saved by Keras 2. Nothing of dfim.

Needs tensorflow with tf_keras, and chrombpnet (its own requirements are not all needed: ``pip install
--no-deps chrombpnet`` beside tensorflow-probability). Weights are random, drawn from a seed.
"""

import contextlib
import io
import os
import tempfile
from dataclasses import dataclass
from types import SimpleNamespace

os.environ |= {"TF_USE_LEGACY_KERAS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}

import numpy as np
import tensorflow as tf
from chrombpnet.training.models import bpnet_model, chrombpnet_with_bias_model

# Those of the published models.
LENGTH, PROFILE = 2114, 1000
FILTERS, BIAS_FILTERS, LAYERS, BIAS_LAYERS = 512, 128, 8, 4


@dataclass(frozen=True)
class Entry:
    """A form of ChromBPNet and what of it is explained; ``ending`` of the file, none for a SavedModel."""

    form: str
    head: int
    reduction: str | None = None
    ending: str = ".h5"
    unit: int | None = 0


ENTRIES = {
    "ChromBPNet without bias, counts (Keras 2, .h5)": Entry("nobias", 1),
    "ChromBPNet without bias, profile (Keras 2, .h5)": Entry("nobias", 0, "profile", unit=None),
    "ChromBPNet without bias, counts (Keras 2, .keras)": Entry("nobias", 1, ending=".keras"),
    "ChromBPNet without bias (Keras 2, SavedModel)": Entry("nobias", 1, ending=""),
    "ChromBPNet's bias model, counts (Keras 2, .h5)": Entry("bias", 1),
    "ChromBPNet with its bias (Keras 2, .h5)": Entry("whole", 1),
}


class Network:
    """One network; ``entry``: its name in :data:`ENTRIES`."""

    def __init__(self, entry: str, seed: int = 0):
        self.entry = ENTRIES[entry]
        with contextlib.redirect_stdout(io.StringIO()):
            self.model = _made(self.entry.form, seed)

    def describe(self) -> dict:
        """Return what a user says of the network: head, unit and reduction of the task."""
        return {key: getattr(self.entry, key) for key in ("head", "unit", "reduction", "ending")}

    def export(self, path: str) -> None:
        """Save the network as its users' programs do."""
        self.model.save(path)

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """Return the task's value for sequences (sequences, length, 4)."""
        found = self.model.predict(x, verbose=0)[self.entry.head].astype(np.float64)
        if self.entry.reduction is None:
            return found[:, self.entry.unit]
        shares = np.exp(found - found.max(axis=1, keepdims=True))
        shares /= shares.sum(axis=1, keepdims=True)
        return (shares * (found - found.mean(axis=1, keepdims=True))).sum(axis=1)


def _made(form: str, seed: int) -> tf.keras.Model:
    training = SimpleNamespace(seed=seed, learning_rate=0.001)
    sizes = {"inputlen": LENGTH, "outputlen": PROFILE, "counts_loss_weight": 1}
    small = sizes | {"filters": BIAS_FILTERS, "n_dil_layers": BIAS_LAYERS}
    bias = bpnet_model.getModelGivenModelOptionsAndWeightInits(training, small)
    _randomise(bias, seed)
    if form == "bias":
        return bias
    with tempfile.TemporaryDirectory() as folder:
        bias.save(f"{folder}/bias.h5")
        large = sizes | {"filters": FILTERS, "n_dil_layers": LAYERS, "bias_model_path": f"{folder}/bias.h5"}
        whole = chrombpnet_with_bias_model.getModelGivenModelOptionsAndWeightInits(training, large)
        if form == "whole":
            return whole
        _randomise(whole.get_layer("model_wo_bias"), seed + 1)
        # The package writes the model without its bias; what it wrote is read again, as its users do.
        chrombpnet_with_bias_model.save_model_without_bias(whole, f"{folder}/chrombpnet")
        return tf.keras.models.load_model(f"{folder}/chrombpnet_nobias.h5", compile=False)


def _randomise(model: tf.keras.Model, seed: int) -> None:
    """Give biases values other than the zeros that they start with."""
    rng = np.random.default_rng(seed)
    weights = model.get_weights()
    model.set_weights([rng.normal(0, 0.1, w.shape) if w.ndim == 1 else w for w in weights])
