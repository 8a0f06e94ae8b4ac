"""The paper's networks and a residual one with random weights, and how much arithmetic a sequence takes."""

import itertools
from pathlib import Path

import numpy as np
import yaml

from dfim.attribution.rules import rule_after
from dfim.attribution.simplification import LINEAR
from dfim.networks import building, description

_CONFIGURATION = Path(__file__).resolve().parents[1] / "config" / "paper.yaml"
# Architecture in the configuration, length of the sequences, number of tasks.
_PAPER = {"A": ("simulation", 200, 1), "B": ("tf_binding", 1000, 3), "C": ("accessibility", 1000, 18)}
# Of the size of BPNet: eight dilated convolutions, each added to what it is given.
_DILATED = {"kind": "convolution", "filters": 64, "width": 3, "padding": "same"}
_RESIDUAL = [
    {"kind": "convolution", "filters": 64, "width": 21, "padding": "same"},
    *(layer for power in range(1, 9) for layer in (_DILATED | {"dilation": 2**power}, {"kind": "add"})),
    {"kind": "global_average_pool"},
    {"kind": "dense", "units": 32},
]
BACKGROUND = np.array([0.27, 0.23, 0.23, 0.27], np.float32)


def configured(name: str) -> tuple[list[dict], int, int]:
    """Return a network's layers as in the configuration, its length and its number of tasks."""
    if name == "residual":
        return _RESIDUAL, 1000, 1
    architecture, length, tasks = _PAPER[name]
    return yaml.safe_load(_CONFIGURATION.read_text())["architectures"][architecture], length, tasks


def paper_network(name: str, seed: int = 0, length: int | None = None) -> list[description.Layer]:
    """Return the network of analysis A, B or C, or ``residual``, as described layers, for another length too.

    Its weights are random; its batch normalisations are far from doing nothing, of both signs of gamma.
    """
    layers, usual, tasks = configured(name)
    names = [f"task {number}" for number in range(tasks)]
    model = building.build_network(layers, length or usual, names, seed)
    rng = np.random.default_rng(seed)
    described = description.describe(model)
    for layer in described:
        if layer.kind == "batch_normalisation":
            shape = layer.arrays["gamma"].shape
            layer.arrays["gamma"] = rng.choice([-1, 1], shape) * rng.uniform(0.5, 1.5, shape)
            layer.arrays.update({array: rng.normal(0, 0.3, shape) for array in ("beta", "mean")})
            layer.arrays["variance"] = rng.uniform(0.5, 2, shape)
        elif layer.kind in LINEAR:
            layer.arrays["bias"] = rng.normal(0, 0.1, layer.arrays["bias"].shape)
    return described


def random_sequences(number: int, length: int, seed: int = 0) -> np.ndarray:
    """Return random one-hot sequences, float32, shape (number, length, 4)."""
    return np.eye(4, dtype=np.float32)[np.random.default_rng(seed).integers(4, size=(number, length))]


def operations(layers: list, rule: str) -> int:
    """Return the additions and multiplications of the contributions of one sequence, those with zeros too.

    Those of the matrix products of simplified layers: one forward and one backward, or two each way where
    RevealCancel tells positive from negative terms. Of the last layer, one column is read.
    """
    total = 0
    for layer, following in itertools.pairwise(layers):
        if layer.kind in LINEAR:
            kernel, outputs = layer.arrays["kernel"], layer.options["output_shape"]
            positions = outputs[0] if layer.kind == "convolution" else 1
            activated = following.kind in ("relu", "sigmoid")
            products = 2 if activated and rule_after(layer.kind, rule) == "reveal_cancel" else 1
            total += 2 * products * 2 * positions * kernel.size
    return total
