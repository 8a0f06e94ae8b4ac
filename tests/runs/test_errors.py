"""Bad input: one clear sentence on the console, a non-zero exit, and nothing under a final name."""

import gzip
import shutil

import pytest

pytestmark = pytest.mark.workflow

PEAKS = "results/datasets/tf_binding/examples.tsv.gz"
VARIANTS = "results/datasets/binding_qtl/examples.tsv.gz"


def refused(folder, sentence, target, **environment):
    """Check that a run fails with a sentence and leaves no target."""
    ran = folder.run(target, **environment)
    assert ran.returncode != 0
    assert sentence in " ".join(ran.stdout.split()), ran.stdout[-3000:]
    assert "Traceback" not in ran.stdout
    assert not (folder.path / target).exists()


@pytest.fixture(scope="session")
def planted(tmp_path_factory, finished):
    """The planted genome alone, whose files a test may replace."""
    path = tmp_path_factory.mktemp("planted")
    shutil.copytree(finished.path / "results/planted/tiny", path / "tiny")
    return path / "tiny"


@pytest.fixture
def on_files(folder, planted):
    """A folder that reads the planted files as a user's own, so that they can be spoilt."""
    shutil.copytree(planted, folder.path / "mine", ignore=shutil.ignore_patterns("*.sha256"))
    for sheet in ("tf.tsv", "cells.tsv"):
        path = folder.path / sheet
        path.write_text(path.read_text().replace("{results}/planted/tiny", "mine"))
    folder.config["genomes"] = {"tiny": {"fasta": "mine/genome.fa"}}
    folder.config["datasets"]["tf_binding"]["peaks"]["accessible"] = "mine/peaks/DNase_K562.narrowPeak.gz"
    folder.config["datasets"]["tf_binding"]["peaks"]["known_sites"] = "mine/truth/sites.tsv.gz"
    folder.config["datasets"]["binding_qtl"]["variants"]["table"] = "mine/variants.tsv"
    return folder


def spoil_peaks(folder, edit, name="GATA1"):
    """Rewrite the lines of a peak file; return its path as the configuration has it."""
    path = folder.path / f"mine/peaks/{name}.narrowPeak.gz"
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    path.write_bytes(gzip.compress("\n".join([*edit(lines), ""]).encode()))
    return f"mine/peaks/{name}.narrowPeak.gz"


def columns(line, **changed):
    """Return a narrowPeak line with changed columns (chrom, start, end)."""
    parts = line.split("\t")
    for position, name in enumerate(("chrom", "start", "end")):
        parts[position] = str(changed.get(name, parts[position]))
    return "\t".join(parts)


def test_unknown_config_key(folder):
    folder.config["analysis"] = {}
    refused(folder, "key 'analysis' (value {}) is not known; allowed here are include, seed,", PEAKS)


def test_unknown_task(folder):
    folder.config["analyses"]["gata_tal"]["tasks"] = ["MYC"]
    refused(
        folder,
        "key 'analyses.gata_tal.tasks' has the value 'MYC', and the tasks are GATA1, GATA2, TAL1.",
        PEAKS,
    )


def test_missing_source(folder):
    path = folder.path / "tf.tsv"
    path.write_text(path.read_text().replace("{results}/planted/tiny/peaks/TAL1", "nowhere/TAL1"))
    refused(
        folder,
        "the source nowhere/TAL1.narrowPeak.gz does not exist; give the path of a file, or a URL.",
        PEAKS,
    )


def test_peak_file_that_is_none(on_files):
    path = spoil_peaks(on_files, lambda lines: ["<!DOCTYPE html>", "<html><body>Not found</body></html>"])
    refused(on_files, f"error: {path} is a web page, not a table: fetch the file itself.", PEAKS)


def test_start_not_before_end(on_files):
    path = spoil_peaks(on_files, lambda lines: [lines[0], columns(lines[1], start=500, end=500), *lines[2:]])
    sentence = f"error: {path}, line 2: start 500 is not below end 500, and an interval needs start < end"
    refused(on_files, sentence, PEAKS)


def test_peak_beyond_its_chromosome(on_files):
    path = spoil_peaks(on_files, lambda lines: [columns(lines[0], start=10**9, end=10**9 + 200)])
    refused(on_files, f"error: {path}, line 1: end 1000000200 lies beyond chr", PEAKS)


def test_chromosome_names_without_chr(on_files):
    spoil_peaks(on_files, lambda lines: [line.removeprefix("chr") for line in lines])
    sentence = (
        "line 1: the chromosome '1' is not in the genome, which calls it 'chr1': rename the chromosomes."
    )
    refused(on_files, sentence, PEAKS)


def test_task_without_positives(on_files):
    spoil_peaks(on_files, lambda lines: [line for line in lines if line.startswith("chr8")])
    refused(on_files, "error: the task 'GATA1' has 0 positive and ", PEAKS)


def test_alleles_of_another_genome(on_files):
    path = on_files.path / "mine/variants.tsv"
    header, *rows = [line.split("\t") for line in path.read_text().splitlines()]
    place = header.index("ref")
    for row in rows:
        row[place] = next(base for base in "ACGT" if base not in (row[place], row[place + 1]))
    path.write_text("\n".join(["\t".join(row) for row in (header, *rows)] + [""]))
    refused(on_files, "has the reference allele", VARIANTS)


def test_letters_that_are_no_bases(on_files):
    path = on_files.path / "mine/genome.fa"
    lines = path.read_text().splitlines()
    path.write_text("\n".join(line if line.startswith(">") else line.replace("G", "E") for line in lines))
    refused(on_files, "the sequence 'chr1' has the letter 'E', and only A, C, G, T, N", PEAKS)


def test_missing_bedtools(on_files, tmp_path_factory):
    tools = tmp_path_factory.mktemp("tools")
    for program in ("bash", "sh", "env", "cat", "rm", "which"):
        (tools / program).symlink_to(shutil.which(program))
    refused(
        on_files,
        "bedtools was not found: install it with 'apt-get install bedtools' or 'conda install -c bioconda "
        "bedtools'",
        PEAKS,
        PATH=str(tools),
    )


def test_a_gpu_that_tensorflow_cannot_see(folder, finished):
    """The dataset is there; only the training is to run, and it is given a GPU."""
    dataset = "results/datasets/simulation"
    shutil.copytree(finished.path / dataset, folder.path / dataset)
    model, hidden = "results/models/simulation/model.keras", {"CUDA_VISIBLE_DEVICES": ""}
    arguments = ("--set-resources", "train_model:gpu=1", "--retries", "0", "--")
    ran = folder.run(*arguments, model, **hidden)
    assert ran.returncode != 0
    assert (
        "error: the job of train_model was given a GPU (gpu=1 among its resources), and TensorFlow sees "
        "none: CUDA_VISIBLE_DEVICES hides them all. Unset it; or, to compute on a processor, take gpu out "
        "of its resources."
    ) in ran.stdout, ran.stdout[-3000:]
    assert "Traceback" not in ran.stdout
    assert not (folder.path / model).exists()
