"""Networks that have learned nothing: what an architecture shows by itself."""

import numpy as np

from dfim.networks.backend import keras


def untrained(model: keras.Model, seed: int) -> keras.Model:
    """Return a network of the same layers with random weights.

    Weights of two dimensions or more are drawn by Glorot's uniform rule (Glorot and Bengio 2010), as
    those that training begins with are; all others (biases, normalisations) are what their layers begin
    with. The same seed gives the same weights.
    """
    network = keras.models.clone_model(model)
    rng = np.random.default_rng(seed)
    for weights in network.weights:
        if len(weights.shape) > 1:
            *window, inputs, outputs = weights.shape
            most = np.sqrt(6 / (np.prod(window, dtype=int) * (inputs + outputs)))
            weights.assign(rng.uniform(-most, most, weights.shape))
    return network
