"""Other sequence to stand in the place of a feature: pieces of dinucleotide shuffles of the same sequence.

A draw depends on the seed, the example and the feature's place alone: neither on other features, nor on
shards, cores or their order, nor on how many draws there are (ten are the first of twenty). *Shared* pieces
stand in the place of every feature of a name, the same one in all sequences. They depend on the seed, the
name and the dataset. An N is no sequence, and does nothing: pieces have none where that can be.
"""

from collections.abc import Iterable
from hashlib import blake2b

import numpy as np
import pandas as pd

from dfim.sequences.bases import reverse_complement
from dfim.sequences.shuffling import numbers_below, shuffles_of_keys

UNKNOWN = ord("N")
# Purposes that draw by keys alike, and must not draw the same.
REPLACED, REMOVED, SHARED = 0, 1, 2


class Draws:
    """Pieces of ``number`` dinucleotide shuffles of one example, for any of its features.

    ``bases`` (positions,), the example's; ``purpose`` is :data:`REPLACED` or :data:`REMOVED`. ``shuffles``:
    the shuffled sequences, uint8 (number, positions).
    """

    def __init__(self, bases: np.ndarray, seed: int, example: int, number: int, purpose: int = REPLACED):
        self._key = (seed, example, purpose)
        # The last number keeps keys of different lengths apart: trailing zeros are no part of a seed.
        self.shuffles = shuffles_of_keys(bases, [(*self._key, draw, 1) for draw in range(number)])
        self._with_unknown = bool((bases == UNKNOWN).any())

    def pieces(self, start: int, end: int) -> np.ndarray:
        """Return what stands in the place [start, end) in each draw, uint8 (number, end − start)."""
        number, length = self.shuffles.shape
        width = end - start
        begins = numbers_below(length - width + 1, number, (*self._key, start, end, 2))
        if self._with_unknown:
            pairs = zip(self.shuffles, begins, strict=True)
            begins = np.array([among_known(shuffle, begin, width) for shuffle, begin in pairs], np.int64)
        return self.shuffles[np.arange(number)[:, None], begins[:, None] + np.arange(width)]


class SharedPieces:
    """Pieces that are the same in all sequences, by the name of the features whose place they take.

    ``bases`` uint8 (examples, positions) and ``features`` are the dataset's; ``names``: of which features.
    Each of the ``number`` pieces of a name is from a shuffle of an example with such a feature, and as wide
    as the widest of them.
    """

    def __init__(
        self, bases: np.ndarray, features: pd.DataFrame, names: Iterable[str], seed: int, number: int
    ):
        own = features[features["name"].isin(set(names))]
        self._pieces = {name: _shared(bases, of_name, seed, number) for name, of_name in own.groupby("name")}

    def alike(self) -> dict[str, int]:
        """Return how many pieces differ, of names of which that is less than half of those that could."""
        different = {name: len(np.unique(own, axis=0)) for name, own in self._pieces.items()}
        possible = {name: min(len(own), 4.0 ** own.shape[1]) for name, own in self._pieces.items()}
        return {name: found for name, found in different.items() if 2 * found < possible[name]}

    def pieces(self, name: str, strand: str, width: int) -> np.ndarray:
        """Return what stands in the place of a feature, as that lies on its strand: uint8 (number, width)."""
        pieces = self._pieces[name][:, :width]
        return reverse_complement(pieces) if strand == "-" else pieces


def _shared(bases: np.ndarray, features: pd.DataFrame, seed: int, number: int) -> np.ndarray:
    """Return the shared pieces of features of one name, uint8 (number, width of the widest)."""
    name = int.from_bytes(blake2b(features["name"].iloc[0].encode(), digest_size=4).digest())
    width = int((features["end"] - features["start"]).max())
    key = (seed, name, SHARED)
    examples = features["example"].to_numpy()[numbers_below(len(features), number, (*key, 3))]
    begins = numbers_below(bases.shape[1] - width + 1, number, (*key, 2))
    pieces = np.empty((number, width), np.uint8)
    for draw, (example, begin) in enumerate(zip(examples, begins, strict=True)):
        shuffle = shuffles_of_keys(bases[example], [(*key, draw, 1)])[0]
        begin = among_known(shuffle, begin, width)
        pieces[draw] = shuffle[begin : begin + width]
    return pieces


def pieces_alike(draws: int, name: str, different: int, remedy: str, others: str = "") -> str:
    """Return a sentence that so few shared pieces of a name differ; as many as differ are its draws."""
    return (
        f"of {draws} shared pieces in the place of {name} only {different} differ{others}, so that a motif "
        f"like any other stands out with a chance of {1 / (different + 1):.2g}: {remedy}."
    )


def among_known(shuffle: np.ndarray, begin: int, width: int) -> int:
    """Return where a piece begins that was drawn to begin at ``begin``: as far along those without an N."""
    unknown = np.concatenate([[0], np.cumsum(shuffle == UNKNOWN)])
    known = np.flatnonzero(unknown[width:] == unknown[: len(unknown) - width])
    return known[begin * len(known) // (len(unknown) - width)] if len(known) else begin
