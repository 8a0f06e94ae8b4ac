"""What callers of the library hand in: networks, sequences, features and variants, in every form of these."""

import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from numbers import Integral

import numpy as np
import pandas as pd
from pandas.errors import EmptyDataError, ParserError

from dfim import backends
from dfim.attribution import network_of, open_scorer
from dfim.attribution.scorer import Scorer
from dfim.datasets.sequence_files import read_sequences
from dfim.datasets.sequences import read_features
from dfim.errors import InputError, counted
from dfim.files.tables import read_table
from dfim.networks.graph_files import is_graph_file, load_graph
from dfim.sequences.bases import from_one_hot, to_bases
from dfim.sequences.features import FEATURE_COLUMNS
from dfim.sequences.motifs import motif_features, pattern_sites
from dfim.statistics.resolution import AUTO

logger = logging.getLogger(__name__)

LARGEST_SEED = 2**32 - 1


def sequences_of(sequences) -> tuple[list[str], np.ndarray]:
    """Return names and bases, uint8 (sequences, positions), of a path, strings or one-hot rows."""
    if isinstance(sequences, str) and sequences and set(sequences.upper()) <= set("ACGTN"):
        raise InputError("one sequence is given where a path is expected: give a list of sequences.")
    if isinstance(sequences, str | os.PathLike):
        return read_sequences(sequences)
    if isinstance(sequences, np.ndarray) and sequences.ndim == 3:
        bases = from_one_hot(sequences)
    else:
        sequences = list(sequences) if isinstance(sequences, Iterable) else [sequences]
        strange = [one for one in sequences if not isinstance(one, str)]
        if strange or not sequences:
            found = f"there is a {type(strange[0]).__name__} among them" if strange else "there is none"
            raise InputError(
                "the sequences are a path, strings, or one-hot rows of the shape (sequences, positions, 4), "
                f"and {found}: give one of these forms."
            )
        lengths = {len(sequence) for sequence in sequences}
        if len(lengths) != 1:
            raise InputError(
                f"the sequences have {len(lengths)} lengths, and one length is needed: cut them to the "
                "network's, or give a path."
            )
        bases = np.stack([to_bases(sequence) for sequence in sequences])
    return [f"sequence_{number}" for number in range(len(bases))], bases


@contextmanager
def opened(
    network, length, task, method, background, threads, backend, output
) -> Iterator[tuple[Scorer, int]]:
    """Yield a scorer of a Keras model, or of the file of a network, and the number of the task.

    ``length``: of the sequences; None for the one length that the network takes.
    """
    check_number("task", task, 0)
    _check_background(background)
    if threads is not None:
        check_number("threads", threads, 1)
    backends.use(backend, threads)  # before a Keras file is read
    graph = _network(network, length, output)
    if graph.length is None:
        raise InputError(
            "the network takes sequences of any length: say which length (length, of the command "
            "--length), or give sequences."
        )
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
        if scorer.outputs > 1:
            logger.info(
                "of %d outputs number %d is asked, counted from 0: 'task' says which", scorer.outputs, task
            )
        yield scorer, task


def _network(network, length: int | None, output: Mapping | None):
    """Return what a scorer takes of a Keras model, or of the file of a network; ``output``: its one task."""
    if output is not None:
        return _network_of_output(network, length, output)
    if not isinstance(network, str | os.PathLike):
        if not hasattr(network, "layers"):
            raise InputError(
                f"the network is a {type(network).__name__}, and a Keras model or the path of a file is "
                "needed."
            )
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


def examples_of(names: Sequence[str]) -> pd.DataFrame:
    """Return the table of examples of sequences that are no windows of a genome."""
    places = {"chrom": "", "start": np.nan, "end": np.nan}
    return pd.DataFrame({"example": np.arange(len(names)), "name": names, **places})


