"""What a schema asks of a value, in words for whoever writes a configuration."""

from collections.abc import Mapping

KINDS = {
    "integer": "whole number",
    "string": "text",
    "boolean": "true or false",
    "array": "list",
    "object": "mapping",
}
BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
# Definitions that are one value for whoever writes a configuration.
VALUES = {
    "#/$defs/source": "path or URL",
    "#/$defs/probabilities": "four shares: A, C, G, T",
    "#/$defs/names": "list of text",
    "#/$defs/name": "name",
}


def referred(schema: Mapping, whole: Mapping) -> Mapping:
    """Return what a schema refers to, or itself; ``whole`` has the definitions."""
    return whole["$defs"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def value_in_words(schema: Mapping, whole: Mapping) -> str:
    """Return in words what a value may be, as ``list of text`` or ``whole number ≥ 1``."""
    named = schema.get("$ref") or next(
        (ref for ref in VALUES if referred({"$ref": ref}, whole) is schema), None
    )
    if named in VALUES:
        return VALUES[named]
    schema = referred(schema, whole)
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if "oneOf" in schema and "properties" not in schema:
        return " or ".join(value_in_words(one, whole) for one in schema["oneOf"])
    kinds = schema.get("type", "object")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    words = " or ".join(KINDS.get(kind, kind) for kind in kinds)
    if words == "list" and "items" in schema:
        words = f"list of {value_in_words(schema['items'], whole)}"
    if words == "mapping" and "type" in (entry := schema.get("additionalProperties") or {}):
        words = words if entry["type"] in ("object", "array") else f"{value_in_words(entry, whole)} by name"
    bounds = [f"{sign} {schema[bound]}" for bound, sign in BOUNDS.items() if bound in schema]
    return f"{words} {', '.join(bounds)}".strip()
