"""Feature interaction scores: how mutating one feature changes the importance of others.

The definitions are those of the DFIM paper's code:

- importance = contributions × sequence, shape (positions, 4); a mutated motif's rows hold the background.
- The mutant of a motif has the background in the motif's rows; that of a variant the other allele; a
  nucleotide has a mutant for each other base.
- delta(source → target) = importance(original) − importance(mutant), and 0 at the mutated rows, which are
  no targets.
- Feature target: ``fis`` is the largest, over the target's positions, of the sum over bases of |delta|.
  ``signed_sum``, which is not the paper's, is the change of the contributions, summed over the target's
  positions and all four channels: above 0 for synergy, below 0 for redundancy. With a reference of
  probabilities most of a contribution lies on the bases that are absent.
- Position target: the sum of delta over bases; for a nucleotide as source that of the mutant with the largest
  absolute value, position by position.

The null repeats all of it on dinucleotide shuffles, mutated at the same coordinates. Replicate 0 is the real
sequence, 1 … k are its shuffles.

All intervals are 0-based and half-open, in the example.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dfim.attribution.mutants import Mutants, MutantScores
from dfim.attribution.scorer import Scorer
from dfim.interactions.mutation import alternatives, check_sources, rows_of_mutants
from dfim.interactions.pairs import rows_by_example
from dfim.progress import Progress
from dfim.sequences.bases import BASES
from dfim.sequences.shuffling import shuffled

PAIR_COLUMNS = ["replicate", "example", "source", "target", "fis", "signed_sum"]
# Numbers in an array of changes (mutants, length) that are held at once, and the fewest mutants all the same.
_MOST_VALUES = 24_000_000
_FEWEST_MUTANTS = 16


@dataclass
class _Replicate:
    """One replicate of one example; ``bases`` (positions,), ``rows``: those of its sources in the table."""

    example: int
    number: int
    bases: np.ndarray
    rows: np.ndarray


@dataclass
class _Batch:
    """Replicates that are scored together: ``mutant`` is the number of each source's first mutant, in order.

    ``sources`` are those of all replicates one below the other, with a column ``sequence``, the number of
    their replicate, and the columns ``first`` and ``stop`` of the positions that are asked for.
    """

    replicates: list[_Replicate]
    sources: pd.DataFrame
    mutant: np.ndarray
    scores: MutantScores


def _score(
    scorer: Scorer,
    bases,
    sources: pd.DataFrame,
    task: int,
    background,
    shuffles: int,
    seed: int,
    batch_size: int | None,
    targets: np.ndarray | None = None,
    **asked: bool,
) -> Iterator[_Batch]:
    """Score the replicates 0 … ``shuffles`` of every example that has sources, with all mutants, in order.

    ``sources`` have the columns ``first`` and ``stop``. Replicates are gathered until they have
    ``batch_size`` mutants, so that memory does not grow with the number of examples, and the sources of an
    example that has more are taken in parts. ``targets`` (sources, most, 2): where alone, within that, the
    change is looked at. ``asked``: what of :meth:`Scorer.score_mutants` is asked for.
    """
    check_sources(sources, bases)
    most = batch_size or max(_FEWEST_MUTANTS, _MOST_VALUES // bases.shape[1])
    mutants_of = np.where(sources["kind"] == "nucleotide", 3, 1)
    waiting, size = [], 0
    with Progress(total=len(sources) * (shuffles + 1), unit=" mutated sources") as progress:
        for replicate in _replicates(bases, sources, shuffles, seed, most):
            waiting.append(replicate)
            size += len(replicate.rows) * mutants_of[replicate.rows[0]]
            if size >= most:
                yield _scored(scorer, waiting, sources, targets, task, background, asked)
                progress.update(sum(len(done.rows) for done in waiting))
                waiting, size = [], 0
        if waiting:
            yield _scored(scorer, waiting, sources, targets, task, background, asked)
            progress.update(sum(len(done.rows) for done in waiting))


def _replicates(bases, sources: pd.DataFrame, shuffles: int, seed: int, most: int) -> Iterator[_Replicate]:
    for example, own in rows_by_example(sources["example"].to_numpy()):
        for begin in range(0, len(own), most):
            for number in range(shuffles + 1):
                letters = shuffled(bases[example], seed, example, number)
                yield _Replicate(example, number, letters, own[begin : begin + most])


def _scored(scorer: Scorer, replicates: list[_Replicate], sources, targets, task: int, background, asked):
    """Mutate the sources of some replicates, and score them: a :class:`_Batch`."""
    sizes, taken = [len(one.rows) for one in replicates], np.concatenate([one.rows for one in replicates])
    sources = sources.iloc[taken]
    sources = sources.assign(sequence=np.repeat(np.arange(len(replicates)), sizes))
    bases = np.stack([one.bases for one in replicates])
    rows, counts = rows_of_mutants(bases, sources, background)
    widths = sources["end"] - sources["start"]
    columns = [sources["sequence"], sources["start"], widths, sources["first"], sources["stop"]]
    sequence, start, width, first, stop = (np.repeat(column.to_numpy(np.int64), counts) for column in columns)
    own = None if targets is None else np.repeat(targets[taken], counts, axis=0)
    mutants = Mutants(sequence, start, width, rows, first, stop, own)
    scores = scorer.score_mutants(bases, mutants, task, **asked)
    return _Batch(replicates, sources, np.cumsum(counts) - counts, scores)


def pair_scores(
    scorer: Scorer,
    bases: np.ndarray,
    features: pd.DataFrame,
    pairs: pd.DataFrame,
    task: int,
    background: Sequence[float],
    shuffles: int = 0,
    seed: int = 0,
    batch_size: int | None = None,
) -> pd.DataFrame:
    """Score ordered pairs of features, on the sequences and on ``shuffles`` dinucleotide shuffles of each.

    ``bases`` has shape (all examples, positions), ``pairs`` the columns ``example``, ``source``, ``target``
    of :func:`make_pairs`, ``background`` the probabilities of A, C, G, T. Every mutant is scored once,
    however many targets it has. Returns one row per replicate and pair, the columns ``PAIR_COLUMNS``,
    sorted by example and replicate; independent of ``batch_size``, the number of mutants that are gathered
    for the scorer (by default as many as fit in memory).

    Raises InputError when a feature does not lie within its sequence or cannot be mutated.
    """
    by_number = features.set_index("feature", drop=False)
    check_sources(by_number.loc[pairs["target"].unique()], bases)
    targets = by_number.loc[pairs["target"], ["start", "end"]].set_axis(["first", "stop"], axis=1)
    targets = targets.reset_index(drop=True).assign(
        source=pairs["source"].to_numpy(), target=pairs["target"].to_numpy()
    )
    sources = features.set_index("feature").loc[pairs["source"].drop_duplicates()].reset_index()
    sources = _with_asked(scorer, sources, targets)
    place = pd.Index(sources["feature"]).get_indexer(targets["source"])
    asked = intervals(place, *targets[["first", "stop"]].to_numpy(np.int64).T, len(sources))
    options = (task, background, shuffles, seed, batch_size, asked)
    tables = [_pair_rows(batch, targets) for batch in _score(scorer, bases, sources, *options, channels=True)]
    if not tables:
        return pd.DataFrame(columns=PAIR_COLUMNS)
    return pd.concat(tables, ignore_index=True)


def _with_asked(scorer: Scorer, sources: pd.DataFrame, targets: pd.DataFrame) -> pd.DataFrame:
    """Add ``first`` and ``stop`` to sources: from the first to the last target within the scorer's reach.

    Both are 0 for a source that reaches no target, and so changes none.
    """
    start, end = sources["start"].to_numpy(np.int64), sources["end"].to_numpy(np.int64)
    near, far = scorer.reach(start, end - start)
    place = pd.Index(sources["feature"]).get_indexer(targets["source"])
    first, stop = targets["first"].to_numpy(np.int64), targets["stop"].to_numpy(np.int64)
    reached = (stop > near[place]) & (first < far[place])
    firsts, stops = np.full(len(sources), np.iinfo(np.int64).max), np.zeros(len(sources), np.int64)
    np.minimum.at(firsts, place[reached], first[reached])
    np.maximum.at(stops, place[reached], stop[reached])
    return sources.assign(first=np.where(stops > 0, firsts, 0), stop=stops).reset_index(drop=True)


def intervals(source: np.ndarray, first: np.ndarray, stop: np.ndarray, number: int) -> np.ndarray:
    """Return [first, stop) of the targets of each of ``number`` sources, (number, most, 2), others empty.

    ``source``, ``first`` and ``stop`` (targets,).
    """
    order, counts = np.argsort(source, kind="stable"), np.bincount(source, minlength=number)
    place = np.arange(len(source)) - np.repeat(np.cumsum(counts) - counts, counts)
    found = np.zeros((number, counts.max(initial=0), 2), np.int64)
    found[source[order], place] = np.column_stack([first, stop])[order]
    return found


def _pair_rows(batch: _Batch, targets: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of one batch: its mutants' changes, put together over each target's positions."""
    mutated = pd.DataFrame(
        {
            "source": batch.sources["feature"].to_numpy(),
            "example": batch.sources["example"].to_numpy(),
            "replicate": np.array([one.number for one in batch.replicates])[batch.sources["sequence"]],
            "mutant": batch.mutant,
        }
    )
    table = mutated.merge(targets, on="source", how="left")
    columns = [table[name].to_numpy() for name in ("mutant", "first", "stop")]
    scores = read_scores(batch.scores, *columns)
    return table.assign(fis=scores[0], signed_sum=scores[1])[PAIR_COLUMNS]


