"""Where downloads came from: the address of each is kept beside it, under a hidden name."""

from pathlib import Path

from dfim.files.text import read_text


def write_origin(path: str | Path, location: str) -> None:
    """Keep the address that a file was downloaded from."""
    _beside(path).write_text(f"{location}\n", encoding="utf-8")


def origin_of(path: str | Path) -> str:
    """Return the address that a file was downloaded from; empty for any other file."""
    beside = _beside(path)
    return read_text(beside, "an address").strip() if beside.is_file() else ""


def _beside(path: str | Path) -> Path:
    return Path(path).with_name(f".{Path(path).name}.origin")
