"""Tests of dfim.genomes.intervals and dfim.files.text: reading peaks, windows, overlaps, bedtools."""

import gzip
import re
import tempfile

import numpy as np
import pandas as pd
import pybedtools
import pytest
from support.genome_data import brute_overlap, random_peaks, write_peaks

from dfim.errors import InputError
from dfim.genomes.intervals import (
    merged,
    overlapping,
    overlapping_each,
    read_peaks,
    require_bedtools,
    windows_at,
)

SIZES = {"chr2": 5000, "chr1": 9000, "chr10": 3000}


def refused(path, sentence):
    """Expect that reading peaks fails with exactly this sentence."""
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        read_peaks(path, SIZES)


def test_narrowpeak_gives_absolute_summits_and_midpoints_for_minus_one(tmp_path):
    path = tmp_path / "peaks"
    path.write_text(
        "track type=narrowPeak\nbrowser position chr1\n# comment\n"
        "chr1\t100\t200\t.\t0\t.\t1\t2\t3\t7\r\n\nchr2\t0\t11\t.\t0\t.\t1\t2\t3\t-1\nchr1\t5\t9\t.\t0\t.\t1\t2\t3\t4"
    )
    expected = [("chr1", 100, 200, 107), ("chr2", 0, 11, 5), ("chr1", 5, 9, 9)]
    assert list(read_peaks(path, SIZES).itertuples(index=False, name=None)) == expected


@pytest.mark.parametrize(
    "more",
    [
        [],
        ["name", "0", "+"],
        ["b", "0", ".", "1", "2", "3"],
        ["b", "0", ".", "1", "2", "3", "", " "],
        ["b", "0", "+", "100", "205", "0", "2", "10,20", "0,85"],
        ["b", "0", "+", "100", "205", "0,0,0", "1", "105,", "0,", "3.1", "7.5", "2.2"],
    ],
)
def test_bed_and_broadpeak_have_the_midpoint_as_summit(tmp_path, more):
    # A BED of twelve columns has its number of blocks in column 10: no summit.
    path = tmp_path / "peaks.bed"
    path.write_text("\t".join(["chr1", "100", "205", *more]) + "\n")
    assert read_peaks(path, SIZES)["summit"].tolist() == [152]


def test_gzipped_and_plain_files_are_told_by_content(tmp_path):
    peaks = random_peaks(0, 50, SIZES)
    plain = write_peaks(peaks, tmp_path / "peaks.narrowPeak")
    packed = tmp_path / "packed.bed"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    pd.testing.assert_frame_equal(read_peaks(plain, SIZES), peaks, check_dtype=False)
    pd.testing.assert_frame_equal(read_peaks(packed, SIZES), read_peaks(plain, SIZES))


