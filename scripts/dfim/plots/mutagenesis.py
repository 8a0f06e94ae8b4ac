"""Scores of pairs against their interaction by pairwise mutagenesis, on the logit and the probability."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dfim.plots import style
from dfim.plots.inputs import require, require_rows
from dfim.plots.marks import STEPS, LogWithZeros, SignedLog
from dfim.plots.options import read_options
from dfim.statistics.agreement import ALL, SCALES

FIGURE = "mutagenesis"
_FEW = 2000


def draw(tables: dict, options: dict) -> tuple[Figure, pd.DataFrame]:
    """Draw the signed sum, and the paper's score, of pairs against their interaction by mutagenesis.

    Tables: ``pairs`` and ``agreement`` (rank correlations with intervals). No options. Pairs within the
    network's reach, coloured by their names (the most frequent ones; grey: others, and pairs with an
    interaction or a signed sum of 0); the paper's score, which has no sign, against the size of the
    interaction. The data have one row per pair.
    """
    read_options(FIGURE, options)
    pairs, agreement = require(tables, FIGURE, ["pairs", "agreement"])
    if "within_reach" in pairs:
        pairs = pairs[pairs["within_reach"] == 1]
    pairs = require_rows(pairs, FIGURE, "pairs of features")
    rows = agreement[agreement["pairs"] == ALL].set_index(["score", "scale"])
    names = list(pairs["pair"].value_counts().index[: len(style.SERIES)])
    colours = dict(zip(names, style.SERIES, strict=False))
    figure = style.new_figure(5.8)
    axes = figure.subplots(2, 2)
    letters = iter("abcd")
    for row, score in enumerate(("signed_sum", "fis")):
        for axis, scale in zip(axes[row], SCALES, strict=True):
            _draw_panel(axis, pairs, score, scale, colours)
            style.panel_title(axis, next(letters), "", right=_words(rows.loc[(score, scale)]))
    marks = [Line2D([], [], marker="o", linestyle="", markersize=3.5, color=hue) for hue in colours.values()]
    figure.legend(marks, names, loc="outside upper center", ncols=len(names), handletextpad=0.1)
    key = "each dot a pair in one direction; grey: others, and interaction or signed sum 0"
    if pairs["pair"].nunique() <= len(names):
        key = "each dot a pair in one direction; grey: interaction or signed sum 0"
    figure.supxlabel(key, fontsize=7, color=style.GREY)
    columns = ["example", "source", "target", "pair", "distance", "fis", "signed_sum"]
    return figure, pairs[[*columns, *SCALES.values()]].reset_index(drop=True)


def _draw_panel(axis: Axes, pairs: pd.DataFrame, score: str, scale: str, colours: dict[str, str]) -> None:
    """Draw one score against the interaction on one scale; ``colours`` by the names of a pair."""
    x, y = pairs[SCALES[scale]].to_numpy(float), pairs[score].to_numpy(float)
    signed = score == "signed_sum"
    x = x if signed else np.abs(x)
    rulers = [(SignedLog if signed else LogWithZeros)(values) for values in (x, y)]
    for ruler, which in zip(rulers, "xy", strict=True):
        ruler.apply(axis, which)
    hues = pairs["pair"].map(colours).fillna(style.GREY).to_numpy(object)
    hues[(pairs[SCALES["logit"]] == 0) | (pairs["signed_sum"] == 0)] = style.GREY
    many = len(x) > _FEW
    places = [ruler.spread(values, step) for ruler, values, step in zip(rulers, (x, y), STEPS, strict=True)]
    # No kind lies on top of all others.
    order = np.random.default_rng(0).permutation(len(x))
    axis.scatter(
        places[0][order], places[1][order], s=1.5 if many else 4, c=list(hues[order]),
        alpha=0.3 if many else 0.5, linewidth=0, rasterized=True,
    )  # fmt: skip
    interaction = f"f(ab) − f(a) − f(b) + f(0), {scale}"
    if signed:
        axis.axhline(0, color=style.BLACK, linewidth=0.6)
        axis.axvline(0, color=style.BLACK, linewidth=0.6)
        axis.set(xlabel=f"Mutagenesis: {interaction}", ylabel="Signed sum (logit)")
    else:
        axis.set(xlabel=f"Mutagenesis: |{interaction}|", ylabel="FIS (logit)")
    axis.grid()


def _words(row: pd.Series) -> str:
    """Return the rank correlation with its interval, n, and how often the signs agree."""
    words = f"rank correlation {row['spearman']:.2f}"
    if pd.notna(row["spearman_low"]):
        words += f" ({row['spearman_low']:.2f} to {row['spearman_high']:.2f})"
    words += f", n = {style.count(int(row['n']))}"
    if pd.notna(row["share_same_sign"]):
        words += f"\nsame sign: {style.percent(row['share_same_sign'])}"
    return words.replace("-", "−")
