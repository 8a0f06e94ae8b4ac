"""How completely contributions add up: their sum against the change of what they explain."""

import logging
from dataclasses import dataclass

import numpy as np

from dfim.attribution.scorer import Scorer
from dfim.sequences.bases import one_hot

logger = logging.getLogger("dfim")

# Above this share of the change a user is warned.
MOST = 0.01
# Sequences that are measured: enough for a median, and few beside an analysis.
SEQUENCES = 20


@dataclass(frozen=True)
class Completeness:
    """Residuals of sums of contributions, as shares of the median size of the change that they explain."""

    median: float
    largest: float
    sequences: int


def measure_completeness(scorer: Scorer, bases: np.ndarray, task: int) -> Completeness | None:
    """Return how far contributions of sequences are from the change of the task's logit, and log it.

    ``bases`` uint8 (sequences, length), of which the first :data:`SEQUENCES` are taken. The change is the
    logit less that of the reference. More than :data:`MOST` warns. None for a method whose contributions need
    not add up, and for no sequences.
    """
    x = one_hot(bases[:SEQUENCES])
    if not scorer.COMPLETE or not len(x):
        return None
    changes = scorer.changes(x, task)
    residuals = np.abs(scorer.contributions(x, task).sum(axis=(1, 2), dtype=np.float64) - changes)
    shares = residuals / max(float(np.median(np.abs(changes))), 1e-12)
    found = Completeness(float(np.median(shares)), float(shares.max()), len(x))
    words = (
        "contributions miss the change of the logit by %.2g %% of it in the median, and by %.2g %% at most, "
        "on %d sequences"
    )
    level = logging.WARNING if found.largest > MOST else logging.INFO
    logger.log(level, words, 100 * found.median, 100 * found.largest, found.sequences)
    return found
