"""Do the data need an interaction? Fits that only add up, fits with terms of pairs, and held-out losses.

A fit has *terms*, one column each. Labels have a logistic fit, whose terms add up on the logit, and the loss
of an example is its log-loss; measured values have a linear fit of least squares, and the squared error.
"""

import logging
import warnings
from collections.abc import Mapping

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge

COLUMNS = [
    "task", "fit", "terms", "examples", "blocks", "measure", "value", "value_low", "value_high",
    "gain", "gain_low", "gain_high", "separates",
]  # fmt: skip
BOOTSTRAPS = 1000
# Penalty of the squared weights of scaled terms: next to nothing for thousands of examples, enough to end.
_PENALTY = 1.0

logger = logging.getLogger("dfim")


class Fit:
    """A fit of labels or values by terms that add up.

    ``terms`` are float (examples, terms), ``answers`` (examples,): 1 and 0, or values with ``weights``; the
    rows are those to fit, without missing answers. :meth:`outputs` gives logits or values.
    """

    def __init__(
        self, terms: np.ndarray, answers: np.ndarray, values: bool, weights: np.ndarray | None = None
    ):
        self.values = values
        self._mean, spread = terms.mean(axis=0), terms.std(axis=0)
        self._spread = np.where(spread > 0, spread, 1)
        if values:
            self._model = Ridge(alpha=_PENALTY)
        else:
            self._model = LogisticRegression(C=1 / _PENALTY, max_iter=5000, tol=1e-6)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            self._model.fit(self._scaled(terms), answers, sample_weight=weights)

    def _scaled(self, terms: np.ndarray) -> np.ndarray:
        return (terms - self._mean) / self._spread

    def outputs(self, terms: np.ndarray) -> np.ndarray:
        """Return logits, or values, of rows of terms."""
        scaled = self._scaled(terms)
        return self._model.predict(scaled) if self.values else self._model.decision_function(scaled)


def separates(logits: np.ndarray, labels: np.ndarray) -> bool:
    """Tell whether every positive's logit is above every negative's: a threshold alone tells them apart."""
    return bool(logits[labels == 1].min() > logits[labels == 0].max())


def losses(outputs: np.ndarray, answers: np.ndarray, values: bool) -> np.ndarray:
    """Return the squared error, or the log-loss in nats, of each example; outputs are values or logits."""
    if values:
        return np.square(outputs - answers)
    return np.logaddexp(0, np.where(answers == 1, -outputs, outputs).astype(float))


def compare_fits(
    fits: Mapping[str, np.ndarray],
    answers: np.ndarray,
    values: bool,
    blocks: np.ndarray,
    seed: int,
    weights: np.ndarray | None = None,
) -> pd.DataFrame:
    """Return how well fits answer held-out examples, a row each, and how much better than ``additive``.

    ``fits`` has outputs (examples,) by name, ``additive`` among them; ``blocks`` (examples,) tells examples
    that belong together. Columns ``fit``, ``examples``, ``blocks``, ``measure``; ``value``: the mean log-loss
    (less is better), or r² (1 − squared errors / squared deviations from the weighted mean); ``gain``: how
    much better than ``additive``, above 0 for both measures; with 95 % of the bootstrap over blocks.
    """
    weights = np.ones(len(answers)) if weights is None else weights.astype(float)
    _, numbers = np.unique(blocks, return_inverse=True)
    count = numbers.max() + 1
    errors = {name: losses(outputs, answers, values) for name, outputs in fits.items()}
    deviations = (
        np.square(answers - np.average(answers, weights=weights)) if values else np.ones(len(answers))
    )

    def sums(each: np.ndarray) -> np.ndarray:
        return np.bincount(numbers, weights * each, count)

    by_block = np.stack([sums(deviations), *(sums(error) for error in errors.values())], axis=1)
    rng = np.random.default_rng([seed, len(answers)])
    drawn = np.stack(
        [rng.multinomial(count, np.full(count, 1 / count)) @ by_block for _ in range(BOOTSTRAPS)]
    )
    totals = np.concatenate([by_block.sum(axis=0, keepdims=True), drawn])
    ratios = totals[:, 1:] / totals[:, :1]
    quality = 1 - ratios if values else ratios
    base = list(errors).index("additive")
    gain = ratios[:, [base]] - ratios
    low, high = np.quantile(quality[1:], [0.025, 0.975], axis=0)
    gain_low, gain_high = np.quantile(gain[1:], [0.025, 0.975], axis=0)
    return pd.DataFrame(
        {
            "fit": list(errors), "examples": len(answers), "blocks": count,
            "measure": "r2" if values else "log_loss",
            "value": quality[0], "value_low": low, "value_high": high,
            "gain": gain[0], "gain_low": gain_low, "gain_high": gain_high,
        }
    )  # fmt: skip


def verdict(table: pd.DataFrame) -> str:
    """Return a sentence on whether the data of one task need an interaction, of rows of ``COLUMNS``."""
    rows = table.set_index("fit")
    task = table["task"].iloc[0]
    if rows.loc["additive", "separates"] == 1:
        return (
            f"{task}: the data need no interaction on this scale, an additive fit separates the classes. "
            "What the network shows is its own, and no additive twin can tell: its labels would be the same."
        )
    known = [name for name in ("pairs", "network") if name in rows.index]
    better = [name for name in known if rows.loc[name, "gain_low"] > 0]
    if "pairs" in better:
        needed = "the data need interactions"
    else:
        needed = (
            "the data need more than what adds up" if better else "the data show no need of an interaction"
        )
    gains = " and ".join(
        f"{'terms of pairs' if name == 'pairs' else 'the network'} by {rows.loc[name, 'gain']:.3g} "
        f"[{rows.loc[name, 'gain_low']:.3g}, {rows.loc[name, 'gain_high']:.3g}]"
        for name in better or known
    )
    return f"{task}: {needed}: {gains} better ({table['measure'].iloc[0]}) than an additive fit."
