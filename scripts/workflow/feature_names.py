"""The names that the features of a dataset can have, as far as configuration and small files tell them."""

import itertools
import os
from collections.abc import Iterator, Mapping

import pandas as pd

from dfim.datasets.sequences import names_of_features
from dfim.errors import InputError
from dfim.sequences.matrices import read_matrices
from workflow.analyses import target_kind
from workflow.schema import locate

_LARGEST = 5_000_000  # bytes of a file that is read before the first job


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
    ((producer, options),) = dataset.items() if dataset else [("", {})]
    if producer == "simulation":
        names = {motif for group in options["sets"].values() for motif in group["motifs"]}
    elif producer == "spacing":
        names = set(options["motifs"])
    elif producer in ("peaks", "sequences"):
        try:
            names = {*options.get("patterns", {}), *_of_matrices(options), *_of_file(options)}
        except (InputError, LookupError):  # what is wrong with a file, the job that reads it says
            return None
    else:
        return None
    return sorted(names) or None


def chosen(names: list[str], asked: str | list[str]) -> list[str]:
    """Return which names an analysis takes."""
    return names if asked == "all" else [name for name in names if name in asked]


def _of_matrices(options: Mapping) -> Iterator[str]:
    """Yield the names of motifs; those of a file of several have the file's names."""
    for key, pwm in options.get("pwms", {}).items():
        found = read_matrices(_small_file(pwm["matrix"])) if "matrix" in pwm else [""]
        yield from (name or key for name in found)


def _of_file(options: Mapping) -> list[str]:
    return names_of_features(_small_file(options["features"])) if options.get("features") else []


def _small_file(source: str | Mapping) -> str:
    """Return the path of a small local file; LookupError for what is fetched, large, made or missing."""
    path = locate(source if isinstance(source, str) else source["location"])
    if not os.path.isfile(path) or os.path.getsize(path) > _LARGEST:
        raise LookupError(path)
    return path
