"""In-silico mutagenesis: interactions of bases by their definition, in float64, one sequence at a time."""

from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest
from support import naive_deeplift
from support.small_networks import chain, dense, random_bases, stacked, step, two_convolutions

from dfim.attribution import open_scorer
from dfim.attribution.mutants import Mutants, scores_of_whole_mutants
from dfim.errors import InputError
from dfim.sequences.bases import one_hot

LENGTH = 30
# Another one at each position.
BACKGROUND = np.random.default_rng(4).dirichlet(np.full(4, 9), LENGTH).astype(np.float32)
TASK = 1
# Of the largest output: changes of it are told by a network of 32 bits.
TOLERANCE = 3e-6
NETWORKS = {
    "hidden layers": stacked(),
    "linear head": stacked(hidden=False),
    "same padding": stacked(padding="same"),
    # Windows of its pool overlap: the backend evaluates it, by a scorer whose own reference is 0.
    "not of the compiled engine": two_convolutions()[:-1],
}


def opened(layers, reference=BACKGROUND):
    return open_scorer("in_silico_mutagenesis", layers, reference, {"threads": 1})


def some_mutants(bases: np.ndarray, number: int = 24) -> Mutants:
    """Return mutants of one and five rows, at both ends too, of whole sequences and of windows."""
    rng = np.random.default_rng(1)
    widths = rng.choice([1, 5], number)
    starts = rng.integers(0, LENGTH - widths + 1)
    starts[:4], starts[4:8] = 0, (LENGTH - widths)[4:8]
    rows = BACKGROUND[np.minimum(starts[:, None] + np.arange(5), LENGTH - 1)]
    single = np.flatnonzero(widths == 1)
    rows[single, 0] = np.eye(4, dtype=np.float32)[rng.integers(0, 4, len(single))]
    firsts, stops = np.zeros(number, np.int64), np.full(number, LENGTH)
    firsts[::3], stops[::3] = 5, 17
    return Mutants(rng.integers(0, len(bases), number), starts, widths, rows, firsts, stops)


def value(layers, x: np.ndarray) -> float:
    return naive_deeplift.logits(layers, x)[TASK]


def without(x: np.ndarray, position: int) -> np.ndarray:
    changed = np.array(x, np.float64)
    changed[position] = BACKGROUND[position]
    return changed


@pytest.mark.parametrize("network", NETWORKS)
def test_a_base_contributes_what_the_logit_loses_with_it(network):
    layers = NETWORKS[network]
    x = one_hot(random_bases(np.random.default_rng(3), 2, LENGTH))
    with opened(layers) as scorer:
        found = scorer.contributions(x, TASK)
    for own, sequence in zip(found, x, strict=True):
        expected = [value(layers, sequence) - value(layers, without(sequence, j)) for j in range(LENGTH)]
        np.testing.assert_allclose(own.sum(axis=1), expected, atol=TOLERANCE * np.abs(expected).max() + 1e-5)
        assert (own[sequence == 0] == 0).all()


@pytest.mark.parametrize("network", NETWORKS)
def test_what_a_mutation_changes_is_the_interaction_of_the_two(network):
    """f(x) − f(x without the base) − f(mutant) + f(mutant without the base)."""
    layers, bases = NETWORKS[network], random_bases(np.random.default_rng(5), 3, LENGTH)
    mutants = some_mutants(bases)
    with opened(layers) as scorer:
        found = scorer.score_mutants(bases, mutants, TASK).delta
    asked, scale = mutants.asked(LENGTH), 0.0
    own = [[value(layers, x) - value(layers, without(x, j)) for j in range(LENGTH)] for x in one_hot(bases)]
    for number, mutant in enumerate(mutants.applied(bases)):
        whole = value(layers, mutant)
        for j in np.flatnonzero(asked[number]):
            lost, still = own[mutants.sequences[number]][j], whole - value(layers, without(mutant, j))
            scale = max(scale, abs(lost - still))
            assert abs(found[number, j] - (lost - still)) < 1e-5
    assert scale > 1e-2  # there is something to be compared
    assert (found[~asked] == 0).all()


