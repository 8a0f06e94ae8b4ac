"""From accessions on a server to interactions in one call; again nothing; and without the server from lock
and files.
"""

import gzip
import os
import shutil
import sys

import pandas as pd
import pytest
import yaml
from support.portal_server import PortalServer
from support.snakemake_command import ROOT, snakemake

from dfim.accessions.lock import read_lock

TOOLS = [*filter(None, map(shutil.which, ("bowtie2", "samtools", "bedtools")))]
HAS_MACS = bool(shutil.which("macs2") or shutil.which("macs3"))

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.skipif(
        (len(TOOLS) < 3 or not HAS_MACS) and not os.environ.get("CI"),
        reason="what reads need is missing: bash envs/install.sh",
    ),
]
ATAC = (
    "task\treplicate\tassay\tends\taccession\tsamples\tsubsample\n"
    "erythroid\t\tATAC-seq\t\tGSE1\t*ery*\t13000\n"
)
LANES = [
    *(f"erythroid_{lane}_R{end}" for lane in ("1_L1", "1_L2", "2_L1") for end in (1, 2)),
    "myeloid_1_L1_R1",
    "myeloid_2_L1_R1",
]
# The end of the call. Figures, the page and what a network is worth are a matter of test_reads.py.
PAIRS = "results_reads/interactions/gata_ap1/accessibility/erythroid/gradient_input/pairs.tsv.gz"
DNASE = "task\treplicate\tassay\tends\taccession\nmyeloid\t\tDNase-seq\t\tENCSR000AAA\n"


def run(folder, *arguments, cores=2):
    """Run the workflow in a folder; return what it printed."""
    tools = f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"
    return snakemake("--cores", str(cores), *arguments, "--configfile", "config.yaml", cwd=folder, PATH=tools)


def configure(folder, server, **changes):
    """Write the configuration of config/reads.yaml with accessions in place of files."""
    config = yaml.safe_load((ROOT / "config/reads.yaml").read_text())
    (folder / "atac.tsv").write_text(ATAC)
    (folder / "dnase.tsv").write_text(DNASE)
    config["reads"]["atac"]["samples"] = "atac.tsv"
    config["reads"]["dnase"]["samples"] = "dnase.tsv"
    # That the network learns is a matter of test_reads.py, and so is IDR, which fits for seconds.
    config["models"]["accessibility"]["training"]["epochs"] = 5
    config["reads"]["atac"]["reproducibility"] = "overlap"
    config["accessions"] = {"folder": "locks", **(server.addresses if server else {})}
    config["downloads"] = {"tries": 2, "pause": 0.01, "timeout": 5}
    config |= {"simulated_reads": {}, **changes}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))


