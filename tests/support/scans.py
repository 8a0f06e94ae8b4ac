"""Grammar scans of functions that stand for networks, in random sequences."""

from functools import partial

import numpy as np

from dfim.attribution.edits import logits_of_whole_copies
from dfim.interactions.grammar_scan import draw_scan, scan_cells
from dfim.sequences.bases import one_hot, to_bases

MOTIFS = {"TAL1": "CAGATG", "GATA1": "AGATAAG"}
BASES = np.frombuffer(b"ACGT", np.uint8)


def random_backgrounds(number, length, seed=0):
    return BASES[np.random.default_rng(seed).integers(0, 4, (number, length))]


def scan(output, backgrounds, spacings, motifs=MOTIFS, draws=20, seed=0, **options):
    """Scan a function from one-hot sequences (copies, positions, 4) to a number of each."""
    evaluate = partial(logits_of_whole_copies, lambda x: output(x)[:, None], backgrounds, task=0)
    cells = scan_cells(motifs, spacings, **options)
    return draw_scan(evaluate, backgrounds, motifs, cells, draws, seed)


def by_chance(x, seed=0):
    """Return a number of each sequence that looks random, and is the same whenever it is asked for."""
    weights = np.random.default_rng(seed).normal(size=x.shape[1:])
    return np.sin(1e3 * np.einsum("nlc,lc->n", x, weights))


def sites(x, word):
    """Return where a word begins, bool (copies, places)."""
    windows = np.lib.stride_tricks.sliding_window_view(x, len(word), axis=1)
    return np.einsum("npcw,wc->np", windows, one_hot(to_bases(word))) > len(word) - 0.5


def within_8_bp(x):
    """Return 3 and 2 for the motifs and the context's part, and 5 more (or less) for one arrangement."""
    tal, gata, turned = (sites(x, word) for word in ("CAGATG", "AGATAAG", "CTTATCT"))
    together, against = np.zeros(len(x)), np.zeros(len(x))
    for apart in range(6, 15):
        together += (tal[:, : gata.shape[1] - apart] & gata[:, apart:]).any(axis=1)
        against += (tal[:, : gata.shape[1] - apart] & turned[:, apart:]).any(axis=1)
    return 3 * tal.any(axis=1) + 2 * gata.any(axis=1) + by_chance(x) + 5 * together - 5 * against
