"""p-values of scores against null scores, and Benjamini–Hochberg's q-values.

Four ways lead from null scores to the p of a score:

``empirical`` (default)
    the share of null scores at least as large, (1 + #{null ≥ x}) / (n + 1). It assumes no shape, and it
    cannot be smaller than :func:`smallest_p`.
``generalised_pareto``
    the same up to a high quantile of the null; beyond it the tail of a generalised Pareto distribution fitted
    to the null scores there (Pickands 1975; for few null scores Knijnenburg et al. 2009), so that p can be
    smaller than 1 / (n + 1): a quarter of it at most, for farther out a fit to null scores that come in
    clusters, as those of one sequence do, is too sure of itself. :meth:`Tail.goodness` says how well it fits.
``gaussian``
    the upper tail of a normal distribution fitted to the null scores. FIS are skewed: far too kind.
``released``
    what the authors' released code does, for comparison: min(cdf, 1 − cdf) of the fitted normal
    distribution, not doubled, and 0 where 1 − cdf underflows.

A score that has a sign (``signed_sum``) is tested in both tails, a score that has none in the upper one.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy  # what is slow to load is loaded where it is called: scipy.special, scipy.stats

from dfim.errors import InputError, counted

# A p of a fit smaller than this, the smallest normal number of a float32, is given as this.
SMALLEST = float(np.finfo(np.float32).tiny)
# The tail of a generalised Pareto fit: the largest tenth of the null scores, 250 at most (Knijnenburg et al.
# 2009); where that is fewer than 20, the p stays empirical.
TAIL_SHARE, LARGEST_TAIL, SMALLEST_TAIL = 0.1, 250, 20
# How many times smaller than the smallest empirical p that of a fitted tail can be. Without a limit some row
# of a complete null has q < .05 in up to a fifth of runs, where null scores are few and sequences differ.
EXTRAPOLATION = 4

Test = Callable[[np.ndarray], np.ndarray]


def smallest_p(n: int, two_tailed: bool = False) -> float:
    """Return the smallest empirical p that n null scores can give."""
    return (2 if two_tailed else 1) / (n + 1)


def fit_null(null: np.ndarray, method: str = "empirical", two_tailed: bool = False) -> Test:
    """Return the test of a null: a function from scores to their p-values, float64 of the same shape.

    ``null`` is an array of any shape, sorted or fitted once. Raises InputError on an unknown method, on
    fewer than 2 null scores, on one that is not finite and, with the methods ``gaussian`` and ``released``,
    when all are equal; the returned function raises it on a score that is not finite.
    """
    if method not in METHODS:
        raise InputError(f"there is no p-value method {method!r}: choose from {', '.join(METHODS)}.")
    null = np.ravel(null)
    if null.size < 2:
        raise InputError(
            f"a null distribution needs at least 2 scores, found {null.size}: raise the number of shuffles "
            "or select more examples."
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


def _both_tails(upper: Test, lower: Test) -> Test:
    """Return the test in both tails: twice the smaller one, 1 at most."""
    return lambda scores: np.minimum(2 * np.minimum(upper(scores), lower(-scores)), 1)


def _empirical(null: np.ndarray, two_tailed: bool) -> Test:
    upper = _empirical_upper(null)
    return _both_tails(upper, _empirical_upper(-null)) if two_tailed else upper


def _empirical_upper(null: np.ndarray) -> Test:
    ordered = np.sort(null)
    n = ordered.size
    return lambda scores: (1 + n - np.searchsorted(ordered, scores, side="left")) / (n + 1)


@dataclass(frozen=True)
class Tail:
    """The upper tail of null scores, above ``threshold``, with a generalised Pareto distribution.

    ``excess`` are the scores above the threshold minus it, of ``n`` null scores in all; ``shape`` and
    ``scale`` are the maximum likelihood estimates. A negative shape would mean that no larger score is
    possible under the null, and give a p of 0: the exponential distribution (shape 0) is fitted instead.
    """

    threshold: float
    excess: np.ndarray
    n: int
    shape: float
    scale: float

    def p(self, scores: np.ndarray) -> np.ndarray:
        """Return p of scores above the threshold; it joins the empirical p there, and ends as said above."""
        beyond = np.asarray(scores, np.float64) - self.threshold
        share = (len(self.excess) + 1) / (self.n + 1)
        fitted = share * scipy.stats.genpareto.sf(beyond, self.shape, scale=self.scale)
        return np.maximum(fitted, smallest_p(self.n) / EXTRAPOLATION)

    def goodness(self, seed: int = 0, samples: int = 199) -> float:
        """Return p of the Anderson–Darling test that the excesses follow a generalised Pareto distribution.

        By parametric bootstrap, since the parameters are estimated from the same excesses; small: a bad fit.
        """
        rng = np.random.default_rng([seed, len(self.excess)])
        fit = _fit_exponential if self.shape == 0 else _fit_pareto

        def draw(size: tuple[int, int]) -> np.ndarray:
            return scipy.stats.genpareto.rvs(self.shape, scale=self.scale, size=size, random_state=rng)

        def misfit(excess: np.ndarray, axis: int) -> np.ndarray:
            ordered, n = np.sort(excess, axis), excess.shape[axis]
            shape, scale = (parameter[..., None] for parameter in fit(excess))
            fitted = scipy.stats.genpareto(shape, scale=scale)
            logs = fitted.logcdf(ordered) + fitted.logsf(ordered[..., ::-1])
            return -n - logs @ (2 * np.arange(1, n + 1) - 1) / n

        found = scipy.stats.monte_carlo_test(
            self.excess, draw, misfit, vectorized=True, n_resamples=samples, alternative="greater", axis=-1
        )
        return float(found.pvalue)


def _fit_exponential(excess: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return shape (0) and scale of the exponential distribution of largest likelihood, as _fit_pareto."""
    scale = excess.mean(-1)
    return np.zeros_like(scale), scale