def thinned(packed: bytes) -> bytes:
    """Return every third read of a FASTQ file."""
    lines = gzip.decompress(packed).splitlines(keepends=True)
    kept = [line for number, line in enumerate(lines) if number // 4 % 3 == 0]
    return gzip.compress(b"".join(kept), 1)


@pytest.fixture(scope="module")
def reads(with_reads):
    """A third of the simulated reads of config/reads.yaml, by the name of their file."""
    made = with_reads / "results_reads/simulated_reads"
    return {
        path.name.removesuffix(".fastq.gz"): thinned(path.read_bytes()) for path in made.glob("*.fastq.gz")
    }


def serve(server, reads):
    """Give the server the reads: ATAC-seq as a series of GEO, DNase-seq as an experiment of ENCODE."""
    runs = {"SRR0000011": "erythroid_1_L1", "SRR0000012": "erythroid_1_L2", "SRR0000013": "erythroid_2_L1"}
    for run_name, lane in runs.items():
        server.add_run(run_name, (reads[f"{lane}_R1"], reads[f"{lane}_R2"]))
    server.runs[1] |= {"sample_alias": "GSM0000011", "experiment_alias": "GSM0000011_r2"}
    server.add_run("SRR0000014")
    titles = {"GSM0000011": "D1-ery", "GSM0000013": "D2-ery", "GSM0000014": "D1-mono"}
    server.add_series("GSE1", titles)
    files = [
        server.add_file(
            f"ENCFF000AA{letter}",
            reads[f"myeloid_{number}_L1_R1"],
            replicate={"biological_replicate_number": number, "technical_replicate_number": 1},
        )
        for number, letter in ((1, "A"), (2, "B"))
    ]
    server.add_experiment("ENCSR000AAA", files)


@pytest.fixture(scope="module")
def finished(tmp_path_factory, reads):
    """A folder in which one call went from accessions to interactions; the server is gone."""
    folder, server = tmp_path_factory.mktemp("accessions"), PortalServer()
    serve(server, reads)
    server.faults["/experiments"] = [429, 503]
    configure(folder, server, downloads={"tries": 4, "pause": 0.01, "timeout": 30})
    ran = run(folder, PAIRS)
    server.close()
    assert ran.returncode == 0, ran.stdout[-5000:]
    return folder


@pytest.mark.long
def test_one_call_goes_from_accessions_to_interactions(finished):
    results = finished / "results_reads"
    assert set(pd.read_csv(finished / PAIRS, sep="\t")["pair"]) == {"AP1–GATA"}
    lock = read_lock(finished / "locks/atac.tsv")
    assert [one.run for one in lock] == [f"SRR000001{n}" for n in (1, 1, 2, 2, 3, 3, 4, 4)]
    assert {path.name for path in (results / "reads/atac/erythroid/tags").glob("GSM*.gz")} == {
        f"{name}.tagAlign.gz" for name in ("GSM0000011", "GSM0000013")
    }
    assert not (results / "reads/atac/erythroid/fastq").exists()
    counts = [
        pd.read_csv(path, sep="\t") for path in (results / "reads/atac/erythroid/trimmed").glob("*.tsv")
    ]
    assert len(counts) == 3
    assert {path.name for path in (results / "reads/dnase/myeloid/trimmed").glob("*.tsv")} == {
        "1.1.tsv",
        "2.1.tsv",
    }


@pytest.mark.long
def test_a_second_call_does_nothing_and_the_server_is_not_needed(finished, tmp_path):
    assert "Nothing to be done" in run(finished, PAIRS).stdout
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    for name in ("models", "datasets", "interactions"):
        shutil.rmtree(tmp_path / "results_reads" / name)
    for peaks in (tmp_path / "results_reads/reads").glob("*/*/peaks.narrowPeak.gz"):
        peaks.unlink()
    ran = run(tmp_path, PAIRS)
    assert ran.returncode == 0, ran.stdout[-5000:]
    again = tmp_path / "results_reads/reads/atac/erythroid/peaks.narrowPeak.gz"
    assert again.read_bytes() == (finished / again.relative_to(tmp_path)).read_bytes()


def test_a_dry_run_needs_neither_lock_nor_network(tmp_path):
    configure(tmp_path, None)
    ran = run(tmp_path, "--dry-run")
    assert ran.returncode == 0, ran.stdout[-3000:]
    for rule in ("resolve_accessions", "build_peak_dataset", "train_model", "score_pairs"):
        assert f"\n{rule} " in ran.stdout
    assert not (tmp_path / "locks").exists()


def test_locks_are_refreshed_on_demand_alone_and_what_changed_is_shown(tmp_path):
    server = PortalServer()
    serve(server, dict.fromkeys(LANES, b"x"))
    configure(tmp_path, server)
    ran = run(tmp_path, "accessions")
    assert ran.returncode == 0, ran.stdout
    assert "locks/dnase.tsv: 1 accessions, 2 files, 0.0 GB" in ran.stdout
    before = (tmp_path / "locks/dnase.tsv").read_bytes()
    server.objects["experiments/ENCSR000AAA"]["files"][0]["md5sum"] = "f" * 32
    asked = server.requests["/experiments/ENCSR000AAA/"]
    assert run(tmp_path, "--dry-run").returncode == 0
    assert server.requests["/experiments/ENCSR000AAA/"] == asked
    ran = run(tmp_path, "accessions")
    assert f"~ ENCSR000AAA ENCFF000AAA: md5 was '{read_md5(before)}', and is '{'f' * 32}'" in ran.stdout
    del server.objects["experiments/ENCSR000AAA"]
    ran = run(tmp_path, "accessions")
    server.close()
    assert ran.returncode != 0
    assert "error: ENCODE does not know ENCSR000AAA (experiments): check the accession." in ran.stdout
    assert (tmp_path / "locks/dnase.tsv").read_bytes() != before  # what was known is kept


def read_md5(lock: bytes) -> str:
    header, row = [line.split("\t") for line in lock.decode().splitlines()[1:3]]
    return row[header.index("md5")]


def test_samples_that_fail_are_named_and_the_others_finish(tmp_path, reads):
    """A wrong checksum of one replicate, and too few reads of another."""
    server = PortalServer()
    serve(server, reads)
    server.objects["experiments/ENCSR000AAA"]["files"][1]["md5sum"] = "0" * 32
    configure(tmp_path, server)
    config = yaml.safe_load((tmp_path / "config.yaml").read_text())
    config["reads"]["atac"]["fewest"] = 10_000_000
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    tags = ["dnase/myeloid/tags/1", "dnase/myeloid/tags/2", "atac/erythroid/tags/GSM0000013"]
    target = [f"results_reads/reads/{name}.tagAlign.gz" for name in tags]
    assert run(tmp_path, "accessions").returncode == 0
    ran = run(tmp_path, *target)
    server.close()
    assert ran.returncode != 0
    assert "ENCFF000AAB.fastq.gz has the md5 " in ran.stdout
    assert f"and {'0' * 32} was expected: the file is damaged" in ran.stdout
    few = "reads of the replicate 'GSM0000013' of 'erythroid' remain, and 10000000 are needed (fewest)"
    assert few in ran.stdout
    assert "Traceback" not in ran.stdout
    assert [(tmp_path / path).exists() for path in target] == [True, False, False]
    with gzip.open(tmp_path / target[0]) as written:
        assert written.read(4)


def test_a_query_is_asked_on_demand_and_without_its_answer_there_is_a_sentence(tmp_path):
    server = PortalServer()
    for number, experiment in enumerate(("ENCSR000AAC", "ENCSR000AAD")):
        name = f"ENCFF90{number}AAA"
        server.add_file(
            name,
            file_format="bed",
            assembly="hg19",
            dataset=f"/experiments/{experiment}/",
            biosample_ontology={"term_name": "liver"},
            href=f"/files/{name}/@@download/{name}.bed.gz",
        )
    config = yaml.safe_load((ROOT / "config/reads.yaml").read_text())
    windows = {"genome": "small", "tasks": "locks/reference.tsv", "examples": "union"}
    queries = {"reference": {"encode": {"assembly": "hg19"}, "expected": 900}}
    datasets = config["datasets"] | {"reference": {"peaks": windows}}
    configure(tmp_path, server, queries=queries, datasets=datasets)
    target = "results_reads/datasets/reference/sequences.h5"
    ran = run(tmp_path, target)
    assert ran.returncode != 0
    assert (
        "the query reference was not asked yet: run 'snakemake accessions' with this configuration."
        in ran.stdout
    )
    serve(server, dict.fromkeys(LANES, b"x"))
    ran = run(tmp_path, "accessions")
    server.close()
    assert ran.returncode == 0, ran.stdout
    assert (
        "2 experiments of ENCODE are found for the query reference; 900 samples were expected" in ran.stdout
    )
    ran = run(tmp_path, "--dry-run", target)
    assert all(f"-ENCFF90{number}AAA.bed.gz" in ran.stdout for number in (0, 1))
