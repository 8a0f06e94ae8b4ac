"""The names that the features of a dataset can have, as far as configuration and small files tell them."""

import itertools
from collections.abc import Mapping

import pandas as pd

from dfim.errors import InputError
from workflow.analyses import target_kind
from workflow.datasets import PRODUCERS


def known_rows(config: Mapping, analysis: Mapping) -> pd.DataFrame | None:
    """Return a row of each kind that an analysis's results can have, or None where that is not known.

    Of pairs the columns of names, of variants that of groups.
    """
    if of_variants(config, analysis):
        return pd.DataFrame({"group": ["positive", "control"]})
    names = feature_names(config["datasets"].get(analysis["dataset"], {}))
    if names is None or target_kind(analysis) != "pairs" or "features" not in analysis["sources"]:
        return None
    ends = [chosen(names, analysis[end]["features"]) for end in ("sources", "targets")]
    rows = [
        pair for pair in itertools.product(*ends) if analysis.get("same_name", True) or pair[0] != pair[1]
    ]
    table = pd.DataFrame(rows, columns=["source_name", "target_name"])
    return table.assign(pair=["–".join(sorted(pair)) for pair in rows]) if rows else None


def of_variants(config: Mapping, analysis: Mapping) -> bool:
    """Return whether the sources of an analysis are variants, and its targets positions."""
    dataset = config["datasets"].get(analysis["dataset"], {})
    return "variants" in dataset and "features" in analysis["sources"] and "positions" in analysis["targets"]


def feature_names(dataset: Mapping) -> list[str] | None:
    """Return the names that the features of a dataset can have, sorted, or None where they are not known."""
    for producer, options in dataset.items():
        try:
            return sorted(set(PRODUCERS[producer].names(options))) or None
        except (InputError, LookupError):  # what is wrong with a file, the job that reads it says
            return None
    return None


def chosen(names: list[str], asked: str | list[str]) -> list[str]:
    """Return which names an analysis takes."""
    return names if asked == "all" else [name for name in names if name in asked]
