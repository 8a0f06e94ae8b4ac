"""The CPU engine against DeepLIFT as its rules are written down, in float64, one sequence at a time."""

import contextlib
import logging
import sys
import weakref
from functools import partial

import numpy as np
import pytest
import tensorflow as tf
from support import naive_deeplift
from support.small_networks import (
    chain,
    convolution,
    dense,
    normalised,
    pool,
    random_bases,
    stacked,
    step,
    two_convolutions,
)
from threadpoolctl import threadpool_info, threadpool_limits

from dfim.attribution import cpu, open_scorer
from dfim.attribution.cpu import kernels
from dfim.attribution.cpu.costs import costs
from dfim.attribution.cpu.deeplift import Engine
from dfim.attribution.cpu.plan import plan
from dfim.attribution.cpu_gradients import CpuGradientInput
from dfim.attribution.gradients import GradientInput
from dfim.attribution.mutants import Mutants, scores_of_whole_mutants
from dfim.attribution.simplification import simplify
from dfim.attribution.whole_sequences import DeepLift
from dfim.errors import InputError
from dfim.networks.graph import Node
from dfim.networks.kinds import kind_of, shape_of
from dfim.sequences.bases import one_hot, to_bases

BACKGROUND = np.float32([0.27, 0.23, 0.23, 0.27])
LENGTH = 30
# Of the largest score, for float32 against float64.
TOLERANCE = 1e-5


def narrow():
    """Return a network of one filter, one hidden unit: every matrix has a single row somewhere."""
    rng = np.random.default_rng(3)
    steps = [convolution(rng, 5, 4, 1), step("relu"), pool("max_pool", 4), step("flatten")]
    return chain([*steps, dense(rng, 6, 1), step("relu"), dense(rng, 1, 3)], 30)


NETWORKS = {
    "one filter, one unit": narrow(),
    "hidden layers": stacked(),
    "linear head": stacked(hidden=False),
    "same padding": stacked(padding="same"),
    "no pools": stacked(pools=(1, 1)),
    "wide pool": stacked(pools=(1, 16)),
    "wide first pool, linear": stacked(hidden=False, pools=(16, 1), padding="same"),
    "linear, same padding": stacked(hidden=False, padding="same", pools=(3, 1)),
}


def by_the_rules(layers, rule="genomics_default", reference=BACKGROUND):
    """Return a function from sequences and a task to contributions, in float64."""
    reference = np.broadcast_to(np.asarray(reference, np.float64), (LENGTH, 4))

    def contributions(x, task=1):
        return np.array([naive_deeplift.contributions(layers, one, reference, task, rule) for one in x])

    return contributions


def some_bases(seed=5, n=4):
    """Return sequences, one of which has an N."""
    bases = random_bases(np.random.default_rng(seed), n, LENGTH)
    bases[1, 7] = ord("N")
    return bases


def some_mutants(bases, seed=1, n=48):
    """Return mutants of several widths, at both ends too, of whole sequences and of windows."""
    rng = np.random.default_rng(seed)
    widths = rng.choice([1, 4, 7], n)
    starts = rng.integers(0, LENGTH - widths + 1)
    starts[:6], starts[6:12] = 0, (LENGTH - widths)[6:12]
    rows = np.zeros((n, 7, 4), np.float32)
    for number, width in enumerate(widths):
        one = one_hot(random_bases(rng, 1, width)[0])
        rows[number, :width] = one if number % 2 else BACKGROUND
    firsts, stops = np.zeros(n, np.int64), np.full(n, LENGTH)
    firsts[::3], stops[::3] = 5, 17
    return Mutants(rng.integers(0, len(bases), n), starts, widths, rows, firsts, stops)


def open_cpu(layers, reference=BACKGROUND, **options):
    return open_scorer("deeplift", layers, reference, {"engine": "cpu", "threads": 2, **options})


