"""Sequences from FASTA and arrays: the same bases from each, and a sentence for what is neither."""

import gzip
import re

import numpy as np
import pytest
from support.genome_data import make_genome, random_sequences

from dfim.datasets.dataset import read_dataset, write_dataset
from dfim.datasets.sequence_files import read_sequences
from dfim.datasets.sequences import build_own_dataset
from dfim.errors import InputError
from dfim.sequences.bases import one_hot, to_string

SEQUENCES = ["ACGTNACG", "TTTTTTTA", "NNCCGGAA"]
ONE_HOT = one_hot(np.array([list(sequence.encode()) for sequence in SEQUENCES]))


def strings(path):
    return [to_string(row) for row in read_sequences(path)[1]]


@pytest.mark.parametrize("axes", [(0, 1, 2), (0, 2, 1)])
@pytest.mark.parametrize("unknown", [0.25, 0.0])
def test_arrays_of_every_layout(tmp_path, axes, unknown):
    array = np.where(ONE_HOT == 0.25, unknown, ONE_HOT).transpose(axes)
    np.save(tmp_path / "array.npy", array)
    np.save(tmp_path / "image.npy", array[:, None].astype(np.float16))
    names, _ = read_sequences(tmp_path / "array.npy")
    assert names == ["sequence_0", "sequence_1", "sequence_2"]
    assert strings(tmp_path / "array.npy") == SEQUENCES
    assert strings(tmp_path / "image.npy") == SEQUENCES


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_fasta_with_wrapped_lines_and_soft_masking(tmp_path, pack):
    text = ">one a remark\nACGT\nNacg\n>two\r\nTTTTTTTA\r\n>three\nNNCCGGAA"
    (tmp_path / "s.fa").write_bytes(pack(text.encode()))
    assert read_sequences(tmp_path / "s.fa")[0] == ["one", "two", "three"]
    assert strings(tmp_path / "s.fa") == SEQUENCES


def test_pickled_arrays_are_not_loaded(tmp_path):
    np.save(tmp_path / "array.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match=r"cannot be read as an array of numbers .* without pickling\.$"):
        read_sequences(tmp_path / "array.npy")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (np.zeros((2, 5, 3)), "has the shape (2, 5, 3) and the type float64: an array (sequences, pos"),
        (np.array([[[1, 0, 0, 0], [1, 1, 0, 0]]]), "sequence 0, position 1 (0-based) has the values"),
        (b"ACGT\n", "is not FASTA: it must begin with '>'"),
        (b"", "is not FASTA"),
        (b">a\nACGT\n>b\nACG\n", "the sequence 'b' has 3 bases, and the first one has 4"),
        (b">a\nACQT\n", "the sequence 'a' has the letter 'Q' at position 2"),
        (gzip.compress(b">a\nACGT\n", mtime=0)[:-9], "is a damaged gzip file"),
        (b">a\n\xff\xfe", "is not text"),
    ],
)
def test_what_are_no_sequences_is_named(tmp_path, content, sentence):
    path = tmp_path / "file"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        with open(path, "wb") as handle:
            np.save(handle, content)
    with pytest.raises(InputError, match=re.escape(sentence)) as error:
        read_sequences(path)
    assert str(path) in str(error.value)


def test_a_missing_file(tmp_path):
    with pytest.raises(InputError, match=r"were not found: give the path of a FASTA file or a \.npy file"):
        read_sequences(tmp_path / "none.fa")


# ------------------------------------------------------------------------------------------- datasets

OPTIONS = {
    "patterns": {},
    "pwms": {},
    "background": [0.25] * 4,
    "strands": "+",
    "window": 20,
    "max_n_fraction": 0,
}


def write(path, text):
    path.write_text(text)
    return path


def placed(dataset):
    """Return the features as (example, name, start, end, strand)."""
    columns = ["example", "name", "start", "end", "strand"]
    return list(dataset.features[columns].itertuples(index=False, name=None))


