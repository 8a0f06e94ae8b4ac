"""DeepLIFT and integrated gradients in TensorFlow: against the written rules, and what they conserve."""

import logging
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from support import naive_deeplift
from support.small_networks import (
    batch_normalisation,
    chain,
    convolution,
    dense,
    normalised,
    pool,
    random_bases,
    step,
    two_convolutions,
)

from dfim.attribution.integrated_gradients import IntegratedGradients
from dfim.attribution.rules import RULES
from dfim.attribution.scorer import values_per_sequence
from dfim.attribution.simplification import simplify
from dfim.attribution.way_back import WayBack
from dfim.attribution.whole_sequences import DeepLift
from dfim.backends import chosen, on_tensorflow
from dfim.errors import InputError
from dfim.networks.kinds import KINDS
from dfim.sequences.bases import one_hot

BACKGROUND = np.array([0.25, 0.3125, 0.1875, 0.25])  # exact in float32


def sequences(n: int = 5, length: int = 30) -> np.ndarray:
    """Return one-hot sequences, one of them with an N, probability rows and rows of the reference."""
    bases = random_bases(np.random.default_rng(11), n, length)
    bases[1, 7] = ord("N")
    x = one_hot(bases)
    x[1, 10:14] = BACKGROUND
    return x


def strided() -> list:
    """Return a network whose windows overlap, leave positions out, and reach over both ends."""
    rng = np.random.default_rng(2)
    return chain(
        [
            *(convolution(rng, 6, 4, 7, "same", stride=2), step("relu"), pool("max_pool", 4, 3, "same")),
            *(batch_normalisation(rng, 7), convolution(rng, 3, 7, 6, stride=2), step("relu")),
            *(pool("average_pool", 2, 1, "same"), step("flatten"), dense(rng, 12, 3)),
        ],
        30,
    )


def globally_pooled(kind: str) -> list:
    """Return a network with a convolution without activation, a global pool and two hidden dense layers."""
    rng = np.random.default_rng(3)
    return chain(
        [
            *(batch_normalisation(rng, 4), convolution(rng, 5, 4, 6), pool("max_pool", 5, 2)),
            *(convolution(rng, 3, 6, 8, "same"), batch_normalisation(rng, 8), step("relu"), step(kind)),
            *(dense(rng, 8, 7), batch_normalisation(rng, 7), step("relu"), batch_normalisation(rng, 7)),
            *(dense(rng, 7, 6), step("relu"), dense(rng, 6, 2), step("sigmoid")),
        ],
        30,
    )


def linear() -> list:
    rng = np.random.default_rng(4)
    steps = [convolution(rng, 5, 4, 6, "same"), pool("average_pool", 4, 3), step("flatten")]
    return chain([*steps, dense(rng, 54, 2)], 30)


NETWORKS = {
    "two_convolutions": two_convolutions(),
    "normalised": normalised(),
    "strided": strided(),
    "global_max": globally_pooled("global_max_pool"),
    "global_average": globally_pooled("global_average_pool"),
    "linear": linear(),
}


def deeplift(layers: list, reference=BACKGROUND, **options) -> DeepLift:
    return DeepLift(simplify(layers), reference, **options)


def naive(layers: list, x: np.ndarray, reference: np.ndarray, task: int, rule: str) -> np.ndarray:
    reference = np.broadcast_to(reference, x.shape[1:])
    return np.array([naive_deeplift.contributions(layers, one, reference, task, rule) for one in x])


def difference(found: np.ndarray, expected: np.ndarray) -> float:
    """Return the largest difference of any sequence, relative to the largest score of that sequence."""
    size = np.abs(expected).max(axis=(1, 2))
    assert (size > 1e-3).all(), "scores too small to be compared"
    return (np.abs(found - expected).max(axis=(1, 2)) / size).max()


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", NETWORKS)
def test_deeplift_follows_the_written_rules(name, rule):
    x, layers = sequences(), simplify(NETWORKS[name])
    expected = naive(layers, x, BACKGROUND, 1, rule)
    assert difference(deeplift(layers, rule=rule, dtype="float64").contributions(x, 1), expected) < 1e-12
    assert difference(deeplift(layers, rule=rule).contributions(x, 1), expected) < 1e-5


def test_a_reference_for_each_position():
    # Activations of the reference then differ within a pool's window.
    reference = np.random.default_rng(8).dirichlet(np.ones(4), 30).astype(np.float32).astype(np.float64)
    x, layers = sequences(), two_convolutions()
    found = deeplift(layers, reference, dtype="float64").contributions(x, 2)
    assert difference(found, naive(layers, x, reference, 2, "genomics_default")) < 1e-12


