"""Relatives of the faults that were reported: a file is read as it says, or refused by its line."""

import bz2
import lzma

import numpy as np
import pytest

from dfim.datasets.sequence_files import read_sequences
from dfim.datasets.sequences import names_of_features
from dfim.datasets.values import read_table_of_values
from dfim.datasets.variants import read_variants
from dfim.errors import InputError
from dfim.genomes.fasta import read_sizes
from dfim.genomes.intervals import read_peaks
from dfim.sequences.matrices import read_matrices
from workflow.early import foreseen
from workflow.sheets import read_tasks

SIZES = {"chr1": 1000}
VCF = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\nchr1\t9\t.\tA\tC\t.\t.\t"
MEME = (
    "MEME version 4\nALPHABET= {}\nMOTIF x\nletter-probability matrix: alength= 4 w= {}\n1 0 0 0\n0 1 0 0\n"
)
ORDER = (
    "{}, line {}: the columns are of {}, and A, C, G and T in this order are needed: change the order of the "
    "columns, or give a motif of DNA."
)
PACKED = "{} is packed with {}: give it unpacked, or packed with gzip."
BED = b"chr1\t10\t60\n"


def peaks(path):
    return read_peaks(path, SIZES)


def variants(path):
    return read_variants(path, SIZES)


def values(path):
    return read_table_of_values(path, {})


REFUSED = [
    # columns in another order than is said
    (read_matrices, MEME.format("TGCA", 2), ORDER.format("{}", 2, "TGCA")),
    (read_matrices, "T G C A\n1 0 0 0\n", ORDER.format("{}", 1, "TGCA")),
    (read_matrices, "# T\tG\tC\tA\n1\t0\t0\t0\n", ORDER.format("{}", 1, "TGCA")),
    (read_matrices, "P0 A T C G\n1 0 0 0\n", ORDER.format("{}", 1, "ATCG")),
    (read_matrices, MEME.format("ACDEF", 2), ORDER.format("{}", 2, "ACDEF")),
    # what ends before its time
    (
        read_matrices,
        MEME.format("ACGT", 3),
        "{}, line 3: the motif 'x' has w= 3 and 2 lines of four numbers: fetch the file again.",
    ),
    (read_sequences, ">s\n>t\nACGT\n", "{}, line 1: the sequence 's' has no base: remove it."),
    (read_sequences, ">s\nACGT\n>t\n", "{}, line 3: the sequence 't' has no base: remove it."),
    # the last of two of one name would count
    (
        read_sizes,
        "chr1\t10\nchr1\t20\n",
        "{}, line 2: the chromosome 'chr1' is there twice: remove one line.",
    ),
    (
        read_sizes,
        "chr1\t0\n",
        "{}, line 1: found 'chr1\\t0', and chromosome sizes need two tab-separated columns: chromosome, "
        "length in bp above 0.",
    ),
    (
        read_tasks,
        "task\tassay\tpeaks\tpeaks\nG\tx\ta.bed\tb.bed\n",
        "{}, line 1: two columns are called 'peaks': remove one.",
    ),
    (
        read_tasks,
        "# of mine\ntask\tassay\ttask\nG\tx\tH\n",
        "{}, line 2: two columns are called 'task': remove one.",
    ),
    (
        variants,
        VCF + "pvalue=1e-6;pvalue=0.3\n",
        "{}, line 3: INFO has 'pvalue' twice: leave one of them.",
    ),
    # a name that reads as two
    (
        names_of_features,
        "chr1\t1\t9\tA–B\n",
        "{}, line 1: the name 'A–B' has a dash (–), which joins the names of a pair: write -.",
    ),
    # packed by another program than gzip
    (peaks, bz2.compress(BED), PACKED.format("{}", "bzip2")),
    (peaks, lzma.compress(BED), PACKED.format("{}", "xz")),
    (peaks, b"\x28\xb5\x2f\xfd\x04", PACKED.format("{}", "zstd")),
    (values, b"PK\x03\x04\x14\0", PACKED.format("{}", "zip (as .xlsx is)")),
    (read_sequences, b"7z\xbc\xaf\x27\x1c", PACKED.format("{}", "7z")),
]


@pytest.mark.parametrize(("parse", "content", "sentence"), REFUSED)
def test_what_would_be_read_otherwise_than_it_says_is_refused(parse, content, sentence, tmp_path):
    path = tmp_path / "input"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError) as error:
        parse(path)
    assert str(error.value) == sentence.format(path)


ROWS = np.eye(4)[:2]
READ = [
    (read_matrices, MEME.format("ACGT", 2), {"": ROWS}),
    (read_matrices, MEME.format("ACGU", 2), {"": ROWS}),
    (read_matrices, "a c g t\n1 0 0 0\n0 1 0 0\n", {"": ROWS}),
    (read_matrices, ">M x\nT [0 0]\nG [0 0]\nC [0 1]\nA [1 0]\n", {"": ROWS}),
]


@pytest.mark.parametrize(("parse", "content", "expected"), READ)
def test_what_says_the_same_otherwise_is_read(parse, content, expected, tmp_path):
    (tmp_path / "input").write_text(content)
    found = parse(tmp_path / "input")
    assert list(found) == list(expected)
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name])


def test_small_files_of_the_user_are_read_before_the_first_job(tmp_path, monkeypatch):
    """Each file with a fault of its own: all are told, and none by a derived name."""
    from workflow.configuration import read_configuration
    from workflow.sources import find_sources

    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.fa").write_text(">a\nACGT\n>b\nACG\n")
    (tmp_path / "f.bed").write_text("a\t1\t3\t.\n")
    (tmp_path / "m.txt").write_text("T G C A\n1 0 0 0\n")
    (tmp_path / "v.tsv").write_text("sequence\tvalue\nACGT\tmany\n")
    own = {"file": "s.fa", "features": "f.bed", "pwms": {"M": {"matrix": "m.txt", "p": 1e-4}}}
    datasets = {"own": {"sequences": own}, "flanks": {"values": {"task": "T", "table": "v.tsv"}}}
    model = {"source": {"model": "resources/own/network.keras", "tasks": ["T"]}}
    config = {"seed": 1, "datasets": datasets, "models": {"m": model}, "analyses": {}}
    sheets = read_configuration(config, "config.yaml")
    assert list(foreseen(config, sheets, find_sources(config, sheets))) == [
        "s.fa, line 3: the sequence 'b' has 3 bases, and the first one has 4: all must have the one length "
        "that the network takes.",
        "f.bed, line 1: the feature from 1 to 3 has no name: write one in column 4.",
        ORDER.format("m.txt", 1, "TGCA"),
        "v.tsv, line 2: the column 'value' is 'many', and a number is needed.",
    ]
