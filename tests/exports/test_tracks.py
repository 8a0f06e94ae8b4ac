"""Tests of dfim.exports.tracks: contributions along a genome."""

import gzip
import re

import numpy as np
import pandas as pd
import pybigtools
import pytest

from dfim.errors import InputError
from dfim.exports.tracks import along_genome, write_bedgraph, write_bigwig

SIZES = {"chr2": 60, "chr10": 40}
EXAMPLES = pd.DataFrame({"chrom": ["chr10", "chr2", "chr2"], "start": [5, 12, 10]})
IMPORTANCE = np.array([[1.0, -2.0, 3.0, 0.5], [4.0, 5.0, 6.0, 7.0], [0.0, 1.0, 2.0, 3.0]])


def brute(chrom):
    """Return the mean at each base of a chromosome, NaN where there is no example, base by base."""
    values = [[] for _ in range(SIZES[chrom])]
    for row, (_, example) in enumerate(EXAMPLES.iterrows()):
        for offset, value in enumerate(IMPORTANCE[row] if example["chrom"] == chrom else []):
            values[example["start"] + offset].append(value)
    return np.array([np.mean(each) if each else np.nan for each in values])


def test_overlapping_examples_are_averaged_base_by_base():
    track = along_genome(EXAMPLES, IMPORTANCE, SIZES)
    assert track["chrom"].drop_duplicates().tolist() == ["chr2", "chr10"]
    assert (track["end"] - track["start"] == 1).all()
    for chrom, size in SIZES.items():
        found = np.full(size, np.nan)
        rows = track[track["chrom"] == chrom]
        found[rows["start"]] = rows["value"]
        np.testing.assert_allclose(found, brute(chrom))


def test_a_bigwig_and_a_bedgraph_hold_the_track(tmp_path):
    track = along_genome(EXAMPLES, IMPORTANCE, SIZES)
    write_bigwig(track, SIZES, tmp_path / "c.bw")
    write_bedgraph(track, tmp_path / "c.bedgraph.gz")
    with pybigtools.open(str(tmp_path / "c.bw")) as handle:
        assert handle.chroms() == SIZES
        for chrom, size in SIZES.items():
            np.testing.assert_allclose(handle.values(chrom, 0, size, fillna=None), brute(chrom))
    lines = gzip.decompress((tmp_path / "c.bedgraph.gz").read_bytes()).decode().splitlines()
    assert lines[0] == "chr2\t10\t11\t0"
    assert lines[-1] == "chr10\t8\t9\t0.5"
    assert len(lines) == 6 + 4


@pytest.mark.parametrize(
    ("examples", "sentence"),
    [
        (
            EXAMPLES.assign(chrom=None),
            "examples without a place in a genome have no track: use the export 'modisco' instead.",
        ),
        (
            EXAMPLES.assign(start=[5, 12, 58]),
            "an example of chr2 lies beyond its 60 bases: make the dataset again.",
        ),
    ],
)
def test_examples_off_the_genome_are_refused(examples, sentence):
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        along_genome(examples, IMPORTANCE, SIZES)
