"""Importance as letters along a sequence, or as bars where letters would be too narrow."""

import logomaker
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.transforms import Affine2D

from dfim.plots.style import BASE_COLOURS, BLACK
from dfim.sequences.bases import BASES, one_hot

MAX_LETTERS = 250


def draw_logo(axis: Axes, bases: np.ndarray, values: np.ndarray, first: int, vertical: bool = False) -> None:
    """Draw each base, its letter as tall as its value (upside down below zero), at first, first + 1, ….

    ``bases``: ASCII letters (positions,); ``values``: (positions,), NaN draws nothing. More than 250
    positions become bars in the letters' colours. ``vertical``: positions run along y, letters turned
    so that they stand on the y axis; meant for an inverted y axis.
    """
    values = np.where(np.isin(bases, np.frombuffer(BASES.encode(), np.uint8)), np.nan_to_num(values), 0.0)
    positions = first + np.arange(len(bases))
    if len(bases) > MAX_LETTERS:
        colours = [BASE_COLOURS.get(chr(base), BLACK) for base in bases]
        (axis.barh if vertical else axis.bar)(positions, values, 1.0, color=colours, linewidth=0)
        return
    if not values.any():
        return
    heights = pd.DataFrame(one_hot(bases) * values[:, None], index=positions, columns=list(BASES))
    limits = axis.get_xlim(), axis.get_ylim()
    fonts = {"font_name": "DejaVu Sans", "font_weight": "bold"}
    logo = logomaker.Logo(heights, ax=axis, color_scheme=BASE_COLOURS, baseline_width=0, **fonts)
    axis.set(xlim=limits[0], ylim=limits[1])
    if vertical:
        swap = Affine2D(np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]]))
        for glyph in logo.glyph_list:
            if glyph.patch is not None:
                glyph.patch.set_transform(swap + axis.transData)
