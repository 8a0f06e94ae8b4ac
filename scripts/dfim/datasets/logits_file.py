"""The file of a network's logits, described in ``docs/files.md``."""

import json
import os

import h5py
import numpy as np

from dfim.files.whole import atomic_path


def write_predictions(
    logits: np.ndarray, tasks: list[str], path: str | os.PathLike, attributes: dict | None = None
) -> None:
    """Write logits, shape (examples, tasks), as float32; ``tasks`` names the columns.

    ``attributes`` become attributes of the file beside ``tasks``.
    """
    with atomic_path(path) as temporary, h5py.File(temporary, "w") as handle:
        array = handle.create_dataset("logits", data=logits.astype(np.float32))
        array.attrs["axes"] = json.dumps(["example", "task"])
        handle.attrs["tasks"] = json.dumps(tasks)
        handle.attrs.update(attributes or {})


def read_predictions(path: str | os.PathLike) -> tuple[np.ndarray, list[str]]:
    """Return logits, float32 (examples, tasks), and the names of the tasks."""
    with h5py.File(path, "r") as handle:
        return handle["logits"][()], json.loads(handle.attrs["tasks"])