def assert_close(found, expected):
    assert np.abs(found - expected).max() < TOLERANCE * np.abs(expected).max()


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("rule", ["genomics_default", "rescale"])
def test_contributions_follow_the_written_rules(network, rule):
    x = one_hot(some_bases())
    x[3, 10:15] = BACKGROUND
    with open_cpu(NETWORKS[network], rule=rule) as scorer:
        for task in (0, 2):
            assert_close(scorer.contributions(x, task), by_the_rules(NETWORKS[network], rule)(x, task))
        expected = [naive_deeplift.logits(NETWORKS[network], one) for one in x]
        np.testing.assert_allclose(scorer.logits(x), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("network", ["hidden layers", "same padding", "wide pool"])
def test_a_reference_for_each_position(network):
    reference = np.random.default_rng(8).dirichlet(np.ones(4), LENGTH)
    x = one_hot(some_bases())
    with open_cpu(NETWORKS[network], reference) as scorer:
        expected = by_the_rules(NETWORKS[network], reference=reference.astype(np.float32))(x)
        assert_close(scorer.contributions(x, 1), expected)


@pytest.mark.parametrize("network", ["hidden layers", "linear head", "no pools", "wide pool"])
def test_contributions_sum_to_the_logit_minus_that_of_the_reference(network):
    x = one_hot(random_bases(np.random.default_rng(3), 50, LENGTH))
    with open_cpu(NETWORKS[network]) as scorer:
        expected = scorer.logits(x)[:, 2] - scorer.reference_logit(2)
        assert np.abs(scorer.contributions(x, 2).sum(axis=(1, 2)) - expected).max() < 1e-5


def test_in_runs_of_one_base_contributions_sum_to_the_logit_all_the_same():
    # Pools meet equal values there, and rounding decides which of them is the first.
    bases = np.full((4, LENGTH), ord("A"), np.uint8)
    bases[1, 11], bases[2, 25:] = ord("C"), ord("G")
    bases[3, ::2] = ord("T")
    with open_cpu(stacked()) as scorer:
        x = one_hot(bases)
        expected = scorer.logits(x)[:, 0] - scorer.reference_logit(0)
        assert np.abs(scorer.contributions(x, 0).sum(axis=(1, 2)) - expected).max() < 1e-5


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("evaluation", ["batched", "windows", "paths"])
def test_mutants_by_every_evaluation_are_those_of_whole_sequences(network, evaluation):
    layers, bases = NETWORKS[network], some_bases()
    mutants = some_mutants(bases)
    expected = scores_of_whole_mutants(by_the_rules(layers), bases, mutants, importance=True, channels=True)
    with open_cpu(layers, evaluation=evaluation) as scorer:
        found = scorer.score_mutants(bases, mutants, 1, importance=True)
        assert found.channels is None
        channels = scorer.score_mutants(bases, mutants, 1, channels=True).channels
    assert np.abs(expected.channels - expected.delta).max() > 0.1 * np.abs(expected.delta).max()
    assert_close(channels, expected.channels)
    assert_close(found.delta, expected.delta)
    assert_close(found.absolute, expected.absolute)
    for one, other in zip(found.own, expected.own, strict=True):
        assert np.abs(one - other).max() < TOLERANCE * np.abs(expected.importance).max()
    given = ~np.isnan(found.importance)
    assert_close(found.importance[given], expected.importance[given])
    for sequence, first, stop in zip(mutants.sequences, mutants.firsts, mutants.stops, strict=True):
        assert given[sequence, first:stop].all()


def test_channels_are_all_four_of_a_sequence_and_0_in_mutated_rows():
    layers, bases = NETWORKS["hidden layers"], some_bases()
    mutants = some_mutants(bases)
    with open_cpu(layers) as scorer:
        found = scorer.score_mutants(bases, mutants, 1, channels=True).channels
        sums = [scorer.contributions(x, 1).sum(axis=2) for x in (one_hot(bases), mutants.applied(bases))]
    asked = mutants.asked(LENGTH)
    assert_close(found, np.where(asked, sums[0][mutants.sequences] - sums[1], 0))


@pytest.mark.parametrize("network", NETWORKS)
def test_gradients_by_every_evaluation_are_those_of_tensorflow(network):
    """The engine's multipliers as derivatives; an N and probability rows are in the sequences too."""
    layers, bases = simplify(NETWORKS[network]), some_bases()
    mutants, x = some_mutants(bases), one_hot(bases)
    exact = GradientInput(layers, BACKGROUND, dtype="float64")
    scorer = CpuGradientInput(layers, BACKGROUND, threads=2)
    assert_close(scorer.contributions(x, 1), exact.contributions(x, 1))
    assert scorer.reference_logit(1) == pytest.approx(exact.reference_logit(1), rel=1e-5)
    of_all = partial(exact.contributions, task=1)
    expected = scores_of_whole_mutants(of_all, bases, mutants, importance=True, channels=True)
    for evaluation in ("windows", "paths"):
        scorer = CpuGradientInput(layers, BACKGROUND, threads=2, evaluation=evaluation)
        found = scorer.score_mutants(bases, mutants, 1, importance=True)
        assert_close(found.delta, expected.delta)
        assert_close(found.absolute, expected.absolute)
        assert_close(np.concatenate(found.own), np.concatenate(expected.own))
        assert_close(scorer.score_mutants(bases, mutants, 1, channels=True).channels, expected.channels)


@pytest.mark.parametrize("network", NETWORKS)
def test_what_does_not_change_a_gradient_changes_it_by_exactly_nothing(network):
    """Pairs that all draws leave at 0 are told from others by that."""
    layers = simplify(NETWORKS[network])
    bases = random_bases(np.random.default_rng(6), 12, LENGTH)
    mutants = some_mutants(bases, n=400)
    mutants.rows[:] = mutants.rows.round()  # bases alone; a row of shares is none
    of_all = partial(GradientInput(layers, BACKGROUND, dtype="float64").contributions, task=1)
    expected = scores_of_whole_mutants(of_all, bases, mutants, False).delta
    with contextlib.closing(CpuGradientInput(layers, BACKGROUND)) as scorer:
        found = scorer.score_mutants(bases, mutants, 1).delta
    assert_close(found, expected)
    nothing = np.abs(expected) < 1e-12 * np.abs(expected).max()
    assert (nothing & mutants.asked(LENGTH)).mean() > 0.05
    assert not found[nothing].any()


def test_gradients_are_compiled_where_the_engine_takes_the_network(caplog):
    with open_scorer("gradient_input", stacked(), BACKGROUND) as scorer:
        assert isinstance(scorer, CpuGradientInput)
    with caplog.at_level(logging.INFO, "dfim"):
        with open_scorer("gradient_input", normalised(), BACKGROUND) as scorer:
            assert isinstance(scorer, GradientInput)
        assert "stands where the engine knows none): TensorFlow scores it" in caplog.text


@pytest.mark.parametrize("network", NETWORKS)
def test_paths_of_sequences_without_an_n(network):
    bases = some_bases()[[0, 2, 3]]
    mutants = some_mutants(bases)
    layers = NETWORKS[network]
    with open_cpu(layers, evaluation="paths") as scorer:
        found = scorer.score_mutants(bases, mutants, 0)
        assert scorer.evaluation_used == "paths"
        own = scorer.score_mutants(bases, mutants, 0, importance=True).own
    expected = scores_of_whole_mutants(lambda x: by_the_rules(layers)(x, 0), bases, mutants, importance=True)
    assert_close(found.delta, expected.delta)
    assert_close(np.concatenate(own), np.concatenate(expected.own))
    np.testing.assert_array_equal(found.absolute, np.abs(found.delta))
    assert found.importance is None


def test_every_mutant_of_every_nucleotide_of_one_sequence():
    bases = some_bases()[:1]
    positions = np.repeat(np.arange(LENGTH), 4)
    rows = np.tile(np.eye(4, dtype=np.float32), (LENGTH, 1))[:, None]
    n = len(positions)
    mutants = Mutants(
        np.zeros(n, int), positions, np.ones(n, int), rows, np.zeros(n, int), np.full(n, LENGTH)
    )
    for layers in (NETWORKS["hidden layers"], NETWORKS["linear head"]):
        expected = scores_of_whole_mutants(by_the_rules(layers), bases, mutants, False)
        with open_cpu(layers, evaluation="paths") as scorer:
            found = scorer.score_mutants(bases, mutants, 1)
        assert_close(found.delta, expected.delta)
        # The mutant that is no mutant changes nothing at all.
        same = one_hot(bases)[0, positions, np.tile(np.arange(4), LENGTH)] == 1
        assert not found.delta[same].any()


@pytest.mark.parametrize("evaluation", ["windows", "paths"])
def test_beyond_the_reach_of_a_linear_head_nothing_changes_and_nothing_is_computed(evaluation):
    layers = stacked(hidden=False, pools=(1, 1))
    bases = some_bases()[:1]
    # A convolution of 5 and one of 3: seven bases see each other, six to either side.
    mutants = Mutants(
        *(np.array(values) for values in ([0], [20], [1])),
        one_hot(to_bases("C"))[None],
        np.array([0]),
        np.array([30]),
    )
    if bases[0, 20] == ord("C"):
        mutants.rows = one_hot(to_bases("G"))[None]
    with open_cpu(layers, evaluation=evaluation) as scorer:
        delta = scorer.score_mutants(bases, mutants, 0).delta[0]
        assert scorer.evaluation_used == evaluation
    changed = np.flatnonzero(delta)
    assert changed.min() >= 14
    assert changed.max() <= 26
    assert len(changed) > 3


def test_results_do_not_depend_on_threads_or_on_the_size_of_batches():
    bases = random_bases(np.random.default_rng(2), 40, LENGTH)
    mutants = some_mutants(bases, n=200)
    found = []
    for options in ({"threads": 1}, {"threads": 2}, {"threads": 2, "batch_size": 3}):
        with open_cpu(NETWORKS["hidden layers"], **options) as scorer:
            found.append(
                (scorer.contributions(one_hot(bases), 0), scorer.score_mutants(bases, mutants, 0).delta)
            )
    for other in found[1:]:
        for one, two in zip(found[0], other, strict=True):
            np.testing.assert_allclose(one, two, atol=1e-6 * np.abs(one).max())


def test_products_of_paths_leave_blas_on_one_thread(monkeypatch):
    layers, bases, seen, multiply = NETWORKS["hidden layers"], some_bases()[[0, 3]], [], kernels.multiply

    def watched(*matrices):
        seen.extend(one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas")
        multiply(*matrices)

    monkeypatch.setattr(kernels, "multiply", watched)
    with open_cpu(layers, evaluation="paths") as scorer, threadpool_limits(2, user_api="blas"):
        scorer.score_mutants(bases, some_mutants(bases), 0)
    assert set(seen) == {1}


def test_paths_that_would_take_too_much_memory_are_left_to_windows(monkeypatch):
    layers, bases = NETWORKS["same padding"], some_bases()[[0, 3]]
    monkeypatch.setattr(sys.modules[costs.__module__], "_PATHS", 0)  # they are worth it here
    found = {}
    for held in (cpu._HELD, 1000):
        monkeypatch.setattr(cpu, "_HELD", held)
        with open_cpu(layers) as scorer:
            delta = scorer.score_mutants(bases, some_mutants(bases, n=600), 0).delta
            found[scorer.evaluation_used] = delta
    assert set(found) == {"paths", "windows"}
    assert_close(found["paths"], found["windows"])


def test_the_evaluation_with_the_least_arithmetic_is_taken_and_named_in_the_log(caplog):
    network = plan(simplify(stacked()), "genomics_default")
    found = costs(network, sequences=1, mutants=90, width=1, window=30)
    assert set(found) == {"batched", "windows", "paths"}
    assert found["windows"] < found["batched"]
    # Paths are worked out sequence by sequence: where these are short and have few mutants, that takes most.
    few, many = (costs(network, number, 6000, 1, 30) for number in (1, 600))
    assert few["paths"] < few["windows"]
    assert many["windows"] < many["paths"]
    bases = some_bases()
    with caplog.at_level(logging.INFO, "dfim"), open_cpu(stacked()) as scorer:
        scorer.score_mutants(bases[[0, 3]], some_mutants(bases[[0, 3]]), 0)
    assert "the network is evaluated on 2 CPU cores, compiled" in caplog.text
    assert f"mutants are scored by {scorer.evaluation_used}: " in caplog.text


REFUSED = {
    "the windows of the pool max_pool_2 overlap or are padded": two_convolutions(),
    "the layer batch_normalisation_6 (batch_normalisation) stands where the engine knows none": normalised(),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_networks_that_the_engine_does_not_take_go_to_tensorflow_or_are_refused(reason, caplog):
    layers = REFUSED[reason]
    with pytest.raises(InputError) as error, open_cpu(layers):
        pass
    assert str(error.value) == (
        f"the engine 'cpu' does not take this network ({reason}): use the engine whole_sequences."
    )
    with caplog.at_level(logging.INFO, "dfim"), open_scorer("deeplift", layers, BACKGROUND) as scorer:
        x = one_hot(some_bases())
        assert_close(scorer.contributions(x, 1), by_the_rules(layers)(x))
    assert f"the CPU engine does not take this network ({reason}): TensorFlow scores it" in caplog.text


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"engine": "gpu"}, "DeepLIFT has no engine 'gpu': use one of auto, cpu, whole_sequences."),
        (
            {"rule": "magic"},
            "DeepLIFT has no rule 'magic': use one of genomics_default, rescale, reveal_cancel.",
        ),
        (
            {"evaluation": "fast"},
            "there is no evaluation 'fast': use one of auto, batched, windows, paths.",
        ),
    ],
)
def test_options_that_cannot_be_met_say_why(options, sentence):
    with (
        pytest.raises(InputError) as error,
        open_scorer("deeplift", NETWORKS["linear head"], BACKGROUND, {"engine": "cpu", **options}),
    ):
        pass
    assert str(error.value) == sentence


