"""Networks as Keras 3 files, written whole or not at all."""

import os
import zipfile
from pathlib import Path

from dfim.errors import InputError
from dfim.files.whole import atomic_path
from dfim.networks.backend import keras
from dfim.networks.stored import StoredGraph, StoredOnnx

# The layers of our own that a file may hold: whoever reads one needs them.
_OWN_LAYERS = {f"dfim>{layer.__name__}": layer for layer in (StoredGraph, StoredOnnx)}


def save_network(model: keras.Model, path: str | os.PathLike) -> None:
    """Write a network with its weights as a Keras 3 file, under a temporary name first.

    Raises InputError when the name does not end in ``.keras``.
    """
    if Path(path).suffix != ".keras":
        raise InputError(f"{path} cannot name a network: the name must end in .keras.")
    with atomic_path(path) as temporary:
        model.save(temporary)


def load_network(path: str | os.PathLike) -> keras.Sequential:
    """Read a network that :func:`save_network` wrote; code inside the file is never run.

    Raises InputError when the file is missing, is no Keras 3 file, or is damaged.
    """
    if not Path(path).is_file():
        raise InputError(
            f"{path} is not a file: a network in the Keras 3 format (.keras) was expected there."
        )
    if not zipfile.is_zipfile(path):
        raise InputError(
            f"{path} is not a network in the Keras 3 format (.keras): it is damaged, or something else wrote "
            "it: save it again with model.save (or, where the workflow made it, delete it and run again)."
        )
    try:
        return keras.models.load_model(path, _OWN_LAYERS, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises whatever the reader of the broken part raises
        reason = str(error).strip().split("\n")[0].split(". ")[0].rstrip(".")
        raise InputError(
            f"{path} could not be read as a network in the Keras 3 format ({type(error).__name__}: "
            f"{reason}): "
            "save it again with model.save (or, where the workflow made it, delete it and run again)."
        ) from error
