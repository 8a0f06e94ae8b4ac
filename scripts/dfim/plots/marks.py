"""Marks that several figures share: quantile boxes, and a logarithmic axis that has room for zeros."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from dfim.plots import style
from dfim.plots.style import BLACK, LIGHT, power_of_ten
from dfim.statistics.effects import REDUNDANCY, SYNERGY

QUANTILES = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99)
# (lower quantile, upper quantile, height of the box, strength of its colour): the middle 98, 80 and 50 %.
_BOXES = ((0.01, 0.99, 0.3, 0.25), (0.1, 0.9, 0.55, 0.5), (0.25, 0.75, 0.8, 0.9))
BOX_KEY = "line: median; boxes: middle 50, 80 and 98 %"
MAX_DOTS = 60
# The mark and the colour of what is called; what is not called is an open grey circle.
CALL_MARKS = {SYNERGY: ("^", style.SYNERGY), REDUNDANCY: ("v", style.REDUNDANCY)}
# Steps of two axes that fill a square evenly: powers of the plastic number (Roberts 2018).
STEPS = (0.7549, 0.5698)


def quantiles_of(values: np.ndarray) -> dict[str, float]:
    """Return the quantiles that a box shows, as columns ``quantile_0.01`` … ``quantile_0.99``."""
    levels = np.quantile(values, QUANTILES) if len(values) else np.full(len(QUANTILES), np.nan)
    return {f"quantile_{level:g}": value for level, value in zip(QUANTILES, levels, strict=True)}


def quantile_box(
    axis: Axes,
    position: float,
    row: dict | pd.Series,
    colour: str,
    below_zero: str | None = None,
    place=lambda values: values,
    vertical: bool = False,
    height: float = 1.0,
) -> None:
    """Draw one group as nested boxes with a line at the median, horizontally unless ``vertical``.

    ``row`` holds the columns of :func:`quantiles_of`; the part of a box below zero is drawn in
    ``below_zero`` when given; ``place`` moves values to where an axis shows them.
    """
    spans, bars = (axis.bar, "bottom") if vertical else (axis.barh, "left")
    for low, high, share, strength in _BOXES:
        ends = np.array([row[f"quantile_{low:g}"], row[f"quantile_{high:g}"]])
        parts = [(ends, colour)]
        if below_zero is not None:
            parts = [(np.minimum(ends, 0), below_zero), (np.maximum(ends, 0), colour)]
        for (start, end), shade in parts:
            start, end = place(np.array([start, end]))
            tint = 1 - strength * (1 - np.array(to_rgb(shade)))
            spans(position, end - start, share * height, **{bars: start}, color=tint, linewidth=0)
    median = place(np.array([row["quantile_0.5"]]))[0]
    reach = [position - 0.42 * height, position + 0.42 * height]
    line = (reach, [median, median]) if vertical else ([median, median], reach)
    axis.plot(*line, color=BLACK, linewidth=1.2, solid_capstyle="butt")


def dots(
    axis: Axes, position: float, values: np.ndarray, colour: str, height: float = 1.0, vertical: bool = False
) -> None:
    """Draw the single values of a small group (at most 60) beside each other on its box."""
    if len(values) > MAX_DOTS:
        return
    spread = position + height * 0.3 * (((np.arange(len(values)) * 0.618) % 1) - 0.5)
    across = (spread, values) if vertical else (values, spread)
    axis.scatter(*across, s=7, color=colour, edgecolor=BLACK, linewidth=0.4, zorder=3)


class LogWithZeros:
    """A logarithmic axis with a band of its own, below the smallest decade, for zeros.

    Values more than five decades below the largest one are rounding: they go into the band too, and its
    label then says below which number.
    """

    def __init__(self, values: np.ndarray, decades: int = 5):
        values = np.asarray(values, dtype=float)
        positive = values[values > 0]
        top = positive.max() if positive.size else 1.0
        self.smallest = smallest = max(positive.min(), top * 10.0**-decades) if positive.size else 0.1
        self.first = int(np.floor(np.log10(smallest)))
        self.last = max(int(np.ceil(np.log10(top))), self.first + 1)
        self.floor = 10.0**self.first
        self.top = top * 1.5
        self.in_band = values < self.floor
        self._zero = self.floor / 10**0.5
        exact = not np.any(values[self.in_band] > 0)
        self.label = "0" if exact else f"< {power_of_ten(self.first)}"

    def place(self, values: np.ndarray) -> np.ndarray:
        """Return where values are drawn: those of the band in its middle, all others unchanged."""
        values = np.asarray(values, dtype=float)
        return np.where(values < self.floor, self._zero, values)

    def spread(self, values: np.ndarray, step: float = 0.618) -> np.ndarray:
        """Return where single points are drawn: those of the band spread over its height.

        ``step``: how far one lies from the next, a share of the height; two axes need steps of their own
        (:data:`STEPS`), or points that are zero on both form stripes.
        """
        placed = self.place(values)
        jitter = 10 ** (0.7 * ((np.arange(placed.size) * step) % 1) - 0.35)
        return np.where(placed < self.floor, placed * jitter, placed)

    def apply(self, axis: Axes, which: str) -> None:
        """Give an axis, ``x`` or ``y``, the scale, its ticks and the band."""
        axis.set(**{f"{which}scale": "log"})
        if not self.in_band.any() and self.top < 100 * self.smallest:
            self._apply_narrow(axis, which)
            return
        step = int(np.ceil((self.last - self.first) / 5))
        # With a band, the tick of the floor would touch the label of the band.
        lowest = self.first + bool(self.in_band.any())
        end = max(self.top, self.floor * 3)
        powers = [power for power in range(self.last, lowest - 1, -step) if 10.0**power <= end][::-1]
        ticks = [10.0**power for power in powers]
        labels = [power_of_ten(power) for power in powers]
        low = self.floor
        if self.in_band.any():
            low = self.floor / 10
            ticks, labels = [self._zero, *ticks], [self.label, *labels]
            (axis.axvspan if which == "x" else axis.axhspan)(
                low, self.floor, color=LIGHT, zorder=0, linewidth=0
            )
        ruler = axis.xaxis if which == "x" else axis.yaxis
        ruler.set_major_locator(FixedLocator(ticks))
        ruler.set_major_formatter(FixedFormatter(labels))
        ruler.set_minor_locator(NullLocator())
        axis.set(**{f"{which}lim": (low, end)})

    def _apply_narrow(self, axis: Axes, which: str) -> None:
        """Give an axis that spans less than two decades plain numbers at 1, 2 and 5 of each."""
        low, high = self.smallest / 1.5, self.top
        steps = [digit * 10.0**power for power in range(self.first - 1, self.last + 1) for digit in (1, 2, 5)]
        ticks = [tick for tick in steps if low <= tick <= high]
        ruler = axis.xaxis if which == "x" else axis.yaxis
        ruler.set_major_locator(FixedLocator(ticks))
        ruler.set_major_formatter(FixedFormatter([f"{tick:g}" for tick in ticks]))
        ruler.set_minor_locator(NullLocator())
        axis.set(**{f"{which}lim": (low, high)})


class SignedLog:
    """An axis with zero in the middle, logarithmic on both sides, and linear within a tenth of the decade."""

    def __init__(self, values: np.ndarray):
        finite = np.abs(values[np.isfinite(values)])
        self.largest = float(finite.max(initial=0)) or 1.0
        self.decade = int(np.floor(np.log10(self.largest)))

    def place(self, values: np.ndarray) -> np.ndarray:
        """Return where values are drawn: unchanged."""
        return np.asarray(values, dtype=float)

    def spread(self, values: np.ndarray, step: float = 0.618) -> np.ndarray:
        """Return where single points are drawn: unchanged, too, for zero has no band."""
        return self.place(values)

    def apply(self, axis: Axes, which: str) -> None:
        """Give an axis, ``x`` or ``y``, the scale and its ticks."""
        powers = [10.0**self.decade, 10.0 ** (self.decade - 1)]
        getattr(axis, f"set_{which}scale")("symlog", linthresh=powers[1], linscale=0.6)
        axis.set(**{f"{which}lim": (-1.6 * self.largest, 1.6 * self.largest)})
        ticks = [-powers[0], -powers[1], 0, powers[1], powers[0]]
        labels = [f"{tick:g}".replace("-", "−") for tick in ticks]
        (axis.set_xticks if which == "x" else axis.set_yticks)(ticks, labels)
        axis.minorticks_off()
