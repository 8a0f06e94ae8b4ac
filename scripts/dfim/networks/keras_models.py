"""Ways in: a trained Keras model from any file that Keras 2 or 3 wrote. No code of a file is ever run."""

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import h5py

from dfim.errors import InputError
from dfim.files.text import read_text
from dfim.networks import keras_files
from dfim.networks.backend import keras
from dfim.networks.keras2 import Rebuilt, rebuild, set_weights
from dfim.networks.old_keras import convert_model

# Names of files that PyTorch writes, by usage.
_OF_PYTORCH = (".pt", ".pth", ".ckpt", ".safetensors")


def read_model(path: str | Path) -> keras.Model:
    """Read a whole model: a ``.keras`` file of Keras 3 or 2, or HDF5 of Keras 2.0 to 3.

    Raises InputError when the file is no such model, is damaged, or has a layer of an unknown type.
    """
    if Path(path).suffix in _OF_PYTORCH:
        raise InputError(
            f"{path} is named as PyTorch's files are, whose code is never run: export the network to ONNX "
            "with torch.onnx.export (docs/from_pytorch.md)."
        )
    if Path(path).is_file() and zipfile.is_zipfile(path):
        return _read_archive(path)
    if (Path(path) / "saved_model.pb").is_file():
        raise InputError(
            f"{path} is a folder in TensorFlow's form SavedModel, whose code is never run: load it where it "
            'was made, and write one file by model.save("network.h5"), or export it to ONNX.'
        )
    if not Path(path).is_file():
        return keras_files.load_network(path)
    if not h5py.is_hdf5(path):
        raise InputError(
            f"{path} is no Keras model: a .keras file, or a whole model as HDF5 (.h5), is needed, or an "
            ".onnx file."
        )
    return _explained(path, "as a whole Keras model", lambda: _read_hdf5(path))


def read_parts(architecture: str | Path, weights: str | Path) -> keras.Model:
    """Read a model of two files: its architecture as JSON, of Keras 0.3 to 3, and its weights as HDF5.

    Raises InputError as :func:`read_model` does, and when weights do not fit the architecture.
    """
    entry = _json_of(architecture)
    if "class_name" not in entry:
        return convert_model(architecture, weights)
    if str(entry.get("keras_version", "2")).startswith("3"):
        return _explained(architecture, "with its weights", lambda: _today(entry, architecture, weights))
    if not h5py.is_hdf5(weights):
        raise InputError(f"{weights} is no HDF5 file: the weights that model.save_weights wrote are needed.")
    rebuilt = rebuild(entry, str(architecture))
    with h5py.File(weights) as handle:
        set_weights(rebuilt, handle, str(weights))
    return rebuilt.model


def _json_of(path: str | Path) -> Mapping:
    try:
        entry = json.loads(read_text(path, "an architecture of Keras (JSON)"))
    except OSError as error:
        raise InputError(f"{path} could not be read ({error.strerror}): give a file that is there.") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not JSON ({error}): an architecture of Keras was expected.") from None
    if not isinstance(entry, Mapping):
        raise InputError(f"{path} is JSON, but no architecture of Keras: give what to_json writes.")
    return entry


def _today(entry: Mapping, path: str | Path, weights: str | Path) -> keras.Model:
    model = _without_code(entry, path, lambda: keras.models.model_from_json(json.dumps(entry)))
    model.load_weights(weights)
    return model


def _read_archive(path: str | Path) -> keras.Model:
    """Read a ``.keras`` file; its metadata say which Keras wrote it."""
    try:
        with zipfile.ZipFile(path) as archive:
            version = json.loads(archive.read("metadata.json"))["keras_version"]
            if version.startswith("3"):
                return keras_files.load_network(path)
            entry, weights = json.loads(archive.read("config.json")), archive.read("model.weights.h5")
    except (KeyError, ValueError, OSError, EOFError, zipfile.BadZipFile, zipfile.zlib.error):
        # The reader of today's files has a sentence for each damage.
        return keras_files.load_network(path)
    rebuilt = rebuild(entry, str(path))
    with h5py.File(io.BytesIO(weights)) as handle:
        set_weights(rebuilt, handle, str(path))
    return rebuilt.model


def _read_hdf5(path: str | Path) -> keras.Model:
    with h5py.File(path) as handle:
        if "model_config" not in handle.attrs:
            raise InputError(
                f"{path} holds weights alone: give its architecture too (the keys architecture, a JSON file, "
                "and weights), or save the whole model."
            )
        version = handle.attrs.get("keras_version", "2")
        version = version.decode() if isinstance(version, bytes) else str(version)
        if not version.startswith("3"):
            return _of_keras_2(handle, path).model
        config = json.loads(handle.attrs["model_config"])
    return _without_code(config, path, lambda: keras.models.load_model(path, compile=False, safe_mode=True))


def _without_code(config: Mapping, path: str | Path, load: Callable[[], keras.Model]) -> keras.Model:
    """Return what is loaded; where that fails for want of an author's code, the sentence says so."""
    try:
        return load()
    except Exception:
        keras_files.refuse_code(config, path)
        raise


def _of_keras_2(handle: h5py.File, path: str | Path) -> Rebuilt:
    config = handle.attrs["model_config"]
    rebuilt = rebuild(json.loads(config), str(path))
    set_weights(rebuilt, handle["model_weights"], str(path))
    return rebuilt


def _explained(path: str | Path, what: str, read: Callable[[], keras.Model]) -> keras.Model:
    """Return what is read; Keras raises whatever the reader of a broken part raises."""
    try:
        return read()
    except InputError:
        raise
    except Exception as error:
        reason = str(error).strip().split("\n")[0].rstrip(".")
        raise InputError(
            f"{path} could not be read {what} ({type(error).__name__}: {reason}): save it as a .keras file, "
            "or export it to ONNX."
        ) from error
