"""What of a user's environment would hide a package that the project relies on."""

import os
from importlib.util import find_spec
from pathlib import Path

from dfim.errors import InputError

# All of these are folders where they are installed.
PACKAGES = (
    "h5py",
    "jax",
    "jsonschema",
    "keras",
    "matplotlib",
    "numpy",
    "pandas",
    "pysam",
    "scipy",
    "tensorflow",
    "torch",
    "yaml",
)


def put_first(folder: Path) -> None:
    """Let jobs find the modules of a folder before any of the same name that a user's PYTHONPATH has."""
    paths = [str(folder), os.environ.get("PYTHONPATH")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))


def check_environment() -> None:
    """Raise InputError when a stray file, of the working directory or of PYTHONPATH, hides a package."""
    for name in PACKAGES:
        try:
            spec = find_spec(name)
        except (ImportError, ValueError):  # one that is imported already, by something that hides it
            continue
        if spec is not None and spec.submodule_search_locations is None:
            raise InputError(
                f"{spec.origin} hides the package {name}: rename the file, or take its folder out of "
                "PYTHONPATH."
            )
