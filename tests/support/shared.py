"""Folders that take long to make: one process of pytest makes each, and all others use it."""

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path


def made_once(factory, name: str, make: Callable[[Path], object]) -> Path:
    """Return a folder that is made once for all processes of a run of pytest (``-n``); others wait for it.

    ``factory`` is pytest's ``tmp_path_factory``; ``make`` is called with the folder, which is there and
    empty. Where it fails, the next process to ask tries again. Tests must not change the folder.
    """
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # each process has a folder of its own in that of the run
        base = base.parent
    folder, done = base / name, base / f"{name}.done"
    with open(base / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # let go when the file is closed
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            done.touch()
    return folder
