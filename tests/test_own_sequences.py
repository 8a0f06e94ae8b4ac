"""Sequences from FASTA and arrays: the same bases from each, and a sentence for what is neither."""

import gzip
import re

import numpy as np
import pytest

from dfim.errors import InputError
from dfim.own_sequences import read_sequences
from dfim.sequence import one_hot, to_string

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
        (gzip.compress(b">a\nACGT\n")[:-9], "is a damaged gzip file"),
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
