"""Peaks from folders of output and from matrices of counts."""

import gzip
import re

import numpy as np
import pandas as pd
import pytest

from dfim.datasets.peak_sources import find_pipeline_peaks, peaks_from_counts
from dfim.errors import InputError
from dfim.genomes.intervals import read_peaks


@pytest.mark.parametrize(
    ("peak_set", "place"),
    [
        ("idr", "peak/idr_reproducibility/idr.optimal_peak.narrowPeak.gz"),
        ("overlap", "peak/overlap_reproducibility/overlap.optimal_peak.narrowPeak.gz"),
        ("idr", "call-reproducibility_idr/execution/idr.optimal_peak.narrowPeak.gz"),
        ("overlap", "call-reproducibility_overlap/execution/optimal_peak.narrowPeak.gz"),
        ("idr", "peak/macs2/idr/optimal_set/K562_ppr.IDR0.1.filt.narrowPeak.gz"),
        ("overlap", "peak/macs2/overlap/optimal_set/K562_ppr.naive_overlap.filt.narrowPeak.gz"),
        ("overlap", "peak/macs2/overlap/K562.naive_overlap.filt.narrowPeak.gz"),
    ],
)
def test_each_pipeline_has_its_place_for_each_set(tmp_path, peak_set, place):
    other = {"idr": "overlap", "overlap": "idr"}[peak_set]
    for name in (
        place,
        "peak/macs2/rep1/K562_rep1.filt.narrowPeak.gz",
        place.replace("optimal", "conservative"),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert find_pipeline_peaks(tmp_path, peak_set) == str(tmp_path / place)
    with pytest.raises(
        InputError, match=f"is a folder without the peaks of the set '{other}', which are looked"
    ):
        find_pipeline_peaks(tmp_path, other)


def test_several_files_at_one_place_are_refused(tmp_path):
    place = tmp_path / "peak/macs2/idr/optimal_set"
    place.mkdir(parents=True)
    for name in ("a.filt.narrowPeak.gz", "b.filt.narrowPeak.gz"):
        (place / name).touch()
    with pytest.raises(
        InputError, match=r"\(a\.filt\.narrowPeak\.gz, b\.filt\.narrowPeak\.gz\): give the path"
    ):
        find_pipeline_peaks(tmp_path, "idr")


def matrix(path, seed=0, rows=50):
    """Write a matrix of five samples of different depth; return its counts."""
    rng = np.random.default_rng(seed)
    names = ["6792-7A", "Donor7256-7B-141106", "4983-1A", "4983-17A", "6792-9A"]
    counts = pd.DataFrame(rng.poisson(20, (rows, 5)) * [1, 10, 3, 1, 2], columns=names)
    table = pd.DataFrame({"Chr": "chr1", "Start": 500 * np.arange(rows), "End": 500 * np.arange(rows) + 499})
    text = pd.concat([table, counts], axis=1).to_csv(sep="\t", index=False)
    path.write_bytes(gzip.compress(text.encode()))
    return counts


def test_an_interval_is_open_by_the_mean_of_its_counts_per_million(tmp_path):
    path = tmp_path / "counts.txt.gz"
    counts = matrix(path)
    monocytes = ["6792-7A", "Donor7256-7B-141106"]
    expected = []
    for row in range(len(counts)):
        shares = [counts[name][row] / counts[name].sum() * 1e6 for name in monocytes]
        if sum(shares) / 2 >= 21_000:
            expected.append(("chr1", 500 * row, 500 * row + 499))
    found = peaks_from_counts(path, ["*-7[AB]*"], 21_000)
    assert list(found.itertuples(index=False, name=None)) == expected
    assert 5 < len(expected) < 45
    # A deeper sample weighs no more than another.
    deep = peaks_from_counts(path, ["Donor*"], 21_000)
    assert not deep.equals(found)
    bed = tmp_path / "peaks.bed"
    bed.write_text(found.to_csv(sep="\t", header=False, index=False))
    peaks = read_peaks(bed, {"chr1": 30_000})
    assert (peaks["summit"] == peaks["start"] + 249).all()


@pytest.mark.parametrize(
    ("change", "samples", "least", "words"),
    [
        (None, ["*-8*"], 1, "has a name like '*-8*': the samples are 6792-7A, Donor7256-7B-141106, 4983-1A"),
        (None, ["*-7*"], 10**6, "has 1e+06 counts per million on average over 6792-7A, Donor7256-7B-141106"),
        (
            ("Start", "Begin"),
            ["*"],
            1,
            "has no column 'start': a matrix of counts begins with Chr, Start, End.",
        ),
        (("\t499\t", "\t499\tx"), ["*-7A*"], 1, "line 2: the sample 6792-7A has 'x"),
    ],
)
def test_what_cannot_be_told_from_a_matrix(tmp_path, change, samples, least, words):
    path = tmp_path / "counts.txt.gz"
    matrix(path)
    if change:
        text = gzip.decompress(path.read_bytes()).decode().replace(*change, 1)
        path.write_bytes(gzip.compress(text.encode()))
    with pytest.raises(InputError, match=re.escape(words)) as error:
        peaks_from_counts(path, samples, least)
    assert str(path) in str(error.value)


FEATURE_COUNTS = (
    "# Program:featureCounts v2.0.3; Command: x\n"
    "Geneid\tChr\tStart\tEnd\tStrand\tLength\ta.bam\tb.bam\n"
    "p1\tchr1\t11\t60\t.\t50\t5\t6\np2\tchr1\t1e+05\t100049\t.\t50\t7\t5\np3\tchr2\t1\t9\t.\t9\t0\t0\n"
)
GRANGES = (
    '"seqnames"\t"start"\t"end"\t"width"\t"strand"\t"a.bam"\n'
    '"1"\t"chr1"\t11\t60\t50\t"*"\t5\n"2"\t"chr1"\t1e+05\t100049\t50\t"*"\t7\n"3"\t"chr2"\t1\t9\t9\t"*"\t0\n'
)


@pytest.mark.parametrize("text", [FEATURE_COUNTS, GRANGES])
def test_intervals_counted_from_one_are_told_by_their_length(tmp_path, text, caplog):
    caplog.set_level("INFO")
    path = tmp_path / "counts.txt"
    path.write_text(text)
    found = peaks_from_counts(path, ["*"], 1)
    assert list(found.itertuples(index=False, name=None)) == [("chr1", 10, 60), ("chr1", 99_999, 100_049)]
    assert "the intervals are counted from 1 (length = end - start + 1)" in caplog.text
    # The same table counted from 0 has other lengths.
    path.write_text(
        text.replace("\t50\t", "\t49\t").replace("\t9\t9\t", "\t9\t8\t").replace("\t9\t.\t9", "\t9\t.\t8")
    )
    assert peaks_from_counts(path, ["*"], 1)["start"].tolist() == [11, 100_000]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            ("\t50\t7", "\t51\t7"),
            ", line 4: the length 51 does not fit the interval from 100000 to 100049 as in",
        ),
        (("\tLength", "\tLongness"), " has a column 'Geneid' and no column 'Length': featureCounts counts"),
        (("p2\tchr1", "p2\tchr1;chr1"), ", line 4: the row has several intervals (chr1;chr1), and one is"),
        (("1e+05", "1.00001e+05"), ", line 4: start is '1.00001e+05', which is rounded, and all digits of"),
        (
            ("chr2\t1\t9\t.\t9", "chr2\t-1\t9\t.\t11"),
            ", line 5: start is -1, and intervals that are counted from 1 (by their length) need 1.",
        ),
        (("chr2", "chr3"), ", line 5: the chromosome 'chr3' is not in the genome, which has chr1, chr2."),
        (("9\t.\t9", "99\t.\t99"), ", line 5: end 99 lies beyond chr2, which is 20 bp long"),
    ],
)
def test_the_matrix_itself_is_blamed_and_its_line(tmp_path, change, sentence):
    path = tmp_path / "counts.txt"
    path.write_text(FEATURE_COUNTS.replace(*change))
    with pytest.raises(InputError) as error:
        peaks_from_counts(path, ["*.bam"], 1, {"chr1": 200_000, "chr2": 20})
    assert str(error.value).startswith(f"{path}{sentence}")