def test_a_task_that_is_none_and_sequences_of_another_length_are_refused():
    with open_cpu(stacked()) as scorer:
        with pytest.raises(
            InputError, match=r"there is no task number 3: the network has 3, counted from 0\."
        ):
            scorer.score_mutants(some_bases(), some_mutants(some_bases()), 3)
        with pytest.raises(InputError, match=r"have the shape \(4, 29, 4\), and the network needs"):
            scorer.contributions(one_hot(some_bases())[:, 1:], 0)


@pytest.mark.parametrize("evaluation", ["batched", "windows", "paths"])
@pytest.mark.parametrize("length", [LENGTH - 1, LENGTH + 1])
def test_mutants_of_sequences_of_another_length_are_refused(evaluation, length):
    bases = random_bases(np.random.default_rng(0), 4, length)
    with open_cpu(stacked(), evaluation=evaluation) as scorer, pytest.raises(InputError) as error:
        scorer.score_mutants(bases, some_mutants(bases), 1)
    assert str(error.value) == (
        f"sequences to mutate have the shape (4, {length}), and the network needs (sequences, 30): one base "
        "for each position."
    )


def test_reveal_cancel_of_units_that_start_at_0_or_meet_parts_of_one_sign():
    # Exact in binary: a unit without bias whose inputs are all off starts at exactly 0, and may stay there.
    start, p, n = (
        np.ravel(values) for values in np.meshgrid([-0.5, 0, 0.5], [0, 0.25, 0.5, 2], [0, -0.25, -0.5, -2])
    )
    units = np.float32(start), np.float32(p + n)[None], np.float32(p - n)[None]
    found = np.empty((2, 1, len(start)), np.float32)
    kernels.reveal_cancel(*units, *found)
    np.testing.assert_allclose(found[:, 0], naive_deeplift._reveal_cancel(p, n, start), atol=1e-6)


