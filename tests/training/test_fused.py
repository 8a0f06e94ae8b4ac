"""The fast form of a network computes what the plain one does: outputs, gradients, averages, steps."""

import numpy as np
import pytest

from dfim.networks import building, logits
from dfim.sequences.bases import one_hot, to_bases
from dfim.training import losses
from dfim.training.fused import FusedAdam, _moments, encode, from_bases

# isort: split
import keras
import tensorflow as tf

LENGTH, TASKS = 40, ["a", "b", "c"]
NETWORKS = {
    "pools": [
        {"kind": "convolution", "filters": 6, "width": 7},
        {"kind": "max_pool", "width": 4},
        {"kind": "convolution", "filters": 5, "width": 3},
        {"kind": "max_pool", "width": 3, "stride": 2},
        {"kind": "dense", "units": 8},
    ],
    "normalised": [
        {"kind": "convolution", "filters": 6, "width": 7, "padding": "same", "batch_normalisation": True},
        {"kind": "max_pool", "width": 3},
        {"kind": "dense", "units": 8, "batch_normalisation": True},
    ],
    "normalised without pool": [
        {"kind": "convolution", "filters": 6, "width": 7, "batch_normalisation": True},
        {"kind": "convolution", "filters": 5, "width": 3, "activation": "gelu"},
        {"kind": "max_pool", "width": 3},
    ],
}


