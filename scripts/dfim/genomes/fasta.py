"""A genome: a FASTA file unpacked once, its index, its chromosome sizes, and windows fetched from it.

Positions are 0-based, intervals half-open. Sizes are a dictionary from chromosome to length in bp, in
the order of the FASTA file.
"""

import io
import logging
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyfaidx

from dfim.errors import InputError
from dfim.files.text import open_bytes, text_lines
from dfim.files.whole import atomic_path
from dfim.progress import Progress
from dfim.sequences.bases import BASES

logger = logging.getLogger(__name__)

_FASTA = "a FASTA file"
_BLOCK_BYTES = 1 << 22
_LINE = 60
_SPACES = b" \t\r\n"
_PLAIN = f"{BASES}N{BASES.lower()}n".encode()
_AMBIGUOUS = b"RYSWKMBDHVryswkmbdhv"
_TO_N = bytes.maketrans(_AMBIGUOUS, b"NNNNNNNNNNnnnnnnnnnn")
_UNDERSTOOD = np.isin(np.arange(256), list(f"{BASES}N".encode()))


def unpack_fasta(source: str | os.PathLike, destination: str | os.PathLike) -> None:
    """Write a FASTA file, plain or gzipped (bgzip included), as plain FASTA with lines of 60 letters.

    Lines are wrapped anew because an index needs lines of one length, which not every genome has. IUPAC
    letters for several bases (R, Y, …) become N, as in UCSC's genomes, counted in the log. The file is
    streamed, a few MB in memory at a time. Raises InputError, naming file and line, for a missing file, one
    that does not begin with ``>``, a damaged gzip file, other letters, and for records without a name,
    without a letter or with the name of another.
    """
    progress = Progress(unit="B", unit_scale=True, desc=f"unpacking {Path(source).name}")
    with open_bytes(source, _FASTA) as content, progress, atomic_path(destination) as temporary:
        progress.total, packed = os.path.getsize(source), getattr(content, "fileobj", content)
        first = content.peek(1)[:1].decode("latin-1")
        if first != ">":
            raise InputError(
                f"{source} is not FASTA: its first character is {first!r}, and a FASTA file, gzipped or "
                "not, begins with '>'."
            )
        checked = _Checked(source)
        with open(temporary, "wb") as out:
            for block in wrapped_fasta(checked.parts(_fasta_parts(content))):
                out.write(block)
                progress.update(packed.tell() - progress.n)
    if checked.ambiguous:
        logger.info(
            "%s: %d letters that stand for several bases (IUPAC) are taken for N", source, checked.ambiguous
        )


