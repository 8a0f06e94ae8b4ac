"""Draw the rooms of the library and the arrows between them, from the imports: python draw_rooms.py OUT.svg.

Rooms stand in layers: what is imported lies below what imports it. The width of an arrow grows with the
number of modules that import.
"""

import ast
import sys
from collections import Counter
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "scripts" / "dfim"
GROUND = ("errors", "progress", "memory", "gpu", "ahead")
BLUE, GREY = "#0072B2", "#9a9a9a"


def room_of(name: str) -> str:
    return "ground" if name in GROUND else name


def read_arrows(library: Path) -> tuple[Counter, Counter]:
    """Return the modules of each room, and the modules that import of each pair of rooms (from, to)."""
    rooms, arrows = Counter(), Counter()
    for path in library.rglob("*.py"):
        name = path.relative_to(library).with_suffix("").parts[0]
        if name in ("__init__", "__main__"):
            continue
        rooms[room_of(name)] += 1
        targets = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "dfim":
                below = node.module.split(".")[1:]
                targets |= {below[0]} if below else {alias.name for alias in node.names}
        arrows.update((room_of(name), room_of(target)) for target in targets if target != name)
    return rooms, Counter({pair: n for pair, n in arrows.items() if pair[0] != pair[1] and pair[1] in rooms})


def layers_of(rooms: Counter, arrows: Counter) -> dict[str, int]:
    """Return the layer of each room: one above the highest room that it imports from; 0 imports nothing."""
    layers: dict[str, int] = {}

    def layer(room: str) -> int:
        if room not in layers:
            layers[room] = 1 + max((layer(to) for start, to in arrows if start == room), default=-1)
        return layers[room]

    for room in rooms:
        layer(room)
    return layers


def draw(rooms: Counter, arrows: Counter):
    layers = layers_of(rooms, arrows)
    rows = [sorted(room for room in rooms if layers[room] == row) for row in range(max(layers.values()) + 1)]
    at = {
        room: ((place + 0.5) / len(row) * 10, number * 1.35)
        for number, row in enumerate(rows)
        for place, room in enumerate(row)
    }
    figure, axes = plt.subplots(figsize=(9, 1.05 * len(rows) + 0.6))
    for (start, to), n in arrows.items():
        if to == "ground":  # every room stands on it
            continue
        axes.annotate(
            "", at[to], at[start],
            arrowprops={"arrowstyle": "-|>", "color": GREY, "lw": 0.6 + n / 4, "shrinkA": 14, "shrinkB": 14},
        )  # fmt: skip
    for room, (x, y) in at.items():
        axes.text(
            x, y, f"{room}\n{rooms[room]} modules", ha="center", va="center", fontsize=9, color="white",
            bbox={"boxstyle": "round,pad=0.4", "facecolor": BLUE, "edgecolor": "none"},
        )  # fmt: skip
    axes.set(xlim=(0, 10), ylim=(-0.7, 1.35 * (len(rows) - 1) + 0.7))
    axes.axis("off")
    figure.tight_layout(pad=0.2)
    return figure


if __name__ == "__main__":
    draw(*read_arrows(LIBRARY)).savefig(sys.argv[1], metadata={"Date": None})
