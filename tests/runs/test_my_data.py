"""The configurations for one's own peaks and variants, on small files with planted sites."""

import gzip
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pybigtools
import pytest
import yaml
from support.run_folder import ROOT, Folder

from dfim.datasets.dataset import read_dataset

pytestmark = pytest.mark.workflow


SITES = (b"AGATAAG", b"CAGCTG", b"AGATAAG", b"AGATAAG")
SPACING = 900


def plant(length: int, draws: np.random.Generator) -> tuple[bytearray, list[int]]:
    """Return a chromosome with sites around every 900th base, and those places; stretches are lower-case."""
    bases = bytearray(draws.choice(list(b"ACGT"), length, p=[0.3, 0.2, 0.2, 0.3]).astype(np.uint8).tobytes())
    summits = list(range(SPACING, length - SPACING, SPACING))
    for summit in summits:
        places = summit + np.arange(-40, 40, 20) + draws.integers(0, 10, len(SITES))
        for place, site in zip(places, SITES, strict=True):
            bases[place : place + len(site)] = site
    for start in draws.integers(0, length, length // 3000):
        bases[start : start + 300] = bases[start : start + 300].lower()
    return bases, summits


def write_own_files(folder: Path) -> None:
    """Write what a user brings: a genome, peaks at planted sites, and a VCF of variants in and off sites."""
    draws = np.random.default_rng(3)
    peaks, variants = [], ["##fileformat=VCFv4.2", "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"]
    with gzip.open(folder / "genome.fa.gz", "wb") as handle:
        for chrom in ("chr1", "chr2", "chr3", "chr8", "chr9"):
            bases, summits = plant(90_000 if chrom in ("chr8", "chr9") else 150_000, draws)
            handle.write(b">%s\n%s\n" % (chrom.encode(), bytes(bases)))
            peaks += [f"{chrom}\t{at - 100}\t{at + 100}\t.\t0\t.\t1\t-1\t-1\t100" for at in summits]
            for place in (at + shift for at in summits[:3] for shift in (-30, 200)):
                reference = chr(bases[place]).upper()
                change = {"A": "C", "C": "T", "G": "T", "T": "G"}[reference]
                variants.append(f"{chrom}\t{place + 1}\t.\t{reference}\t{change}\t.\t.\t.")
    (folder / "peaks.narrowPeak").write_text("\n".join([*peaks, ""]))
    (folder / "variants.vcf").write_text("\n".join([*variants, ""]))


EXPORTS = "exports/motif_pairs/my_peaks/my_factor"
EXPORTED = ("called_pairs.bedpe", "deeplift/contributions.bw", "deeplift/modisco_attributions.npz")


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """A folder in which both configurations have run, the second with the network of the first."""
    folder = Folder(tmp_path_factory.mktemp("mine"))
    own = folder.path / "my_data"
    own.mkdir()
    write_own_files(own)
    # As shipped, but for short windows, a short training and few examples.
    folder.config = yaml.safe_load((ROOT / "config/my_peaks.yaml").read_text())
    folder.config["datasets"]["my_peaks"]["peaks"]["validation_block"] = 20000
    folder.config["datasets"]["my_peaks"]["peaks"]["window"] = 200
    folder.config["models"]["my_peaks"]["training"] |= {
        "epochs": 12,
        "batch_size": 32,
        "learning_rate": 0.002,
    }
    folder.config["analyses"]["motif_pairs"] |= {"null_checks": 0, "figures": {}}
    folder.config["analyses"]["motif_pairs"]["examples"]["limit"] = 20
    folder.config["analyses"]["motif_pairs"]["exports"] = ["bedpe", "bigwig", "modisco"]
    pairs = "results_my_peaks/interactions/motif_pairs/my_peaks/my_factor/pair_tests.tsv.gz"
    exports = [f"results_my_peaks/{EXPORTS}/{file}" for file in EXPORTED]
    first = folder.run(pairs, *exports, "results_my_peaks/models/my_peaks/metrics.tsv")
    assert first.returncode == 0, first.stdout[-5000:]
    model = folder.path / "results_my_peaks/models/my_peaks/model.keras"
    (own / "network.keras").write_bytes(model.read_bytes())
    folder.config = yaml.safe_load((ROOT / "config/my_variants.yaml").read_text())
    folder.config["analyses"]["my_variants"]["nulls"][0]["draws"] = 5
    folder.config["datasets"]["my_variants"]["variants"]["window"] = 200
    folder.config["analyses"]["my_variants"]["exports"] = ["maps"]
    second = folder.run(
        "results_my_variants/interactions/my_variants/mine/my_factor/deeplift/sources.tsv.gz",
        "results_my_variants/exports/my_variants/mine/my_factor/deeplift/maps.npz",
    )
    assert second.returncode == 0, second.stdout[-5000:]
    return folder.path


def test_one_peak_file_gives_a_dataset_with_negatives_alike_and_a_network_that_tells_them(ran):
    dataset = read_dataset(ran / "results_my_peaks/datasets/my_peaks")
    positive = dataset.labels[:, 0] == 1
    assert 0.9 < (~positive).sum() / positive.sum() <= 1
    gc = np.isin(dataset.bases, list(b"GC")).mean(axis=1)
    assert abs(gc[positive].mean() - gc[~positive].mean()) < 0.25 * gc[positive].std()
    metrics = pd.read_csv(ran / "results_my_peaks/models/my_peaks/metrics.tsv", sep="\t")
    assert metrics.query("split == 'test' and task == 'my_factor'")["auroc"].item() > 0.9
    pairs = pd.read_csv(
        ran / "results_my_peaks/interactions/motif_pairs/my_peaks/my_factor/pair_tests.tsv.gz", sep="\t"
    )
    assert {"EBOX–GATA", "GATA–GATA"} <= set(pairs["pair"])
    assert pairs["p"].between(0, 1).all()


def test_a_vcf_gives_each_variant_a_score_and_a_p_against_substitutions(ran):
    folder = ran / "results_my_variants/interactions/my_variants/mine/my_factor/deeplift"
    sources = pd.read_csv(folder / "sources.tsv.gz", sep="\t")
    rows = [line.split("\t") for line in (ran / "my_data/variants.vcf").read_text().splitlines()[2:]]
    assert set(sources["name"]) == {f"{row[0]}:{row[1]}:{row[3]}>{row[4]}" for row in rows}
    assert (sources["fis"] > 0).any()
    assert sources["fis_p"].between(0, 1).all()
    draws = pd.read_csv(folder / "draws.tsv.gz", sep="\t")
    assert (draws.groupby("source").size() == 5).all()


def test_exports_say_what_the_tables_say(ran):
    results = ran / "results_my_peaks"
    tests = pd.read_csv(results / "interactions/motif_pairs/my_peaks/my_factor/pair_tests.tsv.gz", sep="\t")
    arcs = pd.read_csv(results / EXPORTS / "called_pairs.bedpe", sep="\t")
    assert len(arcs) == (tests["called"] == 1).sum() > 0
    assert set(arcs["#chrom1"]) <= {"chr1", "chr2", "chr3", "chr8", "chr9"}
    with gzip.open(ran / "my_data/genome.fa.gz", "rt") as handle:
        genome = dict(part.split("\n", 1) for part in handle.read().upper().strip(">").split("\n>"))
    genome = {chrom.lower(): bases.replace("\n", "") for chrom, bases in genome.items()}
    for row in arcs.rename(columns={"#chrom1": "chrom"}).itertuples():
        found = genome[row.chrom][row.start1 : row.end1]
        assert re.fullmatch("[AT]GATAA|TTATC[AT]|CA..TG", found)
    chosen = pd.read_csv(results / "interactions/motif_pairs/my_peaks/my_factor/examples.tsv", sep="\t")
    with np.load(results / EXPORTS / "deeplift/modisco_attributions.npz") as handle:
        attributions = handle["arr_0"]
    with np.load(results / EXPORTS / "deeplift/modisco_sequences.npz") as handle:
        sequences = handle["arr_0"]
    dataset = read_dataset(results / "datasets/my_peaks")
    assert attributions.shape == sequences.shape == (len(chosen), 4, 200)
    letters = np.frombuffer(b"ACGT", dtype=np.uint8)[sequences.argmax(axis=1)]
    np.testing.assert_array_equal(letters, dataset.bases[chosen["example"]])
    # In the track the planted sites, all at peaks, stand out from the bases around them.
    with pybigtools.open(str(results / EXPORTS / "deeplift/contributions.bw")) as track:
        example = dataset.examples.loc[chosen["example"].iloc[0]]
        values = np.array(
            track.values(example["chrom"], int(example["start"]), int(example["end"]), fillna=None)
        )
    assert np.isfinite(values).all()
    assert np.abs(values[50:150]).mean() > 2 * np.abs(np.r_[values[:40], values[160:]]).mean()


def test_maps_of_variants_have_their_names(ran):
    folder = ran / "results_my_variants"
    sources = pd.read_csv(
        folder / "interactions/my_variants/mine/my_factor/deeplift/sources.tsv.gz", sep="\t"
    )
    with np.load(folder / "exports/my_variants/mine/my_factor/deeplift/maps.npz") as maps:
        assert maps["name"].tolist() == sources.sort_values("source")["name"].tolist()
        assert maps["delta"].shape == (len(sources), 200)
        np.testing.assert_allclose(
            np.nanmax(np.abs(maps["delta"]), axis=1), sources.sort_values("source")["fis"], rtol=1e-4
        )
