"""Windows and widths of real analyses, drawn at random: what the engine carries in windows is what whole
sequences give. Under ``NUMBA_BOUNDSCHECK=1`` every index outside its array is an error here too.
"""

import numpy as np
import pytest
from support.small_networks import (
    chain,
    convolution,
    dense,
    drawn_network,
    narrow_stages,
    pool,
    random_bases,
    step,
)

from dfim.attribution import open_scorer
from dfim.attribution.cpu import kernels
from dfim.attribution.cpu.blas import multiply
from dfim.attribution.cpu.vectors import BLOCK, aligned
from dfim.attribution.mutants import Mutants
from dfim.sequences.bases import one_hot

BACKGROUND = np.float32([0.27, 0.23, 0.23, 0.27])
# Of the largest change, for float32 against float32 by another way.
TOLERANCE = 2e-5


def drawn_mutants(rng, bases: np.ndarray, kind: int, n: int = 300) -> Mutants:
    """Return mutants as analyses ask for them: motifs and bases, with targets in a window.

    ``kind`` 0: of 4 to 80 positions up to 68 off; 1: the same around the mutation; 2: of 100 around it;
    3: everywhere.
    """
    length = bases.shape[1]
    widths = rng.choice([1, 4, 12], n)
    starts = rng.integers(0, length - widths + 1)
    rows = np.tile(BACKGROUND, (n, 12, 1))
    one = widths == 1
    rows[one, 0] = one_hot(random_bases(rng, one.sum(), 1))[:, 0]
    size = rng.integers(4, 81, n) if kind < 2 else np.full(n, 100 if kind == 2 else length)
    shift = rng.integers(-68, 69, n) if kind == 0 else np.zeros(n, int)
    firsts = np.clip(starts + shift - (size // 2 if kind else 0), 0, length - 1)
    return Mutants(
        rng.integers(0, len(bases), n), starts, widths, rows, firsts, np.clip(firsts + size, 1, length)
    )


@pytest.mark.parametrize("network", [drawn_network, narrow_stages])
@pytest.mark.parametrize("seed", range(12))
def test_drawn_windows_and_widths_give_what_whole_sequences_give(network, seed):
    rng = np.random.default_rng([7, seed])
    layers, length = network(rng)
    bases = random_bases(rng, 12, length)
    if uncertain := seed < 6:
        bases[0, length // 3] = ord("N")  # paths are not for these
    mutants, found = drawn_mutants(rng, bases, seed % 4), {}
    for evaluation in ("batched", "windows", "paths"):
        options = {"engine": "cpu", "threads": 2, "evaluation": evaluation}
        with open_scorer("deeplift", layers, BACKGROUND, options) as scorer:
            found[evaluation] = scorer.score_mutants(bases, mutants, 1).delta
            used = "windows" if uncertain and evaluation == "paths" else evaluation
            assert scorer.evaluation_used == used
            if evaluation == "windows":
                found["importance"] = scorer.score_mutants(bases, mutants, 1, importance=True).delta
    whole = found.pop("batched")
    for evaluation, delta in found.items():
        assert np.abs(delta - whole).max() <= TOLERANCE * np.abs(whole).max(), evaluation


def wide_first_pool(rng) -> tuple[list, int]:
    """Return layers of one or two stages, the first with a wide pool, of either padding and any head."""
    length, taps, filters, width = (
        int(rng.integers(*ends)) for ends in ((150, 300), (2, 20), (3, 20), (8, 21))
    )
    padding = str(rng.choice(["valid", "same"]))
    steps = [convolution(rng, taps, 4, filters, padding), step("relu"), pool("max_pool", width)]
    positions = (length - (taps - 1 if padding == "valid" else 0)) // width
    if rng.random() < 0.5:
        steps += [convolution(rng, 3, filters, 5, padding), step("relu")]
        positions, filters = positions - (2 if padding == "valid" else 0), 5
    steps.append(step("flatten"))
    if rng.random() < 0.7:
        steps += [dense(rng, positions * filters, 10), step("relu")]
        return chain([*steps, dense(rng, 10, 2)], length), length
    return chain([*steps, dense(rng, positions * filters, 2)], length), length


def drawn_targets(rng, number: int, length: int) -> np.ndarray:
    """Return four targets for each mutant: any that meet, are one in another, empty, or at an end."""
    first = rng.integers(0, length, (number, 4))
    first[: number // 4, 1] = first[: number // 4, 0] + 3
    stop = np.minimum(first + rng.choice([0, 1, 5, 12], (number, 4)), length)
    return np.stack([first, stop], axis=2)


@pytest.mark.parametrize("network", [wide_first_pool, drawn_network, narrow_stages])
@pytest.mark.parametrize("seed", range(12))
def test_changes_at_targets_are_what_whole_sequences_give(network, seed):
    rng = np.random.default_rng([17, seed])
    layers, length = network(rng)
    bases = random_bases(rng, 12, length)
    if seed < 6:
        bases[0, length // 3] = ord("N")
    mutants, found = drawn_mutants(rng, bases, seed % 4), {}
    mutants.targets = drawn_targets(rng, len(mutants), length)
    for evaluation in ("batched", "windows"):
        options = {"engine": "cpu", "threads": 2, "evaluation": evaluation}
        with open_scorer("deeplift", layers, BACKGROUND, options) as scorer:
            found[evaluation] = scorer.score_mutants(bases, mutants, 1, channels=True)
    asked = mutants.asked(length)
    positions = np.arange(length)
    for targets, row in zip(mutants.targets, asked, strict=True):
        inside = np.zeros(length, bool)
        for first, stop in targets:
            inside |= (positions >= first) & (positions < stop)
        assert not row[~inside].any()
    for values in ("delta", "absolute", "channels"):
        one, whole = (np.where(asked, getattr(found[way], values), 0) for way in ("windows", "batched"))
        assert not getattr(found["batched"], values)[~asked].any()
        assert np.abs(whole).max() > 0
        assert np.abs(one - whole).max() <= TOLERANCE * np.abs(whole).max(), values


@pytest.mark.parametrize("width", [1, 3])
def test_multipliers_beyond_the_window_that_is_known_are_not_read(width):
    """What lies around the window, and what an index that counts from the end would meet, is enormous."""
    rng = np.random.default_rng(width)
    pooled, known, columns, channels, taps = 40, 12, 5, 8, 4
    around = np.full((3 * known, columns, channels), 1e30, np.float32)
    h = around[known : 2 * known]
    h[:] = rng.normal(size=h.shape)
    h[-1] = 1e30  # index −1
    h_starts, starts = np.arange(14, 19), np.arange(8, 13)
    owners = np.arange(columns)
    shape = (pooled, columns, channels)
    arg = rng.integers(0, width, shape).astype(np.int32)
    factor, dh = np.ones(shape, np.float32), np.zeros((0, columns, channels), np.float32)
    fresh = np.zeros((10, columns, channels), np.float32)  # from below the window that is known into it
    choices = (arg[:10], fresh, starts, width)
    changed = (h, h_starts, arg, factor, owners, dh, starts, *choices)
    g = np.empty((pooled * width, columns, channels), np.float32)
    kernels.route_changed(*changed, np.zeros(columns, np.int64), g)
    assert 0 < np.abs(g).max() < 10
    if width > 1:
        length = pooled * width
        back = np.empty((columns, length, 4), np.float32)
        kernel = aligned(rng.normal(size=(1, taps, channels, BLOCK)))
        at = length, 4, 4 * length
        to = np.zeros(columns, np.int64)
        kernels.carry_chosen(*changed, 0, to, taps, kernel, BLOCK, 4, at, back.reshape(-1))
        assert 0 < np.abs(back).max() < 100


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_pools_of_values_that_overflow_choose_one_of_their_places(value):
    """The paths of the chosen place are read: any other number would end the process."""
    pooled, width, channels = 2, 3, 8
    z = np.full((pooled * width, 1, channels), value, np.float32)
    y, factor = (np.empty((pooled, 1, channels), np.float32) for _ in range(2))
    arg = np.full((pooled, 1, channels), 10**6, np.int32)
    reference, tie = np.zeros((pooled * width, channels), np.float32), np.zeros(channels, np.float32)
    kernels.activate(z, reference, np.ones(pooled, bool), True, width, tie, y, arg, factor)
    assert ((arg >= 0) & (arg < width)).all()


def test_products_of_matrices_that_do_not_fit_are_refused():
    """BLAS would write behind the result."""
    a, b, c = (np.zeros(shape, np.float32) for shape in ((5, 3), (3, 4), (4, 4)))
    for first, second in ((a, b), (a[:4], b[:2])):
        with pytest.raises(ValueError, match="matrices of a product do not fit"):
            multiply(first, second, c, 0)
