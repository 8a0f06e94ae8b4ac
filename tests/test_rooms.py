"""The rooms of the library: imports point one way, modules are small, tests mirror them."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIBRARY = ROOT / "scripts" / "dfim"
# Each room may import from those of earlier lines, from itself, and from no other.
ORDER = [
    ["errors", "progress", "memory", "gpu", "ahead"],
    ["backends"],
    ["files", "sequences", "statistics"],
    ["genomes", "networks"],
    ["accessions", "attribution", "reads", "datasets"],
    ["interactions", "reproduction", "training", "handed_in"],
    ["plots", "planted", "exports", "api"],
    ["page"],
    ["__main__", "__init__"],
]
# Within a line a room may lean on one to its left.
BESIDE = {("files", "sequences"), ("statistics", "sequences"), ("sequences", "files"), ("planted", "plots")}
BESIDE.add(("gpu", "errors"))
RANK = {room: rank for rank, rooms in enumerate(ORDER) for room in rooms}
MOST_LINES = 400


def modules() -> list[Path]:
    return sorted(LIBRARY.rglob("*.py"))


def room_of(path: Path) -> str:
    parts = path.relative_to(LIBRARY).with_suffix("").parts
    return parts[0]


def imported_rooms(path: Path) -> set[str]:
    """Return the rooms that a module imports from, wherever in it the import stands."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "dfim":
            below = node.module.split(".")[1:]
            found |= {below[0]} if below else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {a.name.split(".")[1] for a in node.names if a.name.startswith("dfim.")}
    return found


def arrows_against_the_order(library: dict[str, set[str]]) -> list[str]:
    """Return the imports, as ``room -> room``, that point against the order."""
    return sorted(
        f"{room} -> {other}"
        for room, others in library.items()
        for other in others - {room}
        if (room, other) not in BESIDE and RANK[other] >= RANK[room]
    )


def test_imports_point_one_way():
    library = {}
    for path in modules():
        library.setdefault(room_of(path), set()).update(imported_rooms(path))
    assert arrows_against_the_order(library) == []


def test_an_arrow_against_the_order_is_found():
    assert arrows_against_the_order({"statistics": {"files", "interactions"}}) == [
        "statistics -> files",
        "statistics -> interactions",
    ]


def test_the_library_knows_neither_snakemake_nor_the_configuration():
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.split(".")[0] in ("snakemake", "workflow")], path


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(LIBRARY)))
def test_a_module_is_small_and_says_what_it_is(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MOST_LINES
    assert ast.get_docstring(ast.parse(text)), "a module begins with a docstring"


def test_functions_fit_a_screen():
    lengths = sorted(
        node.end_lineno - node.lineno + 1
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    )
    assert lengths[len(lengths) // 2] <= 10
    assert lengths[int(0.9 * len(lengths))] <= 28
    assert lengths[-1] <= 60


def test_every_folder_of_tests_is_a_room_or_a_kind_of_test():
    others = {"faults", "runs", "slurm", "support", "workflow", "docs", "benchmarks"}
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and any(path.glob("*.py"))}
    assert folders - others <= set(RANK)
