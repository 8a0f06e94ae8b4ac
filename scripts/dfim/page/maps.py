"""Interactive maps: what a change of each base changes at every position, without the diagonal in front."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import pandas as pd
from bokeh.layouts import column
from bokeh.models import (
    BoxAnnotation,
    ColorBar,
    ColumnDataSource,
    CustomJS,
    HoverTool,
    LinearColorMapper,
    MultiPolygons,
    RadioButtonGroup,
    Slider,
)
from bokeh.models.layouts import Column
from bokeh.plotting import figure

from dfim.page.letters import logo_polygons
from dfim.plots import style

LONGEST = 300  # bases of a map that is shown: of a longer sequence the part that interacts most
_NEAR = 10  # bp that the slider leaves out at first
_SATURATION = 0.998  # quantile of the sizes that are shown; what is larger has the full colour
_TOOLS = "pan,wheel_zoom,box_zoom,reset,save"
_EDGES = {"min_border_left": 66, "min_border_right": 12}
# Blue to white to red, as of the figures.
_COLOURS = ((5, 48, 97), (67, 147, 195), (247, 247, 247), (214, 96, 77), (103, 0, 31))
PALETTE = [
    "#{:02x}{:02x}{:02x}".format(
        *(round(np.interp(place, range(5), part)) for part in zip(*_COLOURS, strict=True))
    )
    for place in np.linspace(0, 4, 255)
]


@dataclass
class Map:
    """The map of one sequence: ``delta`` and ``p`` float32 (source, target), NaN where nothing was computed.

    ``first`` is the position of the first base; ``bases`` uint8 ASCII and ``importance`` float (position);
    ``features`` have ``name``, ``start``, ``end`` (0-based, half-open, in the sequence).
    """

    first: int
    bases: np.ndarray
    importance: np.ndarray
    delta: np.ndarray
    p: np.ndarray
    features: pd.DataFrame


def map_of(sources: pd.DataFrame, profiles: Mapping, bases: np.ndarray, features: pd.DataFrame) -> Map:
    """Return the map of one example: ``sources`` are its nucleotides, ``features`` the dataset's of it.

    Of a sequence longer than :data:`LONGEST` the part is taken whose positions interact most.
    """
    rows, starts = sources["source"].to_numpy(), sources["start"].to_numpy()
    order = np.argsort(rows)  # HDF5 reads rows in their order
    layers = {}
    for name in ("delta", "p"):
        layers[name] = np.full((len(bases), len(bases)), np.nan, np.float32)
        layers[name][starts[order]] = profiles[name][rows[order]]
        np.fill_diagonal(layers[name], np.nan)
    importance = np.nanmean(np.asarray(profiles["importance"][rows[order]], dtype=float), axis=0)
    low = _strongest(layers["delta"], min(LONGEST, len(bases)))
    part = slice(low, low + LONGEST)
    return Map(
        low, bases[part], importance[part], layers["delta"][part, part], layers["p"][part, part], features
    )


def masked(delta: np.ndarray, near: int) -> tuple[np.ndarray, float]:
    """Return a map without what is nearer than so many bp, and the size that has the full colour.

    The same as ``templates/mask.js`` does when the slider moves.
    """
    positions = np.arange(len(delta))
    shown = np.where(np.abs(positions[:, None] - positions) < near, np.float32(np.nan), delta)
    sizes = np.sort(np.abs(shown[np.isfinite(shown)]))
    if not len(sizes):
        return shown, 1.0
    return shown, float(sizes[int(_SATURATION * (len(sizes) - 1))] or sizes[-1] or 1)


def _strongest(delta: np.ndarray, width: int) -> int:
    """Return where the square of so many positions begins that holds the most change."""
    sums = np.pad(np.abs(np.nan_to_num(delta)).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    low = np.arange(len(delta) - width + 1)
    high = low + width
    return int((sums[high, high] - sums[low, high] - sums[high, low] + sums[low, low]).argmax())


def draw_map(drawn: Map) -> Column:
    """Return the map as a Bokeh layout: a slider for the distance, features, logo, and the map to zoom."""
    length, corner = len(drawn.bases), [drawn.first - 0.5]
    near = min(_NEAR, length // 3)
    shown, limit = masked(drawn.delta, near)
    mapper = LinearColorMapper(palette=PALETTE, low=-limit, high=limit, nan_color="#bdbdbd")
    source = ColumnDataSource(
        {"shown": [shown], "delta": [drawn.delta], "p": [drawn.p], "x": corner, "y": corner}
    )
    heat = _heat(drawn, source, mapper)
    slider = Slider(
        start=0, end=max(1, length // 3), value=near, step=1, sizing_mode="stretch_width",
        title="Leave out what is nearer than (bp)",
    )  # fmt: skip
    signs = RadioButtonGroup(labels=["both signs", "above zero", "below zero"], active=0)
    code = files("dfim.page").joinpath("templates/mask.js").read_text(encoding="utf-8")
    mask = CustomJS(args={"source": source, "mapper": mapper, "slider": slider, "signs": signs}, code=code)
    slider.js_on_change("value", mask)
    signs.js_on_change("active", mask)
    return column(
        slider, signs, _features(drawn, heat), _logo(drawn, heat), heat,
        sizing_mode="stretch_width", max_width=820,
    )  # fmt: skip


def _heat(drawn: Map, source: ColumnDataSource, mapper: LinearColorMapper):
    """Return the map itself, with what hovering says, the scale of its colours and the edges of features."""
    low, length = drawn.first - 0.5, len(drawn.bases)
    heat = figure(
        x_range=(low, low + length), y_range=(low + length, low), tools=_TOOLS, toolbar_location="above",
        sizing_mode="scale_width", width=800, height=800, x_axis_label="target: responding position",
        y_axis_label="source: mutated position", **_EDGES,
    )  # fmt: skip
    image = heat.image(image="shown", x="x", y="y", dw=length, dh=length, source=source, color_mapper=mapper)
    tooltips = [("source", "$y{0}"), ("target", "$x{0}"), ("change", "@delta{0.0000}"), ("p", "@p{0.00000}")]
    heat.add_tools(HoverTool(renderers=[image], tooltips=tooltips))
    title = "change of importance; grey: left out"
    heat.add_layout(ColorBar(color_mapper=mapper, height=10, title=title), "below")
    line = {"fill_alpha": 0, "line_color": "#555555", "line_dash": "dotted", "line_alpha": 0.7}
    for feature in drawn.features.itertuples():
        start, end = feature.start - 0.5, feature.end - 0.5
        heat.add_layout(BoxAnnotation(left=start, right=end, **line))
        heat.add_layout(BoxAnnotation(bottom=start, top=end, **line))
    return heat


def _logo(drawn: Map, heat):
    """Return the importance of the bases as letters, along the same axis as the map."""
    logo = figure(
        x_range=heat.x_range, height=90, tools="", toolbar_location=None, sizing_mode="stretch_width",
        y_axis_label="importance", **_EDGES,
    )  # fmt: skip
    letters = ColumnDataSource(logo_polygons(drawn.bases, drawn.importance, drawn.first))
    letters.data["colour"] = [style.BASE_COLOURS[base] for base in letters.data["base"]]
    glyph = MultiPolygons(xs="xs", ys="ys", fill_color="colour", line_color=None)
    renderer = logo.add_glyph(letters, glyph)
    tooltips = [("position", "@position"), ("base", "@base"), ("importance", "@value")]
    logo.add_tools(HoverTool(renderers=[renderer], tooltips=tooltips))
    logo.xaxis.visible = False
    logo.yaxis.ticker.desired_num_ticks = 2
    logo.xgrid.visible = False
    return logo


def _features(drawn: Map, heat):
    """Return the features of the sequence as bars with their names, along the same axis as the map."""
    strip = figure(
        x_range=heat.x_range, y_range=(0, 2), height=44, tools="", toolbar_location=None,
        sizing_mode="stretch_width", **_EDGES,
    )  # fmt: skip
    shown = drawn.features.sort_values("start")
    bars = {
        "left": shown["start"] - 0.5,
        "right": shown["end"] - 0.5,
        "middle": (shown["start"] + shown["end"]) / 2 - 0.5,
        "name": shown["name"],
        "row": np.arange(len(shown)) % 2,
    }
    source = ColumnDataSource(pd.DataFrame(bars))
    source.data["top"] = source.data["row"] + 0.95
    source.data["bottom"] = source.data["row"] + 0.05
    source.data["centre"] = source.data["row"] + 0.5
    quads = strip.quad(
        left="left", right="right", top="top", bottom="bottom", source=source, fill_color="#dddddd",
        line_color="#555555",
    )  # fmt: skip
    strip.text(
        x="middle", y="centre", text="name", source=source, text_align="center", text_baseline="middle",
        text_font_size="11px",
    )  # fmt: skip
    strip.add_tools(HoverTool(renderers=[quads], tooltips=[("feature", "@name")]))
    strip.axis.visible = False
    strip.grid.visible = False
    strip.outline_line_color = None
    return strip
