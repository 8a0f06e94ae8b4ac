"""The pieces of other sequence of a grammar scan: what is called depends little on which they are."""

from functools import partial

import numpy as np
from support.scans import MOTIFS, random_backgrounds, scan, within_8_bp

from dfim.interactions.grammar_scan import ScanDraws, motif_words
from dfim.interactions.tested_scan import judge_scan
from dfim.sequences.bases import one_hot, to_bases
from dfim.statistics.replaced import SURE


def composite(x, seed):
    """Return what two words do that act together 7 to 9 bp apart, and all like them by how alike they are.

    Beside it lies what sequence does by itself, and near sequence together, without any grammar.
    """
    rng = np.random.default_rng(seed)
    alike = []
    for word in MOTIFS.values():
        weights = one_hot(to_bases(word)) * rng.uniform(0.2, 0.6, (len(word), 1))
        windows = np.lib.stride_tricks.sliding_window_view(x, len(word), axis=1)
        alike.append(np.exp(np.einsum("npcw,wc->np", windows, weights) - weights.sum()))
    one, other = alike
    together = sum(
        (one[:, : other.shape[1] - apart] * other[:, apart:]).sum(axis=1) for apart in (13, 14, 15)
    )
    filters, pairs = rng.normal(size=(32, 12)), rng.normal(size=(24, 12))
    near = np.lib.stride_tricks.sliding_window_view(x, 8, axis=1).reshape(len(x), -1, 32) @ filters
    pooled = np.maximum(near, 0)[:, : near.shape[1] // 6 * 6].reshape(len(x), -1, 6, 12).max(axis=2)
    units = np.maximum(np.concatenate([pooled[:, :-1], pooled[:, 1:]], axis=2) @ pairs, 0)
    alone = np.log1p(3 * one.sum(axis=1)) + np.log1p(3 * other.sum(axis=1))
    return alone + 4 * np.log1p(together) + 0.02 * units.sum(axis=1) @ rng.normal(size=12)


def test_what_is_called_hardly_depends_on_which_pieces_are_drawn():
    """Some pieces are so like a motif that they do half of what it does."""
    alike, repeated, truly = [], [], []
    for seed in range(5):
        options = {"draws": 200, "orientations": ["++"]}
        found = scan(partial(composite, seed=seed), random_backgrounds(6, 60, seed), range(2, 18), **options)
        one, other = (
            judge_scan(ScanDraws(found.cells, found.outputs, found.first[:, own], found.second[:, own]))
            for own in (slice(0, 100), slice(100, 200))
        )
        both = [table["called"].to_numpy() == 1 for table in (one, other)]
        alike.append(np.logical_and(*both).sum() / max(1, np.logical_or(*both).sum()))
        repeated += both[1][both[0] & (one["called_again"] >= SURE)].tolist()
        truly += both[0][one["spacing"].between(7, 9)].tolist()
    assert np.mean(truly) >= 0.9
    assert np.mean(alike) >= 0.85
    assert len(repeated) > 10
    assert np.mean(repeated) >= 0.95


def test_that_calls_hang_by_few_pieces_is_told(caplog):
    """Of as few as 20 one can hardly tell; one in 20 may do as much as the motif."""
    for draws in (100, 20):
        judge_scan(scan(within_8_bp, random_backgrounds(10, 80), [0, 4], draws=draws, orientations=["++"]))
    assert caplog.messages == [
        "which 20 pieces of other sequence were drawn decides about some cells (column called_again): with "
        "others, 2 of the 2 that are called may not be, and 0 of the rest may: raise 'draws'."
    ]


def test_pieces_of_a_scan_have_no_n_where_there_are_others():
    backgrounds = random_backgrounds(6, 60)
    backgrounds[:, 10:50] = ord("N")
    words = motif_words({"A": "GATA", "B": "CWGCAT"}, backgrounds, 40, 0)
    for own in words.values():
        assert not (own == ord("N")).any()
        assert len(np.unique(own[0, 1:], axis=0)) > 20
