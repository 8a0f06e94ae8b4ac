"""The network without its last sigmoid: from one-hot sequences to logits."""

from dfim.errors import InputError
from dfim.networks.backend import keras
from dfim.networks.description import activation_of
from dfim.networks.stored import StoredGraph


class _Linear(keras.layers.Layer):
    """A dense layer without its activation: the same weights, not a copy."""

    def __init__(self, dense: keras.layers.Dense):
        super().__init__(name=f"{dense.name}_linear")
        self.dense = dense

    def call(self, inputs):
        outputs = keras.ops.matmul(inputs, self.dense.kernel)
        return outputs + self.dense.bias if self.dense.use_bias else outputs


def logits(model: keras.Sequential) -> keras.Model:
    """Return the network without its last sigmoid, from one-hot sequences to logits, shape (examples, tasks).

    The layers are shared, so that training the result trains ``model``. Raises InputError when the model
    ends neither in a dense layer, linear or with a sigmoid, nor in a sigmoid.
    """
    values = inputs = keras.Input(model.input_shape[1:], name="one_hot")
    for layer in model.layers[:-1]:
        values = layer(values)
    return keras.Model(inputs, logits_of(model.layers[-1], values), name="logits")


def logits_of(last: keras.layers.Layer, values):
    """Return the logits that a network's last layer makes of its input; errors as :func:`logits`."""
    if isinstance(last, StoredGraph):
        return last(values)
    dense = isinstance(last, keras.layers.Dense)
    known = dense or isinstance(last, keras.layers.Activation)
    if not known or activation_of(last) not in (("sigmoid", "linear") if dense else ("sigmoid",)):
        raise InputError(
            f"the network ends in the layer {last.name} ({type(last).__name__}), and a dense layer with a "
            f"sigmoid or linear, or a sigmoid alone is needed: outputs must be probabilities or values of "
            f"independent tasks."
        )
    return _Linear(last)(values) if dense else values
