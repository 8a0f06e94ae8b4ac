"""The example of a user's own network, as it is shipped."""

import numpy as np
import pandas as pd
import pytest
import yaml
from support.run_folder import ROOT, Folder

import dfim
from dfim.datasets.dataset import read_dataset
from dfim.datasets.sequence_files import read_sequences
from dfim.sequences.bases import to_string
from dfim.statistics.resolution import coarse_nulls

pytestmark = pytest.mark.workflow


PAIRS = "results_own/interactions/pairs/mine/ELF1_SIX5"
NULLS = [f"{PAIRS}/deeplift/nulls.tsv", "results_own/interactions/map/mine/ELF1_SIX5/deeplift/nulls.tsv"]


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """The folder in which the example ran, and what was printed; tests must not change it."""
    folder = Folder(tmp_path_factory.mktemp("example"))
    folder.config = yaml.safe_load((ROOT / "config/own.yaml").read_text())
    ran = folder.run(f"{PAIRS}/gradient_input/pairs.tsv.gz", *NULLS)
    assert ran.returncode == 0, ran.stdout[-5000:]
    return folder.path, ran.stdout


def test_the_example_runs_without_training_and_finds_the_interacting_pair(example):
    path, printed = example
    assert "train_model" not in printed
    dataset = read_dataset(path / "results_own/datasets/mine")
    sites = {"ELF1": "AACCCGGAAGTG", "SIX5": "AATAGGGTATCATATAT"}
    features = dataset.features[dataset.features["name"].isin(sites)]
    assert len(features) == 160
    for row in features.itertuples():
        assert to_string(dataset.bases[row.example, row.start : row.end]) == sites[row.name]
    pairs = pd.read_csv(path / PAIRS / "gradient_input/pairs.tsv.gz", sep="\t")
    medians = pairs.groupby("pair")["fis"].median()
    assert medians.idxmax() == "ELF1–SIX5"
    assert medians["ELF1–SIX5"] > 2 * medians.drop("ELF1–SIX5").max()


def test_no_null_of_the_example_asks_for_many_rows_together(example):
    path, _ = example
    for table in NULLS:
        nulls = pd.read_csv(path / table, sep="\t")
        assert len(nulls)
        assert list(coarse_nulls(nulls)) == []


def test_a_scan_needs_no_analysis_and_gives_that_of_the_command(folder):
    own = yaml.safe_load((ROOT / "config/my_scan.yaml").read_text())
    own["models"] = yaml.safe_load((ROOT / "config/own.yaml").read_text())["models"]
    motifs = {"ELF1": "AACCCGGAAGTG", "GATA": "AGATAAG", "SIX5": "AATAGGGTATCATATAT"}
    asked = {"spacings": "0-3", "orientations": ["++", "+-"], "draws": 20, "backgrounds": 6}
    asked["background"] = [0.3, 0.2, 0.2, 0.3]
    own["scans"]["my_scan"] |= asked | {"motifs": motifs, "tasks": ["ELF1_SIX5"]}
    folder.config = own
    ran = folder.run("results_my_scan/index.html")
    assert ran.returncode == 0, ran.stdout[-5000:]
    found = pd.read_csv(folder.path / "results_my_scan/scans/my_scan/mine/ELF1_SIX5/scan.tsv", sep="\t")
    same = dfim.scan(ROOT / "resources/own/network.keras", motifs, seed=own["seed"], **asked)
    assert found["orientation"].tolist() == same["orientation"].tolist()
    for name in ("interaction", "interaction_low", "null_high", "share", "p_first", "p_second", "q"):
        np.testing.assert_allclose(found[name], same[name], atol=1e-4)
    assert set(found["pair"]) == {"ELF1–SIX5", "ELF1–GATA", "GATA–SIX5"}
    assert (found.loc[found["orientation"] == "ELF1+ SIX5+", "call"] == "synergy").all()
    assert found.loc[found["pair"] != "ELF1–SIX5", "called"].sum() == 0
    drawn = pd.read_csv(
        folder.path / "results_my_scan/figures/scans/my_scan/mine/ELF1_SIX5/scan.tsv", sep="\t"
    )
    assert len(drawn) == len(found) == 3 * 2 * 4
    page = (folder.path / "results_my_scan/index.html").read_text()
    assert all(f"<td>{pair}</td>" in page for pair in set(found["pair"]))


