"""Irreproducible discovery rate of the peaks of two replicates (Li et al. 2011, Ann. Appl. Stat. 5, 1752).

The ranks of the peaks in the two replicates are modelled by a copula mixture: with probability ``p`` a peak
is reproducible, its two latent scores Gaussian with mean ``mu``, standard deviation ``sigma`` and correlation
``rho``; otherwise they are independent standard Gaussians. Only ranks are seen, so that scores are replaced
by *pseudo-values*, the quantiles of the mixture at the ranks, and the fit alternates between the two.

Starting point, bounds, convergence, the breaking of ties and the matching of peaks are those of the published
command ``idr`` (version 2), as ENCODE runs it: ``--peak-list``, ``--rank p.value`` and
``--use-best-multisummit-IDR``.
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import fminbound
from scipy.special import expit, ndtr, ndtri
from scipy.stats import rankdata, spearmanr

from dfim.errors import InputError, counted

START = np.array([0.1, 1.0, 0.2, 0.5])  # mu, sigma, rho, p
LOWER = np.array([0.0, 0.2, 0.1, 0.01])
UPPER = np.array([20.0, 20.0, 0.99, 0.99])
TOLERANCE = 1e-6  # of the fit; no IDR below it is meaningful
MAX_ROUNDS = 3000
EM_STEPS = 30
FEWEST_PEAKS = 20
_NEAR = 1e-3  # so near a bound the fit ended there
_TIES_SEED = 0
_GAUSS = 1 / math.sqrt(2 * math.pi)


@dataclass(frozen=True)
class Fit:
    """The fitted mixture, and the rounds of pseudo-values it took; ``converged`` tells whether it did."""

    mu: float
    sigma: float
    rho: float
    p: float
    rounds: int
    converged: bool

    @property
    def theta(self) -> np.ndarray:
        return np.array([self.mu, self.sigma, self.rho, self.p])

    @property
    def at_bounds(self) -> list[str]:
        """The parameters with which the fit ended at one of their bounds, where the likelihood still rose."""
        near = (self.theta - LOWER < _NEAR) | (UPPER - self.theta < _NEAR)
        return [name for name, is_near in zip(("mu", "sigma", "rho", "p"), near, strict=True) if is_near]


# --- the mixture ---------------------------------------------------------------------------------


def pseudo_values(
    number: int, mu: float, sigma: float, p: float, near: np.ndarray | None = None
) -> np.ndarray:
    """Return the quantiles of the mixture at 1/(n+1) … n/(n+1), ascending, shape (number,).

    A quantile of the mixture lies between those of its two parts, where Newton steps start, kept within
    their bracket by bisection; from ``near``, the quantiles of a similar mixture, fewer of them are needed.
    """
    levels = np.arange(1, number + 1) / (number + 1)
    noise = ndtri(levels)
    signal = mu + sigma * noise
    low, high = np.minimum(noise, signal), np.maximum(noise, signal)
    values = (low + high) / 2 if near is None else np.clip(near, low, high)
    for _ in range(200):
        scaled = (values - mu) / sigma
        excess = p * ndtr(scaled) + (1 - p) * ndtr(values) - levels
        if np.abs(excess).max() < 1e-13:
            break
        low, high = np.where(excess < 0, values, low), np.where(excess > 0, values, high)
        density = (p / sigma * np.exp(-(scaled**2) / 2) + (1 - p) * np.exp(-(values**2) / 2)) * _GAUSS
        with np.errstate(divide="ignore", invalid="ignore"):
            newton = values - excess / density
        inside = (newton > low) & (newton < high)
        values = np.where(inside, newton, (low + high) / 2)
    return values


class _Pairs:
    """Pseudo-values of all peaks, as the three sums that the mixture's likelihood is made of.

    Every step of the fit asks for them again; shapes are (peaks,).
    """

    def __init__(self, first: np.ndarray, second: np.ndarray):
        self.total, self.squares, self.product = first + second, first**2 + second**2, first * second
        self.noise = -np.log(2 * np.pi) * len(first) - self.squares.sum() / 2

    def log_odds(self, theta: np.ndarray) -> np.ndarray:
        """Return the log odds that a peak is reproducible under (mu, sigma, rho, p)."""
        mu, sigma, rho, p = theta
        rest = 2 * sigma**2 * (1 - rho**2)
        constant = np.log(p / (1 - p)) - np.log(sigma**2 * np.sqrt(1 - rho**2))
        constant -= 2 * mu**2 * (1 - rho) / rest
        return (
            constant
            + 2 * mu * (1 - rho) / rest * self.total
            + (0.5 - 1 / rest) * self.squares
            + 2 * rho / rest * self.product
        )

    def log_likelihood(self, log_odds: np.ndarray, p: float) -> float:
        """Return the log likelihood of the mixture whose log odds these are."""
        softplus = np.maximum(log_odds, 0) + np.log1p(np.exp(-np.abs(log_odds)))
        return float(self.noise + len(log_odds) * np.log1p(-p) + softplus.sum())

    def em_step(self, log_odds: np.ndarray) -> np.ndarray:
        """Return the parameters that follow from the odds: one step of expectation and maximisation."""
        weights = expit(log_odds)
        weight, total = weights.sum(), weights @ self.total
        mu = total / (2 * weight)
        squares = weights @ self.squares - 2 * mu * total + 2 * mu**2 * weight
        product = weights @ self.product - mu * total + mu**2 * weight
        return np.array([mu, np.sqrt(squares / (2 * weight)), 2 * product / squares, weight / len(weights)])


# --- the fit -------------------------------------------------------------------------------------


def fit(first_ranks: np.ndarray, second_ranks: np.ndarray) -> Fit:
    """Fit the mixture to ranks, 0 … n − 1 with the strongest peak last; shapes (peaks,).

    In every round the pseudo-values are renewed and the mixture is fitted to them, by EM, or, when EM leaves
    the bounds, by ascent along one parameter after the other. It ends when a round changes parameters and
    pseudo-values by less than 1e-6.
    """
    theta = START
    quantiles = pseudo_values(len(first_ranks), theta[0], theta[1], theta[3])
    for rounds in range(1, MAX_ROUNDS + 1):
        before, theta = theta, _fit_to(_Pairs(quantiles[first_ranks], quantiles[second_ranks]), theta)
        renewed = pseudo_values(len(first_ranks), theta[0], theta[1], theta[3], quantiles)
        # Both lists hold all ranks: the mean change is the same in each.
        moved, quantiles = 2 * np.abs(renewed - quantiles).mean(), renewed
        converged = bool(np.abs(theta - before).sum() < TOLERANCE and moved < TOLERANCE)
        if rounds > 4 and converged:
            break
    return Fit(*map(float, theta), rounds, converged)


def _fit_to(pairs: _Pairs, start: np.ndarray) -> np.ndarray:
    """Fit the mixture to fixed pseudo-values."""
    theta, odds = start, pairs.log_odds(start)
    likelihood = pairs.log_likelihood(odds, theta[3])
    for _ in range(EM_STEPS):
        theta = pairs.em_step(odds)
        if (theta < LOWER).any() or (theta > UPPER).any():
            return _ascend_by_coordinate(pairs, start)
        odds = pairs.log_odds(theta)
        before, likelihood = likelihood, pairs.log_likelihood(odds, theta[3])
        if likelihood - before < TOLERANCE / 10:
            break
    return theta


def _ascend_by_coordinate(pairs: _Pairs, start: np.ndarray) -> np.ndarray:
    """Maximise the likelihood within the bounds, one parameter after the other."""
    theta = start.copy()

    def loss(value: float, index: int) -> float:
        changed = theta.copy()
        changed[index] = value
        return -pairs.log_likelihood(pairs.log_odds(changed), changed[3])

    likelihood = -loss(theta[0], 0)
    for _ in range(EM_STEPS):
        before = likelihood
        for index, bounds in enumerate(zip(LOWER, UPPER, strict=True)):
            value = fminbound(loss, *bounds, args=(index,))
            found = -loss(value, index)
            if found > likelihood:
                theta[index], likelihood = value, found
        if likelihood - before < TOLERANCE / 10:
            break
    return theta


# --- from scores to IDR --------------------------------------------------------------------------


def ranks_of(scores: np.ndarray, rng: np.random.RandomState) -> np.ndarray:
    """Rank scores, 0 for the smallest; ties are broken at random, as the published command does."""
    return np.lexsort((rng.random_sample(len(scores)), scores)).argsort()


def local_idr(first_ranks: np.ndarray, second_ranks: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """Return the probability that each peak is irreproducible, 1e-6 to 1, shape (peaks,).

    Peaks whose two pseudo-values sum to less than 0, the noise's own mean, are irreproducible.
    """
    quantiles = pseudo_values(len(first_ranks), theta[0], theta[1], theta[3])
    first, second = quantiles[first_ranks], quantiles[second_ranks]
    local = expit(-_Pairs(first, second).log_odds(theta))
    return np.clip(np.where(first + second < 0, 1, local), TOLERANCE, 1)


def global_idr(local: np.ndarray) -> np.ndarray:
    """Return the expected share of irreproducible peaks among those with no larger local IDR: (peaks,)."""
    ordered = np.sort(local)
    up_to = rankdata(local, method="max").astype(int)
    return (np.cumsum(ordered) / np.arange(1, len(local) + 1))[up_to - 1]


def match_peaks(first: pd.DataFrame, second: pd.DataFrame, pooled: pd.DataFrame) -> pd.DataFrame:
    """Give each pooled peak its peak of both replicates; pooled peaks without both are left out.

    Tables have the columns of narrowPeak, ``pvalue`` being −log10 p. Peaks of the three tables that overlap
    make groups; within a group a pooled peak gets the replicate's peak with the nearest summit (then with
    the larger overlap, then with the larger p-value's −log10). Returns the pooled peaks with ``first`` and
    ``second``, −log10 p of the two, in the order of the smaller of them, largest first.
    """
    everything = pd.concat([pooled, first, second], keys=range(3), names=["source", "row"]).reset_index()
    # Within equal places the published order goes on with p; it decides how equal matches are broken.
    everything = everything.sort_values(["chrom", "start", "end", "pvalue", "source"], kind="stable")
    reach = everything.groupby("chrom")["end"].cummax().groupby(everything["chrom"]).shift()
    first_rows = np.flatnonzero(~(everything["start"] < reach).to_numpy())
    columns = {name: everything[name].to_numpy() for name in ("source", "row", "start", "end", "pvalue")}
    columns["summit"] = columns["start"] + everything["summit"].to_numpy()
    rows = []
    for begin, stop in zip(first_rows, [*first_rows[1:], len(everything)], strict=True):
        rows += _match_group({name: values[begin:stop] for name, values in columns.items()})
    matched = pooled.loc[[row for row, *_ in rows]].reset_index(drop=True)
    matched["first"], matched["second"] = np.array([scores for _, *scores in rows]).reshape(-1, 2).T
    order = np.argsort(-matched[["first", "second"]].min(axis=1).to_numpy(), kind="stable")
    return matched.iloc[order].reset_index(drop=True)


def _match_group(group: dict[str, np.ndarray]) -> list[tuple[int, float, float]]:
    """Return the row and the two matched scores of each pooled peak of a group of overlapping peaks."""
    source, start, end = group["source"], group["start"], group["end"]
    if not ((source == 1).any() and (source == 2).any()):
        return []
    found = []
    for pooled in np.flatnonzero(source == 0):
        away = np.abs(group["summit"] - group["summit"][pooled])
        shared = np.minimum(end, end[pooled]) - np.maximum(start, start[pooled])
        order = np.lexsort((-group["pvalue"], -shared, away))
        best = [group["pvalue"][order[source[order] == replicate][0]] for replicate in (1, 2)]
        found.append((group["row"][pooled], *best))
    return found


def unrelated_p(first: np.ndarray, second: np.ndarray) -> float:
    """Return the p-value, one-sided, that two replicates rank their peaks no more alike than by chance.

    Spearman's rank correlation. The mixture cannot tell: with few peaks, or with ranks that are reversed, its
    fit runs into a bound and calls most peaks reproducible.
    """
    return float(spearmanr(first, second, alternative="greater").pvalue)


def score_peaks(
    first: pd.DataFrame, second: pd.DataFrame, pooled: pd.DataFrame, level: float = 0.05
) -> tuple[pd.DataFrame, Fit, float]:
    """Return the pooled peaks found in both replicates with ``local_idr`` and ``idr``, the fit and a p-value.

    Where the ranks of the two are not related at the ``level`` (:func:`unrelated_p`, the p-value returned) no
    peak is reproducible: all have an IDR of 1, whatever the fit.

    Of several summits of one peak all get the smallest local IDR. The column ``score`` becomes
    min(int(−125 log2 IDR), 1000): 540 for an IDR of .05. Raises InputError when fewer than 20 peaks are
    found in all three tables, which the model cannot be fitted to.
    """
    matched = match_peaks(first, second, pooled)
    if len(matched) < FEWEST_PEAKS:
        raise InputError(
            f"{counted(len(matched), 'pooled peak')} {'is' if len(matched) == 1 else 'are'} found in both "
            f"replicates, and IDR needs {FEWEST_PEAKS}: sequence deeper, or use 'reproducibility: overlap'."
        )
    rng = np.random.RandomState(_TIES_SEED)
    ranks = [ranks_of(matched[column].to_numpy(), rng) for column in ("first", "second")]
    model, related_p = fit(*ranks), unrelated_p(*ranks)
    matched["local_idr"] = local_idr(*ranks, model.theta) if related_p <= level else 1.0
    matched["local_idr"] = matched.groupby(["chrom", "start", "end"])["local_idr"].transform("min")
    matched["idr"] = global_idr(matched["local_idr"].to_numpy())
    matched["score"] = np.minimum((-125 * np.log2(matched["idr"] + 1e-12)).astype(int), 1000)
    return matched, model, related_p
