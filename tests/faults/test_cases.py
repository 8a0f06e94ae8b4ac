"""Small inputs that went wrong once, made after public reports of tools like this one, and what is right."""

import hashlib
import itertools
import json
import logging
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from support.run_folder import ROOT

from dfim.datasets.peak_sources import peaks_from_counts
from dfim.datasets.sequence_files import read_sequences
from dfim.datasets.sequences import build_own_dataset
from dfim.datasets.variants import read_variants
from dfim.errors import InputError
from dfim.files.fetching import fetch
from dfim.genomes.fasta import index_fasta, unpack_fasta
from dfim.genomes.intervals import read_peaks
from dfim.statistics.nulls import NullModel, add_significance
from workflow.configuration import read_configuration
from workflow.results import results_folder
from workflow.schema import check_files
from workflow.sheets import read_tasks

SEQUENCES = {"s1": "TTCCGGAAGTGAAAAAAAAAAATGAGTCATT", "s2": "ACGTACGTACGTCCGGAAGTACGTACGTACG"}
ROWS = ["s1\t2\t10\tETS\t0\t+", "s1\t22\t29\tAP1\t0\t+", "s2\t12\t19\tETS\t0\t+"]
OPTIONS = {"patterns": {}, "pwms": {}, "strands": "both", "background": [0.25] * 4}
SIZES = {"chr1": 5000, "chr2": 5000}


BED = "\n".join(ROWS)


def dataset(tmp_path, bed=BED, records=None, **options):
    """Build a dataset of two sequences with the features of a BED file, if any, as the workflow does."""
    records = records or "".join(f">{name}\n{bases}\n" for name, bases in SEQUENCES.items())
    (tmp_path / "s.fa").write_text(records)
    (tmp_path / "f.bed").write_text(bed)
    matrices = options.pop("matrices", {})
    features = tmp_path / "f.bed" if bed else None
    return build_own_dataset(OPTIONS | options, tmp_path / "s.fa", features=features, matrices=matrices)


# own_dup_features, own_few
def test_identical_features_count_once_and_the_log_counts_them(tmp_path, caplog):
    few = dataset(tmp_path).features
    with caplog.at_level(logging.INFO):
        doubled = dataset(tmp_path, "\n".join(row for row in ROWS for _ in range(2))).features
    pd.testing.assert_frame_equal(doubled, few)
    assert len(few) == 3
    assert f"3 of 6 features of {tmp_path / 'f.bed'} are there twice: once is enough" in caplog.text


# own_gt_header
def test_a_record_begins_at_the_start_of_a_line_alone(tmp_path):
    records = "".join(f">{name} chr1:100:A>G\n{bases}\n" for name, bases in SEQUENCES.items())
    found, plain = dataset(tmp_path, records=records), dataset(tmp_path)
    np.testing.assert_array_equal(found.bases, plain.bases)
    pd.testing.assert_frame_equal(found.examples, plain.examples)
    assert read_sequences(tmp_path / "s.fa")[0] == list(SEQUENCES)


# own_bom_bed
def test_a_byte_order_mark_before_features_is_no_text(tmp_path):
    clean = dataset(tmp_path).features
    pd.testing.assert_frame_equal(dataset(tmp_path, "\ufeff" + "\n".join(ROWS)).features, clean)


MEME = """MEME version 4

ALPHABET= ACGT

MOTIF ETS
letter-probability matrix: alength= 4 w= 7
{}
MOTIF AP1
letter-probability matrix: alength= 4 w= 7
{}"""


def rows(pattern):
    return "".join(" ".join("0.97" if base == own else "0.01" for base in "ACGT") + "\n" for own in pattern)


# own_pwm_two_motifs
def test_two_motifs_of_a_file_are_two_features_by_name(tmp_path):
    (tmp_path / "m.txt").write_text(MEME.format(rows("CCGGAAG"), rows("TGAGTCA")))
    found = dataset(
        tmp_path, "", pwms={"both": {"matrix": "m.txt", "p": 5e-4}}, matrices={"both": tmp_path / "m.txt"}
    )
    table = found.features
    assert set(table["name"]) == {"ETS", "AP1"}
    assert (table["end"] - table["start"] == 7).all()
    places = set(table[["example", "name", "start"]].itertuples(index=False, name=None))
    assert {(0, "ETS", 2), (0, "AP1", 22), (1, "ETS", 12)} <= places


