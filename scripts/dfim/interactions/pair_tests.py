"""The pair test: outputs without a feature, without both, and with other sequence in a feature's place.

f is a network's output before its sigmoid (or its linear output). A pair of features has f11 = f(s), f01
without the first, f10 without the second, f00 without either (:mod:`dfim.statistics.effects`), and K times
the interaction of each with other sequence in the place of the other, which is the null ``replaced``
(:mod:`dfim.statistics.replaced`). Only outputs are needed, so that any network can be tested. *Shared* draws
are for kinds of pairs (:mod:`dfim.statistics.kinds`): there the same piece takes the place of every feature
of one name.

A feature is removed by rows of the background in its place (the paper's mutant), or by pieces of shuffles of
the same sequence, over which the outputs are averaged.

Pairs are unordered: ``first`` is the feature that lies upstream. Features of a pair do not overlap.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dfim.attribution.edits import NONE, Block
from dfim.errors import counted
from dfim.interactions.draws import REMOVED, REPLACED, Draws, SharedPieces, pieces_alike
from dfim.interactions.edits import Evaluate, evaluated
from dfim.interactions.mutation import mutant_rows
from dfim.interactions.pairs import rows_by_example
from dfim.progress import Progress
from dfim.sequences.bases import one_hot
from dfim.statistics.effects import OUTPUTS

logger = logging.getLogger("dfim")

TEST_COLUMNS = ["example", "first", "second", "within_reach", *OUTPUTS]
OTHER = "interaction_other_removal"
# Numbers of the rows of sequences that are evaluated at once, of which twice as many are held.
MOST_VALUES = 12_000_000


@dataclass
class PairDraws:
    """What pairs are tested with, one row per pair in all.

    ``table`` has the columns ``TEST_COLUMNS``: the outputs with both features, without one, and without both.
    ``first`` and ``second``, float64 (pairs, K): the interaction with other sequence in the place of the
    first, and of the second feature; NaN for pairs that cannot interact. ``shared_first`` and
    ``shared_second``, float64 (pairs, shared draws): the same with pieces that are the same in all sequences.
    ``shuffled`` float64 (examples, K): outputs of shuffles of the sequences of the pairs.
    """

    table: pd.DataFrame
    first: np.ndarray
    second: np.ndarray
    shared_first: np.ndarray
    shared_second: np.ndarray
    shuffled: np.ndarray


@dataclass
class _Job:
    """The pairs of one example; ``rows`` are their places in the table, ``ends`` (pairs, 2) local features.

    ``removed`` and ``placed`` have one entry for each local feature: what takes its place to remove it,
    (M, width, 4), and in the draws, those of its own and then the shared ones, (draws, width, 4).
    ``reached``: which pairs can interact at all.
    """

    example: int
    rows: np.ndarray
    ends: np.ndarray
    reached: np.ndarray
    starts: list[int]
    removed: list[np.ndarray]
    placed: list[np.ndarray]
    shuffles: np.ndarray


def draw_pairs(
    evaluate: Evaluate,
    bases: np.ndarray,
    features: pd.DataFrame,
    pairs: pd.DataFrame,
    background: np.ndarray,
    draws: int = 10,
    seed: int = 0,
    removal_draws: int = 0,
    shared_draws: int = 0,
    most: int | None = None,
) -> PairDraws:
    """Evaluate unordered pairs of features: their outputs, and those of their draws.

    ``bases`` uint8 (all examples, positions); ``features`` the dataset's; ``pairs`` the columns ``example``,
    ``first``, ``second`` and ``within_reach`` of :func:`dfim.interactions.pairs.unordered_pairs`.
    ``background``: float (4,) or (positions, 4), what takes a removed feature's place; with ``removal_draws``
    above 0 so many pieces of shuffles do instead. Draws depend on the seed, the example and the features'
    places alone, those of ``shared_draws`` on the seed, the features' names and the dataset
    (:mod:`dfim.interactions.draws`); a warning is logged where many of these are the same. ``most``: copies
    of sequences that are evaluated at once, by default what takes about 50 MB.
    """
    pairs = pairs.reset_index(drop=True)
    most = most or max(1, MOST_VALUES // (4 * bases.shape[1]))
    outputs = np.full((len(pairs), len(OUTPUTS)), np.nan)
    replaced = np.full((2, len(pairs), draws + shared_draws), np.nan)
    by_number = rows_by_number(features, pairs[["first", "second"]])
    names = {feature.name for feature in by_number.values()}
    shared = SharedPieces(bases, features, names, seed, shared_draws) if shared_draws else None
    if shared and (alike := shared.alike()):
        _warn_of_pieces_alike(alike, shared_draws)
    background = np.asarray(background, np.float32)
    jobs = _jobs(bases, by_number, pairs, background, draws, seed, removal_draws, shared)
    shuffled = []
    with Progress(total=len(pairs), unit=" pairs") as progress:
        for job, values in evaluated(evaluate, ((job, _block(job)) for job in jobs), most):
            shuffled.append(_collect(job, values, outputs, replaced))
            progress.update(len(job.rows))
    table = pairs[TEST_COLUMNS[:4]].assign(**dict(zip(OUTPUTS, outputs.T, strict=True)))
    own, of_kinds = replaced[:, :, :draws], replaced[:, :, draws:]
    return PairDraws(table, *own, *of_kinds, np.reshape(shuffled, (len(shuffled), draws)))


def _warn_of_pieces_alike(different: dict[str, int], draws: int) -> None:
    """Log a warning of names of which many pieces are the same: as many as differ are too few draws."""
    name = min(different, key=different.get)
    others = f", and few of {counted(len(different) - 1, 'other name')}" if len(different) > 1 else ""
    remedy = "give sequences that are less alike"
    logger.warning("%s", pieces_alike(draws, name, different[name], remedy, others))


def rows_by_number(features: pd.DataFrame, needed: pd.DataFrame) -> dict[int, tuple]:
    """Return the rows of the features that a table names, by their numbers."""
    chosen = features[features["feature"].isin(np.unique(needed.to_numpy()))]
    return {row.feature: row for row in chosen.itertuples()}


def _jobs(bases, by_number, pairs, background, draws, seed, removal_draws, shared) -> Iterator[_Job]:
    """Yield the job of each example with pairs, in order."""
    ends_of, reached = pairs[["first", "second"]].to_numpy(), pairs["within_reach"].to_numpy(bool)
    for example, rows in rows_by_example(pairs["example"].to_numpy()):
        numbers, ends = np.unique(ends_of[rows], return_inverse=True)
        features = [by_number[number] for number in numbers]
        replacing = Draws(bases[example], seed, example, draws, REPLACED)
        removing = Draws(bases[example], seed, example, removal_draws, REMOVED)
        yield _Job(
            example,
            rows,
            ends.reshape(-1, 2),
            reached[rows],
            [feature.start for feature in features],
            [_removed(removing, bases[example], feature, background) for feature in features],
            [one_hot(_placed(replacing, shared, feature)) for feature in features],
            one_hot(replacing.shuffles),
        )


def _placed(replacing: Draws, shared: SharedPieces | None, feature) -> np.ndarray:
    """Return what takes a feature's place in its draws and in the shared ones, uint8 (draws, width)."""
    own = replacing.pieces(feature.start, feature.end)
    if shared is None:
        return own
    of_name = shared.pieces(feature.name, feature.strand, feature.end - feature.start)
    return np.concatenate([own, of_name])


