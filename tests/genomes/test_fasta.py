"""Tests of dfim.genomes.fasta: unpacking, indexing, sizes, and fetching windows."""

import gzip
import re

import numpy as np
import pandas as pd
import pyfaidx
import pytest
from support.genome_data import fasta_text, make_genome, random_sequences

from dfim.errors import InputError
from dfim.genomes import fasta as genome_module
from dfim.genomes.fasta import (
    check_chromosome,
    index_fasta,
    n_fraction,
    read_sizes,
    unpack_fasta,
    write_sizes,
)
from dfim.sequences.bases import to_string

SEQUENCES = random_sequences(1, chr1=1234, chr2=61, chr10=60)


def bgzip(content):
    """Return content as two bgzip-like blocks: gzip members one after the other."""
    return gzip.compress(content[:700]) + gzip.compress(content[700:])


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bgzip], ids=["plain", "gzip", "bgzip"])
@pytest.mark.parametrize("block", [7, 64, 1 << 20])
def test_every_packing_and_block_size_gives_the_same_sequences(tmp_path, monkeypatch, pack, block):
    monkeypatch.setattr(genome_module, "_BLOCK_BYTES", block)
    # Neither name nor line ends tell what a file is: a gzipped file without .gz, and CRLF.
    source = tmp_path / "source"
    source.write_bytes(pack(fasta_text(SEQUENCES).replace("\n", "\r\n").encode()))
    unpack_fasta(source, tmp_path / "genome.fa")
    sizes = index_fasta(tmp_path / "genome.fa", tmp_path / "genome.fa.fai")
    assert sizes == {chrom: len(sequence) for chrom, sequence in SEQUENCES.items()}
    with pyfaidx.Fasta(str(tmp_path / "genome.fa"), rebuild=False) as fasta:
        assert {chrom: str(fasta[chrom]) for chrom in SEQUENCES} == SEQUENCES


def test_lines_of_unequal_length_are_wrapped_anew(tmp_path):
    (tmp_path / "source.fa").write_text(">chr1\nACGT\nA\n\nACGTACGT\n> chr2 x>y\nAC \n>chr3\nGG")
    unpack_fasta(tmp_path / "source.fa", tmp_path / "genome.fa")
    assert (tmp_path / "genome.fa").read_text() == ">chr1\nACGTAACGTACGT\n>chr2 x>y\nAC\n>chr3\nGG\n"


def test_windows_are_the_sequence_at_their_positions(tmp_path):
    genome = make_genome(tmp_path, SEQUENCES)
    windows = pd.DataFrame(
        [(chrom, start) for chrom in SEQUENCES for start in range(len(SEQUENCES[chrom]) - 40 + 1)],
        columns=["chrom", "start"],
    ).sample(frac=1, random_state=0)
    bases = genome.fetch(windows, 40)
    for row, (chrom, start) in enumerate(windows.itertuples(index=False)):
        assert to_string(bases[row]) == SEQUENCES[chrom][start : start + 40]


def test_windows_are_upper_case_and_n_is_counted(tmp_path):
    genome = make_genome(tmp_path, {"chr1": "acgtNNnA"})
    bases = genome.fetch(pd.DataFrame({"chrom": ["chr1", "chr1"], "start": [0, 4]}), 4)
    assert [to_string(row) for row in bases] == ["ACGT", "NNNA"]
    assert n_fraction(bases).tolist() == [0, 0.75]


