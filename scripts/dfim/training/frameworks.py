"""TensorFlow, and Keras on it: training needs them, whatever computes scores elsewhere."""

from dfim import backends

backends.use(backends.TENSORFLOW)  # before both, whose environment it sets

# isort: split
from dfim.networks.backend import keras  # noqa: E402 (before TensorFlow, which imports Keras with all it can use)

# isort: split
import tensorflow as tf  # noqa: E402

__all__ = ["keras", "tf"]
