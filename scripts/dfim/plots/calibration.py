"""Do p-values hold their level: QQ plots of p of scores that are known to be null."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from dfim.plots import style
from dfim.plots.inputs import require, require_rows
from dfim.plots.options import read_options
from dfim.statistics.calibration import ALL, LEVELS, NOT_INTERACTING, NULL
from dfim.statistics.replaced import REPLACED

FIGURE = "calibration"
_SCORES = {
    "fis": "FIS",
    "fis_sum": "Sum of |Δ|",
    "signed_sum": "Signed sum",
    "delta": "Single positions",
    "interaction": "Interaction",
}
_LINE = ("null_model", "tested", "score", "method")  # and distance: what tells the lines of a panel
_NAMES = {"generalised_pareto": "Pareto tail", "gaussian": "Gaussian"}
_LOOK = (
    (style.BLUE, "-"),
    (style.VERMILLION, "--"),
    (style.GREEN, "-."),
    (style.PURPLE, ":"),
)


def draw(tables: dict, options: dict) -> tuple[Figure, pd.DataFrame]:
    """Draw p of null scores against what a uniform distribution gives, one row of panels per score.

    Tables: ``quantiles``, ``calibration`` and ``nulls``. No options. Left: held-out null rows of the first
    null model that has some (of ``replaced`` there are none: its draws are uniform whatever is true) by the
    run's method and by those of the paper; middle, for pairs and positions: by the run's method, by distance
    (of more than four bins those whose share at .05 is farthest off, of each score); right, where
    a truth is configured: real rows that are known not to interact, under every null model. Above the
    diagonal, p is too small; a line of which the share at .05 is off (``holds`` 0) is marked with a cross.
    The data are the quantiles that are drawn, with a column ``panel``; where there is nothing to draw, the
    calibration itself.
    """
    read_options(FIGURE, options)
    quantiles, calibration, nulls = require(tables, FIGURE, ["quantiles", "calibration", "nulls"])
    require_rows(calibration, FIGURE, "null scores")
    if quantiles.empty:
        return _nothing_held_out(nulls), calibration
    method, first = nulls["method"].iloc[0], _first_held_out(quantiles, nulls)
    panels = _panels(quantiles, method, first, calibration)
    drawn = pd.concat([rows["score"] for _, _, rows in panels])
    scores = [score for score in _SCORES if (drawn == score).any()]
    figure = style.new_figure(2.35 * len(scores) + 0.3, width=max(2.45 * len(panels), 3.3))
    axes = figure.subplots(len(scores), len(panels), squeeze=False)
    data = []
    letters = iter("abcdefghijklmnop")
    for row, score in enumerate(scores):
        for column, (title, by, rows) in enumerate(panels):
            shown = rows[rows["score"] == score]
            axis = axes[row, column]
            if shown.empty:
                axis.axis("off")
                continue
            _draw_panel(axis, shown, by, calibration)
            style.panel_title(axis, next(letters), f"{_SCORES[score]}: {title}")
            data.append(shown.assign(panel=title))
    key = (
        "−log₁₀ p; above the line, p is too small. In brackets: share of p < .05, .01 and .001; n.\n"
        "✗: the share below .05 is not .05 within its interval. Real rows may interact a little, though "
        "nobody planted it"
    )
    figure.supxlabel(key, fontsize=7, color=style.GREY)
    return figure, pd.concat(data, ignore_index=True)


def _nothing_held_out(nulls: pd.DataFrame) -> Figure:
    """Return a figure that says why there is none: no null score can be tested against other examples."""
    figure = style.new_figure(1.0)
    axis = figure.subplots()
    axis.axis("off")
    examples = style.counted(int(nulls["n_examples"].max()), "example")
    words = f"The null is of {examples}: too few to hold some out and test them against the others."
    if (nulls["null_model"] == REPLACED).all():
        words = "No pairs are known not to interact: without a truth nothing can be shown."
    axis.text(0.5, 0.5, words, ha="center", va="center", fontsize=8)
    return figure


def _first_held_out(quantiles: pd.DataFrame, nulls: pd.DataFrame) -> str:
    """Return the first null model of which null rows were held out; the first one if there is none."""
    has = set(quantiles.loc[quantiles["tested"] == NULL, "null_model"])
    models = list(nulls["null_model"].unique())
    return next((model for model in models if model in has), models[0])


def _panels(
    quantiles: pd.DataFrame, method: str, first: str, calibration: pd.DataFrame
) -> list[tuple[str, str, pd.DataFrame]]:
    """Return title, the column that tells the lines apart, and the quantiles of every column of panels."""
    held_out = quantiles[(quantiles["tested"] == NULL) & (quantiles["null_model"] == first)]
    panels = []
    if len(held_out):
        panels.append(("held-out null", "method", held_out[held_out["distance"] == ALL]))
    by_distance = held_out[(held_out["method"] == method) & (held_out["distance"] != ALL)]
    if len(by_distance):
        panels.append(("by distance (bp)", "distance", _farthest_off(by_distance, calibration)))
    idle = quantiles[
        (quantiles["tested"] == NOT_INTERACTING)
        & (quantiles["method"] == method)
        & (quantiles["distance"] == ALL)
    ]
    if len(idle):
        panels.append(("known not to interact", "null_model", idle))
    return panels


def _farthest_off(quantiles: pd.DataFrame, calibration: pd.DataFrame) -> pd.DataFrame:
    """Return the quantiles of as many bins of distance as there are looks, of each score, in their order."""
    key = [*_LINE, "distance"]
    at = calibration[(calibration["level"] == LEVELS[0]) & calibration["share"].notna()]
    off = quantiles[key].drop_duplicates().merge(at[[*key, "share"]], on=key)
    off = off.assign(off=(off["share"] - LEVELS[0]).abs()).sort_values("off", ascending=False, kind="stable")
    kept = pd.MultiIndex.from_frame(off.groupby("score").head(len(_LOOK))[key])
    return quantiles[pd.MultiIndex.from_frame(quantiles[key]).isin(kept)]


def _draw_panel(axis: Axes, rows: pd.DataFrame, by: str, calibration: pd.DataFrame) -> None:
    """Draw a line per value of a column, and the line of p that hold their level."""
    top = -np.log10(rows["expected"].min()) * 1.05
    axis.plot([0, top], [0, top], color=style.BLACK, linewidth=0.7)
    for (colour, dashes), (value, line) in zip(_LOOK, rows.groupby(by, sort=False), strict=False):
        with np.errstate(divide="ignore"):
            observed = -np.log10(line["observed"].to_numpy())
        # A p of 0 has no logarithm; beyond the panel it is the same.
        observed = np.minimum(observed, 10 * top)
        shares, holds = _shares(calibration, line.iloc[0])
        cross = "" if holds else "✗ "
        label = f"{cross}{_NAMES.get(value, value)} ({shares}; {style.count(int(line['n'].iloc[0]))})"
        axis.plot(-np.log10(line["expected"]), observed, color=colour, linestyle=dashes, label=label)
    highest = 1.7 * top
    axis.set_xlim(0, top)
    axis.set_ylim(0, highest)
    for ruler, end in ((axis.xaxis, top), (axis.yaxis, highest)):
        ruler.set_major_locator(FixedLocator(range(0, int(end) + 1)))
        ruler.set_minor_locator(NullLocator())
        ruler.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_xlabel("Expected")
    axis.set_ylabel("Observed")
    axis.grid()
    legend = axis.legend(
        loc="upper left", frameon=True, framealpha=1, edgecolor="none", handlelength=1.7, borderpad=0.2,
        borderaxespad=0.1, labelspacing=0.25, handletextpad=0.5,
    )  # fmt: skip
    legend.set_zorder(5)
    for text in legend.get_texts():
        if text.get_text().startswith("✗"):
            text.set_color(style.VERMILLION)


def _shares(calibration: pd.DataFrame, line: pd.Series) -> tuple[str, bool]:
    """Return the shares below the levels of the p of a line, in percent, and whether the first is not off."""
    keys: Mapping = {key: line[key] for key in (*_LINE, "distance")}
    rows = calibration
    for key, value in keys.items():
        rows = rows[rows[key] == value]
    found = rows.set_index("level")
    words = ", ".join(f"{100 * found['share'][level]:.2g}" for level in LEVELS) + " %"
    return words, str(found["holds"][LEVELS[0]]) not in ("0", "0.0")