def test_no_window_reaches_beyond_what_is_known_of_its_sequence(monkeypatch):
    # Mutants that are carried together have windows as wide as the widest of them; compiled loops would read
    # whatever lies behind the arrays, without a word.
    bases, asked = some_bases()[:1], [(0, 20), (10, 12), (18, 20)]
    rows = np.broadcast_to(BACKGROUND, (3, 2, 4)).copy()
    places = (np.zeros(3, int), np.array([4, 12, 6]), np.full(3, 2), rows)
    mutants = Mutants(*places, *np.array(asked).T)
    windows = []

    def watched(engine, state, task, changes, to, length, targets):
        known = state.starts[changes.owners]
        windows.extend(zip(to - known, known + state.length - to - length, strict=True))
        return found(engine, state, task, changes, to, length, targets)

    found = Engine.changes
    monkeypatch.setattr(Engine, "changes", watched)
    with open_cpu(stacked(), evaluation="windows", threads=1) as scorer:
        delta = scorer.score_mutants(bases, mutants, 1).delta
    assert len(windows) == 3
    assert np.min(windows) >= 0
    assert_close(delta, scores_of_whole_mutants(by_the_rules(stacked()), bases, mutants, False).delta)


@pytest.mark.parametrize("evaluation", ["windows", "paths"])
def test_memory_does_not_grow_with_the_number_of_sequences(monkeypatch, evaluation):
    bases = random_bases(np.random.default_rng(3), 12, LENGTH)
    mutants = some_mutants(bases)
    with open_cpu(stacked(), evaluation=evaluation) as scorer:
        expected = scorer.score_mutants(bases, mutants, 1).delta
    states, most, evaluated = [], [], Engine.base

    def watched(engine, *arguments):
        state = evaluated(engine, *arguments)
        states.append(weakref.ref(state))
        most.append(sum(one() is not None for one in states))
        return state

    monkeypatch.setattr(Engine, "base", watched)
    monkeypatch.setattr(cpu, "_HELD", 1)
    with open_cpu(stacked(), evaluation=evaluation, threads=1, batch_size=1) as scorer:
        found = scorer.score_mutants(bases, mutants, 1).delta
    assert len(most) == 12
    assert max(most) <= 3  # one at work, and others that may not be gone yet
    np.testing.assert_allclose(found, expected, atol=1e-6 * np.abs(expected).max())


