"""Functions of keras.ops, and layers called with more than their inputs: taken, or refused by name."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from dfim.attribution.simplification import simplify
from dfim.attribution.way_back import WayBack
from dfim.errors import InputError
from dfim.networks.description import describe

K, LENGTH = keras.layers, 14


def of(make) -> keras.Model:
    """A network around what ``make`` does with (12 positions, 4 channels)."""
    keras.utils.set_random_seed(1)
    inputs = keras.Input((LENGTH, 4))
    values = make(K.Conv1D(4, 3, activation="tanh")(inputs))
    return keras.Model(inputs, K.Dense(2)(K.Flatten()(values)))


TAKEN = {
    "every second, backwards": lambda x: x[:, ::-2],
    "a part, backwards": lambda x: x[:, 10:2:-1],
    "from an end, backwards": lambda x: x[:, -2::-3],
    "channels and positions, backwards": lambda x: x[:, ::-1, ::-1],
    "a power": lambda x: x**2,
    "limits": lambda x: keras.ops.clip(x, -0.1, 0.2),
}


@pytest.mark.parametrize("name", TAKEN)
def test_values_derivatives_and_sums_of_contributions(name):
    model = of(TAKEN[name])
    x = np.eye(4, dtype=np.float32)[np.random.default_rng(0).integers(4, size=(3, LENGTH))]
    graph, inner = simplify(describe(model)), tf.constant(np.random.default_rng(1).random(x.shape))
    back = WayBack(graph, None, "rescale", "float64")
    np.testing.assert_allclose(back.logits(tf.constant(x.astype(float))), model(x), rtol=1e-4, atol=1e-5)
    with tf.GradientTape() as tape:
        tape.watch(single := tf.cast(inner, tf.float32))
        total = tf.reduce_sum(model(single)[:, 1])
    expected = tape.gradient(total, single).numpy()
    np.testing.assert_allclose(back.gradients(inner, 1), expected, atol=1e-4 * np.abs(expected).max())
    deeplift = WayBack(graph, np.full((LENGTH, 4), 0.25), "rescale", "float64")
    tensor = tf.constant(x.astype(float))
    sums = np.asarray(deeplift.contributions(tensor, 1)).sum(axis=(1, 2))
    np.testing.assert_allclose(sums, deeplift.changes(tensor, 1), rtol=1e-9)


MASK = np.ones((1, 1, 4), bool)
REFUSED = {
    "the argument mask": lambda x: K.Softmax()(x, mask=MASK),
    "the argument training": lambda x: K.BatchNormalization()(x, training=True),
    "a constant among what is joined": lambda x: keras.ops.concatenate([x, MASK * 1.0], axis=1),
    "a constant that is raised to a power": lambda x: 2.0**x,
    "something else than one number as its limit or exponent": lambda x: x**x,
    "the data format channels_first": lambda x: K.ZeroPadding1D(1, data_format="channels_first")(x),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_has_no_rule_is_refused_by_name(what):
    words = re.escape(f" of the network has {what}, for which there is no rule: export the network to ONNX,")
    with pytest.raises(InputError, match=r"^layer \w+" + words):
        describe(of(REFUSED[what]))


def test_a_network_within_that_is_called_as_in_training_is_refused():
    inner = keras.Sequential([keras.Input((12, 4)), K.BatchNormalization()], name="odd")
    with pytest.raises(InputError, match="layer odd of the network has the argument training,"):
        describe(of(lambda x: inner(x, training=True)))
