"""From the scores of pairs to p, q and calls, with their calibration."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dfim.errors import InputError
from dfim.interactions.shards import PAIR_KEY, PAIR_SCORES, add_pair_tests, describe_pairs
from dfim.interactions.significance import SHUFFLES, Significance, known_rows
from dfim.statistics.calibration import calibration, calibration_of
from dfim.statistics.effects import called
from dfim.statistics.null_tables import describe_nulls
from dfim.statistics.nulls import NullModel, add_significance
from dfim.statistics.replaced import REPLACED, describe_replaced, p_replaced
from dfim.statistics.resolution import LEVEL


def pair_significance(
    scores: pd.DataFrame,
    features: pd.DataFrame,
    tests: pd.DataFrame,
    draws: np.ndarray | None = None,
    method: str = "empirical",
    models: Sequence[NullModel] = (SHUFFLES,),
    not_interacting: str | None = None,
    seed: int = 0,
    level: float = LEVEL,
    least_share: float = 0.1,
) -> Significance:
    """Turn the scores of pairs on real (replicate 0) and shuffled sequences into tables with p and q.

    ``scores`` is the table of :func:`dfim.interactions.shards.read_pair_shards`, ``features`` that of the
    dataset, ``tests`` the table of pair tests of the same pairs (:func:`judge_pairs`), whose interaction,
    share and calls the result has too. ``draws`` are those of :func:`draw_scores`, for the null model
    ``replaced``; their pairs are sorted as those of the scores. Pairs beyond the network's reach have
    ``within_reach`` 0, and no p and no q: their score is 0 by the network's structure, not by the data; null
    scores beyond it are no part of the null. ``{score}_called`` is 1 where q of the first null model is below
    ``level`` and the share of the pair's interaction is ``least_share`` or more in size. ``not_interacting``
    is a condition over the pairs' columns: pairs that are known not to interact, on which the calibration is
    measured too. The result's ``null`` has the scores of the shuffled sequences.
    """
    pairs, shuffled = _real_and_shuffled(describe_pairs(scores, features), tests, features)
    reached = pairs["within_reach"].to_numpy() == 1
    tested, null = pairs[reached], shuffled[shuffled["within_reach"] == 1].reset_index(drop=True)
    idle = known_rows(tested, not_interacting)
    pooled = [spec for spec in models if spec.model != REPLACED]
    results = add_significance(pairs, null, PAIR_SCORES, pooled, method, reached)
    parts = []
    if pooled:
        of_pooled = calibration(tested, null, PAIR_SCORES, pooled, idle, seed, method)
        parts = [(describe_nulls(tested, null, PAIR_SCORES, pooled, method, level=level), *of_pooled)]
    if len(pooled) < len(models):
        if draws is None:
            raise InputError("the null model 'replaced' has no draws of the scores: run their rule again.")
        first = models[0].model == REPLACED
        results = _with_replaced(results, draws, reached, pooled if first else None)
        of_replaced = _of_replaced(results[reached], draws[:, :, reached], idle, first, level)
        parts = [of_replaced, *parts] if first else [*parts, of_replaced]
    tables = [_joined(of) for of in zip(*parts, strict=True)]
    shuffled = shuffled[[*PAIR_KEY, "pair", *PAIR_SCORES]].reset_index(drop=True)
    return Significance(_with_calls(results, level, least_share), shuffled, *tables)


def _real_and_shuffled(
    described: pd.DataFrame, tests: pd.DataFrame, features: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the pairs on the real sequences with their pair tests, and those on shuffles."""
    real = described["replicate"] == 0
    pairs = described[real].drop(columns="replicate").reset_index(drop=True)
    pairs = add_pair_tests(pairs, tests, features)
    key = ["source", "target"]
    return pairs, described[~real].merge(pairs[[*key, "within_reach"]], on=key, how="left")


def _joined(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat([table for table in tables if len(table)] or tables[:1], ignore_index=True)


def _of_replaced(
    tested: pd.DataFrame, draws: np.ndarray, idle: np.ndarray | None, first: bool, level: float
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return what the null ``replaced`` rests on, and how its p hold on pairs known not to interact."""
    nulls = [
        describe_replaced(score, tested, tested[score].to_numpy(), *own, level=level)
        for score, own in zip(PAIR_SCORES, draws, strict=True)
    ]
    suffix = "" if first else f"_{REPLACED}"
    columns = {score: f"{score}_p{suffix}" for score in PAIR_SCORES} | {"interaction": "interaction_p"}
    own = tested[:0] if idle is None else tested[idle]  # without a truth there is nothing to show
    found = [
        calibration_of(own, own[column].to_numpy(), REPLACED, score) for score, column in columns.items()
    ]
    return _joined(nulls), *(_joined(of) for of in zip(*found, strict=True))


def _with_replaced(
    pairs: pd.DataFrame, draws: np.ndarray, reached: np.ndarray, after: list[NullModel] | None
) -> pd.DataFrame:
    """Add p and q of the null ``replaced``; ``after`` are the models behind it where it is the first."""
    if after:
        second = {
            f"{score}_{value}": f"{score}_{value}_{after[0].model}" for score in PAIR_SCORES for value in "pq"
        }
        pairs = pairs.rename(columns=second)
    suffix = f"_{REPLACED}" if after is None else ""
    for number, score in enumerate(PAIR_SCORES):
        found = p_replaced(pairs.loc[reached, score].to_numpy(), *draws[number][:, reached])
        found = found.set_axis(pairs.index[reached]).reindex(pairs.index)
        pairs = pairs.assign(**{f"{score}_{value}{suffix}": found[value] for value in "pq"})
    return pairs


def _with_calls(pairs: pd.DataFrame, level: float, least_share: float) -> pd.DataFrame:
    """Add which pairs are called by each score, ``{score}_called``."""
    calls = {
        f"{score}_called": called(pairs[f"{score}_q"], pairs["share"], level, least_share).astype(int)
        for score in PAIR_SCORES
    }
    return pairs.assign(**calls)