@pytest.mark.parametrize("rule", RULES)
def test_contributions_sum_to_the_logit_minus_that_of_the_reference(rule):
    x, layers = sequences(40), two_convolutions()
    scorer = deeplift(layers, rule=rule)
    for task in range(3):
        expected = scorer.logits(x)[:, task] - scorer.reference_logit(task)
        found = scorer.contributions(x, task).sum(axis=(1, 2))
        assert np.abs(found - expected).max() < 1e-4 * np.abs(expected).max()


def test_logits_are_those_of_the_network():
    x, layers = sequences(), normalised()
    expected = [naive_deeplift.logits(layers, one) for one in x]
    np.testing.assert_allclose(deeplift(layers).logits(x), expected, rtol=1e-5, atol=1e-6)


def test_the_reference_itself_gets_no_contributions_and_nothing_is_scored_as_nothing():
    scorer = deeplift(normalised())
    reference = np.broadcast_to(BACKGROUND, (1, 30, 4))
    assert np.abs(scorer.contributions(reference, 0)).max() == 0
    assert scorer.contributions(np.zeros((0, 30, 4)), 0).shape == (0, 30, 4)


# ---------------------------------------------------------------------------------------------------- ties


def tied() -> list:
    """Return a network whose weights are exact in binary, so that ties are ties in any order of sums.

    The first filter's unit is positive for the reference and 0 wherever there is an A.
    """
    kernel = np.zeros((1, 4, 2), np.float32)
    kernel[0, :, 0] = [-1, 1, 1, 1]
    kernel[0, :, 1] = [0.5, 0.25, 0.25, 0.125]
    arrays = {"kernel": kernel, "bias": np.zeros(2, np.float32)}
    first = ("convolution", arrays, {"width": 1, "stride": 1, "padding": "valid"})
    steps = [first, step("relu"), pool("max_pool", 4), step("flatten")]
    return chain([*steps, dense(np.random.default_rng(0), 4, 1)], 8)


def tied_sequences() -> np.ndarray:
    return one_hot(np.frombuffer(b"AAAACAGCTTCCAAAA", np.uint8).reshape(2, 8))


def test_a_tied_maximum_sends_everything_to_its_first_position():
    x, layers = tied_sequences(), tied()
    found = deeplift(layers, dtype="float64").contributions(x, 0)
    # The reference has an activation above 0, the window AAAA has none: its first position gets all of it.
    np.testing.assert_array_equal(np.abs(found[0, :4]).sum(axis=1) > 0, [True, False, False, False])
    np.testing.assert_allclose(found, naive(layers, x, BACKGROUND, 0, "genomics_default"), rtol=1e-12)


# -------------------------------------------------------------------------------------------------- device


def test_one_compiled_function_serves_all_tasks_and_numbers_of_sequences(monkeypatch):
    traced, contributions = [], WayBack.contributions
    monkeypatch.setattr(
        WayBack, "contributions", lambda *arguments: traced.append(1) or contributions(*arguments)
    )
    scorer = deeplift(two_convolutions())
    for task, n in ((0, 1), (1, 3), (2, 2)):
        scorer.contributions(sequences(5)[:n], task)
    assert len(traced) == 1


def test_the_log_says_what_computes(caplog):
    with caplog.at_level(logging.INFO, logger="dfim"):
        deeplift(linear())
    assert caplog.messages == [f"the network is evaluated by TensorFlow on {chosen().device_name()}"]


@pytest.mark.parametrize(("threads", "words"), [(1, "1 CPU core"), (8, "8 CPU cores")])
def test_a_cpu_is_named_by_the_cores_in_use(monkeypatch, threads, words):
    monkeypatch.setattr(on_tensorflow.tf.config, "list_physical_devices", lambda kind: [])
    monkeypatch.setattr(
        on_tensorflow.tf.config.threading, "get_intra_op_parallelism_threads", lambda: threads
    )
    assert chosen().device_name() == words


@pytest.fixture
def gpu(monkeypatch):
    """Let TensorFlow say that it sees a GPU; what is compiled for it by XLA then runs on the CPU."""
    config = on_tensorflow.tf.config
    monkeypatch.setattr(config, "list_physical_devices", lambda kind: [SimpleNamespace(name="/GPU:0")])
    details = {"device_name": "NVIDIA H100"}
    monkeypatch.setattr(config.experimental, "get_device_details", lambda device: details)
    monkeypatch.setattr(on_tensorflow, "_gpu_limit", lambda: 10**9)
    monkeypatch.setattr(config.experimental, "get_memory_info", lambda name: {"current": 10**8, "peak": 0})


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize(("layers", "x"), [(normalised(), sequences()), (tied(), tied_sequences())])
def test_what_runs_on_a_gpu_gives_the_same_scores(caplog, layers, x):
    with caplog.at_level(logging.INFO, logger="dfim"):
        scorer = deeplift(layers, batch_size=4)
    assert caplog.messages == ["the network is evaluated by TensorFlow on GPU NVIDIA H100"]
    expected = naive(layers, x, BACKGROUND, 0, "genomics_default")
    assert difference(scorer.contributions(x, 0), expected) < 1e-5
    assert scorer.logits(x).shape == (len(x), scorer.outputs)


