"""Simulated reads are what their truth says: the genome at that place, in those numbers, no two alike."""

import gzip

import numpy as np
import pandas as pd
import pytest

from dfim.errors import InputError
from dfim.reads.simulated import simulate_reads, write_reads
from dfim.sequences.bases import reverse_complement, to_string

NUMBERS = {"open": 300, "weak": 60, "background": 100, "adapter": 40, "duplicate": 50, "mitochondrial": 30}
NUMBERS |= {"repeat": 20, "low_quality": 25}
DESIGN = {
    **NUMBERS,
    "paired": True,
    "lanes": 2,
    "read_length": 50,
    "fragment": [160, 50],
    "adapter_sequence": "CTGTCTCTTATACACATCT",
    "weak_regions": 10,
    "mitochondrion": "chrM",
    "repeats": "chrR",
}


@pytest.fixture(scope="module")
def chromosomes():
    rng = np.random.default_rng(1)
    bases = {
        name: np.frombuffer(b"ACGT", np.uint8)[rng.integers(0, 4, size)]
        for name, size in (("chr1", 40_000), ("chr2", 20_000), ("chrM", 2000), ("chrR", 900))
    }
    return bases | {"chrR": np.tile(bases["chrR"], 2)}


@pytest.fixture(scope="module")
def regions():
    starts = np.arange(2000, 18_000, 2000)
    return pd.DataFrame({"chrom": "chr1", "start": starts, "end": starts + 250, "signal": 10.0})


@pytest.mark.parametrize("paired", [True, False])
def test_reads_are_the_bases_of_their_fragments(chromosomes, regions, paired):
    truth, reads, lanes = simulate_reads(chromosomes, regions, DESIGN | {"paired": paired}, 7, "one")
    assert truth["kind"].value_counts().to_dict() == NUMBERS
    assert sorted(np.concatenate(lanes)) == list(range(len(truth)))
    assert reads.shape == (1 + paired, len(truth), 50)
    for row in truth[truth["kind"] != "low_quality"].itertuples():
        bases = chromosomes[row.chrom][int(row.start) : int(row.end)]
        both = [bases, reverse_complement(bases)]
        for end, expected in enumerate(both[:: 1 if row.strand == "+" else -1][: 1 + paired]):
            text = to_string(reads[end, row.Index])
            assert text.startswith(to_string(expected[:50]))
            if row.kind == "adapter":
                assert text[len(expected) :].startswith(DESIGN["adapter_sequence"][:8])
    distinct = truth[~truth["kind"].isin(["duplicate", "low_quality"])]
    five = distinct["start"].where(distinct["strand"] == "+", distinct["end"])
    key = [distinct["start"], distinct["end"]] if paired else [five, distinct["strand"]]
    assert not pd.concat([distinct["chrom"], *key], axis=1).duplicated().any()
    # Within one half, so that every one of them has its double in the other.
    assert (truth.loc[truth["kind"] == "repeat", "end"] <= 900).all()


def test_open_fragments_have_an_end_in_their_region_and_weak_ones_none(chromosomes, regions):
    truth, _, _ = simulate_reads(chromosomes, regions, DESIGN, 7, "one")

    def cut_in_region(row):
        place = row.start if row.strand == "+" else row.end
        return ((regions["start"] <= place) & (place <= regions["end"]) & (row.chrom == "chr1")).any()

    assert all(map(cut_in_region, truth[truth["kind"] == "open"].itertuples()))
    assert not any(map(cut_in_region, truth[truth["kind"] == "weak"].itertuples()))


def test_one_seed_makes_one_library_and_another_name_another(chromosomes, regions, tmp_path):
    contents = []
    for number, name in enumerate(["one", "one", "two"]):
        paths = [
            [str(tmp_path / f"{number}_{lane}_{end}.fastq.gz") for end in "12"]
            for lane in range(DESIGN["lanes"])
        ]
        write_reads(*simulate_reads(chromosomes, regions, DESIGN, 7, name), paths)
        contents.append([(tmp_path / path).read_bytes() for lane in paths for path in lane])
    assert contents[0] == contents[1]
    assert contents[0] != contents[2]
    lines = [gzip.decompress(content).decode().splitlines() for content in contents[0]]
    assert sum(len(part) // 4 for part in lines) == 2 * sum(NUMBERS.values())
    assert [line.split()[0] for line in lines[0][::4]] == [line.split()[0] for line in lines[1][::4]]


def test_more_fragments_than_fit_are_refused(chromosomes, regions):
    few = regions.head(1).assign(end=regions["start"].iloc[0] + 5)
    with pytest.raises(InputError, match=r"^300 different fragments do not fit into the simulated genome"):
        simulate_reads(chromosomes, few, DESIGN | {"paired": False}, 7, "one")
