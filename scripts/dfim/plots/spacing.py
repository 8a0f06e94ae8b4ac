"""FIS of two motifs against the distance of their starts, for each orientation."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dfim.plots import style
from dfim.plots.inputs import require, require_rows
from dfim.plots.options import read_options

FIGURE = "spacing"
_ARROWS = {"+": "→", "-": "←"}
_WORDS = {"fis": "FIS (logit)", "signed_sum": "Signed sum (logit)"}


def draw(tables: dict, options: dict) -> tuple[Figure, pd.DataFrame]:
    """Draw the median score against the distance of two motifs' starts, one row of panels per orientation.

    Tables: ``pairs`` and ``features`` of a dataset with two motifs in each example (see
    :mod:`dfim.datasets.spacing`). Options: ``score`` (fis or signed_sum), ``first`` (the name of the motif
    that distances are counted from; by default the first in alphabetical order), ``max`` (bp, the end of the
    axis). The left column has the first motif mutated, the right one the second. Returns the figure and a
    row for each orientation, direction and distance: ``median``, ``quantile_0.25``, ``quantile_0.75``,
    ``n``, and ``largest``, the largest absolute score.
    """
    options = read_options(FIGURE, options)
    pairs, features = require(tables, FIGURE, ["pairs", "features"])
    pairs = require_rows(pairs, FIGURE, "pairs of features")
    names = sorted(set(pairs["source_name"]) | set(pairs["target_name"]))
    first = options["first"] or names[0]
    second = next((name for name in names if name != first), first)
    placed = require_rows(_placed(pairs, features, first, second), FIGURE, f"pairs of {first} and {second}")
    placed = placed[placed["distance"].abs() <= (options["max"] or np.inf)]
    data = _summary(placed, options["score"])
    orientations = sorted(data["orientation"].unique(), key=["++", "+-", "-+", "--"].index)
    figure = style.new_figure(1.25 * len(orientations) + 0.55)
    axes = figure.subplots(len(orientations), 2, sharex=True, sharey=True, squeeze=False)
    for row, orientation in enumerate(orientations):
        for column, (source, target) in enumerate([(first, second), (second, first)]):
            axis = axes[row, column]
            letter = "abcdefgh"[2 * row + column]
            chosen = data[(data["orientation"] == orientation) & (data["source_name"] == source)]
            _draw_panel(
                axis, chosen, letter, f"{source} mutated, {target} responds", orientation, (first, second)
            )
            if column == 0:
                axis.set_ylabel(_WORDS[options["score"]])
            if row == len(orientations) - 1:
                axis.set_xlabel(f"Start of {second} − start of {first} (bp)")
    # Room above all bands for the words; the axes are shared.
    low, high = min(data["quantile_0.25"].min(), 0), max(data["quantile_0.75"].max(), 0)
    axes[0, 0].set_ylim(1.1 * low, high + 0.3 * ((high - low) or 1))
    number = int(data["n"].max())
    key = f"line: median of {number} random sequences; band: middle 50 %; →: on the + strand"
    figure.supxlabel(key, fontsize=7, color=style.GREY)
    return figure, data


def _placed(pairs: pd.DataFrame, features: pd.DataFrame, first: str, second: str) -> pd.DataFrame:
    """Return the pairs of the two motifs in both directions, with their distance and orientation."""
    chosen = pairs[
        ((pairs["source_name"] == first) & (pairs["target_name"] == second))
        | ((pairs["source_name"] == second) & (pairs["target_name"] == first))
    ].copy()
    strand = features.set_index("feature")["strand"]
    forward = chosen["source_name"] == first
    apart = chosen["target_start"] - chosen["source_start"]
    chosen["distance"] = np.where(forward, apart, -apart)
    source, target = chosen["source"].map(strand), chosen["target"].map(strand)
    chosen["orientation"] = np.where(forward, source + target, target + source)
    return chosen


def _summary(placed: pd.DataFrame, score: str) -> pd.DataFrame:
    """Return quantiles of a score by orientation, direction and distance."""
    groups = placed.groupby(["orientation", "source_name", "target_name", "distance"])[score]
    quantiles = {
        name: groups.quantile(level)
        for name, level in (("median", 0.5), ("quantile_0.25", 0.25), ("quantile_0.75", 0.75))
    }
    largest = groups.agg(lambda values: values.abs().max())
    return pd.DataFrame({**quantiles, "n": groups.size(), "largest": largest}).reset_index()


def _draw_panel(
    axis: Axes, rows: pd.DataFrame, letter: str, title: str, orientation: str, names: tuple[str, str]
) -> None:
    """Draw one orientation and direction, with a remark on its peak and its reach."""
    x = rows["distance"].to_numpy()
    for side in (x < 0, x > 0):  # apart: at the distances between them the motifs would overlap
        if side.any():
            own = rows[side]
            band = own["quantile_0.25"], own["quantile_0.75"]
            axis.fill_between(x[side], *band, color=style.BLUE, alpha=0.3, linewidth=0)
            axis.plot(x[side], own["median"], color=style.BLUE)
    axis.axhline(0, color=style.GREY, linewidth=0.5)
    style.panel_title(axis, letter, title)
    arrows = f"{names[0]} {_ARROWS[orientation[0]]}  {names[1]} {_ARROWS[orientation[1]]}"
    axis.text(0.01, 0.95, arrows, transform=axis.transAxes, va="top", fontsize=7)
    axis.text(
        0.99,
        0.95,
        _remark(rows),
        transform=axis.transAxes,
        va="top",
        ha="right",
        fontsize=7,
        color=style.GREY,
    )


def _remark(rows: pd.DataFrame) -> str:
    """Say where the median peaks and from which distance on every score is exactly 0."""
    if not rows["median"].abs().max() > 0:
        return "no response"
    peak = rows.loc[rows["median"].abs().idxmax()]
    words = f"peak {style.scientific(peak['median'])} at {peak['distance']:.0f} bp".replace("-", "−")
    silent = zero_from(rows)
    return words + (f"\nexactly 0 from {silent} bp on" if silent else "")


def zero_from(rows: pd.DataFrame) -> int | None:
    """Return the distance from which on, to both sides, every score is exactly 0; None if there is none."""
    away = rows["distance"].abs()
    responding = away[rows["largest"] > 0]
    beyond = away[away > (responding.max() if len(responding) else 0)]
    return int(beyond.min()) if len(beyond) else None
