"""Kinds of pairs: the names of two features, their orientation and their distance, and what they do together.

A table of kinds has four *grains*, each finer than the one before:

``names``
    all pairs of two names;
``distance``
    by bins of the bases between the two;
``orientation``
    by bins and orientation;
``spacing``
    by orientation and every single distance, where there are blocks enough.

A kind is tested by the null ``replaced`` as a pair is (:mod:`dfim.statistics.replaced`): is the median of its
pairs' interactions larger than with other sequence in the place of one feature? The *same* piece stands in
all of them. Whether two motifs do more than other sequence is a question about two motifs, however many pairs
of them there are: with pieces of their own in each pair the median of the draws would be near 0, and any two
words that act a little, and always in the same way, would stand out. Pieces that stand in the place of
features that differ among themselves vary more than these do, so that p is rather too large.

Orientation is read along the strand on which the feature whose name comes first in the alphabet is forward
(``GATA1+ TAL1-``). A name of which every feature is on one strand has no sign: it may be a palindrome, and a
feature on the other strand does not occur; the other name then decides, and the sequence itself where it has
none either.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd

from dfim.errors import counted
from dfim.statistics.bootstrap import median_interval
from dfim.statistics.effects import REDUNDANCY, SYNERGY, sign_of
from dfim.statistics.nulls import distance_bins
from dfim.statistics.replaced import NULL_ENDS, add_verdicts
from dfim.statistics.resolution import draws_needed
from dfim.statistics.studentised import over_median

logger = logging.getLogger("dfim")

GRAINS = ("names", "distance", "orientation", "spacing")
DISTANCES = (5, 10, 20, 30, 50, 100, 200)
# A single distance has a kind of its own from this many blocks on.
FEWEST = 10
ANY = "any"
_PAIR = ["example", "first", "second"]
_KIND = ["grain", "pair", "orientation", "distance"]
_OF_METHODS = ("fis_called", "signed_sum_called", "same_sign")
COLUMNS = [
    "grain", "pair", "orientation", "distance", "shortest", "longest", "n", "n_examples", "n_blocks",
    "interaction", "interaction_low", "interaction_high", *NULL_ENDS, "share", "share_low", "share_high",
    "called_synergy", "called_redundancy", "p", "q", "called", "call",
]  # fmt: skip


def two_strands(features: pd.DataFrame) -> set[str]:
    """Return the names of which the table of features has some on either strand."""
    strands = features.groupby("name")["strand"].agg(set)
    return {name for name, found in strands.items() if {"+", "-"} <= found}


def orientations(pairs: pd.DataFrame, stranded: Collection[str]) -> pd.Series:
    """Return the orientation of unordered pairs, text, ``GATA1+ TAL1-``.

    ``pairs`` has the columns ``first_name``, ``second_name``, ``first_strand`` and ``second_strand``,
    ``first`` the upstream one; ``stranded``: names whose strand counts, of :func:`two_strands`.
    """
    names = [pairs[f"{end}_name"].to_numpy(object) for end in ("first", "second")]
    minus = [pairs[f"{end}_strand"].to_numpy(object) == "-" for end in ("first", "second")]
    has = [np.isin(of_end.astype(str), list(stranded)) for of_end in names]
    # What decides is the name that comes first, or the other where that has no strand.
    lead_second = np.where(has[0] & has[1], names[1] < names[0], has[1])
    turned = np.where(lead_second, minus[1] & has[1], minus[0] & has[0])
    signs = [np.where(has[end], np.where(minus[end] ^ turned, "-", "+"), "") for end in (0, 1)]
    words = [names[end] + signs[end].astype(object) for end in (0, 1)]
    forward, backward = words[0] + " " + words[1], words[1] + " " + words[0]
    return pd.Series(np.where(turned, backward, forward), pairs.index)


def kinds_of_pairs(
    tests: pd.DataFrame,
    draws: np.ndarray,
    floor: float = 0.0,
    level: float = 0.05,
    least_share: float = 0.1,
    distances: Sequence[int] = DISTANCES,
    fewest: int = FEWEST,
    seed: int = 0,
) -> pd.DataFrame:
    """Return one row per kind of pairs, the columns ``COLUMNS``: by grain, called ones first, then by q.

    ``tests`` has a row per tested pair: ``pair``, ``orientation``, ``distance`` (bases between the two),
    ``example``, ``block``, ``interaction``, ``share``, ``called``. ``draws``, float (2, pairs, K): the
    interactions of the shared draws, with the feature whose name comes first replaced, and with the other;
    ``floor`` as of :func:`dfim.statistics.studentised.over_median`. ``interaction`` and ``share`` of a kind
    are medians, with the 95 % interval of their bootstrap over blocks; ``null_low`` and ``null_high`` bound
    the middle 95 % of the medians of its draws, of both ends; ``called_synergy`` and ``called_redundancy``
    are shares of its pairs. p, q, ``called`` and ``call`` are those of :func:`add_verdicts`, among the kinds
    of the grain.
    """
    if len(tests) and (draws.shape[2] + 1) * level < 1:
        logger.warning(
            "kinds of pairs have %s, so that a motif like any other stands out with a chance of %.2g: raise "
            "'shared_draws' to %d or more.",
            counted(draws.shape[2], "shared draw"), 1 / (draws.shape[2] + 1), draws_needed(1, level=level),
        )  # fmt: skip
    tests = tests.assign(bin=distance_bins(tests, distances) if len(tests) else [])
    parts = [_grain(tests, draws, grain, fewest, seed) for grain in GRAINS]
    sizes = partial(over_median, floor=floor)
    for kinds, medians in parts:
        add_verdicts(kinds, *medians, level, least_share, sizes)
    kinds = pd.concat([kinds for kinds, _ in parts if len(kinds)] or [parts[0][0]], ignore_index=True)
    order = kinds.assign(
        rank=kinds["grain"].map(GRAINS.index), size=-kinds["share"].abs(), lost=-kinds["called"]
    ).sort_values(["rank", "lost", "q", "size"], kind="stable")
    return kinds.loc[order.index, COLUMNS].reset_index(drop=True)


def kind_labels(tests: pd.DataFrame, grain: str) -> pd.DataFrame:
    """Return the labels of every pair's kind in a grain: ``pair``, ``orientation``, ``distance``.

    ``tests`` has a column ``bin``, the label of the distance's bin.
    """
    distance = {"names": ANY, "spacing": tests["distance"].abs().astype(str) + " bp"}.get(grain, tests["bin"])
    orientation = tests["orientation"] if grain in ("orientation", "spacing") else ANY
    return pd.DataFrame(
        {"pair": tests["pair"], "orientation": orientation, "distance": distance}, index=tests.index
    )


def add_methods(
    kinds: pd.DataFrame,
    tests: pd.DataFrame,
    methods: Mapping[str, pd.DataFrame],
    distances: Sequence[int] = DISTANCES,
) -> pd.DataFrame:
    """Add to kinds what the scores of each method say of their pairs, three columns for each method.

    ``methods``: the tables of ordered pairs by the method's name. ``{method}_fis_called`` and
    ``{method}_signed_sum_called`` are the shares of ordered pairs that are called, ``{method}_same_sign`` the
    share of the pairs called by mutagenesis of which the signed sum has the sign of the interaction.
    """
    tests = tests.assign(bin=distance_bins(tests, distances) if len(tests) else [])
    for method, pairs in methods.items():
        own = _by_pair(pairs).merge(tests, on=_PAIR, how="inner")
        parts = []
        for grain in GRAINS:
            labels = kind_labels(own, grain).assign(grain=grain)
            columns = {f"{method}_{name}": own[f"{name}_of_method"] for name in _OF_METHODS}
            parts.append(labels.assign(**columns).groupby(_KIND).mean().reset_index())
        kinds = kinds.merge(pd.concat(parts, ignore_index=True), on=_KIND, how="left")
    return kinds


def _by_pair(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return ordered pairs by their features in order of place, with what a kind is told of them."""
    forward = pairs["source_start"] <= pairs["target_start"]
    same = np.sign(pairs["signed_sum"]) == np.sign(pairs["interaction"])
    return pd.DataFrame(
        {
            "example": pairs["example"],
            "first": pairs["source"].where(forward, pairs["target"]),
            "second": pairs["target"].where(forward, pairs["source"]),
            "fis_called_of_method": pairs["fis_called"],
            "signed_sum_called_of_method": pairs["signed_sum_called"],
            "same_sign_of_method": same.astype(float).where(pairs["interaction_called"] == 1),
        }
    )


