"""From simulated FASTQ files to interactions in one call: nothing unwanted is left, what is open is found."""

import gzip
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pysam
import pytest
import yaml
from support.snakemake_command import ROOT, snakemake

from dfim.genomes.intervals import overlapping
from dfim.genomes.narrowpeak import read_narrowpeak

READ_TOOLS = [*filter(None, (shutil.which(tool) for tool in ("bowtie2", "samtools", "bedtools")))]
HAS_MACS = bool(shutil.which("macs2") or shutil.which("macs3"))

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.skipif(
        (len(READ_TOOLS) < 3 or not HAS_MACS) and not os.environ.get("CI"),
        reason="what reads need is missing: bash envs/install.sh",
    ),
]

REPLICATES = [
    ("atac", "erythroid", "1"),
    ("atac", "erythroid", "2"),
    ("dnase", "myeloid", "1"),
    ("dnase", "myeloid", "2"),
]
UNWANTED = ["duplicate", "repeat", "low_quality"]


def run(path, *arguments, cores=2, config=ROOT / "config/reads.yaml", **options):
    """Run the workflow on reads in a folder; return what it printed. Options are those of ``snakemake``."""
    given = ("--directory", str(path), "--configfile", str(config), "--cores", str(cores))
    tools = f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"
    return snakemake(*given, *arguments, cwd=Path.cwd(), PATH=tools, **options)


@pytest.fixture(scope="session")
def sequenced(with_reads, tmp_path_factory):
    """The results of config/reads.yaml; tests must not change them."""
    path = tmp_path_factory.mktemp("reads")
    shutil.copytree(with_reads, path, dirs_exist_ok=True)
    ran = run(path)
    assert ran.returncode == 0, ran.stdout[-5000:]
    return path / "results_reads"


def truth_of(results, task, replicate):
    return pd.read_csv(results / f"simulated_reads/{task}_{replicate}.truth.tsv.gz", sep="\t").set_index(
        "read"
    )


def steps_of(results, reads, task, replicate):
    table = pd.read_csv(results / f"reads/{reads}/{task}/quality.tsv", sep="\t", dtype={"library": str})
    return table[table["library"] == replicate].set_index("measure")["value"]


@pytest.mark.parametrize(("reads", "task", "replicate"), REPLICATES)
def test_every_unwanted_read_is_gone_and_every_other_is_left(sequenced, reads, task, replicate):
    truth = truth_of(sequenced, task, replicate)
    kinds = truth["kind"].value_counts()
    ends = 2 if reads == "atac" else 1
    with pysam.AlignmentFile(sequenced / f"reads/{reads}/{task}/aligned/{replicate}.filtered.bam") as bam:
        names = pd.Series([read.query_name for read in bam])
    assert (names.value_counts() == ends).all()
    found = truth.loc[names.unique()]
    assert not found["kind"].isin(["repeat", "low_quality"]).any()
    # Of a molecule and its copies one is left, whichever it is.
    place = ["chrom", "start", "end", "strand"]
    assert not found.duplicated(place).any()
    wanted = truth[~truth["kind"].isin(UNWANTED)]
    assert set(found[place].itertuples(index=False)) == set(wanted[place].itertuples(index=False))

    steps = steps_of(sequenced, reads, task, replicate)
    removed = -np.diff(steps[["sequenced", "trimmed", "mapped", "filtered", "deduplicated", "nuclear"]])
    expected = [0, kinds["low_quality"], kinds["repeat"], kinds["duplicate"], kinds["mitochondrial"]]
    assert list(removed / ends) == expected
    assert steps["used"] == (40_000 if (task, replicate) == ("erythroid", "1") else steps["nuclear"])


def test_adapters_are_cut_off_the_reads_that_run_into_them(sequenced):
    with pysam.AlignmentFile(sequenced / "reads/atac/erythroid/aligned/2.filtered.bam") as bam:
        lengths = {read.query_name: read.query_length for read in bam}
    truth = truth_of(sequenced, "erythroid", "2")
    short = truth[truth["kind"] == "adapter"]
    assert len(short) == 600
    cut = np.array([lengths[name] for name in short.index])
    fragment = (short["end"] - short["start"]).to_numpy()
    # A fragment whose end reads like the adapter's beginning loses a base or two more.
    assert (cut <= fragment).all()
    assert (cut == fragment).mean() > 0.95


def recall_and_precision(results, task, peaks):
    regions = read_narrowpeak(results / f"planted/small/peaks/{task}.narrowPeak.gz")
    summits = peaks.assign(start=peaks["start"] + peaks["summit"], end=peaks["start"] + peaks["summit"] + 1)
    return overlapping(regions, peaks).mean(), overlapping(summits, regions).mean()


