"""How completely contributions add up: their sum against the change of what they explain."""

import logging
from collections.abc import Iterable

import numpy as np
import pandas as pd

from dfim.attribution.scorer import Scorer
from dfim.sequences.bases import one_hot

logger = logging.getLogger("dfim")

# Above this share of the change a user is warned.
MOST = 0.01
# Sequences that are measured: enough for a median, and few beside an analysis.
SEQUENCES = 20
COLUMNS = ("sequences", "median_change", "median_residual", "largest_residual", "steps", "adds_up")


def measure_completeness(scorer: Scorer, bases: np.ndarray, task: int) -> pd.DataFrame:
    """Return the change of the task's logit and the sum of its contributions, a row for each sequence.

    ``bases`` uint8 (sequences, length), of which the first :data:`SEQUENCES` are taken. ``change`` is the
    logit less that of the reference, ``sum`` that of the contributions; ``steps`` the scorer's, of integrated
    gradients, and ``adds_up`` 1 where the method's contributions should sum to the change.
    """
    x = one_hot(bases[:SEQUENCES])
    changes = scorer.changes(x, task) if len(x) else np.empty(0)
    sums = scorer.contributions(x, task).sum(axis=(1, 2), dtype=np.float64) if len(x) else np.empty(0)
    table = pd.DataFrame({"change": np.asarray(changes, np.float64), "sum": sums})
    return table.assign(steps=scorer.steps, adds_up=int(scorer.COMPLETE))


def completeness(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Return one row of :data:`COLUMNS` from tables of :func:`measure_completeness`, and warn.

    Residuals, ``sum`` − ``change`` in size, are shares of ``median_change``, the median size of the change.
    They are missing where no sequence was measured. A largest residual above :data:`MOST` warns, for a method
    whose contributions should add up.
    """
    table = pd.concat(list(parts), ignore_index=True)
    residuals, size = (table["sum"] - table["change"]).abs(), table["change"].abs().median()
    shares = residuals / max(size, 1e-12)
    first = table.iloc[0] if len(table) else {"steps": np.nan, "adds_up": 0}
    row = {
        "sequences": len(table),
        "median_change": size,
        "median_residual": shares.median(),
        "largest_residual": shares.max(),
        "steps": first["steps"],
        "adds_up": int(first["adds_up"]),
    }
    _tell(row)
    return pd.DataFrame([row], columns=list(COLUMNS)).astype({"steps": "Int64"})


def _tell(row: dict) -> None:
    if not row["adds_up"] or not row["sequences"]:
        return
    words = (
        "contributions miss the change of the logit by %.2g %% of it in the median, and by %.2g %% at most, "
        "on %d sequences"
    )
    level = logging.WARNING if row["largest_residual"] > MOST else logging.INFO
    logger.log(level, words, 100 * row["median_residual"], 100 * row["largest_residual"], row["sequences"])
