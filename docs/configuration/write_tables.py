"""Write the tables of the configuration's keys from its schema: python write_tables.py config/README.md.

What stands above the line ``START`` of the file is kept; the tables below it are made anew, one for each
section of the configuration.
"""

import json
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from workflow.schema_words import VALUES, value_in_words  # noqa: E402

SCHEMA = ROOT / "config" / "schemas" / "config.schema.yaml"
START = "<!-- Made from the schema: python docs/configuration/write_tables.py config/README.md -->"
HEAD = "| key | value | default | what it is |\n|---|---|---|---|\n"
Row = tuple[str, dict, bool]


class Tables:
    """The tables of a schema."""

    def __init__(self, schema: dict):
        self.schema = schema

    def whole(self) -> str:
        """Return all tables, one after the other."""
        sections = self.schema["properties"]
        single = {name: one for name, one in sections.items() if not list(self.rows(one, "", ()))}
        alone = {"properties": single, "required": self.schema["required"]}
        parts = [f"## The run as a whole\n\n{self.table(self.rows(alone, '', ()))}"]
        parts += [self.section(name, one) for name, one in sections.items() if name not in single]
        return "\n".join(parts)

    def section(self, name: str, section: dict) -> str:
        """Return the table of a section; of one whose entries are of several kinds, a table for each kind."""
        said = f"## `{name}`\n\n{_paragraph(section['description'])}\n\n"
        entry = section.get("additionalProperties", {})
        if not (isinstance(entry, dict) and entry.get("maxProperties") == 1):
            return said + self.table(self.rows(section, "", ()))
        kinds = []
        for kind, options in entry["properties"].items():
            about = self.resolved(options, ())[0]["description"]
            rows = self.table(self.rows(options, "", ()))
            kinds.append(f"### `{name}.<name>.{kind}`\n\n{_paragraph(about)}\n\n{rows}")
        return said + "\n".join(kinds)

    def resolved(self, schema: dict, seen: tuple[str, ...]) -> tuple[dict, tuple[str, ...]]:
        """Return a schema with what it refers to, and the references on the way."""
        reference = schema.get("$ref")
        if reference is None:
            return schema, seen
        if reference in seen or reference in VALUES:
            return {"description": "", "value": VALUES.get(reference, "the same keys")} | schema, seen
        other = self.schema["$defs"][reference.rpartition("/")[2]]
        properties = {**other.get("properties", {}), **schema.get("properties", {})}
        return other | schema | ({"properties": properties} if properties else {}), (*seen, reference)

    def rows(self, schema: dict, path: str, seen: tuple[str, ...]) -> Iterator[Row]:
        """Yield each key below a schema: its path, its own schema, and whether it is required."""
        schema, seen = self.resolved(schema, seen)
        for name, part in schema.get("properties", {}).items():
            key = f"{path}.{name}".lstrip(".")
            yield key, self.resolved(part, seen)[0], name in schema.get("required", [])
            yield from self.rows(part, key, seen)
        if isinstance(schema.get("additionalProperties"), dict):
            yield from self.rows(schema["additionalProperties"], f"{path}.<name>".lstrip("."), seen)
        if "items" in schema:
            yield from self.rows(schema["items"], f"{path}[]", seen)

    def value(self, schema: dict) -> str:
        """Return in words what a key may have; what leads back to itself has the same keys."""
        return schema["value"] if "value" in schema else value_in_words(schema, self.schema)

    def table(self, rows: Iterator[Row]) -> str:
        """Return a table of Markdown."""
        return HEAD + "".join(
            f"| `{key}` | {self.value(one)} | {_default(one, required)} | {_words(one['description'])} |\n"
            for key, one, required in rows
        )


def _paragraph(text: str) -> str:
    return textwrap.fill(_words(text), 120)


def _words(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


def _default(schema: dict, required: bool) -> str:
    if required:
        return "**needed**"
    default = schema.get("default")
    return "" if default in (None, {}, [], "") else f"`{json.dumps(default, ensure_ascii=False)}`"


def written(text: str, schema: dict) -> str:
    """Return the text of the file with its tables made anew."""
    return f"{text.split(START)[0].rstrip()}\n\n{START}\n\n{Tables(schema).whole()}"


if __name__ == "__main__":
    path = Path(sys.argv[1])
    schema = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    path.write_text(written(path.read_text(encoding="utf-8"), schema), encoding="utf-8")
