"""Small files of the user, read before the first job by what reads them later."""

import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from workflow.datasets import producer_of
from workflow.results import results_folder
from workflow.sentences import sentences_of
from workflow.sources import Sources

_LARGEST = 5_000_000  # bytes


def unreadable(config: Mapping, sources: Sources, dataset: str) -> Iterator[str]:
    """Yield the sentence about each small file of a dataset that its reader refuses.

    Files that are fetched, made by the workflow, missing or large are left to the jobs.
    """
    producer, options = producer_of(config, dataset)
    for role, read in _readers(producer, options).items():
        paths = sources.datasets[dataset].get(role) or []
        for path in [paths] if isinstance(paths, str) else paths:
            if _is_small(path, results_folder(config)):
                yield from sentences_of(partial(read, path))


def _is_small(path: str, results: str) -> bool:
    """Return whether a file is a small one of the user's."""
    made = Path(results).resolve() in Path(path).absolute().parents
    return not made and os.path.isfile(path) and os.path.getsize(path) <= _LARGEST


def _readers(producer: str, options: Mapping) -> dict[str, Callable[[str], object]]:
    """Return what reads the files of a producer, by their role."""
    from dfim.datasets.sequence_files import read_sequences
    from dfim.datasets.sequences import names_of_features
    from dfim.datasets.values import read_table_of_values
    from dfim.datasets.variants import read_variants
    from dfim.sequences.matrices import read_matrices

    if producer == "variants":
        bounds = options["positive_below"], options["control_from"]
        return {"variants": lambda path: read_variants(path, None, options["columns"], *bounds)}
    if producer == "values" and options.get("table"):
        return {"library": lambda path: read_table_of_values(path, options["columns"])}
    if producer == "sequences":
        return {"file": read_sequences, "features": names_of_features, "matrices": read_matrices}
    return {}
