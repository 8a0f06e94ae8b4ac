"""Logits of a whole dataset; its contribution scores, written to a file as they are computed."""

import json
import os

import h5py
import numpy as np

from dfim.attribution.scorer import Scorer
from dfim.files.whole import atomic_path, sha256_of
from dfim.progress import Progress
from dfim.sequences.bases import one_hot


def provenance(
    model: str | os.PathLike,
    sequences: str | os.PathLike,
    method: str,
    task: str,
    method_options: dict,
    **values,
) -> dict:
    """Return the attributes that tell of a file of scores what it was made from, and how.

    ``model`` and ``sequences`` are the files of the network and of the sequences; their SHA-256 are
    ``model_sha256`` and ``sequences_sha256``. ``method``, ``task`` and further ``values`` are taken as they
    are, ``method_options`` as JSON.
    """
    return {
        "model_sha256": sha256_of(model),
        "sequences_sha256": sha256_of(sequences),
        "method": method,
        "task": task,
        "method_options": json.dumps(dict(method_options), sort_keys=True),
        **values,
    }


def logits_of_dataset(scorer: Scorer, bases: np.ndarray, batch_size: int = 1024) -> np.ndarray:
    """Return the logits of all sequences, float32 (sequences, tasks); ``bases`` uint8 (sequences, length)."""
    parts = (bases[start : start + batch_size] for start in range(0, len(bases), batch_size))
    found = [scorer.logits(one_hot(part)) for part in parts]
    return np.concatenate([np.empty((0, scorer.outputs), np.float32), *found])


def write_contributions(
    scorer: Scorer,
    bases: np.ndarray,
    task: int,
    path: str | os.PathLike,
    attributes: dict | None = None,
    batch_size: int = 1024,
) -> np.ndarray:
    """Score all examples for one task; write an HDF5 file as in ``docs/files.md``; return the residuals.

    ``bases`` has shape (examples, positions). The file has ``importance`` float32 (example, position), the
    contribution of the base that is present; ``contribution_sum`` and ``logit`` float32 (example); the
    attributes ``reference_logit``, ``reference`` (4 values, or positions × 4 when it differs between
    positions) and what ``attributes`` holds. The residual of an example is contribution_sum − (logit −
    reference_logit), shape (examples,): 0, but for rounding, for DeepLIFT on a network without same
    padding.
    """
    examples, length = bases.shape
    reference_logit = scorer.reference_logit(task)
    residuals = np.empty(examples, np.float32)
    progress = Progress(total=examples, desc="contributions", unit=" sequences")
    with progress, atomic_path(path) as temporary, h5py.File(temporary, "w") as handle:
        importance = _array(handle, "importance", (examples, length))
        total, logit = (_array(handle, name, (examples,)) for name in ("contribution_sum", "logit"))
        for start in range(0, examples, batch_size):
            part = slice(start, start + batch_size)
            x = one_hot(bases[part])
            contributions = scorer.contributions(x, task)
            importance[part] = (contributions * x).sum(axis=2)
            total[part] = contributions.sum(axis=(1, 2))
            logit[part] = scorer.logits(x)[:, task]
            residuals[part] = total[part] - (logit[part] - reference_logit)
            progress.update(len(x))
        rows = scorer.reference
        handle.attrs["reference"] = rows[0] if (rows == rows[0]).all() else rows
        handle.attrs["reference_logit"] = reference_logit
        handle.attrs.update(attributes or {})
    return residuals


def _array(handle: h5py.File, name: str, shape: tuple[int, ...]) -> h5py.Dataset:
    array = handle.create_dataset(name, shape, np.float32)
    array.attrs["axes"] = json.dumps(["example", "position"][: len(shape)])
    return array
