"""How frameworks are imported: half of the processor time goes to what nobody here asks for."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Keras, which TensorFlow imports too, does without these packages.
_NOT_USED = ("matplotlib", "sklearn")


@contextmanager
def without_what_is_not_used() -> Iterator[None]:
    """Hide packages that Keras does without from what is imported meanwhile, and leave its garbage.

    Packages that were imported before stay; the others are there for whoever imports them afterwards.
    """
    hidden = [package for package in _NOT_USED if package not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # None: an ImportError for whoever asks
    try:
        with _uncollected():
            yield
    finally:
        for package in hidden:
            del sys.modules[package]


@contextmanager
def _uncollected() -> Iterator[None]:
    """Take what is made meanwhile, and was before, for what stays, which is not searched for garbage."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()