def test_planted_regions_come_back_by_overlap(sequenced):
    peaks = read_narrowpeak(sequenced / "reads/dnase/myeloid/peaks.narrowPeak.gz")
    recall, precision = recall_and_precision(sequenced, "myeloid", peaks)
    assert recall >= 0.95
    assert precision >= 0.95


def test_idr_refuses_weak_regions_that_overlap_lets_through(sequenced):
    """The pooled peaks hold hundreds of weak regions, reproducible in place and not in rank."""
    folder = sequenced / "reads/atac/erythroid"
    pooled = read_narrowpeak(folder / "peaks/pooled.narrowPeak.gz")
    recall, precision = recall_and_precision(sequenced, "erythroid", pooled)
    assert recall >= 0.95
    assert precision < 0.75
    recall, precision = recall_and_precision(
        sequenced, "erythroid", read_narrowpeak(folder / "peaks.narrowPeak.gz")
    )
    assert precision >= 0.95
    assert recall >= 0.7
    table = pd.read_csv(folder / "reproducibility.tsv", sep="\t")
    expected = "command idr" if shutil.which("idr") else "dfim.reads.idr"
    assert set(table["implementation"]) == {expected}


def test_the_network_learns_from_these_peaks_and_is_asked_for_interactions(sequenced):
    metrics = pd.read_csv(sequenced / "models/accessibility/metrics.tsv", sep="\t").set_index(
        ["split", "task"]
    )
    assert metrics.loc[("test", "mean"), "auroc"] > 0.7
    pairs = pd.read_csv(
        sequenced / "interactions/gata_ap1/accessibility/erythroid/gradient_input/pairs.tsv.gz", sep="\t"
    )
    assert set(pairs["pair"]) == {"AP1–GATA"}
    assert (sequenced / "figures/reads/atac/erythroid/quality.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.long
def test_one_core_makes_the_same_tags_and_peaks_and_a_second_run_nothing(sequenced, tmp_path):
    assert "Nothing to be done" in run(sequenced.parent, "--dry-run").stdout
    shutil.copytree(sequenced.parent, tmp_path, dirs_exist_ok=True)
    again = tmp_path / "results_reads"
    shutil.rmtree(again / "reads")
    made = [
        "reads/atac/erythroid/tags/1.tagAlign.gz",
        "reads/dnase/myeloid/peaks.narrowPeak.gz",
    ]
    # Started anew, Python has sets and dictionaries by another hash than the processes that were forked.
    ran = run(tmp_path, *[f"results_reads/{path}" for path in made], cores=1, anew=True)
    assert ran.returncode == 0, ran.stdout[-5000:]
    for path in made:
        assert (again / path).read_bytes() == (sequenced / path).read_bytes()


def test_a_damaged_file_ends_in_one_sentence(sequenced, tmp_path):
    config = yaml.safe_load((ROOT / "config/reads.yaml").read_text())
    source = sequenced / "simulated_reads/myeloid_1_L1_R1.fastq.gz"
    (tmp_path / "cut.fastq.gz").write_bytes(source.read_bytes()[:5000])
    (tmp_path / "whole.fastq.gz").write_bytes(gzip.compress(b""))
    (tmp_path / "samples.tsv").write_text(
        "task\treplicate\tassay\tends\tfastq_1\n"
        "myeloid\t1\tDNase-seq\tsingle\tcut.fastq.gz\nmyeloid\t2\tDNase-seq\tsingle\twhole.fastq.gz\n"
    )
    config["reads"]["dnase"]["samples"] = "samples.tsv"
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    target = "results_reads/reads/dnase/myeloid/trimmed/1.1.tsv"
    ran = run(tmp_path, target, config=tmp_path / "config.yaml")
    assert ran.returncode != 0
    assert "error: cut.fastq.gz is a damaged gzip file (" in ran.stdout
    assert "Traceback" not in ran.stdout
    assert not (tmp_path / target).exists()


def test_fastq_files_may_be_urls_with_a_checksum(tmp_path):
    config = yaml.safe_load((ROOT / "config/reads.yaml").read_text())
    (tmp_path / "samples.tsv").write_text(
        "task\treplicate\tassay\tends\tfastq_1\tmd5_1\n"
        f"myeloid\t1\tDNase-seq\tsingle\thttp://localhost/a/reads.fastq.gz\t{'0' * 32}\n"
        f"myeloid\t2\tDNase-seq\tsingle\thttp://localhost/b/reads.fastq.gz\t{'1' * 32}\n"
    )
    config["reads"]["dnase"]["samples"] = "samples.tsv"
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    target = "results_reads/reads/dnase/myeloid/peaks.narrowPeak.gz"
    printed = run(tmp_path, "--dry-run", target, config=tmp_path / "config.yaml").stdout
    lines = [line for line in printed.splitlines() if line.strip().startswith("output:")]
    fetched = {line.split()[-1] for line in lines if "/sources/" in line}
    assert len(fetched) == 2
    assert all(name.endswith("-reads.fastq.gz") for name in fetched)