def repeats(length: int = 200) -> tuple[list, np.ndarray, Mutants]:
    """Return a network whose pool chooses among equals, tandem repeats, and mutants all along them."""
    rng = np.random.default_rng(0)
    steps = [convolution(rng, 19, 4, 40), step("relu"), pool("max_pool", 10), step("flatten")]
    layers = chain([*steps, dense(rng, 18 * 40, 8), step("relu"), dense(rng, 8, 1)], length)
    units = [rng.choice(np.frombuffer(b"ACGT", np.uint8), size) for size in (1, 2, 3, 3, 4, 5)]
    bases = np.array([np.resize(unit, length) for unit in units])
    owners = np.repeat(np.arange(len(bases)), 40)
    starts = rng.integers(0, length - 12, len(owners))
    rows = np.tile(BACKGROUND, (len(owners), 12, 1))
    zeros = np.zeros_like(owners)
    return layers, bases, Mutants(owners, starts, zeros + 12, rows, zeros, zeros + length)


def with_last_bits_changed(function, seed: int):
    """Return a kernel whose result, its last argument, is off by up to two units in the last place.

    So are the matrix products of another processor, or of another number of rows.
    """
    rng = np.random.default_rng(seed)

    def noisy(*arguments):
        function(*arguments)
        out = arguments[-1]
        out *= (1 + rng.integers(-2, 3, out.shape) * 2.0**-23).astype(np.float32)

    return noisy