def _removed(removing: Draws, bases: np.ndarray, feature, background: np.ndarray) -> np.ndarray:
    """Return what takes a feature's place to remove it, float32 (M, width, 4); M is 1 without draws.

    A variant is removed by its other allele, whatever removes motifs.
    """
    draws = len(removing.shuffles)
    if draws and feature.kind == "motif":
        return one_hot(removing.pieces(feature.start, feature.end))
    return np.repeat(mutant_rows(bases, feature, background), max(1, draws), axis=0)


def _block(job: _Job) -> Block:
    """Return what is evaluated for an example, in the order in which :func:`_collect` takes it.

    Of the sequence, its shuffles, and each feature once removed and once replaced every pair makes use.
    """
    draws, features, removals = len(job.placed[0]), len(job.starts), len(job.removed[0])
    edits = list(zip(job.starts, job.removed, strict=True))
    edits += list(zip(job.starts, job.placed, strict=True)) if draws else []
    edits += [(0, job.shuffles)] if len(job.shuffles) else []
    removed = np.arange(features * removals).reshape(features, removals)
    placed = removed.size + np.arange(features * draws).reshape(features, draws)
    shuffles = removed.size + placed.size + np.arange(len(job.shuffles))
    first, second = job.ends[job.reached].T
    both = _both(removed[first], removed[second])
    # Other sequence in the place of one, and the other removed, in each of the ways to remove it.
    drawn = [
        _both(*np.broadcast_arrays(placed[gone][:, :, None], removed[kept][:, None, :]))
        for gone, kept in ((first, second), (second, first))
    ]
    alone = np.concatenate([[NONE], shuffles, removed.ravel(), placed.ravel()])
    copies = [_both(alone, np.full_like(alone, NONE)), both, np.concatenate(drawn)]
    return Block(job.example, edits, np.concatenate(copies))


