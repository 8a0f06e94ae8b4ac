"""Checking against the schemas of ``config/schemas``: errors name key, value and what is allowed."""

import copy
import difflib
import math
import os
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import jsonschema

from dfim.errors import InputError
from dfim.files.yaml_files import read_yaml
from workflow.schema_words import value_in_words

ROOT = Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "config/schemas"
CONFIG_SCHEMA = SCHEMAS / "config.schema.yaml"
TASKS_SCHEMA = SCHEMAS / "tasks.schema.yaml"
SAMPLES_SCHEMA = SCHEMAS / "samples.schema.yaml"


def locate(path: str) -> str:
    """Return where a file that the configuration names lies: in the working directory, or beside rules."""
    path = os.path.expanduser(path)
    return path if Path(path).exists() else str(ROOT / path)


def _pattern(validator, pattern, instance, schema):
    """Check a pattern as JSON Schema means it: in Python ``$`` would let a last newline pass."""
    if validator.is_type(instance, "string") and (
        not re.search(pattern, instance) or instance.endswith("\n")
    ):
        yield jsonschema.ValidationError(f"{instance!r} does not match {pattern!r}")


_Validator = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"pattern": _pattern})


def _properties(validator, properties, instance, schema):
    """Fill in the defaults of the properties that an instance lacks, and check all of them."""
    for name, below in properties.items() if validator.is_type(instance, "object") else ():
        if "default" in below:
            instance.setdefault(name, copy.deepcopy(below["default"]))
    yield from _Validator.VALIDATORS["properties"](validator, properties, instance, schema)


_Completing = jsonschema.validators.extend(_Validator, {"properties": _properties})


@cache
def read_schema(path: str | Path) -> dict:
    """Return a schema as it is written."""
    return read_yaml(path, "a schema")


def check(instance: dict | list, schema_path: str | Path, where: str) -> None:
    """Check an instance against a schema; raise InputError with one sentence on the most telling violation.

    ``where`` names what is checked, e.g. ``config/config.yaml`` or ``sheet.tsv, line 3``.
    """
    _check_numbers(instance, where, "")
    schema = read_schema(schema_path)
    error = jsonschema.exceptions.best_match(_Validator(schema).iter_errors(instance))
    if error is not None:
        raise InputError(f"{where}: {_sentence(error, schema)}")


def _check_numbers(value: object, where: str, key: str) -> None:
    """Refuse numbers that are none (.nan) or infinite: every bound of a schema lets them pass."""
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(f"{where}: key '{key}' has the value {value}, and a finite number is needed.")
    parts = (
        value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    )
    for name, part in parts:
        _check_numbers(part, where, f"{key}.{name}".lstrip("."))


def complete(config: dict, where: str) -> None:
    """Check a configuration against its schema, and fill in the schema's defaults, in place."""
    check(config, CONFIG_SCHEMA, where)
    if not {"analyses", "scans"} & set(config):
        raise InputError(
            f"{where} has neither the key 'analyses' nor 'scans': give what is asked of the models."
        )
    schema = read_schema(CONFIG_SCHEMA)
    for error in _Completing(schema).iter_errors(config):
        raise InputError(f"{where}: {_sentence(error, schema)}")


# Numbers that YAML 1.1 takes for text: it wants a point before an exponent, and the exponent's sign.
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?[eE][+-]?[0-9]+")


def check_files(paths: Iterable[str | Path]) -> None:
    """Read the files of a configuration again, for what their loader drops; InputError with the line.

    Refused are keys that are given twice, and keys that are no text (1, true) where they name something.
    """
    for path in paths:
        _check_keys(read_yaml(path, "a YAML file of a configuration"), str(path), "")


def _check_keys(value: object, path: str, where: str) -> None:
    if isinstance(value, Mapping):
        for key, part in value.items():
            if not isinstance(key, str):
                raise InputError(
                    f"{path}: the key {key!r} of {where or 'the top level'} is read as {type(key).__name__}: "
                    "write it in quotation marks."
                )
            _check_keys(part, path, f"{where}.{key}".lstrip("."))
    elif isinstance(value, list):
        for part in value:
            _check_keys(part, path, where)


def _sentence(error: jsonschema.ValidationError, whole: Mapping) -> str:
    """Say which key has which value, and what is allowed."""
    key = ".".join(str(part) for part in error.absolute_path)
    key = f"key '{key}'" if key else "the top level"
    found = (
        f"{key} has no value" if error.instance is None else f"{key} has the value {_short(error.instance)}"
    )
    match error.validator:
        case "additionalProperties":
            allowed = error.schema.get("properties", {})
            unknown = next(name for name in error.instance if name not in allowed)
            full = ".".join([*map(str, error.absolute_path), unknown])
            near = difflib.get_close_matches(unknown, allowed, 1)
            return (
                f"key '{full}' (value {_short(error.instance[unknown])}) is not known; "
                f"allowed here are {', '.join(allowed)}." + (f" Did you mean '{near[0]}'?" if near else "")
            )
        case "required":
            missing = next(name for name in error.validator_value if name not in error.instance)
            return f"{key} lacks the required key '{missing}'."
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
            return _of_another_kind(error, found, whole)


def _of_another_kind(error: jsonschema.ValidationError, found: str, whole: Mapping) -> str:
    """Say of a value that is of another kind, size or length than its key asks for."""
    match error.validator:
        case "type" if isinstance(error.instance, str) and _NUMBER.fullmatch(error.instance):
            number = re.sub(r"^([+-]?[0-9]+)(?=[eE])", r"\1.0", error.instance)
            number = re.sub(r"([eE])(?=[0-9])", r"\1+", number)
            return f"{found}, which YAML reads as text: write {number} without quotation marks."
        case "type" if isinstance(error.instance, str) and _quoted_number(error):
            return f"{found}, which is text: write {error.instance} without quotation marks."
        case "type" if error.schema.get("type") == "string" and isinstance(
            error.instance, bool | int | float
        ):
            return (
                f"{found}, which YAML reads as {type(error.instance).__name__}: write it in quotation marks."
            )
        case "uniqueItems":
            return f"{found}, which has an entry twice: give each once."
        case "minItems" | "maxItems":
            bound = "at least" if error.validator == "minItems" else "at most"
            needed = f"{bound} {error.validator_value} long"
            return f"{found}, {len(error.instance)} long; needed: {needed}. {_description(error)}".rstrip()
        case _:
            needed = value_in_words(error.schema, whole).replace("`", "")
            if keys := ", ".join(error.schema.get("properties", {})):
                needed += f" of the keys {keys}"
            return f"{found}; needed: {needed}. {_description(error)}".rstrip()


def _short(value: object) -> str:
    """Return a value as it is written, what is long cut: the sentence around it is to be read."""
    written = repr(value)
    return written if len(written) <= 120 else f"{written[:100]} …"


def _quoted_number(error: jsonschema.ValidationError) -> bool:
    """Tell whether a number is asked for, and given in quotation marks."""
    form = {"integer": r"[0-9]+", "number": r"[0-9]*\.?[0-9]+"}.get(error.schema.get("type"))
    return form is not None and re.fullmatch(form, error.instance, re.ASCII) is not None


def _description(error: jsonschema.ValidationError) -> str:
    """Return the schema's own description of the key."""
    return " ".join(error.schema.get("description", "").split())
