"""The example of a user's own network, as it is shipped."""

import pandas as pd
import pytest
import yaml
from support.run_folder import ROOT

from dfim.datasets.dataset import read_dataset
from dfim.sequences.bases import to_string

pytestmark = pytest.mark.workflow


def test_the_example_runs_without_training_and_finds_the_interacting_pair(folder):
    folder.config = yaml.safe_load((ROOT / "config/own.yaml").read_text())
    results = "results_own/interactions/pairs/mine/ELF1_SIX5/gradient_input"
    ran = folder.run(f"{results}/pairs.tsv.gz")
    assert ran.returncode == 0, ran.stdout[-5000:]
    assert "train_model" not in ran.stdout
    dataset = read_dataset(folder.path / "results_own/datasets/mine")
    sites = {"ELF1": "AACCCGGAAGTG", "SIX5": "AATAGGGTATCATATAT"}
    features = dataset.features[dataset.features["name"].isin(sites)]
    assert len(features) == 160
    for row in features.itertuples():
        assert to_string(dataset.bases[row.example, row.start : row.end]) == sites[row.name]
    pairs = pd.read_csv(folder.path / results / "pairs.tsv.gz", sep="\t")
    medians = pairs.groupby("pair")["fis"].median()
    assert medians.idxmax() == "ELF1–SIX5"
    assert medians["ELF1–SIX5"] > 2 * medians.drop("ELF1–SIX5").max()
