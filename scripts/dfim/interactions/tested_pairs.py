"""From the outputs of pairs and of their draws to the table of pair tests: p, q and calls."""

import logging
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dfim.errors import counted
from dfim.interactions.pair_tests import OTHER, PairDraws
from dfim.interactions.shards import name_pairs
from dfim.statistics.effects import EFFECT_COLUMNS, OUTPUTS, SMALL, effects, resolution, resolved
from dfim.statistics.kinds import orientations, two_strands
from dfim.statistics.replaced import NULL_ENDS, add_verdicts, describe_replaced

logger = logging.getLogger("dfim")

COLUMNS = [
    "example", "block", "first", "second", "pair", "orientation", "distance",
    "first_name", "second_name", "first_group", "second_group", "first_start", "first_end", "second_start",
    "second_end", "first_strand", "second_strand", "within_reach", *OUTPUTS, *EFFECT_COLUMNS,
    "p_first", "p_second", "p", "q", "called", "call", *NULL_ENDS, OTHER,
]  # fmt: skip
_OF_FEATURES = ["name", "group", "start", "end", "strand"]
# Of 3 bp one piece in 64 is the feature itself; of 1 bp one in 4, beside which it never stands out.
SHORTEST = 3


@dataclass
class SharedDraws:
    """What kinds of pairs are tested with: the interactions of the shared draws of tested pairs.

    ``by_name``, float64 (2, tested pairs, K): with the feature replaced whose name comes first in the
    alphabet, and with the other; of two of one name the upstream one is the first. ``floor``: below what an
    interaction is small in this network (:func:`dfim.statistics.studentised.over_median`).
    """

    by_name: np.ndarray
    floor: float


@dataclass
class PairTests:
    """``table``: one row per unordered pair, the columns ``COLUMNS``; ``nulls``: what its p rest on.

    ``shared``: the shared draws of the pairs that are tested, in the order of the table.
    """

    table: pd.DataFrame
    nulls: pd.DataFrame
    shared: SharedDraws


def judge_pairs(
    found: PairDraws,
    features: pd.DataFrame,
    blocks: pd.Series,
    level: float = 0.05,
    least_share: float = 0.1,
) -> PairTests:
    """Test unordered pairs: does either feature change the other's effect more than other sequence does?

    ``found`` has the outputs and draws of :func:`draw_pairs`, with a column ``within_reach``; pairs beyond
    reach are not tested. ``features`` is the dataset's table, ``blocks`` those of the examples
    (:func:`blocks`). p and q are by the null ``replaced``, and calls those of :func:`add_verdicts`;
    ``null_low`` and ``null_high`` bound the middle 95 % of the draws of both ends. A warning is logged where
    tested features are too short to stand out.
    """
    table = described(found.table, features).assign(block=blocks.loc[found.table["example"]].to_numpy())
    table[EFFECT_COLUMNS] = effects(table, found.shuffled)
    tested = table["within_reach"].to_numpy() == 1
    _warn_of_short(table[tested])
    interaction = table.loc[tested, "interaction"].to_numpy()
    least = resolution(table)[tested]
    draws = {"first": resolved(found.first[tested], least), "second": resolved(found.second[tested], least)}
    add_verdicts(table, **draws, level=level, least_share=least_share)
    return PairTests(
        table.reindex(columns=COLUMNS),
        describe_replaced("interaction", table[tested], interaction, **draws, level=level),
        _shared(found, table, tested, least),
    )


def _shared(found: PairDraws, table: pd.DataFrame, tested: np.ndarray, least: np.ndarray) -> SharedDraws:
    """Return the shared draws of tested pairs, by name."""
    by_name = np.stack(
        [resolved(draws[tested], least) for draws in (found.shared_first, found.shared_second)]
    )
    turned = (table["second_name"] < table["first_name"]).to_numpy()[tested]
    by_name[:, turned] = by_name[::-1, turned]
    return SharedDraws(by_name, SMALL * float(np.std(found.shuffled)) if found.shuffled.size else 0.0)


def _warn_of_short(tested: pd.DataFrame) -> None:
    """Log a warning where pairs have a feature so short that pieces as wide as it are often itself."""
    widths = [tested[f"{end}_end"] - tested[f"{end}_start"] for end in ("first", "second")]
    if short := int((np.minimum(*widths) < SHORTEST).sum()):
        logger.warning(
            "%s of %d with a feature of less than %d bp: other sequence in its place is often the same, so "
            "that they are hardly ever called; give features of more bases.",
            counted(short, "pair"), len(tested), SHORTEST,
        )  # fmt: skip


def described(pairs: pd.DataFrame, features: pd.DataFrame) -> pd.DataFrame:
    """Add names, places, orientation and distance to unordered pairs (columns ``first`` and ``second``).

    ``distance`` is the number of bases between the two, ``pair`` both names in alphabetical order.
    """
    table = pairs.assign(
        pair=name_pairs(pairs.rename(columns={"first": "source", "second": "target"}), features)
    )
    by_number = features.set_index("feature")
    for column in _OF_FEATURES:
        for end in ("first", "second"):
            values = by_number[column].loc[table[end]].to_numpy()
            table[f"{end}_{column}"] = (
                values if column in ("start", "end") else pd.Series(values).fillna("").to_numpy()
            )
    table["distance"] = (table["second_start"] - table["first_end"]).clip(lower=0)
    table["orientation"] = orientations(table, two_strands(features))
    return table
