"""Pairwise in-silico mutagenesis: a second opinion on the interaction of two features.

The interaction of a and b is f(ab) − f(a) − f(b) + f(0): f(ab) is the output with both intact, f(a) with a
alone (b is mutated), f(b) with b alone, f(0) with neither. Above 0 the two do more together than the sum of
what each does alone (synergy), below 0 less (redundancy). On the logit it speaks of what the network
computes; on the probability the sigmoid adds an interaction of its own, since an output that is near 0 or 1
cannot follow a sum. Mutants are those of :mod:`dfim.interactions.scoring`.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from scipy.special import expit

from dfim.interactions.mutation import mutant_rows
from dfim.progress import Progress
from dfim.sequences.bases import one_hot
from dfim.statistics.agreement import INTERACTION_COLUMNS

COLUMNS = ["example", "source", "target", *INTERACTION_COLUMNS]
_BATCH = 512

Logits = Callable[[np.ndarray], np.ndarray]


def mutate_pairs(
    logits: Logits,
    bases: np.ndarray,
    features: pd.DataFrame,
    pairs: pd.DataFrame,
    task: int,
    background: Sequence[float],
    batch_size: int = _BATCH,
) -> pd.DataFrame:
    """Return the interaction of every pair by mutating its features alone and together: ``COLUMNS``.

    ``logits`` maps sequences, float (sequences, positions, 4), to the logits of all tasks. ``bases`` has
    shape (all examples, positions), ``pairs`` the columns ``example``, ``source``, ``target`` of
    :func:`dfim.interactions.sources.make_pairs`, whose features do not overlap; a pair and its reverse have
    the same interaction, which is computed once. Sorted by example, source, target.
    """
    by_number = features.set_index("feature", drop=False)
    # A pair and its reverse are one: features in ascending order.
    unordered = pd.DataFrame(
        {
            "example": pairs["example"].to_numpy(),
            "first": pairs[["source", "target"]].min(axis=1).to_numpy(),
            "second": pairs[["source", "target"]].max(axis=1).to_numpy(),
        }
    ).drop_duplicates(ignore_index=True)
    found = unordered.assign(**dict.fromkeys(INTERACTION_COLUMNS, np.nan))
    waiting, size = [], 0
    with Progress(total=len(unordered), unit=" pairs") as progress:
        for example, rows in unordered.groupby("example", sort=True).indices.items():
            waiting.append((rows, _mutants(bases[example], by_number, unordered.iloc[rows], background)))
            size += len(waiting[-1][1])
            if size >= batch_size:
                _evaluate(logits, waiting, task, found, progress)
                waiting, size = [], 0
        if waiting:
            _evaluate(logits, waiting, task, found, progress)
    keyed = pairs[["example", "source", "target"]].assign(
        first=pairs[["source", "target"]].min(axis=1), second=pairs[["source", "target"]].max(axis=1)
    )
    joined = keyed.merge(found, on=["example", "first", "second"], how="left", validate="many_to_one")
    return joined[COLUMNS].sort_values(["example", "source", "target"], ignore_index=True)


def _mutants(bases: np.ndarray, by_number: pd.DataFrame, pairs: pd.DataFrame, background) -> np.ndarray:
    """Return, pair by pair, four sequences: both intact, the first alone, the second alone, neither."""
    intact = one_hot(bases)
    places = {
        number: (slice(feature.start, feature.end), mutant_rows(bases, feature, np.asarray(background))[0])
        for number, feature in _features(by_number, pairs)
    }
    sequences = np.repeat(intact[None], 4 * len(pairs), axis=0)
    for row, (first, second) in enumerate(pairs[["first", "second"]].to_numpy()):
        for number, mutated in ((first, (2, 3)), (second, (1, 3))):
            inside, letters = places[number]
            for which in mutated:
                sequences[4 * row + which, inside] = letters
    return sequences


def _features(by_number: pd.DataFrame, pairs: pd.DataFrame):
    """Yield number and row of every feature of some pairs, once each."""
    for number in pd.unique(pairs[["first", "second"]].to_numpy().ravel()):
        yield number, by_number.loc[number]


def _evaluate(logits: Logits, waiting: list, task: int, found: pd.DataFrame, progress: Progress) -> None:
    """Evaluate what waits and put the interactions into their rows."""
    values = np.asarray(logits(np.concatenate([part for _, part in waiting])), np.float64)[:, task]
    rows = np.concatenate([rows for rows, _ in waiting])
    for column, outputs in zip(INTERACTION_COLUMNS, (values, expit(values)), strict=True):
        both, first, second, neither = outputs.reshape(-1, 4).T
        found.loc[rows, column] = both - first - second + neither
    progress.update(len(rows))
