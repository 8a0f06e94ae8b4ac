"""Examples from peaks: windows of the genome, their labels, their split, and the features that are known.

Windows are tables with ``chrom``, ``start``, ``end`` (0-based, half-open, all of one width) and
``origin``; labels are ``int8`` of shape (windows, tasks): 1 positive, 0 negative, -1 missing.
"""

import logging
import os
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from dfim.datasets.dataset import MISSING, SPLITS, Dataset
from dfim.datasets.known_sites import mark_known, read_sites, require_known
from dfim.datasets.off_peaks import draw_off_peaks
from dfim.datasets.splits import assign_splits
from dfim.datasets.windows import examples_table, few_n
from dfim.errors import InputError
from dfim.genomes.assembly import check_summits
from dfim.genomes.fasta import Genome, genome_order
from dfim.genomes.intervals import (
    INTERVAL_COLUMNS,
    merged,
    overlapping,
    overlapping_each,
    read_peaks,
    require_bedtools,
    windows_at,
)
from dfim.sequences.motifs import pattern_features

logger = logging.getLogger(__name__)

NEGATIVES = ("accessible", "all")
EXAMPLES = ("summits", "union", "matched")

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
    ``examples`` (``summits``, see :func:`summit_examples`, ``union``, see :func:`union_examples`, or
    ``matched``, see :func:`matched_examples`), ``window`` (bp), ``negatives``, ``max_n_fraction``,
    ``test_chromosomes``, ``validation_fraction``, ``validation_block`` (bp), ``patterns`` (a pattern for
    each feature name) and ``strands``.
    ``known_sites`` is a file of intervals, see :func:`read_sites`: features that equal one of them get the
    group ``known``. ``motifs`` gives a factor's motif for tasks that have one, and ``max_n_summits`` the
    largest share of N, for the checks that peaks and genome are of one assembly
    (:func:`dfim.genomes.assembly.check_summits`).

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
    windows, labels = _labelled_windows(genome, tables, accessible, options, seed)
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
        require_known(features, sites, known_sites)
    return Dataset(bases, labels, list(peaks), examples, features)


def _labelled_windows(
    genome: Genome,
    tables: Mapping[str, pd.DataFrame],
    accessible: str | os.PathLike | None,
    options: Mapping,
    seed: int,
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the windows of the option ``examples``, and their labels."""
    sizes, width, examples = genome.sizes, options["window"], options["examples"]
    if examples == "union":
        return union_examples(tables, width, sizes)
    if examples == "matched":
        return matched_examples(genome, tables, width, options, seed)
    if examples != "summits":
        raise InputError(f"examples is {examples!r}, and must be one of {', '.join(EXAMPLES)}.")
    if accessible is None:
        raise InputError("examples 'summits' needs accessible peaks: name a peak file as 'accessible'.")
    accessible_peaks = read_peaks(accessible, sizes)
    check_summits(genome, accessible_peaks, str(accessible), options.get("max_n_summits", 0.02))
    return summit_examples(tables, accessible_peaks, width, sizes, options["negatives"])


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
    return _labelled(parts, list(peaks), "accessible", sizes)


def matched_examples(
    genome: Genome, peaks: Mapping[str, pd.DataFrame], width: int, options: Mapping, seed: int
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return windows at the summits of peaks, and windows off all peaks that are like them, with labels.

    A window at a summit of a task is positive for it, one off the peaks
    (:func:`dfim.datasets.off_peaks.draw_off_peaks`, whose options these are) negative for every task; other
    labels are missing, and with the option ``negatives`` ``all`` negative where no peak of the task overlaps
    the peak. ``origin`` is ``off peaks``, or the tasks with a summit there. Otherwise as
    :func:`summit_examples`.
    """
    parts = [
        _votes(table, peaks, task, options["negatives"] == "all", width, genome.sizes)
        for task, table in peaks.items()
    ]
    at_summits = pd.concat([windows for windows, _ in parts], ignore_index=True)
    if at_summits.empty:
        raise InputError(
            f"no peak has a window of {width} bp on the genome: give other peaks, or lower window."
        )
    drawn = draw_off_peaks(genome, at_summits, pd.concat(peaks.values()), options, seed)
    parts.append((drawn, np.full((len(drawn), len(peaks)), _NEGATIVE, dtype=np.int8)))
    return _labelled(parts, list(peaks), "off peaks", genome.sizes)


def _labelled(
    parts: Sequence[tuple[pd.DataFrame, np.ndarray]], tasks: list[str], other: str, sizes: Mapping[str, int]
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the windows that have a label, with their origin, and the labels, in the order of the genome."""
    windows, votes = _merge_votes([part[0] for part in parts], [part[1] for part in parts])
    labels = _LABEL[votes]
    windows["origin"] = _origins(votes == _POSITIVE, tasks, other)
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


def _origins(positive: np.ndarray, tasks: Sequence[str], other: str) -> np.ndarray:
    """Return the origin of each window, ``other`` or its positive tasks, booleans (windows, tasks)."""
    patterns, number = np.unique(positive, axis=0, return_inverse=True)
    names = [
        f"{'+'.join(np.array(tasks)[pattern])} summit" if pattern.any() else other for pattern in patterns
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
    labels = overlapping_each(windows, list(peaks.values()))
    return windows.assign(origin="union"), labels.astype(np.int8)


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
