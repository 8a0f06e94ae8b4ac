"""A new kind of layer is one entry of the table of kinds: scores, place and reach follow from it."""

import numpy as np
import pytest
from support.small_networks import chain, convolution, dense, random_bases, step

from dfim.attribution import open_scorer
from dfim.errors import InputError
from dfim.networks.kinds import KINDS, kind_of
from dfim.networks.kinds.elementwise import Elementwise
from dfim.networks.reach import reach_of
from dfim.sequences.bases import one_hot

LENGTH, WIDTH = 20, 5


@pytest.fixture
def squared(monkeypatch):
    """The table with an entry more: every value by itself, squared."""
    entry = Elementwise("the square", lambda z, node: z * z, lambda z, node: 2 * z)
    monkeypatch.setitem(KINDS, "squared", entry)


def layers():
    rng = np.random.default_rng(5)
    steps = [convolution(rng, WIDTH, 4, 3), step("squared"), step("flatten")]
    return chain([*steps, dense(rng, (LENGTH - WIDTH + 1) * 3, 2)], LENGTH)


def logits(x):
    """The same network, written out in numpy."""
    convolved, _, _, head = layers()
    windows = np.lib.stride_tricks.sliding_window_view(x, WIDTH, axis=1)
    hidden = np.einsum("npcw,wcf->npf", windows, convolved.arrays["kernel"]) + convolved.arrays["bias"]
    return (hidden**2).reshape(len(x), -1) @ head.arrays["kernel"] + head.arrays["bias"]


@pytest.mark.usefixtures("squared")
def test_an_entry_of_the_table_gives_outputs_deeplift_and_gradients():
    x = one_hot(random_bases(np.random.default_rng(6), 7, LENGTH))
    reference = np.broadcast_to([0.3, 0.2, 0.2, 0.3], (1, LENGTH, 4))
    change = logits(x)[:, 1] - logits(reference)[:, 1]
    with open_scorer("deeplift", layers(), [0.3, 0.2, 0.2, 0.3]) as scorer:
        np.testing.assert_allclose(scorer.logits(x), logits(x), rtol=1e-5, atol=1e-6)
        found = scorer.contributions(x, 1).sum(axis=(1, 2))
    np.testing.assert_allclose(found, change, rtol=1e-4, atol=1e-5)
    with open_scorer("gradient_input", layers(), [0.25] * 4) as scorer:
        gradients = scorer.contributions(x, 1)  # times the input, which is 1 at one base
    step_size = 1e-4
    for position in (0, 9, LENGTH - 1):
        moved = np.zeros_like(x, dtype=float)
        moved[:, position] = step_size * x[:, position]
        slope = (logits(x + moved) - logits(x - moved))[:, 1] / (2 * step_size)
        assert np.abs(slope).max() > 1e-2
        np.testing.assert_allclose(gradients[:, position].sum(axis=1), slope, rtol=1e-3, atol=1e-4)


@pytest.mark.usefixtures("squared")
def test_an_entry_of_the_table_gives_the_reach():
    """A square joins what its window sees; what the head adds up afterwards joins nothing."""
    assert reach_of(layers()) == WIDTH


def test_without_the_entry_the_kind_is_refused():
    with pytest.raises(InputError, match=r"of the kind 'squared', for which there is no rule: choose from "):
        kind_of(layers()[1])