NARROW = "chr1\t100\t200\t.\t0\t.\t1\t2\t3\t"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            "# comment\nchr1\t1\t2\nchr1 100 200\n",
            "{}, line 3: found 1 tab-separated column in 'chr1 100 200', and chromosome, start and end are "
            "needed: separate columns by tabs.",
        ),
        (
            "chr1\t100\n",
            "{}, line 1: found 2 tab-separated columns in 'chr1\\t100', and chromosome, start and end are "
            "needed: separate columns by tabs.",
        ),
        (
            "chrom\tstart\tend\n",
            "{}, line 1: found a header (chrom, start, end), and BED and narrowPeak have none: remove the "
            "line, and take 1 from each start where they are counted from 1 (as in MACS's .xls).",
        ),
        ("\nchr1\t1.5\t200\n", "{}, line 2: start is '1.5', and a whole number is needed."),
        (
            "chr1\t1.23457e+07\t200\n",
            "{}, line 1: start is '1.23457e+07', which is rounded, and all digits of a whole number are "
            "needed.",
        ),
        ("chr1\t100\tx\t\n", "{}, line 1: end is 'x', and a whole number is needed."),
        ("chr1\t-5\t200\n", "{}, line 1: start is -5, and 0 or more is needed."),
        (
            "chr1\t7\t9\nchr1\t200\t200\n",
            "{}, line 2: start 200 is not below end 200, and an interval needs start < end.",
        ),
        (
            "chr1\t100\t9001\n",
            "{}, line 1: end 9001 lies beyond chr1, which is 9000 bp long: use peaks of the genome's "
            "own assembly.",
        ),
        (
            "1\t100\t200\n",
            "{}, line 1: the chromosome '1' is not in the genome, which calls it 'chr1': rename the "
            "chromosomes.",
        ),
        (
            "chr3\t100\t200\n",
            "{}, line 1: the chromosome 'chr3' is not in the genome, which has chr2, chr1, chr10.",
        ),
        (
            NARROW + "101\n",
            "{}, line 1: the summit (column 10) is 101, and a peak of 100 bp needs 0 to 100, or -1 for none.",
        ),
        (
            NARROW + "-2\n",
            "{}, line 1: the summit (column 10) is -2, and a peak of 100 bp needs 0 to 100, or -1 for none.",
        ),
        (NARROW + ".\n", "{}, line 1: the summit (column 10) is '.', and a whole number is needed."),
        ("", "{} is empty: a tab-separated table is needed."),
        ("\n \n", "{} is empty: a tab-separated table is needed."),
        ("# only comments\n", "{} has no peaks: at least one line of BED or narrowPeak is needed."),
        ("\n<!DOCTYPE html>\n", "{} is a web page, not a table: fetch the file itself."),
        (
            b"\xff\xfe\x00",
            "{} is not text in UTF-8 (it is UTF-16: save it as UTF-8): a tab-separated table is needed.",
        ),
        (
            gzip.compress(b"chr1\t100\t200\n", mtime=0)[:-9],
            "{} is a damaged gzip file (Compressed file ended before the end-of-stream marker was reached): "
            "fetch it again.",
        ),
    ],
)
def test_every_error_is_one_sentence(tmp_path, content, sentence):
    path = tmp_path / "peaks.bed"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    refused(path, sentence.format(path))


def test_a_missing_file_is_refused(tmp_path):
    refused(tmp_path / "no", f"{tmp_path}/no was not found: give the path of a tab-separated table.")


