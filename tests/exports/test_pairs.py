"""Tests of dfim.exports.pairs: called pairs as BEDPE."""

import pandas as pd

from dfim.exports.pairs import BEDPE_COLUMNS, called_pairs, write_bedpe

TESTS = pd.DataFrame(
    {
        "pair": ["A–B", "A–B", "A–A", "A–B"],
        "chrom": ["chr2", "chr1", "chr1", None],
        "first_chrom_start": pd.array([100, 50, 10, None], dtype="Int64"),
        "first_chrom_end": pd.array([106, 56, 16, None], dtype="Int64"),
        "second_chrom_start": pd.array([120, 70, 30, None], dtype="Int64"),
        "second_chrom_end": pd.array([124, 74, 36, None], dtype="Int64"),
        "first_strand": ["+", "-", None, "+"],
        "second_strand": ["-", "+", "+", "+"],
        "called": [1, 0, 1, 1],
        "call": ["synergy", "", "redundancy", "synergy"],
        "interaction": [2.5, 0.1, -1.25, 3.0],
        "share": [0.4567, 0.01, -1.5, 0.3],
        "q": [0.001, 0.8, 0.04, 0.01],
    }
)


def test_called_pairs_with_a_place_are_rows_in_order():
    table = called_pairs(TESTS)
    assert list(table) == BEDPE_COLUMNS
    assert table["chrom1"].tolist() == table["chrom2"].tolist() == ["chr1", "chr2"]
    assert table[["start1", "end1", "start2", "end2"]].to_numpy().tolist() == [
        [10, 16, 30, 36],
        [100, 106, 120, 124],
    ]
    assert table["name"].tolist() == ["A–A", "A–B"]
    assert table["score"].tolist() == [1000, 457]
    assert table["strand1"].tolist() == [".", "+"]
    assert table["strand2"].tolist() == ["+", "-"]


def test_the_file_is_read_back_and_its_header_is_a_comment(tmp_path):
    table = called_pairs(TESTS)
    write_bedpe(table, tmp_path / "pairs.bedpe")
    lines = (tmp_path / "pairs.bedpe").read_text(encoding="utf-8").splitlines()
    assert lines[0].split("\t") == ["#chrom1", *BEDPE_COLUMNS[1:]]
    assert len(lines) == 3
    assert lines[2].split("\t")[:10] == [
        "chr2", "100", "106", "chr2", "120", "124", "A–B", "457", "+", "-",
    ]  # fmt: skip


def test_nothing_called_is_a_file_with_a_header_alone(tmp_path):
    write_bedpe(called_pairs(TESTS.assign(called=0)), tmp_path / "pairs.bedpe")
    assert len((tmp_path / "pairs.bedpe").read_text(encoding="utf-8").splitlines()) == 1
