"""The form in which a network is trained and asked for predictions: the same weights, from bases, faster.

Sequences enter as bases, one byte each, and are encoded inside the compiled step. What is computed is what
the network itself computes; the order of steps and the kernels are chosen for speed:

- a ReLU changes places with a max-pool after it: the largest of rectified values is the rectified largest
  one, and so is its gradient, at a fraction of the values;
- batch normalisation along a sequence takes TensorFlow's fused kernel;
- Adam takes TensorFlow's fused kernel, one pass over each weight.

XLA is left off: it makes convolutions on a CPU slower (benchmarks/training_throughput.py).
"""

from itertools import pairwise

import numpy as np

from dfim.networks.description import activation_of
from dfim.networks.logits import logits_of
from dfim.sequences.bases import one_hot
from dfim.training.frameworks import keras, tf

# Batches that one call of the compiled step works through: small networks are bound by the calls.
STEPS_AT_ONCE = 16
_ENCODING = one_hot(np.arange(256, dtype=np.uint8))


def encode(bases: tf.Tensor) -> tf.Tensor:
    """Encode bases, uint8 (…, positions), as :func:`dfim.sequences.bases.one_hot`: float32 (…, 4)."""
    return tf.gather(_ENCODING, tf.cast(bases, tf.int32))


def from_bases(model: keras.Sequential) -> keras.Model:
    """Return a network from bases, uint8 (examples, positions), to its logits, float32 (examples, tasks).

    The weights are those of ``model``, so that training the result trains ``model``. Raises InputError as
    :func:`dfim.networks.logits.logits` does.
    """
    inputs = keras.Input(model.input_shape[1:2], dtype="uint8", name="bases")
    values = _Encode(name="one_hot")(inputs)
    for layer in _pools_first(model.layers[:-1]):
        fused = isinstance(layer, keras.layers.BatchNormalization) and len(values.shape) == 3
        values = _FusedNormalisation(layer)(values) if fused else layer(values)
    return keras.Model(inputs, logits_of(model.layers[-1], values), name="from_bases")


def _pools_first(layers: list[keras.layers.Layer]) -> list[keras.layers.Layer]:
    """Return the layers, each max-pool that follows a ReLU before it."""
    layers = list(layers)
    for number, (layer, following) in enumerate(pairwise(tuple(layers))):
        activation = isinstance(layer, keras.layers.ReLU | keras.layers.Activation)
        rectified = activation and activation_of(layer) == "relu"
        if rectified and isinstance(following, keras.layers.MaxPooling1D):
            layers[number : number + 2] = following, layer
    return layers


class _Encode(keras.layers.Layer):
    """Bases to one-hot rows."""

    def call(self, inputs):
        return encode(inputs)


class _FusedNormalisation(keras.layers.Layer):
    """A batch normalisation, its own weights and moving averages, by the fused kernel while training."""

    def __init__(self, normalisation: keras.layers.BatchNormalization):
        super().__init__(name=f"{normalisation.name}_fused")
        self.normalisation = normalisation

    def call(self, inputs, training=False):
        own = self.normalisation
        if not training or not own.trainable:
            return own(inputs, training=False)
        channels = inputs.shape[-1]
        scale = own.gamma if own.scale else tf.ones(channels)
        offset = own.beta if own.center else tf.zeros(channels)
        normalised, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            inputs[:, tf.newaxis],
            tf.convert_to_tensor(scale),
            tf.convert_to_tensor(offset),
            epsilon=own.epsilon,
            is_training=True,
        )
        # The kernel gives the unbiased variance, Keras averages the biased one.
        count = tf.cast(tf.size(inputs) // channels, variance.dtype)
        variance *= (count - 1) / count
        for average, value in ((own.moving_mean, mean), (own.moving_variance, variance)):
            average.assign(average * own.momentum + value * (1 - own.momentum))
        return normalised[:, 0]


class FusedAdam(keras.optimizers.Adam):
    """Keras' Adam by the fused kernel; learning rate, betas, epsilon and weight decay are its options.

    Weight decay is decoupled (AdamW) and leaves biases and normalisations alone. After :meth:`follow` the
    optimiser also keeps a moving average of weights, among its own variables.
    """

    followed, averages, averaging = (), (), 0.0

    def follow(self, variables: list[keras.Variable], averaging: float) -> None:
        """Keep the moving average of variables, with the weight ``averaging`` on what came before each step.

        Early steps count more, min(averaging, (1 + step) / (10 + step)), so that the first values fade.
        Comes after the optimiser is built and before its first step.
        """
        self.followed, self.averaging = list(variables), averaging
        self.averages = [
            self.add_variable_from_reference(variable, name="average", initializer=variable.numpy())
            for variable in self.followed
        ]

    def apply(self, grads, trainable_variables=None):
        """Take a step, then move the averages."""
        iterations = super().apply(grads, trainable_variables)
        step = tf.cast(self.iterations, tf.float32)
        kept = tf.minimum(self.averaging, (1 + step) / (10 + step))
        for average, variable in zip(self.averages, self.followed, strict=True):
            average.assign(average + (1 - kept) * (variable - average))
        return iterations

    def update_step(self, gradient, variable, learning_rate):
        """Update one weight and its two moments."""
        number = self._get_variable_index(variable)
        # Keras hands over its own variables or TensorFlow's below them.
        var, m, v = (
            each.value if isinstance(each, keras.Variable) else each
            for each in (variable, self._momentums[number], self._velocities[number])
        )
        step = tf.cast(self.iterations + 1, var.dtype)
        betas = [tf.cast(beta, var.dtype) for beta in (self.beta_1, self.beta_2)]
        tf.raw_ops.ResourceApplyAdam(
            var=var.handle,
            m=m.handle,
            v=v.handle,
            beta1_power=betas[0] ** step,
            beta2_power=betas[1] ** step,
            lr=tf.cast(learning_rate, var.dtype),
            beta1=betas[0],
            beta2=betas[1],
            epsilon=tf.cast(self.epsilon, var.dtype),
            grad=gradient,
        )