@pytest.mark.parametrize("seed", [None, 1, 2])
@pytest.mark.parametrize("evaluation", ["batched", "windows", "paths"])
def test_places_that_see_the_same_bases_are_a_tie_for_the_pool_in_mutants_too(monkeypatch, evaluation, seed):
    """In repeats the pool chooses among equals: the first, in whatever way the equals were worked out."""
    layers, bases, mutants = repeats()
    exact = DeepLift(simplify(layers), BACKGROUND, dtype="float64")
    expected = scores_of_whole_mutants(lambda x: exact.contributions(x, 0), bases, mutants, False).delta
    if seed is not None:
        monkeypatch.setattr(kernels, "convolve", with_last_bits_changed(kernels.convolve, seed))
    with open_scorer("deeplift", layers, BACKGROUND, {"engine": "cpu", "evaluation": evaluation}) as scorer:
        found = scorer.score_mutants(bases, mutants, 0).delta
    np.testing.assert_allclose(found, expected, rtol=0, atol=TOLERANCE * np.abs(expected).max())


@pytest.mark.parametrize("options", [(10, 10, "valid"), (4, 3, "same"), (5, 2, "valid"), (7, 9, "same")])
def test_a_pool_passes_on_to_the_first_of_nearly_equal_values(options):
    width, stride, padding = options
    rng = np.random.default_rng(4)
    x = rng.choice([1.0, 2.0, 3.0], (3, 41, 2))
    noisy = x * (1 + rng.integers(-2, 3, x.shape) * 2.0**-23)
    settings = {"width": width, "stride": stride, "padding": padding, "input_shape": (41, 2)}
    pool = Node("max_pool", "pool", {}, settings)
    multiplier = rng.normal(size=(3, shape_of(pool, [(41, 2)])[0], 2))
    (found,) = kind_of(pool).back(pool, tf.constant(multiplier), [tf.constant(noisy)], None)
    expected = np.zeros_like(x)
    outputs = multiplier.shape[1]
    left = max((outputs - 1) * stride + width - 41, 0) // 2 if padding == "same" else 0
    for one, output, channel in np.ndindex(3, outputs, 2):
        inside = [p for p in range(output * stride - left, output * stride - left + width) if 0 <= p < 41]
        expected[one, inside[x[one, inside, channel].argmax()], channel] += multiplier[one, output, channel]
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-12)
