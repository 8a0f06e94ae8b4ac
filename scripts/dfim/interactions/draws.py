"""Other sequence to stand in the place of a feature: pieces of dinucleotide shuffles of the same sequence.

A draw depends on the seed, the example and the feature's place alone: neither on other features, nor on
shards, cores or their order, nor on how many draws there are (ten are the first of twenty).
"""

import numpy as np

from dfim.sequences.shuffling import numbers_below, shuffles_of_keys

# Purposes that draw from the same example, and must not draw the same.
REPLACED, REMOVED = 0, 1


class Draws:
    """Pieces of ``number`` dinucleotide shuffles of one example, for any of its features.

    ``bases`` (positions,), the example's; ``purpose`` is :data:`REPLACED` or :data:`REMOVED`. ``shuffles``:
    the shuffled sequences, uint8 (number, positions).
    """

    def __init__(self, bases: np.ndarray, seed: int, example: int, number: int, purpose: int = REPLACED):
        self._key = (seed, example, purpose)
        # The last number keeps keys of different lengths apart: trailing zeros are no part of a seed.
        self.shuffles = shuffles_of_keys(bases, [(*self._key, draw, 1) for draw in range(number)])

    def pieces(self, start: int, end: int) -> np.ndarray:
        """Return what stands in the place [start, end) in each draw, uint8 (number, end − start)."""
        number, length = self.shuffles.shape
        width = end - start
        begins = numbers_below(length - width + 1, number, (*self._key, start, end, 2))
        return self.shuffles[np.arange(number)[:, None], begins[:, None] + np.arange(width)]
