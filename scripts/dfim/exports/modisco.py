"""Sequences and hypothetical contributions as modisco-lite reads them, for motif discovery."""

import os

import numpy as np

from dfim.attribution.scorer import Scorer
from dfim.files.whole import atomic_path

# The name under which ``modisco motifs`` looks for the array of an .npz file.
ARRAY = "arr_0"


def attributions(scorer: Scorer, contributions: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return what modisco-lite is given of a scorer's contributions for x: :func:`hypothetical` ones.

    Those of a method without multipliers, as in-silico mutagenesis, stay as they are: only the base that is
    there has one.
    """
    return hypothetical(contributions, x, scorer.reference) if scorer.MULTIPLIED else contributions


def hypothetical(contributions: np.ndarray, x: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Return what each base would contribute in the place of the one that is there, float32, shape of ``x``.

    ``contributions`` are multiplier × (x − reference), shape (examples, positions, 4); ``reference`` has the
    shape (positions, 4). With the multipliers held, base b in a place contributes the sum over channels of
    multiplier × (one-hot of b − reference) (Shrikumar et al. 2018, TF-MoDISco); that of the base that is
    there is the sum of ``contributions`` over channels. A channel that does not differ from the reference
    does not tell its multiplier, as with gradient × input, whose reference is 0: such positions, and those of
    an N, have their ``contributions`` as they are.
    """
    difference = x - reference
    untold = (difference == 0).any(axis=2, keepdims=True) | (x.max(axis=2, keepdims=True) < 1)
    multipliers = np.divide(contributions, difference, out=np.zeros_like(difference), where=difference != 0)
    values = multipliers - (multipliers * reference).sum(axis=2, keepdims=True)
    return np.where(untold, contributions, values).astype(np.float32)


def write_arrays(
    x: np.ndarray, scores: np.ndarray, sequences: str | os.PathLike, attributions: str | os.PathLike
) -> None:
    """Write two .npz files with one array each, ``arr_0``, shape (examples, 4, positions), channels A C G T.

    ``x`` and ``scores`` have the shape (examples, positions, 4). ``sequences`` gets the one-hot rows, int8,
    0 in all channels for N; ``attributions`` the scores, float32.
    """
    for path, values in ((sequences, (x == 1).astype(np.int8)), (attributions, scores.astype(np.float32))):
        with atomic_path(path) as temporary, open(temporary, "wb") as handle:
            np.savez_compressed(handle, **{ARRAY: values.transpose(0, 2, 1)})
