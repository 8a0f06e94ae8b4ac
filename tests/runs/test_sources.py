"""Where files come from: sources with one file name stay apart, and the results may lie anywhere."""

import functools
import hashlib
import shutil
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
import pandas as pd
import pytest
import yaml
from support.run_folder import ROOT

from dfim.datasets.dataset import read_dataset

pytestmark = pytest.mark.workflow

DATASET = "results/datasets/{}/sequences.h5"


def planned(folder, *arguments):
    """Return the lines of a dry run that name what jobs write."""
    printed = folder.run("--dry-run", *arguments).stdout
    return [line.strip() for line in printed.splitlines() if line.strip().startswith("output:")]


def fetched(folder, *arguments):
    """Return the planned outputs that are sources."""
    return [line for line in planned(folder, *arguments) if "/sources/" in line]


def test_results_may_have_another_name(folder):
    folder.config["results"] = "elsewhere/out/"
    outputs = planned(folder)
    assert any("elsewhere/out/planted/tiny/peaks/GATA1.narrowPeak.gz" in line for line in outputs)
    assert not any("/sources/" in line or "results/" in line for line in outputs)


def test_sources_of_one_file_name_stay_apart(folder):
    """A sheet names different files that are called the same: each is fetched under a name of its own."""
    names = {}
    for task, place in (("GATA1", "a"), ("GATA2", "b"), ("TAL1", "c")):
        names[task] = f"{place}/peaks.bed"
    rows = [f"{task}\tChIP-seq\t{path}" for task, path in names.items()]
    (folder.path / "tf.tsv").write_text("\n".join(["task\tassay\tpeaks", *rows, ""]))
    alone = [
        line for line in planned(folder, "results/datasets/tf_binding/sequences.h5") if "/sources/" in line
    ]
    together = [line for line in planned(folder) if "/sources/" in line]
    assert len(set(alone)) == 3
    assert set(alone) == set(together)


def test_a_local_file_with_a_checksum_is_verified(folder, finished):
    shutil.copy(
        finished.path / "results/planted/tiny/peaks/DNase_K562.narrowPeak.gz", folder.path / "mine.gz"
    )
    digest = hashlib.sha256((folder.path / "mine.gz").read_bytes()).hexdigest()
    options = folder.config["datasets"]["tf_binding"]["peaks"]
    options["accessible"] = {"location": "mine.gz", "sha256": "0" * 64}
    ran = folder.run("results/datasets/tf_binding/sequences.h5")
    assert ran.returncode != 0
    assert f"mine.gz has the sha256 {digest}, and {'0' * 64} was expected" in " ".join(ran.stdout.split())
    options["accessible"]["sha256"] = digest
    assert folder.run("results/datasets/tf_binding/sequences.h5").returncode == 0


class CountingHandler(SimpleHTTPRequestHandler):
    """Serve a folder and count the requests."""

    def do_GET(self):
        self.server.requests.append(self.path)
        super().do_GET()

    def log_message(self, *arguments):
        """Say nothing."""


