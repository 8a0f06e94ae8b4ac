"""Examples from peaks: windows of the genome, their labels, their split, and the features that are known.

Windows are tables with ``chrom``, ``start``, ``end`` (0-based, half-open, all of one width) and
``origin``; labels are ``int8`` of shape (windows, tasks): 1 positive, 0 negative, -1 missing.
"""

import hashlib
import logging
import os
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from dfim.assembly import check_summits
from dfim.dataset import EXAMPLE_COLUMNS, MISSING, SPLITS, Dataset
from dfim.errors import InputError
from dfim.genome import Genome, check_chromosome, genome_order, n_fraction
from dfim.intervals import (
    INTERVAL_COLUMNS,
    check_chromosomes,
    merged,
    overlapping,
    read_peaks,
    require_bedtools,
    windows_at,
)
from dfim.motifs import pattern_features
from dfim.tables import TableLines, read_lines

logger = logging.getLogger(__name__)

NEGATIVES = ("accessible", "all")
EXAMPLES = ("summits", "union")

# The group of a feature that is one of the known sites.
KNOWN = "known"
_COMMENTS = ("#", "track", "browser")

# What a peak says of a task for its window; of several peaks with the same window the largest counts.
_NOTHING, _NEGATIVE, _OVERLAPPING, _POSITIVE = range(4)
_LABEL = np.array([MISSING, 0, MISSING, 1], dtype=np.int8)


def build_peak_dataset(
    genome: Genome,
    peaks: Mapping[str, str | os.PathLike],
    accessible: str | os.PathLike | None,
    options: Mapping,
    seed: int,
    known_sites: str | os.PathLike | None = None,
    motifs: Mapping[str, str] | None = None,
) -> Dataset:
    """Build a dataset from peak files.

    ``peaks`` gives a peak file for each task, in the order of the labels' columns; ``accessible`` is
    the file of accessible peaks, which ``examples: summits`` needs. ``options`` has the keys
    ``examples`` (``summits``, see :func:`summit_examples`, or ``union``, see :func:`union_examples`),
    ``window`` (bp), ``negatives``, ``max_n_fraction``, ``test_chromosomes``, ``validation_fraction``,
    ``validation_block`` (bp), ``patterns`` (a pattern for each feature name) and ``strands``.
    ``known_sites`` is a file of intervals, see :func:`read_sites`: features that equal one of them get the
    group ``known``. ``motifs`` gives a factor's motif for tasks that have one, and ``max_n_summits`` the
    largest share of N, for the checks that peaks and genome are of one assembly
    (:func:`dfim.assembly.check_summits`).

    Windows with a share of N above ``max_n_fraction`` are left out and counted in the log. Raises
    InputError for peaks or sites that are not intervals of the genome, when no feature equals a known site,
    and when a task has no positive or no negative example in the train or the test split.
    """
    require_bedtools()
    sizes, width = genome.sizes, options["window"]
    sites = None if known_sites is None else read_sites(known_sites, sizes)
    tables = {task: read_peaks(path, sizes) for task, path in peaks.items()}
    for task, table in tables.items():
        name, motif = f"{peaks[task]} ({task})", (motifs or {}).get(task)
        check_summits(genome, table, name, options.get("max_n_summits", 0.02), motif)
    if options["examples"] == "summits":
        if accessible is None:
            raise InputError("examples 'summits' needs accessible peaks: name a peak file as 'accessible'.")
        accessible_peaks = read_peaks(accessible, sizes)
        check_summits(genome, accessible_peaks, str(accessible), options.get("max_n_summits", 0.02))
        windows, labels = summit_examples(tables, accessible_peaks, width, sizes, options["negatives"])
    elif options["examples"] == "union":
        windows, labels = union_examples(tables, width, sizes)
    else:
        raise InputError(f"examples is {options['examples']!r}, and must be one of {', '.join(EXAMPLES)}.")
    bases = genome.fetch(windows, width)
    kept = few_n(bases, options["max_n_fraction"])
    bases, labels, windows = bases[kept], labels[kept], windows[kept]
    split = assign_splits(
        windows,
        sizes,
        options["test_chromosomes"],
        options["validation_fraction"],
        options["validation_block"],
        seed,
    )
    require_both_classes(labels, split, list(peaks))
    examples = examples_table(windows, split)
    features = pattern_features(bases, dict(options["patterns"]), options["strands"])
    if sites is not None:
        features = mark_known(features, examples, sites)
        _require_known(features, sites, known_sites)
    return Dataset(bases, labels, list(peaks), examples, features)


