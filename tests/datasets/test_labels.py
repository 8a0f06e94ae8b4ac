"""Labels and splits of own sequences: what is read, what is missing, and a sentence for what is wrong."""

import re

import numpy as np
import pytest

from dfim.datasets.dataset import read_dataset, write_dataset
from dfim.datasets.labels import read_labels
from dfim.datasets.sequences import build_own_dataset
from dfim.errors import InputError
from dfim.sequences.bases import reverse_complement, to_bases, to_string

OPTIONS = {
    "patterns": {},
    "pwms": {},
    "background": [0.25] * 4,
    "strands": "+",
    "tasks": ["A", "B"],
    "values": False,
    "test_fraction": 0.2,
    "validation_fraction": 0.2,
}


def dataset_of(folder, table, sequences=None, **options):
    """Return the dataset of a table and of sequences by name, written and read again."""
    sequences = sequences or {name: f"{name * 3}TT" for name in "ACG"}
    fasta = "".join(f">{name}\n{bases}\n" for name, bases in sequences.items())
    (folder / "s.fa").write_text(fasta)
    (folder / "l.tsv").write_text(table)
    built = build_own_dataset(OPTIONS | options, folder / "s.fa", labels=folder / "l.tsv", seed=3)
    write_dataset(built, folder / "d")
    return read_dataset(folder / "d")


def test_labels_go_to_their_sequences_and_empty_cells_are_missing(tmp_path):
    dataset = dataset_of(tmp_path, "name\tnote\tB\tA\tsplit\nG\tx\t1\t\ttest\nA\ty\t0\t1\ttrain\n")
    assert dataset.tasks == ["A", "B"]
    assert dataset.labels.tolist() == [[1, 0], [-1, -1], [-1, 1]]
    # A sequence without a row has no label, so that no measure sees it.
    assert dataset.examples["split"].tolist() == ["train", "test", "test"]
    assert not dataset.real_valued


def test_values_are_targets(tmp_path):
    dataset = dataset_of(tmp_path, "name\tA\tB\nA\t1.5\t\nG\t-2\t3e-1\n", values=True)
    assert dataset.real_valued
    expected = np.array([[1.5, np.nan], [np.nan, np.nan], [-2, 0.3]], np.float32)
    np.testing.assert_array_equal(dataset.labels, expected)


def test_without_a_column_split_shares_of_the_labelled_are_taken_both_strands_together(tmp_path):
    letters = np.random.default_rng(5).choice(list("ACGT"), (60, 12))
    sequences = {}
    for number, row in enumerate(letters):
        bases = to_bases("".join(row))
        sequences[f"s{number}"] = to_string(bases)
        sequences[f"r{number}"] = to_string(reverse_complement(bases[None])[0])
    table = "name\tA\tB\n" + "".join(f"{name}\t1\t0\n" for name in sequences if name not in ("s0", "r0"))
    dataset = dataset_of(tmp_path, table, sequences)
    split = dict(zip(dataset.examples["name"], dataset.examples["split"], strict=True))
    assert all(split[f"s{number}"] == split[f"r{number}"] for number in range(60))
    labelled = [split[name] for name in sequences if name not in ("s0", "r0")]
    counts = {name: labelled.count(name) for name in ("train", "validation", "test")}
    assert counts == {"train": 70, "validation": 24, "test": 24}
    assert split["s0"] == "test"
    everything = dataset_of(tmp_path, table, sequences, test_fraction=1)
    assert set(everything.examples["split"]) == {"test"}


@pytest.mark.parametrize(
    ("table", "values", "sentence"),
    [
        ("name\tA\nA\t1\n", False, "l.tsv has no column 'B'; it has name, A: a table of labels has the"),
        ("id\tA\tB\nA\t1\t1\n", False, "l.tsv has no column 'name'; it has id, A, B: a table of labels"),
        ("name\tA\tB\nA\t1\t2\n", False, "l.tsv, line 2: the label of the task 'B' is '2', and 1, 0 or"),
        ("name\tA\tB\nA\t1\tx\n", True, "l.tsv, line 2: the value of the task 'B' is 'x', and a number is"),
        ("name\tA\tB\n\nA\t1\t0\nA\t1\t0\n", False, "l.tsv, line 4: the sequence 'A' is on line 3 too: re"),
        ("name\tA\tB\nT\t1\t0\n", False, "l.tsv, line 2: there is no sequence 'T'; the first one is 'A'"),
        ("name\tA\tB\tsplit\nA\t1\t0\tdev\n", False, "l.tsv, line 2: the split is 'dev', and one of train"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_table_is_named(tmp_path, table, values, sentence):
    (tmp_path / "l.tsv").write_text(table)
    with pytest.raises(InputError, match=re.escape(sentence)):
        read_labels(tmp_path / "l.tsv", ["A", "C"], ["A", "B"], values)


def test_a_table_without_any_label(tmp_path):
    with pytest.raises(InputError, match="none of 3 sequences has a label: fill the columns of the tasks"):
        dataset_of(tmp_path, "name\tA\tB\nA\t\t\n")
