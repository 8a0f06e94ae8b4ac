"""What the rules from reads to peaks look up."""

from types import SimpleNamespace

import pytest

from workflow.replicates import Replicates, comparisons_of, need, pairs_of, reference_library
from workflow.sheets import Sheets

PAIRED = {"assay": "ATAC-seq", "ends": "paired"}
SAMPLES = {"set": {"A": {"1": [PAIRED | {"subsample": "70"}, PAIRED], "2": [PAIRED | {"ends": "single"}]}}}
READS = {"set": {"genome": "mini", "adapter": "CTG", "window": 150}}
SOURCES = SimpleNamespace(
    fastqs={"set": {"A": {"1": [["a_1.fq", "a_2.fq"], ["b_1.fq", "b_2.fq"]]}}},
    reads={"set": {"tss": "tss.bed"}},
)
LOOKUPS = Replicates({"results": "out", "reads": READS}, Sheets({}, SAMPLES, {}), SOURCES)


def wildcards(**names):
    return SimpleNamespace(reads="set", task="A", **names)


def test_comparisons_of_three_replicates():
    assert pairs_of(["a", "b", "c"]) == ["a_vs_b", "a_vs_c", "b_vs_c"]
    halves = ["pooled.pr1_vs_pooled.pr2", "a.pr1_vs_a.pr2", "b.pr1_vs_b.pr2"]
    assert comparisons_of(["a", "b"]) == ["a_vs_b", *halves]


@pytest.mark.parametrize(("first", "library"), [("a", "pooled"), ("a.pr1", "a"), ("pooled.pr1", "pooled")])
def test_libraries_are_compared_within_the_whole_that_they_are_halves_of(first, library):
    assert reference_library(first) == library
    assert LOOKUPS.reference_peaks(wildcards(first=first)) == f"out/reads/set/A/peaks/{library}.narrowPeak.gz"


def test_lanes_and_ends_of_a_replicate():
    one, two = wildcards(replicate="1", lane="2"), wildcards(replicate="2")
    assert LOOKUPS.fastqs(one) == ["b_1.fq", "b_2.fq"]
    folder = "out/reads/set/A/trimmed"
    assert LOOKUPS.trimmed(1)(one) == [f"{folder}/1.1_R1.fastq.gz", f"{folder}/1.2_R1.fastq.gz"]
    assert LOOKUPS.trimmed(2)(one) == [f"{folder}/1.1_R2.fastq.gz", f"{folder}/1.2_R2.fastq.gz"]
    assert LOOKUPS.trimmed(2)(two) == []
    assert (LOOKUPS.is_paired(one), LOOKUPS.is_paired(two)) == (True, False)
    assert (LOOKUPS.subsample(one), LOOKUPS.subsample(two)) == (70, 0)
    assert LOOKUPS.adapter(one) == "CTG"
    assert LOOKUPS.shapes(one) == {"1": {"lanes": 2, "ends": 2}, "2": {"lanes": 1, "ends": 1}}
    assert LOOKUPS.trimmed_counts(one) == [f"{folder}/1.1.tsv", f"{folder}/1.2.tsv", f"{folder}/2.1.tsv"]


def test_the_pooled_library_is_all_replicates():
    pooled, one = wildcards(replicate="pooled"), wildcards(replicate="1")
    tags = [f"out/reads/set/A/tags/{name}.tagAlign.gz" for name in ("1", "2")]
    assert LOOKUPS.library_tags(pooled) == LOOKUPS.tags(pooled) == tags
    assert (LOOKUPS.library_tags(one), LOOKUPS.library_units(one)) == (tags[:1], [2])
    assert LOOKUPS.library_units(pooled) == [2, 1]
    assert LOOKUPS.number_of_pairs(pooled) == 1


def test_options_and_what_may_be_left_out():
    assert LOOKUPS.chosen_options("window", "genome")(wildcards()) == {"window": 150, "genome": "mini"}
    assert LOOKUPS.genome_file(".fa.sizes")(wildcards()) == "out/genomes/mini.fa.sizes"
    assert LOOKUPS.optional_source("tss")(wildcards()) == {"tss": "tss.bed"}
    assert LOOKUPS.optional_source("blacklist")(wildcards()) == {}


def test_a_missing_program_is_said():
    assert need("one", "two").count("command -v") == 2
    assert "error: two was not found: 'bash envs/install.sh' installs" in need("one", "two")
