"""Logits of edited sequences from what edits change, against the same copies evaluated whole.

Networks are those of the windows' property test: any depth, pools, padding and head. Under
``NUMBA_BOUNDSCHECK=1`` every index outside its array is an error here too.
"""

import numpy as np
import pytest
from support.small_networks import (
    chain,
    convolution,
    dense,
    drawn_network,
    narrow_stages,
    random_bases,
    step,
)

from dfim.attribution import FORWARD, open_scorer
from dfim.attribution.cpu import CpuDeepLift
from dfim.attribution.edits import NONE, Block, logits_of_whole_copies
from dfim.attribution.gradients import GradientInput
from dfim.attribution.simplification import simplify
from dfim.sequences.bases import one_hot

BACKGROUND = np.float32([0.27, 0.23, 0.23, 0.27])
# Of the range of the logits.
TOLERANCE = 1e-6


def drawn_blocks(rng, bases: np.ndarray, number: int = 40) -> list[Block]:
    """Return blocks without, with one, and with two pieces; near, far, at the ends, and whole sequences."""
    blocks, length = [], bases.shape[1]
    for example in np.sort(rng.integers(0, len(bases), number)):
        copies = int(rng.integers(1, 5))
        widths = rng.integers(1, 15, 2)
        apart = int(rng.choice([0, 1, 7, 40, length - widths.sum()]))
        apart = min(apart, length - widths.sum())
        first = int(rng.integers(0, length - widths.sum() - apart + 1))
        places = [(first, widths[0]), (first + widths[0] + apart, widths[1])]
        pieces = [(int(start), drawn_rows(rng, copies, width)) for start, width in places]
        if rng.random() < 0.1:
            pieces = [(0, drawn_rows(rng, copies, length))]
        blocks.append(block_of(int(example), copies, tuple(pieces[: rng.integers(0, 3)])))
    return blocks


def block_of(example: int, number: int, pieces: tuple = ()) -> Block:
    """Return copies that have the row of their number of each piece, or its only row."""
    copies, first = np.full((number, 2), NONE), 0
    for column, (_, rows) in enumerate(pieces):
        copies[:, column] = first + (np.arange(number) if len(rows) > 1 else 0)
        first += len(rows)
    return Block(example, pieces, copies)


def drawn_rows(rng, copies: int, width: int) -> np.ndarray:
    """Return the background, for all copies alike, or other bases in each."""
    if rng.random() < 0.4:
        return np.tile(BACKGROUND, (1, width, 1))
    return one_hot(random_bases(rng, copies, int(width)))