def _both(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return pairs of numbers of edits, (pairs, 2)."""
    return np.stack([one.ravel(), other.ravel()], axis=1)


def _collect(job: _Job, values: np.ndarray, outputs: np.ndarray, replaced: np.ndarray) -> np.ndarray:
    """Put the outputs of an example's pairs, and the interactions of their draws, into their rows.

    Returns the outputs of the shuffles (K,).
    """
    draws, features, removals = len(job.placed[0]), len(job.starts), len(job.removed[0])
    ends, rows = job.ends[job.reached], job.rows[job.reached]
    counts = [1, len(job.shuffles), features * removals, features * draws, len(ends) * removals]
    whole, shuffled, removed, placed, both, drawn = np.split(values, np.cumsum(counts))
    without = _mean(removed.reshape(features, removals))
    with_other = placed.reshape(features, draws)
    f01, f10 = without[job.ends].T
    f00 = f01 + f10 - whole  # what it is where the two cannot interact
    f00[job.reached] = _mean(both.reshape(-1, removals))
    for side, alone in enumerate(_mean(drawn.reshape(2, len(ends), draws, removals)) if draws else ()):
        gone = ends[:, side]
        # With other sequence in its place the removed feature is gone all the same.
        rest = f00[job.reached] - without[gone]
        replaced[side, rows] = with_other[gone] - alone + rest[:, None]
    outputs[job.rows] = np.column_stack([np.full(len(f01), whole), f01, f10, f00])
    return shuffled


def _mean(values: np.ndarray) -> np.ndarray:
    """Return the mean over the last axis; of few numbers, many times: ``ndarray.mean`` takes far longer."""
    return np.add.reduce(values, axis=-1) / values.shape[-1]


def add_other_removal(
    found: PairDraws,
    evaluate: Evaluate,
    bases: np.ndarray,
    features: pd.DataFrame,
    pairs: pd.DataFrame,
    background: np.ndarray,
    removal_draws: int,
    seed: int,
    examples: Sequence[int],
) -> None:
    """Add to the table of ``found`` the interaction with features removed in another way.

    The column is ``interaction_other_removal``: of the pairs of some ``examples`` that are within reach, else
    missing.
    ``pairs`` are those that ``found`` was made from; the other arguments are those of :func:`draw_pairs`.
    """
    found.table[OTHER] = np.nan
    own = (pairs["example"].isin(examples) & (pairs["within_reach"] == 1)).to_numpy()
    other = draw_pairs(evaluate, bases, features, pairs[own], background, 0, seed, removal_draws).table
    f11, f01, f10, f00 = (other[name].to_numpy() for name in OUTPUTS)
    found.table.loc[own, OTHER] = f11 - f01 - f10 + f00
