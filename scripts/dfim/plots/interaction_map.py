"""The interaction map of one example: every nucleotide a source, every position a target."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from dfim.errors import InputError
from dfim.plots import style
from dfim.plots.inputs import require, require_rows, sequence_title
from dfim.plots.logos import MAX_LETTERS, draw_logo
from dfim.plots.options import read_options

FIGURE = "interaction_map"
NOT_COMPUTED = "#BDBDBD"
LETTER_INCHES = 0.062  # mean width of a letter of 7 points


def draw(tables: dict, options: dict) -> tuple[Figure, pd.DataFrame]:
    """Draw signed changes of importance, row = mutated position, column = responding position.

    Tables: ``sources``, ``profiles``, ``sequences`` (bases), ``features`` for labelled bars, and ``examples``
    for the title. Options:
    ``example`` (0 is the first that has nucleotide sources, 1 the next), ``zoom`` (bp, width of the second
    panel when the sequence is longer than 250 bp), ``saturation`` (quantile of |delta|, in the region
    that is drawn largest, which has the full colour) and ``apart`` (bp: the scale and the region are those of
    changes at least so far from their source, since neighbours lie under the same first filters).
    The data have one row per position of the example (0-based), its base and importance, and a column
    ``target_{position}`` for every target; an empty cell is a change that was not computed.
    """
    options = read_options(FIGURE, options)
    sources, profiles, sequences = require(tables, FIGURE, ["sources", "profiles", "sequences"])
    # A nucleotide is no feature: its number is empty in sources.tsv.gz, -1 in a shard.
    nucleotides = sources[sources["feature"].fillna(-1) < 0]
    require_rows(nucleotides, FIGURE, "nucleotide sources")
    examples = sorted(nucleotides["example"].unique())
    if not 0 <= options["example"] < len(examples):
        raise InputError(
            f"the figure {FIGURE!r} was asked for the example number {options['example']}, and "
            f"{style.counted(len(examples), 'example')} with nucleotide sources can be drawn (0 to "
            f"{len(examples) - 1}): change its option example."
        )
    example = examples[options["example"]]
    bases = np.asarray(sequences[int(example)])
    delta, importance = _arrays(nucleotides[nucleotides["example"] == example], profiles, len(bases))
    features = tables.get("features")
    features = [] if features is None else list(features[features["example"] == example].itertuples())
    figure = _draw_figure(bases, delta, importance, features, sequence_title(tables, example), options)
    data = pd.DataFrame({"position": np.arange(len(bases)), "base": [chr(base) for base in bases]})
    data["importance"] = importance
    targets = pd.DataFrame(delta, columns=[f"target_{position}" for position in range(len(bases))])
    return figure, pd.concat([data, targets], axis=1)


def _arrays(sources: pd.DataFrame, profiles: Mapping, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Return delta (source, target), the diagonal empty, and importance (position) of one example."""
    sources = sources.sort_values("source")
    rows = sources["source"].to_numpy()
    delta = np.full((length, length), np.nan)
    delta[sources["start"].to_numpy()] = profiles["delta"][rows]
    np.fill_diagonal(delta, np.nan)
    # A source knows no importance of its own row or beyond its window: another source of the example does.
    importance = np.asarray(profiles["importance"][rows], dtype=float)
    known = np.isfinite(importance)
    first = np.where(known.any(axis=0), known.argmax(axis=0), 0)
    return delta, importance[first, np.arange(length)]


def _draw_figure(bases, delta, importance, features: list, title: str, options: dict) -> Figure:
    """Lay out one map, or for a long sequence the whole and below it the region that interacts most."""
    length = len(bases)
    long = length > MAX_LETTERS
    distant = _apart(delta, options["apart"])
    region = _strongest(distant, min(options["zoom"], length)) if long else (0, length)
    inside = distant[slice(*region), slice(*region)]
    size = np.abs(inside[np.isfinite(inside)])
    limit = float(np.quantile(size, options["saturation"])) if size.size else 0.0
    limit = limit or float(size.max(initial=0)) or 1.0
    names = sorted({feature.name for feature in features})
    colours = {name: style.SERIES[number % len(style.SERIES)] for number, name in enumerate(names)}
    parts = (bases, delta, importance, features, colours, limit)
    if not long:
        figure = style.new_figure(7.25, arranged=False)
        image = _draw_map(figure, (1.6, 1.1), (5.25, 4.8), region, *parts, letter="", title=title)
        _draw_scale(figure, image, (2.6, 0.45, 3.25), delta, limit)
        return figure
    figure = style.new_figure(9.9, arranged=False)
    place = f"positions {region[0]:,} to {region[1] - 1:,}"
    image = _draw_map(
        figure, (1.6, 0.45), (5.25, 3.95), region, *parts, letter="b", title=f"{title}, {place}"
    )
    _draw_map(figure, (1.6, 6.1), (2.5, 2.5), (0, length), *parts, letter="a", title=title, frame=region)
    _draw_scale(figure, image, (4.45, 7.4, 2.35), delta, limit)
    return figure


def _apart(delta: np.ndarray, distance: int) -> np.ndarray:
    """Return the changes at least so far from their source, others NaN; all, where none of those is left."""
    positions = np.arange(len(delta))
    near = np.abs(positions[:, None] - positions) < distance
    distant = np.where(near, np.nan, delta)
    return distant if np.nanmax(np.abs(distant), initial=0) > 0 else delta


