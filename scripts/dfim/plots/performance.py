"""ROC and precision–recall curves of a network on its test set, or predicted against measured values."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter

from dfim.plots import style
from dfim.plots.inputs import require, require_rows
from dfim.plots.options import read_options

FIGURE = "performance"
MAX_NAMED = 6  # beyond this many tasks, curves are thin and a panel of dots names the tasks


def draw(tables: dict, options: dict) -> tuple[Figure, pd.DataFrame]:
    """Draw ROC and precision–recall curves of every task on the test split.

    Tables: ``curves`` and ``metrics``. No options. Up to six tasks have a colour and a legend; more are
    thin lines with dots of auROC and auPRC, one row per task, largest auROC first. Brackets and bars are
    95 % of the bootstrap over examples. The share of positives is what a precision is by chance. The data
    have a column ``panel``: ``roc``, ``pr``, ``tasks``.
    Of measured values, every task has a panel of predicted against measured ones; ``panel`` is ``values``.
    """
    read_options(FIGURE, options)
    curves, metrics = require(tables, FIGURE, ["curves", "metrics"])
    require_rows(curves, FIGURE, "curves of the test split")
    metrics = metrics[metrics["split"] == "test"].copy()
    if "r2" in metrics:
        return _draw_values(curves, metrics[metrics["task"] != "mean"])
    metrics["share_positive"] = metrics["positives"] / (metrics["positives"] + metrics["negatives"])
    mean = metrics[metrics["task"] == "mean"]
    tasks = metrics[metrics["task"] != "mean"].sort_values("auroc", ascending=False)
    tasks = require_rows(tasks, FIGURE, "metrics of the test split")
    few = len(tasks) <= MAX_NAMED
    if few:
        figure = style.new_figure(3.0 + 0.17 * len(tasks))
        left, right = figure.subplots(1, 2)
    else:
        figure = style.new_figure(3.3 + 0.17 * len(tasks))
        upper, lower = figure.subfigures(2, 1, height_ratios=[3.0, 0.3 + 0.17 * len(tasks)])
        left, right = upper.subplots(1, 2)
        _draw_tasks(lower, tasks)
    for axis, curve in ((left, "roc"), (right, "pr")):
        _draw_curves(axis, curves[curves["curve"] == curve], tasks, few, curve)
    _decorate(left, "a", "ROC", "False positive rate", "True positive rate", "auROC", mean, tasks)
    _decorate(right, "b", "Precision–recall", "Recall", "Precision", "auPRC", mean, tasks)
    chance = "dashed lines" if few else "dashed line, grey band and grey marks"
    spread = f"{'brackets' if few else 'bars'}: 95 % of the bootstrap over examples"
    figure.supxlabel(
        f"{chance}: by chance (for precision the share of positives)\n{spread}", fontsize=7, color=style.GREY
    )
    data = curves.rename(columns={"curve": "panel"})
    return figure, pd.concat([data, metrics.assign(panel="tasks")], ignore_index=True)


def _draw_values(curves: pd.DataFrame, metrics: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """Draw predicted against measured values, a panel per task, at most three beside each other."""
    across = min(3, len(metrics))
    down = -(-len(metrics) // across)
    figure = style.new_figure(2.7 * down, width=min(style.DOUBLE_COLUMN, 3.5 * across))
    axes = figure.subplots(down, across, squeeze=False).ravel()
    for axis in axes[len(metrics) :]:
        axis.remove()
    for number, (axis, row) in enumerate(zip(axes, metrics.itertuples(), strict=False)):
        points = curves[curves["task"] == row.task]
        limits = style.finite_limits(points[["x", "y"]].to_numpy(), margin=0.04)
        axis.plot(limits, limits, color=style.GREY, linewidth=0.7, linestyle="--")
        cells = axis.hexbin(
            points["x"], points["y"], gridsize=50, bins="log", mincnt=1, cmap="viridis", linewidths=0.1,
            extent=(*limits, *limits),
        )  # fmt: skip
        bar = figure.colorbar(cells, ax=axis, aspect=30, pad=0.01, format=LogFormatter(), label="Sequences")
        bar.minorformatter = LogFormatter()
        words = f"r² {row.r2:.3f}, Pearson {row.pearson:.3f}, Spearman {row.spearman:.3f}"
        if pd.notna(getattr(row, "noise_ceiling", np.nan)):
            words += f"\nr² of the noise-free values {row.noise_ceiling:.3f}"
        axis.text(0.03, 0.97, words, transform=axis.transAxes, va="top")
        letter = "abcdefghi"[number] if len(metrics) > 1 else ""
        style.panel_title(axis, letter, row.task, f"n = {style.count(row.examples)}")
        axis.set(xlabel="Measured", ylabel="Predicted", xlim=limits, ylim=limits)
    return figure, curves.rename(columns={"curve": "panel"})


def _draw_curves(axis: Axes, curves: pd.DataFrame, tasks: pd.DataFrame, few: bool, curve: str) -> None:
    """Draw the curves of one kind, with the lines of chance."""
    if curve == "roc":
        axis.plot([0, 1], [0, 1], color=style.GREY, linewidth=0.7, linestyle="--")
    score = {"roc": "auroc", "pr": "auprc"}[curve]
    name = {"roc": "auROC", "pr": "auPRC"}[curve]
    for number, (_, row) in enumerate(tasks.iterrows()):
        points = curves[curves["task"] == row["task"]]
        colour = style.SERIES[number] if few else style.BLUE
        label = f"{row['task']}: {name} {row[score]:.3f} {_interval(row, score)}"
        if curve == "roc":
            label += f" (n+ {style.count(int(row['positives']))}, n− {style.count(int(row['negatives']))})"
        look = {"linewidth": 1.2} if few else {"linewidth": 0.6, "alpha": 0.6}
        axis.plot(points["x"], points["y"], color=colour, label=label, **look)
        if curve == "pr" and few:
            axis.axhline(row["share_positive"], color=colour, linewidth=0.7, linestyle="--")
    if few:
        axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.15), handlelength=1.4)
    elif curve == "pr":
        low, high = tasks["share_positive"].min(), tasks["share_positive"].max()
        axis.axhspan(low, high, color=style.LIGHT, linewidth=0, zorder=0)


def _decorate(
    axis: Axes, letter: str, title: str, x: str, y: str, score: str, mean, tasks: pd.DataFrame
) -> None:
    """Label a panel of curves; the mean over tasks stands in its title."""
    remark = f"n = {style.counted(len(tasks), 'task')}"
    if len(tasks) > 1 and len(mean):
        row = mean.iloc[0]
        remark += f"\nmean {score} {row[score.lower()]:.3f} {_interval(row, score.lower())}"
    style.panel_title(axis, letter, title, remark)
    axis.set(xlabel=x, ylabel=y, xlim=(-0.01, 1.01), ylim=(-0.01, 1.02))
    axis.grid()


def _interval(row: pd.Series, score: str) -> str:
    """Return the bounds of a score in brackets."""
    return f"[{row[f'{score}_low']:.3f}, {row[f'{score}_high']:.3f}]"


def _draw_tasks(figure, tasks: pd.DataFrame) -> None:
    """Draw auROC and auPRC of every task as dots, the largest auROC on top."""
    axes = figure.subplots(1, 2, sharey=True)
    rows = np.arange(len(tasks))
    for axis, letter, score, name, chance in (
        (axes[0], "c", "auroc", "auROC", np.full(len(tasks), 0.5)),
        (axes[1], "d", "auprc", "auPRC", tasks["share_positive"].to_numpy()),
    ):
        axis.hlines(rows, chance, tasks[score], color=style.SKY, linewidth=0.8)
        axis.scatter(tasks[score], rows, s=16, color=style.BLUE, zorder=3)
        axis.hlines(rows, tasks[f"{score}_low"], tasks[f"{score}_high"], color=style.BLUE, linewidth=1.6)
        axis.scatter(chance, rows, s=14, marker="|", color=style.GREY, zorder=3)
        for row, value in zip(rows, tasks[score], strict=True):
            axis.text(
                1.02, row, f"{value:.3f}", transform=axis.get_yaxis_transform(), va="center", fontsize=7
            )
        style.panel_title(axis, letter, f"{name} by task")
        axis.set_xlabel(f"{name} on the test split")
        axis.set_xlim(0.45 if score == "auroc" else 0, 1.01)
        axis.grid(axis="x")
        axis.tick_params(axis="y", length=0, labelleft=score == "auroc")
    counts = zip(tasks["task"], tasks["positives"], tasks["negatives"], strict=True)
    labels = [f"{task}  (n+ {style.count(int(p))}, n− {style.count(int(n))})" for task, p, n in counts]
    axes[0].set_yticks(rows, labels)
    axes[0].set_ylim(len(tasks) - 0.4, -0.6)