@pytest.mark.parametrize("width", [10, 11])
def test_windows_have_the_summit_at_half_their_width_and_stay_on_the_chromosome(width, caplog):
    caplog.set_level("INFO")
    sizes = {"chr1": 100}
    summits = np.arange(100)
    windows = windows_at(pd.Series(["chr1"] * 100), summits, width, sizes)
    inside = [s for s in summits if s - width // 2 >= 0 and s - width // 2 + width <= 100]
    assert windows.index.tolist() == inside
    assert (windows["start"] + width // 2).tolist() == inside
    assert (windows["end"] - windows["start"] == width).all()
    assert windows["start"].min() == 0
    assert windows["end"].max() == 100
    assert f"{100 - len(inside)} of 100 windows cross a chromosome end: left out" in caplog.text


@pytest.mark.parametrize("seed", range(4))
def test_overlaps_equal_brute_force(seed):
    one, other = random_peaks(seed, 80, SIZES, longest=120), random_peaks(seed + 100, 15, SIZES, longest=120)
    expected = brute_overlap(one, other)
    assert 0 < expected.sum() < len(one)
    np.testing.assert_array_equal(overlapping(one, other), expected)


def test_overlaps_with_each_of_some_tables_are_those_with_one():
    one = random_peaks(7, 80, SIZES, longest=120)
    tables = [random_peaks(seed, 15, SIZES, longest=120) for seed in (8, 9)]
    found = overlapping_each(one, [tables[0], one[:0], tables[1]])
    for column, other in zip(found[:, [0, 2]].T, tables, strict=True):
        np.testing.assert_array_equal(column, brute_overlap(one, other))
    assert not found[:, 1].any()
    assert overlapping_each(one[:0], tables).shape == (0, 2)


def test_touching_intervals_do_not_overlap_but_merge():
    one = pd.DataFrame({"chrom": "chr1", "start": [10], "end": [20]})
    other = pd.DataFrame({"chrom": "chr1", "start": [0, 20, 19], "end": [10, 30, 20]})
    assert not overlapping(one, other[:2]).any()
    assert overlapping(one, other[2:]).all()
    assert not overlapping(one, other[:0]).any()
    union = merged(pd.concat([one, other]), SIZES)
    assert union.to_numpy().tolist() == [["chr1", 0, 30]]


@pytest.mark.parametrize("seed", range(3))
def test_merged_covers_exactly_the_same_positions_in_the_order_of_the_genome(seed):
    peaks = random_peaks(seed, 40, SIZES)
    union = merged(peaks, SIZES)
    assert list(dict.fromkeys(union["chrom"])) == list(SIZES)
    for chrom, size in SIZES.items():
        covered = np.zeros((2, size + 1), dtype=bool)
        for row, table in enumerate((peaks, union)):
            for interval in table[table["chrom"] == chrom].itertuples():
                covered[row, interval.start : interval.end] = True
        np.testing.assert_array_equal(covered[0], covered[1])
        regions = union[union["chrom"] == chrom]
        assert (regions["start"].to_numpy()[1:] > regions["end"].to_numpy()[:-1]).all()


def test_bedtools_leaves_no_temporary_files(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = pybedtools.get_tempdir()
    peaks = random_peaks(0, 20, SIZES)
    overlapping(peaks, peaks)
    merged(peaks, SIZES)
    assert list(tmp_path.iterdir()) == []
    assert pybedtools.get_tempdir() == before


def test_a_missing_bedtools_is_said_at_once(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    sentence = (
        "bedtools was not found: install it with 'apt-get install bedtools' or "
        "'conda install -c bioconda bedtools' and run again."
    )
    peaks = random_peaks(0, 5, SIZES)
    for use in (require_bedtools, lambda: overlapping(peaks, peaks), lambda: merged(peaks, SIZES)):
        with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
            use()


def test_broad_peaks_have_no_summit_but_their_midpoint(tmp_path):
    path = tmp_path / "peaks.broadPeak"
    path.write_text("chr1\t100\t201\tpeak\t0\t.\t5.1\t3.2\t2.0\n")
    assert read_peaks(path, {"chr1": 1000}).to_numpy().tolist() == [["chr1", 100, 201, 150]]


IDR = ["5", "9", "4", "100", "1.3", "1.5", "900", "1300", "5.0", "100", "905", "1290", "4.0", "97"]


@pytest.mark.parametrize("more", [[], [""], ["", " "], IDR[4:], ["chr1", "5", "9", "other"]])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_narrowpeak_with_more_columns_has_its_summit(tmp_path, more, mark):
    path = tmp_path / "peaks"
    path.write_text(
        mark + "\t".join(["chr1", "900", "1300", "p", "1000", ".", *IDR[:4], *more]) + "\n", "utf-8"
    )
    assert read_peaks(path, SIZES).to_numpy().tolist() == [["chr1", 900, 1300, 1000]]


def test_other_long_tables_have_midpoints_and_a_warning(tmp_path, caplog):
    path = tmp_path / "annotated"
    path.write_text("\t".join(["chr1", "900", "1300", "p", "0", ".", "gene", "exon", "x", "100", "y"]) + "\n")
    assert read_peaks(path, SIZES)["summit"].tolist() == [1100]
    assert "its columns are not those of narrowPeak: midpoints are taken for summits" in caplog.text


def test_contigs_called_like_comments_are_data(tmp_path):
    path = tmp_path / "peaks.bed"
    path.write_text("track name=x\ntrackA\t10\t50\nchr1\t100\t300\nbrowser2\t5\t9\nbrowser\tposition\n")
    assert read_peaks(path, SIZES | {"trackA": 60, "browser2": 9})["start"].tolist() == [10, 100, 5]


@pytest.mark.parametrize("names", [["1", "2"], ["NA", "true"], ["1e5", "007"]])
def test_chromosomes_that_look_like_numbers_stay_names(names):
    sizes = dict.fromkeys(names, 100)
    peaks = pd.DataFrame({"chrom": names, "start": [5, 5], "end": [9, 20]})
    assert merged(peaks, sizes)["chrom"].tolist() == names
    assert overlapping(peaks, peaks[1:]).tolist() == [False, True]
