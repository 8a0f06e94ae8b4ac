"""Libraries of measured values: tables, arrays of all flanks, the split, and the dataset's files."""

import numpy as np
import pandas as pd
import pytest

from dfim.datasets.dataset import read_dataset, reference_rows, write_dataset
from dfim.datasets.values import all_flanks, library_dataset, read_table_of_values, split_by_sequence
from dfim.errors import InputError
from dfim.sequences.bases import composition, one_hot, reverse_complement, to_bases, to_string

TABLE = "seq\tddg\treps\nACGT\t0.5\t2\nAAGG\t\t1\nttNA\t-1e-1\t4\n"
COLUMNS = {"sequence": "seq", "value": "ddg", "weight": "reps"}


def write(tmp_path, text: str, name: str = "library.tsv"):
    (tmp_path / name).write_text(text)
    return tmp_path / name


def test_a_table_is_read_without_the_rows_that_have_no_value(tmp_path):
    bases, numbers = read_table_of_values(write(tmp_path, TABLE), COLUMNS)
    assert [to_string(row) for row in bases] == ["ACGT", "TTNA"]
    np.testing.assert_array_equal(numbers["value"], np.float32([0.5, -0.1]))
    np.testing.assert_array_equal(numbers["weight"], [2, 4])
    again, _ = read_table_of_values(write(tmp_path, TABLE.replace("\t", ","), "library.csv"), COLUMNS)
    np.testing.assert_array_equal(again, bases)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("seq\tddg\nACGT\t1\n", "has no column 'reps' for the weight; it has seq, ddg: name one of them."),
        (
            TABLE.replace("0.5", "strong"),
            "line 2: the column 'ddg' is 'strong', and a number is needed.",
        ),
        (TABLE.replace("\t4", "\t0"), "line 4: the weight is 0, and it must be above 0: leave the row out"),
        (TABLE.replace("ttNA", "ttA"), "line 4: the sequence has 3 bases, and the first one has 4: all"),
        (
            TABLE.replace("ttNA", "ttXA"),
            "line 4: the sequence has the letter 'X' at position 2 (0-based), and only A, C, G, T and N",
        ),
        ("seq\tddg\treps\nACGT\t\t1\n", "has no row with a value; give it one row per sequence."),
    ],
)
def test_a_wrong_table_is_refused(tmp_path, text, sentence):
    with pytest.raises(InputError) as error:
        read_table_of_values(write(tmp_path, text), COLUMNS)
    assert sentence in str(error.value)


def test_numbers_of_the_array_spell_the_flanks(tmp_path):
    values = np.arange(256, dtype=np.float32)
    values[5] = np.nan
    np.save(tmp_path / "all.npy", values)
    bases, numbers = all_flanks(tmp_path / "all.npy", "CACGTG")
    assert len(bases) == 255
    by_value = dict(zip(numbers["value"], (to_string(row) for row in bases), strict=True))
    assert by_value[0] == "AACACGTGAA"
    assert by_value[1] == "AACACGTGAC"
    assert by_value[4 * 4 * 4 * 1 + 4 * 4 * 2 + 4 * 3 + 0] == "CGCACGTGTA"
    assert by_value[255] == "TTCACGTGTT"


@pytest.mark.parametrize("values", [np.zeros(64), np.zeros((4, 4)), np.zeros(100), np.array(["a"] * 16)])
def test_an_array_of_another_size_is_refused(tmp_path, values):
    np.save(tmp_path / "all.npy", values)
    with pytest.raises(
        InputError, match=r"holds an array of shape .*, and the values of all flanks are needed"
    ):
        all_flanks(tmp_path / "all.npy", "CACGTG")


def test_both_strands_of_a_palindromic_design_have_the_same_split(tmp_path):
    np.save(tmp_path / "all.npy", np.zeros(4**6))
    bases, _ = all_flanks(tmp_path / "all.npy", "CACGTG")
    split = split_by_sequence(bases, 0.2, 0.1, seed=3)
    by_sequence = dict(zip(map(bytes, bases), split, strict=True))
    assert all(by_sequence[bytes(reverse_complement(row))] == by_sequence[bytes(row)] for row in bases)
    shares = pd.Series(split).value_counts(normalize=True)
    assert shares["test"] == pytest.approx(0.2, abs=0.02)
    assert shares["validation"] == pytest.approx(0.1, abs=0.02)
    assert (split_by_sequence(bases[::-1], 0.2, 0.1, seed=3)[::-1] == split).all()  # whatever the order
    assert (split_by_sequence(bases, 0.2, 0.1, seed=4) != split).any()


def test_files_keep_values_weights_and_noise_free_values(tmp_path):
    bases = np.random.default_rng(0).choice(np.frombuffer(b"ACGT", np.uint8), (40, 8))
    numbers = {name: np.linspace(1, 2, 40, dtype=np.float32) for name in ("value", "weight", "noise_free")}
    write_dataset(library_dataset(bases, numbers, "ddG", 0.2, 0.2), tmp_path)
    dataset = read_dataset(tmp_path)
    assert dataset.real_valued
    np.testing.assert_array_equal(dataset.labels[:, 0], numbers["value"])
    np.testing.assert_allclose(dataset.weights, numbers["weight"] / 1.5, rtol=1e-6)
    np.testing.assert_array_equal(dataset.noise_free[:, 0], numbers["noise_free"])
    assert list(dataset.examples["name"]) == [to_string(row) for row in bases]
    with pytest.raises(
        InputError, match=r"^the library has 3 sequences, of which none is left for the split"
    ):
        library_dataset(bases[:3], {"value": numbers["value"][:3]}, "ddG", 0.1, 0.1)


def test_composition_is_of_the_training_examples_position_by_position():
    bases = np.stack([to_bases("ACN"), to_bases("AGT"), to_bases("AGA"), to_bases("CGA")])
    np.testing.assert_allclose(composition(bases), one_hot(bases).mean(axis=0))
    dataset = library_dataset(np.repeat(bases, 10, axis=0), {"value": np.arange(40.0)}, "ddG", 0.3, 0.3)
    rows = dataset.rows("train")
    expected = one_hot(dataset.bases[rows]).mean(axis=0)
    np.testing.assert_allclose(reference_rows("composition", dataset), expected, rtol=1e-6)
    np.testing.assert_array_equal(
        reference_rows([0.1, 0.2, 0.3, 0.4], dataset), np.float32([0.1, 0.2, 0.3, 0.4])
    )