# genome_idr_columns, genome_ten_columns
def test_columns_after_the_tenth_do_not_change_the_summit(tmp_path):
    ten = "chr1\t900\t1300\tp\t1000\t.\t5\t9\t4\t100"
    (tmp_path / "ten.bed").write_text(ten + "\n")
    (tmp_path / "idr.bed").write_text(ten + "\t1.3\t1.5\t900\t1300\t5.0\t100\t905\t1290\t4.0\t97\n")
    found, expected = (read_peaks(tmp_path / f"{name}.bed", SIZES) for name in ("idr", "ten"))
    assert found["summit"].tolist() == expected["summit"].tolist() == [1000]


# genome_iupac_in_window, files/iupac.fa
def test_letters_for_several_bases_become_n_and_the_log_counts_them(tmp_path, caplog):
    (tmp_path / "g.fa").write_text(">chr1\nACGTRACGTy\n>chr2\nACGTACGTAC\n")
    with caplog.at_level(logging.INFO):
        unpack_fasta(tmp_path / "g.fa", tmp_path / "out.fa")
    index_fasta(tmp_path / "out.fa", tmp_path / "out.fai")
    assert (tmp_path / "out.fa").read_text() == ">chr1\nACGTNACGTn\n>chr2\nACGTACGTAC\n"
    assert (
        f"{tmp_path / 'g.fa'}: 2 letters that stand for several bases (IUPAC) are taken for N" in caplog.text
    )


# variants_big_header_sha
def test_a_long_header_is_read_when_a_checksum_is_given_too(tmp_path):
    contig = "##contig=<ID=HLA-A*01:{:04},length=11056,assembly=GRCh38_full_analysis_set_plus_decoy_hla>\n"
    header = "##fileformat=VCFv4.2\n" + "".join(contig.format(number) for number in range(1200))
    text = header + "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\nchr1\t9\t.\tA\tC\t.\t.\tP=1e-6\n"
    assert len(text) > 100_000
    path = tmp_path / "v.vcf"
    path.write_text(text)
    checksum = hashlib.sha256(text.encode()).hexdigest()
    fetch({"location": str(path), "sha256": checksum, "kind": "table"}, tmp_path / "v")
    found = read_variants(tmp_path / "v", SIZES, COLUMNS_OF_P)
    assert found["pvalue"].tolist() == [1e-6]


COLUMNS_OF_P = {"chrom": "chrom", "position": "pos1", "reference": "ref", "alternate": "alt", "pvalue": "P"}


# own_sparse_network
def test_scores_that_are_all_zero_get_p_and_no_fit(tmp_path):
    table = pd.DataFrame({"example": range(6), "pair": "a–b", "fis": 0.0, "signed_sum": 0.0})
    found = add_significance(table, table, ["fis", "signed_sum"], [NullModel()], "empirical")
    assert (found["fis_p"] == 1).all()
    assert not [name for name in found if "released" in name]


def config_of(tmp_path, **changed):
    """Return a configuration with the shipped network on own sequences, with changes."""
    (tmp_path / "f.bed").write_text("sequence_01\t55\t72\tSIX5\t0\t+\nsequence_01\t161\t173\tELF1\t0\t+\n")
    analysis = {"dataset": "mine", "models": ["mine"], "tasks": ["ELF1_SIX5"], "methods": ["deeplift"]}
    analysis |= {"sources": {"features": "all"}, "targets": {"features": "all"}}
    analysis |= {"background": [0.27, 0.23, 0.23, 0.27]} | changed.pop("analysis", {})
    own = {"file": "resources/own/sequences.fa", "features": str(tmp_path / "f.bed")}
    source = {"model": "resources/own/network.keras", "tasks": analysis["tasks"]}
    config = {"seed": 1, "results": str(tmp_path / "r"), "datasets": {"mine": {"sequences": own}}}
    return config | {"models": {"mine": {"source": source}}, "analyses": {"pairs": analysis}} | changed


