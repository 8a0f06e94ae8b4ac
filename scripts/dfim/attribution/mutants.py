"""Sequences with some rows replaced, and what that changes in importance: asked of every method."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dfim.sequences.bases import one_hot


@dataclass
class Mutants:
    """Mutants of sequences, one entry each.

    ``sequences``: number of the sequence (row of ``bases``); ``starts``: first mutated position, 0-based;
    ``widths``: how many are mutated; ``rows`` (mutants, widest, 4): what takes their place, the first
    ``widths`` rows of each; ``firsts`` and ``stops``: the interval [first, stop) of positions whose change is
    asked for. With ``targets`` (mutants, most, 2) it is asked for only where it lies in one of a mutant's
    intervals [first, stop) as well, which may be empty; elsewhere it may then be 0.
    """

    sequences: np.ndarray
    starts: np.ndarray
    widths: np.ndarray
    rows: np.ndarray
    firsts: np.ndarray
    stops: np.ndarray
    targets: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.starts)

    def asked(self, length: int) -> np.ndarray:
        """Return at which positions the change counts, bool (mutants, length)."""
        positions = np.arange(length)
        first, stop, start = (values[:, None] for values in (self.firsts, self.stops, self.starts))
        own = (positions >= start) & (positions < start + self.widths[:, None])
        asked = (positions >= first) & (positions < stop) & ~own
        if self.targets is None:
            return asked
        begins, ends = self.targets[:, :, 0, None], self.targets[:, :, 1, None]
        return asked & ((positions >= begins) & (positions < ends)).any(axis=1)

    def applied(self, bases: np.ndarray) -> np.ndarray:
        """Return the mutants whole, (mutants, length, 4)."""
        x = one_hot(bases[self.sequences])
        for number, (start, width) in enumerate(zip(self.starts, self.widths, strict=True)):
            x[number, start : start + width] = self.rows[number, :width]
        return x


@dataclass
class MutantScores:
    """Importance of sequences and what mutants change in it; float32.

    ``delta`` (mutants, length): importance of the sequence less that of the mutant, sums over bases, and
    ``absolute`` the sums over bases of its absolute value, which is another one only at an N; both count only
    within [first, stop) and outside the mutated rows, and are 0 elsewhere. Where importance was asked for,
    ``importance`` (sequences, length) is that of the sequences, sums over bases of contribution · sequence
    (it may be NaN where no mutant asks for a change), and ``own`` that of the mutated rows, (width,) each.
    Where it was asked for, ``channels`` (mutants, length) is the change of the contributions themselves,
    summed over the four channels, those of absent bases too; it counts at the same positions.
    """

    delta: np.ndarray
    absolute: np.ndarray
    channels: np.ndarray | None = None
    importance: np.ndarray | None = None
    own: list[np.ndarray] | None = None


def scores_of_whole_mutants(
    contributions: Callable[[np.ndarray], np.ndarray],
    bases: np.ndarray,
    mutants: Mutants,
    importance: bool,
    channels: bool = False,
) -> MutantScores:
    """Score every mutant as a sequence of its own.

    ``contributions`` maps (sequences, length, 4) to the same shape; ``bases`` (sequences, length).
    """
    x = np.concatenate([one_hot(bases), mutants.applied(bases)])
    raw, ignored = contributions(x), ~mutants.asked(bases.shape[1])
    found = raw * x
    original, mutated = found[: len(bases)], found[len(bases) :]
    change = original[mutants.sequences] - mutated
    change[ignored] = 0
    scores = MutantScores(change.sum(axis=2), np.abs(change).sum(axis=2))
    if channels:
        sums = raw.sum(axis=2)
        scores.channels = np.where(ignored, 0, sums[mutants.sequences] - sums[len(bases) :])
    if importance:
        intervals = zip(mutated, mutants.starts, mutants.widths, strict=True)
        scores.importance = original.sum(axis=2)
        scores.own = [found[start : start + width].sum(axis=1) for found, start, width in intervals]
    return scores
