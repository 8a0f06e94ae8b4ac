"""Checking against the schemas of ``config/schemas``: errors name key, value and what is allowed."""

import re
from functools import cache
from pathlib import Path

import jsonschema
import yaml
from snakemake.utils import validate

from dfim.errors import InputError
from dfim.files.text import read_text

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "config/schemas"
CONFIG_SCHEMA = SCHEMAS / "config.schema.yaml"
TASKS_SCHEMA = SCHEMAS / "tasks.schema.yaml"
SAMPLES_SCHEMA = SCHEMAS / "samples.schema.yaml"


def locate(path: str) -> str:
    """Return where a file that the configuration names lies: in the working directory, or beside rules."""
    return path if Path(path).exists() else str(ROOT / path)


def _pattern(validator, pattern, instance, schema):
    """Check a pattern as JSON Schema means it: in Python ``$`` would let a last newline pass."""
    if validator.is_type(instance, "string") and (
        not re.search(pattern, instance) or instance.endswith("\n")
    ):
        yield jsonschema.ValidationError(f"{instance!r} does not match {pattern!r}")


_Validator = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"pattern": _pattern})


@cache
def read_schema(path: str | Path) -> dict:
    """Return a schema as it is written."""
    return yaml.safe_load(read_text(path, "a schema"))


def check(instance: dict | list, schema_path: str | Path, where: str) -> None:
    """Check an instance against a schema; raise InputError with one sentence on the most telling violation.

    ``where`` names what is checked, e.g. ``config/config.yaml`` or ``sheet.tsv, line 3``.
    """
    error = jsonschema.exceptions.best_match(_Validator(read_schema(schema_path)).iter_errors(instance))
    if error is not None:
        raise InputError(f"{where}: {_sentence(error)}")


def complete(config: dict, where: str) -> None:
    """Check a configuration against its schema, and fill in the schema's defaults, in place."""
    check(config, CONFIG_SCHEMA, where)
    validate(config, str(CONFIG_SCHEMA))


def _sentence(error: jsonschema.ValidationError) -> str:
    """Say which key has which value, and what is allowed."""
    key = ".".join(str(part) for part in error.absolute_path) or "the top level"
    found = f"key '{key}' has the value {error.instance!r}"
    match error.validator:
        case "additionalProperties":
            allowed = error.schema.get("properties", {})
            unknown = next(name for name in error.instance if name not in allowed)
            full = ".".join([*map(str, error.absolute_path), unknown])
            return (
                f"key '{full}' (value {error.instance[unknown]!r}) is not known; "
                f"allowed here are {', '.join(allowed)}."
            )
        case "required":
            missing = next(name for name in error.validator_value if name not in error.instance)
            return f"key '{key}' lacks the required key '{missing}'."
        case "enum":
            return f"{found}; allowed values are {', '.join(map(str, error.validator_value))}."
        case "pattern":
            return f"{found}, which does not match the form {error.validator_value}: {_description(error)}"
        case "minProperties" | "maxProperties":
            allowed = ", ".join(error.schema.get("properties", {})) or "any name"
            count = error.validator_value
            bound = "at least" if error.validator == "minProperties" else "at most"
            return f"{found}, and {bound} {count} of the keys {allowed} is needed."
        case _:
            return f"{found}: {error.message}; needed: {_description(error)}"


def _description(error: jsonschema.ValidationError) -> str:
    """Return the schema's own description of the key, or its type."""
    described = (
        error.schema.get("description") or f"a value of type {error.schema.get('type', 'as in the schema')}."
    )
    return " ".join(described.split())
