"""Trained networks from elsewhere: reading a Keras file and checking that it can be analysed."""

import zipfile
from collections.abc import Sequence
from pathlib import Path

import h5py
import keras
import numpy as np

from dfim.errors import InputError
from dfim.networks import description, keras_files, logits


def read_own_network(path: str | Path) -> keras.Sequential:
    """Read a network from a Keras 3 file or a whole model as HDF5, as a Sequential model.

    A functional model that is one chain of layers becomes the Sequential model of the same layers. Code
    inside a file is never run. Raises InputError when the file is no such model, when its layers are no
    chain, when one of them is not supported (see :func:`dfim.networks.description.describe`), when its input
    is not (positions, 4), and when it ends neither in a sigmoid nor in a linear dense layer.
    """
    model = _read(path)
    if not isinstance(model, keras.Sequential):
        model = _as_sequential(model, path)
    shape = model.input_shape[1:]
    if len(shape) != 2 or shape[0] is None or shape[1] != 4:
        raise InputError(
            f"the network {path} has the input shape {shape}, and one-hot sequences (positions, 4) of one "
            "length, channels in the order A, C, G, T, are needed."
        )
    description.describe(model)
    logits.logits(model)
    return model


def check_outputs(model: keras.Sequential, tasks: Sequence[str], path: str | Path) -> None:
    """Raise InputError when a network, read from ``path``, does not have one output for each task."""
    if model.output_shape[-1] != len(tasks):
        raise InputError(
            f"the network {path} has {model.output_shape[-1]} outputs, and {len(tasks)} tasks are named "
            f"({', '.join(tasks)}): name each output, in order."
        )


def _read(path: str | Path) -> keras.Model:
    if not Path(path).is_file() or zipfile.is_zipfile(path):
        return keras_files.load_network(path)
    if not h5py.is_hdf5(path):
        raise InputError(
            f"{path} is no Keras model: a .keras file, or a whole model as HDF5 (.h5), is needed."
        )
    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises whatever the reader of the broken part raises
        reason = str(error).strip().split("\n")[0].rstrip(".")
        raise InputError(
            f"{path} could not be read as a whole Keras model ({type(error).__name__}: {reason}): save it as "
            "a .keras file; weights alone are not enough."
        ) from error


def _as_sequential(model: keras.Model, path: str | Path) -> keras.Sequential:
    """Return the layers of a functional model that is one chain as a Sequential model of the same layers."""
    layers = [layer for layer in model.layers if not isinstance(layer, keras.layers.InputLayer)]
    same = False
    if len(model.inputs) == len(model.outputs) == 1:
        try:
            chain = keras.Sequential([keras.Input(model.inputs[0].shape[1:], name="one_hot"), *layers])
            tried = np.random.default_rng(0).random((2, *chain.input_shape[1:]), dtype=np.float32)
            same = np.allclose(model(tried), chain(tried), rtol=1e-4, atol=1e-6)
        except (ValueError, TypeError):  # a layer that takes something else than what comes before it
            same = False
    if not same:
        raise InputError(
            f"the network {path} is no chain of layers from one input to one output ({len(model.inputs)} "
            f"inputs, {len(model.outputs)} outputs, {len(layers)} layers), and only chains are supported."
        )
    return chain