@pytest.mark.parametrize("block", [7, 64, 1 << 20])
def test_letters_for_several_bases_are_n_and_counted(tmp_path, monkeypatch, block, caplog):
    monkeypatch.setattr(genome_module, "_BLOCK_BYTES", block)
    caplog.set_level("INFO")
    source = tmp_path / "source.fa"
    source.write_text("\ufeff>chr1\nACRYgtn\nSWKMBDHVN\n>chr2\nrACGT\n")
    unpack_fasta(source, tmp_path / "genome.fa")
    assert (tmp_path / "genome.fa").read_text() == ">chr1\nACNNgtnNNNNNNNNN\n>chr2\nnACGT\n"
    assert f"{source}: 11 letters that stand for several bases (IUPAC) are taken for N" in caplog.text


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (">a\nAC\n>b x\nACGT\nACEGT\n", "line 5, column 3: the sequence 'b' has the letter 'E', and only A,"),
        (">a\nAC-\n", "line 2, column 3: the sequence 'a' has the letter '-', and only A, C, G, T, N and"),
        (">a\nAC\n>\nAC\n", "line 3: the sequence has no name: write one after '>'."),
        (">a\nAC\n>b\n>c\nAC\n", "line 3: the sequence 'b' has no letter: remove it."),
        (">a\nAC\n>b\n\r\n", "line 3: the sequence 'b' has no letter: remove it."),
        (">a\nAC\n>a 2\nAC\n", "line 3: the sequence 'a' is on line 1 too, and names must differ: rename"),
        (">a\rACGT\r>b\rAC\r", "{} has lines that end with CR alone, as on old Macs: convert them"),
    ],
)
def test_a_wrong_record_is_refused_by_the_line_of_the_file_that_was_given(tmp_path, content, sentence, pack):
    source = tmp_path / "mine.fa"
    source.write_bytes(pack(content.encode()))
    with pytest.raises(InputError) as error:
        unpack_fasta(source, tmp_path / "genome.fa")
    assert str(error.value).startswith(
        sentence.format(source) if "{}" in sentence else f"{source}, {sentence}"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["mine.fa"]


def test_other_letters_are_refused_by_position(tmp_path):
    genome = make_genome(tmp_path, {"chr1": "A" * 70, "chr2": "A" * 76})
    text = genome.fasta.read_text()
    genome.fasta.write_text(text[:-7] + "R" + text[-6:])
    windows = pd.DataFrame({"chrom": ["chr1", "chr2"], "start": [3, 60]})
    sentence = (
        f"{genome.fasta} has the letter 'R' at position 70 (0-based) of chr2, and only A, C, G, T and N are "
        "understood: replace other letters with N."
    )
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        genome.fetch(windows, 16)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            b"<html>",
            "{} is not FASTA: its first character is '<', and a FASTA file, gzipped or not, begins with '>'.",
        ),
        (
            b"",
            "{} is not FASTA: its first character is '', and a FASTA file, gzipped or not, begins with '>'.",
        ),
        (
            gzip.compress(b">chr1\n" + np.random.default_rng(0).bytes(5000), mtime=0)[:-2000],
            "{} is a damaged gzip file (Compressed file ended before the end-of-stream marker was reached): "
            "fetch it again.",
        ),
    ],
    ids=["web page", "empty", "truncated gzip"],
)
def test_what_is_no_fasta_is_refused_and_nothing_is_left(tmp_path, content, sentence):
    source = tmp_path / "source.fa"
    source.write_bytes(content)
    with pytest.raises(InputError, match=f"^{re.escape(sentence.format(source))}$"):
        unpack_fasta(source, tmp_path / "genome.fa")
    assert [path.name for path in tmp_path.iterdir()] == ["source.fa"]


def test_a_missing_genome_is_refused(tmp_path):
    sentence = f"{tmp_path / 'no.fa'} was not found: give the path of a FASTA file."
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        unpack_fasta(tmp_path / "no.fa", tmp_path / "genome.fa")


def test_a_chromosome_that_occurs_twice_is_refused(tmp_path):
    (tmp_path / "genome.fa").write_text(">chr1\nACGT\n>chr1\nACGT\n")
    sentence = f'{tmp_path}/genome.fa cannot be indexed (Duplicate key "chr1"): mend the FASTA file.'
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        index_fasta(tmp_path / "genome.fa", tmp_path / "genome.fa.fai")
    assert [path.name for path in tmp_path.iterdir()] == ["genome.fa"]


def test_sizes_survive_their_file(tmp_path):
    write_sizes({"chr2": 5, "chr1": 7}, tmp_path / "sizes")
    assert (tmp_path / "sizes").read_text() == "chr2\t5\nchr1\t7\n"
    assert list(read_sizes(tmp_path / "sizes").items()) == [("chr2", 5), ("chr1", 7)]


def test_a_table_that_holds_no_sizes_is_refused(tmp_path):
    (tmp_path / "sizes").write_text("chr1\t5\nchr2 5\n")
    sentence = (
        f"{tmp_path}/sizes, line 2: found 'chr2 5', and chromosome sizes need two tab-separated columns: "
        "chromosome, length in bp above 0."
    )
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        read_sizes(tmp_path / "sizes")


@pytest.mark.parametrize(
    ("chrom", "names", "sentence"),
    [
        ("1", ["chr1", "chr2"], "here: the chromosome '1' is not in the genome, which calls it 'chr1': "
         "rename the chromosomes."),
        ("chrX", ["X"], "here: the chromosome 'chrX' is not in the genome, which calls it 'X': "
         "rename the chromosomes."),
        ("chrQ", ["chr1", "chr2"], "here: the chromosome 'chrQ' is not in the genome, which has chr1, chr2."),
    ],
)  # fmt: skip
def test_unknown_chromosomes_are_refused_with_what_the_genome_has(chrom, names, sentence):
    sizes = dict.fromkeys(names, 10)
    check_chromosome(names[0], sizes, "here")
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        check_chromosome(chrom, sizes, "here")
