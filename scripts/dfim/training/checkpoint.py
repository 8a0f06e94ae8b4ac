"""Where training stands after an epoch, in a file that it can be taken up from as if nothing had happened.

The file is an npz archive of plain arrays, each with its checksum: ``description`` (JSON: ``digest`` of what
the training is of, and ``history``), ``state_…`` (weights, moving averages, the random state of dropout, the
optimiser's moments and counters) and ``best_…`` (weights of the best epoch). Order and augmentation of an
epoch follow from its number.
"""

import hashlib
import json
import logging
import os
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from dfim.files.whole import atomic_path
from dfim.training.frameworks import keras

_DAMAGE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError)

logger = logging.getLogger("dfim")


def digest_of(settings: dict, arrays: Iterable[np.ndarray]) -> str:
    """Return the SHA-256 (hexadecimal) of settings that JSON can hold and of arrays."""
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for array in arrays:
        array = np.ascontiguousarray(array)
        digest.update(f"{array.dtype} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


class Checkpoint:
    """The file of one training, which is of ``digest``; without a path nothing is kept and nothing is found.

    ``trainer`` is a compiled model, whose state is saved and restored.
    """

    def __init__(self, path: str | os.PathLike | None, digest: str, trainer: keras.Model):
        self.path, self.digest, self.trainer = path, digest, trainer
        trainer.optimizer.build(trainer.trainable_variables)

    def _variables(self) -> list[keras.Variable]:
        return [*self.trainer.variables, *self.trainer.optimizer.variables]

    def save(self, history: list[dict], best: list[np.ndarray]) -> None:
        """Write the state after the last epoch of ``history``, with the weights of the best one."""
        if self.path is None:
            return
        description = json.dumps({"digest": self.digest, "history": history})
        arrays = {"description": np.frombuffer(description.encode(), np.uint8)}
        arrays |= {f"state_{n}": np.asarray(variable) for n, variable in enumerate(self._variables())}
        arrays |= {f"best_{n}": array for n, array in enumerate(best)}
        # The archive has checksums of its own; one beside it could be that of another epoch after a kill.
        with atomic_path(self.path, checksum=False) as temporary:
            np.savez(temporary, **arrays)

    def restore(self) -> tuple[list[dict], list[np.ndarray] | None]:
        """Set the trainer to the saved state; return the history and the weights of the best epoch.

        A file that is of another training, or damaged, is left aside with a line in the log: the history is
        empty then, and the weights are None.
        """
        if self.path is None or not Path(self.path).is_file():
            return [], None
        try:
            with np.load(self.path, allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
            description = json.loads(arrays.pop("description").tobytes())
            if description["digest"] != self.digest:
                logger.info("the checkpoint %s is of other data or settings: training begins anew", self.path)
                return [], None
            variables = self._variables()
            state = [arrays[f"state_{n}"] for n in range(len(variables))]
            best = [arrays[f"best_{n}"] for n in range(len(self.trainer.get_weights()))]
        except _DAMAGE as error:
            logger.info("the checkpoint %s is damaged (%s): training begins anew", self.path, error)
            return [], None
        for variable, value in zip(variables, state, strict=True):
            variable.assign(value)
        history = description["history"]
        logger.info("training is taken up after epoch %d, from %s", len(history), self.path)
        return history, best
