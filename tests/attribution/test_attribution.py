"""Contribution scores: against the written rules, finite differences, and conservation of the logit."""

import functools
import logging
import re
from dataclasses import replace

import h5py
import numpy as np
import pytest
from support import naive_deeplift
from support.small_networks import (
    chain,
    convolution,
    dense,
    normalised,
    pool,
    random_bases,
    step,
    two_convolutions,
)

from dfim.attribution import deeplift_package, open_scorer
from dfim.attribution import whole_dataset as files
from dfim.attribution.deeplift_package import _Worker
from dfim.attribution.simplification import simplify
from dfim.attribution.whole_dataset import write_contributions
from dfim.attribution.whole_sequences import DeepLift
from dfim.errors import InputError
from dfim.networks.kinds import KINDS
from dfim.progress import Progress
from dfim.sequences.bases import one_hot

BACKGROUND = np.array([0.27, 0.23, 0.23, 0.27], np.float32)
TOLERANCE = 1e-4


def sequences(n: int = 6, length: int = 30, seed: int = 5, background: np.ndarray = BACKGROUND) -> np.ndarray:
    """Return one-hot sequences, two of them with an N and with probability rows."""
    bases = random_bases(np.random.default_rng(seed), n, length)
    bases[1, 7] = ord("N")
    x = one_hot(bases)
    x[2, 10:15] = background
    return x


def naive(layers: list, x: np.ndarray, task: int, rule: str) -> np.ndarray:
    reference = np.broadcast_to(BACKGROUND.astype(np.float64), x.shape[1:])
    return np.array([naive_deeplift.contributions(layers, one, reference, task, rule) for one in x])


def assert_close(found: np.ndarray, expected: np.ndarray, tolerance: float = TOLERANCE):
    """Compare sequence by sequence, relative to the largest score of the sequence."""
    size = np.abs(expected).max(axis=(1, 2))
    assert (size > 1e-3).all(), "scores too small to be compared"
    assert (np.abs(found - expected).max(axis=(1, 2)) / size).max() < tolerance


@pytest.fixture(scope="module")
def deeplift():
    with open_scorer(
        "deeplift_package", two_convolutions(), BACKGROUND, {"batch_size": 4, "threads": 1}
    ) as scorer:
        yield scorer


@pytest.mark.parametrize("task", [2, 0])
def test_deeplift_follows_the_written_rules(deeplift, task):
    x = sequences()
    assert_close(deeplift.contributions(x, task), naive(two_convolutions(), x, task, "genomics_default"))


@pytest.mark.parametrize("task", [0, 1, 2])
def test_deeplift_contributions_sum_to_the_logit_minus_that_of_the_reference(deeplift, task):
    x = sequences(40)
    expected = deeplift.logits(x)[:, task] - deeplift.reference_logit(task)
    found = deeplift.contributions(x, task).sum(axis=(1, 2))
    assert np.abs(found - expected).max() < TOLERANCE * np.abs(expected).max()


def test_deeplift_logits_are_those_of_the_network(deeplift):
    x = sequences()
    expected = [naive_deeplift.logits(two_convolutions(), one) for one in x]
    np.testing.assert_allclose(deeplift.logits(x), expected, rtol=1e-5, atol=1e-6)


def test_the_reference_itself_gets_no_contributions(deeplift):
    assert np.abs(deeplift.contributions(np.broadcast_to(BACKGROUND, (1, 30, 4)), 0)).max() == 0


def test_deeplift_scores_nothing_as_nothing(deeplift):
    assert deeplift.contributions(np.zeros((0, 30, 4)), 0).shape == (0, 30, 4)


def test_an_error_in_the_worker_is_an_exception_here_and_the_worker_lives_on(deeplift):
    with pytest.raises(
        RuntimeError, match=r"(?s)the deeplift worker failed:.*AttributeError.*no_such_question"
    ):
        deeplift._worker.ask("no_such_question")
    assert deeplift.logits(sequences()).shape == (6, 3)


def test_reveal_cancel_throughout_and_the_worker_ends_on_an_interrupt():
    x = sequences()
    with (  # noqa: PT012 (the scores are checked on the way)
        pytest.raises(KeyboardInterrupt),
        open_scorer("deeplift_package", two_convolutions(), BACKGROUND, {"rule": "reveal_cancel"}) as scorer,
    ):
        assert_close(scorer.contributions(x, 0), naive(two_convolutions(), x, 0, "reveal_cancel"))
        assert scorer._worker._process.poll() is None
        raise KeyboardInterrupt
    assert scorer._worker._process.poll() is not None


@pytest.fixture(scope="module")
def worker():
    one = _Worker()
    yield one
    one.end()


@pytest.fixture
def shared(worker, monkeypatch):
    """One worker for the networks of several tests, one after the other: its start takes longest."""
    monkeypatch.setattr(deeplift_package, "_Worker", lambda: worker)
    monkeypatch.setattr(worker, "end", lambda: None)


