"""Importance as letters along a sequence, or as bars where letters would be too narrow."""

from functools import cache

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D, Bbox, BboxTransform

from dfim.plots.style import BASE_COLOURS, BLACK
from dfim.sequences.bases import BASES

MAX_LETTERS = 250
_WIDTH = 0.95  # of a letter, in positions


def draw_logo(axis: Axes, bases: np.ndarray, values: np.ndarray, first: int, vertical: bool = False) -> None:
    """Draw each base, its letter as tall as its value (upside down below zero), at first, first + 1, ….

    ``bases``: ASCII letters (positions,); ``values``: (positions,), NaN draws nothing. More than 250
    positions become bars in the letters' colours. ``vertical``: positions run along y, letters turned
    so that they stand on the y axis; meant for an inverted y axis. The limits of the axis stay as they are.
    """
    values = np.where(np.isin(bases, np.frombuffer(BASES.encode(), np.uint8)), np.nan_to_num(values), 0.0)
    positions = first + np.arange(len(bases))
    if len(bases) > MAX_LETTERS:
        colours = [BASE_COLOURS.get(chr(base), BLACK) for base in bases]
        (axis.barh if vertical else axis.bar)(positions, values, 1.0, color=colours, linewidth=0)
        return
    shown = np.flatnonzero(values)
    letters = [chr(base) for base in bases[shown]]
    paths = [
        _letter_at(letter, position, value)
        for letter, position, value in zip(letters, positions[shown], values[shown], strict=True)
    ]
    # One artist for all letters: panels are arranged by measuring every artist, again and again.
    logo = PathCollection(
        paths, facecolors=[BASE_COLOURS[letter] for letter in letters], linewidths=0, zorder=0
    )
    if vertical:
        swap = Affine2D(np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]]))
        logo.set_transform(swap + axis.transData)
    axis.add_collection(logo, autolim=False)


@cache
def _outline(letter: str) -> tuple[Path, Bbox]:
    """Return the outline of a bold letter and the box that it fills."""
    path = TextPath((0, 0), letter, size=1, prop=FontProperties(family="DejaVu Sans", weight="bold"))
    return path, path.get_extents()


def _letter_at(letter: str, position: float, value: float) -> Path:
    """Return a letter stretched from 0 to a value; below zero it hangs upside down."""
    path, box = _outline(letter)
    place = Bbox([[position - _WIDTH / 2, 0.0], [position + _WIDTH / 2, value]])
    return BboxTransform(box, place).transform_path(path)
