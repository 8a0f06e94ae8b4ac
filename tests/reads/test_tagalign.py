"""Tags of small BAM files whose every read is known, and random choices that are exact and repeatable."""

import gzip

import numpy as np
import pysam
import pytest

from dfim.errors import InputError
from dfim.reads.tagalign import (
    TN5_SHIFT,
    complexity,
    count_library,
    cut_sites,
    sample,
    split_tags,
    stream,
    write_tags,
)

HEADER = {
    "HD": {"VN": "1.6", "SO": "coordinate"},
    "SQ": [{"SN": "chr1", "LN": 5000}, {"SN": "chrM", "LN": 900}],
}


def read(chrom, start, length, reverse=False, duplicate=False, mate=None, first=True):
    """Return one aligned read; ``mate`` is (start, length) of a mate on the other strand."""
    segment = pysam.AlignedSegment(pysam.AlignmentHeader.from_dict(HEADER))
    segment.query_name, segment.reference_id, segment.reference_start = "r", chrom, start
    segment.query_sequence, segment.cigartuples, segment.mapping_quality = "A" * length, [(0, length)], 40
    segment.is_reverse, segment.is_duplicate = reverse, duplicate
    if mate:
        segment.is_paired = segment.is_proper_pair = True
        segment.is_read1, segment.is_read2 = first, not first
        segment.mate_is_reverse = not reverse
        segment.next_reference_id, segment.next_reference_start = chrom, mate[0]
        segment.set_tag("MC", f"{mate[1]}M")
    return segment


def pair(chrom, start, end, length=50, **options):
    """Return the two reads of a fragment."""
    ahead, back = (start, length), (end - length, length)
    return [
        read(chrom, *ahead, mate=back, first=True, **options),
        read(chrom, *back, reverse=True, mate=ahead, first=False, **options),
    ]


def write_bam(path, reads):
    with pysam.AlignmentFile(path, "wb", header=HEADER) as out:
        for one in sorted(reads, key=lambda one: (one.reference_id, one.reference_start)):
            out.write(one)
    return str(path)


def lines(path):
    return [tuple(line.split("\t")) for line in gzip.decompress(path.read_bytes()).decode().splitlines()]


@pytest.fixture
def paired_bam(tmp_path):
    reads = pair(0, 100, 300) + pair(0, 100, 300, duplicate=True) + pair(0, 100, 250) + pair(0, 900, 940, 40)
    return write_bam(tmp_path / "pairs.bam", reads + pair(1, 10, 200))


def test_pairs_become_two_shifted_tags_side_by_side(paired_bam, tmp_path):
    tags = tmp_path / "tags.gz"
    assert write_tags(paired_bam, tags, True, ["chrM"], TN5_SHIFT) == 6
    spans = [(line[0], int(line[1]), int(line[2]), line[5]) for line in lines(tags)]
    assert spans[4:] == [("chr1", 904, 940, "+"), ("chr1", 900, 935, "-")]
    assert sorted(spans[:4]) == [
        ("chr1", 104, 150, "+"), ("chr1", 104, 150, "+"), ("chr1", 200, 245, "-"), ("chr1", 250, 295, "-"),
    ]  # fmt: skip
    assert [span[3] for span in spans] == ["+", "-"] * 3
    assert {line[3:5] for line in lines(tags)} == {("N", "1000")}
    assert {chrom: list(at) for chrom, at in cut_sites(tags).items()} == {
        "chr1": [104, 104, 244, 294, 904, 934]
    }


def test_library_counts_units_places_and_lengths(paired_bam):
    library = count_library(paired_bam, True, ["chrM"])
    assert (library.units, library.duplicates, library.mitochondrial, library.kept) == (5, 1, 1, 3)
    assert library.multiplicities == {1: 2, 2: 1}
    assert {length: n for length, n in enumerate(library.fragments) if n} == {40: 1, 150: 1, 200: 1}


def test_pairs_of_the_same_ends_are_two_places_when_their_first_reads_lie_on_different_strands(tmp_path):
    ahead, back = (100, 50), (250, 50)
    turned = [
        read(0, *ahead, mate=back, first=False),
        read(0, *back, reverse=True, mate=ahead, first=True),
    ]
    bam = write_bam(tmp_path / "turned.bam", pair(0, 100, 300) + turned)
    assert count_library(bam, True, ["chrM"]).multiplicities == {1: 2}


