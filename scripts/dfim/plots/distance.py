"""Scores against the distance of two features, near pairs against those farther apart (SFig. 4, Fig. 3B)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dfim.plots import style
from dfim.plots.inputs import comparison_row, require, require_rows
from dfim.plots.marks import BOX_KEY, LogWithZeros, SignedLog, dots, quantile_box, quantiles_of
from dfim.plots.options import read_options
from dfim.statistics.bootstrap import clusters_of, running_medians

FIGURE = "distance"
MAX_POINTS = 2000
MIN_IN_BIN = 5


def draw(tables: dict, options: dict) -> tuple[Figure, pd.DataFrame]:
    """Draw FIS and signed sum against distance for pairs of features, one row of panels per direction.

    Tables: ``pairs``; ``null`` (the scores of shuffled sequences: their running median is drawn), ``reach``
    (the network's, by its layers: drawn where it is on the axis), and ``comparisons`` when the options name
    some.
    Options: ``pairs`` ([[name, name], …], each drawn in both directions),
    ``near`` (bp, inclusive), ``max`` (bp, the end of the distance axis), ``signed`` (negative: the target
    lies upstream), ``bin`` (bp, of the running median), ``comparisons`` ({comparison: [source, target]}:
    auROC and p printed in that direction).
    The data have a column ``panel``: ``pairs`` (a row per pair), ``running`` (a row per score and bin),
    ``shuffled`` (the same of shuffled sequences), ``near`` (a row per group).
    """
    options = read_options(FIGURE, options)
    (pairs,) = require(tables, FIGURE, ["pairs"])
    reach = float(tables["reach"]["reach"].iloc[-1]) if "reach" in tables else np.inf
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
    signed = SignedLog(np.concatenate([table["signed_sum"] for table in chosen]))
    figure = style.new_figure(2.35 * len(directions) + 0.3)
    axes = figure.subplots(len(directions), 3, squeeze=False, width_ratios=[2.1, 2.1, 1.2])
    data = []
    letters = iter("abcdefghijklmnopqrstuvwx")
    for row, (direction, table) in enumerate(zip(directions, chosen, strict=True)):
        shown = table[table["distance"].abs() <= options["max"]]
        title = f"{direction[0]} mutated → {direction[1]}"
        for axis, score, ruler in zip(axes[row], ("fis", "signed_sum"), (scale, signed), strict=False):
            running = _draw_distances(axis, shown, score, ruler, reach, options)
            _label(axis, next(letters), score, title, shown, ruler, options)
            data.append(_named(running, direction))
            if "null" in tables:
                expected = _draw_shuffled(axis, _shuffled(tables["null"], shown), score, ruler, options)
                data.append(_named(expected, direction))
        points = shown[["distance", "fis", "signed_sum"]].assign(panel="pairs")
        data.append(_named(points, direction))
        remark = _comparison(tables, options["comparisons"], direction)
        data.append(_draw_near(axes[row, 2], table, direction, next(letters), scale, reach, options, remark))
    data = pd.concat(data, ignore_index=True)
    figure.supxlabel(_key(data, reach, options), fontsize=7, color=style.GREY)
    return figure, data


def _key(data: pd.DataFrame, reach: float, options: dict) -> str:
    """Say what is drawn, and nothing of what is not."""
    key = ["Distances edge to edge. Red: synergy, blue: redundancy"]
    if _has_line(data, "running"):
        key.append(
            f"Line: running median of {options['bin']} bp; dark band: its 95 % interval, sequences "
            "resampled; light band: middle 50 %"
        )
    else:
        key.append(
            f"No running median: too few bins of {options['bin']} bp hold {MIN_IN_BIN} pairs for a line"
        )
    if _has_line(data, "shuffled"):
        key.append("Purple: the same median on shuffled sequences, what distance alone explains")
    if reach - 1 <= options["max"]:
        key.append(f"Dashed: reach of the network by its layers, {reach:g} bp; beyond it the score is 0")
    return ".\n".join([*key, f"On the right: {BOX_KEY}"])


def _has_line(data: pd.DataFrame, panel: str) -> bool:
    """Return whether a running median is seen anywhere: it needs two bins next to each other."""
    rows = data[data["panel"] == panel]
    if rows.empty:
        return False
    lines = rows.groupby(["source_name", "target_name", "score"])["median"]
    return any((line.notna() & line.shift().notna()).any() for _, line in lines)


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


def _draw_distances(
    axis: Axes, table: pd.DataFrame, score: str, scale, reach: float, options: dict
) -> pd.DataFrame:
    """Draw a score of pairs by distance with its running median; return the rows of the panel running."""
    x, y = _x_of(table, options), table[score].to_numpy(float)
    scale.apply(axis, "y")
    low = -options["max"] if options["signed"] else 0
    axis.set_xlim(low - 2, options["max"] + 2)
    near_low = -options["near"] if options["signed"] else 0
    axis.axvspan(near_low, options["near"], color=style.YELLOW, alpha=0.25, linewidth=0, zorder=0)
    # Between the nearest positions of two features lie `distance` others.
    for edge in (reach - 1, 1 - reach) if reach - 1 <= options["max"] else ():
        if low <= edge:
            axis.axvline(edge, color=style.BLACK, linewidth=0.8, linestyle="--")
    hues = np.where(table["signed_sum"] > 0, style.SYNERGY, style.REDUNDANCY)
    hues = np.where(table["signed_sum"] == 0, style.GREY, hues)
    many = len(x) > MAX_POINTS
    axis.scatter(
        x,
        scale.spread(y),
        s=1.5 if many else 4,
        c=hues,
        alpha=0.25 if many else 0.5,
        linewidth=0,
        rasterized=True,
    )
    running = running_medians(x, y, clusters_of(table), options["bin"], fewest=MIN_IN_BIN)
    middle = running["x"]
    for (lower, upper), strength in (
        (("quartile_1", "quartile_3"), 0.15),
        (("median_low", "median_high"), 0.4),
    ):
        axis.fill_between(
            middle, scale.place(running[lower]), scale.place(running[upper]),
            color=style.BLACK, alpha=strength, linewidth=0,
        )  # fmt: skip
    axis.plot(middle, scale.place(running["median"]), color=style.BLACK)
    axis.grid(axis="y")
    return running.rename(columns={"x": "distance"}).assign(panel="running", score=score)


def _shuffled(null: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Return the scores of pairs on shuffled sequences, with their distances."""
    places = pairs[["source", "target", "distance", "example"]]
    return null.drop(columns=["example", "distance"], errors="ignore").merge(places, on=["source", "target"])


def _draw_shuffled(axis: Axes, null: pd.DataFrame, score: str, scale, options: dict) -> pd.DataFrame:
    """Draw the running median of shuffled sequences; return the rows of the panel shuffled."""
    x, y = _x_of(null, options), null[score].to_numpy(float)
    running = running_medians(x, y, null["example"].to_numpy(), options["bin"], fewest=MIN_IN_BIN)
    axis.plot(running["x"], scale.place(running["median"]), color=style.PURPLE, linestyle="-.")
    return running.rename(columns={"x": "distance"}).assign(panel="shuffled", score=score)


def _label(axis: Axes, letter, score: str, title: str, table: pd.DataFrame, scale, options) -> None:
    """Write title, n and labels of a panel of distances; both panels of a row have one n."""
    remark = ""  # the title may be long, and takes the whole width
    if score == "fis":
        axis.set_ylabel("FIS (logit)")
    else:
        title = ""
        near = table[table["distance"].abs() <= options["near"]]
        remark = f"n = {style.count(len(table))}"
        if len(near):
            remark += f"; > 0: {style.percent(np.mean(near['signed_sum'] > 0))} of the near"
        axis.set_ylabel("Signed sum (logit)")
        axis.axhline(0, color=style.BLACK, linewidth=0.6)
    style.panel_title(axis, letter, title, right=remark)
    side = "; negative: target upstream" if options["signed"] else ""
    axis.set_xlabel(f"Distance (bp{side})")


def _named(data: pd.DataFrame, direction: tuple[str, str]) -> pd.DataFrame:
    """Put panel and direction in front of the columns."""
    data = data.assign(source_name=direction[0], target_name=direction[1])
    first = ["panel", "source_name", "target_name"]
    return data[[*first, *[column for column in data.columns if column not in first]]]


def _groups_by_distance(table: pd.DataFrame, reach: float, near: int) -> dict[str, np.ndarray]:
    """Return which pairs are near, farther apart, and beyond the reach, where there are such."""
    distance = table["distance"].abs().to_numpy()
    beyond = distance + 1 >= reach
    groups = {f"≤ {near}": (distance <= near) & ~beyond}
    if not beyond.any():
        return groups | {f"> {near}": distance > near}
    return groups | {f"{near + 1}–{reach - 2:g}": (distance > near) & ~beyond, f"≥ {reach - 1:g}": beyond}


def _draw_near(
    axis: Axes, table, direction, letter: str, scale: LogWithZeros, reach: float, options, comparison
) -> pd.DataFrame:
    """Draw near pairs beside those farther apart; return rows of the panel near."""
    groups = _groups_by_distance(table, reach, options["near"])
    rows, ticks = [], []
    colours = (style.GREEN, style.SKY, style.GREY)
    for position, ((label, members), colour) in enumerate(zip(groups.items(), colours, strict=False)):
        values = table.loc[members, "fis"].to_numpy(float)
        row = {"panel": "near", "group": f"{label} bp", "n": len(values), **quantiles_of(values)}
        ticks.append(f"{label}\n{style.count(len(values))}")
        if len(values):
            quantile_box(axis, position, row, colour, place=scale.place, vertical=True, height=0.8)
            dots(axis, position, scale.place(values), colour, vertical=True, height=0.8)
        rows.append(row | {"share_in_band": np.mean(values < scale.floor) if len(values) else np.nan})
    scale.apply(axis, "y")
    axis.set_xticks(range(len(ticks)), ticks)
    axis.set_xlim(-0.6, len(ticks) - 0.4)
    axis.set_xlabel("Distance (bp), n")
    axis.tick_params(axis="y", labelleft=False)
    axis.grid(axis="y")
    axis.tick_params(axis="x", length=0)
    data = pd.DataFrame(rows)
    remark = ""
    if comparison is not None:
        remark = style.comparison(comparison, "\n")
        if [comparison["n_group"], comparison["n_against"]] != list(data["n"][:2]):
            remark += f"\n(n = {style.count(comparison['n_group'])}, {style.count(comparison['n_against'])})"
        data["auroc"], data["p"] = comparison["auroc"], comparison["p"]
    style.panel_title(axis, letter, "", right=remark)
    return _named(data, direction)
