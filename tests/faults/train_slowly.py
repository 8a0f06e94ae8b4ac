"""Trains a small network, for a test that kills it."""

from pathlib import Path

import numpy as np
import pandas as pd

from dfim.datasets.dataset import Dataset
from dfim.networks import building
from dfim.training import fitting

OPTIONS = {"epochs": 12, "patience": 12, "batch_size": 16, "reverse_complement": True, "shift": 2}
OPTIONS |= {"schedule": "plateau", "plateau": 2, "wait": 3, "weight_decay": 0.01, "weight_averaging": 0.9}
LAYERS = [
    {"kind": "convolution", "filters": 6, "width": 5, "batch_normalisation": True},
    {"kind": "global_max_pool"},
    {"kind": "dense", "units": 8, "dropout": 0.3},
]


def small_dataset() -> Dataset:
    """Return 400 random sequences of 40 bp with two tasks of random labels."""
    rng = np.random.default_rng(5)
    bases = np.frombuffer(b"ACGT", np.uint8)[rng.integers(4, size=(400, 40))]
    labels = rng.integers(2, size=(400, 2)).astype(np.int8)
    examples = pd.DataFrame({"split": np.repeat(["train", "validation", "test"], [300, 50, 50])})
    return Dataset(bases, labels, ["a", "b"], examples)


def train(checkpoint=None, seed=3, **options):
    """Train and return the network and the history."""
    model = building.build_network(LAYERS, 40, ["a", "b"], seed)
    return model, fitting.train(model, small_dataset(), OPTIONS | options, seed, checkpoint)


def main(out: Path, checkpoint: Path | None = None) -> None:
    """Train in a process of its own, and write the weights and the history."""
    fitting.prepare_tensorflow(1)
    trained, history = train(checkpoint)
    columns = [name for name in history if name != "seconds"]
    arrays = {f"weight_{n}": weight for n, weight in enumerate(trained.get_weights())}
    np.savez(out, history=history[columns].to_numpy(float), **arrays)
