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
