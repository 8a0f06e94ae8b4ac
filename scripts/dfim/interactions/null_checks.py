"""Checks of the null of an analysis: decoys in its own network, and real rows in one of random weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from dfim.attribution.scorer import Scorer
from dfim.interactions.pair_tests import draw_pairs
from dfim.interactions.pairs import unordered, unordered_pairs, within_reach
from dfim.interactions.score_draws import ENDS, SCORES, draw_scores
from dfim.interactions.scoring import pair_scores
from dfim.interactions.sources import PROFILE_SCORES
from dfim.interactions.substitutions import score_draws
from dfim.interactions.tested_pairs import judge_pairs
from dfim.statistics.draw_numbers import MOST_OUTPUTS, MOST_SCORES, draws_of
from dfim.statistics.effects import called
from dfim.statistics.null_checks import DECOY, ROW_COLUMNS, UNTRAINED
from dfim.statistics.p_values import p_values, q_values
from dfim.statistics.replaced import P_COLUMNS, p_replaced
from dfim.statistics.studentised import pooled_sizes


@dataclass(frozen=True)
class Asked:
    """What is asked of every network: ``pairs`` are ordered, ``blocks`` those of the examples.

    ``bases`` uint8 (all examples, positions), ``features`` the dataset's with decoys, ``background`` the
    probabilities of A, C, G, T, ``reach`` in bp; ``level`` and ``least_share`` of a call; ``draws`` and
    ``score_draws`` of a pair, numbers or ``auto``.
    """

    bases: np.ndarray
    features: pd.DataFrame
    blocks: pd.Series
    background: Sequence[float]
    reach: float
    draws: int | str
    score_draws: int | str
    level: float
    least_share: float
    seed: int


def outputs_of_check(check: str, scorer: Scorer, task: int, pairs: pd.DataFrame, asked: Asked):
    """Return the pair tests of a check (:func:`judge_pairs`) and its rows, the columns ``ROW_COLUMNS``.

    ``pairs`` are ordered; those beyond reach are left out. Where decoys are checked they are judged beside
    whatever real pairs there are, as pairs that do not interact are in an analysis, and are the rows alone.
    """
    chosen = unordered_pairs(pairs, asked.features, asked.reach)
    chosen = chosen[chosen["within_reach"] == 1].reset_index(drop=True)
    evaluate = partial(scorer.edited_logits, asked.bases, task=task)
    draws = draws_of(asked.draws, len(chosen), MOST_OUTPUTS)
    found = draw_pairs(evaluate, asked.bases, asked.features, chosen, asked.background, draws, asked.seed)
    tests = judge_pairs(found, asked.features, asked.blocks, asked.level, asked.least_share).table
    rows = tests.rename(columns={"pair": "name"}).assign(check=check, method="", score="interaction")
    rows["p_tested"] = np.nan  # the larger of two p is small too seldom to be held to a level
    for end in ("first", "second"):
        of_decoy = tests[f"{end}_group"] == DECOY
        rows.loc[of_decoy, "p_tested"] = tests.loc[of_decoy, f"p_{end}"]
    return tests, _checked(check, rows)


def scores_of_check(
    check: str,
    method: str,
    scorer: Scorer,
    task: int,
    pairs: pd.DataFrame,
    tests: pd.DataFrame,
    asked: Asked,
) -> pd.DataFrame:
    """Return the rows of the scores of ordered pairs, ``ROW_COLUMNS``; ``tests``: the same pairs' pair tests.

    Where decoys are checked they are targets; see :func:`outputs_of_check`.
    """
    pairs = pairs[within_reach(pairs, asked.features, asked.reach)].reset_index(drop=True)
    data = (scorer, asked.bases, asked.features, pairs, task, asked.background)
    scores = pairs.merge(pair_scores(*data, 0, asked.seed), on=["example", "source", "target"], how="left")
    draws = draw_scores(*data, draws_of(asked.score_draws, len(pairs), MOST_SCORES), asked.seed)
    ends = unordered(pairs, asked.features)
    told = scores.join(ends).merge(tests, on=["example", "first", "second"], how="left")
    told = told.rename(columns={"pair": "name"}).assign(check=check, method=method)
    places = asked.features.set_index("feature")
    of_decoys = (places["group"].loc[told["target"]] == DECOY).to_numpy()
    parts = []
    for number, score in enumerate(SCORES):
        p = p_replaced(told[score].to_numpy(), *draws[number]).set_axis(told.index)
        of_target = p[P_COLUMNS[ENDS.index("target")]].where(of_decoys)
        calls = called(p["q"], told["share"], asked.level, asked.least_share).astype(int)
        parts.append(told.assign(score=score, p_tested=of_target, p=p["p"], q=p["q"], called=calls))
    return _checked(check, pd.concat(parts, ignore_index=True))


def _checked(check: str, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that a check is about: of decoys those with a p of which the hypothesis is true."""
    return rows.loc[rows["p_tested"].notna() | (check != DECOY), ROW_COLUMNS].reset_index(drop=True)


def untrained_variants(
    method: str,
    scorer: Scorer,
    task: int,
    bases: np.ndarray,
    variants: pd.DataFrame,
    drawn: pd.DataFrame,
    blocks: pd.Series,
    background: np.ndarray,
    window: int | None,
    level: float,
) -> pd.DataFrame:
    """Return the rows of variants among their random substitutions, in a network of random weights.

    ``variants`` is a table of :func:`dfim.interactions.sources.feature_sources`, ``drawn`` that of
    :func:`dfim.interactions.substitutions.substitutions`; ``scorer`` is of the untrained network, the other
    arguments are those of :func:`score_draws`. A variant is called where q is below ``level``. The columns
    are ``ROW_COLUMNS``; ``first`` is the variant's feature.
    """
    own = variants.assign(source=np.arange(len(variants)), draw=0)
    data = (task, background, window)
    table, draws = (score_draws(scorer, bases, part, *data) for part in (own, drawn))
    told = variants.rename(columns={"feature": "first"}).assign(
        check=UNTRAINED, method=method, block=blocks.loc[variants["example"]].to_numpy()
    )
    parts = []
    for score, *sizes in pooled_sizes(table, draws, PROFILE_SCORES):
        p = p_values(*sizes)
        q = q_values(p)
        parts.append(told.assign(score=score, p_tested=p, p=p, q=q, called=(q < level).astype(int)))
    return pd.concat(parts, ignore_index=True).reindex(columns=ROW_COLUMNS)