def features_of(features, names: Sequence[str], bases: np.ndarray) -> pd.DataFrame:
    """Return the table of features of a BED file, a table, or patterns by name."""
    places = pd.DataFrame({"chrom": names, "start": 0, "end": bases.shape[1]})
    if isinstance(features, str | os.PathLike):
        sites = read_features(features, places, whole=True)
    elif isinstance(features, pd.DataFrame):
        sites = _with_examples(features, names, ["start", "end", "name"], "features")
        for end in ("start", "end"):
            sites[end] = _whole_numbers(sites[end], end, "features")
        _check_intervals(sites, bases.shape[1])
        sites = sites.assign(strand=features["strand"].to_numpy() if "strand" in features else "+")
    elif isinstance(features, Mapping):
        for name, letters in features.items():
            if not isinstance(letters, str):
                raise InputError(f"the pattern {name!r} is {letters!r}, and letters (IUPAC) are needed.")
        sites = pattern_sites(bases, dict(features), "both")
    else:
        raise InputError(
            f"features are given as {type(features).__name__}, and a path, a table or a mapping of names to "
            "patterns is needed."
        )
    return motif_features(sites)


def variants_of(variants, names: Sequence[str], bases: np.ndarray) -> pd.DataFrame:
    """Return variants as a table of features, checked against the sequences."""
    needed = ["position", "reference", "alternate"]
    if isinstance(variants, str | os.PathLike):
        texts = dict.fromkeys(("sequence", "name", "reference", "alternate"), "str")
        variants = _read_variants(variants, texts)
    table = _with_examples(variants, names, needed, "variants")
    if table.empty:
        raise InputError("the table of variants has no row: give one variant at least.")
    position = _whole_numbers(table["position"], "position", "variants")
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
    except EmptyDataError:
        raise InputError(f"{path} is empty: a tab-separated table of variants is needed.") from None
    except (ParserError, UnicodeDecodeError) as error:
        reason = str(error).strip().split("\n")[0]
        raise InputError(f"{path} is no table ({reason}): one with tabs and a header is needed.") from None


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


def check_number(name: str, value: object, least: int, most: int | None = None, auto: bool = False) -> None:
    """Raise InputError where a value is no whole number within its bounds; ``auto``: it may be auto."""
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if (whole and least <= value <= (value if most is None else most)) or (auto and value == AUTO):
        return
    bounds = f"of {least} or more" if most is None else f"from {least} to {most}"
    raise InputError(
        f"{name} is {value!r}, and a whole number {bounds}{', or auto,' if auto else ''} is needed."
    )


def _check_background(background: Sequence[float]) -> None:
    """Raise InputError where shares of A, C, G and T (of all positions, or of each) do not sum to 1."""
    shares = np.asarray(background, float)
    if not ((shares >= 0).all() and np.allclose(shares.sum(axis=-1), 1, atol=1e-3)):
        raise InputError(
            f"the background is {np.asarray(background).tolist()}, and shares of A, C, G and T that sum to 1 "
            "are needed."
        )


def _whole_numbers(given: pd.Series, what: str, rows: str) -> pd.Series:
    """Return a column of a table as whole numbers; InputError at the first row that has none."""
    found = pd.to_numeric(given, errors="coerce")
    wrong = np.flatnonzero(found.isna() | (found % 1 != 0))
    if wrong.size:
        raise InputError(
            f"row {wrong[0]} of the {rows} has the {what} {str(given.iloc[wrong[0]])!r}, and a whole number, "
            "0-based, is needed."
        )
    return found.astype(np.int64)


def _check_intervals(sites: pd.DataFrame, length: int) -> None:
    """Raise InputError at the first row whose ``start`` and ``end`` are no interval of a sequence."""
    wrong = np.flatnonzero((sites["start"] < 0) | (sites["start"] >= sites["end"]) | (sites["end"] > length))
    if wrong.size:
        row = sites.iloc[wrong[0]]
        raise InputError(
            f"row {wrong[0]} of the features is from {row['start']} to {row['end']}, and 0 <= start < end <= "
            f"{length} is needed (0-based, the end exclusive)."
        )
