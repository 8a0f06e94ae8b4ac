"""FASTQ files: adapters go and nothing else does, and every fault has its sentence."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from dfim.errors import InputError
from dfim.reads.fastq import trim

ADAPTER = "CTGTCTCTTATACACATCT"


def records(number, seed=1, lengths=(50,), end=1):
    """Return FASTQ records of random reads, their lengths in turn."""
    rng = np.random.default_rng(seed)
    bases = ["".join(rng.choice(list("ACGT"), lengths[one % len(lengths)])) for one in range(number)]
    return [f"@read.{one} {end}:N:0\n{text}\n+\n{'I' * len(text)}\n" for one, text in enumerate(bases)]


def write(path, parts):
    path.write_bytes(gzip.compress("".join(parts).encode()))
    return str(path)


def run(tmp_path, *inputs, adapter=ADAPTER):
    outputs = [str(tmp_path / f"trimmed_{end}.fastq.gz") for end in range(len(inputs))]
    counts = trim(inputs, outputs, adapter, 1, str(tmp_path / "report.json"))
    sequences = [gzip.decompress(Path(path).read_bytes()).decode().splitlines()[1::4] for path in outputs]
    return counts, *sequences


def test_adapters_are_cut_where_the_fragment_ends(tmp_path):
    rng = np.random.default_rng(3)
    # No fragment ends in what could be read as the adapter's beginning.
    fragments = ["".join(rng.choice(list("ACGT"), length)) + "A" for length in range(10, 40)]
    parts = []
    for number, fragment in enumerate(fragments):
        read = (fragment + ADAPTER + "ACGTACGTACGTACGTACGTACGT")[:50]
        parts.append(f"@read.{number}\n{read}\n+\n{'I' * 50}\n")
    counts, trimmed = run(tmp_path, write(tmp_path / "a.fastq.gz", parts))
    assert trimmed == fragments
    assert counts == {"sequenced": 30, "with_adapter": 30, "trimmed": 30}


def test_without_adapter_reads_of_all_lengths_pass_untouched(tmp_path):
    parts = records(40, lengths=(36, 50, 101))
    path = tmp_path / "plain.fastq"
    path.write_text("".join(parts))
    counts, passed = run(tmp_path, str(path), adapter="")
    assert passed == [part.splitlines()[1] for part in parts]
    assert counts == {"sequenced": 40, "with_adapter": 0, "trimmed": 40}


def test_a_pair_goes_together(tmp_path):
    first, second = records(20, 1), records(20, 2, end=2)
    first[7] = f"@read.7 1:N:0\nACG{ADAPTER}\n+\n{'I' * (3 + len(ADAPTER))}\n"
    counts, one, two = run(tmp_path, write(tmp_path / "1.fq.gz", first), write(tmp_path / "2.fq.gz", second))
    assert len(one) == len(two) == 19
    assert counts["sequenced"] == 40
    assert counts["trimmed"] == 38


def test_faults_have_their_sentence_and_leave_nothing(tmp_path):
    good = records(100)
    cut = tmp_path / "cut.fastq.gz"
    cut.write_bytes(gzip.compress("".join(good).encode())[:-200])
    uneven = [*good[:9], "@read.9\nACGTACGT\n+\nIIII\n", *good[10:]]
    empty = tmp_path / "empty.fastq.gz"
    empty.write_bytes(b"")
    named = [part.replace("@read.4 ", "@other.4 ") for part in good]
    full = write(tmp_path / "full.fastq.gz", good)
    short, mixed = write(tmp_path / "short.fastq.gz", good[:99]), write(tmp_path / "mixed.fastq.gz", named)
    cases = [
        ((str(cut),), f"{cut} is a damaged gzip file ("),
        (
            (write(tmp_path / "uneven.fastq.gz", uneven),),
            f"{tmp_path}/uneven.fastq.gz, line 40: the read has 8 bases and 4 of qualities, and needs as "
            "many of one "
            "as of the other: fetch the file again.",
        ),
        ((str(empty),), f"{empty} is empty: a FASTQ file, gzipped or not, is needed."),
        ((write(tmp_path / "none.fastq.gz", []),), f"{tmp_path}/none.fastq.gz has no reads: "),
        (
            (full, short),
            f"{short} ends after 99 reads, and {full} has more: the files of a pair hold the same",
        ),
        (
            (full, mixed),
            f"read 5 is 'read.4 1:N:0' in {full} and 'other.4 1:N:0' in {mixed}: the files of a pair",
        ),
        (
            (write(tmp_path / "fasta.gz", [">read\nACGT\n>other\nACGT\n"]),),
            f"{tmp_path}/fasta.gz, line 1: found '>read', and a FASTQ record begins with '@'",
        ),
        (
            (write(tmp_path / "half.gz", [*good, "@read.100\nACGT\n"]),),
            f"{tmp_path}/half.gz, line 401: the file ends within a read",
        ),
    ]
    before = set(tmp_path.iterdir())
    for inputs, sentence in cases:
        with pytest.raises(InputError) as error:
            run(tmp_path, *inputs)
        assert str(error.value).startswith(sentence)
        assert set(tmp_path.iterdir()) == before