def test_features_of_own_sequences_come_from_bed_patterns_and_matrices(tmp_path):
    fasta = write(tmp_path / "s.fa", ">one\nTTGATAAAAAACCCC\n>two\nAAAAAAATATCTTTT\n")
    bed = write(tmp_path / "f.bed", "track\none\t10\t14\tmine\t0\t-\ntwo\t0\t3\tother\nthree\t0\t3\tother\n")
    matrix = write(tmp_path / "m.txt", "0 1 0 0\n" * 4)
    options = OPTIONS | {
        "patterns": {"GATA": "GATA"},
        "pwms": {"C4": {"matrix": "m.txt", "p": 0.005}},
        "strands": "both",
    }
    dataset = build_own_dataset(options, fasta, features=bed, matrices={"C4": matrix})
    assert placed(dataset) == [
        (0, "GATA", 2, 6, "+"),
        (0, "mine", 10, 14, "-"),
        (0, "C4", 11, 15, "+"),
        (1, "other", 0, 3, "+"),
        (1, "GATA", 7, 11, "-"),
    ]
    assert dataset.examples["name"].tolist() == ["one", "two"]
    assert dataset.labels.shape == (2, 0)
    write_dataset(dataset, tmp_path / "dataset")
    again = read_dataset(tmp_path / "dataset")
    assert placed(again) == placed(dataset)
    assert again.examples["name"].tolist() == ["one", "two"]
    assert set(again.features["kind"]) == {"motif"}


def test_features_of_regions_are_those_of_the_genome_within_their_windows(tmp_path):
    sequences = random_sequences(4, chr1=200, chr2=100)
    genome = make_genome(tmp_path, sequences)
    regions = write(tmp_path / "r.bed", "chr1\t50\t60\nchr1\t60\t70\nchr2\t30\t31\nchr2\t95\t99\n")
    bed = write(tmp_path / "f.bed", "chr1\t57\t63\tboth\nchr1\t44\t47\tcut\nchr2\t20\t25\tfirst\n")
    dataset = build_own_dataset(OPTIONS, genome=genome, regions=regions, features=bed)
    # Windows of 20 at 55, 65 and 30; that of 97 crosses the end of chr2.
    assert dataset.examples["name"].tolist() == ["chr1:45-65", "chr1:55-75", "chr2:20-40"]
    assert placed(dataset) == [(0, "both", 12, 18, "+"), (1, "both", 2, 8, "+"), (2, "first", 0, 5, "+")]
    for row in dataset.features.itertuples():
        example = dataset.examples.loc[row.example]
        start = example["start"] + row.start
        expected = sequences[example["chrom"]][start : start + row.end - row.start]
        assert to_string(dataset.bases[row.example, row.start : row.end]) == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("one\t1\t2\n", "line 1: found 3 columns between tabs, and chromosome (or sequence), start"),
        ("one 1 2 x\n", "line 1: found 1 column between tabs, and chromosome (or sequence), start, end and"),
        ("one\t4\t4\tx\n", "line 1: the feature from 4 to 4 is no interval: give 0 <= start < end."),
        ("one\tx\t4\ty\n", "line 1: start is 'x', and a whole number is needed."),
        ("chr1\t0\t4\tx\n", "of 1 feature none lies within a sequence, and of 1 sequence the first is "
         "'one' 0 to 8"),
        ("one\t4\t9\tx\n", "of 1 feature none lies within"),
    ],
)  # fmt: skip
def test_features_that_are_none_are_named(tmp_path, text, sentence):
    fasta = write(tmp_path / "s.fa", ">one\nACGTACGT\n")
    bed = write(tmp_path / "f.bed", text)
    with pytest.raises(InputError, match=re.escape(sentence)):
        build_own_dataset(OPTIONS, fasta, features=bed)


def test_features_beyond_whole_sequences_warn_and_those_beyond_windows_do_not(tmp_path, caplog):
    fasta = write(tmp_path / "s.fa", ">chr1\nACGTACGTACGTACGTACGTACGT\n")
    bed = write(tmp_path / "f.bed", "chr1\t5\t8\tin\nchr1\t20\t29\tbeyond\none\t0\t4\tunknown\n")
    build_own_dataset(OPTIONS, fasta, features=bed)
    (warned,) = [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]
    sentence = "lie within no sequence, the first of them beyond at chr1 20 to 29: left out"
    assert warned == f"2 of 3 features of {bed} {sentence}"
    caplog.clear()
    genome = make_genome(tmp_path, random_sequences(4, chr1=24))
    regions = write(tmp_path / "r.bed", "chr1\t10\t12\n")
    build_own_dataset(OPTIONS, genome=genome, regions=regions, features=bed)
    assert [each for each in caplog.records if each.levelname == "WARNING"] == []


