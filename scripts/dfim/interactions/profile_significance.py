"""From profiles to p and q, of sources and of single positions, with their calibration."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dfim.interactions.shards import POSITION_BINS, Profiles, position_distances, summarise
from dfim.interactions.significance import SHUFFLES, Significance, known_rows
from dfim.interactions.sources import PROFILE_SCORES
from dfim.statistics.calibration import calibration
from dfim.statistics.comparison import describe_null
from dfim.statistics.null_tables import describe_nulls
from dfim.statistics.nulls import NullModel, add_significance
from dfim.statistics.p_values import POOLED, p_values, q_values
from dfim.statistics.resolution import LEVEL
from dfim.statistics.studentised import over_alike

_ALIKE = ("delta", "distance")


def profile_significance(
    profiles: Profiles,
    method: str = "empirical",
    models: Sequence[NullModel] = (SHUFFLES,),
    reach: float = np.inf,
    not_interacting: str | None = None,
    seed: int = 0,
    bins: Sequence[int] = POSITION_BINS,
    level: float = LEVEL,
) -> tuple[Significance, np.ndarray, np.ndarray]:
    """Return the tables of the sources of profiles, and p and q of every position.

    p and q of positions are those of :func:`position_significance`. ``response_distance`` of a source is the
    number of positions from its nearest edge to the position of its largest change: 1 for the base next to
    it, negative upstream. Scores of sources are tested like those of pairs; nulls and calibration have a
    score ``delta`` for the positions; nulls say how many rows must stand out before one has q < ``level``.
    ``not_interacting`` names sources that are known to act on nothing.
    """
    sources = profiles.sources.assign(
        **summarise(profiles.delta), response_distance=_response_distance(profiles.delta, profiles.sources)
    )
    null = describe_null(profiles.null.assign(example=0), sources)
    draws = None if profiles.draws.empty else _described_draws(profiles.draws, sources)
    idle = known_rows(sources, not_interacting)
    # The published methods pool all distances.
    bins = () if method in POOLED else tuple(bins)
    of_positions, p, q = position_significance(profiles, method, reach, bins, seed, level)
    of_sources = (
        describe_nulls(sources, null, PROFILE_SCORES, models, method, draws, level=level),
        *calibration(sources, null, PROFILE_SCORES, models, idle, seed, method, draws=draws),
    )
    joined = [pd.concat(parts, ignore_index=True) for parts in zip(of_sources, of_positions, strict=True)]
    results = add_significance(sources, null, PROFILE_SCORES, models, method, draws=draws)
    return Significance(results, profiles.null, *joined), p, q


def _described_draws(draws: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    """Add to draws what is known of their variant, and ``distance``: bp from it, negative upstream."""
    scores = draws[["source", "draw", *PROFILE_SCORES]].rename(columns={"draw": "replicate"})
    described = describe_null(scores, sources)
    start = sources.set_index("source")["start"].loc[draws["source"]].to_numpy()
    return described.assign(distance=draws["start"].to_numpy() - start)


def position_significance(
    profiles: Profiles, method: str, reach: float, bins: Sequence[int], seed: int, level: float = LEVEL
) -> tuple[tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame], np.ndarray, np.ndarray]:
    """Return the rows of positions in nulls, calibration and quantiles, and p and q of every position.

    p and q are float32 (source, position), NaN where delta is and beyond the network's ``reach`` (bp): the
    absolute change against the absolute changes of the shuffled sequences, both in units of those as far from
    the source (:func:`over_alike`), in bins of which ``bins`` are the largest distances (none: all together,
    as they are), and q over all positions of the bin. The calibration is by halves of the bins; that of the
    published methods is of the changes as they are.
    """
    distance = position_distances(profiles.sources, profiles.delta.shape[1])
    inside = ~np.isnan(profiles.delta) & (distance < reach)
    tested = pd.DataFrame(
        {"example": 0, "distance": distance[inside], "delta": np.abs(profiles.delta[inside])}
    )
    null = profiles.null_positions
    if len(bins):
        sizes = over_alike(*(table[name].to_numpy() for table in (tested, null) for name in _ALIKE))
        tested, null = (table.assign(delta=found) for table, found in zip((tested, null), sizes, strict=True))
    label, null_label = (np.searchsorted(bins, table["distance"], side="left") for table in (tested, null))
    found = np.full((2, len(tested)), np.nan)
    for part in np.unique(label):
        rows = label == part
        found[0, rows] = p_values(tested.loc[rows, "delta"], null.loc[null_label == part, "delta"], method)
        found[1, rows] = q_values(found[0, rows])
    p, q = np.full((2, *profiles.delta.shape), np.nan, dtype=np.float32)
    p[inside], q[inside] = found
    spec = NullModel(distances=tuple(bins))
    tables = (
        describe_nulls(tested, null, ["delta"], [spec], method, families=True, level=level),
        *_calibrated(tested[:0], null, profiles.null_positions, spec, method, seed),
    )
    return tables, p, q


def _calibrated(
    nothing: pd.DataFrame, null: pd.DataFrame, plain: pd.DataFrame, spec: NullModel, method: str, seed: int
) -> list[pd.DataFrame]:
    """Return shares and quantiles of held-out ``null`` positions, and by other methods of ``plain`` ones."""
    halves = _halves(spec.distances, null["distance"].max() if len(null) else 0)
    options = {"not_interacting": None, "seed": seed, "distances": halves}
    found = calibration(nothing, null, ["delta"], [spec], method=method, others=(), **options)
    others = [way for way in POOLED if way != method]
    pooled = calibration(nothing, plain, ["delta"], [spec], method=others[0], others=others, **options)
    return [
        pd.concat([own, other[other["method"].isin(others)]], ignore_index=True)
        for own, other in zip(found, pooled, strict=True)
    ]


def _halves(bins: Sequence[int], farthest: int) -> dict[str, tuple[float, float]]:
    """Return the two halves of each bin of distances, both ends by label: in them p can be off."""
    found = {}
    for low, high in zip((0, *bins), (*bins, np.inf), strict=True):
        middle = (low + 1 + int(min(high, max(farthest, low + 1)))) // 2
        found[f"{low + 1}–{middle}"] = (low + 1, middle)
        if middle < high:
            label = f"{middle + 1}–{high}" if high < np.inf else f"over {middle}"
            found[label] = (middle + 1, high)
    return found


def _response_distance(delta: np.ndarray, sources: pd.DataFrame) -> np.ndarray:
    """Return the positions from each source's nearest edge to its largest change: 1 is next to it.

    Negative upstream. Whole numbers, shape (sources,); a change within the source would have 0.
    """
    peak = np.where(np.isnan(delta), -1, np.abs(delta)).argmax(axis=1)
    start, end = sources["start"].to_numpy(), sources["end"].to_numpy()
    return np.where(peak < start, peak - start, np.maximum(peak - end + 1, 0))
