"""Letters of a logo as polygons, so that they stretch with the map that they lie beside."""

from functools import cache

import numpy as np
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

_FEWEST = 12  # points of a curve that is thinned


@cache
def _outlines(letter: str) -> tuple[np.ndarray, ...]:
    """Return the outlines of a letter in the unit square, each float64 (point, 2), the outer one first."""
    path = TextPath((0, 0), letter, size=1, prop=FontProperties(family="DejaVu Sans", weight="bold"))
    lines = sorted(path.to_polygons(closed_only=True), key=np.ptp, reverse=True)
    low, high = lines[0].min(axis=0), lines[0].max(axis=0)
    thinned = [line[:: 2 if len(line) > 2 * _FEWEST else 1] for line in lines]
    return tuple((line - low) / (high - low) for line in thinned)


def logo_polygons(bases: np.ndarray, values: np.ndarray, first: int = 0) -> dict[str, list]:
    """Return columns of Bokeh's glyph of several polygons: a letter from 0 to its value at every position.

    ``bases`` uint8 ASCII (position), ``values`` float (position); letters of values that are missing or 0 are
    left out. Position ``first`` is that of the first base; a letter is 0.94 wide about its position. Columns:
    ``xs``, ``ys`` (polygons of outlines), ``base``, ``position``, ``value``.
    """
    columns: dict[str, list] = {"xs": [], "ys": [], "base": [], "position": [], "value": []}
    for offset, (base, value) in enumerate(zip(bases, values, strict=True)):
        letter = chr(base)
        if letter not in "ACGT" or not np.isfinite(value) or value == 0:
            continue
        position = first + offset
        lines = [line * (0.94, value) + (position - 0.47, 0) for line in _outlines(letter)]
        columns["xs"].append([[np.round(line[:, 0], 2).tolist() for line in lines]])
        columns["ys"].append([[[float(f"{y:.3g}") for y in line[:, 1]] for line in lines]])
        for name, entry in (("base", letter), ("position", position), ("value", float(f"{value:.4g}"))):
            columns[name].append(entry)
    return columns
