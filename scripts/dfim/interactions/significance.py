"""From scores to p and q, for pairs of features, with their calibration."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dfim.interactions.shards import (
    PAIR_KEY,
    PAIR_SCORES,
    describe_pairs,
)
from dfim.statistics.calibration import calibration
from dfim.statistics.conditions import matching, with_derived_columns
from dfim.statistics.null_tables import describe_nulls
from dfim.statistics.nulls import NullModel, add_significance

SHUFFLES = NullModel()


@dataclass
class Significance:
    """The tables of an analysis: ``results`` (pairs or sources, with p and q) and what its p rest on."""

    results: pd.DataFrame
    null: pd.DataFrame
    nulls: pd.DataFrame
    calibration: pd.DataFrame
    quantiles: pd.DataFrame


def pair_significance(
    scores: pd.DataFrame,
    features: pd.DataFrame,
    method: str = "empirical",
    models: Sequence[NullModel] = (SHUFFLES,),
    reach: float = np.inf,
    not_interacting: str | None = None,
    seed: int = 0,
) -> Significance:
    """Turn the scores of pairs on real (replicate 0) and shuffled sequences into tables with p and q.

    ``scores`` is the table of :func:`dfim.interactions.shards.read_pair_shards`, ``features`` that of the
    dataset.
    ``reach`` (bp, of :func:`dfim.networks.reach.reach_of`): positions that are as far apart or farther cannot
    interact in this network. Pairs beyond it have ``within_reach`` 0, and no p and no q: their score is 0 by
    the network's structure, not by the data; null scores beyond it are no part of the null.
    ``not_interacting`` is a condition over the pairs' columns: pairs that are known not to interact, on which
    the calibration is measured too. The result's ``null`` has the scores of the shuffled sequences.
    """
    described = describe_pairs(scores, features)
    # Between the nearest positions of two features lie `distance` others.
    described["within_reach"] = (described["distance"].abs() + 1 < reach).astype(int)
    shuffled = described["replicate"] > 0
    pairs = described[~shuffled].drop(columns="replicate").reset_index(drop=True)
    null = described[shuffled & (described["within_reach"] == 1)].reset_index(drop=True)
    tests = pairs["within_reach"].to_numpy() == 1
    idle = known_rows(pairs[tests], not_interacting)
    calibrated, quantiles = calibration(pairs[tests], null, PAIR_SCORES, models, idle, seed, method)
    return Significance(
        add_significance(pairs, null, PAIR_SCORES, models, method, tests),
        described.loc[shuffled, [*PAIR_KEY, "pair", *PAIR_SCORES]].reset_index(drop=True),
        describe_nulls(pairs[tests], null, PAIR_SCORES, models, method),
        calibrated,
        quantiles,
    )


def known_rows(table: pd.DataFrame, condition: str | None) -> np.ndarray | None:
    """Return which rows are known not to interact, or None when nothing is known."""
    if condition is None:
        return None
    return matching(with_derived_columns(table), condition, "key 'not_interacting' of the truth")
