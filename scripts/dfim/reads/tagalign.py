"""From aligned reads to tags: tagAlign files (BED6 with N and 1000), duplicates and mitochondria dropped.

A *unit* is a read of a single-end library, or a pair of a paired-end one; its tags are one line, or two lines
that follow each other. Sampling and splitting keep units whole. Positions are 0-based, intervals half-open.
"""

import gzip
import os
import re
import zlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby, islice

import numpy as np
import pysam

from dfim.errors import InputError
from dfim.files.tables import read_headerless
from dfim.files.whole import atomic_path
from dfim.progress import Progress

TN5_SHIFT = (4, -5)  # of the start of a tag on the + strand, of the end of one on the - strand
LONGEST_FRAGMENT = 2000  # bp, as bowtie2 is told
_ON_REFERENCE = re.compile(r"(\d+)[MDN=X]")


@dataclass
class Library:
    """What a BAM file of marked duplicates holds; every count is of units.

    ``multiplicities`` has, for each number of copies, how many different places have so many; ``fragments``
    the number of fragments of each length (paired-end), 0 … 2000 bp. Both are of the nuclear genome;
    ``fragments`` without duplicates.
    """

    units: int
    duplicates: int
    mitochondrial: int
    kept: int
    multiplicities: dict[int, int]
    fragments: np.ndarray


def stream(seed: int, purpose: str) -> np.random.Generator:
    """Return the random numbers of one purpose: a change to one leaves all others as they are."""
    return np.random.default_rng([seed, zlib.crc32(purpose.encode())])


def _leading_reads(bam: pysam.AlignmentFile, paired: bool, name: str) -> Iterator[pysam.AlignedSegment]:
    """Yield the read that stands for each unit, in the file's order: of a pair the one on the + strand."""
    for read in Progress(bam, desc=f"reading {name}", unit=" reads"):
        if not (paired and read.is_reverse):
            yield read


def _mate_end(read: pysam.AlignedSegment) -> int:
    """Return where the mate's alignment ends, from its start and its CIGAR (tag MC, of samtools fixmate)."""
    return read.next_reference_start + sum(map(int, _ON_REFERENCE.findall(read.get_tag("MC"))))


def count_library(path: str | os.PathLike, paired: bool, mitochondria: Collection[str]) -> Library:
    """Count units, duplicates, places and fragment lengths of a BAM file sorted by coordinate.

    The file holds filtered reads with duplicates marked. A place is, as in ENCODE's library complexity,
    chromosome, start, end and strand of a single-end read, or both ends of a pair and its first read's
    strand.
    """
    counts, multiplicities = Counter(), Counter()
    fragments = np.zeros(LONGEST_FRAGMENT + 1, dtype=np.int64)
    with pysam.AlignmentFile(path, "rb") as bam:
        reads = _leading_reads(bam, paired, str(path))
        for (chrom, _), group in groupby(reads, key=lambda read: (read.reference_name, read.reference_start)):
            group = list(group)
            duplicates = sum(read.is_duplicate for read in group)
            counts["units"] += len(group)
            counts["duplicates"] += duplicates
            if chrom in mitochondria:
                counts["mitochondrial"] += len(group) - duplicates
                continue
            counts["kept"] += len(group) - duplicates
            multiplicities.update(Counter(_place(read, paired) for read in group).values())
            if paired:
                for read in group:
                    if not read.is_duplicate:
                        fragments[min(_mate_end(read) - read.reference_start, LONGEST_FRAGMENT)] += 1
    names = ("units", "duplicates", "mitochondrial", "kept")
    return Library(*(counts[name] for name in names), dict(sorted(multiplicities.items())), fragments)


def _place(read: pysam.AlignedSegment, paired: bool) -> tuple:
    """Return what two copies of one molecule have in common, beside chromosome and start."""
    return (_mate_end(read), read.is_read1) if paired else (read.reference_end, read.is_reverse)


def complexity(multiplicities: Mapping[int, int]) -> dict[str, float]:
    """Return ENCODE's measures of library complexity, from the number of places with each number of copies.

    ``nrf``: places / units. ``pbc1``: places with one unit / places. ``pbc2``: places with one / with two
    (infinite when there are none with two).
    """
    places = sum(multiplicities.values())
    units = sum(copies * number for copies, number in multiplicities.items())
    one, two = multiplicities.get(1, 0), multiplicities.get(2, 0)
    return {"nrf": places / units, "pbc1": one / places, "pbc2": one / two if two else float("inf")}


