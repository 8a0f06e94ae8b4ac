"""Training curves of a network."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dfim.plots import style
from dfim.plots.inputs import require, require_rows
from dfim.plots.options import read_options

FIGURE = "training"
# What is drawn beside the loss, by the column of the history, and the loss that comes with it.
MEASURES = {
    "validation_auroc": ("Validation auROC\n(mean over tasks)", "binary cross-entropy"),
    "validation_r2": ("Validation r²\n(mean over tasks)", "mean squared error"),
}


def draw(tables: dict, options: dict) -> tuple[Figure, pd.DataFrame]:
    """Draw loss and validation auROC (or r²) by epoch, with the epoch whose weights were kept.

    Tables: ``history``. No options. The data are the history itself.
    """
    read_options(FIGURE, options)
    (history,) = require(tables, FIGURE, ["history"])
    history = require_rows(history, FIGURE, "epochs of training")
    measure = next(name for name in MEASURES if name in history)
    label, loss = MEASURES[measure]
    figure = style.new_figure(2.3)
    left, right = figure.subplots(1, 2)
    _line(left, history, "loss", style.BLUE, "training", "o")
    _line(left, history, "validation_loss", style.VERMILLION, "validation", "s")
    left.set_ylabel(f"Loss ({loss})")
    left.set_ylim(0, 1.08 * history[["loss", "validation_loss"]].max().max())
    _line(right, history, measure, style.VERMILLION, "validation", "s")
    right.set_ylabel(label)
    remark = f"n = {style.counted(len(history), 'epoch')}"
    for axis, letter, title in ((left, "a", "Loss"), (right, "b", "Held-out performance")):
        style.panel_title(axis, letter, title, remark)
        axis.set_xlabel("Epoch")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axis.set_xlim(history["epoch"].min() - 0.5, history["epoch"].max() + 0.5)
        axis.grid()
        for epoch in history.loc[history["best"] == 1, "epoch"]:
            axis.axvline(
                epoch, color=style.GREY, linestyle="--", linewidth=0.9, label=f"epoch kept: {epoch}", zorder=1
            )
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    return figure, history


def _line(axis: Axes, history: pd.DataFrame, column: str, colour: str, label: str, marker: str) -> None:
    """Draw one column by epoch."""
    axis.plot(history["epoch"], history[column], color=colour, marker=marker, markersize=3, label=label)