def read_scores(
    scores: MutantScores, mutant: np.ndarray, begin: np.ndarray, finish: np.ndarray
) -> np.ndarray:
    """Return ``fis`` and ``signed_sum`` of mutants at targets [begin, finish), float32 (2, targets)."""
    found = np.empty((2, len(mutant)), np.float32)
    widths = finish - begin
    for width in np.unique(widths):
        rows = np.flatnonzero(widths == width)
        positions = begin[rows, None] + np.arange(width)
        found[0, rows] = scores.absolute[mutant[rows, None], positions].max(axis=1)
        found[1, rows] = scores.channels[mutant[rows, None], positions].sum(axis=1)
    return found


@dataclass
class Profile:
    """What mutating one source changes along its sequence; arrays are float32, shape (positions,).

    ``source`` is a row number of the table of sources. ``delta`` is NaN at the source and outside the window.
    ``importance`` and ``mutant_importance`` are the sums over bases before and after, NaN outside the window;
    the latter is all NaN for a nucleotide, which has several mutants. ``mutant_base``, uint8 ASCII, is for a
    nucleotide the base whose mutant ``delta`` is of, position by position; 0 elsewhere, and where delta is
    NaN.
    """

    source: int
    replicate: int
    delta: np.ndarray
    importance: np.ndarray
    mutant_importance: np.ndarray
    mutant_base: np.ndarray


