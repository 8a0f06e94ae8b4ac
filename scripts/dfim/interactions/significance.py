"""From scores to p and q, for pairs of features and for profiles, with their calibration."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dfim.interactions.shards import (
    PAIR_KEY,
    PAIR_SCORES,
    PROFILE_SCORES,
    Profiles,
    describe_pairs,
    position_distances,
    summarise,
)
from dfim.statistics.calibration import calibration
from dfim.statistics.comparison import describe_null
from dfim.statistics.conditions import matching, with_derived_columns
from dfim.statistics.nulls import NullModel, add_significance, describe_nulls
from dfim.statistics.p_values import p_values, q_values

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
    idle = _known(pairs[tests], not_interacting)
    calibrated, quantiles = calibration(pairs[tests], null, PAIR_SCORES, models, idle, seed, method)
    return Significance(
        add_significance(pairs, null, PAIR_SCORES, models, method, tests),
        described.loc[shuffled, [*PAIR_KEY, "pair", *PAIR_SCORES]].reset_index(drop=True),
        describe_nulls(pairs[tests], null, PAIR_SCORES, models, method),
        calibrated,
        quantiles,
    )


def _known(table: pd.DataFrame, condition: str | None) -> np.ndarray | None:
    """Return which rows are known not to interact, or None when nothing is known."""
    if condition is None:
        return None
    return matching(with_derived_columns(table), condition, "key 'not_interacting' of the truth")


def profile_significance(
    profiles: Profiles,
    method: str = "empirical",
    models: Sequence[NullModel] = (SHUFFLES,),
    reach: float = np.inf,
    not_interacting: str | None = None,
    seed: int = 0,
) -> tuple[Significance, np.ndarray, np.ndarray]:
    """Return the tables of the sources of profiles, and p and q of every position.

    p and q of positions are float32 (source, position), NaN where delta is and beyond the network's
    ``reach`` (bp): the absolute change against the pooled absolute changes of the shuffled sequences within
    the window, q over all positions of all sources. ``response_distance`` of a source is the number of
    positions from its nearest edge to the position of its largest change: 1 for the base next to it,
    negative upstream. Scores of sources are tested like those of pairs; nulls and calibration have a score
    ``delta`` for the positions. ``not_interacting`` names sources that are known to act on nothing.
    """
    delta = profiles.delta
    inside = ~np.isnan(delta) & (position_distances(profiles.sources, delta.shape[1]) < reach)
    positions = profiles.null_positions
    position_p, position_q = np.full((2, *delta.shape), np.nan, dtype=np.float32)
    p = p_values(np.abs(delta[inside]), positions["delta"].to_numpy(), method)
    position_p[inside], position_q[inside] = p, q_values(p)
    sources = profiles.sources.assign(
        **summarise(delta), response_distance=_response_distance(delta, profiles.sources)
    )
    null = describe_null(profiles.null.assign(example=0), sources)
    idle = _known(sources, not_interacting)
    tested = pd.DataFrame({"example": profiles.sources["example"].iloc[:0], "delta": []})
    of_sources = calibration(sources, null, PROFILE_SCORES, models, idle, seed, method)
    of_positions = calibration(tested, positions, ["delta"], [SHUFFLES], None, seed, method)
    of_delta = pd.DataFrame({"example": 0, "delta": np.abs(delta[inside])})
    nulls = [
        describe_nulls(sources, null, PROFILE_SCORES, models, method),
        describe_nulls(of_delta, positions, ["delta"], [SHUFFLES], method),
    ]
    joined = [pd.concat(parts, ignore_index=True) for parts in zip(of_sources, of_positions, strict=True)]
    results = add_significance(sources, null, PROFILE_SCORES, models, method)
    significance = Significance(results, profiles.null, pd.concat(nulls, ignore_index=True), *joined)
    return significance, position_p, position_q


def _response_distance(delta: np.ndarray, sources: pd.DataFrame) -> np.ndarray:
    """Return the positions from each source's nearest edge to its largest change: 1 is next to it.

    Negative upstream. Whole numbers, shape (sources,); a change within the source would have 0.
    """
    peak = np.where(np.isnan(delta), -1, np.abs(delta)).argmax(axis=1)
    start, end = sources["start"].to_numpy(), sources["end"].to_numpy()
    return np.where(peak < start, peak - start, np.maximum(peak - end + 1, 0))
