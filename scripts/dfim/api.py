"""The face of the library: maps, pairs, variants and scans of a network, in one call each.

What comes back are arrays and tables, the same numbers as the workflow's. ``config/own.yaml`` is the batch
form of the same. The example network and sequences lie in ``resources/own/``.
"""

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import partial

import numpy as np
import pandas as pd

from dfim import backends
from dfim.attribution import FORWARD, network_of, open_scorer
from dfim.attribution.completeness import completeness, measure_completeness
from dfim.attribution.scorer import Scorer
from dfim.datasets.blocks import blocks
from dfim.datasets.sequence_files import read_sequences
from dfim.datasets.sequences import read_features
from dfim.datasets.spacing import ORIENTATIONS, check_backgrounds, scan_backgrounds
from dfim.errors import InputError, counted
from dfim.files.tables import read_table
from dfim.interactions.grammar_scan import draw_scan, scan_cells
from dfim.interactions.pair_tests import draw_pairs
from dfim.interactions.pairs import pairs_of_selection, unordered_pairs
from dfim.interactions.scoring import profiles
from dfim.interactions.shards import summarise
from dfim.interactions.sources import PROFILE_SCORES, feature_sources, nucleotide_sources
from dfim.interactions.substitutions import score_draws, substitutions
from dfim.interactions.tested_pairs import for_kinds, judge_pairs
from dfim.interactions.tested_scan import judge_scan
from dfim.networks.graph_files import is_graph_file, load_graph
from dfim.networks.reach import reach_of
from dfim.sequences.bases import from_one_hot, to_bases
from dfim.sequences.features import FEATURE_COLUMNS
from dfim.sequences.motifs import motif_features, pattern_sites, words_of
from dfim.statistics.draw_numbers import MOST_OUTPUTS, draws_of, draws_of_scan
from dfim.statistics.kinds import kinds_of_pairs
from dfim.statistics.nulls import NullModel
from dfim.statistics.p_values import p_values, q_values
from dfim.statistics.resolution import AUTO, number_of
from dfim.statistics.studentised import studentised_rows

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
    names, bases = _sequences(sequences)
    with _opened(network, bases.shape[1], task, method, background, threads, backend, output) as (
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
    level: float = 0.05,
    least_share: float = 0.1,
    seed: int = 0,
    threads: int | None = None,
    backend: str | None = None,
) -> Pairs:
    """Test every pair of features of one sequence: do the two act together in the network?

    ``features``: a BED file (column 1 names the sequence, column 4 the feature), a table with the columns
    ``sequence``, ``start``, ``end``, ``name`` (0-based, half-open), or patterns by name,
    ``{"GATA1": "WGATAA"}``. ``draws`` of other sequence in each feature's place; ``auto``: as many as let a
    lone pair be called. A pair is called when q is below ``level`` and its share at least ``least_share``.
    Other arguments, and the errors, as in :func:`map`; the test as in ``docs/methods.md``.

    >>> own = [f"resources/own/{file}" for file in ("network.keras", "sequences.fa", "features.bed")]
    >>> found = pairs(*own)
    >>> found.kinds.loc[0, ["pair", "call"]].tolist()
    ['ELF1–SIX5', 'synergy']
    """
    _check_level(level)
    names, bases = _sequences(sequences)
    table, examples = _features(features, names, bases), _examples(names)
    ordered, _ = pairs_of_selection(table, examples, examples["example"])
    with _opened(network, bases.shape[1], task, FORWARD, background, threads, backend, output) as (
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
        count = draws_of(draws, int(unordered["within_reach"].sum()), MOST_OUTPUTS)
        evaluate = partial(scorer.edited_logits, bases, task=number)
        found = draw_pairs(evaluate, bases, table, unordered, np.float32(background), count, seed)
    found.table["within_reach"] = unordered["within_reach"].to_numpy()
    judged = judge_pairs(found, table, blocks(examples, examples["example"]), level, least_share)
    kinds = kinds_of_pairs(for_kinds(judged.table), count, level, least_share, seed=seed)
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
    names, bases = _sequences(sequences)
    sources = feature_sources(_variants(variants, names, bases), np.arange(len(bases)), "all")
    options = (NullModel("substitutions").within, NullModel("substitutions").clearance, seed)
    drawn = substitutions(bases, sources, number_of(draws, len(sources)), *options)
    with _opened(network, bases.shape[1], task, method, background, threads, backend, output) as (
        scorer,
        number,
    ):
        scorer.prepare(bases, number)
        completeness([measure_completeness(scorer, bases, number)])
        found = [one.delta for one in profiles(scorer, bases, sources, number, background, window)]
        scored = score_draws(scorer, bases, drawn, number, background, window)
    table = sources.assign(**summarise(np.stack(found))).rename_axis("source").reset_index()
    for score in PROFILE_SCORES:
        table[f"{score}_p"] = p_values(*studentised_rows(table, scored, score))
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
    _check_level(level)
    given = None if sequences is None else _sequences(sequences)[1]
    check_backgrounds(backgrounds, given, shuffled, length=length, background=background)
    length = length if given is None else given.shape[1]
    background = BACKGROUND if background is None else background
    motifs = words_of(motifs)
    with _opened(network, length, task, FORWARD, background, threads, backend, output) as (scorer, number):
        cells = scan_cells(motifs, spacings, orientations, both_orders, reach_of(scorer.layers))
        source = {"length": scorer.length, "probabilities": background} if given is None else {"given": given}
        bases = scan_backgrounds(backgrounds, list(motifs.values()), seed, shuffled=shuffled, **source)
        count = draws_of_scan(draws, int(cells["within_reach"].sum()), level)
        logger.info("%d pieces of other sequence in the place of each motif", count)
        evaluate = partial(scorer.edited_logits, bases, task=number)
        found = draw_scan(evaluate, bases, motifs, cells, count, seed)
    return judge_scan(found, level, least_share, seed)


def _sequences(sequences) -> tuple[list[str], np.ndarray]:
    """Return names and bases, uint8 (sequences, positions), of a path, strings or one-hot rows."""
    if isinstance(sequences, str | os.PathLike):
        return read_sequences(sequences)
    if isinstance(sequences, np.ndarray) and sequences.ndim == 3:
        bases = from_one_hot(sequences)
    else:
        lengths = {len(sequence) for sequence in sequences}
        if len(lengths) != 1:
            raise InputError(
                f"the sequences have {len(lengths)} lengths, and one length is needed: cut them to the "
                "network's, or give a path."
            )
        bases = np.stack([to_bases(sequence) for sequence in sequences])
    return [f"sequence_{number}" for number in range(len(bases))], bases


def _check_level(level: float) -> None:
    if not 0 < level < 1:
        raise InputError(
            f"the level of q is {level:g}, and a number between 0 and 1 is needed, such as 0.05."
        )


@contextmanager
def _opened(
    network, length, task, method, background, threads, backend, output
) -> Iterator[tuple[Scorer, int]]:
    """Yield a scorer of a Keras model, or of the file of a network, and the number of the task.

    ``length``: of the sequences; None for the one length that the network takes.
    """
    backends.use(backend, threads)  # before a Keras file is read
    graph = _network(network, length, output)
    if graph.length is None:
        raise InputError("the network takes sequences of any length: say which length, or give sequences.")
    options = {} if threads is None else {"threads": threads}
    with open_scorer(method, graph, background, options) as scorer:
        if length not in (None, scorer.length):
            raise InputError(
                f"the sequences have {length} positions, and the network takes {scorer.length}: "
                "give sequences of that length."
            )
        if not 0 <= task < scorer.outputs:
            raise InputError(
                f"there is no task {task}: choose from the network's {counted(scorer.outputs, 'output')}, "
                "counted from 0."
            )
        yield scorer, task


def _network(network, length: int | None, output: Mapping | None):
    """Return what a scorer takes of a Keras model, or of the file of a network; ``output``: its one task."""
    if output is not None:
        return _network_of_output(network, length, output)
    if not isinstance(network, str | os.PathLike):
        return network_of(network, length)
    if is_graph_file(network):
        return load_graph(network, length)
    from dfim.networks.given import read_own_network

    return network_of(read_own_network(network, length=length), length)


def _network_of_output(network, length: int | None, output: Mapping):
    """Return what a scorer takes of the file of a network, whose only task is the output asked for."""
    if not isinstance(network, str | os.PathLike) or is_graph_file(network):
        raise InputError(
            "a head, unit, reduction or position is chosen of a Keras or ONNX file, and another network is "
            "given: give the path of that file, or the task alone."
        )
    from dfim.networks.given import read_own_network
    from dfim.networks.outputs import Output

    known = [field.name for field in fields(Output)]
    unknown = [key for key in output if key not in known]
    if unknown:
        raise InputError(f"an output has no {unknown[0]!r}: give some of {', '.join(known)}.")
    chosen = {"output": Output(**output)}
    return network_of(read_own_network(network, list(chosen), outputs=chosen, length=length), length)


def _examples(names: Sequence[str]) -> pd.DataFrame:
    """Return the table of examples of sequences that are no windows of a genome."""
    places = {"chrom": "", "start": np.nan, "end": np.nan}
    return pd.DataFrame({"example": np.arange(len(names)), "name": names, **places})


def _features(features, names: Sequence[str], bases: np.ndarray) -> pd.DataFrame:
    """Return the table of features of a BED file, a table, or patterns by name."""
    places = pd.DataFrame({"chrom": names, "start": 0, "end": bases.shape[1]})
    if isinstance(features, str | os.PathLike):
        sites = read_features(features, places)
    elif isinstance(features, pd.DataFrame):
        sites = _with_examples(features, names, ["start", "end", "name"], "features")
        sites = sites.assign(strand=features["strand"].to_numpy() if "strand" in features else "+")
    elif isinstance(features, Mapping):
        sites = pattern_sites(bases, dict(features), "both")
    else:
        raise InputError(
            f"features are given as {type(features).__name__}, and a path, a table or a mapping of names to "
            "patterns is needed."
        )
    return motif_features(sites)


def _variants(variants, names: Sequence[str], bases: np.ndarray) -> pd.DataFrame:
    """Return variants as a table of features, checked against the sequences."""
    needed = ["position", "reference", "alternate"]
    if isinstance(variants, str | os.PathLike):
        texts = dict.fromkeys(("sequence", "name", "reference", "alternate"), "str")
        variants = _read_variants(variants, texts)
    table = _with_examples(variants, names, needed, "variants")
    if table.empty:
        raise InputError("the table of variants has no row: give one variant at least.")
    position = _positions(table["position"])
    alleles = ["reference", "alternate"]
    table[alleles] = table[alleles].fillna("").astype(str).apply(lambda letters: letters.str.upper())
    table = table.assign(feature=np.arange(len(table)), kind="variant", strand="+", group="", start=position)
    table["end"] = position + table["reference"].str.len()
    found = [
        bases[row.example, row.start : row.end].tobytes().decode() if row.start >= 0 else ""
        for row in table.itertuples()
    ]
    wrong = np.flatnonzero(table["reference"].to_numpy() != np.array(found))
    if wrong.size:
        row = table.iloc[wrong[0]]
        raise InputError(
            f"row {wrong[0]} of the variants has the reference {row['reference']!r} at position "
            f"{row['position']} (0-based), and the sequence "
            f"{_found_there(bases[row['example']], row, found[wrong[0]])}"
        )
    same = np.flatnonzero(table["reference"] == table["alternate"])
    if same.size:
        raise InputError(
            f"row {same[0]} of the variants has {table['reference'].iloc[same[0]]!r} as its reference and as "
            "its alternate: remove it, or give the base that it becomes."
        )
    name = variants["name"] if "name" in variants else table["reference"] + ">" + table["alternate"]
    return table.assign(name=np.asarray(name))[FEATURE_COLUMNS]


def _read_variants(path: str | os.PathLike, texts: Mapping[str, str]) -> pd.DataFrame:
    try:
        return read_table(path, dtype=texts)
    except pd.errors.EmptyDataError:
        raise InputError(f"{path} is empty: a tab-separated table of variants is needed.") from None
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        reason = str(error).strip().split("\n")[0]
        raise InputError(f"{path} is no table ({reason}): one with tabs and a header is needed.") from None


def _positions(given: pd.Series) -> pd.Series:
    """Return positions as whole numbers; raises InputError at the first that is none."""
    found = pd.to_numeric(given, errors="coerce")
    wrong = np.flatnonzero(found.isna() | (found % 1 != 0))
    if wrong.size:
        raise InputError(
            f"row {wrong[0]} of the variants has the position {str(given.iloc[wrong[0]])!r}, and a whole "
            "number, 0-based, is needed."
        )
    return found.astype(np.int64)


def _found_there(bases: np.ndarray, row: pd.Series, there: str) -> str:
    """Return what a sequence has at a variant's place, and how to mend it."""
    if not 0 <= row["start"] < row["end"] <= len(bases):
        return f"has the positions 0 to {len(bases) - 1}: correct it."
    before = bases[max(row["start"] - 1, 0) : row["end"] - 1].tobytes().decode()
    if before == row["reference"]:
        return (
            f"has {there!r} there, and {before!r} one before: take 1 off positions that are counted from 1."
        )
    return f"has {there!r} there: check the coordinates."


def _with_examples(table: pd.DataFrame, names: Sequence[str], needed: list[str], what: str) -> pd.DataFrame:
    """Return a table with the column ``example`` for the name, or the number, of the sequence of each row."""
    missing = [column for column in ["sequence", *needed] if column not in table]
    if missing:
        raise InputError(
            f"the table of {what} lacks the column {missing[0]!r}: a header with "
            f"{', '.join(['sequence', *needed])}, with tabs between, is needed."
        )
    numbers = {name: number for number, name in enumerate(names)}
    numbers |= {number: number for number in range(len(names))}
    unknown = [name for name in table["sequence"] if name not in numbers]
    if unknown:
        raise InputError(
            f"the {what} name the sequence {unknown[0]!r}, and there is none of that name: the first is "
            f"{names[0]!r}."
        )
    example = [numbers[name] for name in table["sequence"]]
    return table[needed].assign(example=np.array(example, np.int64)).reset_index(drop=True)