class _Checked:
    """Parts of a FASTA file on their way from ``source``: checked, and IUPAC letters counted and made N."""

    def __init__(self, source: str | os.PathLike):
        self.source, self.ambiguous = source, 0
        self._names, self._letters = set(), 0

    def parts(self, parts: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
        """Pass on (header, letters); raises InputError where a record is none."""
        for header, letters in parts:
            if header:
                self._next(header)
            rest = letters.translate(None, _PLAIN)
            if rest:
                if rest.translate(None, _AMBIGUOUS):
                    raise _fault(self.source)
                self.ambiguous += len(rest)
                letters = letters.translate(_TO_N)
            self._letters += len(letters)
            yield header and b">" + header[1:].lstrip(), letters
        self._end()

    def _next(self, header: bytes) -> None:
        """Begin a record; the one before must have had a letter."""
        if self._names:
            self._end()
        words = header[1:].split()
        if not words or words[0] in self._names or b"\r" in header.rstrip(b"\r\n"):
            raise _fault(self.source)
        self._names.add(words[0])
        self._letters = 0

    def _end(self) -> None:
        if not self._letters:
            raise _fault(self.source)


def _fault(path: str | os.PathLike) -> InputError:
    """Return what is wrong with a FASTA file, with its line: read again line by line, which is slower."""
    seen, name, start, letters = {}, None, 0, 0
    for number, line in text_lines(path, _FASTA):
        where = f"{path}, line {number}"
        if not line.startswith(">"):
            letters += len("".join(line.split()))
            column = _strange(line)
            if column is not None:
                return InputError(
                    f"{where}, column {column + 1}: the sequence {name!r} has the letter {line[column]!r}, "
                    "and only A, C, G, T, N and the IUPAC letters for several bases are understood: replace "
                    "it with N."
                )
            continue
        if name and not letters:
            break
        name, start, letters = (line[1:].split() or [""])[0], number, 0
        if not name:
            return InputError(f"{where}: the sequence has no name: write one after '>'.")
        if name in seen:
            return InputError(
                f"{where}: the sequence {name!r} is on line {seen[name]} too, and names must differ: rename "
                "or remove one."
            )
        seen[name] = number
    if name and not letters:
        return InputError(f"{path}, line {start}: the sequence {name!r} has no letter: remove it.")
    return InputError(
        f"{path} has lines that end with CR alone, as on old Macs: convert them (tr '\\r' '\\n' < OLD > NEW)."
    )


def _strange(line: str) -> int | None:
    """Return where the first letter of a line stands that is none of a genome's."""
    for column, letter in enumerate(line):
        if letter.encode("latin-1", "replace").translate(None, _PLAIN + _AMBIGUOUS + _SPACES):
            return column
    return None


def _fasta_parts(content: io.BufferedIOBase) -> Iterator[tuple[bytes, bytes]]:
    """Yield (header, letters) in file order; the header is empty where letters continue a sequence."""
    at_line_start = True
    while block := content.read(_BLOCK_BYTES):
        # Headers are found by the newline before them, which may have ended the previous block.
        block = b"\n" + block if at_line_start else block
        if block.rfind(b"\n>") == block.rfind(b"\n") != -1:
            block += content.readline()
        continuation, *records = block.split(b"\n>")
        if continuation:
            yield b"", continuation.translate(None, _SPACES)
        for record in records:
            header, _, letters = record.partition(b"\n")
            yield b">" + header.rstrip(b"\r\n"), letters.translate(None, _SPACES)
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
        text = "".join(f"{chrom}\t{size}\n" for chrom, size in sizes.items())
        temporary.write_text(text, encoding="utf-8")


def read_sizes(path: str | os.PathLike) -> dict[str, int]:
    """Read the table of :func:`write_sizes`; InputError, with the line, when it is not such a table."""
    sizes = {}
    for number, line in text_lines(path, "a table of chromosome sizes"):
        fields = line.split("\t")
        if fields[0] in sizes:
            raise InputError(
                f"{path}, line {number}: the chromosome {fields[0]!r} is there twice: remove one line."
            )
        if len(fields) < 2 or not re.fullmatch("0*[1-9][0-9]{0,17}", fields[1]):
            raise InputError(
                f"{path}, line {number}: found {line!r}, and chromosome sizes need two tab-separated "
                "columns: chromosome, length in bp above 0."
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

    def fetch(self, windows: pd.DataFrame, width: int, upper: bool = True) -> np.ndarray:
        """Fetch windows of equal width as upper-case ASCII letters, ``uint8`` of shape (windows, width).

        ``windows`` has the columns ``chrom`` and ``start`` (0-based); each spans start to start + width
        (exclusive), within its chromosome. Without ``upper`` letters keep the case of the file. Raises
        InputError, naming file, chromosome, position and letter, on a letter other than A, C, G, T and N.
        """
        bases = np.empty((len(windows), width), dtype=np.uint8)
        # In the order of the file, so that it is read forwards.
        order = genome_order(windows, self.sizes)
        chroms, starts = windows["chrom"].to_numpy(), windows["start"].to_numpy()
        with _open(self.fasta, self.index, upper=upper) as faidx:
            for row in Progress(order, desc="fetching windows", unit=" windows"):
                start = int(starts[row])
                sequence = faidx.fetch(chroms[row], start + 1, start + width).seq
                bases[row] = np.frombuffer(sequence.encode("latin-1"), dtype=np.uint8)
        wrong = np.argwhere(~_UNDERSTOOD[bases if upper else bases & ~np.uint8(32)])
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


def _open(
    fasta: str | os.PathLike, index: str | os.PathLike, build_index: bool = False, upper: bool = True
) -> pyfaidx.Faidx:
    """Open an indexed FASTA file; unless told to build it, the index is taken as it is."""
    try:
        return pyfaidx.Faidx(
            str(fasta),
            indexname=str(index),
            build_index=build_index,
            rebuild=build_index,
            sequence_always_upper=upper,
        )
    except (pyfaidx.FastaIndexingError, pyfaidx.IndexNotFoundError, ValueError) as error:
        raise InputError(f"{fasta} cannot be indexed ({error}): mend the FASTA file.") from None
