"""Aggregate maps of sets of aligned sequences on one colour scale, and the difference of two (SFig. 6)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from dfim.errors import InputError
from dfim.plots import style
from dfim.plots.inputs import require, require_rows
from dfim.plots.options import read_options
from dfim.sequences.bases import BASES

FIGURE = "aggregate_map"
NONE, FEW = "#BDBDBD", "#E6E6E6"  # no sequence; fewer than the configuration asks for
GAP = 3  # empty columns where the core lies, four times as many rows
_MOST_LABELS = 24


def draw(tables: dict, options: dict) -> tuple[Figure, pd.DataFrame]:
    """Draw the maps of one or two sets: rows (source position, source base, mutant base), columns (target …).

    Tables: ``cells``. Options: ``sets`` (names; default the first two), ``core`` ([start, end), 0-based:
    what all sequences share, from which positions are counted, −1 before and +1 after it; without it they
    are 0-based), ``level`` (called cells with a smaller q are dotted), ``unit`` (of the prediction). Cells
    of two bases with a planted coupling (column ``coupled``) are framed, where that is known. With two sets
    the third map is their difference, first minus second. Colours reach to the largest mean of all cells with
    enough sequences. The data are the cells drawn, those of the difference with the set ``difference``.
    """
    options = read_options(FIGURE, options)
    (cells,) = require(tables, FIGURE, ["cells"])
    require_rows(cells, FIGURE, "cells")
    known = list(cells["set"].unique())
    sets = options["sets"] or known[:2]
    if not 1 <= len(sets) <= 2 or set(sets) - set(known):
        raise InputError(
            f"the figure {FIGURE!r} draws one or two sets of the selection, and {', '.join(map(str, sets))} "
            f"are asked for: name some of {', '.join(map(str, known))} in its option sets."
        )
    cells = cells[cells["set"].isin(sets)]
    if len(sets) == 2:
        cells = pd.concat([cells, _difference(cells, *sets)], ignore_index=True)
    places = _Places(cells, options["core"])
    limit = cells.loc[cells["p"].notna() | (cells["set"] == "difference"), "mean"].abs().max()
    figure = style.new_figure(6.9)
    axes = np.atleast_1d(figure.subplots(1, len(cells["set"].unique()), sharey=True))
    for number, (axis, name) in enumerate(zip(axes, cells["set"].unique(), strict=True)):
        own = cells[cells["set"] == name]
        image = _draw_map(axis, own, places, limit, options["level"])
        title = "a − b" if name == "difference" else name.replace("_", " ")
        shown = own["p"].notna() | (name == "difference")
        style.panel_title(axis, "abc"[number], title, f"n = {style.counted(int(shown.sum()), 'cell')}")
        axis.set_xlabel("Target: responding base")
    axes[0].set_ylabel("Source: mutated base (left strip), and the base put in its place (right strip)")
    bar = figure.colorbar(image, ax=list(axes), orientation="horizontal", fraction=0.025, aspect=45, pad=0.01)
    bar.set_label(f"Mean Δ importance ({options['unit']})")
    bar.outline.set_linewidth(0.4)
    handles = _legend(options["level"], "coupled" in cells and (cells["coupled"] == 1).any())
    figure.legend(handles=handles, loc="outside upper center", ncols=8, handlelength=1)
    return figure, cells


def _difference(cells: pd.DataFrame, first: str, second: str) -> pd.DataFrame:
    """Return the difference of two sets' means in the cells where both have enough sequences."""
    key = [
        name
        for name in cells.columns
        if name in ("intact", "mutated") or name.endswith(("_position", "_base"))
    ]
    tested = cells[cells["p"].notna()]
    a, b = (tested[tested["set"] == name].set_index(key) for name in (first, second))
    table = pd.DataFrame({"n": np.minimum(a["n"], b["n"].reindex(a.index)), "mean": a["mean"] - b["mean"]})
    return table.dropna().reset_index().assign(set="difference")


class _Places:
    """Where positions and bases lie in the picture, with a gap for a core that is not among them."""

    def __init__(self, cells: pd.DataFrame, core: list | None):
        self.core = core
        self.sources = sorted(cells["source_position"].unique())
        self.targets = sorted(set(cells["target_position"]) & self._drawn(cells))
        self.rows, self.height = self._starts(self.sources, 12, 4 * GAP)
        self.columns, self.width = self._starts(self.targets, 4, GAP)

    def _drawn(self, cells: pd.DataFrame) -> set:
        """Return the target positions at which anything changes: a constant base has none."""
        changing = cells.groupby("target_position")["mean"].apply(lambda mean: mean.abs().max() > 0)
        return set(changing.index[changing]) | set(self.sources)

    def _starts(self, positions: list, size: int, gap: int) -> tuple[dict, int]:
        starts, at = {}, 0
        for before, position in zip([None, *positions], positions, strict=False):
            inside = before is not None and self.core and before < self.core[0] and position >= self.core[1]
            at += gap * bool(inside)
            starts[position] = at
            at += size
        return starts, at

    def gap_in(self, starts: dict, size: int) -> float | None:
        """Return the middle of the gap for the core, or None when there is none."""
        ends = [start + size for start in starts.values()]
        gaps = [
            (end + start - 1) / 2
            for end, start in zip(ends, [*starts.values()][1:], strict=False)
            if start > end
        ]
        return gaps[0] if gaps else None

    def label(self, position: int) -> str:
        """Return a position as text, counted from the core if there is one."""
        if self.core is None:
            return str(position)
        start, end = self.core
        if start <= position < end:
            return f"core {position - start + 1}"
        number = position - start if position < start else position - end + 1
        return f"{number:+d}".replace("-", "−")


