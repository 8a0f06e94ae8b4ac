"""Scores of two groups of sources, e.g. binding QTLs against controls (SFig. 3)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dfim.errors import InputError
from dfim.plots import style
from dfim.plots.inputs import comparison_row, require
from dfim.plots.marks import BOX_KEY, LogWithZeros, SignedLog, dots, quantile_box, quantiles_of
from dfim.plots.options import read_options

FIGURE = "groups"
_LABELS = {
    "fis": "FIS: largest |Δ importance| (logit)",
    "fis_sum": "Sum of |Δ importance| (logit)",
    "signed_sum": "Signed sum of Δ (logit)",
}
_COLOURS = (style.VERMILLION, style.BLUE, style.GREEN)


def draw(tables: dict, options: dict) -> tuple[Figure, pd.DataFrame]:
    """Draw scores of groups of sources: cumulative shares above, boxes below, one column per score.

    Tables: ``sources``, and ``comparisons`` when the options name some. Options: ``groups`` (two or three
    values of the column ``group``), ``scores`` (``fis``, ``fis_sum``, ``signed_sum``), ``comparisons``
    (names; auROC and p are printed above the panel of the comparison's score), ``matched`` (only the sources
    of matched sets of positives and controls).
    The data have a column ``panel``: ``values`` (a row per source and score) and ``boxes``.
    """
    options = read_options(FIGURE, options)
    (sources,) = require(tables, FIGURE, ["sources"])
    if options["matched"]:
        sources = _matched(sources)
    groups = options["groups"]
    for score in options["scores"]:
        if score not in _LABELS:
            raise InputError(
                f"the figure {FIGURE!r} cannot draw the score {score!r}: "
                f"choose from {', '.join(_LABELS)} in its option scores."
            )
    for group in groups:
        if not (sources["group"] == group).any():
            found = ", ".join(map(repr, sources["group"].unique())) or "no rows"
            raise InputError(
                f"the figure {FIGURE!r} found no source of the group {group!r}, only {found}: "
                "name groups of the features table in its option groups."
            )
    rows = {row["score"]: row for row in (comparison_row(tables, name) for name in options["comparisons"])}

    figure = style.new_figure(3.0)
    axes = figure.subplots(2, len(options["scores"]), sharex="col", squeeze=False, height_ratios=[2, 1])
    data = []
    for column, score in enumerate(options["scores"]):
        values = {
            group: sources.loc[sources["group"] == group, score].dropna().to_numpy() for group in groups
        }
        remark = style.comparison(rows[score], "\n") if score in rows else ""
        upper, lower = axes[:, column]
        scale = (SignedLog if score == "signed_sum" else LogWithZeros)(np.concatenate(list(values.values())))
        _draw_shares(upper, values, scale)
        style.panel_title(upper, "abcdefgh"[column], "", remark)
        table = _draw_boxes(lower, values, scale)
        scale.apply(lower, "x")
        if score == "signed_sum":
            for axis in (upper, lower):
                axis.axvline(0, color=style.BLACK, linewidth=0.6, zorder=0)
        lower.set_xlabel(_LABELS[score])
        if column:
            lower.tick_params(axis="y", labelleft=False)
        if score in rows:
            table["auroc"], table["p"] = rows[score]["auroc"], rows[score]["p"]
        points = sources.loc[sources["group"].isin(groups), ["source", "name", "group", score]]
        points = points.rename(columns={score: "value"}).assign(panel="values")
        data += [points.assign(score=score), table.assign(panel="boxes", score=score)]
    axes[0, 0].set_ylabel("Cumulative share of sources")
    figure.supxlabel(BOX_KEY, fontsize=7, color=style.GREY)
    data = pd.concat(data, ignore_index=True)
    first = ["panel", "score", "group"]
    return figure, data[first + [column for column in data.columns if column not in first]]


def _matched(sources: pd.DataFrame) -> pd.DataFrame:
    """Return the sources of matched sets; raises InputError when there are none."""
    if "matched_set" not in sources or sources["matched_set"].isna().all():
        raise InputError(
            f"the figure {FIGURE!r} was asked for matched sources, and there are none: leave out its option "
            "matched, or match with a wider caliper."
        )
    return sources[sources["matched_set"].notna()]


def _draw_shares(axis: Axes, values: dict[str, np.ndarray], scale: LogWithZeros) -> None:
    """Draw the empirical cumulative distribution of each group."""
    for (_, scores), colour in zip(values.items(), _COLOURS, strict=False):
        if len(scores):
            axis.ecdf(scale.place(scores), color=colour)
    axis.set_ylim(0, 1.02)
    axis.grid()


def _draw_boxes(axis: Axes, values: dict[str, np.ndarray], scale: LogWithZeros) -> pd.DataFrame:
    """Draw a box per group; return its n and quantiles."""
    rows = []
    for position, ((group, scores), colour) in enumerate(zip(values.items(), _COLOURS, strict=False)):
        row = {"group": group, "n": len(scores), **quantiles_of(scores)}
        quantile_box(axis, position, row, colour, place=scale.place, height=0.9)
        dots(axis, position, scale.place(scores), colour, height=0.9)
        rows.append(row)
    axis.set_yticks(range(len(values)), [f"{row['group']}\nn = {style.count(row['n'])}" for row in rows])
    for label, colour in zip(axis.get_yticklabels(), _COLOURS, strict=False):
        label.set_color(colour)
    axis.set_ylim(len(values) - 0.4, -0.6)
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="x")
    return pd.DataFrame(rows)