def test_equal_features_count_once_and_are_counted_in_the_log(tmp_path, caplog):
    caplog.set_level("INFO")
    fasta = write(tmp_path / "s.fa", ">1 a>b\nTTGATAAAAAACCCC\n>NA\nAAAAAAATATCTTTT\n")
    rows = ["1\t2\t6\tGATA\t0\t+\n", "1\t2\t6\tGATA\t7\t.\n", "1\t2\t6\tother\t0\t+\n", "NA\t0\t3\t007\n"]
    bed = write(tmp_path / "f.bed", "".join(rows + rows[:2]))
    dataset = build_own_dataset(OPTIONS | {"patterns": {"GATA": "GATA"}}, fasta, features=bed)
    assert placed(dataset) == [(0, "GATA", 2, 6, "+"), (0, "other", 2, 6, "+"), (1, "007", 0, 3, "+")]
    assert f"3 of 6 features of {bed} are there twice" in caplog.text
    assert "1 features that are there already are left out" in caplog.text
    write_dataset(dataset, tmp_path / "dataset")
    again = read_dataset(tmp_path / "dataset")
    assert placed(again) == placed(dataset)
    assert again.examples["name"].tolist() == ["1", "NA"]


@pytest.mark.parametrize(
    ("fasta", "bed", "sentence"),
    [
        (">a\nACGT\n>\nACGT\n", "", "s.fa, line 3: the sequence has no name: write one after '>'."),
        (">a\nACGT\n>b\nACGT\n>a\nACGT\n", "", "s.fa, line 5: the sequence 'a' is on line 1 too, and names"),
        (">a\nACGT\nACR\n", "", "s.fa, line 3: the sequence 'a' has the letter 'R' at position 2 (0-based)"),
        (">a\nACGT\n", "a\t0\t2\t \tx\n", "f.bed, line 1: the feature from 0 to 2 has no name: write one in"),
        (">a\nACGT\n", "a\t0\t2\t.\n", "f.bed, line 1: the feature from 0 to 2 has no name: write one in"),
        (
            ">a\nACGT\n",
            "a\t0\t2\tx\t0\tforward\n",
            "f.bed, line 1: the strand is 'forward', and +, - or . is",
        ),
        (">a\nACGT\n", "# none\n", "f.bed has no features: at least one line of BED is needed."),
    ],
)
def test_names_that_are_missing_or_there_twice(tmp_path, fasta, bed, sentence):
    fasta = write(tmp_path / "s.fa", fasta)
    bed = write(tmp_path / "f.bed", bed) if bed else None
    with pytest.raises(InputError) as error:
        build_own_dataset(OPTIONS, fasta, features=bed)
    assert str(error.value).startswith(f"{tmp_path}/{sentence}")


def test_several_motifs_of_a_file_are_features_by_their_own_names(tmp_path):
    fasta = write(tmp_path / "s.fa", ">one\nTTGATAAAAAACCCC\n")
    matrix = write(tmp_path / "m.txt", ">C4\n" + "0 1 0 0\n" * 4 + ">TTG\n" + "0 0 0 1\n0 0 0 1\n0 0 1 0\n")
    options = OPTIONS | {"pwms": {"both": {"matrix": "m.txt", "p": 0.02}}}
    dataset = build_own_dataset(options, fasta, matrices={"both": matrix})
    assert placed(dataset) == [(0, "TTG", 0, 3, "+"), (0, "C4", 11, 15, "+")]
    with pytest.raises(InputError, match=r"the motif 'C4' of .*m\.txt has the name of another one"):
        build_own_dataset(options | {"patterns": {"C4": "CCCC"}}, fasta, matrices={"both": matrix})