def profiles(
    scorer: Scorer,
    bases: np.ndarray,
    sources: pd.DataFrame,
    task: int,
    background: Sequence[float],
    window: int | None = None,
    shuffles: int = 0,
    seed: int = 0,
    batch_size: int | None = None,
) -> Iterator[Profile]:
    """Yield the profile of every source, on its sequence and on ``shuffles`` dinucleotide shuffles of it.

    ``sources`` has the columns of :func:`feature_sources` or :func:`nucleotide_sources`, sorted by example.
    Only positions at most ``window`` bases from the source count, all when None. The other arguments, and
    the errors, are those of :func:`pair_scores`.
    """
    length = bases.shape[1]
    widest = length if window is None else window
    sources = sources.reset_index(drop=True).rename_axis("row").reset_index()
    sources = sources.assign(
        first=(sources["start"] - widest).clip(lower=0), stop=(sources["end"] + widest).clip(upper=length)
    )
    options = (task, background, shuffles, seed, batch_size)
    for batch in _score(scorer, bases, sources, *options, importance=True):
        yield from _profiles(batch)


def _profiles(batch: _Batch) -> Iterator[Profile]:
    """Yield the profiles of a batch's sources from their mutants."""
    sources, positions = batch.sources, np.arange(batch.scores.delta.shape[1])
    first, stop, start, end = (
        sources[name].to_numpy()[:, None] for name in ("first", "stop", "start", "end")
    )
    asked = (positions >= first) & (positions < stop)
    own = (positions >= start) & (positions < end)
    delta, chosen = _largest(batch.scores.delta, batch.mutant)
    importance = np.where(asked, batch.scores.importance[sources["sequence"]], np.nan)
    after = importance - delta
    delta[~asked | own] = np.nan
    base, single = np.zeros(delta.shape, np.uint8), (sources["kind"] == "nucleotide").to_numpy()
    if single.any():
        letters = np.take_along_axis(_letters(batch, sources[single]), chosen[single], axis=1)
        base[single] = np.where(np.isnan(delta[single]), 0, letters)
        after[single] = np.nan
    names = ("row", "sequence", "start", "end")
    places = zip(*(sources[name].tolist() for name in names), strict=True)  # rows of a table come far slower
    for number, (row, sequence, begin, finish) in enumerate(places):
        if not single[number]:
            after[number, begin:finish] = batch.scores.own[batch.mutant[number]]
        replicate = batch.replicates[sequence].number
        yield Profile(row, replicate, delta[number], importance[number], after[number], base[number])


def _letters(batch: _Batch, sources: pd.DataFrame) -> np.ndarray:
    """Return the letters of the mutants of nucleotides, uint8 (sources, 4), 0 where there are fewer."""
    whole = np.stack([one.bases for one in batch.replicates])
    present = whole[sources["sequence"].to_numpy(), sources["start"].to_numpy()]
    found = np.zeros((len(sources), len(BASES)), np.uint8)
    for letter in np.unique(present):
        others = alternatives(letter)
        found[present == letter, : len(others)] = others
    return found


def _largest(values: np.ndarray, begins: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return of each group of rows, position by position, the value that is largest in size, and which it is.

    A group's rows (mutants of one source) begin where ``begins`` says, and end where the next ones begin.
    """
    counts = np.diff(np.append(begins, len(values)))
    largest = np.empty((len(begins), values.shape[1]), values.dtype)
    which = np.zeros(largest.shape, np.int8)
    for count in np.unique(counts):
        groups = np.flatnonzero(counts == count)
        found, number = values[begins[groups]], np.zeros((len(groups), values.shape[1]), np.int8)
        for other in range(1, count):
            rows = values[begins[groups] + other]
            larger = np.abs(rows) > np.abs(found)
            np.copyto(found, rows, where=larger)
            number[larger] = other
        largest[groups], which[groups] = found, number
    return largest, which
