"""From scores to p and q: null scores, tests and their calibration.

The null scores are the same scores on dinucleotide-shuffled sequences, mutated at the same coordinates,
pooled over all tests of an analysis and a method. Three ways lead from them to a p-value:

``empirical`` (default)
    the share of null scores at least as large, (1 + #{null ≥ x}) / (n + 1). It assumes no shape, and it
    cannot be smaller than :func:`smallest_p`.
``gaussian``
    the upper tail of a normal distribution fitted to the null scores. FIS are skewed: far too kind.
``released``
    what the authors' released code does, for comparison: min(cdf, 1 − cdf) of the fitted normal
    distribution, not doubled, and 0 where 1 − cdf underflows; q for each pair of names alone.

A score that has a sign (``signed_sum``) is tested in both tails, a score that has none in the upper one.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control, norm

from dfim.errors import InputError
from dfim.shards import (
    PAIR_KEY,
    PAIR_SCORES,
    PROFILE_SCORES,
    Profiles,
    describe_pairs,
    name_pairs,
    pair_distances,
    summarise,
)

# Scores and whether they have a sign (and so two tails).
SIGNED = {"fis": False, "fis_sum": False, "signed_sum": True}
LEVELS = (0.05, 0.01, 0.001)
# Bins of |distance| of pairs, bp, both ends included, in which the calibration is also given.
DISTANCES = {"0–20": (0, 20), "21–50": (21, 50), "over 50": (51, np.inf)}
# A p of the Gaussian fit smaller than this, the smallest normal number of a float32, is given as this.
SMALLEST = float(np.finfo(np.float32).tiny)

Test = Callable[[np.ndarray], np.ndarray]


def smallest_p(n: int, two_tailed: bool = False) -> float:
    """Return the smallest empirical p that n null scores can give."""
    return (2 if two_tailed else 1) / (n + 1)


def fit_null(null: np.ndarray, method: str = "empirical", two_tailed: bool = False) -> Test:
    """Return the test of a null: a function from scores to their p-values, float64 of the same shape.

    ``null`` is an array of any shape, sorted or fitted once. Raises InputError on an unknown method, on
    fewer than 2 null scores, on one that is not finite and, unless the method is ``empirical``, when all
    are equal; the returned function raises it on a score that is not finite.
    """
    if method not in METHODS:
        raise InputError(f"there is no p-value method {method!r}: choose from {', '.join(METHODS)}.")
    null = np.ravel(null)
    if null.size < 2:
        raise InputError(
            f"a null distribution needs at least 2 scores of shuffled sequences, found {null.size}: "
            "raise the number of shuffles or select more examples."
        )
    _check_finite(null, "null scores")
    test = METHODS[method](null, two_tailed)

    def p_of(scores: np.ndarray) -> np.ndarray:
        _check_finite(scores, "scores")
        return test(np.asarray(scores))

    return p_of


def p_values(
    scores: np.ndarray, null: np.ndarray, method: str = "empirical", two_tailed: bool = False
) -> np.ndarray:
    """Return the p-values of scores, any shape, against pooled null scores; see :func:`fit_null`."""
    return fit_null(null, method, two_tailed)(scores)


def _check_finite(scores: np.ndarray, what: str) -> None:
    wrong = np.size(scores) - np.isfinite(scores).sum()
    if wrong:
        raise InputError(
            f"{wrong} of {np.size(scores)} {what} are not finite numbers: look at the model's weights and "
            "history for values that are not a number."
        )


def _empirical(null: np.ndarray, two_tailed: bool) -> Test:
    ordered = np.sort(null)
    n = ordered.size

    def test(scores: np.ndarray) -> np.ndarray:
        upper = (1 + n - np.searchsorted(ordered, scores, side="left")) / (n + 1)
        if not two_tailed:
            return upper
        lower = (1 + np.searchsorted(ordered, scores, side="right")) / (n + 1)
        return np.minimum(2 * np.minimum(upper, lower), 1)

    return test


def _fit_normal(null: np.ndarray, method: str):
    if null.min() == null.max():
        raise InputError(
            f"all {null.size} null scores are {null[0]:g}, and the p-value method {method!r} fits a normal "
            "distribution to them: choose the method 'empirical'."
        )
    return norm(*norm.fit(null.astype(np.float64)))


def _gaussian(null: np.ndarray, two_tailed: bool) -> Test:
    fitted = _fit_normal(null, "gaussian")

    def test(scores: np.ndarray) -> np.ndarray:
        scores = scores.astype(np.float64)
        if two_tailed:
            scores = fitted.mean() + np.abs(scores - fitted.mean())
        return np.maximum((1 + two_tailed) * fitted.sf(scores), SMALLEST)

    return test


def _released(null: np.ndarray, two_tailed: bool) -> Test:
    fitted = _fit_normal(null, "released")

    def test(scores: np.ndarray) -> np.ndarray:
        lower = fitted.cdf(scores.astype(np.float64))
        return np.minimum(lower, 1 - lower)

    return test


METHODS = {"empirical": _empirical, "gaussian": _gaussian, "released": _released}


def q_values(p: np.ndarray, families: np.ndarray | None = None) -> np.ndarray:
    """Return Benjamini–Hochberg q-values of p-values, any shape: over all of them together.

    ``families``, one label per p of a one-dimensional ``p``, corrects within each family alone. No p, no q.
    """
    p = np.asarray(p, dtype=np.float64)
    if families is not None:
        return pd.Series(p).groupby(np.asarray(families)).transform(q_values).to_numpy()
    return false_discovery_control(p, axis=None).reshape(p.shape) if p.size else p


def add_significance(
    table: pd.DataFrame, null: pd.DataFrame, scores: list[str], method: str = "empirical"
) -> pd.DataFrame:
    """Return the table with columns ``{score}_p`` and ``{score}_q`` added for each score.

    ``null`` holds the same score columns. With the method ``released`` q is taken for each value of the
    column ``pair``, if there is one, alone, as the released code does; else over the whole table.
    """
    families = table["pair"] if method == "released" and "pair" in table else None
    added = {}
    for score in scores:
        p = p_values(table[score].to_numpy(), null[score].to_numpy(), method, SIGNED[score])
        added |= {f"{score}_p": p, f"{score}_q": q_values(p, families)}
    return table.assign(**added)


def calibration(
    null: pd.DataFrame,
    scores: list[str],
    method: str = "empirical",
    signed: dict | None = None,
    distance: np.ndarray | None = None,
) -> pd.DataFrame:
    """Measure how often null scores are called significant.

    Columns: score, method, distance, level, share, n.

    ``null`` has a column ``example`` and the score columns. Every other example is held out and tested
    against the null scores of the rest, then the other way round, since scores of one example are alike;
    ``share`` is the share of all n held-out scores with p below ``level``, which should be about the level.
    The column ``distance`` says of which scores: ``all``, and, with ``distance`` (bp, of each row of
    ``null``), those in the bins of :data:`DISTANCES`, since the null is pooled over all distances and holds
    its level only on the whole. Where a half has fewer than 2 scores nothing can be held out: n is 0 and
    the share is missing, as in an empty bin.
    """
    signed = SIGNED if signed is None else signed
    half = np.unique(null["example"], return_inverse=True)[1] % 2 == 1
    rows = []
    for score in scores:
        values = null[score].to_numpy()
        p = np.full(0 if min(half.sum(), (~half).sum()) < 2 else len(values), np.nan)
        for held_out in (half, ~half) if p.size else ():
            p[held_out] = p_values(values[held_out], values[~held_out], method, signed[score])
        for label, members in _distance_bins(distance, len(values)).items():
            found = p[members] if p.size else p
            for level in LEVELS:
                share = (found < level).mean() if found.size else np.nan
                row = {"score": score, "method": method, "distance": label, "level": level}
                rows.append({**row, "share": share, "n": found.size})
    return pd.DataFrame(rows)


def _distance_bins(distance: np.ndarray | None, n: int) -> dict[str, np.ndarray]:
    """Return which of n scores belong to ``all`` and, with distances, to each bin of |distance|."""
    bins = {"all": np.ones(n, dtype=bool)}
    if distance is not None:
        size = np.abs(distance)
        bins |= {label: (size >= low) & (size <= high) for label, (low, high) in DISTANCES.items()}
    return bins


def pair_significance(
    scores: pd.DataFrame, features: pd.DataFrame, method: str = "empirical"
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Turn the scores of pairs on real (replicate 0) and shuffled sequences into tables with p and q.

    ``scores`` is the table of :func:`dfim.shards.read_pair_shards`, ``features`` that of the dataset.
    Returns the pairs (described, with p and q), the null scores, and their calibration.
    """
    shuffled = scores["replicate"] > 0
    null = scores[shuffled].reset_index(drop=True)
    null.insert(len(PAIR_KEY), "pair", name_pairs(null, features))
    pairs = scores[~shuffled].drop(columns="replicate").reset_index(drop=True)
    pairs = add_significance(describe_pairs(pairs, features), null, PAIR_SCORES, method)
    distance = pair_distances(null, features).to_numpy()
    return pairs, null, calibration(null, PAIR_SCORES, method, distance=distance)


