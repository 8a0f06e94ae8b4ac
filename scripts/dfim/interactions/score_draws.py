"""Draws of the paper's score, and of the signed sum, for the null ``replaced``.

The source of an ordered pair is mutated, and the change of importance is read at the target, as in
:mod:`dfim.interactions.scoring`, with other sequence in the place of the target, or of the source. Draw k of
a feature is the same sequence for all its pairs, which share what is scored: with m features that are all
paired, K draws take m K sequences and m mutants of each.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dfim.attribution.mutants import Mutants
from dfim.attribution.scorer import Scorer
from dfim.interactions.draws import Draws
from dfim.interactions.mutation import mutant_rows
from dfim.interactions.pair_tests import rows_by_number
from dfim.interactions.pairs import rows_by_example
from dfim.interactions.scoring import intervals, read_scores
from dfim.progress import Progress

SCORES = ("fis", "signed_sum")
ENDS = ("source", "target")
# Numbers in an array of changes (mutants, length) that are held at once. There are several, which are filled
# and read again: small ones stay in the cache, and their memory is not asked for anew.
_MOST_VALUES = 2_000_000


@dataclass
class _Placed:
    """One draw: a sequence with other bases in the place of one feature, and its mutants.

    ``starts``, ``rows``, ``firsts`` and ``stops``: see :class:`Mutants`. Where scores are read: ``mutant`` (a
    number of these), ``pair`` (row of the results), ``end`` that is replaced (a number of ``ENDS``),
    ``begin`` and ``finish`` of the target.
    """

    bases: np.ndarray
    draw: int
    starts: list[int]
    rows: list[np.ndarray]
    firsts: list[int]
    stops: list[int]
    read: np.ndarray


def draw_scores(
    scorer: Scorer,
    bases: np.ndarray,
    features: pd.DataFrame,
    pairs: pd.DataFrame,
    task: int,
    background: Sequence[float],
    draws: int = 10,
    seed: int = 0,
    batch_size: int | None = None,
    tested: np.ndarray | None = None,
) -> np.ndarray:
    """Return the scores of ordered pairs in draws, float32 (``SCORES``, ``ENDS``, pairs, K).

    The end of a pair says which of its features is replaced. The arguments are those of
    :func:`dfim.interactions.scoring.pair_scores`; draws are those of :class:`Draws`, and so depend on the
    seed, the example and the features' places alone. ``tested`` (bool): pairs that are drawn at all, the
    others have NaN.
    """
    pairs = pairs.reset_index(drop=True)
    chosen = pairs if tested is None else pairs[tested]
    found = np.full((len(SCORES), len(ENDS), len(pairs), draws), np.nan, np.float32)
    most = batch_size or max(16, _MOST_VALUES // bases.shape[1])
    by_number = rows_by_number(features, chosen[["source", "target"]])
    waiting, size = [], 0
    with Progress(total=2 * len(chosen) * draws, unit=" draws") as progress:

        def score():
            _score(scorer, waiting, task, found)
            progress.update(sum(len(one.read) for one in waiting))

        for placed in _all_placed(bases, by_number, chosen, np.asarray(background, np.float32), draws, seed):
            waiting.append(placed)
            size += len(placed.starts)
            if size >= most:
                score()
                waiting, size = [], 0
        if waiting:
            score()
    return found


def _all_placed(bases, by_number, pairs, background, draws: int, seed: int) -> Iterator[_Placed]:
    """Yield every draw of every feature of every example, in order."""
    ends, index = pairs[["source", "target"]].to_numpy(), pairs.index.to_numpy()
    for example, own in rows_by_example(pairs["example"].to_numpy()):
        drawn = Draws(bases[example], seed, example, draws)
        links = np.column_stack([ends[own], index[own]]).tolist()
        sources = np.unique(ends[own][:, 0]).tolist()
        rows = {source: mutant_rows(bases[example], by_number[source], background)[0] for source in sources}
        for number in np.unique(ends[own]).tolist():
            mine = [link for link in links if number in link[:2]]
            yield from _placed(bases[example], drawn, number, mine, by_number, rows, background)


def _placed(bases, drawn: Draws, number: int, links, by_number, of_source, background) -> Iterator[_Placed]:
    """Yield the draws of one feature: mutants of its pairs' sources, and where their scores are read.

    ``of_source``: what takes the place of each source of the sequence as it is.
    """
    place = {source: mutant for mutant, source in enumerate(sorted({link[0] for link in links}))}
    read = np.array(
        [
            (place[source], pair, int(source != number), by_number[target].start, by_number[target].end)
            for source, target, pair in links
        ]
    )
    targets = {source: [] for source in place}
    for source, target, _ in links:
        targets[source].append(by_number[target])
    firsts = [min(target.start for target in own) for own in targets.values()]
    stops = [max(target.end for target in own) for own in targets.values()]
    sources = [by_number[source] for source in place]
    starts, own = [source.start for source in sources], by_number[number]
    # A motif's rows are the same in all draws.
    rows = [of_source[source] for source in place]
    of_letters = any(source.kind != "motif" for source in sources)
    for draw, piece in enumerate(drawn.pieces(own.start, own.end)):
        letters = bases.copy()
        letters[own.start : own.end] = piece
        if of_letters:
            rows = [mutant_rows(letters, source, background)[0] for source in sources]
        yield _Placed(letters, draw, starts, rows, firsts, stops, read)


def _score(scorer: Scorer, waiting: list[_Placed], task: int, found: np.ndarray) -> None:
    """Score the mutants of some draws, and put what is read of them into ``found``."""
    counts = [len(one.starts) for one in waiting]
    rows = [row for one in waiting for row in one.rows]
    widths = np.array([len(row) for row in rows])
    padded = np.zeros((len(rows), widths.max(), 4), np.float32)
    for number, row in enumerate(rows):
        padded[number, : len(row)] = row
    starts, firsts, stops = (
        np.array([value for one in waiting for value in getattr(one, name)])
        for name in ("starts", "firsts", "stops")
    )
    sequences = np.repeat(np.arange(len(waiting)), counts)
    mutant, pair, end, begin, finish = np.concatenate([one.read for one in waiting]).T
    reads = [len(one.read) for one in waiting]
    mutant = mutant + np.repeat(np.cumsum([0, *counts[:-1]]), reads)
    targets = intervals(mutant, begin, finish, len(starts))
    mutants = Mutants(sequences, starts, widths, padded, firsts, stops, targets)
    scores = scorer.score_mutants(np.stack([one.bases for one in waiting]), mutants, task, channels=True)
    draw = np.repeat([one.draw for one in waiting], reads)
    for number, values in enumerate(read_scores(scores, mutant, begin, finish)):
        found[number, end, pair, draw] = values