def batch(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    bases = np.frombuffer(b"ACGTN", np.uint8)[rng.integers(5, size=(24, LENGTH))]
    return bases, rng.integers(-1, 2, size=(24, len(TASKS))).astype(np.float32)


def both(name: str) -> tuple[keras.Model, keras.Model]:
    """Return the plain network to logits and the fast one, of the same weights but not sharing them."""
    plain, fast = (building.build_network(NETWORKS[name], LENGTH, TASKS, seed=3) for _ in range(2))
    for model in (plain, fast):  # from a state that training left, scales of both signs among it
        rng = np.random.default_rng(4)
        for layer in model.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.set_weights(
                    [rng.normal(0, 1, w.shape) ** (1 + (i == 3)) for i, w in enumerate(layer.weights)]
                )
    return logits.logits(plain), from_bases(fast)


def loss_and_gradient(model: keras.Model, x: np.ndarray, labels: np.ndarray):
    with tf.GradientTape() as tape:
        loss = losses.masked_loss(labels, model(x, training=True))
    return float(loss), tape.gradient(loss, [weight.value for weight in model.trainable_weights])


def test_bases_are_encoded_as_everywhere_else():
    bases = np.stack([to_bases("ACGTN"), to_bases("TTNAC")])
    np.testing.assert_array_equal(encode(bases), one_hot(bases))


@pytest.mark.parametrize("name", NETWORKS)
def test_logits_losses_gradients_and_averages_are_the_plain_networks(name):
    plain, fast = both(name)
    bases, labels = batch()
    np.testing.assert_allclose(fast(bases), plain(one_hot(bases)), rtol=1e-5, atol=1e-5)
    expected, found = loss_and_gradient(plain, one_hot(bases), labels), loss_and_gradient(fast, bases, labels)
    assert found[0] == pytest.approx(expected[0], rel=1e-6)
    for ours, theirs in zip(found[1], expected[1], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)
    for ours, theirs in zip(fast.weights, plain.weights, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_a_max_pool_comes_before_what_lies_between_it_and_its_convolution():
    kinds = {}
    for name, layers in NETWORKS.items():
        model = from_bases(building.build_network(layers, LENGTH, TASKS))
        kinds[name] = [type(layer).__name__ for layer in model.layers[2:]]
    assert kinds["pools"][:3] == ["Conv1D", "MaxPooling1D", "ReLU"]
    assert kinds["normalised"][:2] == ["_PoolEarly", "ReLU"]
    assert kinds["normalised without pool"][:2] == ["Conv1D", "_Normalise"]


@pytest.mark.parametrize("gpu", [False, True])
def test_moments_and_their_gradients_are_exact_where_the_mean_is_large(gpu, monkeypatch):
    if gpu:  # no product is made there: it would be rounded
        monkeypatch.setattr(tf.config, "get_visible_devices", lambda kind: [kind])
        monkeypatch.setattr(tf, "matmul", None)
    values = np.random.default_rng(6).normal(100, 1, (16, 50, 3))
    of_mean, of_variance = np.array([1.0, -2, 0.5]), np.array([0.3, 1, -2])
    centred = values - values.mean((0, 1))
    expected = (of_mean + 2 * centred * of_variance) / 800
    x = tf.constant(values, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        mean, variance = _moments(x)
        loss = tf.reduce_sum(mean * of_mean.astype("f") + variance * of_variance.astype("f"))
    np.testing.assert_allclose(mean, values.mean((0, 1)), rtol=1e-6)
    np.testing.assert_allclose(variance, np.square(centred).mean((0, 1)), rtol=1e-5)
    np.testing.assert_allclose(tape.gradient(loss, x), expected, rtol=1e-4, atol=1e-6)


def test_adam_takes_the_steps_of_keras():
    weights = []
    for optimizer in (keras.optimizers.Adam(0.01), FusedAdam(0.01)):
        variable = keras.Variable(np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4))
        rng = np.random.default_rng(5)
        for _ in range(20):
            optimizer.apply([tf.constant(rng.normal(0.1, 1, (3, 4)), tf.float32)], [variable])
        weights.append(np.asarray(variable))
    np.testing.assert_allclose(weights[1], weights[0], rtol=1e-5)
    assert np.abs(weights[0] - np.linspace(-1, 1, 12).reshape(3, 4)).max() > 0.02


def test_weight_decay_is_that_of_adamw_and_spares_what_is_excluded():
    found = []
    for optimizer in (keras.optimizers.AdamW(0.01, weight_decay=0.3), FusedAdam(0.01, weight_decay=0.3)):
        kernel, bias = (keras.Variable(np.ones(shape, np.float32)) for shape in ((3, 4), (4,)))
        optimizer.exclude_from_weight_decay([bias])
        for _ in range(20):
            optimizer.apply([tf.zeros((3, 4)), tf.zeros(4)], [kernel, bias])
        found.append((np.asarray(kernel), np.asarray(bias)))
    np.testing.assert_allclose(found[1][0], found[0][0], rtol=1e-5)
    np.testing.assert_allclose(found[1][0], (1 - 0.01 * 0.3) ** 20, rtol=1e-4)
    np.testing.assert_array_equal(found[1][1], 1)


def test_the_average_moves_as_its_formula_says():
    optimizer, variable = FusedAdam(0.1), keras.Variable(np.zeros(3, np.float32))
    optimizer.follow([variable], 0.75)
    rng, expected = np.random.default_rng(5), np.zeros(3)
    for step in range(1, 41):
        optimizer.apply([tf.constant(rng.normal(size=3), tf.float32)], [variable])
        kept = min(0.75, (1 + step) / (10 + step))
        expected = kept * expected + (1 - kept) * np.asarray(variable)
    np.testing.assert_allclose(np.asarray(optimizer.averages[0]), expected, rtol=1e-5)
    assert np.abs(expected - np.asarray(variable)).max() > 0.01
    assert any(each is optimizer.averages[0] for each in optimizer.variables)


@pytest.mark.parametrize("name", NETWORKS)
def test_training_goes_the_way_of_a_plain_fit_on_the_same_batches(name):
    batches = [batch(seed) for seed in range(6)]
    found = []
    for model, x in zip(both(name), ([one_hot(b) for b, _ in batches], [b for b, _ in batches]), strict=True):
        fast = model.name == "from_bases"
        model.compile(
            optimizer=(FusedAdam if fast else keras.optimizers.Adam)(0.003), loss=losses.masked_loss,
            steps_per_execution=4 if fast else 1, jit_compile=False,
        )  # fmt: skip
        x, labels = np.concatenate(x), np.concatenate([y for _, y in batches])
        run = model.fit(x, labels, batch_size=24, shuffle=False, epochs=4, verbose=0)
        found.append(run.history["loss"])
    np.testing.assert_allclose(found[1], found[0], rtol=2e-4)
    assert found[0][-1] < found[0][0]
