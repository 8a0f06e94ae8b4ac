"""Scores of pairs against their interaction by pairwise mutagenesis, on the logit and the probability."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dfim.plots import style
from dfim.plots.inputs import require, require_rows
from dfim.plots.marks import LogWithZeros, SignedLog
from dfim.plots.options import read_options
from dfim.statistics.agreement import ALL, SCALES

FIGURE = "mutagenesis"
_FEW = 2000


def draw(tables: dict, options: dict) -> tuple[Figure, pd.DataFrame]:
    """Draw the signed sum, and the paper's score, of pairs against their interaction by mutagenesis.

    Tables: ``pairs`` and ``agreement`` (rank correlations with intervals). No options. Pairs within the
    network's reach, coloured by the sign of the signed sum; the paper's score, which has no sign, against the
    size of the interaction. The data have one row per pair.
    """
    read_options(FIGURE, options)
    pairs, agreement = require(tables, FIGURE, ["pairs", "agreement"])
    if "within_reach" in pairs:
        pairs = pairs[pairs["within_reach"] == 1]
    pairs = require_rows(pairs, FIGURE, "pairs of features")
    rows = agreement[agreement["pairs"] == ALL].set_index(["score", "scale"])
    figure = style.new_figure(5.6)
    axes = figure.subplots(2, 2)
    letters = iter("abcd")
    for row, score in enumerate(("signed_sum", "fis")):
        for axis, scale in zip(axes[row], SCALES, strict=True):
            _draw_panel(axis, pairs, score, scale)
            style.panel_title(axis, next(letters), "", right=_words(rows.loc[(score, scale)]))
    key = "each dot a pair in one direction; red: signed sum above 0 (synergy), blue: below (redundancy)"
    figure.supxlabel(key, fontsize=7, color=style.GREY)
    columns = ["example", "source", "target", "pair", "distance", "fis", "signed_sum"]
    return figure, pairs[[*columns, *SCALES.values()]].reset_index(drop=True)


def _draw_panel(axis: Axes, pairs: pd.DataFrame, score: str, scale: str) -> None:
    """Draw one score against the interaction on one scale."""
    x, y = pairs[SCALES[scale]].to_numpy(float), pairs[score].to_numpy(float)
    signed = score == "signed_sum"
    x = x if signed else np.abs(x)
    rulers = [(SignedLog if signed else LogWithZeros)(values) for values in (x, y)]
    for ruler, which in zip(rulers, "xy", strict=True):
        ruler.apply(axis, which)
    hues = np.where(pairs["signed_sum"] > 0, style.SYNERGY, style.REDUNDANCY)
    many = len(x) > _FEW
    # In the band of zeros dots are spread by their order: in reverse along one axis, lest they form a line.
    places = [rulers[0].spread(x[::-1])[::-1], rulers[1].spread(y)]
    axis.scatter(
        *places, s=1.5 if many else 4, c=hues, alpha=0.15 if many else 0.5, linewidth=0, rasterized=True
    )
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
