"""Windows of a genome as examples."""

import logging

import numpy as np
import pandas as pd

from dfim.datasets.dataset import EXAMPLE_COLUMNS
from dfim.genomes.fasta import n_fraction

logger = logging.getLogger(__name__)


def few_n(bases: np.ndarray, max_n_fraction: float) -> np.ndarray:
    """Tell which examples have at most this share of N: booleans; the others are counted in the log."""
    kept = n_fraction(bases) <= max_n_fraction
    if not kept.all():
        logger.info(
            "%d of %d windows have more than %g %% N: left out",
            (~kept).sum(),
            len(kept),
            100 * max_n_fraction,
        )
    return kept


def examples_table(windows: pd.DataFrame, split: np.ndarray) -> pd.DataFrame:
    """Return the examples table of a dataset; examples are named by their interval (0-based, half-open)."""
    table = windows.reset_index(drop=True).assign(split=split)
    table["example"] = np.arange(len(table))
    if "name" not in table:
        start, end = table["start"].astype(str), table["end"].astype(str)
        table["name"] = table["chrom"] + ":" + start + "-" + end
    return table[EXAMPLE_COLUMNS]
