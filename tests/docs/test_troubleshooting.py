"""The messages that docs/troubleshooting.md explains are messages of the project."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/troubleshooting.md"
HOLE = "\0"  # where a message has a value


@cache
def literals(path: Path) -> list[str]:
    """Return the texts of a module, pieces that stand side by side joined, values as holes."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else HOLE for part in node.values)
            found.append("".join(map(str, parts)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.append(node.value)
    return found


def explained(text: str) -> list[str]:
    """Return the messages of the first column that are our own."""
    rows = [
        line.split("|")[1] for line in text.splitlines() if line.startswith("| ") and "message" not in line
    ]
    return [
        message
        for cell in rows
        if "Snakemake" not in cell and "place.tsv" not in cell
        for message in re.findall("`([^`]+)`", cell)
    ]


def unknown(messages: list[str]) -> list[str]:
    """Return the messages with a piece that no text of the project has."""
    texts = [text for path in (ROOT / "scripts").rglob("*.py") for text in literals(path)]
    return [
        message
        for message in messages
        if not all(any(piece.strip() in text for text in texts) for piece in message.split("…"))
    ]


def test_messages_are_those_of_the_project():
    messages = explained(PAGE.read_text(encoding="utf-8"))
    assert len(messages) >= 15
    assert unknown(messages) == []


def test_a_message_of_nobody_is_found():
    assert unknown(["is damaged, or was changed after it was made", "the flux is low"]) == ["the flux is low"]
