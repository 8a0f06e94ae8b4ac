"""What variants change around them, one mark each, with those that stand out from random substitutions."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from dfim.plots import style
from dfim.plots.inputs import require, require_rows
from dfim.plots.options import read_options

FIGURE = "variants"


def draw(tables: dict, options: dict) -> tuple[Figure, pd.DataFrame]:
    """Draw the signed sum of every variant, from the largest to the smallest, those below a q marked.

    Tables: ``sources``, with ``name``, ``signed_sum``, ``signed_sum_p`` and ``signed_sum_q``. Options:
    ``level`` (of q). The data have a row per variant, in the order of the picture.
    """
    options = read_options(FIGURE, options)
    (sources,) = require(tables, FIGURE, ["sources"])
    rows = require_rows(sources, FIGURE, "variants").sort_values("signed_sum", ascending=False)
    called = (rows["signed_sum_q"] < options["level"]).to_numpy()
    places, sums = np.arange(1, len(rows) + 1), rows["signed_sum"].to_numpy(float)
    figure = style.new_figure(2.8)
    axis = figure.subplots()
    axis.axhline(0, color=style.BLACK, linewidth=0.6)
    for chosen, mark, words in ((called, "D", "q below"), (~called, "o", "q not below")):
        axis.plot(
            places[chosen], sums[chosen], mark, markersize=4, fillstyle="full" if mark == "D" else "none",
            color=style.SERIES[0] if mark == "D" else style.GREY,
            label=f"{words} {options['level']:g}: {style.counted(int(chosen.sum()), 'variant')}",
        )  # fmt: skip
    axis.set(xlabel="Variants, by what they change", ylabel="Signed sum (logit)")
    style.count_axis(axis.xaxis)
    axis.legend(frameon=False, fontsize=7)
    axis.grid(axis="y")
    return figure, rows.reset_index(drop=True)
