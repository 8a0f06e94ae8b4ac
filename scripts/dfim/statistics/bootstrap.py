"""Intervals by resampling examples, or blocks of them, which keeps dependent rows together."""

from functools import lru_cache

import numpy as np
import pandas as pd

from dfim.statistics.curves import Ranked, intervals

# Of n values all lie on one side of their median with a chance of 2 / 2ⁿ: of fewer than so many no two values
# have it between them with 95 %.
FEWEST_BLOCKS = 6
RUNNING = ["median", "median_low", "median_high", "quartile_1", "quartile_3"]


def bootstrap_auroc(
    scores: np.ndarray, of_group: np.ndarray, examples: np.ndarray, seed: int, resamples: int = 200
) -> tuple[float, float]:
    """Return the 2.5 and 97.5 percentiles of auROC over resamples of examples, drawn with replacement.

    ``scores``, ``of_group`` (bool) and ``examples`` have one entry per row. The scores are ranked once; a
    resample only weighs the rows by how often their example was drawn. (nan, nan) when either group comes
    from fewer than 2 examples.
    """
    if min(len(np.unique(examples[of_group])), len(np.unique(examples[~of_group]))) < 2:
        return np.nan, np.nan
    ranked = Ranked(scores, of_group)
    example = np.unique(examples, return_inverse=True)[1]
    n_examples = example.max() + 1
    rng = np.random.default_rng([seed, n_examples])
    found = []
    for _ in range(resamples):
        drawn = np.bincount(rng.integers(n_examples, size=n_examples), minlength=n_examples)
        found.append(ranked.auroc(drawn[example]))
    return tuple(intervals(np.array(found)))


def running_medians(
    x: np.ndarray, values: np.ndarray, examples: np.ndarray, width: int, seed: int = 0, fewest: int = 5
) -> pd.DataFrame:
    """Return the running median of values in bins of x, with its interval and the quartiles.

    Bins are [k · width, (k + 1) · width), from the smallest to the largest x; ``x`` of the result is their
    middle. ``median_low`` and ``median_high`` bound 95 % of the median's bootstrap over whole examples, since
    values of one example are not independent. A bin with fewer than ``fewest`` values has them missing.
    """
    bins = np.floor(np.asarray(x) / width).astype(int)
    rows = []
    for number in range(bins.min(), bins.max() + 1) if len(bins) else []:
        inside = bins == number
        row = {"x": (number + 0.5) * width, "n": inside.sum(), "n_examples": len(np.unique(examples[inside]))}
        row |= dict.fromkeys(RUNNING, np.nan)
        if inside.sum() >= fewest:
            low, high = median_interval(values[inside], examples[inside], seed)
            quartiles = np.quantile(values[inside], [0.25, 0.5, 0.75])
            row |= dict(zip(RUNNING, [quartiles[1], low, high, quartiles[0], quartiles[2]], strict=True))
        rows.append(row)
    return pd.DataFrame(rows, columns=["x", "n", "n_examples", *RUNNING], dtype=float)


def median_interval(values: np.ndarray, examples: np.ndarray, seed: int) -> tuple[float, float]:
    """Return the 2.5 and 97.5 percentiles of the median over resamples of examples.

    NaN for fewer than :data:`FEWEST_BLOCKS` examples.
    """
    weights, example = resampled_weights(examples, seed)
    if weights.shape[1] < FEWEST_BLOCKS:
        return np.nan, np.nan
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weights[:, example[order]], axis=1)
    half, ordered = total[:, -1:] / 2, values[order]
    # The mean of the two in the middle: the lower one alone would shift the interval down.
    medians = (ordered[(total < half).sum(axis=1)] + ordered[(total <= half).sum(axis=1)]) / 2
    return tuple(np.percentile(medians, [2.5, 97.5]))


def clusters_of(rows: pd.DataFrame) -> np.ndarray:
    """Return what the rows of a table are resampled by, one value a row.

    Their block, else their example; a table that is of no examples, as of cells, has rows that stand alone.
    """
    name = next((name for name in ("block", "example") if name in rows), None)
    return np.arange(len(rows)) if name is None else rows[name].to_numpy()


def resampled_weights(examples: np.ndarray, seed: int, resamples: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Return how often each example is drawn in resamples of all of them, and the example of every row.

    Shapes (resamples, examples) and (rows,), the latter an index into the former's columns. A sum over rows
    in every resample is then a product with the sums by example. Whole examples are drawn, with replacement,
    because the scores of one example are not independent.
    """
    names, example = np.unique(examples, return_inverse=True)
    return _weights(len(names), seed, resamples), example


@lru_cache(maxsize=1)  # several values of the same rows are mostly resampled one after another
def _weights(n: int, seed: int, resamples: int) -> np.ndarray:
    rng = np.random.default_rng([seed, n])
    weights = rng.multinomial(n, np.full(n, 1 / n), size=resamples) if n else np.zeros((resamples, 0))
    weights = weights.astype(np.float32)
    weights.flags.writeable = False
    return weights


def mean_intervals(values: np.ndarray, seed: int, resamples: int = 1000) -> np.ndarray:
    """Return the 2.5 and 97.5 percentiles of the mean of each row over resamples of the columns: (rows, 2).

    ``values`` (rows, columns); columns are drawn with replacement, the same ones for all rows.
    """
    columns = values.shape[1]
    weights, _ = resampled_weights(np.arange(columns), seed, resamples)
    return np.percentile(values @ weights.T / columns, [2.5, 97.5], axis=1).T
