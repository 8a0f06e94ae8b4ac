"""Weights of one network as the starting point of another."""

from dfim.errors import InputError
from dfim.networks.backend import keras


def initialise_from(model: keras.Sequential, other: keras.Sequential) -> None:
    """Copy all weights of ``other`` into ``model``, except the head's, which keeps its own.

    Layers are matched by order, not by name; the networks may differ in their tasks and in dropout. Raises
    InputError, before anything is copied, naming the first layer that differs and both shapes of its weights.
    """
    mine = [layer for layer in model.layers if layer.weights][:-1]
    theirs = [layer for layer in other.layers if layer.weights][:-1]
    for layer, source in zip(mine, theirs, strict=False):
        if type(layer) is not type(source) or _shapes(layer) != _shapes(source):
            raise InputError(
                f"the network cannot be initialised from the other one: layer {layer.name} has weights of "
                f"shape {_shapes(layer)} here, and {source.name} has {_shapes(source)} there; give both "
                f"the same layers and the same sequence length."
            )
    if len(mine) != len(theirs):
        more, where = (mine, "the other one") if len(mine) > len(theirs) else (theirs, "this one")
        layer = more[min(len(mine), len(theirs))]
        raise InputError(
            f"the network cannot be initialised from the other one: layer {layer.name} with weights of shape "
            f"{_shapes(layer)} has no counterpart in {where}; give both the same layers."
        )
    for layer, source in zip(mine, theirs, strict=True):
        layer.set_weights(source.get_weights())


def _shapes(layer: keras.layers.Layer) -> str:
    """Return the shapes of a layer's weights as text, e.g. ``(19, 4, 40) and (40)``."""
    return " and ".join("(" + ", ".join(map(str, weight.shape)) + ")" for weight in layer.weights)