# config_dup_key
def test_a_key_that_is_given_twice_is_refused(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("seed: 1\nresults: r\nseed: 2\n")
    with pytest.raises(InputError) as error:
        check_files([path])
    assert str(error.value) == f"{path}, line 3: the key 'seed' is on line 1 too: keep one of them."


# config_results_home
def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    config = config_of(tmp_path, results="~/dfim_results")
    read_configuration(config, "config.yaml")
    assert results_folder(config) == f"{tmp_path}/dfim_results"


# config_task_dots
@pytest.mark.parametrize("task", ["..", ".", "a/b", "/a", "{a}", "a b", ""])
def test_a_task_that_is_no_folder_is_refused(task, tmp_path):
    with pytest.raises(InputError, match=r"^config\.yaml: key '.*' has the value '.*'") as error:
        read_configuration(config_of(tmp_path, analysis={"tasks": [task]}), "config.yaml")
    assert "etters, digits" in str(error.value)


# files/sci.txt, files/contig_named_track.bed, files/bom.*
def test_files_that_programs_write_are_read(tmp_path):
    def written(name, text):
        (tmp_path / name).write_text(text, "utf-8")
        return tmp_path / name

    counts = written("sci.txt", "Chr\tStart\tEnd\tA1\tA2\nchr1\t1e+05\t100500\t5\t7\nchr1\t300\t400\t4\t4\n")
    assert peaks_from_counts(counts, ["A*"], 0.5)["start"].tolist() == [100000, 300]
    tracks = written("track.bed", "trackA\t10\t50\nchr1\t100\t300\nbrowser2\t5\t9\n")
    found = read_peaks(tracks, {"trackA": 1000, "browser2": 1000, **SIZES})
    assert sorted(found["chrom"]) == ["browser2", "chr1", "trackA"]
    peak = written("bom.narrowPeak", "\ufeffchr1\t100\t300\tp1\t1\t.\t5.1\t9.2\t4.7\t20\n")
    assert read_peaks(peak, SIZES)["summit"].tolist() == [120]
    assert read_tasks(written("bom.tsv", "\ufefftask\tassay\tpeaks\tsha256\nGATA1\tChIP-seq\tp.bed\t\n"))
    vcf = "\ufeff##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    vcf = written("bom.vcf", vcf + "chr1\t100\t.\tA\tG\t.\tPASS\tP=1e-6\n")
    assert read_variants(vcf, SIZES, COLUMNS_OF_P)["pvalue"].tolist() == [1e-6]


# What the job that scores pairs imports, and no more: a layer of our own that nobody imported cannot be read.
SCORED = """
import json, sys
import numpy as np
from dfim.attribution import open_model
x = np.eye(4, dtype=np.float32)[np.load(sys.argv[1])]
found = []
for path in sys.argv[2:]:
    with open_model(path, "T", ["T"], "deeplift", np.full(4, 0.25, np.float32)) as (scorer, task):
        found.append([scorer.logits(x)[:, task].tolist(), scorer.contributions(x, task).shape])
print(json.dumps(found))
"""


# own_residual, own_reused_relu
def test_networks_that_branch_or_use_a_layer_again_are_scored_by_a_job_of_its_own(tmp_path):
    from dfim.networks.backend import keras
    from dfim.networks.given import read_own_network
    from dfim.networks.keras_files import save_network

    keras.utils.set_random_seed(1)
    layers = keras.layers
    start = layers.Input((31, 4))
    first = layers.Conv1D(5, 7, padding="same", activation="relu")(start)
    added = layers.Add()([first, layers.Conv1D(5, 5, padding="same", activation="relu")(first)])
    relu, values = layers.ReLU(), start
    for width in (5, 3):
        values = relu(layers.Conv1D(4, width, bias_initializer="random_normal")(values))
    bases = np.random.default_rng(1).integers(0, 4, (3, 31)).astype(np.uint8)
    np.save(tmp_path / "x.npy", bases)
    logits, paths = [], []
    for name, end in (("residual", layers.GlobalMaxPooling1D()(added)), ("reused", layers.Flatten()(values))):
        model = keras.Model(start, layers.Dense(1, activation="sigmoid")(end))
        model.save(tmp_path / f"{name}.keras")
        paths.append(str(tmp_path / f"{name}_kept.keras"))
        save_network(read_own_network(tmp_path / f"{name}.keras", ["T"]), paths[-1])
        p = np.asarray(model(np.eye(4, dtype=np.float32)[bases]), float)[:, 0]
        logits.append(np.log(p / (1 - p)))
    ran = subprocess.run(
        [sys.executable, "-c", SCORED, str(tmp_path / "x.npy"), *paths],
        env={**os.environ, "PYTHONPATH": str(ROOT / "scripts")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-2000:]
    for (found, shape), expected in zip(json.loads(ran.stdout.splitlines()[-1]), logits, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)
        assert shape[:2] == [3, 31]


CASES = """own_dup_features own_few own_residual own_reused_relu own_gt_header own_bom_bed own_sparse_network
own_pwm_two_motifs genome_idr_columns genome_ten_columns genome_iupac_in_window variants_big_header_sha
config_dup_key config_results_home config_task_dots files/iupac.fa files/sci.txt files/contig_named_track.bed
files/bom.*"""


def test_every_case_stands_beside_its_test():
    lines = (ROOT / "tests/faults/test_cases.py").read_text().splitlines()
    before = [
        line[2:].split(", ") for line, next_ in itertools.pairwise(lines) if next_.startswith(("def", "@"))
    ]
    assert {name for names in before for name in names} >= set(CASES.split())
