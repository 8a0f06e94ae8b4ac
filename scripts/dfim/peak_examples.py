"""Examples from peaks: windows of the genome, their labels, and the split into train, validation and test.

Windows are tables with ``chrom``, ``start``, ``end`` (0-based, half-open, all of one width) and
``origin``; labels are ``int8`` of shape (windows, tasks): 1 positive, 0 negative, -1 missing.
"""

import logging
import os
import zlib
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from dfim.dataset import EXAMPLE_COLUMNS, MISSING, SPLITS, Dataset
from dfim.errors import InputError
from dfim.genome import Genome, check_chromosome, genome_order, n_fraction
from dfim.intervals import INTERVAL_COLUMNS, merged, overlapping, read_peaks, require_bedtools, windows_at
from dfim.motifs import pattern_features

logger = logging.getLogger(__name__)

NEGATIVES = ("accessible", "all")
EXAMPLES = ("summits", "union")

# What a peak says of a task for its window; of several peaks with the same window the largest counts.
_NOTHING, _NEGATIVE, _OVERLAPPING, _POSITIVE = range(4)
_LABEL = np.array([MISSING, 0, MISSING, 1], dtype=np.int8)


def build_peak_dataset(
    genome: Genome,
    peaks: Mapping[str, str | os.PathLike],
    accessible: str | os.PathLike | None,
    options: Mapping,
    seed: int,
) -> Dataset:
    """Build a dataset from peak files.

    ``peaks`` gives a peak file for each task, in the order of the labels' columns; ``accessible`` is
    the file of accessible peaks, which ``examples: summits`` needs. ``options`` has the keys
    ``examples`` (``summits``, see :func:`summit_examples`, or ``union``, see :func:`union_examples`),
    ``window`` (bp), ``negatives``, ``max_n_fraction``, ``test_chromosomes``, ``validation_fraction``,
    ``validation_block`` (bp), ``patterns`` (a pattern for each feature name) and ``strands``.

    Windows with a share of N above ``max_n_fraction`` are left out and counted in the log. Raises
    InputError for peaks that are not intervals of the genome, and when a task has no positive or no
    negative example in the train or the test split.
    """
    require_bedtools()
    sizes, width = genome.sizes, options["window"]
    tables = {task: read_peaks(path, sizes) for task, path in peaks.items()}
    if options["examples"] == "summits":
        if accessible is None:
            raise InputError("examples 'summits' needs accessible peaks: name a peak file as 'accessible'.")
        accessible_peaks = read_peaks(accessible, sizes)
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
    features = pattern_features(bases, dict(options["patterns"]), options["strands"])
    return Dataset(bases, labels, list(peaks), examples_table(windows, split), features)


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
    together and belong to the block of ``validation_block`` bp in which the chain starts; blocks drawn at
    random become the validation set until it holds about ``validation_fraction`` of these windows. So no
    window overlaps one of another split. Raises InputError for an unknown test chromosome, and when the
    windows outside the test chromosomes lie in a single block.
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
    order = np.random.default_rng([seed, zlib.crc32(b"validation blocks")]).permutation(len(unique))
    held = np.cumsum(np.bincount(number)[order])[:-1]
    blocks_taken = 1 + np.argmin(np.abs(held - validation_fraction * len(rest)))
    split[rest[np.isin(number, order[:blocks_taken])]] = "validation"
    return split


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
