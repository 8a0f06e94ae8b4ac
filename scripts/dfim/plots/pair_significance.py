"""Scores, p-values and q-values by motif pair (SFig. 2A–D)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dfim.plots import style
from dfim.plots.inputs import require, require_rows
from dfim.plots.marks import BOX_KEY, LogWithZeros, SignedLog, dots, quantile_box, quantiles_of
from dfim.plots.options import read_options

FIGURE = "pair_significance"
NEXT_TO_NOTHING = 1e-20
_LABELS = {
    "fis": "FIS: largest |Δ importance| (logit)",
    "signed_sum": "Signed sum of Δ importance (logit)",
    "fis_p": "p (against the null)",
    "fis_q": "q (false discovery rate)",
    "signed_sum_q": "q (false discovery rate)",
}
_TITLES = {
    "fis": "Interaction score",
    "signed_sum": "Signed interaction",
    "fis_p": "FIS: p",
    "fis_q": "FIS: q",
    "signed_sum_q": "Signed sum: q",
}


def draw(tables: dict, options: dict) -> tuple[Figure, pd.DataFrame]:
    """Draw FIS, signed sum, p and q of motif pairs, one row per unordered pair.

    Tables: ``pairs``, and ``nulls`` (the smallest attainable p of the FIS is then marked). Options: ``level``
    (default .05) and ``pairs`` (names in the order of the rows, from the top; default: all, largest median
    signed sum first).
    The data have one row per pair and column: n, quantiles, the shares below the level and above 0.
    """
    options = read_options(FIGURE, options)
    (pairs,) = require(tables, FIGURE, ["pairs"])
    pairs = require_rows(pairs, FIGURE, "pairs of features")
    medians = pairs.groupby("pair")["signed_sum"].median().sort_values(ascending=False)
    names = options["pairs"] or list(medians.index)
    groups = {name: pairs[pairs["pair"] == name] for name in names}
    for name, group in groups.items():
        require_rows(group, FIGURE, f"pairs named {name!r}")
    data = _summary(groups, options["level"])
    floor = _floor(tables)

    height = 0.19 * len(names) + 0.95
    figure = style.new_figure(2 * height + 0.1)
    upper, lower = figure.subfigures(2, 1)
    axes = [*upper.subplots(1, 2, sharey=True), *lower.subplots(1, 3, sharey=True)]
    for axis, letter, column in zip(axes, "abcde", _LABELS, strict=True):
        shown = data[data["score"] == column].set_index("pair").loc[names]
        if column == "fis":
            _draw_fis(axis, shown, groups)
        elif column == "signed_sum":
            _draw_signed(axis, shown, groups)
        else:
            _draw_significance(axis, shown, groups, column, options["level"], floor)
        style.panel_title(axis, letter, _TITLES[column], pad=14)
        axis.set_xlabel(_LABELS[column])
        axis.grid(axis="x")
    for axis in (axes[0], axes[2]):
        axis.set_yticks(
            range(len(names)), [f"{name}  (n = {style.count(len(groups[name]))})" for name in names]
        )
        axis.set_ylim(len(names) - 0.4, -0.6)
        axis.tick_params(axis="y", length=0)
    for axis in (axes[1], axes[3], axes[4]):
        axis.tick_params(axis="y", length=0, labelleft=False)
    figure.supxlabel(f"{BOX_KEY}; right of a panel: share of the pairs", fontsize=7, color=style.GREY)
    return figure, data


def _summary(groups: dict[str, pd.DataFrame], level: float) -> pd.DataFrame:
    """Return one row per pair and column that is drawn."""
    rows = []
    for name, group in groups.items():
        for column in _LABELS:
            values = group[column].dropna().to_numpy(float)
            row = {"pair": name, "score": column, "n": len(values), **quantiles_of(values)}
            row["share_zero"] = np.mean(values == 0)
            row["share_above_zero"] = np.mean(values > 0)
            row["share_below_level"] = np.mean(values < level) if column[-2:] in ("_p", "_q") else np.nan
            rows.append(row)
    return pd.DataFrame(rows)


def _floor(tables: dict) -> float | None:
    """Return the smallest p of a FIS that the first null model can give; None if next to nothing."""
    if "nulls" not in tables:
        return None
    nulls = tables["nulls"]
    own = nulls[(nulls["score"] == "fis") & (nulls["null_model"] == nulls["null_model"].iloc[0])]
    floor = own["smallest_p"].min()
    return floor if floor > NEXT_TO_NOTHING else None


def _remark(axis: Axes, position: int, text: str) -> None:
    """Write a word on a row, right of the panel."""
    axis.text(
        1.02, position, text, transform=axis.get_yaxis_transform(), va="center", fontsize=7, color=style.GREY
    )


def _header(axis: Axes, text: str) -> None:
    """Write the heading of the remarks on the rows."""
    axis.text(1.02, 1.0, text, transform=axis.transAxes, va="bottom", fontsize=7, color=style.GREY)


def _draw_fis(axis: Axes, shown: pd.DataFrame, groups: dict) -> None:
    """Draw the FIS by pair on a logarithmic axis, zeros in a band of their own."""
    scale = LogWithZeros(np.concatenate([group["fis"] for group in groups.values()]))
    scale.apply(axis, "x")
    for position, (name, row) in enumerate(shown.iterrows()):
        quantile_box(axis, position, row, style.GREEN, place=scale.place)
        dots(axis, position, scale.place(groups[name]["fis"]), style.GREEN)
        if scale.in_band.any():
            _remark(axis, position, style.percent(np.mean(groups[name]["fis"] < scale.floor)))
    if scale.in_band.any():
        _header(axis, "= 0" if scale.label == "0" else scale.label)


def _draw_signed(axis: Axes, shown: pd.DataFrame, groups: dict) -> None:
    """Draw the signed sum by pair: synergy to the right of zero, redundancy to the left."""
    SignedLog(shown.filter(like="quantile_").to_numpy().ravel()).apply(axis, "x")
    axis.axvline(0, color=style.BLACK, linewidth=0.7)
    for position, (name, row) in enumerate(shown.iterrows()):
        quantile_box(axis, position, row, style.SYNERGY, below_zero=style.REDUNDANCY)
        values = groups[name]["signed_sum"].to_numpy()
        dots(axis, position, values, np.where(values > 0, style.SYNERGY, style.REDUNDANCY))
        _remark(axis, position, style.percent(row["share_above_zero"]))
    _header(axis, "> 0")
    for share, word, colour, side in (
        (0.49, "redundancy", style.REDUNDANCY, "right"),
        (0.51, "synergy", style.SYNERGY, "left"),
    ):
        axis.text(share, 1.0, word, transform=axis.transAxes, ha=side, va="bottom", fontsize=7, color=colour)


def _draw_significance(axis, shown: pd.DataFrame, groups: dict, column: str, level: float, floor) -> None:
    """Draw p or q by pair on a logarithmic axis, with the level, the floor and the shares below the level."""
    values = np.concatenate([group[column].dropna() for group in groups.values()])
    scale = LogWithZeros(values, decades=20)
    scale.apply(axis, "x")
    axis.set_xlim(right=1.6)
    axis.axvline(level, color=style.BLACK, linewidth=0.8, linestyle="--")
    if floor is not None and column == "fis_p":
        axis.axvline(floor, color=style.PURPLE, linewidth=0.8, linestyle=":")
        axis.annotate(
            "smallest attainable", (floor, 1.0), (2, 1), xycoords=("data", "axes fraction"),
            textcoords="offset points", fontsize=7, color=style.PURPLE,
        )  # fmt: skip
    for position, (name, row) in enumerate(shown.iterrows()):
        quantile_box(axis, position, row, style.SKY, place=scale.place)
        dots(axis, position, scale.place(groups[name][column].dropna()), style.SKY)
        _remark(axis, position, style.percent(row["share_below_level"]))
    _header(axis, f"< {level:g}")
