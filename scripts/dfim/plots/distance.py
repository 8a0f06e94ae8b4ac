"""FIS against the distance of two features, and near pairs against those farther apart (SFig. 4, Fig. 3B)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dfim.plots import style
from dfim.plots.inputs import comparison_row, require, require_rows
from dfim.plots.marks import BOX_KEY, LogWithZeros, dots, quantile_box, quantiles_of
from dfim.plots.options import read_options

FIGURE = "distance"
MAX_POINTS = 2000
MIN_IN_BIN = 5


def draw(tables: dict, options: dict) -> tuple[Figure, pd.DataFrame]:
    """Draw FIS against distance for pairs of features, one row of panels per direction.

    Tables: ``pairs``, and ``comparisons`` when the options name some. Options: ``pairs`` ([[name, name],
    …], each drawn in both directions), ``near`` (bp, inclusive), ``max`` (bp, the end of the distance
    axis), ``signed`` (negative: the target lies upstream), ``bin`` (bp, of the running median),
    ``comparisons`` ({comparison: [source, target]}: auROC and p printed in that direction).
    The data have a column ``panel``: ``pairs`` (a row per pair), ``running`` (a row per bin), ``near``.
    """
    options = read_options(FIGURE, options)
    (pairs,) = require(tables, FIGURE, ["pairs"])
    directions = _directions(options["pairs"], pairs)
    chosen = [
        require_rows(
            pairs[(pairs["source_name"] == source) & (pairs["target_name"] == target)],
            FIGURE,
            f"pairs with {source} as the source and {target} as the target",
        )
        for source, target in directions
    ]
    scale = LogWithZeros(np.concatenate([table["fis"] for table in chosen]))
    figure = style.new_figure(2.35 * len(directions) + 0.15)
    axes = figure.subplots(len(directions), 2, sharey=True, squeeze=False, width_ratios=[2.6, 1])
    data = []
    for row, (direction, table) in enumerate(zip(directions, chosen, strict=True)):
        letters = "abcdefghijklmnop"[2 * row : 2 * row + 2]
        data.append(_draw_distances(axes[row, 0], table, direction, letters[0], scale, options))
        remark = _comparison(tables, options["comparisons"], direction)
        data.append(_draw_near(axes[row, 1], table, direction, letters[1], scale, options, remark))
    cells = "colour, pairs in a cell; " if max(map(len, chosen)) > MAX_POINTS else ""
    key = f"left: {cells}line, running median of {options['bin']} bp; band, middle 50 %.  right: {BOX_KEY}"
    figure.supxlabel(key, fontsize=7, color=style.GREY)
    return figure, pd.concat(data, ignore_index=True)


def _directions(named: list | None, pairs: pd.DataFrame) -> list[tuple[str, str]]:
    """Return both directions of the named pairs; without names, of the first pair of different features."""
    if named is None:
        require_rows(pairs, FIGURE, "pairs of features")
        different = pairs[pairs["source_name"] != pairs["target_name"]]
        first = require_rows(different, FIGURE, "pairs of different features").iloc[0]
        named = [sorted([first["source_name"], first["target_name"]])]
    return list(dict.fromkeys((a, b) for pair in named for a, b in (tuple(pair), tuple(pair)[::-1])))


def _comparison(tables: dict, comparisons: dict, direction: tuple[str, str]) -> pd.Series | None:
    """Return the row of ``comparisons`` for a direction, or None when the options name none."""
    names = [name for name, pair in comparisons.items() if tuple(pair) == direction]
    return comparison_row(tables, names[0]) if names else None


def _x_of(table: pd.DataFrame, options: dict) -> np.ndarray:
    """Return the distances to draw, bp."""
    distance = table["distance"].to_numpy(float)
    return distance if options["signed"] else np.abs(distance)


def _draw_distances(axis: Axes, table, direction, letter: str, scale: LogWithZeros, options) -> pd.DataFrame:
    """Draw the pairs by distance with the running median; return rows of the panels pairs and running."""
    source, target = direction
    table = table[table["distance"].abs() <= options["max"]]
    x, y = _x_of(table, options), table["fis"].to_numpy(float)
    scale.apply(axis, "y")
    low = -options["max"] if options["signed"] else 0
    axis.set_xlim(low - 2, options["max"] + 2)
    near_low = -options["near"] if options["signed"] else 0
    axis.axvspan(near_low, options["near"], color=style.YELLOW, alpha=0.25, linewidth=0, zorder=0)
    if len(x) <= MAX_POINTS:
        axis.scatter(x, scale.spread(y), s=4, color=style.SKY, alpha=0.6, linewidth=0, rasterized=True)
    elif len(x):
        extent = (low, options["max"], *np.log10(axis.get_ylim()))
        cells = axis.hexbin(
            x,
            scale.spread(y),
            gridsize=(60, 22),
            yscale="log",
            bins="log",
            mincnt=1,
            cmap="Blues",
            extent=extent,
            linewidths=0.1,
        )
        axis.figure.colorbar(cells, ax=axis, aspect=30, pad=0.01)
    running = _running(x, y, options["bin"])
    axis.fill_between(
        running["distance"], scale.place(running["quantile_0.25"]), scale.place(running["quantile_0.75"]),
        color=style.VERMILLION, alpha=0.3, linewidth=0,
    )  # fmt: skip
    axis.plot(running["distance"], scale.place(running["quantile_0.5"]), color=style.VERMILLION)
    remark = f"n = {style.count(len(x))}"
    if scale.in_band.any() and len(y):
        remark += f"; {style.percent(np.mean(y < scale.floor))} in the grey band"
    style.panel_title(axis, letter, f"{source} mutated → {target} responds", right=remark)
    axis.set_ylabel("FIS (logit)")
    side = f" (negative: {target} upstream)" if options["signed"] else ""
    axis.set_xlabel(f"Distance of {target} from {source}, edge to edge{side} (bp)")
    axis.grid(axis="y")
    points = pd.DataFrame({"distance": x, "fis": y}).assign(panel="pairs")
    return _named(pd.concat([points, running.assign(panel="running")]), direction)


def _running(x: np.ndarray, y: np.ndarray, width: int) -> pd.DataFrame:
    """Return quantiles of y in bins of x; bins with fewer than 5 pairs are left out (NaN breaks the line)."""
    rows = []
    bins = np.floor(x / width).astype(int)
    for number in range(bins.min(), bins.max() + 1) if len(x) else []:
        values = y[bins == number]
        shown = values if len(values) >= MIN_IN_BIN else values[:0]
        rows.append({"distance": (number + 0.5) * width, "n": len(values), **quantiles_of(shown)})
    return pd.DataFrame(rows, columns=["distance", "n", *quantiles_of(y[:0])], dtype=float)


def _named(data: pd.DataFrame, direction: tuple[str, str]) -> pd.DataFrame:
    """Put panel and direction in front of the columns."""
    data.insert(0, "source_name", direction[0])
    data.insert(1, "target_name", direction[1])
    return data[["panel", *[column for column in data.columns if column != "panel"]]]


def _draw_near(
    axis: Axes, table, direction, letter: str, scale: LogWithZeros, options, comparison
) -> pd.DataFrame:
    """Draw near pairs beside those farther apart; return rows of the panel near."""
    near = table["distance"].abs() <= options["near"]
    labels = [f"≤ {options['near']} bp", f"> {options['near']} bp"]
    rows, ticks = [], []
    for position, (label, members, colour) in enumerate(
        zip(labels, (near, ~near), (style.VERMILLION, style.BLUE), strict=True)
    ):
        values = table.loc[members, "fis"].to_numpy(float)
        row = {"panel": "near", "group": label, "n": len(values), **quantiles_of(values)}
        ticks.append(f"{label}\nn = {style.count(len(values))}")
        if len(values):
            quantile_box(axis, position, row, colour, place=scale.place, vertical=True, height=0.8)
            dots(axis, position, scale.place(values), colour, vertical=True, height=0.8)
        rows.append(row | {"share_in_band": np.mean(values < scale.floor) if len(values) else np.nan})
    scale.apply(axis, "y")
    axis.set_xticks([0, 1], ticks)
    axis.set_xlim(-0.6, 1.6)
    axis.grid(axis="y")
    axis.tick_params(axis="x", length=0)
    data = pd.DataFrame(rows)
    remark = ""
    if comparison is not None:
        remark = style.comparison(comparison, "\n")
        if [comparison["n_group"], comparison["n_against"]] != list(data["n"]):
            remark += f"\n(n = {style.count(comparison['n_group'])}, {style.count(comparison['n_against'])})"
        data["auroc"], data["p"] = comparison["auroc"], comparison["p"]
    style.panel_title(axis, letter, "", right=remark)
    return _named(data, direction)
