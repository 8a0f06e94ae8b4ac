"""What kinds of pairs do together, against the distance of the two: the interaction by mutagenesis."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dfim.plots import style
from dfim.plots.inputs import require, require_rows
from dfim.plots.marks import CALL_MARKS
from dfim.plots.options import read_options
from dfim.statistics.replaced import NULL_ENDS

FIGURE = "kinds"
_PANELS_ACROSS = 2


def draw(tables: dict, options: dict) -> tuple[Figure, pd.DataFrame]:
    """Draw the median interaction of each bin of distances, with its interval, one panel for each two names.

    Tables: ``kinds``. Options: ``pairs`` (names in the column ``pair``; by default those with the smallest q,
    ``most`` of them). A kind that is called is a triangle, up for synergy, down for redundancy; one that is
    not called is an open circle. The grey band is the null: the middle 95 % of the same median with other
    sequence in the place of either feature, the same in all pairs. The data are the rows that are drawn.
    """
    options = read_options(FIGURE, options)
    (kinds,) = require(tables, FIGURE, ["kinds"])
    bins = require_rows(kinds[kinds["grain"] == "distance"], FIGURE, "kinds of pairs within reach")
    wholes = kinds[kinds["grain"] == "names"].set_index("pair")
    names = options["pairs"] or list(wholes.index[: options["most"]])
    drawn = bins[bins["pair"].isin(names)]
    require_rows(drawn, FIGURE, f"kinds of the pairs {', '.join(names)}")
    across = min(_PANELS_ACROSS, len(names))
    rows = -(-len(names) // across)
    figure = style.new_figure(2.3 * rows + 0.35)
    axes = np.ravel(figure.subplots(rows, across, squeeze=False, sharey=True))
    for axis, name, letter in zip(axes, names, "abcdefghijklmnopqrstuvwxyz", strict=False):
        _draw_panel(axis, drawn[drawn["pair"] == name].sort_values("shortest"))
        style.panel_title(axis, letter, name, right=_words(wholes.loc[name]))
    for axis in axes[len(names) :]:
        axis.set_axis_off()
    figure.supxlabel(
        "Medians, bars: 95 % of their bootstrap over blocks. "
        "▲ called as synergy, ▼ as redundancy, ○ not called.\n"
        "Grey band: 95 % of the null, the same medians with other sequence in the place of either feature",
        fontsize=7, color=style.GREY,
    )  # fmt: skip
    return figure, drawn.reset_index(drop=True)


def _draw_panel(axis: Axes, rows: pd.DataFrame) -> None:
    """Draw the bins of one pair of names, in the order of their distances."""
    places = np.arange(len(rows))
    middle = rows["interaction"].to_numpy(float)
    ends = rows[["interaction_low", "interaction_high"]].to_numpy(float)
    axis.axhline(0, color=style.BLACK, linewidth=0.6)
    low, high = (rows[name].to_numpy(float) for name in NULL_ENDS)
    axis.bar(places, high - low, 0.8, low, color=style.BAND, linewidth=0, zorder=0)
    axis.vlines(places, ends[:, 0], ends[:, 1], color=style.GREY, linewidth=1.2)
    for place, value, row in zip(places, middle, rows.itertuples(), strict=True):
        mark, colour = CALL_MARKS.get(row.call, ("o", style.GREY))
        axis.plot(place, value, mark, color=colour, markersize=5, fillstyle="full" if row.called else "none")
    labels = [f"{row.distance.removesuffix(' bp')}\nn = {style.count(row.n)}" for row in rows.itertuples()]
    axis.set_xticks(places, labels, fontsize=6)
    axis.set(xlabel="Bases between the two", ylabel="Interaction (output units)")
    axis.set_xlim(-0.6, len(rows) - 0.4)
    axis.grid(axis="y")


def _words(row: pd.Series) -> str:
    """Return how many pairs of both names there are, and how many are called."""
    called = row["called_synergy"] + row["called_redundancy"]
    q = style.p_value(row["q"]).replace("p", "q", 1)
    return f"{style.counted(int(row['n']), 'pair')}, {style.percent(called)} called, {q}"
