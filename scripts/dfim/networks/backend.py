"""Keras with the settings that the project relies on, whatever a user's own ask for.

Everything of the project takes Keras from here.
"""

import dfim.networks  # noqa: F401  before Keras, whose environment it sets  # isort: skip

import keras

from dfim.errors import InputError

if keras.backend.backend() != "tensorflow":
    raise InputError(
        f"Keras was imported with the backend {keras.backend.backend()!r}, and TensorFlow is needed: import "
        "dfim first, or set KERAS_BACKEND to tensorflow."
    )
# Set after the import: ~/.keras/keras.json may say otherwise.
keras.config.set_floatx("float32")
keras.config.set_epsilon(1e-7)
keras.config.set_image_data_format("channels_last")
keras.config.set_dtype_policy("float32")