def write_labelled(path) -> None:
    """Write labelled sequences into a folder: those of the example, and each without its SIX5 site."""
    names, bases = read_sequences(ROOT / "resources/own/sequences.fa")
    sites = pd.read_csv(ROOT / "resources/own/features.bed", sep="\t", header=None)
    sites = sites[sites[3] == "SIX5"].set_index(0)
    draws = np.random.default_rng(1)
    lines, rows = [], ["name\tELF1_SIX5\tstrength"]
    for name, row in zip(names, bases, strict=True):
        without = row.copy()
        start, end = sites.loc[name, [1, 2]]
        without[start:end] = draws.choice(list(b"ACGT"), end - start)
        lines += [f">{name}", to_string(row), f">{name}_without", to_string(without)]
        rows += [f"{name}\t1\t{draws.normal(2)}", f"{name}_without\t0\t{draws.normal(-2)}"]
    rows[-1] = rows[-1].replace("\t0\t", "\t\t")  # a label that is missing
    (path / "labelled.fa").write_text("\n".join([*lines, ""]))
    (path / "labels.tsv").write_text("\n".join([*rows, ""]))


def labelled_configuration() -> dict:
    """Return a configuration of those sequences: a network that is given, and two that are trained."""
    files = {"file": "labelled.fa", "labels": "labels.tsv", "patterns": {"SIX5": "AATAGGGTATC"}}
    model = {"architecture": "small", "training": {"epochs": 2, "batch_size": 16}}
    analysis = yaml.safe_load((ROOT / "config/own.yaml").read_text())["analyses"]["pairs"]
    analysis |= {"dataset": "classes", "models": ["given"], "figures": {}}
    return {
        "seed": 1,
        "datasets": {
            "classes": {"sequences": files | {"tasks": ["ELF1_SIX5"], "test_fraction": 1}},
            "split": {"sequences": files | {"tasks": ["ELF1_SIX5"], "test_fraction": 0.3}},
            "values": {"sequences": files | {"tasks": ["strength"], "values": True}},
        },
        "architectures": {
            "small": [{"kind": "convolution", "filters": 4, "width": 11}, {"kind": "dense", "units": 4}]
        },
        "models": {
            "given": {
                "dataset": "classes",
                "source": {"model": "resources/own/network.keras", "tasks": ["ELF1_SIX5"]},
            },
            "trained": model | {"dataset": "split"},
            "of_values": model | {"dataset": "values"},
        },
        "analyses": {
            "pairs": analysis
            | {
                "examples": {
                    "correct": True,
                    "positive_for": ["ELF1_SIX5"],
                    "splits": ["test"],
                    "highest": 20,
                }
            }
        },
    }


def test_labelled_sequences_evaluate_a_given_network_and_train_others(folder):
    write_labelled(folder.path)
    folder.config = labelled_configuration()
    selection = "results/interactions/pairs/given/ELF1_SIX5/examples.tsv"
    metrics = {name: f"results/models/{name}/metrics.tsv" for name in folder.config["models"]}
    ran = folder.run(*metrics.values(), selection)
    assert ran.returncode == 0, ran.stdout[-5000:]
    found = {
        name: pd.read_csv(folder.path / path, sep="\t").query("task != 'mean'").set_index("split")
        for name, path in metrics.items()
    }
    assert found["given"].loc["test", ["positives", "negatives"]].tolist() == [80, 79]
    assert found["given"].loc["test", "auroc"] > 0.95
    assert found["given"].loc["train", "positives"] == 0
    assert found["trained"]["positives"].sum() == 80
    assert found["of_values"]["examples"].sum() == 160
    assert {"r2", "pearson", "noise_ceiling"} & set(found["of_values"]) == {"r2", "pearson"}
    chosen = pd.read_csv(folder.path / selection, sep="\t")
    assert len(chosen) == 20
    assert not chosen["name"].str.endswith("_without").any()


def test_a_network_of_another_length_is_refused_before_any_job(folder):
    write_labelled(folder.path)
    text = (folder.path / "labelled.fa").read_text().splitlines()
    (folder.path / "labelled.fa").write_text("\n".join(line[:150] for line in text))
    folder.config = labelled_configuration()
    ran = folder.run("results/models/given/metrics.tsv")
    assert ran.returncode != 0
    assert "sequences of 200 bp, and those of the dataset 'classes' (labelled.fa) have 150" in ran.stdout
    assert not (folder.path / "results/models").exists()
