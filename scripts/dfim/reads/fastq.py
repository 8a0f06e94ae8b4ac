"""FASTQ files: adapters trimmed by cutadapt, and a sentence for whatever is wrong with a file."""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import zip_longest
from pathlib import Path

from dfim.errors import InputError, counted
from dfim.files.text import has_mark, open_bytes
from dfim.files.whole import atomic_path
from dfim.reads.tools import last_line, require_tool, run_tool

ERROR_RATE = 0.1
SHORTEST = 5  # bases; what is shorter after trimming is dropped, its mate too


def trim(
    inputs: Sequence[str], outputs: Sequence[str], adapter: str, threads: int, report: str
) -> dict[str, int]:
    """Trim an adapter from the 3' ends of one file of reads, or of a pair of files; an empty adapter trims
    none.

    Reads (or pairs with a read) shorter than 5 bases afterwards are dropped. Writes cutadapt's JSON report.
    Returns the number of reads, mates counted apart, as ``sequenced``, ``with_adapter`` and ``trimmed``
    (those kept). Raises InputError for files that are empty, damaged, not FASTQ or not a pair.
    """
    for path in inputs:
        if Path(path).stat().st_size == 0:
            raise InputError(f"{path} is empty: a FASTQ file, gzipped or not, is needed.")
        if has_mark(path):
            raise InputError(
                f"{path} begins with a byte order mark, which aligners take for text: remove its first three "
                "bytes."
            )
        # cutadapt reads FASTA too, which has no qualities to align with.
        if next(_records(path), None) is None:
            raise InputError(f"{path} has no reads: a FASTQ file with at least one is needed.")
    command = [require_tool("cutadapt"), "--error-rate", ERROR_RATE, "--minimum-length", SHORTEST]
    command += ["--cores", threads, "--compression-level", 1]
    for option, _ in zip(("-a", "-A"), inputs, strict=False):
        command += [option, adapter] if adapter else []
    with ExitStack() as stack:
        written = [stack.enter_context(atomic_path(path)) for path in outputs]
        log = stack.enter_context(atomic_path(report))
        for option, path in zip(("--output", "--paired-output"), written, strict=False):
            command += [option, path]
        ran = run_tool([*command, "--json", log, *inputs])
        if ran.returncode:
            find_fault(inputs)
            raise InputError(f"cutadapt could not read {' and '.join(inputs)}: {last_line(ran.stdout)}")
        counts = json.loads(log.read_text())["read_counts"]
    ends = len(inputs)
    cut = sum(counts[f"read{end}_with_adapter"] or 0 for end in range(1, ends + 1))
    return {"sequenced": counts["input"] * ends, "with_adapter": cut, "trimmed": counts["output"] * ends}


def find_fault(paths: Sequence[str]) -> None:
    """Raise InputError for the first fault of a FASTQ file, or of a pair of them, if there is one."""
    records = [_records(path) for path in paths]
    for number, names in enumerate(zip_longest(*records), start=1):
        if None in names:
            short = names.index(None)
            raise InputError(
                f"{paths[short]} ends after {counted(number - 1, 'read')}, and {paths[1 - short]} has more: "
                "the "
                "files of a pair hold the same reads in the same order; fetch both again, or name the right "
                "ones."
            )
        if len({_pair_name(name) for name in names}) > 1:
            raise InputError(
                f"read {number} is {names[0]!r} in {paths[0]} and {names[1]!r} in {paths[1]}: the files of a "
                "pair hold the same reads in the same order; name the two files of one run."
            )


def _pair_name(name: str) -> str:
    """Return what both mates' names have in common: the first word, without /1 or /2."""
    first = name.split(None, 1)[0] if name.strip() else ""
    return first[:-2] if first.endswith(("/1", "/2")) else first


def _records(path: str) -> Iterator[str]:
    """Yield the names of a FASTQ file's reads; raise InputError, with its line, where it is not FASTQ."""
    with open_bytes(path, "a FASTQ file") as handle:
        lines = (line.rstrip(b"\r\n").decode("latin-1") for line in handle)
        for number, header in enumerate(lines):
            first = 4 * number + 1
            bases, plus, qualities = (next(lines, None) for _ in range(3))
            if not header.startswith("@"):
                raise InputError(
                    f"{path}, line {first}: found {header[:40]!r}, and a FASTQ record begins with '@': "
                    "give a FASTQ file."
                )
            if qualities is None:
                raise InputError(
                    f"{path}, line {first}: the file ends within a read, and a FASTQ record has four "
                    "lines: fetch the file again."
                )
            if not plus.startswith("+"):
                raise InputError(
                    f"{path}, line {first + 2}: found {plus[:40]!r}, and the third line of a FASTQ record "
                    "begins with '+': give a FASTQ file with four lines a read."
                )
            if len(bases) != len(qualities):
                raise InputError(
                    f"{path}, line {first + 3}: the read has {len(bases)} bases and {len(qualities)} "
                    "qualities, and needs as many of one as of the other: fetch the file again."
                )
            yield header[1:]
