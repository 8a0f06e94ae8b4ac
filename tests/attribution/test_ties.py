"""The choice of a max-pool does not rest on last bits: products that differ in them do not change scores."""

from functools import cache

import numpy as np
import pytest
import tensorflow as tf
from support import naive_deeplift
from support.small_networks import batch_normalisation, chain, convolution, dense, pool, step

from dfim.attribution import open_scorer
from dfim.attribution.cpu import kernels
from dfim.attribution.mutants import Mutants, scores_of_whole_mutants
from dfim.networks.kinds.linear import Convolution
from dfim.sequences.bases import one_hot

BACKGROUND = np.float32([0.27, 0.23, 0.23, 0.27])
LENGTH = 120
# Of the largest score: float32 with noise against float64 without.
TOLERANCE = 2e-5


def network(kind: str, seed: int = 0) -> list:
    """Return a network of two convolutions whose pools meet many equal values in repeats."""
    rng = np.random.default_rng(seed)
    steps = [convolution(rng, 9, 4, 24), step("relu"), pool("max_pool", 4)]  # 112, 28 positions
    if kind == "overlapping":
        steps += [pool("max_pool", 5, 3, "same"), step("flatten"), dense(rng, 10 * 24, 6)]
        return chain([*steps, step("relu"), dense(rng, 6, 2)], LENGTH)
    if kind == "global":
        steps += [convolution(rng, 3, 24, 16), batch_normalisation(rng, 16), step("global_max_pool")]
        return chain([*steps, dense(rng, 16, 6), step("relu"), dense(rng, 6, 2)], LENGTH)
    steps += [convolution(rng, 3, 24, 16), step("relu"), pool("max_pool", 5), step("flatten")]  # 26, 5
    if kind == "linear":
        return chain([*steps, dense(rng, 80, 2)], LENGTH)
    return chain([*steps, dense(rng, 80, 6), step("relu"), dense(rng, 6, 2)], LENGTH)


def repeats(seed: int = 1) -> np.ndarray:
    """Return sequences of short repeats, and of one base, with something else in the middle of some."""
    rng = np.random.default_rng(seed)
    units = [rng.choice(np.frombuffer(b"ACGT", np.uint8), size) for size in (1, 1, 2, 3, 3, 4, 5)]
    bases = np.array([np.resize(unit, LENGTH) for unit in units])
    bases[::2, 50:60] = rng.choice(np.frombuffer(b"ACGT", np.uint8), 10)
    return bases


def some_mutants(bases: np.ndarray, seed: int = 2) -> Mutants:
    rng = np.random.default_rng(seed)
    owners = np.repeat(np.arange(len(bases)), 3)
    zeros = np.zeros_like(owners)
    rows = np.tile(BACKGROUND, (len(owners), 6, 1))
    return Mutants(owners, rng.integers(0, LENGTH - 6, len(owners)), zeros + 6, rows, zeros, zeros + LENGTH)


@pytest.fixture
def noise(monkeypatch):
    """Change every result of a convolution by up to two units in the last place of a usual one, by a seed."""
    rng = np.random.default_rng(0)

    def noisy(function):
        def run(*arguments):
            found, out = function(*arguments), arguments[-1]
            if found is False:  # nothing was done
                return found
            unit = np.spacing(np.maximum(np.abs(out), np.abs(out).mean(axis=(0, 1))))
            # Channels that only fill up vectors stay 0.
            out += np.where(out == 0, 0, rng.integers(-2, 3, out.shape) * unit).astype(np.float32)
            return found

        return run

    for name in ("convolve", "convolve_letters"):
        monkeypatch.setattr(kernels, name, noisy(getattr(kernels, name)))
    without = Convolution.forward

    def noisy_forward(kind, node, values):
        z = without(kind, node, values)
        units = tf.random.uniform(tf.shape(z), -2, 3, tf.int32, seed=0)
        usual = tf.maximum(tf.abs(z), tf.reduce_mean(tf.abs(z), axis=(0, 1)))
        return z + tf.cast(units, z.dtype) * usual * 1.19e-7

    monkeypatch.setattr(Convolution, "forward", noisy_forward)


def assert_close(found, expected):
    assert np.abs(found - expected).max() < TOLERANCE * np.abs(expected).max()


def by_the_rules(layers: list, x: np.ndarray) -> np.ndarray:
    reference = np.broadcast_to(BACKGROUND, (LENGTH, 4)).astype(np.float64)
    return np.array(
        [naive_deeplift.contributions(layers, one, reference, 1, "genomics_default") for one in x]
    )


@cache
def expected_contributions(kind: str) -> np.ndarray:
    return by_the_rules(network(kind), one_hot(repeats()))


@cache
def expected_changes(kind: str) -> np.ndarray:
    bases = repeats()
    return scores_of_whole_mutants(
        lambda x: by_the_rules(network(kind), x), bases, some_mutants(bases), False
    ).delta


@pytest.mark.usefixtures("noise")
@pytest.mark.parametrize("kind", ["hidden", "linear", "overlapping", "global"])
@pytest.mark.parametrize("engine", ["auto", "whole_sequences"])
def test_last_bits_of_products_do_not_change_contributions(kind, engine):
    layers, x = network(kind), one_hot(repeats())
    with open_scorer("deeplift", layers, BACKGROUND, {"engine": engine}) as scorer:
        assert_close(scorer.contributions(x, 1), expected_contributions(kind))


@pytest.mark.usefixtures("noise")
@pytest.mark.parametrize("evaluation", ["batched", "windows", "paths"])
@pytest.mark.parametrize("kind", ["hidden", "linear"])
def test_last_bits_of_products_do_not_change_what_mutants_change(kind, evaluation):
    layers, bases = network(kind), repeats()
    options = {"engine": "cpu", "evaluation": evaluation}
    with open_scorer("deeplift", layers, BACKGROUND, options) as scorer:
        assert_close(scorer.score_mutants(bases, some_mutants(bases), 1).delta, expected_changes(kind))


@pytest.mark.parametrize("kind", ["hidden", "overlapping", "global"])
@pytest.mark.parametrize("method", ["gradient_input", "integrated_gradients"])
def test_last_bits_of_products_do_not_change_gradients(kind, method, request):
    layers, x = network(kind), one_hot(repeats())
    options = {"steps": 4} if method == "integrated_gradients" else {}
    with open_scorer(method, layers, BACKGROUND, options) as scorer:
        expected = scorer.contributions(x, 1)
    request.getfixturevalue("noise")
    with open_scorer(method, layers, BACKGROUND, options) as scorer:
        assert_close(scorer.contributions(x, 1), expected)
