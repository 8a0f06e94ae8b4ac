"""The form in which a network is trained and asked for predictions: the same weights, from bases, faster.

Sequences enter as bases, one byte each, and are encoded inside the compiled step. What is computed is what
the network itself computes; the order of steps and the kernels are chosen for speed:

- a ReLU changes places with a max-pool after it: the largest of rectified values is the rectified largest
  one, and so is its gradient, at a fraction of the values;
- so does a batch normalisation between a convolution and its max-pool, with the bias: neither changes the
  order of a channel's values, but for a negative scale, whose sign the kernel takes;
- the mean and variance of a batch normalisation along a sequence are products with a row of ones (sums on a
  GPU), and their gradient is one pass, where the fused kernel of a CPU takes one channel after the other;
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
        along = isinstance(layer, keras.layers.BatchNormalization) and len(values.shape) == 3
        values = _Normalise(layer)(values) if along else layer(values)
    return keras.Model(inputs, logits_of(model.layers[-1], values), name="from_bases")


def _pools_first(layers: list[keras.layers.Layer]) -> list[keras.layers.Layer]:
    """Return the layers, each max-pool before the ReLU, or in the normalised convolution, it follows."""
    layers = list(layers)
    for number, (layer, following) in enumerate(pairwise(tuple(layers))):
        if _rectifies(layer) and isinstance(following, keras.layers.MaxPooling1D):
            layers[number : number + 2] = following, layer
    found = []
    while layers:
        taken = 3 if _normalised_and_pooled(layers[:3]) else 1
        found.append(_PoolEarly(*layers[:3]) if taken == 3 else layers[0])
        layers = layers[taken:]
    return found


def _normalised_and_pooled(layers: list[keras.layers.Layer]) -> bool:
    """Return whether layers are a convolution without an activation, its normalisation and a max-pool."""
    kinds = (keras.layers.Conv1D, keras.layers.BatchNormalization, keras.layers.MaxPooling1D)
    if len(layers) < 3 or not all(map(isinstance, layers, kinds)):
        return False
    return layers[0].padding in ("valid", "same") and activation_of(layers[0]) == "linear"


def _rectifies(layer: keras.layers.Layer) -> bool:
    activation = isinstance(layer, keras.layers.ReLU | keras.layers.Activation)
    return activation and activation_of(layer) == "relu"


class _Encode(keras.layers.Layer):
    """Bases to one-hot rows."""

    def call(self, inputs):
        return encode(inputs)


class _PoolEarly(keras.layers.Layer):
    """A convolution, its batch normalisation and a max-pool, which comes before the bias."""

    def __init__(self, convolution, normalisation, pool):
        super().__init__(name=f"{convolution.name}_{pool.name}")
        self.convolution, self.normalisation, self.pool = convolution, normalisation, pool

    def call(self, inputs, training=False):
        kernel, bias = (tf.convert_to_tensor(each) for each in (self.convolution.kernel, self._bias()))
        scale, _ = _scale_and_offset(self.normalisation)
        sign = tf.where(scale < 0, -1.0, 1.0)  # the largest of what is turned is the smallest
        values = self.convolution.convolution_op(inputs, kernel * sign)
        factor, offset = _line(self.normalisation, values, sign, bias, training)
        return self.pool(values) * (sign * factor) + offset

    def _bias(self):
        return self.convolution.bias if self.convolution.use_bias else tf.zeros(self.convolution.filters)


class _Normalise(keras.layers.Layer):
    """A batch normalisation along a sequence."""

    def __init__(self, normalisation: keras.layers.BatchNormalization):
        super().__init__(name=f"{normalisation.name}_along")
        self.normalisation = normalisation

    def call(self, inputs, training=False):
        factor, offset = _line(self.normalisation, inputs, 1.0, 0.0, training)
        return inputs * factor + offset


def _scale_and_offset(normalisation: keras.layers.BatchNormalization) -> tuple[tf.Tensor, tf.Tensor]:
    channels = normalisation.moving_mean.shape
    scale = tf.convert_to_tensor(normalisation.gamma) if normalisation.scale else tf.ones(channels)
    return scale, tf.convert_to_tensor(normalisation.beta) if normalisation.center else tf.zeros(channels)


def _line(own: keras.layers.BatchNormalization, values, sign, bias, training: bool):
    """Return factor and offset by channel of a batch normalisation of ``sign * values + bias``.

    It gives ``factor * sign * values + offset``. In training the moments are those of the batch, and move the
    averages of the layer.
    """
    scale, offset = _scale_and_offset(own)
    if training and own.trainable:
        mean, variance = _moments(values)
        mean = sign * mean + bias
        for average, value in ((own.moving_mean, mean), (own.moving_variance, variance)):
            average.assign(average * own.momentum + value * (1 - own.momentum))
    else:
        mean, variance = (tf.convert_to_tensor(each) for each in (own.moving_mean, own.moving_variance))
    factor = scale * tf.math.rsqrt(variance + own.epsilon)
    return factor, offset + factor * (bias - mean)


@tf.custom_gradient
def _moments(values: tf.Tensor):
    """Return mean and variance of each channel, the last axis."""
    rows = tf.reshape(values, [-1, values.shape[-1]])
    count = tf.cast(tf.shape(rows)[0], rows.dtype)
    mean = _sums(rows) / count
    variance = _sums(tf.square(tf.nn.bias_add(rows, -mean))) / count

    def gradient(of_mean, of_variance):
        factor = 2 / count * of_variance
        return tf.nn.bias_add(values * factor, of_mean / count - factor * mean)

    return (mean, variance), gradient


def _sums(rows: tf.Tensor) -> tf.Tensor:
    """Return the sum of each column."""
    if tf.config.get_visible_devices("GPU"):  # whose products round what they multiply, to 10 bits
        return tf.reduce_sum(rows, axis=0)
    return tf.matmul(tf.ones([1, tf.shape(rows)[0]], rows.dtype), rows)[0]


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
