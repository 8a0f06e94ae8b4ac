"""A grammar scan: interactions of motifs against the bases between two, a panel per orientation."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dfim.plots import style
from dfim.plots.inputs import require, require_rows
from dfim.plots.marks import CALL_MARKS
from dfim.plots.options import read_options
from dfim.statistics.replaced import NULL_ENDS

FIGURE = "scan"
_ACROSS = 2
_DRAWN = ["interaction_low", "interaction_high", *NULL_ENDS]
# Above what is drawn, for the words in a panel, as a share of its height.
_ROOM = 0.15


def draw(tables: dict, options: dict) -> tuple[Figure, pd.DataFrame]:
    """Draw the mean interaction at every spacing, with its interval and the band of the null.

    Tables: ``scan``. Options: ``most`` (pairs, those with the smallest q). A panel for each pair and
    orientation. Spacings beyond the network's reach are not drawn. The data are the rows of the table that
    are drawn.
    """
    options = read_options(FIGURE, options)
    (scan,) = require(tables, FIGURE, ["scan"])
    tested = require_rows(scan[scan["within_reach"] == 1], FIGURE, "spacings within the network's reach")
    best = tested.groupby("pair", sort=False)["q"].min().sort_values(kind="stable")
    names = best.index[: options["most"]]
    drawn = tested[tested["pair"].isin(names)]
    panels = [
        rows for name in names for _, rows in drawn[drawn["pair"] == name].groupby("orientation", sort=False)
    ]
    across = min(_ACROSS, len(panels))
    figure = style.new_figure(1.75 * -(-len(panels) // across) + 0.6)
    axes = np.ravel(figure.subplots(-(-len(panels) // across), across, squeeze=False, sharey=True))
    for number, (axis, rows) in enumerate(zip(axes, panels, strict=False)):
        _draw_panel(axis, rows.sort_values("spacing"), first=number % across == 0)
        letter = "abcdefghijklmnopqrstuvwxyz"[number] if number < 26 else ""
        style.panel_title(axis, letter, _title(rows.iloc[0]))
        axis.text(
            0.99, 0.97, _remark(rows), transform=axis.transAxes, va="top", ha="right", fontsize=7,
            color=style.GREY,
        )  # fmt: skip
    low, high = style.finite_limits(drawn[_DRAWN].to_numpy(float))
    axes[0].set_ylim(low, high + _ROOM * (high - low))  # of all panels
    spacings = np.unique(drawn["spacing"].to_numpy(float))
    for axis in axes[: len(panels)]:
        _rule_spacings(axis, spacings)
    for axis in axes[len(panels) :]:
        axis.set_axis_off()
    figure.supxlabel(
        f"Means over {int(drawn['n'].iloc[0])} backgrounds, bars: 95 % of their bootstrap over them. "
        "▲ called as synergy, ▼ as redundancy, ○ not called.\nGrey band: 95 % of the null, the same mean "
        f"with other sequence in the place of either motif. →, ←: strand{_rest(len(best) - len(names))}",
        fontsize=7, color=style.GREY,
    )  # fmt: skip
    return figure, drawn.reset_index(drop=True)


def _rest(left: int) -> str:
    """Say how many pairs are not drawn."""
    return f". Not drawn: {style.counted(left, 'pair')}" if left else ""


def _draw_panel(axis: Axes, rows: pd.DataFrame, first: bool) -> None:
    """Draw one orientation, its rows in the order of their spacings; ``first``: of its line of panels."""
    x = rows["spacing"].to_numpy(float)
    middle, ends = (
        rows["interaction"].to_numpy(float),
        rows[["interaction_low", "interaction_high"]].to_numpy(float),
    )
    low, high = (rows[name].to_numpy(float) for name in NULL_ENDS)
    axis.bar(x, high - low, _width(x), low, color=style.BAND, linewidth=0, zorder=0.6)
    axis.axhline(0, color=style.BLACK, linewidth=0.6)
    axis.vlines(x, ends[:, 0], ends[:, 1], color=style.GREY, linewidth=0.8)
    calls = rows["call"].fillna("").to_numpy(object)
    rest = calls == ""
    axis.plot(
        x[rest], middle[rest], "o", color=style.GREY, markersize=2.5, fillstyle="none", markeredgewidth=0.6
    )
    for call, (mark, colour) in CALL_MARKS.items():
        axis.plot(x[calls == call], middle[calls == call], mark, color=colour, markersize=4)
    axis.set_xlabel("Bases between the two")
    if first:
        axis.set_ylabel("Interaction (output units)")
    axis.grid(axis="y")


def _rule_spacings(axis: Axes, spacings: np.ndarray) -> None:
    """Give a panel the spacings, bases in rising order, from the smallest to the largest, and even ticks."""
    room = _width(spacings) / 2  # the bars of the ends are whole
    axis.set_xlim(spacings[0] - room, spacings[-1] + room)
    axis.xaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 5, 10], integer=True))


def _width(x: np.ndarray) -> float:
    """Return how wide a bar of the band is: as the nearest two spacings are apart."""
    return float(np.diff(x).min()) if len(x) > 1 else 1.0


def _title(row: pd.Series) -> str:
    """Write the two motifs as they stand on the + strand, with arrows for their strands."""
    arrows = {"+": "→", "-": "←"}
    return "  ".join(f"{row[end]} {arrows[row[f'{end}_strand']]}" for end in ("first", "second"))


def _remark(rows: pd.DataFrame) -> str:
    """Say how many spacings are called, and the strongest of them."""
    called = rows[rows["called"] == 1]
    if called.empty:
        return f"0 of {style.counted(len(rows), 'spacing')} called"
    best = called.loc[called["interaction"].abs().idxmax()]
    peak = f"{best['interaction']:+.2g} at {best['spacing']:.0f} bp".replace("-", "−")
    return f"{len(called)} of {style.counted(len(rows), 'spacing')} called, largest {peak}"
