"""Do scores of pairs agree with their interaction by pairwise mutagenesis?"""

import numpy as np
import pandas as pd

from dfim.statistics.bootstrap import clusters_of, resampled_weights

AGREEMENT_COLUMNS = [
    "pairs", "score", "scale", "n", "n_examples", "spearman", "spearman_low", "spearman_high",
    "share_same_sign",
]  # fmt: skip
# Columns of the interaction by mutagenesis, by the scale that it is on.
SCALES = {"logit": "interaction", "probability": "interaction_probability"}
ALL = "all"


def agreement(pairs: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Return how both scores of pairs rank with their interaction by mutagenesis: ``AGREEMENT_COLUMNS``.

    One row for ``all`` pairs and for each value of ``pair``, for each score and for the logit and the
    probability. ``spearman`` is the rank correlation, of the signed sum with the interaction and of the
    paper's score, which has no sign, with its absolute value; with the 95 % interval of its bootstrap over
    blocks, or examples where there are none (ranked once). ``share_same_sign`` (signed sum only): of the
    pairs where neither is 0. Missing where all values are equal. Pairs beyond the network's reach are left
    out.
    """
    if "within_reach" in pairs:
        pairs = pairs[pairs["within_reach"] == 1]
    groups = {ALL: pairs} | dict(iter(pairs.groupby("pair")))
    rows = []
    for name, group in groups.items():
        weights = resampled_weights(clusters_of(group), seed)
        for score in ("fis", "signed_sum"):
            for scale, column in SCALES.items():
                x, y = group[score].to_numpy(float), group[column].to_numpy(float)
                row = {"pairs": name, "score": score, "scale": scale}
                row |= {"n": len(group), "n_examples": weights[0].shape[1], "share_same_sign": np.nan}
                if score == "signed_sum":
                    row["share_same_sign"] = _same_sign(x, y)
                rows.append(row | _spearman(x, y if score == "signed_sum" else np.abs(y), weights))
    return pd.DataFrame(rows, columns=AGREEMENT_COLUMNS)


REMOVAL_COLUMNS = [
    "n", "n_blocks", "median", "median_other", "spearman", "spearman_low", "spearman_high", "share_same_sign",
    "note",
]  # fmt: skip


def removal_agreement(tests: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Return how far the interaction depends on how a feature is removed, one row: ``REMOVAL_COLUMNS``.

    ``tests`` has the columns ``interaction``, ``interaction_other_removal`` (missing where it was not
    measured) and
    ``block``. The rank correlation has the 95 % interval of its bootstrap over blocks; ``share_same_sign`` is
    of the pairs where neither is 0, and missing where there are none.
    """
    own = tests[tests["interaction_other_removal"].notna()]
    x, y = own["interaction"].to_numpy(float), own["interaction_other_removal"].to_numpy(float)
    row = {"n": len(own), "n_blocks": own["block"].nunique()}
    if not len(own):
        row["note"] = "no pair was measured with features removed in the other way"
        return pd.DataFrame([row], columns=REMOVAL_COLUMNS)
    row |= {"median": np.median(x), "median_other": np.median(y)}
    row |= _spearman(x, y, resampled_weights(own["block"].to_numpy(), seed))
    row["share_same_sign"] = _same_sign(x, y)
    signed = int(((x != 0) & (y != 0)).sum())
    row["note"] = (
        f"with features removed in the other way the interactions of {len(own)} pairs have the rank "
        f"correlation {row['spearman']:.2f} with these"
    ) + (f", and of the {signed} that are not 0 {row['share_same_sign']:.0%} the same sign" if signed else "")
    return pd.DataFrame([row], columns=REMOVAL_COLUMNS)


def _same_sign(x: np.ndarray, y: np.ndarray) -> float:
    """Return the share of pairs of values with the same sign, of those where neither is 0."""
    signed = (x != 0) & (y != 0)
    return np.mean(np.sign(x[signed]) == np.sign(y[signed])) if signed.any() else np.nan


def _spearman(x: np.ndarray, y: np.ndarray, weights: tuple[np.ndarray, np.ndarray]) -> dict:
    """Return the rank correlation and its interval; missing where either has no two different values."""
    if min(len(np.unique(x)), len(np.unique(y))) < 2:
        return dict.fromkeys(("spearman", "spearman_low", "spearman_high"), np.nan)
    x, y = (pd.Series(values).rank().to_numpy() for values in (x, y))
    x, y = x - x.mean(), y - y.mean()
    drawn, example = weights
    # The weighted moments of every resample, from their sums by example.
    n, sx, sy, sxx, syy, sxy = (
        drawn @ np.bincount(example, values, minlength=drawn.shape[1])
        for values in (np.ones(len(x)), x, y, x * x, y * y, x * y)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        found = (sxy - sx * sy / n) / np.sqrt((sxx - sx**2 / n) * (syy - sy**2 / n))
    found = found[np.isfinite(found)]
    low, high = np.percentile(found, [2.5, 97.5]) if len(found) else (np.nan, np.nan)
    return {"spearman": (x @ y) / np.sqrt((x @ x) * (y @ y)), "spearman_low": low, "spearman_high": high}