@pytest.mark.parametrize("seed", range(20))
def test_edited_copies_are_those_of_whole_sequences(seed):
    rng = np.random.default_rng([seed, 11])
    layers, length = narrow_stages(rng) if seed == 0 else drawn_network(rng)
    bases = random_bases(rng, 5, length)
    bases[0, length // 2] = ord("N")
    blocks = drawn_blocks(rng, bases)
    with open_scorer(FORWARD, layers, BACKGROUND, {"threads": 2}) as scorer:
        assert isinstance(scorer, CpuDeepLift)
        found = scorer.edited_logits(bases, blocks, 1)
    exact = GradientInput(simplify(layers), BACKGROUND, dtype="float64")
    expected = logits_of_whole_copies(exact.logits, bases, blocks, 1)
    assert len(found) == sum(map(len, blocks))
    assert np.abs(found - expected).max() < TOLERANCE * max(np.ptp(expected), np.abs(expected).max())


@pytest.mark.parametrize("seed", range(6))
def test_any_copies_of_shared_edits_are_those_of_whole_sequences(seed):
    """As pair tests ask: many places of one sequence, of which copies have any two, one wide or all of it."""
    rng = np.random.default_rng([seed, 12])
    layers, length = narrow_stages(rng) if seed == 0 else drawn_network(rng)
    bases, blocks = random_bases(rng, 4, length), []
    starts = np.sort(rng.choice(length // 10, 5, replace=False)) * 10
    for example in (0, 2, 3):
        edits = [(int(start), drawn_rows(rng, 4, rng.integers(1, 10))) for start in starts]
        edits.append((0, drawn_rows(rng, 3, length)))
        counts = [len(rows) for _, rows in edits]
        first = np.cumsum([0, *counts])
        places = np.array([rng.choice(5, 2, replace=False) for _ in range(60)])
        copies = first[places] + rng.integers(0, np.array(counts)[places])
        copies[rng.random(60) < 0.2, 1] = NONE
        copies[rng.random(60) < 0.1] = NONE
        copies[::20] = NONE, first[5]
        blocks.append(Block(example, edits, copies))
    with open_scorer(FORWARD, layers, BACKGROUND, {"threads": 2}) as scorer:
        found = scorer.edited_logits(bases, blocks, 1)
        cut = scorer.edited_logits(bases, [part for block in blocks for part in block.cut(7)], 1)
    exact = GradientInput(simplify(layers), BACKGROUND, dtype="float64")
    expected = logits_of_whole_copies(exact.logits, bases, blocks, 1)
    size = max(np.ptp(expected), np.abs(expected).max())
    assert np.abs(found - expected).max() < TOLERANCE * size
    assert np.abs(cut - expected).max() < TOLERANCE * size


def test_edits_are_carried_only_as_far_as_they_reach(monkeypatch):
    """Two far edits of two sequences: three convolutions of windows, and none of a whole copy."""
    from dfim.attribution.cpu import edits, values

    rng = np.random.default_rng(3)
    layers, length = narrow_stages(rng)
    evaluated = []
    whole = values.stages_of
    for module in (edits, values):
        watched = lambda engine, x: evaluated.append(len(x)) or whole(engine, x)  # noqa: E731
        monkeypatch.setattr(module, "stages_of", watched)
    far = ((100, drawn_rows(rng, 3, 8)), (800, drawn_rows(rng, 3, 8)))
    with open_scorer(FORWARD, layers, BACKGROUND, {"threads": 1}) as scorer:
        scorer.edited_logits(random_bases(rng, 2, length), [block_of(0, 3, far), block_of(1, 3, far)], 0)
    assert sum(evaluated) == 2


def test_edits_that_memory_does_not_hold_at_once_give_the_same(monkeypatch):
    from dfim.attribution.cpu import edits

    rng = np.random.default_rng(4)
    layers, length = narrow_stages(rng)
    bases = random_bases(rng, 3, length)
    blocks, runs = drawn_blocks(rng, bases), []
    with open_scorer(FORWARD, layers, BACKGROUND, {"threads": 1}) as scorer:
        expected = scorer.edited_logits(bases, blocks, 1)
        logits = edits.EditedPiece._logits
        monkeypatch.setattr(edits.EditedPiece, "_logits", lambda *run: runs.append(1) or logits(*run))
        monkeypatch.setattr(edits, "_KEPT", 1)
        found = scorer.edited_logits(bases, blocks, 1)
    assert len(runs) > 20
    assert np.abs(found - expected).max() < TOLERANCE * np.ptp(expected)


def test_a_network_that_the_engine_does_not_take_is_evaluated_whole():
    rng = np.random.default_rng(5)
    layers = chain([convolution(rng, 5, 4, 3), step("sigmoid"), step("flatten"), dense(rng, 3 * 36, 2)], 40)
    bases = random_bases(rng, 2, 40)
    blocks = drawn_blocks(rng, bases, 5)
    with open_scorer(FORWARD, layers, BACKGROUND) as scorer:
        assert not isinstance(scorer, CpuDeepLift)
        expected = logits_of_whole_copies(scorer.logits, bases, blocks, 0)
        np.testing.assert_array_equal(scorer.edited_logits(bases, blocks, 0), expected)


def test_no_blocks_have_no_values():
    rng = np.random.default_rng(6)
    layers, length = narrow_stages(rng)
    with open_scorer(FORWARD, layers, BACKGROUND) as scorer:
        assert len(scorer.edited_logits(random_bases(rng, 2, length), [], 0)) == 0
        assert len(logits_of_whole_copies(scorer.logits, random_bases(rng, 2, length), [], 0)) == 0