def _mutants(base: str) -> str:
    return BASES.replace(base, "")


def _draw_map(axis: Axes, cells: pd.DataFrame, places: _Places, limit: float, level: float):
    """Draw one map and return its image."""
    values = np.full((places.height, places.width), np.nan)
    few = np.full(values.shape, np.nan)
    for start in places.rows.values():
        for left in places.columns.values():
            few[start : start + 12, left : left + 4] = 0
    cells = cells[cells["target_position"].isin(places.columns)]
    rows = [
        places.rows[position] + 3 * BASES.index(base) + _mutants(base).index(mutant)
        for position, base, mutant in cells[["source_position", "source_base", "mutant_base"]].itertuples(
            index=False
        )
    ]
    columns = [
        places.columns[position] + BASES.index(base)
        for position, base in cells[["target_position", "target_base"]].itertuples(index=False)
    ]
    shown = cells["p"].notna() | (cells["set"] == "difference")
    few[rows, columns] = 1
    values[np.array(rows)[shown], np.array(columns)[shown]] = cells.loc[shown, "mean"]
    few[~np.isnan(values)] = np.nan
    extent = (-0.5, places.width - 0.5, places.height - 0.5, -0.5)
    look = {"interpolation": "nearest", "aspect": "auto", "extent": extent}
    axis.imshow(few, cmap=ListedColormap([NONE, FEW]), vmin=0, vmax=1, **look)
    image = axis.imshow(values, cmap=style.SIGNED_MAP, vmin=-limit, vmax=limit, **look)
    significant = ((cells["called"] == 1) & (cells["q"] < level)).to_numpy()
    axis.scatter(
        np.array(columns)[significant], np.array(rows)[significant], s=1.2, color=style.BLACK, linewidth=0
    )
    if "coupled" in cells:
        _frame(axis, np.array(rows), np.array(columns), (cells["coupled"] == 1).to_numpy())
    _draw_axes(axis, places)
    return image


def _frame(axis: Axes, rows: np.ndarray, columns: np.ndarray, planted: np.ndarray) -> None:
    """Draw a frame around the cells of planted couplings."""
    for row, column in sorted(set(zip(rows[planted], columns[planted], strict=True))):
        place = (column - 0.5, row - 0.5)
        axis.add_patch(Rectangle(place, 1, 1, fill=False, edgecolor=style.GREEN, linewidth=0.5))


def _draw_axes(axis: Axes, places: _Places) -> None:
    """Label positions, and draw strips of the bases' colours beside the map."""
    across, down = 1.6, 0.022 * places.height
    for start in places.columns.values():
        for number, base in enumerate(BASES):
            axis.add_patch(_strip(start + number - 0.5, places.height - 0.5, 1, down, base))
    for start in places.rows.values():
        for number, base in enumerate(BASES):
            axis.add_patch(_strip(-0.5 - 2 * across, start + 3 * number - 0.5, across, 3, base))
            for row, mutant in enumerate(_mutants(base)):
                axis.add_patch(_strip(-0.5 - across, start + 3 * number + row - 0.5, across, 1, mutant))
    axis.set_xlim(-0.5 - 2 * across, places.width - 0.5)
    axis.set_ylim(places.height - 0.5 + down, -0.5)
    for starts, size, which in ((places.columns, 4, axis.xaxis), (places.rows, 12, axis.yaxis)):
        step = -(-len(starts) // _MOST_LABELS)
        named = list(starts.items())[::step]
        ticks = [start + size / 2 - 0.5 for _, start in named]
        names = [places.label(position) for position, _ in named]
        middle = places.gap_in(starts, size)
        if middle and which is axis.yaxis:  # across there is no room for the word
            ticks, names = [*ticks, middle], [*names, "core"]
        which.set_ticks(ticks, names)
        which.set_tick_params(length=0)
    axis.spines[:].set_visible(False)


def _strip(left: float, top: float, width: float, height: float, base: str):
    return Rectangle((left, top), width, height, facecolor=style.BASE_COLOURS[base], linewidth=0)


def _legend(level: float, planted: bool) -> list:
    """Return the handles of the legend; with ``planted`` that of the frames."""
    handles = [Patch(facecolor=style.BASE_COLOURS[base], label=base) for base in BASES]
    handles.append(Patch(facecolor=FEW, label="few sequences"))
    handles.append(Patch(facecolor=NONE, label="none"))
    dot = Line2D(
        [], [], marker="o", markersize=2, color=style.BLACK, linewidth=0, label=f"called, q < {level:g}"
    )
    frame = Patch(facecolor="none", edgecolor=style.GREEN, label="planted coupling")
    return [*handles, dot, *([frame] if planted else [])]
