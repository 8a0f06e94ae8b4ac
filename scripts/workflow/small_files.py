"""Small files of the user, which are read before the first job, and what they tell of features' names."""

import os
from collections.abc import Iterator, Mapping

from dfim.datasets.sequences import names_of_features
from dfim.sequences.matrices import read_matrices
from workflow.schema import locate

_LARGEST = 5_000_000  # bytes


def is_small(path: str) -> bool:
    """Return whether a path is that of a small file."""
    return os.path.isfile(path) and os.path.getsize(path) <= _LARGEST


def names_of_own_features(options: Mapping) -> Iterator[str]:
    """Yield the names of features that patterns, matrices and a file of features give.

    Motifs of a file of several have the file's names. LookupError for a file that is fetched, large, made or
    missing; InputError for one that cannot be read.
    """
    yield from options.get("patterns", {})
    for key, pwm in options.get("pwms", {}).items():
        found = read_matrices(_small_file(pwm["matrix"])) if "matrix" in pwm else [""]
        yield from (name or key for name in found)
    if options.get("features"):
        yield from names_of_features(_small_file(options["features"]))


def _small_file(source: str | Mapping) -> str:
    path = locate(source if isinstance(source, str) else source["location"])
    if not is_small(path):
        raise LookupError(path)
    return path
