"""Configurations that are made of others: what the key ``include`` names lies beneath what includes it."""

import copy
from collections.abc import Mapping
from pathlib import Path

from snakemake.utils import update_config

from dfim.errors import InputError
from dfim.files.yaml_files import read_yaml
from workflow.schema import CONFIG_SCHEMA, check_files, locate, read_schema


def read_whole(path: str | Path, chain: tuple[str, ...] = ()) -> dict:
    """Return what a file of a configuration says with all that it includes; InputError as :func:`include`.

    ``chain`` has the files that this one is included by.
    """
    where = str(path)
    if where in chain:
        raise InputError(f"{where} includes itself ({' → '.join([*chain, where])}): remove one 'include'.")
    check_files([path])
    config = read_yaml(path, "a YAML file of a configuration")
    if not isinstance(config, dict):
        raise InputError(f"{where} is no configuration: write keys (seed, datasets, …) with their values.")
    include(config, where, (*chain, where))
    return config


def include(config: dict, where: str, chain: tuple[str, ...] = ()) -> None:
    """Lay the files of the key ``include`` beneath a configuration, in place, and remove the key.

    What the configuration says itself holds over what it includes, key by key. Of the included files none
    holds over another: what two of them name must be alike. ``where`` names the configuration in messages.
    Raises InputError with one sentence for a file that cannot be read or includes itself, and for a name
    that two files give differently.
    """
    files = config.pop("include", [])
    if not isinstance(files, list) or not all(isinstance(file, str) for file in files):
        raise InputError(f"{where}: key 'include' has the value {files!r}; write a list of files: [a.yaml].")
    beneath, givers = {}, {}
    for file in files:
        _add(beneath, read_whole(locate(file), chain), read_schema(CONFIG_SCHEMA), "", file, givers)
    own = copy.deepcopy(config)
    config.clear()
    update_config(config, beneath)
    update_config(config, own)


def _add(into: dict, more: Mapping, schema: Mapping, key: str, file: str, givers: dict[str, str]) -> None:
    """Add what a file says to what others say; ``givers`` has the file of each key.

    Sections (keys that the schema has) are merged; what stands in them under a name is taken whole.
    """
    for name, value in more.items():
        here = f"{key}.{name}".lstrip(".")
        known = schema.get("properties", {}).get(name)
        both = isinstance(value, dict) and isinstance(into.get(name, {}), dict)
        if known is not None and "oneOf" not in known and both:
            _add(into.setdefault(name, {}), value, known, here, file, givers)
        elif name not in into:
            into[name] = copy.deepcopy(value)
        elif into[name] != value:
            raise InputError(
                f"{givers[here]} and {file} both give '{here}', and not alike: make them alike, or, "
                "if it is a name, rename one."
            )
        givers.setdefault(here, file)