@pytest.mark.usefixtures("gpu")
def test_no_full_batch_on_a_gpu_is_filled_up(monkeypatch):
    needed = values_per_sequence(simplify(two_convolutions())) * DeepLift._VALUE_BYTES
    monkeypatch.setattr(chosen(), "device_memory", lambda: 4 * 100 * needed)  # a quarter of it is taken
    scorer, sizes = deeplift(two_convolutions()), []
    assert scorer.batch_size == 64
    monkeypatch.setattr(scorer, "_logits_of", lambda x: sizes.append(len(x)) or np.zeros((len(x), 1)))
    scorer.logits(sequences(64 + 3)[:, : scorer.length])
    assert sizes == [64, 4]


@pytest.mark.usefixtures("gpu")
def test_products_on_a_gpu_keep_all_their_bits():
    config = on_tensorflow.tf.config.experimental
    before = config.tensor_float_32_execution_enabled()
    try:
        config.enable_tensor_float_32_execution(True)
        deeplift(normalised())
        assert not config.tensor_float_32_execution_enabled()
    finally:
        config.enable_tensor_float_32_execution(before)


@pytest.mark.usefixtures("gpu")
def test_the_memory_of_a_gpu_is_what_tensorflow_may_still_take():
    assert chosen().device_memory() == 9 * 10**8


def test_the_batch_follows_the_memory_that_is_free_unless_it_is_given(monkeypatch):
    layers = simplify(two_convolutions())
    needed = values_per_sequence(layers) * DeepLift._VALUE_BYTES
    monkeypatch.setattr(chosen(), "device_memory", lambda: 40 * needed)
    assert deeplift(layers).batch_size == 8  # 10 would fit
    assert deeplift(layers, batch_size=33).batch_size == 33
    monkeypatch.setattr(chosen(), "device_memory", lambda: 12 * needed)
    assert deeplift(layers).batch_size == 3
    monkeypatch.setattr(chosen(), "device_memory", lambda: 0)
    assert deeplift(layers).batch_size == 1
    monkeypatch.setattr(chosen(), "device_memory", lambda: 10**15)
    most = DeepLift._BATCH_VALUES // values_per_sequence(layers)
    assert most - 8 < deeplift(layers).batch_size <= most


def test_batches_on_a_cpu_are_filled_up_to_where_convolutions_are_exact(monkeypatch):
    monkeypatch.setattr(on_tensorflow.tf.config, "list_physical_devices", lambda kind: [])
    scorer, sizes = deeplift(two_convolutions(), batch_size=13), []
    compiled = scorer._contributions_of
    monkeypatch.setattr(
        scorer, "_contributions_of", lambda x, task: sizes.append(len(x)) or compiled(x, task)
    )
    x = sequences(20)
    found = scorer.contributions(x, 0)
    assert sizes == [16, 8]  # for 13 and 7
    assert difference(found, naive(two_convolutions(), x, BACKGROUND, 0, "genomics_default")) < 1e-5


def test_batches_do_not_change_the_scores():
    x, layers = sequences(9), normalised()
    expected = deeplift(layers, dtype="float64").contributions(x, 0)
    for batch_size in (1, 4):
        found = deeplift(layers, dtype="float64", batch_size=batch_size).contributions(x, 0)
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-14)


# ------------------------------------------------------------------------------------ integrated gradients


@pytest.mark.parametrize("name", ["two_convolutions", "strided", "global_average"])
def test_integrated_gradients_sum_to_the_logit_minus_that_of_the_reference(name):
    # Within 3 % of the largest change of the logit at the default of 50 steps, and within .3 % at 1,000.
    x, layers = sequences(20), simplify(NETWORKS[name])
    for options, tolerance in (({}, 0.03), ({"steps": 1000}, 0.003)):
        scorer = IntegratedGradients(simplify(layers), BACKGROUND, **options)
        change = scorer.logits(x)[:, 1] - scorer.reference_logit(1)
        found = scorer.contributions(x, 1).sum(axis=(1, 2))
        assert np.abs(found - change).max() < tolerance * np.abs(change).max()