def _strongest(delta: np.ndarray, width: int) -> tuple[int, int]:
    """Return the region [low, high) whose positions interact most with each other."""
    size = np.pad(np.abs(np.nan_to_num(delta)).cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    low = np.arange(len(delta) - width + 1)
    high = low + width
    totals = size[high, high] - size[low, high] - size[high, low] + size[low, low]
    best = int(totals.argmax())
    return best, best + width


def _add_axes(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Add axes at a place given in inches."""
    across, up = figure.get_size_inches()
    return figure.add_axes((left / across, bottom / up, width / across, height / up))


def _draw_map(
    figure,
    corner,
    size,
    region,
    bases,
    delta,
    importance,
    features,
    colours,
    limit,
    letter,
    title,
    frame=None,
):
    """Draw the heat map at a corner (inches) with importance and features on top and left; return the image.

    ``frame``: a region to mark; the map is then an overview, with a line for the importance and no names.
    """
    low, high = region
    left, bottom = corner
    heat = _add_axes(figure, left, bottom, *size)
    block = delta[low:high, low:high]
    heat.set_facecolor(NOT_COMPUTED)
    image = heat.imshow(
        block, cmap=style.SIGNED_MAP, vmin=-limit, vmax=limit, interpolation="nearest", aspect="auto",
        extent=(low - 0.5, high - 0.5, high - 0.5, low - 0.5),
    )  # fmt: skip
    heat.set_xlabel("Target: responding position (bp)")
    heat.tick_params(labelleft=False, left=False)
    heat.spines[["top", "right"]].set_visible(True)
    if frame is not None:
        start, width = frame[0] - 0.5, frame[1] - frame[0]
        heat.add_patch(
            Rectangle((start, start), width, width, fill=False, edgecolor=style.BLACK, linewidth=0.9)
        )
    gap = 0.42 if features else 0.06
    top = _add_axes(figure, left, bottom + size[1] + gap, size[0], 0.6)
    side = _add_axes(figure, left - gap - 0.6, bottom, 0.6, size[1])
    for axis, vertical in ((top, False), (side, True)):
        _draw_importance(
            axis, bases[low:high], importance[low:high], region, vertical, line=frame is not None
        )
    side.set_ylabel("Source: mutated position (bp)")
    shown = [feature for feature in features if feature.start < high and feature.end > low]
    for vertical in (False, True):
        place = (left - gap, bottom, gap, size[1]) if vertical else (left, bottom + size[1], size[0], gap)
        _draw_features(
            _add_axes(figure, *place), shown, colours, region, vertical, size[vertical], frame is None
        )
    mapped = int(np.isfinite(block).any(axis=1).sum())
    style.panel_title(
        top, letter, title if frame is None else "Whole example", f"n = {style.counted(mapped, 'source')}"
    )
    return image


def _draw_scale(figure: Figure, image, place, delta: np.ndarray, limit: float) -> None:
    """Draw the colour scale, arrows where values lie beyond it; ``place``: left, bottom, width in inches."""
    axis = _add_axes(figure, *place, 0.11)
    beyond = np.nanmax(np.abs(delta), initial=0) > limit
    bar = figure.colorbar(image, cax=axis, orientation="horizontal", extend="both" if beyond else "neither")
    bar.set_label("Δ importance (logit); grey: not computed")
    bar.outline.set_linewidth(0.4)
    bar.ax.locator_params(axis="x", nbins=5)
    for share, word, colour in ((0.0, "redundancy", style.REDUNDANCY), (1.0, "synergy", style.SYNERGY)):
        side = "right" if share else "left"
        axis.text(share, 1.2, word, transform=axis.transAxes, ha=side, va="bottom", fontsize=7, color=colour)


def _draw_importance(axis: Axes, bases, importance, region, vertical: bool, line: bool) -> None:
    """Draw the importance of the original sequence as letters or as a line."""
    low, high = region
    limits = style.finite_limits(importance)
    along, across = (low - 0.5, high - 0.5), limits
    axis.set(**({"xlim": across, "ylim": along[::-1]} if vertical else {"xlim": along, "ylim": across}))
    if line:
        positions = np.arange(low, high)
        points = (importance, positions) if vertical else (positions, importance)
        axis.plot(*points, color=style.BLACK, linewidth=0.5)
    else:
        draw_logo(axis, bases, importance, low, vertical=vertical)
    (axis.axvline if vertical else axis.axhline)(0, color=style.GREY, linewidth=0.5)
    axis.locator_params(axis="x" if vertical else "y", nbins=2)
    if vertical:
        axis.tick_params(axis="x", rotation=90)
    else:
        axis.tick_params(axis="x", labelbottom=False, length=0)
        axis.set_ylabel("Importance\n(logit)")


def _draw_features(axis: Axes, features, colours, region, vertical: bool, inches: float, named: bool) -> None:
    """Draw the known features as bars beside the map, with their names where one of two rows has room."""
    low, high = region
    along = (low - 0.5, high - 0.5)
    axis.set(**({"xlim": (1, 0), "ylim": along[::-1]} if vertical else {"xlim": along, "ylim": (0, 1)}))
    axis.axis("off")
    taken = [-np.inf, -np.inf]
    for feature in sorted(features, key=lambda feature: feature.start):
        start, end = max(feature.start, low) - 0.5, min(feature.end, high) - 0.5
        middle, colour = (start + end) / 2, colours[feature.name]
        (axis.barh if vertical else axis.bar)(
            middle, 0.2, end - start, **{"left" if vertical else "bottom": 0.08}, color=colour, linewidth=0
        )
        half = 0.5 * LETTER_INCHES * (len(feature.name) + 1) * (high - low) / inches
        free = [row for row in (0, 1) if middle - half > taken[row]]
        if named and free:
            taken[free[0]] = middle + half
            height = (0.48, 0.83)[free[0]]
            spot = (height, middle) if vertical else (middle, height)
            axis.text(
                *spot,
                feature.name,
                rotation=90 * vertical,
                ha="center",
                va="center",
                fontsize=7,
                color=colour,
            )