@pytest.mark.parametrize("network", NETWORKS)
def test_mutants_are_scored_as_whole_sequences_are(network):
    """With an N, importances, those of mutated rows, targets, and the four channels."""
    bases = random_bases(np.random.default_rng(7), 3, LENGTH)
    bases[1, 7] = ord("N")
    mutants = some_mutants(bases)
    with opened(NETWORKS[network]) as scorer:
        contributions = lambda x: scorer.contributions(x, TASK)  # noqa: E731
        expected = scores_of_whole_mutants(contributions, bases, mutants, importance=True, channels=True)
        found = scorer.score_mutants(bases, mutants, TASK, importance=True, channels=True)
        targets = np.tile([[3, 9], [20, 21]], (len(mutants), 1, 1))
        part = scorer.score_mutants(bases, replace(mutants, targets=targets), TASK)
    for name in ("delta", "absolute", "channels", "importance"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), atol=2e-5, err_msg=name)
    for own, others in zip(found.own, expected.own, strict=True):
        np.testing.assert_allclose(own, others, atol=2e-5)
    inside = replace(mutants, targets=targets).asked(LENGTH)
    assert inside.any()
    np.testing.assert_allclose(part.delta[inside], found.delta[inside], atol=1e-6)


def test_beyond_the_reach_of_a_mutation_nothing_changes():
    layers = NETWORKS["linear head"]
    bases, starts = random_bases(np.random.default_rng(8), 1, LENGTH), np.arange(LENGTH)
    rows = np.broadcast_to(BACKGROUND[:, None], (LENGTH, 1, 4))
    whole = np.zeros(LENGTH, np.int64), np.full(LENGTH, LENGTH)
    mutants = Mutants(np.zeros(LENGTH, np.int64), starts, np.ones(LENGTH, np.int64), rows, *whole)
    with opened(layers) as scorer:
        first, stop = scorer.reach(mutants.starts, mutants.widths)
        found = np.abs(scorer.score_mutants(bases, mutants, TASK).delta)
    within = (starts >= first[:, None]) & (starts < stop[:, None])
    assert 0.1 < within.mean() < 0.9
    assert found[within].max() > 1e-2
    assert found[~within].max() < 1e-6  # rounding


def test_memory_grows_neither_with_the_length_nor_with_the_mutants(monkeypatch):
    """The same in parts of two copies, which is what a few million positions allow of a long sequence."""
    bases = random_bases(np.random.default_rng(6), 2, LENGTH)
    mutants, sizes = some_mutants(bases, 5), []
    with opened(NETWORKS["not of the compiled engine"]) as scorer:
        whole = scorer.contributions(one_hot(bases), TASK), scorer.score_mutants(bases, mutants, TASK).delta
    module = import_module("dfim.attribution.in_silico_mutagenesis")  # the package has a function of its name
    monkeypatch.setattr(module, "_POSITIONS", 2 * LENGTH)
    with opened(NETWORKS["not of the compiled engine"]) as scorer:
        evaluate = scorer._values.logits
        scorer._values.logits = lambda x: sizes.append(len(x)) or evaluate(x)
        parts = scorer.contributions(one_hot(bases), TASK), scorer.score_mutants(bases, mutants, TASK).delta
    assert max(sizes) == 2
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_in_a_network_that_adds_up_nothing_interacts():
    layers = chain([step("flatten"), dense(np.random.default_rng(2), 4 * LENGTH, 3)], LENGTH)
    bases = random_bases(np.random.default_rng(9), 2, LENGTH)
    with opened(layers) as scorer:
        found = scorer.score_mutants(bases, some_mutants(bases), TASK, importance=True)
    assert np.abs(found.importance).max() > 0.1
    assert np.abs(found.delta).max() < 1e-5


def test_a_task_that_is_not_there_is_refused():
    with opened(stacked()) as scorer, pytest.raises(InputError, match="there is no task number 9"):
        scorer.score_mutants(random_bases(np.random.default_rng(9), 2, LENGTH), None, 9)
