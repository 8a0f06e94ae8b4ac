"""Importance before and after a mutation, and their difference, along the sequence (SFig. 1 and 5)."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dfim.errors import InputError
from dfim.plots import style
from dfim.plots.inputs import place_of, require, require_rows
from dfim.plots.logos import draw_logo
from dfim.plots.options import read_options

FIGURE = "tracks"
MAX_SOURCES = 3
_SHARE_OF_LARGEST = (
    0.1  # significant changes smaller than this share of the largest one do not widen the zoom
)


def draw(tables: dict, options: dict) -> tuple[Figure, pd.DataFrame]:
    """Draw the original importance, the mutant's, and the significant changes for up to three sources.

    Tables: ``sources``, ``profiles``, ``sequences`` (bases), and ``examples`` for genome coordinates.
    Options: ``names`` (of sources), ``top`` (so many with the largest FIS), ``distant`` (so many with a
    distant effect, the largest first: a change with q below ``level`` at least ``minimum_distance`` bp away,
    see :func:`distant_effects`), ``level`` (changes with p above it are left out), ``flank`` and ``widest``
    (bp). Without any choice the source with the largest FIS is drawn. Where a distant effect is asked for and
    no source has one, the figure says so, in place of all tracks when nothing else is asked for.
    The data have one row per position drawn: 0-based in the example, relative to the source's start.
    """
    options = read_options(FIGURE, options)
    sources, profiles, sequences = require(tables, FIGURE, ["sources", "profiles", "sequences"])
    require_rows(sources, FIGURE, "sources")
    far = distant_effects(sources, profiles, options) if options["distant"] else pd.Series(dtype=float)
    chosen = _choose(sources, options, far)
    if chosen.empty:
        return _no_distant_effect(sources, options), far.rename("distant").reset_index()
    figure = style.new_figure(2.75 * len(chosen))
    parts = np.atleast_1d(figure.subfigures(len(chosen), 1))
    data = []
    for number, (part, (_, source)) in enumerate(zip(parts, chosen.iterrows(), strict=True)):
        table = _positions(source, profiles, sequences, place_of(tables, int(source["example"])), options)
        letter = "abc"[number] if len(chosen) > 1 else ""
        _draw_source(part, table, source, letter, options["level"])
        data.append(table)
    return figure, pd.concat(data, ignore_index=True)


def _choose(sources: pd.DataFrame, options: dict, far: pd.Series) -> pd.DataFrame:
    """Return the sources to draw, in the order of the options, each once; ``far`` has the distant effects."""
    ranked = sources.sort_values("fis", ascending=False)
    rows = []
    for name in options["names"]:
        named = ranked.index[ranked["name"] == name]
        if named.empty:
            raise InputError(
                f"the figure {FIGURE!r} found no source named {name!r}: name sources of sources.tsv.gz in "
                "its option names."
            )
        rows.append(named[0])
    rows += list(far.index[: options["distant"]])
    rows += list(ranked.index[: options["top"]])
    rows = list(dict.fromkeys(rows)) or ([] if options["distant"] else [ranked.index[0]])
    if len(rows) > MAX_SOURCES:
        raise InputError(
            f"the figure {FIGURE!r} has room for {MAX_SOURCES} sources, and its options choose {len(rows)}: "
            "choose fewer, or make another figure."
        )
    return sources.loc[rows]


def distant_effects(sources: pd.DataFrame, profiles: Mapping, options: dict) -> pd.Series:
    """Return the largest significant change far away of each source that has one, the largest first.

    Significant: its q, over all positions in its bin of distance, is below ``level``; far away: at least
    ``minimum_distance`` bp from the nearest position of the source. Indexed as ``sources``.
    """
    found = {}
    for index, source in sources.iterrows():
        row = int(source["source"])
        delta, q = (np.asarray(profiles[name][row]) for name in ("delta", "q"))
        position = np.arange(len(delta))
        distance = np.maximum(source["start"] - position, position - source["end"] + 1)
        # Where there is no q nothing is below the level.
        far = (distance >= options["minimum_distance"]) & (q < options["level"])
        if far.any():
            found[index] = np.abs(delta[far]).max()
    return pd.Series(found, dtype=float).sort_values(ascending=False, kind="stable")


def _no_distant_effect(sources: pd.DataFrame, options: dict) -> Figure:
    """Return a figure that says that no source acts far away."""
    figure = style.new_figure(1.0)
    axis = figure.subplots()
    axis.axis("off")
    words = (
        f"No distant effect: of {style.counted(len(sources), 'source')} none changes a position\n"
        f"{options['minimum_distance']} bp or more away with q < {options['level']:g}."
    )
    axis.text(0.5, 0.5, words, ha="center", va="center", fontsize=8)
    return figure


def _positions(source: pd.Series, profiles: Mapping, sequences, place, options: dict) -> pd.DataFrame:
    """Return the rows of the positions that are drawn."""
    row, example = int(source["source"]), int(source["example"])
    bases = np.asarray(sequences[example])
    table = pd.DataFrame(
        {
            "position": np.arange(len(bases)),
            "base": [chr(base) for base in bases],
            "mutant_base": _mutant_bases(source, bases),
            **{
                name: np.asarray(profiles[name][row])
                for name in ("importance", "mutant_importance", "delta", "p")
            },
        }
    )
    table["shown"] = (table["p"] <= options["level"]) & table["delta"].notna()
    table.insert(0, "source", row)
    table.insert(1, "name", source["name"])
    table.insert(3, "relative", table["position"] - int(source["start"]))
    if place is not None:
        table.insert(4, "chrom", place[0])
        table.insert(5, "genome_position_1_based", place[1] + table["position"] + 1)
    low, high = _zoom(table, source, options)
    return table.iloc[low:high]


def _mutant_bases(source: pd.Series, bases: np.ndarray) -> list[str]:
    """Return the mutant's letters; N where the mutation puts the background or several bases in turn."""
    letters = [chr(base) for base in bases]
    start, end = int(source["start"]), int(source["end"])
    alternate = source["alternate"] if isinstance(source["alternate"], str) else ""
    letters[start:end] = alternate if len(alternate) == end - start else "N" * (end - start)
    return letters


