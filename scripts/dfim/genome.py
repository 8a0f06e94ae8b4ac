"""A genome: a FASTA file unpacked once, its index, its chromosome sizes, and windows fetched from it.

Positions are 0-based, intervals half-open. Sizes are a dictionary from chromosome to length in bp, in
the order of the FASTA file.
"""

import gzip
import logging
import os
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pyfaidx
from tqdm import tqdm

from dfim.errors import InputError
from dfim.files import atomic_path
from dfim.sequence import BASES

logger = logging.getLogger(__name__)

_GZIP_MAGIC = b"\x1f\x8b"
_COPY_BYTES = 1 << 22
_UNDERSTOOD = np.isin(np.arange(256), list(f"{BASES}N".encode()))


def is_gzipped(path: str | os.PathLike) -> bool:
    """Tell whether a file is gzip (or bgzip) by its first two bytes, whatever its name."""
    with open(path, "rb") as handle:
        return handle.read(2) == _GZIP_MAGIC


def unpack_fasta(source: str | os.PathLike, destination: str | os.PathLike) -> None:
    """Copy a FASTA file, plain or gzipped (bgzip included), to an uncompressed file.

    The copy is streamed, a few MB in memory at a time. Raises InputError for a file that does not begin
    with ``>``, for a truncated gzip file and for a missing file.
    """
    if not os.path.isfile(source):
        raise InputError(f"the genome {source} was not found: give the path of a FASTA file.")
    progress = tqdm(
        total=os.path.getsize(source), unit="B", unit_scale=True, desc=f"unpacking {Path(source).name}"
    )
    with open(source, "rb") as raw, progress, atomic_path(destination) as temporary:
        content = gzip.GzipFile(fileobj=raw) if is_gzipped(source) else raw
        try:
            first = content.read(1)
            if first != b">":
                raise InputError(
                    f"{source} is not FASTA: a FASTA file, gzipped or not, begins with '>', and this begins "
                    f"with {first.decode('latin-1')!r}."
                )
            with open(temporary, "wb") as out:
                out.write(first)
                while block := content.read(_COPY_BYTES):
                    out.write(block)
                    progress.update(raw.tell() - progress.n)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise InputError(f"{source} is a damaged gzip file ({error}): fetch it again.") from None


def index_fasta(fasta: str | os.PathLike, index: str | os.PathLike) -> dict[str, int]:
    """Write the ``.fai`` index of an uncompressed FASTA file and return the chromosome sizes.

    Raises InputError when lines within a chromosome differ in length or a chromosome occurs twice.
    """
    with atomic_path(index) as temporary:
        with _open(fasta, temporary, build_index=True) as faidx:
            sizes = {name: int(record.rlen) for name, record in faidx.index.items()}
        if not sizes:
            raise InputError(f"{fasta} holds no sequence: a FASTA file needs at least one.")
    return sizes


def write_sizes(sizes: Mapping[str, int], path: str | os.PathLike) -> None:
    """Write chromosome sizes as UCSC does: chromosome, tab, length in bp, no header."""
    with atomic_path(path) as temporary:
        temporary.write_text("".join(f"{chrom}\t{size}\n" for chrom, size in sizes.items()))


def read_sizes(path: str | os.PathLike) -> dict[str, int]:
    """Read the table of :func:`write_sizes`; InputError, with the line, when it is not such a table."""
    sizes = {}
    for number, line in enumerate(Path(path).read_text().splitlines(), start=1):
        fields = line.split("\t")
        if len(fields) < 2 or not fields[1].isdecimal():
            raise InputError(
                f"{path}, line {number}: found {line!r}, and chromosome sizes need two tab-separated columns, "
                "chromosome and length in bp."
            )
        sizes[fields[0]] = int(fields[1])
    return sizes


def check_chromosome(chrom: str, sizes: Mapping[str, int], where: str) -> None:
    """Raise InputError, beginning with ``where``, when a chromosome is not in the genome.

    The sentence says so when the genome has the same name with, or without, ``chr``.
    """
    if chrom in sizes:
        return
    twin = chrom[3:] if chrom.startswith("chr") else f"chr{chrom}"
    if twin in sizes:
        mend = f"the genome calls it {twin!r}: rename the chromosomes"
    else:
        mend = f"which has {', '.join(list(sizes)[:5])}{' ...' if len(sizes) > 5 else ''}"
    raise InputError(f"{where}: the chromosome {chrom!r} is not in the genome; {mend}.")


def fetch_windows(
    fasta: str | os.PathLike, index: str | os.PathLike, windows: pd.DataFrame, width: int
) -> np.ndarray:
    """Fetch windows of equal width as upper-case ASCII letters, ``uint8`` of shape (windows, width).

    ``windows`` has the columns ``chrom`` and ``start`` (0-based); each window spans start to
    start + width (exclusive) and must lie within its chromosome. Raises InputError, naming file,
    chromosome, position and letter, on a letter other than A, C, G, T and N.
    """
    bases = np.empty((len(windows), width), dtype=np.uint8)
    # In the order of the genome, so that the file is read forwards.
    order = np.lexsort([windows["start"], windows["chrom"]])
    chroms, starts = windows["chrom"].to_numpy(), windows["start"].to_numpy()
    with _open(fasta, index) as faidx:
        for row in tqdm(order, desc="fetching windows", unit="window", mininterval=1):
            start = int(starts[row])
            sequence = faidx.fetch(chroms[row], start + 1, start + width).seq
            bases[row] = np.frombuffer(sequence.encode("latin-1"), dtype=np.uint8)
    wrong_row, wrong_position = np.nonzero(~_UNDERSTOOD[bases])
    if wrong_row.size:
        row, position = wrong_row[0], wrong_position[0]
        raise InputError(
            f"{fasta} has the letter {chr(bases[row, position])!r} at position {starts[row] + position} "
            f"(0-based) of {chroms[row]}, and only A, C, G, T and N are understood: replace other letters with N."
        )
    return bases


def n_fraction(bases: np.ndarray) -> np.ndarray:
    """Return the share of N in each sequence: ``bases`` (examples, positions) to (examples,)."""
    return (bases == ord("N")).mean(axis=1)


def _open(fasta: str | os.PathLike, index: str | os.PathLike, build_index: bool = False) -> pyfaidx.Faidx:
    """Open an indexed FASTA file; unless told to build it, the index is taken as it is."""
    try:
        return pyfaidx.Faidx(
            str(fasta),
            indexname=str(index),
            build_index=build_index,
            rebuild=build_index,
            sequence_always_upper=True,
        )
    except (pyfaidx.FastaIndexingError, pyfaidx.IndexNotFoundError, ValueError) as error:
        raise InputError(f"{fasta} cannot be indexed ({error}): mend the FASTA file.") from None
