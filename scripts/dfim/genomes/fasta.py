"""A genome: a FASTA file unpacked once, its index, its chromosome sizes, and windows fetched from it.

Positions are 0-based, intervals half-open. Sizes are a dictionary from chromosome to length in bp, in
the order of the FASTA file.
"""

import gzip
import io
import os
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyfaidx

from dfim.errors import InputError
from dfim.files.text import is_gzipped, read_text
from dfim.files.whole import atomic_path
from dfim.progress import Progress
from dfim.sequences.bases import BASES

_BLOCK_BYTES = 1 << 22
_LINE = 60
_UNDERSTOOD = np.isin(np.arange(256), list(f"{BASES}N".encode()))


def unpack_fasta(source: str | os.PathLike, destination: str | os.PathLike) -> None:
    """Write a FASTA file, plain or gzipped (bgzip included), as plain FASTA with lines of 60 letters.

    Lines are wrapped anew because an index needs lines of one length, which not every genome has.
    The file is streamed, a few MB in memory at a time. Raises InputError for a missing file, for one that
    does not begin with ``>`` and for a damaged gzip file.
    """
    if not os.path.isfile(source):
        raise InputError(f"the genome {source} was not found: give the path of a FASTA file.")
    progress = Progress(
        total=os.path.getsize(source), unit="B", unit_scale=True, desc=f"unpacking {Path(source).name}"
    )
    with open(source, "rb") as raw, progress, atomic_path(destination) as temporary:
        content = io.BufferedReader(gzip.GzipFile(fileobj=raw)) if is_gzipped(source) else raw
        try:
            first = content.peek(1)[:1].decode("latin-1")
            if first != ">":
                raise InputError(
                    f"{source} is not FASTA: its first character is {first!r}, and a FASTA file, gzipped or "
                    "not, begins with '>'."
                )
            with open(temporary, "wb") as out:
                for block in wrapped_fasta(_fasta_parts(content)):
                    out.write(block)
                    progress.update(raw.tell() - progress.n)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise InputError(f"{source} is a damaged gzip file ({error}): fetch it again.") from None


def _fasta_parts(content: io.BufferedReader) -> Iterator[tuple[bytes, bytes]]:
    """Yield (header, letters) in file order; the header is empty where letters continue a sequence."""
    at_line_start = True
    while block := content.read(_BLOCK_BYTES):
        # Headers are found by the newline before them, which may have ended the previous block.
        block = b"\n" + block if at_line_start else block
        if block.rfind(b"\n>") == block.rfind(b"\n") != -1:
            block += content.readline()
        continuation, *records = block.split(b"\n>")
        yield b"", continuation.translate(None, b"\r\n")
        for record in records:
            header, _, letters = record.partition(b"\n")
            yield b">" + header.strip(), letters.translate(None, b"\r\n")
        at_line_start = block.endswith(b"\n")


def wrapped_fasta(parts: Iterable[tuple[bytes, bytes]]) -> Iterator[bytes]:
    """Yield FASTA text in lines of 60 letters, from parts of (header line, letters).

    The header line begins with ``>``; it is empty where the letters continue the sequence before.
    """
    rest = b""
    for header, letters in parts:
        if header:
            yield (rest + b"\n" if rest else b"") + header + b"\n"
            rest = b""
        letters = rest + letters
        full = len(letters) // _LINE * _LINE
        lines = np.full((full // _LINE, _LINE + 1), ord("\n"), dtype=np.uint8)
        lines[:, :_LINE] = np.frombuffer(letters, dtype=np.uint8, count=full).reshape(-1, _LINE)
        yield lines.tobytes()
        rest = letters[full:]
    if rest:
        yield rest + b"\n"


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
    for number, line in enumerate(read_text(path, "a table of chromosome sizes").splitlines(), start=1):
        fields = line.split("\t")
        if len(fields) < 2 or not re.fullmatch("[0-9]{1,18}", fields[1]):
            raise InputError(
                f"{path}, line {number}: found {line!r}, and chromosome sizes need two tab-separated "
                "columns: chromosome, length in bp."
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
        mend = f", which calls it {twin!r}: rename the chromosomes"
    else:
        mend = f", which has {', '.join(list(sizes)[:5])}{' ...' if len(sizes) > 5 else ''}"
    raise InputError(f"{where}: the chromosome {chrom!r} is not in the genome{mend}.")


@dataclass(frozen=True)
class Genome:
    """An uncompressed FASTA file with its index (``.fai``) and the sizes of its chromosomes."""

    fasta: str | os.PathLike
    index: str | os.PathLike
    sizes: dict[str, int]

    def fetch(self, windows: pd.DataFrame, width: int) -> np.ndarray:
        """Fetch windows of equal width as upper-case ASCII letters, ``uint8`` of shape (windows, width).

        ``windows`` has the columns ``chrom`` and ``start`` (0-based); each spans start to start + width
        (exclusive), within its chromosome. Raises InputError, naming file, chromosome, position and
        letter, on a letter other than A, C, G, T and N.
        """
        bases = np.empty((len(windows), width), dtype=np.uint8)
        # In the order of the file, so that it is read forwards.
        order = genome_order(windows, self.sizes)
        chroms, starts = windows["chrom"].to_numpy(), windows["start"].to_numpy()
        with _open(self.fasta, self.index) as faidx:
            for row in Progress(order, desc="fetching windows", unit=" windows"):
                start = int(starts[row])
                sequence = faidx.fetch(chroms[row], start + 1, start + width).seq
                bases[row] = np.frombuffer(sequence.encode("latin-1"), dtype=np.uint8)
        wrong = np.argwhere(~_UNDERSTOOD[bases])
        if wrong.size:
            row, position = wrong[0]
            raise InputError(
                f"{self.fasta} has the letter {chr(bases[row, position])!r} at position "
                f"{starts[row] + position} (0-based) of {chroms[row]}, and only A, C, G, T and N are "
                "understood: replace other letters with N."
            )
        return bases


def genome_order(windows: pd.DataFrame, sizes: Mapping[str, int]) -> np.ndarray:
    """Return the row numbers that sort intervals by chromosome (in the order of ``sizes``) and start."""
    rank = {chrom: position for position, chrom in enumerate(sizes)}
    return np.lexsort([windows["start"], windows["chrom"].map(rank)])


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