def test_what_is_clipped_or_inserted_in_a_mate_is_not_on_the_genome(tmp_path):
    reads = pair(0, 100, 300)
    reads[0].set_tag("MC", "5S20M3I10M7D13M6H")
    bam = write_bam(tmp_path / "clipped.bam", reads)
    assert list(np.flatnonzero(count_library(bam, True, ["chrM"]).fragments)) == [200]
    write_tags(bam, tmp_path / "tags.gz", True, ["chrM"], (0, 0))
    assert [line[1:3] for line in lines(tmp_path / "tags.gz")] == [("100", "150"), ("250", "300")]


def test_single_reads_keep_their_ends_without_shift(tmp_path):
    reads = [read(0, 10, 50), read(0, 10, 50, duplicate=True), read(0, 10, 50, reverse=True), read(0, 10, 36)]
    bam = write_bam(tmp_path / "single.bam", reads)
    library = count_library(bam, False, ["chrM"])
    assert library.multiplicities == {1: 2, 2: 1}
    write_tags(bam, tmp_path / "tags.gz", False, ["chrM"], (0, 0))
    found = [(int(line[1]), int(line[2]), line[5]) for line in lines(tmp_path / "tags.gz")]
    assert sorted(found) == [(10, 46, "+"), (10, 60, "+"), (10, 60, "-")]


def test_complexity_by_its_definition():
    counts = np.random.default_rng(2).integers(1, 5, 300)
    found = complexity({copies: int((counts == copies).sum()) for copies in range(1, 5)})
    assert found["nrf"] == pytest.approx(len(counts) / counts.sum())
    assert found["pbc1"] == pytest.approx((counts == 1).sum() / len(counts))
    assert found["pbc2"] == pytest.approx((counts == 1).sum() / (counts == 2).sum())
    assert complexity({1: 4})["pbc2"] == float("inf")


def test_a_sample_has_its_size_and_follows_the_seed():
    one, same, other = (sample(1000, 137, stream(seed, "x")) for seed in (1, 1, 2))
    assert one.sum() == 137
    assert (one == same).all()
    assert (one != other).any()
    assert sample(100, None, stream(1, "x")) is None
    assert sample(100, 100, stream(1, "x")) is None


def test_halves_hold_every_unit_once_and_pairs_stay_whole(tmp_path):
    single = [f"chr1\t{at}\t{at + 50}\tN\t1000\t+\n" for at in range(7)]
    pairs = [f"chr2\t{at}\t{at + 9}\tN\t1000\t{strand}\n" for at in range(8) for strand in "+-"]
    for name, content in (("s.gz", single), ("p.gz", pairs)):
        (tmp_path / name).write_bytes(gzip.compress("".join(content).encode()))
    halves = (tmp_path / "1.gz", tmp_path / "2.gz")
    sources = [(str(tmp_path / "s.gz"), 1), (str(tmp_path / "p.gz"), 2)]
    assert split_tags(sources, halves, stream(3, "split")) == (8, 7)
    parts = [gzip.decompress(half.read_bytes()).decode().splitlines(keepends=True) for half in halves]
    assert sorted(parts[0] + parts[1]) == sorted(single + pairs)
    for part in parts:
        ours = [line for line in part if line.startswith("chr2")]
        assert all(a.split("\t")[1] == b.split("\t")[1] for a, b in zip(ours[::2], ours[1::2], strict=True))
    before = [half.read_bytes() for half in halves]
    split_tags(sources, halves, stream(3, "split"))
    assert [half.read_bytes() for half in halves] == before


def test_one_read_cannot_be_halved(tmp_path):
    (tmp_path / "s.gz").write_bytes(gzip.compress(b"chr1\t0\t50\tN\t1000\t+\n"))
    with pytest.raises(
        InputError, match="has 1 reads left after filtering, and two pseudoreplicates need at least 2"
    ):
        split_tags([(str(tmp_path / "s.gz"), 1)], (tmp_path / "1.gz", tmp_path / "2.gz"), stream(1, "x"))
