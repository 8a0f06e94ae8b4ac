"""Reads of a genome whose open regions are known, with everything that has to be removed again.

Fragments are cut at random, more in open regions than elsewhere. *Weak* regions are cut a little, all
alike, so that the ranks of their peaks are chance and differ between replicates: what IDR is to refuse. On
top come duplicates, reads of the mitochondrion and of a repeat, reads that run into the adapter, and reads
of bad quality that come from nowhere. The truth says of every read which of these it is.
"""

import gzip
import os
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import truncnorm

from dfim.errors import InputError
from dfim.files.whole import atomic_path
from dfim.genomes.intervals import overlapping
from dfim.reads.tagalign import stream
from dfim.sequences.bases import reverse_complement

TRUTH_COLUMNS = ["read", "lane", "kind", "chrom", "start", "end", "strand"]
KINDS = ("open", "weak", "background", "adapter", "duplicate", "mitochondrial", "repeat", "low_quality")

_CODES = np.frombuffer(b"ACGT", dtype=np.uint8)
_SHORTEST_ADAPTER = 8  # bases of adapter that a read runs into, at least
_SHORTEST_FRAGMENT = 30
_EVENNESS = 0.15  # power of the signal: 0 makes all open regions alike
_WEAK_WIDTH = 150  # bp
_CLEARANCE = 300  # bp between a weak region and an open one, at least