@pytest.mark.usefixtures("shared")
def test_rescale_throughout_with_a_reference_for_each_position():
    x = sequences()
    reference = np.random.default_rng(8).dirichlet(np.ones(4), 30)
    layers = two_convolutions()
    with open_scorer("deeplift_package", layers, reference, {"rule": "rescale"}) as scorer:
        expected = [naive_deeplift.contributions(layers, one, reference, 1, "rescale") for one in x]
        assert_close(scorer.contributions(x, 1), np.array(expected))


@pytest.mark.usefixtures("shared")
def test_deeplift_of_a_network_with_batch_normalisation_and_same_padding():
    x, layers = sequences(), normalised()
    with open_scorer("deeplift_package", layers, BACKGROUND) as scorer:
        assert_close(scorer.contributions(x, 1), naive(layers, x, 1, "genomics_default"))
        np.testing.assert_allclose(
            scorer.logits(x), [naive_deeplift.logits(layers, one) for one in x], rtol=1e-4, atol=1e-5
        )


@pytest.mark.usefixtures("shared")
def test_other_engines_agree_with_the_package_where_an_activation_is_a_sigmoid():
    rng = np.random.default_rng(6)
    steps = [
        *(convolution(rng, 5, 4, 6), step("sigmoid"), pool("max_pool", 3), step("flatten")),
        *(dense(rng, 48, 8), step("sigmoid"), dense(rng, 8, 2)),
    ]
    exact = np.array([0.25, 0.3125, 0.1875, 0.25])  # in float32
    layers, x = chain(steps, 30), sequences(seed=11, background=exact)
    with open_scorer("deeplift_package", layers, exact, {"threads": 1}) as scorer:
        # Quotients of small differences are rounded there: by 1e-5 of what 64 bits give.
        found = DeepLift(simplify(layers), exact).contributions(x, 1)
        assert_close(found, scorer.contributions(x, 1), 2e-5)


def test_a_worker_that_dies_is_reported_with_its_last_words():
    worker = _Worker()
    try:
        worker._process.kill()
        with pytest.raises(RuntimeError, match="the deeplift worker ended unexpectedly: status -9"):
            worker.ask("logits", np.zeros((1, 30, 4)))
    finally:
        worker.end()


# ---------------------------------------------------------------------------------------- gradient × input


@pytest.mark.parametrize("layers", [two_convolutions(), normalised()], ids=["convolutions", "normalised"])
def test_gradient_input_is_the_finite_difference_times_the_input(layers):
    x = sequences(3).astype(np.float64)
    with open_scorer("gradient_input", layers, BACKGROUND) as scorer:
        found = scorer.contributions(x, 1)
    step, expected = 1e-6, np.zeros_like(x)
    for index in np.argwhere(x):
        moved = x.copy()
        moved[tuple(index)] += step
        change = naive_deeplift.logits(layers, moved[index[0]]) - naive_deeplift.logits(layers, x[index[0]])
        expected[tuple(index)] = change[1] / step * x[tuple(index)]
    assert_close(found, expected)


@pytest.mark.parametrize("kind", ["global_max_pool", "global_average_pool"])
def test_gradient_input_knows_global_pools(kind):
    rng = np.random.default_rng(3)
    layers = chain([step(kind), dense(rng, 4, 1)], 30)
    x = rng.random((2, 30, 4)).astype(np.float32)
    with open_scorer("gradient_input", layers, BACKGROUND) as scorer:
        # A linear function of what the pool passes: the scores sum to the logit without its bias.
        found = scorer.contributions(x, 0).sum(axis=(1, 2))
        np.testing.assert_allclose(found, scorer.logits(x)[:, 0] - layers[-1].arrays["bias"], rtol=1e-5)


def test_gradient_input_has_the_reference_0():
    layers = two_convolutions()
    with open_scorer("gradient_input", layers, BACKGROUND) as scorer:
        expected = naive_deeplift.logits(layers, np.zeros((30, 4)))[2]
        assert scorer.reference_logit(2) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("batch_size", [1, 4, 100])
def test_batches_do_not_change_the_scores(batch_size):
    x = sequences(9)
    with open_scorer("gradient_input", two_convolutions(), BACKGROUND) as scorer:
        expected = scorer.contributions(x, 0)
    with open_scorer("gradient_input", two_convolutions(), BACKGROUND, {"batch_size": batch_size}) as scorer:
        np.testing.assert_allclose(scorer.contributions(x, 0), expected, rtol=1e-5, atol=1e-7)


# ------------------------------------------------------------------------------------------ simplification


def test_folding_leaves_batch_normalisation_only_where_it_cannot_be_folded():
    kinds = [layer.kind for layer in simplify(normalised())]
    assert kinds.count("batch_normalisation") == 1
    assert kinds[kinds.index("batch_normalisation") - 1] == "relu"