def summit_examples(
    peaks: Mapping[str, pd.DataFrame],
    accessible: pd.DataFrame,
    width: int,
    sizes: Mapping[str, int],
    negatives: str = "accessible",
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return windows at the summits of peaks, with labels that can be missing (supplement B.2).

    A window at a summit of a task is positive for it when the peak overlaps an accessible peak. A window
    at the summit of an accessible peak is negative for the tasks that have no peak overlapping that
    peak. It is the peaks, not the windows, that overlap or do not, by 1 bp or more. All other labels are
    missing; ``negatives='all'`` lets windows at the summits of other tasks be negative too, in the same way.

    Equal windows are one example: positive if any of them is, else missing if the peak of any
    overlaps the task's, else negative. ``origin`` is ``accessible``, or the tasks with a positive
    summit there: ``GATA1+TAL1 summit``. Windows without any label and windows that cross a chromosome
    end are left out, counted in the log. The windows are in the order of the genome.
    """
    if negatives not in NEGATIVES:
        raise InputError(f"negatives is {negatives!r}, and must be one of {', '.join(NEGATIVES)}.")
    parts = [_votes(accessible, peaks, None, True, width, sizes)]
    for task, table in peaks.items():
        own = table[overlapping(table, accessible)]
        logger.info("%s: %d of %d peaks overlap accessible peaks", task, len(own), len(table))
        parts.append(_votes(own, peaks, task, negatives == "all", width, sizes))
    windows, votes = _merge_votes([part[0] for part in parts], [part[1] for part in parts])
    labels = _LABEL[votes]
    windows["origin"] = _origins(votes == _POSITIVE, list(peaks))
    known = (labels != MISSING).any(axis=1)
    if not known.all():
        logger.info("%d windows have no label for any task: left out", (~known).sum())
    rows = np.flatnonzero(known)[genome_order(windows[known], sizes)]
    return windows.iloc[rows].reset_index(drop=True), labels[rows]


def _votes(
    source: pd.DataFrame,
    peaks: Mapping[str, pd.DataFrame],
    positive_task: str | None,
    judged: bool,
    width: int,
    sizes: Mapping[str, int],
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the windows at the summits of ``source`` and what each says of each task."""
    windows = windows_at(source["chrom"], source["summit"], width, sizes)
    votes = np.full((len(windows), len(peaks)), _NOTHING, dtype=np.int8)
    for column, (task, table) in enumerate(peaks.items()):
        if task == positive_task:
            votes[:, column] = _POSITIVE
        elif judged:
            touched = overlapping(source.loc[windows.index], table)
            votes[:, column] = np.where(touched, _OVERLAPPING, _NEGATIVE)
    return windows, votes


def _merge_votes(windows: list[pd.DataFrame], votes: list[np.ndarray]) -> tuple[pd.DataFrame, np.ndarray]:
    """Make one row of equal windows, with the largest of their votes for each task."""
    table = pd.concat(windows, ignore_index=True)
    number = table.groupby(INTERVAL_COLUMNS, sort=False).ngroup().to_numpy()
    largest = np.full((number.max(initial=-1) + 1, votes[0].shape[1]), _NOTHING, dtype=np.int8)
    np.maximum.at(largest, number, np.concatenate(votes))
    return table.drop_duplicates(INTERVAL_COLUMNS).reset_index(drop=True), largest


def _origins(positive: np.ndarray, tasks: Sequence[str]) -> np.ndarray:
    """Return the origin of each window from its positive tasks, booleans of shape (windows, tasks)."""
    patterns, number = np.unique(positive, axis=0, return_inverse=True)
    names = [
        f"{'+'.join(np.array(tasks)[pattern])} summit" if pattern.any() else "accessible"
        for pattern in patterns
    ]
    return np.array(names, dtype=object)[number.reshape(-1)]


def union_examples(
    peaks: Mapping[str, pd.DataFrame], width: int, sizes: Mapping[str, int]
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return windows over the union of all tasks' peaks, every label known (supplement C.2).

    The union's regions are the peaks of all tasks, overlapping and touching ones merged; each has one
    window, centred at its midpoint, (start + end) // 2. A label is 1 where a peak of the task overlaps
    the window by 1 bp or more, else 0. ``origin`` is ``union``. Windows that cross a chromosome end are
    left out, counted in the log. The windows are in the order of the genome.
    """
    regions = merged(pd.concat(peaks.values(), ignore_index=True), sizes)
    middles = (regions["start"] + regions["end"]) // 2
    windows = windows_at(regions["chrom"], middles, width, sizes).reset_index(drop=True)
    labels = [overlapping(windows, table) for table in peaks.values()]
    return windows.assign(origin="union"), np.stack(labels, axis=1).astype(np.int8)


def few_n(bases: np.ndarray, max_n_fraction: float) -> np.ndarray:
    """Tell which examples have at most this share of N: booleans; the others are counted in the log."""
    kept = n_fraction(bases) <= max_n_fraction
    if not kept.all():
        logger.info(
            "%d of %d windows have more than %g %% N: left out",
            (~kept).sum(),
            len(kept),
            100 * max_n_fraction,
        )
    return kept


def assign_splits(
    windows: pd.DataFrame,
    sizes: Mapping[str, int],
    test_chromosomes: Sequence[str],
    validation_fraction: float,
    validation_block: int,
    seed: int,
) -> np.ndarray:
    """Return ``test``, ``validation`` or ``train`` for each window, as an array of text.

    Windows on the test chromosomes are the test set. Of the rest, chains of overlapping windows stay
    together and belong to the block of ``validation_block`` bp in which the chain starts, so that no window
    overlaps one of another split. Each block has a number from 0 to 1 (:func:`_block_fraction`), and those
    below ``validation_fraction`` are the validation set: a block has the same role in every dataset with
    the same seed, fraction and size of blocks, whatever other windows there are. Only where no block or
    every block would be taken, the one with the smallest number alone is, or the one with the largest is
    not.

    Raises InputError for an unknown test chromosome, and when the windows outside the test chromosomes lie
    in a single block.
    """
    for chrom in test_chromosomes:
        check_chromosome(chrom, sizes, "test_chromosomes")
    split = np.where(windows["chrom"].isin(test_chromosomes), "test", "train").astype(object)
    rest = np.flatnonzero(split == "train")
    if not rest.size:
        return split
    chain_starts = _chain_starts(windows.iloc[rest], sizes)
    blocks = pd.MultiIndex.from_arrays([windows["chrom"].iloc[rest], chain_starts // validation_block])
    number, unique = pd.factorize(blocks, sort=True)
    if len(unique) < 2:
        raise InputError(
            f"the {len(rest)} examples outside {', '.join(test_chromosomes)} lie in a single block of "
            f"{validation_block} bp, and a validation set needs two or more: lower validation_block."
        )
    fractions = np.array([_block_fraction(seed, chrom, block) for chrom, block in unique])
    taken = fractions < validation_fraction
    taken[np.argmin(fractions)], taken[np.argmax(fractions)] = True, False
    split[rest[taken[number]]] = "validation"
    return split


def _block_fraction(seed: int, chrom: str, block: int) -> float:
    """Return a number from 0 to 1 that depends on seed, chromosome and number of the block (from 0) alone."""
    digest = hashlib.blake2b(f"{seed}\t{chrom}\t{block}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def _chain_starts(windows: pd.DataFrame, sizes: Mapping[str, int]) -> np.ndarray:
    """Return, for each window, the start of the chain of overlapping windows that it belongs to."""
    order = genome_order(windows, sizes)
    chrom = pd.factorize(windows["chrom"])[0][order]
    start, end = windows["start"].to_numpy()[order], windows["end"].to_numpy()[order]
    # All windows have one width: the one before ends last.
    new = np.ones(len(windows), dtype=bool)
    new[1:] = (chrom[1:] != chrom[:-1]) | (start[1:] >= end[:-1])
    starts = np.empty(len(windows), dtype=np.int64)
    starts[order] = start[new][np.cumsum(new) - 1]
    return starts


def examples_table(windows: pd.DataFrame, split: np.ndarray) -> pd.DataFrame:
    """Return the examples table of a dataset; examples are named by their interval (0-based, half-open)."""
    table = windows.reset_index(drop=True).assign(split=split)
    table["example"] = np.arange(len(table))
    if "name" not in table:
        start, end = table["start"].astype(str), table["end"].astype(str)
        table["name"] = table["chrom"] + ":" + start + "-" + end
    return table[EXAMPLE_COLUMNS]


def require_both_classes(labels: np.ndarray, split: np.ndarray, tasks: Sequence[str]) -> None:
    """Raise InputError when a task lacks positive or negative examples in the train or the test split.

    The validation split may lack a class: its metrics are then undefined. The counts go to the log.
    """
    for column, task in enumerate(tasks):
        for part in SPLITS:
            of_task = labels[split == part, column]
            positives, negatives = int((of_task == 1).sum()), int((of_task == 0).sum())
            logger.info("%s, %s: %d positive, %d negative examples", task, part, positives, negatives)
            if part != "validation" and not (positives and negatives):
                raise InputError(
                    f"the task {task!r} has {positives} positive and {negatives} negative examples in the "
                    f"{part} split, and needs both: give it other peaks, or choose other test_chromosomes."
                )


def read_sites(path: str | os.PathLike, sizes: Mapping[str, int]) -> pd.DataFrame:
    """Read known sites from BED, or from a table with a header that has ``chrom``, ``start`` and ``end``.

    The file is tab-separated, gzipped or not, the intervals 0-based and half-open; in a file without such a
    header the first three columns count. Lines that begin with ``#``, ``track`` or ``browser`` are left out.
    Returns ``chrom``, ``start`` and ``end`` in the order of the file. Raises InputError, naming file and
    line, for anything that is not an interval of the genome.
    """
    table, (chrom, start, end) = _site_columns(path)
    sites = pd.DataFrame(
        {"chrom": chrom, "start": table.integers("start", start), "end": table.integers("end", end)}
    )
    check_chromosomes(table, sites["chrom"], sizes)
    lengths = sites["chrom"].map(sizes)
    outside = (sites["start"] < 0) | (sites["start"] >= sites["end"]) | (sites["end"] > lengths)
    table.refuse(
        outside.to_numpy(),
        lambda row: (
            f"the site from {start[row]} to {end[row]} is no interval of {chrom[row]}, which has the "
            f"positions 0 to {lengths[row]}: give 0-based, half-open intervals of the genome's own assembly"
        ),
    )
    return sites


def _site_columns(path: str | os.PathLike) -> tuple[TableLines, list[list[str]]]:
    """Return the lines of a file of sites, and the text of their chromosomes, starts and ends."""
    lines, numbers = read_lines(path)
    rows = [row for row, line in enumerate(lines) if not line.startswith(_COMMENTS)]
    header = lines[rows[0]].split("\t") if rows else []
    places = [0, 1, 2]
    if set(INTERVAL_COLUMNS) <= set(header):
        places = [header.index(column) for column in INTERVAL_COLUMNS]
        rows = rows[1:]
    if not rows:
        raise InputError(f"{path} has no sites: at least one line with chromosome, start and end is needed.")
    fields = [lines[row].split("\t") for row in rows]
    table = TableLines(path, numbers[rows])
    needed = max(places) + 1
    table.refuse(
        np.array([len(line) for line in fields]) < needed,
        lambda row: (
            f"found {lines[rows[row]]!r}, and {needed} or more tab-separated columns are needed, with "
            "chromosome, start and end"
        ),
    )
    return table, [[line[place] for line in fields] for place in places]


def mark_known(features: pd.DataFrame, examples: pd.DataFrame, sites: pd.DataFrame) -> pd.DataFrame:
    """Return the features with the group ``known`` where one equals a site, and the group empty elsewhere.

    ``features`` and ``examples`` are tables of a dataset whose examples lie on a genome; ``sites`` has
    ``chrom``, ``start`` and ``end``. All are 0-based and half-open, those of features in their example. It
    is chromosome, start and end that must be equal; name and strand are not looked at.
    """
    own = examples.iloc[features["example"].to_numpy(dtype=np.int64)]
    offset = own["start"].to_numpy()
    places = [own["chrom"], features["start"].to_numpy() + offset, features["end"].to_numpy() + offset]
    known = pd.MultiIndex.from_arrays(places).isin(pd.MultiIndex.from_frame(sites[INTERVAL_COLUMNS]))
    return features.assign(group=np.where(known, KNOWN, "").astype(object))


def _require_known(features: pd.DataFrame, sites: pd.DataFrame, path: str | os.PathLike) -> None:
    """Raise InputError when no feature is known; the numbers go to the log."""
    known = int((features["group"] == KNOWN).sum())
    logger.info("%d of %d features equal one of %d known sites", known, len(features), len(sites))
    if not known:
        raise InputError(
            f"{path}: none of its {len(sites)} sites equals one of the dataset's {len(features)} features: "
            "give 0-based, half-open intervals of exactly the bases that one of 'patterns' matches."
        )