def write_tags(
    bam: str | os.PathLike,
    tags: str | os.PathLike,
    paired: bool,
    mitochondria: Collection[str],
    shift: tuple[int, int],
    chosen: np.ndarray | None = None,
) -> int:
    """Write the tags of a BAM file without duplicates and mitochondria; return their number.

    ``shift`` moves the start of tags on the + strand and the end of those on the - strand, (0, 0) for
    DNase-seq. ``chosen`` tells which units to keep, in the order of the file (all, by default).
    """
    written = 0
    with pysam.AlignmentFile(bam, "rb") as reads, atomic_path(tags) as temporary, _gzip(temporary) as out:
        units = (
            read
            for read in _leading_reads(reads, paired, str(bam))
            if not read.is_duplicate and read.reference_name not in mitochondria
        )
        for number, read in enumerate(units):
            if chosen is None or chosen[number]:
                lines = _lines(read, paired, shift)
                out.write("".join(lines).encode())
                written += len(lines)
    return written


def _lines(read: pysam.AlignedSegment, paired: bool, shift: tuple[int, int]) -> list[str]:
    """Return the lines of tagAlign of one unit."""
    spans = [(read.reference_start, read.reference_end, "-" if read.is_reverse else "+")]
    if paired:
        spans.append((read.next_reference_start, _mate_end(read), "-"))
    return [
        f"{read.reference_name}\t{start + shift[0] * (strand == '+')}\t{end + shift[1] * (strand == '-')}"
        f"\tN\t1000\t{strand}\n"
        for start, end, strand in spans
    ]


@contextmanager
def _gzip(path: str | os.PathLike) -> Iterator[gzip.GzipFile]:
    """Open a gzip file whose bytes depend on its content alone; it is complete when the block ends."""
    with (
        open(path, "wb") as raw,
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=4, mtime=0) as out,
    ):
        yield out


def sample(total: int, size: int | None, rng: np.random.Generator) -> np.ndarray | None:
    """Return which of ``total`` units to keep, booleans, exactly ``size`` of them; None to keep all.

    All are kept without a size, and when there are no more than that.
    """
    if size is None or total <= size:
        return None
    chosen = np.zeros(total, dtype=bool)
    chosen[rng.choice(total, size, replace=False, shuffle=False)] = True
    return chosen


def split_tags(
    sources: Sequence[tuple[str, int]], halves: tuple[str, str], rng: np.random.Generator
) -> tuple[int, int]:
    """Deal the units of one tagAlign file, or of several together, at random into two equal halves.

    ``sources`` are paths with the number of lines that a unit has there (1 single, 2 paired). Returns the
    numbers of units; the first half has one more when they are odd. Raises InputError for fewer than two.
    """
    total = sum(1 for _ in _units(sources))
    if total < 2:
        raise InputError(
            f"{sources[0][0]} has {total} reads left after filtering, and two pseudoreplicates need at least "
            "2: sequence deeper, or check that the genome is the reads' own."
        )
    first = np.zeros(total, dtype=bool)
    first[rng.choice(total, (total + 1) // 2, replace=False, shuffle=False)] = True
    with atomic_path(halves[0]) as one, atomic_path(halves[1]) as two, _gzip(one) as a, _gzip(two) as b:
        for unit, is_first in zip(_units(sources), first, strict=True):
            (a if is_first else b).write(unit)
    return int(first.sum()), int(total - first.sum())


def _units(sources: Iterable[tuple[str, int]]) -> Iterator[bytes]:
    """Yield the lines of each unit of some tagAlign files, joined."""
    for path, lines in sources:
        with gzip.open(path) as handle:
            while unit := b"".join(islice(handle, lines)):
                yield unit


def cut_sites(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Return the 5' ends of all tags, sorted 0-based positions by chromosome."""
    sites = {}
    columns = {0: "chrom", 1: "start", 2: "end", 5: "strand"}
    with read_headerless(path, columns, ("chrom", "strand"), chunksize=1 << 20) as chunks:
        for chunk in chunks:
            chunk["site"] = np.where(chunk["strand"] == "+", chunk["start"], chunk["end"] - 1)
            for chrom, group in chunk.groupby("chrom"):
                sites.setdefault(chrom, []).append(group["site"].to_numpy())
    return {chrom: np.sort(np.concatenate(parts)) for chrom, parts in sites.items()}