def _zoom(table: pd.DataFrame, source: pd.Series, options: dict) -> tuple[int, int]:
    """Return first and last (exclusive) position that hold the source and what responds to it."""
    size = table["delta"].abs().where(table["shown"], 0)
    large = table.loc[(size > 0) & (size >= _SHARE_OF_LARGEST * size.max()), "position"]
    start, end = int(source["start"]), int(source["end"])
    peak = int(size.idxmax()) if size.max() > 0 else start
    # Always the source and the strongest response; the others as far as the figure is wide.
    low, high = min(start, peak), max(end, peak + 1)
    for position in sorted(large, key=lambda position: max(low - position, position + 1 - high)):
        if max(high, position + 1) - min(low, position) <= options["widest"]:
            low, high = min(low, position), max(high, position + 1)
    flank = max(options["flank"], (41 - (high - low)) // 2)
    return max(0, low - flank), min(len(table), high + flank)


def _title(table: pd.DataFrame, source: pd.Series) -> str:
    """Return the source's name, its alleles or bases, its place and how far its strongest response lies."""
    title = str(source["name"] or "nucleotide")
    if source["alternate"] and ">" not in title:
        title += f"  {source['reference']} → {source['alternate']}"
    if "chrom" in table.columns and table["chrom"].iloc[0] not in title:
        start = table["genome_position_1_based"].iloc[0] - table["position"].iloc[0] + int(source["start"])
        title += f"  ({table['chrom'].iloc[0]}:{style.count(start)})"
    return title


def _remark(table: pd.DataFrame, source: pd.Series) -> str:
    """Return n of significant positions and the distance of the strongest one."""
    shown = table[table["shown"]]
    remark = f"n = {len(shown)} of {style.counted(len(table), 'position')} significant"
    if len(shown):
        distance = int(source["response_distance"])
        remark += f"; the strongest {abs(distance)} bp {'downstream' if distance > 0 else 'upstream'}"
    return remark


def _draw_source(figure, table: pd.DataFrame, source: pd.Series, letter: str, level: float) -> None:
    """Draw the three tracks of one source."""
    axes = figure.subplots(3, 1, sharex=True)
    first = int(table["relative"].iloc[0])
    bases = np.array([ord(base) for base in table["base"]], dtype=np.uint8)
    mutant = np.array([ord(base) for base in table["mutant_base"]], dtype=np.uint8)
    importance = style.finite_limits(table["importance"].to_numpy(), table["mutant_importance"].to_numpy())
    delta = table["delta"].where(table["shown"])
    for axis, label, letters, values, limits in (
        (axes[0], "Original", bases, table["importance"], importance),
        (axes[1], "Mutant", mutant, table["mutant_importance"], importance),
        (axes[2], f"Δ, p ≤ {level:g}", bases, delta, style.finite_limits(delta.to_numpy())),
    ):
        _draw_track(axis, label, letters, values.to_numpy(float), first, limits, source)
    if table["mutant_importance"].isna().all():
        _say(axes[1], "not drawn: one mutant for each other base")
    if not table["shown"].any():
        _say(axes[2], "no significant change")
    style.panel_title(axes[0], letter, _title(table, source), _remark(table, source))
    axes[2].set_xlabel("Position relative to the source (bp)")
    figure.supylabel("Importance (logit)", fontsize=7.5)


def _say(axis: Axes, words: str) -> None:
    """Write in an empty track why it is empty."""
    axis.text(0.5, 0.6, words, transform=axis.transAxes, ha="center", color=style.GREY)


def _draw_track(axis: Axes, label: str, bases, values, first: int, limits, source: pd.Series) -> None:
    """Draw one track with the source's place shaded."""
    width = int(source["end"]) - int(source["start"])
    axis.set(xlim=(first - 0.7, first + len(bases) - 0.3), ylim=limits, ylabel=label)
    axis.axvspan(-0.5, width - 0.5, color=style.YELLOW, alpha=0.45, linewidth=0, zorder=-1)
    axis.axhline(0, color=style.GREY, linewidth=0.5)
    draw_logo(axis, bases, values, first)
    axis.locator_params(axis="y", nbins=4)