def profile_significance(
    profiles: Profiles, method: str = "empirical"
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray, pd.DataFrame]:
    """Return sources with scores, p and q; p and q of every position; and the calibration.

    p and q of positions are float32 (source, position), NaN where delta is: the absolute change against
    the pooled absolute changes of the shuffled sequences within the window, q over all positions of all
    sources. ``response_distance`` of a source is the number of positions from its nearest edge to the
    position of its largest change: 1 for the base next to it, negative upstream. Scores of sources are
    tested like those of pairs; the calibration has a score ``delta`` for the positions.
    """
    delta, null = profiles.delta, profiles.null
    inside = ~np.isnan(delta)
    position_p, position_q = np.full((2, *delta.shape), np.nan, dtype=np.float32)
    p = p_values(np.abs(delta[inside]), profiles.null_positions["delta"].to_numpy(), method)
    position_p[inside], position_q[inside] = p, q_values(p)
    sources = profiles.sources.assign(
        **summarise(delta), response_distance=_response_distance(delta, profiles.sources)
    )
    sources = add_significance(sources, null, PROFILE_SCORES, method)
    null = null.assign(example=profiles.sources["example"].to_numpy()[null["source"]])
    calibrated = [
        calibration(null, PROFILE_SCORES, method),
        calibration(profiles.null_positions, ["delta"], method, {"delta": False}),
    ]
    return sources, position_p, position_q, pd.concat(calibrated, ignore_index=True)


def _response_distance(delta: np.ndarray, sources: pd.DataFrame) -> np.ndarray:
    """Return the positions from each source's nearest edge to its largest change: 1 is next to it.

    Negative upstream. Whole numbers, shape (sources,); a change within the source would have 0.
    """
    peak = np.where(np.isnan(delta), -1, np.abs(delta)).argmax(axis=1)
    start, end = sources["start"].to_numpy(), sources["end"].to_numpy()
    return np.where(peak < start, peak - start, np.maximum(peak - end + 1, 0))
