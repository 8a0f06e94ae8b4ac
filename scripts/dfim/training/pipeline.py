"""How batches are made ready while a network works on those before them."""

from dfim.training.frameworks import tf

_BATCHES_AHEAD = 8


def made_ahead(batches: tf.data.Dataset) -> tf.data.Dataset:
    """Return batches that are made ready ahead of their use, some at a time.

    TensorFlow's own choice of how many is turned off: the thread that chooses sleeps for twice as long each
    time, and the end of a pipeline may wait for it, up to 20 s after each epoch.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return batches.prefetch(_BATCHES_AHEAD).with_options(options)
