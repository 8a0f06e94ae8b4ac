"""Compile the loops of the engine, which numba keeps beside the code for all later processes.

    PYTHONPATH=scripts python -m dfim.interactions.compiling

It takes half a minute of one core. Without it the first jobs on a clone do so, each what it needs: jobs that
begin together compile the same loops.
"""

from functools import partial

import numpy as np
import pandas as pd

from dfim.attribution import FORWARD, open_scorer
from dfim.attribution.whole_dataset import logits_of_dataset
from dfim.interactions.pair_tests import draw_pairs
from dfim.interactions.pairs import unordered_pairs
from dfim.interactions.score_draws import draw_scores
from dfim.interactions.scoring import pair_scores, profiles
from dfim.interactions.sources import make_pairs, nucleotide_sources
from dfim.networks.description import Layer
from dfim.sequences.bases import one_hot

_LENGTH, _BACKGROUND = 300, (0.25,) * 4
_CHANNELS = 48  # with wide pools, so that most multipliers are 0 and the loops for that are taken
_ASKED = [("deeplift", {"evaluation": way}) for way in ("windows", "paths")] + [("gradient_input", {})]


def compile_engine() -> None:
    """Do on two networks of random weights and on a few sequences what jobs do on theirs."""
    rng = np.random.default_rng(0)
    bases = rng.choice(np.frombuffer(b"ACGT", np.uint8), (4, _LENGTH))
    for hidden in (True, False):
        network = _network(rng, hidden)
        _tests(network, bases)
        for method, options in _ASKED:
            _scores(network, bases, method, options)


def _tests(network: list[Layer], bases: np.ndarray) -> None:
    """Evaluate sequences, and pairs of features as pair tests do."""
    features, ordered = _features(bases)
    pairs = unordered_pairs(ordered, features)
    with open_scorer(FORWARD, network, _BACKGROUND, {"threads": 1}) as scorer:
        logits_of_dataset(scorer, bases)
        evaluate = partial(scorer.edited_logits, bases, task=0)
        draw_pairs(
            evaluate, bases, features, pairs, np.array(_BACKGROUND), 2, removal_draws=1, shared_draws=2
        )


def _scores(network: list[Layer], bases: np.ndarray, method: str, options: dict) -> None:
    """Score sequences, pairs of features with their draws, and bases."""
    features, ordered = _features(bases)
    with open_scorer(method, network, _BACKGROUND, {**options, "threads": 1}) as scorer:
        scorer.contributions(one_hot(bases), 0)
        asked = (scorer, bases, features, ordered, 0, _BACKGROUND)
        pair_scores(*asked)
        draw_scores(*asked, draws=2)
        for region, window in (((50, 60), 20), ((0, _LENGTH), None)):
            list(profiles(scorer, bases, nucleotide_sources(bases, [0], region), 0, _BACKGROUND, window))


def _features(bases: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return two features on every sequence, and their ordered pairs."""
    examples, starts = np.repeat(np.arange(len(bases)), 2), np.tile([40, 70], len(bases))
    features = pd.DataFrame({"feature": np.arange(len(examples)), "example": examples, "start": starts})
    features = features.assign(
        end=starts + 6, kind="motif", name=["one", "other"] * len(bases), group="", strand="+"
    )
    return features, make_pairs(features, np.arange(len(bases)))[0]


def _network(rng: np.random.Generator, hidden: bool) -> list[Layer]:
    """Return a network of three convolutions, with a hidden dense layer or without one."""
    layers, shape = [], (_LENGTH, 4)

    def add(kind: str, after: tuple[int, ...], arrays: dict | None = None, **options) -> None:
        nonlocal shape
        options |= {"input_shape": shape, "output_shape": after}
        layers.append(Layer(kind, f"{kind}_{len(layers)}", arrays or {}, options))
        shape = after

    def weighted(*size: int) -> dict[str, np.ndarray]:
        kernel = rng.normal(0, np.prod(size[:-1]) ** -0.5, size).astype(np.float32)
        return {"kernel": kernel, "bias": np.zeros(size[-1], np.float32)}

    for width, pool in ((9, 8), (5, 4), (3, 1)):
        moves = {"width": width, "stride": 1, "padding": "valid"}
        add("convolution", (shape[0] - width + 1, _CHANNELS), weighted(width, shape[1], _CHANNELS), **moves)
        add("relu", shape)
        if pool > 1:
            add("max_pool", (shape[0] // pool, _CHANNELS), width=pool, stride=pool, padding="valid")
    add("flatten", (shape[0] * shape[1],))
    if hidden:
        add("dense", (_CHANNELS,), weighted(*shape, _CHANNELS))
        add("relu", shape)
    add("dense", (2,), weighted(*shape, 2))
    return layers


if __name__ == "__main__":
    compile_engine()
