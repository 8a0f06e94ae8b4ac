"""Keras with the settings that the project relies on, whatever a user's own ask for.

Everything of the project takes Keras from here, and its operations by :mod:`dfim.networks.kinds.base`.
"""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from dfim import backends


@contextmanager
def _without(*packages: str) -> Iterator[None]:
    """Hide packages from what is imported meanwhile, if they were not imported before."""
    hidden = [package for package in packages if package not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # None: an ImportError for whoever asks
    try:
        yield
    finally:
        for package in hidden:
            del sys.modules[package]


@contextmanager
def _uncollected() -> Iterator[None]:
    """Take what is made meanwhile, and was before, for what stays, which is not searched for garbage."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()


# Keras does without these packages. So its import, with TensorFlow's, takes half of the processor time.
with _without("matplotlib", "sklearn"), _uncollected():
    backends.chosen()  # before Keras, whose environment it sets

    import keras

# Set after the import: ~/.keras/keras.json may say otherwise.
keras.config.set_floatx("float32")
keras.config.set_epsilon(1e-7)
keras.config.set_image_data_format("channels_last")
keras.config.set_dtype_policy("float32")
