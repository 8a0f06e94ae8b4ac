"""Aggregate maps of networks trained on planted libraries: couplings come first, and none are made up."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.metrics import average_precision_score

from dfim.attribution import open_scorer
from dfim.datasets.additive_fits import draw_twin, fit_tasks
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
SEED, OF_EACH_SET, MINIMUM = 1, 400, 20
LEAST_EFFECT = 0.04  # a third of the noise
ROLES = {"value": "ddg", "weight": "replicates", "noise_free": "noise_free"}


def trained(dataset: Dataset) -> list:
    """Return the layers of a network that was trained on a dataset."""
    model = building.build_network(LAYERS, dataset.bases.shape[1], ["ddG"], SEED, "linear")
    options = {"batch_size": 128, "epochs": 12, "patience": 4}
    history = fitting.train(model, dataset, options, SEED)
    # Of the variance, 5 to 10 % are noise.
    assert history["validation_r2"].max() > 0.88
    return description.describe(model)


def write_shard(layers: list, dataset: Dataset, examples: np.ndarray, path: Path) -> Path:
    """Write what mutating each base of examples changes, in a shard."""
    sources = nucleotide_sources(dataset.bases, np.unique(examples), "variable")
    reference, length = reference_rows("composition", dataset), dataset.bases.shape[1]
    with open_scorer("deeplift", layers, reference, {"threads": 1}) as scorer:
        found = profiles(scorer, dataset.bases, sources, 0, reference, None, 1, SEED)
        write_profile_shard(found, sources, length, 1, path, {"shuffles": 1, "seed": SEED})
    return path


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    """Cells of the strongest, weakest and random sequences of a library with couplings.

    Returns a function from two networks, of which the second is the null's, to their cells: ``network``, and
    two trained on additive twins.
    """
    folder = tmp_path_factory.mktemp("maps")
    library, _, expected = plant_library(DESIGN | {"sequences": 8000}, SEED)
    bases = np.stack([to_bases(sequence) for sequence in library["sequence"]])
    numbers = {role: library[name].to_numpy(np.float32) for role, name in ROLES.items()}
    dataset = library_dataset(bases, numbers, "ddG", seed=SEED)
    order = np.argsort(library["ddg"].to_numpy())
    random = np.random.default_rng(SEED).choice(len(order), OF_EACH_SET, replace=False)
    chosen = np.concatenate([order[:OF_EACH_SET], order[-OF_EACH_SET:], random])
    sets = pd.DataFrame({"example": chosen, "set": np.repeat(["highest", "lowest", "random"], OF_EACH_SET)})
    fits = fit_tasks(dataset)
    datasets = {"network": dataset} | {
        f"twin {number}": draw_twin(dataset, fits, SEED, number) for number in (1, 2)
    }
    shards = {
        name: write_shard(trained(own), dataset, chosen, folder / f"{name}.h5")
        for name, own in datasets.items()
    }

    def tested(network: str, null: str) -> pd.DataFrame:
        found = aggregate(
            [shards[network]], bases, sets, MINIMUM, "empirical", np.inf, [shards[null]], LEAST_EFFECT
        )
        found = add_expected(found, expected, "expected")
        return found[found["p"].notna()]

    return tested


def test_cells_of_planted_couplings_are_called_and_hardly_any_other(cells):
    found = cells("network", "twin 1")
    coupled, unchanged = found["coupled"] == 1, found["expected"].abs() < 1e-9
    assert coupled.sum() >= 30
    assert found.loc[coupled, "called"].mean() >= 0.95
    # A quarter of the default run's sequences: the network has learned a few couplings that there are not.
    assert unchanged[found["called"] == 1].mean() <= 0.1
    # A mutation takes away what the coupling adds, with its sign.
    assert (np.sign(found["mean"]) == np.sign(found["expected"]))[coupled].mean() > 0.95
    known = found[(unchanged & ~coupled) | coupled]
    assert average_precision_score(known["coupled"], known["mean"].abs()) >= 0.95


def test_a_network_of_what_adds_up_has_no_cell_beyond_another(cells):
    found = cells("twin 2", "twin 1")
    assert len(found) > 1000
    assert 0.03 <= (found["p"] < 0.05).mean() <= 0.08
    assert not (found["q"] < 0.05).any()
    assert found["called"].sum() == 0
