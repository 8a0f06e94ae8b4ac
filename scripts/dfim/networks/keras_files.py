"""Networks as Keras 3 files, written whole or not at all."""

import json
import os
import zipfile
from collections.abc import Iterator
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
        refuse_code(_config_of(path), path)
        reason = str(error).strip().split("\n")[0].split(". ")[0].rstrip(".")
        raise InputError(
            f"{path} could not be read as a network in the Keras 3 format ({type(error).__name__}: "
            f"{reason}): "
            "save it again with model.save (or, where the workflow made it, delete it and run again)."
        ) from error


def refuse_code(config: object, path: str | os.PathLike) -> None:
    """Raise InputError where the configuration of a Keras 3 model names a class or function of its author.

    What cannot be loaded for that reason is not mended by saving it again.
    """
    for name, kind in _foreign(config):
        raise InputError(
            f"{path}: {name} ({kind}) needs code of its author, and no code of a file is run: build the "
            "network of Keras' own layers, or export it to ONNX where that code is."
        )


def _foreign(config: object, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield name and class of every part of a configuration that Keras itself has not."""
    if isinstance(config, list):
        for part in config:
            yield from _foreign(part, name)
    if not isinstance(config, dict):
        return
    kind, inner = config.get("class_name"), config.get("config")
    if isinstance(kind, str) and kind not in _OWN_LAYERS and config.get("registered_name") not in _OWN_LAYERS:
        given = inner.get("name") if isinstance(inner, dict) else inner
        name = given if isinstance(given, str) else name
        # HDF5 has no modules: there the class of an author is known by the > of its package.
        module = str(config.get("module", "keras")).split(".")[0]
        if kind in ("Lambda", "function") or ">" in kind or module not in ("keras", "builtins"):
            yield name or "the network", kind
    for part in config.values():
        yield from _foreign(part, name)


def _config_of(path: str | os.PathLike) -> object:
    """Return the configuration that a file holds, None where it cannot be read."""
    try:
        with zipfile.ZipFile(path) as archive:
            return json.loads(archive.read("config.json"))
    except (KeyError, ValueError, OSError, EOFError, zipfile.BadZipFile, zipfile.zlib.error):
        return None