def test_integrated_gradients_are_the_mean_of_finite_differences_on_the_way():
    x, layers = sequences(2), simplify(two_convolutions())
    steps, nudge = 7, 1e-6
    expected = np.zeros(x.shape)
    for sequence, one in enumerate(x.astype(np.float64)):
        for share in (np.arange(steps) + 0.5) / steps:
            point = BACKGROUND + share * (one - BACKGROUND)
            for index in np.ndindex(one.shape):
                ends = [point.copy(), point.copy()]
                ends[0][index] += nudge
                ends[1][index] -= nudge
                up, down = (naive_deeplift.logits(layers, end)[2] for end in ends)
                expected[(sequence, *index)] += (up - down) / (2 * nudge * steps) * (one - BACKGROUND)[index]
    for batch_size in (1, 3, 100):
        options = {"steps": steps, "batch_size": batch_size, "dtype": "float64"}
        found = IntegratedGradients(simplify(layers), BACKGROUND, **options).contributions(x, 2)
        assert difference(found, expected) < 1e-6


def test_integrated_gradients_of_a_linear_network_are_exact_with_one_step():
    x, layers = sequences(), linear()
    found = IntegratedGradients(simplify(layers), BACKGROUND, steps=1, dtype="float64").contributions(x, 0)
    assert difference(found, naive(layers, x, BACKGROUND, 0, "rescale")) < 1e-12


def test_a_batch_of_integrated_gradients_has_no_more_points_than_allowed(monkeypatch):
    scorer = IntegratedGradients(simplify(two_convolutions()), BACKGROUND, batch_size=6)
    sizes, run = [], scorer._run
    monkeypatch.setattr(
        scorer, "_run", lambda function, x, *task: sizes.append(len(x)) or run(function, x, *task)
    )
    scorer.contributions(sequences(8), 0)
    assert max(sizes) == 6
    assert sum(sizes) == 8 * 50


# -------------------------------------------------------------------------------------------------- errors


def broken(name: str, array: str, value: float) -> list:
    """Return a network with one weight of a value."""
    layers = normalised()
    number = next(i for i, layer in enumerate(layers) if layer.name == name)
    array_of = layers[number].arrays[array].copy()
    array_of.flat[-1] = value
    layers[number] = replace(layers[number], arrays=layers[number].arrays | {array: array_of})
    return layers


@pytest.mark.parametrize(
    ("layers", "arguments", "sentence"),
    [
        (
            [replace(two_convolutions()[0], kind="sorting", name="odd"), *two_convolutions()[1:]],
            {},
            "layer 'odd' is of the kind 'sorting', for which there is no rule: choose from "
            f"{', '.join(KINDS)}.",
        ),
        (
            broken("convolution_0", "kernel", np.nan),
            {},
            "layer 'convolution_0' (convolution) has values in its kernel that are not finite numbers: train "
            "the network again, with a lower learning rate.",
        ),
        (
            broken("batch_normalisation_9", "variance", np.inf),
            {},
            "layer 'batch_normalisation_9' (batch_normalisation) has values in its variance that are not "
            "finite numbers: train the network again, with a lower learning rate.",
        ),
        (
            normalised(),
            {"reference": np.zeros((29, 4))},
            "the reference has the shape (29, 4), and (4,) or (30, 4) is needed: the shares of A, C, G, T, "
            "for all positions or for each.",
        ),
        (
            normalised(),
            {"reference": np.full(4, np.nan)},
            "the reference has values that are not finite numbers: shares of A, C, G, T are needed.",
        ),
        (
            normalised(),
            {"rule": "magic"},
            "DeepLIFT has no rule 'magic': use one of genomics_default, rescale, reveal_cancel.",
        ),
    ],
)
def test_what_cannot_be_scored_says_why(layers, arguments, sentence):
    with pytest.raises(InputError) as error:
        deeplift(layers, **arguments)
    assert str(error.value) == sentence


def test_steps_that_are_not_a_number_above_0_are_refused():
    with pytest.raises(InputError) as error:
        IntegratedGradients(simplify(normalised()), BACKGROUND, steps=0)
    assert str(error.value) == "integrated gradients have steps: 0, and need auto or a whole number above 0."


def test_sequences_and_tasks_that_cannot_be_scored_are_refused():
    scorer = deeplift(two_convolutions())
    unknown = sequences()
    unknown[2, 17, 1] = np.nan
    for x, task, sentence in (
        (
            sequences(length=31),
            0,
            "sequences to score have the shape (5, 31, 4), and the network needs (sequences, 30, 4): one row "
            "of A, C, G, T for each position.",
        ),
        (
            unknown,
            0,
            "sequence 2 to score is not finite at position 17 (both 0-based): every row needs the shares of "
            "A, C, G, T.",
        ),
        (sequences(), 3, "there is no task number 3: the network has 3, counted from 0."),
    ):
        with pytest.raises(InputError) as error:
            scorer.contributions(x, task)
        assert str(error.value) == sentence
