"""Attention and recurrent layers of Keras: of any length, and what has no rule is refused by name."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dfim.attribution.simplification import simplify
from dfim.attribution.way_back import WayBack
from dfim.errors import InputError
from dfim.networks.description import describe
from dfim.networks.reach import reach_of

K = keras.layers


def of(make, length=None) -> keras.Model:
    """A network of any length around what ``make`` does with (positions, channels)."""
    keras.utils.set_random_seed(1)
    inputs = keras.Input((length, 4))
    values = K.Conv1D(4, 3, activation="tanh")(inputs)
    return keras.Model(inputs, K.Dense(2)(K.GlobalAveragePooling1D()(make(values))))


KEPT = {
    "heads": lambda x: K.MultiHeadAttention(2, 3)(x, x),
    "one head": lambda x: K.Attention()([x, x]),
    "on and back": lambda x: K.Bidirectional(K.LSTM(3, return_sequences=True))(x),
    "reset before the product": lambda x: K.Bidirectional(
        K.GRU(3, reset_after=False, return_sequences=True, bias_initializer="random_normal")
    )(x),
}


@pytest.mark.parametrize("name", KEPT)
def test_networks_of_any_length_are_described_for_each(name):
    model = of(KEPT[name])
    for length in (9, 30):
        x = np.eye(4, dtype=np.float32)[np.random.default_rng(length).integers(4, size=(3, length))]
        graph = simplify(describe(model, length))
        assert reach_of(graph) == np.inf
        back = WayBack(graph, np.full((length, 4), 0.25), "rescale", "float64")
        tensor = tf.constant(x.astype(float))
        np.testing.assert_allclose(back.logits(tensor), model(x), rtol=1e-4, atol=1e-5)
        sums = np.asarray(back.contributions(tensor, 0)).sum(axis=(1, 2))
        np.testing.assert_allclose(sums, back.changes(tensor, 0), rtol=1e-9)


REFUSED = {
    "the argument use_causal_mask": lambda x: K.MultiHeadAttention(2, 3, name="odd")(
        x, x, use_causal_mask=True
    ),
    "the score mode concat": lambda x: K.Attention(score_mode="concat", name="odd")([x, x]),
    "a normalisation before its product": lambda x: K.Dot(2, normalize=True, name="odd")([x, x]),
    "the activations relu and sigmoid": lambda x: K.LSTM(3, "relu", return_sequences=True, name="odd")(x),
    "several outputs, or states that stay": lambda x: K.GRU(
        3, return_sequences=True, return_state=True, name="odd"
    )(x)[0],
    "a start of its own": lambda x: K.GRU(4, return_sequences=True, name="odd")(
        x, initial_state=K.GlobalAveragePooling1D()(x)
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_has_no_rule_is_refused_by_name(what):
    with pytest.raises(InputError) as error:
        describe(of(REFUSED[what], 12))
    assert str(error.value).startswith(
        f"layer odd of the network has {what}, for which there is no rule: export"
    )


@pytest.mark.parametrize("layer", [K.Multiply, K.Add, K.Maximum])
def test_units_beside_positions_are_those_of_all_of_them(layer):
    """As a gate of squeeze-and-excitation is given without a reshape."""
    model = of(lambda x: layer()([x, K.Dense(4)(K.GlobalAveragePooling1D()(x))]), 12)
    x = np.eye(4, dtype=np.float32)[np.random.default_rng(0).integers(4, size=(3, 12))]
    back = WayBack(simplify(describe(model)), np.full((12, 4), 0.25), "rescale", "float64")
    np.testing.assert_allclose(back.logits(tf.constant(x.astype(float))), model(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("order", [("query", "value", "key"), ("key", "value", "query")])
def test_queries_keys_and_values_may_be_given_by_name(order):
    def attended(x):
        given = {"query": x, "value": K.Dense(5)(x), "key": K.Dense(3)(x)}
        return K.MultiHeadAttention(2, 3)(**{name: given[name] for name in order})

    model = of(attended, 12)
    x = np.eye(4, dtype=np.float32)[np.random.default_rng(0).integers(4, size=(3, 12))]
    back = WayBack(simplify(describe(model)), None, "rescale", "float64")
    np.testing.assert_allclose(back.logits(tf.constant(x.astype(float))), model(x), rtol=1e-4, atol=1e-5)
