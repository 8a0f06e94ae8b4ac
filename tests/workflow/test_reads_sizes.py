"""Sizes of libraries from rows of sheets, and what follows from them: more reads never take less."""

import pytest

from workflow import demands
from workflow.reads_demands import RULES, library_names, planned_jobs
from workflow.reads_sizes import KEPT, ReadSizes, expected_lanes, library_size
from workflow.samples import SampleSheet
from workflow.schema import ROOT
from workflow.sizes import Sizes

EXPECTED = {"reads": 1000, "length": 50, "ends": "paired", "replicates": 3}


def config():
    return {
        "genomes": {"hg19": {"fasta": "x"}, "small": {"planted": "y"}},
        "reads": {"atac": {"genome": "hg19"}},
        "expected_sizes": {"reads": {"atac": EXPECTED}, "datasets": {}, "analyses": {}},
        "keep_alignments": False,
    }


def lane(reads, **changes):
    return {"accession": "GSM1", "reads": reads, "read_length": 76, "bytes_1": 4e6, "bytes_2": 5e6} | changes


def sizes(reads, times=1):
    lanes = {"atac": {"A": {"1": [lane(reads), lane(reads)], "2": [lane(reads, subsample="100")]}}}
    return Sizes(config(), {}, "nowhere", times, lanes)


def test_what_a_lock_says_is_taken_and_subsampling_limits_the_tags():
    found = library_size([lane(1000, subsample="400"), lane(2000, subsample="400")], EXPECTED)
    assert (found.reads, found.length, found.fetched_mb, found.lanes, found.tags) == (3000, 76, 18, 2, 400)
    assert library_size([lane(1000)], EXPECTED).tags == KEPT * 1000
    assert library_size([{"fastq_1": "mine.fastq.gz"}], EXPECTED).reads == 1000
    assert library_size([{"fastq_1": "mine.fastq.gz"}], EXPECTED).fetched_mb == 0


def test_pooled_libraries_have_the_tags_of_all_and_halves_half_of_them():
    reads: ReadSizes = sizes(1000).reads
    assert reads.library("atac", "A", "pooled").tags == KEPT * 2000 + 100
    assert reads.library("atac", "A", "pooled.pr2").tags == (KEPT * 2000 + 100) / 2
    assert reads.library("atac", "A", "1.pr1").tags == KEPT * 1000


def test_rows_that_are_not_resolved_are_as_many_replicates_as_are_expected():
    rows = [
        ("", {"task": "A", "replicate": "x", "ends": "", "accession": "GSM1"}),
        ("", {"task": "A", "replicate": "x", "ends": "", "accession": "GSM2"}),
        ("", {"task": "B", "replicate": "", "ends": "single", "accession": "GSE1"}),
    ]
    found = expected_lanes(SampleSheet("s", rows), EXPECTED)
    assert {task: {name: len(lanes) for name, lanes in names.items()} for task, names in found.items()} == {
        "A": {"x": 2},
        "B": {"2r0": 1, "2r1": 1, "2r2": 1},
    }


def test_the_genome_is_counted_where_it_is_there(tmp_path):
    (tmp_path / "genomes").mkdir()
    (tmp_path / "genomes/hg19.fa.sizes").write_text("chr1\t70\nchr2\t30\n")
    assert ReadSizes(config(), {}, str(tmp_path)).genome("hg19") == 100
    assert ReadSizes(config(), {}, "nowhere").genome("hg19") == pytest.approx(3.1e9)


@pytest.mark.parametrize("rule", RULES)
def test_more_reads_never_take_less_and_each_rule_has_a_demand(rule):
    wildcards = {"reads": "atac", "task": "A", "genome": "hg19", "first": "1", "second": "2"}
    if rule not in ("select_peaks", "measure_quality", "plot_quality", "pool_tags", "compare_libraries"):
        wildcards |= {"library": "1"} if rule == "call_peaks" else {"replicate": "1", "lane": "1"}
    few, many = (demands.demand(rule, wildcards, sizes(1e6, times)) for times in (1, 10))
    for one in ("seconds", "memory", "disk", "passing", "download"):
        assert getattr(few, one) <= getattr(many, one)
    assert few.seconds > 0
    text = (ROOT / "rules/reads.smk").read_text()
    assert rule == "fetch_reads" or f"\nrule {rule}:" in text


def test_libraries_of_two_replicates():
    assert library_names(["1", "2"]) == [
        "1", "1.pr1", "1.pr2", "2", "2.pr1", "2.pr2", "pooled", "pooled.pr1", "pooled.pr2",
    ]  # fmt: skip


def test_the_jobs_of_reads_are_those_of_the_default_example():
    """Two replicates of a task, one of two lanes: as many as a dry run of Snakemake lists."""
    jobs = [rule for rule, _ in planned_jobs(sizes(1000).reads)]
    assert {rule: jobs.count(rule) for rule in RULES} == {
        "fetch_reads": 2, "trim_reads": 3, "index_genome": 1, "align_reads": 2, "filter_reads": 2, "make_tags": 2,
        "pool_tags": 1, "split_tags": 3, "call_peaks": 9, "compare_libraries": 4, "select_peaks": 1,
        "measure_quality": 1, "plot_quality": 1,
    }  # fmt: skip
