"""From the outputs of pairs and of their draws to the table of pair tests: p, q and calls."""

import logging
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dfim.errors import counted
from dfim.interactions.pair_tests import OTHER, PairDraws
from dfim.interactions.shards import name_pairs
from dfim.statistics.effects import EFFECT_COLUMNS, OUTPUTS, effects, resolution, resolved
from dfim.statistics.kinds import ENDS, orientations, two_strands
from dfim.statistics.replaced import NULL_ENDS, add_verdicts, describe_replaced, ranks_among_draws

logger = logging.getLogger("dfim")

COLUMNS = [
    "example", "block", "first", "second", "pair", "orientation", "distance",
    "first_name", "second_name", "first_group", "second_group", "first_start", "first_end", "second_start",
    "second_end", "first_strand", "second_strand", "within_reach", *OUTPUTS, *EFFECT_COLUMNS,
    "p_first", "p_second", "p", "q", "called", "call", "rank_first", "rank_second", *NULL_ENDS,
    OTHER,
]  # fmt: skip
_OF_FEATURES = ["name", "group", "start", "end", "strand"]
# Of 3 bp one piece in 64 is the feature itself; of 1 bp one in 4, beside which it never stands out.
SHORTEST = 3


@dataclass
class PairTests:
    """``table``: one row per unordered pair, the columns ``COLUMNS``; ``nulls``: what its p rest on."""

    table: pd.DataFrame
    nulls: pd.DataFrame


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
    (:func:`blocks`). p and q are by the null ``replaced``, and calls those of :func:`add_verdicts`.
    ``rank_first`` and ``rank_second`` are the ranks of the interaction among its draws with that feature
    replaced; ``null_low`` and ``null_high`` bound the middle 95 % of the draws of both. A warning is logged
    where tested features are too short to stand out.
    """
    table = described(found.table, features).assign(block=blocks.loc[found.table["example"]].to_numpy())
    table[EFFECT_COLUMNS] = effects(table, found.shuffled)
    tested = table["within_reach"].to_numpy() == 1
    _warn_of_short(table[tested])
    interaction = table.loc[tested, "interaction"].to_numpy()
    ends = {"first": found.first[tested], "second": found.second[tested]}
    least = resolution(table)[tested]
    draws = {end: resolved(values, least) for end, values in ends.items()}
    add_verdicts(table, **draws, level=level, least_share=least_share)
    for end, values in draws.items():
        table[f"rank_{end}"] = np.nan
        table.loc[tested, f"rank_{end}"] = ranks_among_draws(interaction, values)
    return PairTests(
        table.reindex(columns=COLUMNS),
        describe_replaced("interaction", table[tested], interaction, **draws, level=level),
    )


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


def for_kinds(tests: pd.DataFrame) -> pd.DataFrame:
    """Return tested pairs with rank and p by name: ``rank_of_one`` (alphabetically first), and of the other.

    Two features of one name are told apart by their place: the upstream one is the first.
    """
    own = tests[tests["within_reach"] == 1]
    turned = (own["second_name"] < own["first_name"]).to_numpy()
    columns = {}
    for what in ("rank", "p"):
        ends = own[f"{what}_first"], own[f"{what}_second"]
        for end, both in zip(ENDS, (ends, ends[::-1]), strict=True):
            columns[f"{what}_of_{end}"] = np.where(turned, both[1], both[0])
    return own.assign(**columns)
