"""What computes whole sequences: TensorFlow, JAX or PyTorch, one of them in a process.

    use("jax")
    logits = chosen().compiled(way_back.logits, length)

The functions that are computed are written in ``keras.ops``. Keras has one backend in a process, and takes it
when it is imported; so the choice is the process's, and is made before. Without one it is TensorFlow. The
user's environment (``KERAS_BACKEND``, ``~/.keras/keras.json``) has no say.

Nothing is imported until a backend computes: each takes seconds to import.
"""

import importlib
import os
import sys
from functools import cache
from importlib.util import find_spec

from dfim.backends.base import Backend
from dfim.backends.importing import without_what_is_not_used
from dfim.errors import InputError
from dfim.gpu import driver_is_there

TENSORFLOW = "tensorflow"
# What each is called, and the module and class that know it.
NAMES = {
    TENSORFLOW: ("TensorFlow", "dfim.backends.on_tensorflow", "TensorFlow"),
    "jax": ("JAX", "dfim.backends.on_jax", "Jax"),
    "torch": ("PyTorch", "dfim.backends.on_torch", "Torch"),
}
# Read by Keras and TensorFlow when they are imported; TensorFlow announces missing CUDA drivers as an error
# on every machine without a GPU.
_KERAS, _QUIET = "KERAS_BACKEND", "TF_CPP_MIN_LOG_LEVEL"

_name: str | None = None
_threads: int | None = None


def use(name: str | None = None, threads: int | None = None) -> None:
    """Choose the backend of this process, a name of :data:`NAMES`; None leaves it as it is.

    ``threads``: what it is limited to from its first computation on; JAX takes no other number later.

    Raises InputError on a name that is none, on a backend that is not installed, and where Keras computes
    with another one already.
    """
    global _name, _threads
    if name is not None:
        check_installed(name)
        _check_keras(name)
        os.environ.setdefault(_QUIET, "3")
        os.environ[_KERAS] = _name = name
    _threads = threads or _threads


def _check_keras(name: str) -> None:
    """Raise InputError where Keras computes with another backend already."""
    keras = sys.modules.get("keras")
    if keras is not None and (found := keras.backend.backend()) != name:
        raise InputError(
            f"Keras computes with {words(found)} in this process already, and {words(name)} is asked for: "
            "choose the backend before Keras is imported, in a process of its own."
        )


def check_installed(name: str) -> None:
    """Raise InputError where there is no backend of that name, or where it is not installed."""
    if name not in NAMES:
        raise InputError(f"there is no backend {name!r}: use one of {', '.join(NAMES)}.")
    if find_spec(name) is None:
        raise InputError(
            f"the backend is {name}, and {words(name)} is not installed: run "
            f"'{sys.executable} -m pip install {name}', or choose another backend."
        )


def chosen_name() -> str:
    """Return the name of the backend of this process."""
    return _name or TENSORFLOW


def chosen() -> Backend:
    """Return the backend of this process; this imports it. Raises InputError as :func:`use` does."""
    if _name is None:
        use(TENSORFLOW)
    return _made(chosen_name())


def words(name: str | None = None) -> str:
    """Return what a backend is called, by default that of this process."""
    name = name or chosen_name()
    return NAMES[name][0] if name in NAMES else name


def gpu_is_there() -> bool:
    """Return whether the backend sees a GPU, without importing it where there can be none."""
    return driver_is_there() and chosen().first_gpu() is not None


@cache
def _made(name: str) -> Backend:
    _, module, kind = NAMES[name]
    with without_what_is_not_used():
        backend = getattr(importlib.import_module(module), kind)()
    backend.set_threads(_threads)
    return backend