def _fit_pareto(excess: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return shape and scale of the generalised Pareto distribution of largest likelihood, (...,) each.

    ``excess``, (..., n), are above 0. The likelihood of the shape is largest at a known one once the ratio of
    shape and scale is given (Grimshaw 1993), so that only the ratio is looked for: on a grid of
    log(1 + ratio * largest excess) that closes in on the best of its points.
    """
    largest, mean = excess.max(-1), excess.mean(-1)

    def profile(place: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        ratio = np.expm1(place) / largest
        shape = np.log1p(ratio[..., None] * excess).mean(-1)
        scale = np.divide(shape, ratio, out=np.broadcast_to(mean, ratio.shape).copy(), where=ratio != 0)
        return -np.log(scale) - shape, shape, scale

    low, high = np.full_like(mean, -6), np.full_like(mean, 30)
    for _ in range(12):
        places = np.linspace(low, high, 17)
        best = profile(places)[0].argmax(0)
        low, high = (np.take_along_axis(places, np.clip(best + step, 0, 16)[None], 0)[0] for step in (-1, 1))
    return profile((low + high) / 2)[1:]


def fit_tail(null: np.ndarray) -> Tail | None:
    """Fit the upper tail of null scores; None where it has too few, or only equal, scores to fit."""
    ordered = np.sort(np.ravel(null).astype(np.float64))
    n = ordered.size
    size = min(LARGEST_TAIL, int(TAIL_SHARE * n))
    if size < SMALLEST_TAIL:
        return None
    threshold = ordered[-size - 1]
    excess = ordered[ordered > threshold] - threshold
    if len(excess) < SMALLEST_TAIL or excess.min() == excess.max():
        return None
    shape, scale = _fit_pareto(excess)
    if not shape > 0:
        shape, scale = _fit_exponential(excess)
    return Tail(float(threshold), excess, n, float(shape), float(scale))


def _generalised_pareto(null: np.ndarray, two_tailed: bool) -> Test:
    upper = _pareto_upper(null)
    return _both_tails(upper, _pareto_upper(-null)) if two_tailed else upper


def _pareto_upper(null: np.ndarray) -> Test:
    empirical, tail = _empirical_upper(null), fit_tail(null)
    if tail is None:
        return empirical
    return lambda scores: np.where(scores > tail.threshold, tail.p(scores), empirical(scores))


def _fit_normal(null: np.ndarray, method: str) -> tuple[float, float]:
    """Return mean and standard deviation of null scores, the maximum likelihood estimates."""
    if null.min() == null.max():
        raise InputError(
            f"all {counted(null.size, 'null score')} are {null[0]:g}, and the p-value method {method!r} "
            "fits a normal distribution to them: choose the method 'empirical'."
        )
    null = null.astype(np.float64)
    return null.mean(), null.std()


def _gaussian(null: np.ndarray, two_tailed: bool) -> Test:
    mean, deviation = _fit_normal(null, "gaussian")

    def test(scores: np.ndarray) -> np.ndarray:
        scores = scores.astype(np.float64)
        if two_tailed:
            scores = mean + np.abs(scores - mean)
        return np.maximum((1 + two_tailed) * scipy.special.ndtr(-((scores - mean) / deviation)), SMALLEST)

    return test


def _released(null: np.ndarray, two_tailed: bool) -> Test:
    mean, deviation = _fit_normal(null, "released")

    def test(scores: np.ndarray) -> np.ndarray:
        lower = scipy.special.ndtr((scores.astype(np.float64) - mean) / deviation)
        return np.minimum(lower, 1 - lower)

    return test


METHODS = {
    "empirical": _empirical,
    "generalised_pareto": _generalised_pareto,
    "gaussian": _gaussian,
    "released": _released,
}
# Methods that fit one Gaussian to all null scores together, as the paper does.
POOLED = ("gaussian", "released")


def q_values(p: np.ndarray, families: np.ndarray | None = None) -> np.ndarray:
    """Return Benjamini–Hochberg q-values of p-values, any shape: over all of them together.

    ``families``, one label per p of a one-dimensional ``p``, corrects within each family alone. A p that is
    missing (NaN) is no test: its q is missing, and the others are corrected without it. No p, no q.
    """
    p = np.asarray(p, dtype=np.float64)
    if families is not None:
        return pd.Series(p).groupby(np.asarray(families)).transform(q_values).to_numpy()
    q, tested = np.full(p.shape, np.nan), ~np.isnan(p)
    if tested.any():
        q[tested] = _benjamini_hochberg(p[tested])
    return q


def _benjamini_hochberg(p: np.ndarray) -> np.ndarray:
    """Return the q-values of p-values (tests,): the smallest p n / rank of a p and all that are larger."""
    order = np.argsort(p)
    q = np.empty(len(p))
    shares = p[order] * (len(p) / np.arange(1, len(p) + 1))
    q[order] = np.minimum.accumulate(shares[::-1])[::-1]
    return np.minimum(q, 1)
