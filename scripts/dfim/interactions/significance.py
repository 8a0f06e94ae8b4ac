"""What the tables of an analysis are, and which of its rows are known not to interact."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dfim.statistics.conditions import matching, with_derived_columns
from dfim.statistics.nulls import NullModel

SHUFFLES = NullModel()


@dataclass
class Significance:
    """The tables of an analysis: ``results`` (pairs or sources, with p and q) and what its p rest on."""

    results: pd.DataFrame
    null: pd.DataFrame
    nulls: pd.DataFrame
    calibration: pd.DataFrame
    quantiles: pd.DataFrame


def known_rows(table: pd.DataFrame, condition: str | None) -> np.ndarray | None:
    """Return which rows are known not to interact, or None when nothing is known."""
    if condition is None:
        return None
    return matching(with_derived_columns(table), condition, "key 'not_interacting' of the truth")