def test_folding_does_not_change_the_network():
    x = sequences()
    for one in x:
        np.testing.assert_allclose(
            naive_deeplift.logits(simplify(normalised()), one),
            naive_deeplift.logits(normalised(), one),
            rtol=1e-5,
            atol=1e-6,
        )


# --------------------------------------------------------------------------------------------------- files


def test_file_of_contributions(tmp_path, deeplift):
    bases = random_bases(np.random.default_rng(2), 7, 30)
    path = tmp_path / "deeplift.h5"
    residuals = write_contributions(deeplift, bases, 1, path, {"method": "deeplift"}, batch_size=3)
    x = one_hot(bases)
    scores = deeplift.contributions(x, 1)
    with h5py.File(path) as handle:
        present = np.take_along_axis(scores, x.argmax(axis=2)[..., None], axis=2)[..., 0]
        np.testing.assert_allclose(handle["importance"], present, atol=1e-6)
        np.testing.assert_allclose(handle["contribution_sum"], scores.sum(axis=(1, 2)), atol=1e-6)
        np.testing.assert_allclose(handle["logit"], deeplift.logits(x)[:, 1], atol=1e-6)
        np.testing.assert_array_equal(handle.attrs["reference"], BACKGROUND)
        assert handle.attrs["method"] == "deeplift"
        assert handle.attrs["reference_logit"] == deeplift.reference_logit(1)
        assert handle["importance"].attrs["axes"] == '["example", "position"]'
        for name in ("contribution_sum", "logit"):
            assert handle[name].attrs["axes"] == '["example"]'
    assert np.abs(residuals).max() < 1e-5


def test_progress_of_contributions_counts_sequences(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(files, "Progress", functools.partial(Progress, delay=0, mininterval=0))
    bases = random_bases(np.random.default_rng(2), 7, 30)
    with (
        caplog.at_level(logging.INFO, logger="dfim"),
        open_scorer("gradient_input", two_convolutions(), BACKGROUND) as scorer,
    ):
        write_contributions(scorer, bases, 1, tmp_path / "x.h5", batch_size=3)
    assert "| 7/7 [" in caplog.messages[-1]
    assert re.search(r"[0-9.]+ sequences/s\]$", caplog.messages[-1])


# -------------------------------------------------------------------------------------------------- errors


def opening(method: str = "gradient_input", layers: list | None = None, reference=BACKGROUND, **options):
    with open_scorer(method, layers or two_convolutions(), reference, options):
        pass


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            {"method": "magic"},
            "there is no method 'magic' for contribution scores: use one of deeplift, "
            "deeplift_package, gradient_input, integrated_gradients, in_silico_mutagenesis.",
        ),
        (
            {"rule": "rescale"},
            "the method gradient_input has no option 'rule': its options are batch_size, threads.",
        ),
        (
            {"method": "deeplift", "rule": "magic"},
            "DeepLIFT has no rule 'magic': use one of genomics_default, rescale, reveal_cancel.",
        ),
        (
            {"reference": np.zeros(5)},
            "the reference has the shape (5,), and (4,) or (30, 4) is needed: the shares of A, C, G, T, "
            "for all "
            "positions or for each.",
        ),
        (
            {"reference": np.zeros((29, 4))},
            "the reference has the shape (29, 4), and (4,) or (30, 4) is needed: the shares of A, C, G, T, "
            "for all "
            "positions or for each.",
        ),
        (
            {"layers": two_convolutions()[:5]},
            "contribution scores need a network that ends in one value for each task, and its last node has "
            "the shape (10, 5): say which position, or their sum, mean or maximum, a task is.",
        ),
        (
            {"layers": [replace(two_convolutions()[0], kind="sorting", name="odd"), *two_convolutions()[1:]]},
            "layer 'odd' is of the kind 'sorting', for which there is no rule: choose from "
            f"{', '.join(KINDS)}.",
        ),
        (
            {"layers": [two_convolutions()[2], *two_convolutions()[1:]]},
            "the network has two nodes of the name 'max_pool_2'.",
        ),
    ],
)
def test_what_cannot_be_opened_says_why(arguments, sentence):
    with pytest.raises(InputError) as error:
        opening(**arguments)
    assert str(error.value) == sentence


def test_sequences_of_a_wrong_shape_and_unknown_tasks_are_refused():
    with open_scorer("gradient_input", two_convolutions(), BACKGROUND) as scorer:
        with pytest.raises(InputError) as error:
            scorer.contributions(np.zeros((2, 31, 4)), 0)
        assert str(error.value) == (
            "sequences to score have the shape (2, 31, 4), and the network needs (sequences, 30, 4): one "
            "row of A, C, "
            "G, T for each position."
        )
        with pytest.raises(InputError) as error:
            scorer.contributions(sequences(), 3)
        assert str(error.value) == "there is no task number 3: the network has 3, counted from 0."
