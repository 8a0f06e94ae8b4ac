"""The face of the library: maps, pairs, variants and scans of a network, in one call each.

What comes back are arrays and tables, the same numbers as the workflow's. ``config/own.yaml`` is the batch
form of the same. The example network and sequences lie in ``resources/own/``.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from dfim.attribution import FORWARD
from dfim.attribution.completeness import completeness, measure_completeness
from dfim.datasets.blocks import blocks
from dfim.datasets.spacing import ORIENTATIONS, check_backgrounds, scan_backgrounds
from dfim.errors import InputError, counted
from dfim.handed_in import (
    LARGEST_SEED,
    check_number,
    examples_of,
    features_of,
    opened,
    sequences_of,
    variants_of,
)
from dfim.interactions.grammar_scan import draw_scan, scan_cells
from dfim.interactions.pair_tests import draw_pairs
from dfim.interactions.pairs import pairs_of_selection, unordered_pairs
from dfim.interactions.scoring import profiles
from dfim.interactions.shards import summarise
from dfim.interactions.sources import PROFILE_SCORES, feature_sources, nucleotide_sources
from dfim.interactions.substitutions import score_draws, substitutions
from dfim.interactions.tested_pairs import judge_pairs
from dfim.interactions.tested_scan import judge_scan
from dfim.networks.reach import reach_of
from dfim.sequences.motifs import words_of
from dfim.statistics.draw_numbers import MOST_OUTPUTS, draws_of, shared_draws_of
from dfim.statistics.kinds import kinds_of_pairs
from dfim.statistics.nulls import NullModel
from dfim.statistics.p_values import p_values, q_values
from dfim.statistics.resolution import AUTO, number_of
from dfim.statistics.studentised import pooled_sizes

logger = logging.getLogger("dfim")

# Shares of A, C, G, T of the human genome, about: GC .41.
BACKGROUND = (0.295, 0.205, 0.205, 0.295)


@dataclass
class Maps:
    """Interaction maps of sequences: what a change of each base changes at every position.

    ``names`` of the sequences; ``bases`` uint8 ASCII (sequences, positions); ``delta`` float32 (sequences,
    source positions, target positions), NaN on the diagonal: of the three mutants of a source the change with
    the largest size, by target; ``mutant`` uint8 ASCII of its shape, the base that it is of; ``importance``
    float32 (sequences, positions), the contribution of the base that is present.
    """

    names: list[str]
    bases: np.ndarray
    delta: np.ndarray
    mutant: np.ndarray
    importance: np.ndarray


@dataclass
class Pairs:
    """Pair tests: ``tests``, a row per unordered pair; ``kinds``, a row per kind; ``nulls``, what p rest on.

    The columns are those of ``pair_tests.tsv.gz``, ``kinds.tsv`` and ``nulls.tsv`` in ``docs/files.md``.
    """

    tests: pd.DataFrame
    kinds: pd.DataFrame
    nulls: pd.DataFrame


def map(
    network,
    sequences,
    task: int = 0,
    *,
    output: Mapping | None = None,
    method: str = "deeplift",
    background: Sequence[float] = BACKGROUND,
    region: tuple[int, int] | None = None,
    threads: int | None = None,
    backend: str | None = None,
) -> Maps:
    """Return the interaction map of every sequence: each base mutated, the change at every position.

    ``network`` is a Keras model or the path of a file (Keras, ONNX, or the workflow's ``graph.npz``),
    ``sequences`` a path (FASTA or a one-hot ``.npy``), a list of strings, or an array of one-hot rows
    (sequences, positions, 4). ``task`` is the number of an output. ``output``: of a file with several
    outputs, or with positions, what the only task is: head, unit, reduction and position, as in
    ``docs/networks.md``, such as ``{"head": 0, "unit": 0, "reduction": "profile"}``. ``method``: deeplift,
    gradient_input, integrated_gradients, or in_silico_mutagenesis, which needs the network's values alone.
    ``background``: shares of A, C, G, T, the reference of the contributions. ``region``: the positions to
    mutate, [start, end), 0-based; all if not given. ``backend``: tensorflow, jax or torch, what computes
    whole sequences, one in a process (:mod:`dfim.backends`). Raises InputError on input that cannot be used.

    >>> maps = map("resources/own/network.keras", ["ACGT" * 50], region=(90, 100))
    >>> maps.delta.shape
    (1, 200, 200)
    """
    names, bases = sequences_of(sequences)
    with opened(network, bases.shape[1], task, method, background, threads, backend, output) as (
        scorer,
        number,
    ):
        scorer.prepare(bases, number)
        completeness([measure_completeness(scorer, bases, number)])
        sources = nucleotide_sources(bases, np.arange(len(bases)), region)
        length = bases.shape[1]
        delta = np.full((len(bases), length, length), np.nan, np.float32)
        mutant = np.zeros(delta.shape, np.uint8)
        importance = np.full(bases.shape, np.nan, np.float32)
        for found in profiles(scorer, bases, sources, number, background):
            example, position = sources["example"].iloc[found.source], sources["start"].iloc[found.source]
            delta[example, position], mutant[example, position] = found.delta, found.mutant_base
            importance[example] = found.importance
    return Maps(names, bases, delta, mutant, importance)


def pairs(
    network,
    sequences,
    features,
    task: int = 0,
    *,
    output: Mapping | None = None,
    background: Sequence[float] = BACKGROUND,
    draws: int | str = AUTO,
    shared_draws: int | str = AUTO,
    level: float = 0.05,
    least_share: float = 0.1,
    seed: int = 0,
    threads: int | None = None,
    backend: str | None = None,
) -> Pairs:
    """Test every pair of features of one sequence: do the two act together in the network?

    ``features``: a BED file (column 1 names the sequence, column 4 the feature), a table with the columns
    ``sequence``, ``start``, ``end``, ``name`` (0-based, half-open), or patterns by name,
    ``{"GATA1": "WGATAA"}``. ``draws`` of other sequence in each feature's place, by which pairs are tested,
    and ``shared_draws``, the same sequence in all pairs, for kinds; ``auto``: as many as let a lone pair, or
    kind, be called. Either is called when q is below ``level`` and its share at least ``least_share``.
    Other arguments, and the errors, as in :func:`map`; the test as in ``docs/methods.md``.

    >>> own = [f"resources/own/{file}" for file in ("network.keras", "sequences.fa", "features.bed")]
    >>> found = pairs(*own)
    >>> found.kinds.loc[0, ["pair", "call"]].tolist()
    ['ELF1–SIX5', 'synergy']
    """
    _check_drawing(seed, draws=draws, shared_draws=shared_draws)
    _check_call(level, least_share)
    names, bases = sequences_of(sequences)
    table, examples = features_of(features, names, bases), examples_of(names)
    ordered, _ = pairs_of_selection(table, examples, examples["example"])
    with opened(network, bases.shape[1], task, FORWARD, background, threads, backend, output) as (
        scorer,
        number,
    ):
        scorer.prepare(bases, number)
        reach = reach_of(scorer.layers)
        unordered = unordered_pairs(ordered, table, reach)
        if unordered.empty:
            raise InputError(
                f"of {counted(len(bases), 'sequence')} with {counted(len(table), 'feature')} none has two "
                "that do not overlap, and nothing can be paired: give more features, or more sequences."
            )
        count = draws_of(draws, int(unordered["within_reach"].sum()), MOST_OUTPUTS, level)
        evaluate = partial(scorer.edited_logits, bases, task=number)
        data = (evaluate, bases, table, unordered, np.float32(background), count, seed)
        found = draw_pairs(*data, shared_draws=shared_draws_of(shared_draws, level))
    found.table["within_reach"] = unordered["within_reach"].to_numpy()
    judged = judge_pairs(found, table, blocks(examples, examples["example"]), level, least_share)
    tested = judged.table[judged.table["within_reach"] == 1]
    own = (judged.shared.by_name, judged.shared.floor)
    kinds = kinds_of_pairs(tested, *own, level, least_share, seed=seed)
    tests = judged.table.assign(sequence=np.array(names, object)[judged.table["example"]])
    return Pairs(tests, kinds, judged.nulls)


def variants(
    network,
    sequences,
    variants,
    task: int = 0,
    *,
    output: Mapping | None = None,
    method: str = "deeplift",
    background: Sequence[float] = BACKGROUND,
    window: int = 100,
    draws: int | str = AUTO,
    seed: int = 0,
    threads: int | None = None,
    backend: str | None = None,
) -> pd.DataFrame:
    """Score variants: what each changes around it, against random substitutions of the same sequence.

    ``variants``: a table, or the path of one, with the columns ``sequence``, ``position`` (0-based),
    ``reference``, ``alternate`` and, if there is one, ``name``. Returns a row per variant: ``fis``,
    ``fis_sum``, ``signed_sum`` over the positions at most ``window`` bp away, each with p and q by the null
    ``substitutions``. Other arguments, and the errors, as in :func:`map`.

    >>> sequence = "ACGT" * 50
    >>> table = pd.DataFrame({"sequence": [0], "position": [100], "reference": "A", "alternate": "C"})
    >>> variants("resources/own/network.keras", [sequence], table)["name"].tolist()
    ['A>C']
    """
    _check_drawing(seed, draws=draws)
    check_number("window", window, 1)
    names, bases = sequences_of(sequences)
    sources = feature_sources(variants_of(variants, names, bases), np.arange(len(bases)), "all")
    options = (NullModel("substitutions").within, NullModel("substitutions").clearance, seed)
    drawn = substitutions(bases, sources, number_of(draws, len(sources)), *options)
    with opened(network, bases.shape[1], task, method, background, threads, backend, output) as (
        scorer,
        number,
    ):
        scorer.prepare(bases, number)
        completeness([measure_completeness(scorer, bases, number)])
        found = [one.delta for one in profiles(scorer, bases, sources, number, background, window)]
        scored = score_draws(scorer, bases, drawn, number, background, window)
    table = sources.assign(**summarise(np.stack(found))).rename_axis("source").reset_index()
    for score, *sizes in pooled_sizes(table, scored, PROFILE_SCORES):
        table[f"{score}_p"] = p_values(*sizes)
        table[f"{score}_q"] = q_values(table[f"{score}_p"])
    table.insert(0, "sequence", np.array(names, object)[table["example"]])
    return table.rename(columns={"start": "position"}).drop(columns=["source", "feature", "kind", "end"])


def scan(
    network,
    motifs: Mapping,
    sequences=None,
    task: int = 0,
    *,
    output: Mapping | None = None,
    spacings: str | int | Sequence[int] = range(41),
    orientations: Sequence[str] = ORIENTATIONS,
    both_orders: bool = False,
    backgrounds: int = 50,
    shuffled: bool = False,
    background: Sequence[float] | None = None,
    length: int | None = None,
    draws: int | str = AUTO,
    level: float = 0.05,
    least_share: float = 0.1,
    seed: int = 0,
    threads: int | None = None,
    backend: str | None = None,
) -> pd.DataFrame:
    """Scan a grammar: every two of some motifs, put into the same backgrounds at spacings and orientations.

    ``motifs`` by name: letters (IUPAC) or a matrix, float (positions, 4), of which the likeliest bases are
    taken. ``sequences``: what to put them into, in any form that :func:`map` takes, with ``shuffled``
    dinucleotide shuffles of these; without any, random sequences by the shares ``background`` (by default
    :data:`BACKGROUND`), of the network's length, or ``length`` where it takes any. ``backgrounds``: how many,
    at most. ``spacings``: bases between the two: several numbers, one, or a text such as ``0-40``;
    ``orientations``: strands of the motif that is named first, and of the other; ``both_orders``: also with
    the other upstream. ``draws`` of other sequence in each motif's place; ``auto``: twice as many as let a
    lone spacing be called. Returns a row per pair, orientation and spacing: the columns of ``scan.tsv`` in
    ``docs/files.md``; q is over all of them. Other arguments, and the errors, as in :func:`pairs`.

    >>> own = "resources/own/network.keras"
    >>> found = scan(own, {"ELF1": "CCGGAAGT", "SIX5": "TGTAGTTG"}, spacings=[5], backgrounds=10)
    >>> len(found), set(found["n"])
    (4, {10})
    """
    _check_drawing(seed, draws=draws)
    _check_call(level, least_share)
    given = None if sequences is None else sequences_of(sequences)[1]
    check_backgrounds(backgrounds, given, shuffled, length=length, background=background)
    length = length if given is None else given.shape[1]
    background = BACKGROUND if background is None else background
    motifs = words_of(motifs)
    with opened(network, length, task, FORWARD, background, threads, backend, output) as (scorer, number):
        cells = scan_cells(motifs, spacings, orientations, both_orders, reach_of(scorer.layers))
        source = {"length": scorer.length, "probabilities": background} if given is None else {"given": given}
        bases = scan_backgrounds(backgrounds, list(motifs.values()), seed, shuffled=shuffled, **source)
        count = shared_draws_of(draws, level)
        logger.info("%d pieces of other sequence in the place of each motif", count)
        evaluate = partial(scorer.edited_logits, bases, task=number)
        found = draw_scan(evaluate, bases, motifs, cells, count, seed)
    return judge_scan(found, level, least_share, seed)


def _check_drawing(seed: int, **draws: int | str) -> None:
    check_number("seed", seed, 0, LARGEST_SEED)
    for name, number in draws.items():
        check_number(name, number, 2, auto=True)


def _check_call(level: float, least_share: float) -> None:
    if not 0 < level < 1:
        raise InputError(
            f"the level of q is {level:g}, and a number between 0 and 1 is needed, such as 0.05."
        )
    if not least_share >= 0:
        raise InputError(
            f"the least share is {least_share:g}, and a number of 0 or more is needed, such as 0.1."
        )