def simulate_reads(
    chromosomes: Mapping[str, np.ndarray], regions: pd.DataFrame, design: Mapping, seed: int, name: str
) -> tuple[pd.DataFrame, np.ndarray, list[np.ndarray]]:
    """Simulate the reads of one replicate.

    ``chromosomes`` are ASCII letters; ``regions`` has ``chrom``, ``start``, ``end`` and ``signal``:
    stronger ones have more fragments, in proportion to the signal's power of .15. ``design`` has the
    numbers of fragments ``open``, ``weak``, ``background``, ``adapter``, ``duplicate``, ``mitochondrial``,
    ``repeat``, ``low_quality``, and ``weak_regions`` (their number), ``paired``, ``read_length``,
    ``fragment`` (mean and standard deviation of the length), ``adapter_sequence``, ``lanes``,
    ``mitochondrion`` and ``repeats``: chromosomes, the second made of two identical halves. No two
    fragments but duplicates agree in both ends (in the 5' end and strand of a single-end read). Weak
    regions are the same for all replicates of one seed.

    Returns the truth, one row a fragment (``start``, ``end`` 0-based half-open, empty for low quality), the
    reads, ASCII letters of shape (ends, fragments, read_length), and the fragments' numbers in each lane.
    """
    rng = stream(seed, f"reads {name}")
    nuclear = [chrom for chrom in chromosomes if chrom not in (design["mitochondrion"], design["repeats"])]
    regions = regions[regions["chrom"].isin(nuclear)]
    weak = weak_regions(chromosomes, nuclear, regions, design["weak_regions"], seed)
    weak["signal"] = 1.0  # equal: that one has more fragments than another is chance
    # Within one half of the repeat: a fragment across their border would fit one place only.
    half = {design["repeats"]: chromosomes[design["repeats"]][: len(chromosomes[design["repeats"]]) // 2]}
    kinds = {
        "open": lambda n: _in_regions(regions, n, design, rng),
        "weak": lambda n: _in_regions(weak, n, design, rng),
        "background": lambda n: _anywhere(chromosomes, nuclear, n, design, rng),
        "adapter": lambda n: _anywhere(chromosomes, nuclear, n, design, rng, short=True),
        "mitochondrial": lambda n: _anywhere(chromosomes, [design["mitochondrion"]], n, design, rng),
        "repeat": lambda n: _anywhere(half, [design["repeats"]], n, design, rng),
    }
    taken, parts = set(), []
    for kind, draw in kinds.items():
        parts.append(_distinct(draw, design[kind], design["paired"], taken, chromosomes).assign(kind=kind))
    truth = pd.concat(parts, ignore_index=True)
    molecules = truth.index[truth["kind"].isin(["open", "weak", "background"])]
    copied = rng.choice(molecules, design["duplicate"], replace=False)
    copies = truth.loc[copied].assign(kind="duplicate")
    noise = pd.DataFrame({"kind": ["low_quality"] * design["low_quality"]})
    truth = pd.concat([truth, copies, noise], ignore_index=True)
    truth = truth.iloc[rng.permutation(len(truth))].reset_index(drop=True)
    lanes = np.array_split(np.arange(len(truth)), design["lanes"])
    truth["lane"] = np.concatenate([[number] * len(lane) for number, lane in enumerate(lanes, start=1)])
    truth["read"] = [f"{name}.{number}" for number in range(len(truth))]
    return truth[TRUTH_COLUMNS], _read_off(truth, chromosomes, design, rng), lanes


def weak_regions(
    chromosomes: Mapping[str, np.ndarray], names: Sequence[str], regions: pd.DataFrame, number: int, seed: int
) -> pd.DataFrame:
    """Return regions of 150 bp, evenly drawn over some chromosomes, at least 300 bp from all others given."""
    rng = stream(seed, "weak regions")
    sizes = np.array([len(chromosomes[name]) for name in names])
    which = rng.choice(len(names), 4 * number, p=sizes / sizes.sum())
    start = (rng.random(4 * number) * (sizes[which] - _WEAK_WIDTH)).astype(int)
    drawn = pd.DataFrame({"chrom": np.array(names, dtype=object)[which], "start": start})
    drawn["end"] = drawn["start"] + _WEAK_WIDTH
    around = regions.assign(
        start=(regions["start"] - _CLEARANCE).clip(lower=0), end=regions["end"] + _CLEARANCE
    )
    return drawn[~overlapping(drawn, around)].head(number).reset_index(drop=True)


def _lengths(number: int, design: Mapping, rng: np.random.Generator, short: bool = False) -> np.ndarray:
    """Draw fragment lengths; short ones are such that a read runs into the adapter."""
    if short:
        longest = design["read_length"] - _SHORTEST_ADAPTER
        return rng.integers(_SHORTEST_FRAGMENT, longest, number, endpoint=True)
    mean, deviation = design["fragment"]
    low, high = (design["read_length"] - mean) / deviation, mean / deviation
    drawn = truncnorm.rvs(low, high, mean, deviation, size=number, random_state=rng)
    return np.round(drawn).astype(int)


def _anywhere(
    chromosomes: Mapping, names: Sequence[str], number: int, design: Mapping, rng, short: bool = False
) -> pd.DataFrame:
    """Draw fragments evenly over some chromosomes."""
    sizes = np.array([len(chromosomes[name]) for name in names])
    which = rng.choice(len(names), number, p=sizes / sizes.sum())
    lengths = _lengths(number, design, rng, short)
    starts = (rng.random(number) * (sizes[which] - lengths)).astype(int)
    return _fragments(np.array(names, dtype=object)[which], starts, lengths, rng)


def _in_regions(regions: pd.DataFrame, number: int, design: Mapping, rng) -> pd.DataFrame:
    """Draw fragments of which one end or the other was cut in an open region."""
    weights = regions["signal"].to_numpy(dtype=float) ** _EVENNESS
    which = rng.choice(len(regions), number, p=weights / weights.sum())
    start, end = regions["start"].to_numpy()[which], regions["end"].to_numpy()[which]
    cut = start + (rng.random(number) * (end - start)).astype(int)
    lengths = _lengths(number, design, rng)
    # The fragment lies to the right of its cut or to the left, and begins a single-end read there.
    to_right = rng.random(number) < 0.5
    fragments = _fragments(
        regions["chrom"].to_numpy()[which], np.where(to_right, cut, cut - lengths), lengths, rng
    )
    return fragments.assign(strand=np.where(to_right, "+", "-"))


def _fragments(chroms: np.ndarray, starts: np.ndarray, lengths: np.ndarray, rng) -> pd.DataFrame:
    """Make the table of fragments; the strand is that of the first read."""
    strand = rng.choice(["+", "-"], len(chroms))
    return pd.DataFrame({"chrom": chroms, "start": starts, "end": starts + lengths, "strand": strand})


def _distinct(draw, number: int, paired: bool, taken: set, chromosomes: Mapping) -> pd.DataFrame:
    """Draw fragments until ``number`` of them are in their chromosome and different from all ``taken``."""
    kept, tries = [], 0
    while len(kept) < number:
        for row in draw(number).itertuples(index=False):
            key = (row.chrom, row.start, row.end) if paired else (
                row.chrom, row.strand, row.start if row.strand == "+" else row.end
            )  # fmt: skip
            inside = row.start >= 0 and row.end <= len(chromosomes[row.chrom])
            if inside and key not in taken and len(kept) < number:
                taken.add(key)
                kept.append(row)
        tries += 1
        if tries > 100:
            raise InputError(
                f"{number} different fragments do not fit into the simulated genome: ask for fewer reads or "
                "for pairs."
            )
    return pd.DataFrame(kept, columns=["chrom", "start", "end", "strand"])


def _read_off(truth: pd.DataFrame, chromosomes: Mapping, design: Mapping, rng) -> np.ndarray:
    """Return the reads of all fragments, ASCII letters of shape (ends, fragments, read_length)."""
    length, ends = design["read_length"], 1 + design["paired"]
    # What the sequencer reads beyond the adapter, and all that it reads where the quality is low.
    noise = _CODES[rng.integers(0, 4, (len(truth), ends, length))]
    adapter = np.frombuffer(design["adapter_sequence"].encode(), dtype=np.uint8)
    reads = noise.copy()
    for number, fragment in enumerate(truth.itertuples()):
        if fragment.kind == "low_quality":
            continue
        bases = chromosomes[fragment.chrom][int(fragment.start) : int(fragment.end)]
        for end in range(ends):
            forward = (fragment.strand == "+") == (end == 0)
            own = bases[:length] if forward else reverse_complement(bases[-length:])
            if len(own) < length:
                own = np.concatenate([own, adapter, noise[number, end]])[:length]
            reads[number, end] = own
    return reads.swapaxes(0, 1)


def write_reads(
    truth: pd.DataFrame, reads: np.ndarray, lanes: Sequence[np.ndarray], paths: Sequence[Sequence[str]]
) -> None:
    """Write reads as gzipped FASTQ; ``paths`` has for each lane the file of each end."""
    names = truth["read"].tolist()
    qualities = [("#" if kind == "low_quality" else "I") * reads.shape[2] for kind in truth["kind"]]
    for numbers, lane_paths in zip(lanes, paths, strict=True):
        for end, path in enumerate(lane_paths):
            records = [
                f"@{names[number]} {end + 1}:N:0:1\n{reads[end, number].tobytes().decode()}\n+\n"
                f"{qualities[number]}\n"
                for number in numbers
            ]
            _write_gzip("".join(records), path)


def _write_gzip(text: str, path: str | os.PathLike) -> None:
    """Write text as gzip whose bytes depend on the text alone."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(gzip.compress(text.encode(), compresslevel=4, mtime=0))