def _grain(
    tests: pd.DataFrame, draws: np.ndarray, grain: str, fewest: int, seed: int
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the kinds of one grain, without verdicts, and the medians of their draws, (2, kinds, K)."""
    labels, blocks = kind_labels(tests, grain), tests["block"].to_numpy()
    described = tests[["example", "block", "distance", "interaction", "share", "called"]]
    rows, medians = [], []
    for (pair, orientation, distance), members in sorted(labels.groupby(list(labels)).indices.items()):
        if grain == "spacing" and len(set(blocks[members])) < fewest:
            continue
        key = {"grain": grain, "pair": pair, "orientation": orientation, "distance": distance}
        rows.append(key | _described(described.iloc[members], seed))
        medians.append(np.median(draws[:, members], axis=1))
    columns = [name for name in COLUMNS if name not in (*NULL_ENDS, "p", "q", "called", "call")]
    # A kind is of pairs within reach alone.
    kinds = pd.DataFrame(rows, columns=columns).assign(within_reach=1)
    return kinds, np.reshape(medians, (len(rows), 2, draws.shape[2])).swapaxes(0, 1)


def _described(own: pd.DataFrame, seed: int) -> dict:
    """Return sizes, medians with intervals, and calls of the pairs of one kind."""
    block, size = own["block"].to_numpy(), own["distance"].abs()
    row = {"shortest": size.min(), "longest": size.max(), "n": len(own)}
    row |= {"n_examples": own["example"].nunique(), "n_blocks": own["block"].nunique()}
    for name in ("interaction", "share"):
        values = own[name].to_numpy(float)
        row[name] = np.median(values)
        row[f"{name}_low"], row[f"{name}_high"] = median_interval(values, block, seed)
    signs = sign_of(own["interaction"], own["called"] == 1)
    return row | {f"called_{sign}": (signs == sign).mean() for sign in (SYNERGY, REDUNDANCY)}
