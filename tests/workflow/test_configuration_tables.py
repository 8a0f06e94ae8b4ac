"""The tables of config/README.md are those of the schema."""

import importlib.util

import pytest
import yaml

from workflow.schema import CONFIG_SCHEMA, ROOT

README = ROOT / "config/README.md"
SCRIPT = ROOT / "docs/configuration/write_tables.py"


@pytest.fixture(scope="module")
def tables():
    spec = importlib.util.spec_from_file_location("write_tables", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def schema():
    return yaml.safe_load(CONFIG_SCHEMA.read_text(encoding="utf-8"))


def test_the_tables_are_those_of_the_schema(tables, schema):
    text = README.read_text(encoding="utf-8")
    assert tables.written(text, schema) == text, (
        "run: python docs/configuration/write_tables.py config/README.md"
    )


def test_a_key_that_is_added_or_changed_changes_the_tables(tables, schema):
    before = tables.Tables(schema).whole()
    schema["$defs"]["analysis"]["properties"]["colour"] = {
        "enum": ["red", "blue"],
        "default": "red",
        "description": "Colour of a | b.",
    }
    line = '| `<name>.colour` | `red`, `blue` | `"red"` | Colour of a \\| b. |\n'
    after = tables.Tables(schema).whole()
    assert after.replace(line, "") == before
    assert after.count(line) == 1
    schema["$defs"]["analysis"]["required"].append("colour")
    assert "| `<name>.colour` | `red`, `blue` | **needed** |" in tables.Tables(schema).whole()


def test_every_key_is_in_a_table_and_has_a_description(tables, schema):
    """Counted another way: every 'properties' of the schema, each definition where it is used."""
    found = tables.Tables(schema).whole()
    for definition in schema["$defs"].values():
        for key in definition.get("properties", {}):
            if definition is not schema["$defs"]["source"]:
                assert f"{key}` |" in found, key
    for line in found.splitlines():
        if line.startswith("| `"):
            assert line.removesuffix(" |").rpartition(" | ")[2].strip(), line


def test_every_configuration_and_section_is_in_the_readme(schema):
    text = README.read_text(encoding="utf-8")
    for path in (ROOT / "config").glob("*.yaml"):
        assert path.name in text or path.name.startswith("planted"), path.name
    for section in schema["properties"]:
        assert f"\n## `{section}`\n" in text or f"\n| `{section}` |" in text, section
