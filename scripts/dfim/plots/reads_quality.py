"""Quality of the reads and peaks of one task: what is left after each step, measures, lengths, agreement."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dfim.plots import style
from dfim.reads.quality import AT_MOST, STEPS, TSS_REACH

# Measures between 0 and 1, drawn on one scale; the others are written out.
SHARES = {
    "mapping_rate": "mapped, of trimmed",
    "duplication_rate": "duplicates, of filtered",
    "mitochondrial_share": "mitochondrial, of unique",
    "nrf": "NRF",
    "pbc1": "PBC1",
    "frip": "FRiP",
}
RATIOS = {
    "pbc2": "PBC2",
    "tss_enrichment": "TSS enrichment",
    "rescue_ratio": "rescue ratio",
    "self_consistency_ratio": "self-consistency ratio",
}
STEP_WORDS = {
    "sequenced": "sequenced",
    "trimmed": "trimmed",
    "mapped": "mapped",
    "filtered": "unique, proper",
    "deduplicated": "no duplicates",
    "nuclear": "nuclear",
    "used": "used (sampled)",
}
MARKERS = ["o", "s", "^", "D", "v", "P"]


def draw(tables: dict[str, pd.DataFrame]) -> tuple[Figure, pd.DataFrame]:
    """Draw the steps of the reads, the measures with their thresholds, and the numbers of peaks.

    Tables: ``quality`` (library, measure, value, threshold, warning), ``distributions`` (library,
    distribution, x, y; fragment lengths of pairs, and cut sites about TSS when there are some) and
    ``reproducibility`` (comparison, peaks, chosen, chosen_peaks, and for IDR warning). The data have a column
    ``panel``.
    """
    quality, distributions = tables["quality"], tables["distributions"]
    libraries = list(dict.fromkeys(quality.loc[quality["measure"] == "sequenced", "library"]))
    kinds = [name for name in ("fragment_length", "tss") if (distributions["distribution"] == name).any()]
    figure = style.new_figure(5.4 if kinds else 3.4)
    upper, lower = figure.subfigures(2, 1) if kinds else (figure, None)
    steps, measures, peaks = upper.subplots(1, 3, width_ratios=[1.15, 1.1, 1])
    _draw_steps(steps, quality, libraries)
    _draw_measures(measures, quality, libraries)
    _draw_peaks(peaks, tables["reproducibility"])
    if kinds:
        axes = np.atleast_1d(lower.subplots(1, len(kinds)))
        for axis, kind, letter in zip(axes, kinds, "de", strict=False):
            rows = distributions[distributions["distribution"] == kind]
            {"fragment_length": _draw_lengths, "tss": _draw_tss}[kind](axis, rows, libraries, letter)
    handles, labels = steps.get_legend_handles_labels()
    doubts = tables["reproducibility"].get("warning", pd.Series(dtype=str))
    warnings = sum(int(column.fillna("").ne("").sum()) for column in (quality["warning"], doubts))
    title = (
        f"{style.counted(warnings, 'warning')} (ringed: beyond the threshold)" if warnings else "no warning"
    )
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), title=title)
    parts = [
        quality.assign(panel="quality"),
        tables["reproducibility"].assign(panel="peaks"),
        distributions.assign(panel=distributions["distribution"]),
    ]
    return figure, pd.concat(parts, ignore_index=True)


def _look(number: int) -> dict:
    """Return colour and marker of a replicate."""
    return {
        "color": style.SERIES[number % len(style.SERIES)],
        "marker": MARKERS[number % len(MARKERS)],
    }


def _ring(axis: Axes, x: float, y: float) -> None:
    """Ring a value that is beyond its threshold."""
    ring = {"markerfacecolor": "none", "markeredgecolor": style.BLACK, "markersize": 9}
    axis.plot(x, y, linestyle="", marker="o", clip_on=False, zorder=4, **ring)


def _draw_steps(axis: Axes, quality: pd.DataFrame, libraries: list[str]) -> None:
    """Draw the number of reads after every step, a line for each replicate."""
    for number, library in enumerate(libraries):
        values = quality[quality["library"] == library].set_index("measure")["value"]
        counts = values[list(STEPS)].to_numpy()
        axis.plot(counts, range(len(STEPS)), markersize=4, label=f"replicate {library}", **_look(number))
        warned = quality.set_index(["library", "measure"])["warning"].fillna("")[library]
        for row, step in enumerate(STEPS):
            if warned[step]:
                _ring(axis, counts[row], row)
    axis.set_yticks(range(len(STEPS)), [STEP_WORDS[step] for step in STEPS])
    axis.set_ylim(len(STEPS) - 0.5, -0.5)
    axis.set_xlim(0, 1.06 * quality.loc[quality["measure"] == "sequenced", "value"].max())
    style.count_axis(axis.xaxis)
    axis.set_xlabel("Reads (mates counted apart)")
    axis.grid(axis="x")
    style.panel_title(axis, "a", "Reads after each step")


def _draw_measures(axis: Axes, quality: pd.DataFrame, libraries: list[str]) -> None:
    """Draw shares as dots on one scale, with thresholds as bars; write ratios out below."""
    measured = quality.set_index(["measure", "library"])
    names = [name for name in SHARES if name in measured.index.levels[0]]
    for row, name in enumerate(names):
        values = quality[quality["measure"] == name].set_index("library")
        threshold = values["threshold"].iloc[0]
        if np.isfinite(threshold):
            axis.plot([threshold] * 2, [row - 0.35, row + 0.35], color=style.BLACK, linewidth=1.2)
            arrow = "◂" if name in AT_MOST else "▸"
            axis.text(threshold, row - 0.36, arrow, ha="center", va="bottom", fontsize=6)
        for number, library in enumerate(libraries):
            offset = 0.16 * (number - (len(libraries) - 1) / 2)
            place = (values["value"][library], row + offset)
            axis.plot(*place, linestyle="", markersize=4, clip_on=False, zorder=3, **_look(number))
            if values["warning"].fillna("")[library]:
                _ring(axis, *place)
    labels = [SHARES[name] for name in names]
    for name in RATIOS:
        values = quality[quality["measure"] == name]
        if values.empty:
            continue
        words = ", ".join(f"{value:.2f}" if np.isfinite(value) else "∞" for value in values["value"])
        wrong = values["warning"].fillna("").ne("").any()
        axis.text(
            0.02,
            len(labels),
            words,
            va="center",
            bbox={"boxstyle": "round", "facecolor": "none", "edgecolor": style.BLACK} if wrong else None,
        )
        threshold = values["threshold"].iloc[0]
        if np.isfinite(threshold):
            bound = "≤" if name in AT_MOST else "≥"
            axis.text(1, len(labels), f"{bound} {threshold:g}", va="center", ha="right", color=style.GREY)
        labels.append(RATIOS[name])
    axis.set_yticks(range(len(labels)), labels)
    axis.set_ylim(len(labels) - 0.4, -0.6)
    axis.set_xlim(0, 1)
    axis.axhline(len(names) - 0.5, color=style.GREY, linewidth=0.5)
    axis.set_xlabel("Share; bar: threshold, arrow: good side")
    axis.grid(axis="x")
    style.panel_title(axis, "b", "Measures")


def _draw_peaks(axis: Axes, reproducibility: pd.DataFrame) -> None:
    """Draw the number of peaks that each comparison agreed on, and that were chosen."""
    names = [_comparison_words(name) for name in reproducibility["comparison"]] + ["chosen"]
    counts = [*reproducibility["peaks"], reproducibility["chosen_peaks"].iloc[0]]
    doubts = reproducibility.get("warning", pd.Series("", reproducibility.index)).fillna("").ne("")
    colours = [style.SKY] * len(reproducibility) + [style.BLUE]
    axis.barh(range(len(names)), counts, color=colours, height=0.65)
    for row, number in enumerate(counts):
        mark = "*" if row < len(doubts) and doubts.iloc[row] else ""
        axis.text(number, row, f" {style.count(int(number))}{mark}", va="center", fontsize=6.5)
    axis.set_yticks(range(len(names)), names)
    axis.set_ylim(len(names) - 0.4, -0.6)
    axis.set_xlim(0, 1.25 * max(*counts, 1))
    style.count_axis(axis.xaxis)
    axis.set_xlabel("Peaks (* doubtful, see warning)" if doubts.any() else "Peaks")
    style.panel_title(axis, "c", "Reproducible peaks")


def _comparison_words(name: str) -> str:
    """Write a comparison in words: ``1_vs_2`` or ``1.pr1_vs_1.pr2``."""
    first, second = name.split("_vs_")
    if first.endswith(".pr1"):
        library = first.removesuffix(".pr1")
        return "pooled, halves" if library == "pooled" else f"{library}, halves"
    return f"{first} and {second}"


def _draw_lengths(axis: Axes, rows: pd.DataFrame, libraries: list[str], letter: str) -> None:
    """Draw the share of fragments of each length."""
    for number, library in enumerate(libraries):
        part = rows[rows["library"] == library].sort_values("x")
        if len(part):
            look = {"color": _look(number)["color"], "linewidth": 0.9}
            axis.plot(part["x"], part["y"] / part["y"].sum(), label=f"replicate {library}", **look)
    weights = rows.groupby("x")["y"].sum().cumsum()
    longest = weights.index[np.searchsorted(weights, 0.995 * weights.iloc[-1])]
    axis.set(xlabel="Fragment length (bp)", ylabel="Share of fragments", xlim=(0, longest), ylim=(0, None))
    axis.grid()
    style.panel_title(
        axis, letter, "Fragment lengths", f"n = {style.counted(int(rows['y'].sum()), 'fragment')}"
    )


def _draw_tss(axis: Axes, rows: pd.DataFrame, libraries: list[str], letter: str) -> None:
    """Draw the enrichment of cut sites about transcription start sites."""
    for number, library in enumerate(libraries):
        part = rows[rows["library"] == library]
        axis.plot(part["x"], part["y"], linewidth=0.9, color=_look(number)["color"])
    axis.axhline(1, color=style.GREY, linewidth=0.7, linestyle="--")
    axis.set(xlabel="Distance from TSS (bp)", ylabel="Cut sites over flanks", ylim=(0, None))
    axis.set_xlim(-TSS_REACH, TSS_REACH)
    axis.set_xticks([-TSS_REACH, -TSS_REACH // 2, 0, TSS_REACH // 2, TSS_REACH])
    axis.grid()
    style.panel_title(axis, letter, "Transcription start sites")
