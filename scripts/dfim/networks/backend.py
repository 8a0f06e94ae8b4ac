"""Keras with the settings that the project relies on, whatever a user's own ask for.

Everything of the project takes Keras from here, and its operations by :mod:`dfim.networks.kinds.base`.
"""

from dfim import backends
from dfim.backends.importing import without_what_is_not_used

with without_what_is_not_used():
    backends.chosen()  # before Keras, whose environment it sets

    import keras

# Set after the import: ~/.keras/keras.json may say otherwise.
keras.config.set_floatx("float32")
keras.config.set_epsilon(1e-7)
keras.config.set_image_data_format("channels_last")
keras.config.set_dtype_policy("float32")
