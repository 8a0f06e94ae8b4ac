"""Aggregate maps of networks trained on planted libraries: couplings come first, and none are made up."""

from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from sklearn.metrics import average_precision_score

from dfim.attribution import open_scorer
from dfim.datasets.dataset import Dataset, reference_rows
from dfim.datasets.values import library_dataset
from dfim.interactions.aggregate import add_expected, aggregate
from dfim.interactions.profile_files import write_profile_shard
from dfim.interactions.scoring import profiles
from dfim.interactions.sources import nucleotide_sources
from dfim.networks import building, description
from dfim.planted.flanks import plant_library
from dfim.sequences.bases import to_bases
from dfim.training import fitting

DESIGN = yaml.safe_load((Path(__file__).parents[2] / "config/planted_affinity.yaml").read_text())
LAYERS = [{"kind": "convolution", "filters": 32, "width": 7}, {"kind": "dense", "units": 64}]
SEED, OF_EACH_SET, MINIMUM = 1, 300, 10


def trained(library: pd.DataFrame) -> tuple[Dataset, list]:
    """Return the dataset of a library, and the layers of a network that was trained on it."""
    bases = np.stack([to_bases(sequence) for sequence in library["sequence"]])
    dataset = library_dataset(bases, {"value": library["ddg"].to_numpy(np.float32)}, "ddG", seed=SEED)
    model = building.build_network(LAYERS, bases.shape[1], ["ddG"], SEED, "linear")
    options = {"batch_size": 128, "epochs": 12, "patience": 4}
    history = fitting.train(model, dataset, options, SEED)
    # Of the variance, 5 to 10 % are noise.
    assert history["validation_r2"].max() > 0.88
    return dataset, description.describe(model)


def cells_of(couplings: list, folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the cells of the strongest, the weakest and random sequences, and what is expected of them."""
    library, _, expected = plant_library(DESIGN | {"sequences": 8000, "couplings": couplings}, SEED)
    dataset, layers = trained(library)
    order = np.argsort(library["ddg"].to_numpy())
    random = np.random.default_rng(SEED).choice(len(order), OF_EACH_SET, replace=False)
    chosen = np.concatenate([order[:OF_EACH_SET], order[-OF_EACH_SET:], random])
    sets = pd.DataFrame({"example": chosen, "set": np.repeat(["highest", "lowest", "random"], OF_EACH_SET)})
    sources = nucleotide_sources(dataset.bases, np.unique(chosen), "variable")
    reference, length = reference_rows("composition", dataset), dataset.bases.shape[1]
    with open_scorer("deeplift", layers, reference) as scorer:
        found = profiles(scorer, dataset.bases, sources, 0, reference, None, 1, SEED)
        attributes = {"shuffles": 1, "seed": SEED}
        write_profile_shard(found, sources, length, 1, folder / "shard.h5", attributes)
    return aggregate([folder / "shard.h5"], dataset.bases, sets, MINIMUM, "empirical"), expected


def test_a_library_whose_bases_add_up_has_no_significant_cell(tmp_path):
    cells, _ = cells_of([], tmp_path)
    assert cells["p"].notna().sum() > 1000
    assert not (cells["q"] < 0.05).any()


def test_cells_of_planted_couplings_are_the_strongest_and_hardly_any_other_is_significant(tmp_path):
    cells = add_expected(*cells_of(DESIGN["couplings"], tmp_path), "expected")
    cells = cells[cells["p"].notna()]
    unchanged = (cells["coupled"] == 0) & (cells["expected"].abs() < 1e-9)
    known = cells[unchanged | (cells["coupled"] == 1)]
    assert average_precision_score(known["coupled"], known["mean"].abs()) >= 0.95
    # A mutation takes away what the coupling adds, with its sign.
    coupled = cells[cells["coupled"] == 1]
    assert (np.sign(coupled["mean"]) == np.sign(coupled["expected"])).mean() > 0.95
    significant = cells["q"] < 0.05
    assert (significant & (cells["coupled"] == 1)).sum() >= 10
    assert unchanged[significant].mean() <= 0.05