@pytest.fixture
def server():
    handler = functools.partial(CountingHandler, directory=str(ROOT / "resources/own"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        httpd.requests = []
        Thread(target=httpd.serve_forever, daemon=True).start()
        yield httpd
        httpd.shutdown()


def test_sources_are_fetched_once_and_a_second_run_touches_no_network(folder, server):
    """The host of the addresses does not exist: everything comes through the mirror."""
    folder.config = yaml.safe_load((ROOT / "config/own.yaml").read_text())
    folder.config["downloads"] = {"mirror": f"http://127.0.0.1:{server.server_port}/", "tries": 1}
    options = folder.config["datasets"]["mine"]["sequences"]
    for role, name in (("file", "sequences.fa"), ("features", "features.bed")):
        options[role] = f"https://./{name}"
    listed = folder.run("list_sources")
    assert listed.stdout.count("download  https://./") == 2
    assert "2 sources: 2 download" in listed.stdout
    assert folder.run("sources").returncode == 0
    assert sorted(server.requests) == ["/./features.bed", "/./sequences.fa"]
    assert "2 sources: 2 here" in folder.run("list_sources").stdout
    # Another mirror, which does not exist, makes nothing outdated.
    folder.config["downloads"] = {"mirror": "http://127.0.0.1:9/", "tries": 1}
    assert "Nothing to be done" in folder.run("sources").stdout
    ran = folder.run("results_own/datasets/mine/sequences.h5")
    assert ran.returncode == 0, ran.stdout[-3000:]
    assert len(server.requests) == 2


def test_peaks_come_from_folders_of_output_and_from_matrices_of_counts(folder):
    """The same peaks, in three forms, are the same positives."""
    peaks = folder.path / "results/planted/tiny/peaks/Ery.narrowPeak.gz"
    assert folder.run("results/planted/tiny/peaks/Ery.narrowPeak.gz").returncode == 0
    place = folder.path / "run/peak/overlap_reproducibility/overlap.optimal_peak.narrowPeak.gz"
    place.parent.mkdir(parents=True)
    shutil.copy(peaks, place)
    table = pd.read_csv(peaks, sep="\t", header=None)[[0, 1, 2]].set_axis(["Chr", "Start", "End"], axis=1)
    closed = table.iloc[:1].assign(Start=5, End=50)
    counts = pd.concat([table.assign(**{"1-7A": 1000, "1-9A": 0}), closed.assign(**{"1-7A": 0, "1-9A": 9})])
    counts.to_csv(folder.path / "counts.txt", sep="\t", index=False)
    rows = [
        "task\tassay\tpeaks\tpeak_set\tsamples\tleast",
        "GM12878\tDNase-seq\t{results}/planted/tiny/peaks/DNase_GM12878.narrowPeak.gz",
        "plain\tATAC-seq\t{results}/planted/tiny/peaks/Ery.narrowPeak.gz",
        "folder\tATAC-seq\trun\toverlap",
        "counts\tATAC-seq\tcounts.txt\t\t*-7A*\t0.5",
    ]
    (folder.path / "cells.tsv").write_text("\n".join([*rows, ""]))
    ran = folder.run("results/datasets/accessibility/sequences.h5")
    assert ran.returncode == 0, ran.stdout[-3000:]
    dataset = read_dataset(folder.path / "results/datasets/accessibility")
    assert dataset.tasks == ["GM12878", "plain", "folder", "counts"]
    labels = dict(zip(dataset.tasks, dataset.labels.T, strict=True))
    assert 0 < labels["plain"].mean() < 1
    np.testing.assert_array_equal(labels["folder"], labels["plain"])
    np.testing.assert_array_equal(labels["counts"], labels["plain"])


def test_a_page_in_place_of_a_file_ends_in_one_sentence(folder, server, tmp_path):
    (folder.path / "page.fa").write_text("<!DOCTYPE html><title>Moved</title>")
    folder.config = yaml.safe_load((ROOT / "config/own.yaml").read_text())
    folder.config["datasets"]["mine"]["sequences"]["file"] = (folder.path / "page.fa").as_uri()
    ran = folder.run("sources")
    assert ran.returncode != 0
    assert "page.fa is a web page (titled 'Moved') and not the file itself" in " ".join(ran.stdout.split())
    assert not list((folder.path / "results_own/sources").glob("*page.fa"))


def test_variants_may_come_with_their_sequences_instead_of_a_genome(folder):
    windows = np.random.default_rng(0).integers(4, size=(3, 300))
    np.save(folder.path / "windows.npy", np.eye(4, dtype=np.float32)[windows])
    alleles = [("ACGT"[base], "ACGT"[base - 1]) for base in windows[:, 150]]
    lines = [f"chr1\t{place}\t{place + 1}\t{b}\t{a}\t1e-9\n" for place, (a, b) in enumerate(alleles, 500)]
    (folder.path / "variants.txt").write_text("".join(lines))
    folder.config["datasets"]["binding_qtl"]["variants"] = {
        "sequences": "windows.npy",
        "table": "variants.txt",
        "columns": {"chrom": 1, "position": 3, "reference": 5, "alternate": 4, "pvalue": 6},
    }
    folder.config["analyses"]["binding_qtl"]["comparisons"] = {}  # the table has no controls
    folder.config["analyses"]["binding_qtl"]["figures"] = {}
    assert not any("/genomes/" in line for line in planned(folder, DATASET.format("binding_qtl")))
    ran = folder.run(DATASET.format("binding_qtl"))
    assert ran.returncode == 0, ran.stdout[-3000:]
    bases = read_dataset(folder.path / "results/datasets/binding_qtl").bases
    np.testing.assert_array_equal(bases, np.frombuffer(b"ACGT", np.uint8)[windows])


def test_a_misspelt_file_of_the_planted_genome_is_refused(folder):
    path = folder.path / "tf.tsv"
    path.write_text(path.read_text().replace("peaks/TAL1", "peaks/TAL9"))
    ran = folder.run("--dry-run")
    assert ran.returncode != 0
    assert (
        "the source {results}/planted/tiny/peaks/TAL9.narrowPeak.gz is no file that the workflow makes"
        in ran.stdout
    )
