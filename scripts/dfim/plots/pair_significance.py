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


_SCORES, _SIGNIFICANCE = ("fis", "signed_sum"), ("fis_p", "fis_q", "signed_sum_q")


def draw(tables: dict, options: dict) -> tuple[Figure, pd.DataFrame]:
    """Draw FIS, signed sum, p and q of motif pairs, one row per unordered pair.

    Tables: ``pairs``, and ``nulls`` (every null model has a row of panels then, the first one first, and the
    smallest p of the FIS that it can give is marked). Options: ``level`` (default .05) and ``pairs`` (names
    in the order of the rows, from the top; default: all, largest median signed sum first).
    The data have one row per pair and column: n (of p and q: of what was tested), quantiles, the shares below
    the level and above 0.
    """
    options = read_options(FIGURE, options)
    (pairs,) = require(tables, FIGURE, ["pairs"])
    pairs = require_rows(pairs, FIGURE, "pairs of features")
    medians = pairs.groupby("pair")["signed_sum"].median().sort_values(ascending=False)
    names = options["pairs"] or list(medians.index)
    groups = {name: pairs[pairs["pair"] == name] for name in names}
    for name, group in groups.items():
        require_rows(group, FIGURE, f"pairs named {name!r}")
    nulls = _nulls(tables, pairs)
    columns = [*_SCORES, *(f"{column}{suffix}" for suffix in nulls for column in _SIGNIFICANCE)]
    data = _summary(groups, columns, options["level"])

    height = 0.19 * len(names) + 0.95
    figure = style.new_figure((1 + len(nulls)) * height + 0.1)
    parts = figure.subfigures(1 + len(nulls), 1)
    letters = iter("abcdefghijklmnopqrstuvwxyz")
    rows = [list(parts[0].subplots(1, 2, sharey=True))]
    for axis, column, draw_score in zip(rows[0], _SCORES, (_draw_fis, _draw_signed), strict=True):
        draw_score(axis, _of_column(data, column, names), groups)
        _name(axis, next(letters), _TITLES[column], _LABELS[column])
    for part, (suffix, (model, floor)) in zip(parts[1:], nulls.items(), strict=True):
        rows.append(list(part.subplots(1, 3, sharey=True)))
        for axis, column in zip(rows[-1], _SIGNIFICANCE, strict=True):
            shown = _of_column(data, column + suffix, names)
            marked = floor if column == "fis_p" else None
            _draw_significance(axis, shown, groups, column + suffix, options["level"], marked)
            title = f"{_TITLES[column]}, {model}" if model else _TITLES[column]
            _name(axis, next(letters), title, _LABELS[column])
    for row, column in zip(rows, ["fis", *(f"fis_q{suffix}" for suffix in nulls)], strict=True):
        _label_rows(row, names, _of_column(data, column, names)["n"])
    key = f"{BOX_KEY}; right of a panel: share of the pairs. n of p and q: pairs that were tested"
    figure.supxlabel(key, fontsize=7, color=style.GREY)
    return figure, data


def _nulls(tables: dict, pairs: pd.DataFrame) -> dict[str, tuple[str, float | None]]:
    """Return the null models by the suffix of their columns, the first one first: name, smallest p of FIS.

    That is None where it is next to nothing. Without a table of them there is the first alone.
    """
    if "nulls" not in tables:
        return {"": ("", None)}
    own = tables["nulls"][tables["nulls"]["score"] == "fis"]
    found = {}
    for number, model in enumerate(own["null_model"].unique()):
        suffix = f"_{model}" if number else ""
        floor = own.loc[own["null_model"] == model, "smallest_p"].min()
        if f"fis_p{suffix}" in pairs:
            found[suffix] = model, floor if floor > NEXT_TO_NOTHING else None
    return found


def _of_column(data: pd.DataFrame, column: str, names: list[str]) -> pd.DataFrame:
    """Return the rows of a column, one for each pair of names, in their order."""
    return data[data["score"] == column].set_index("pair").loc[names]


def _name(axis: Axes, letter: str, title: str, label: str) -> None:
    style.panel_title(axis, letter, title, pad=14)
    axis.set_xlabel(label)
    axis.grid(axis="x")


def _label_rows(axes: list[Axes], names: list[str], counts: pd.Series) -> None:
    """Write the names of pairs, and how many there are, left of the first panel of a row."""
    labels = [f"{name}  (n = {style.count(int(n))})" for name, n in zip(names, counts, strict=True)]
    axes[0].set_yticks(range(len(names)), labels)
    axes[0].set_ylim(len(names) - 0.4, -0.6)
    axes[0].tick_params(axis="y", length=0)
    for axis in axes[1:]:
        axis.tick_params(axis="y", length=0, labelleft=False)


def _summary(groups: dict[str, pd.DataFrame], columns: list[str], level: float) -> pd.DataFrame:
    """Return one row per pair and column that is drawn."""
    rows = []
    for name, group in groups.items():
        for column in columns:
            values = group[column].dropna().to_numpy(float)
            row = {"pair": name, "score": column, "n": len(values), **quantiles_of(values)}
            row["share_zero"] = np.mean(values == 0)
            row["share_above_zero"] = np.mean(values > 0)
            row["share_below_level"] = np.nan if column in _SCORES else np.mean(values < level)
            rows.append(row)
    return pd.DataFrame(rows)


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
    if floor is not None and floor >= axis.get_xlim()[0]:
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
