"""Features of sequences: intervals on examples, 0-based and half-open, with a name."""

import pandas as pd

FEATURE_COLUMNS = [
    "feature", "example", "name", "kind", "start", "end", "strand", "reference", "alternate", "group",
]  # fmt: skip


def empty_features() -> pd.DataFrame:
    """Return a features table without rows."""
    return pd.DataFrame({column: [] for column in FEATURE_COLUMNS})
