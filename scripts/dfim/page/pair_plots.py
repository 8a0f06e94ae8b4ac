"""Interactive plots of pairs: interaction against distance, with a click to the sequence of a pair."""

import numpy as np
import pandas as pd
from bokeh.models import ColumnDataSource, CustomJS, HoverTool, TapTool
from bokeh.plotting import figure

from dfim.page.numbers import place
from dfim.plots import style

MOST_PAIRS = 1500  # points of a plot
_FLANK = 150  # bp of the sequence that a click shows on either side of a pair
_MARKS = {  # call: marker, colour, words
    "": ("circle", style.GREY, "not called"),
    "synergy": ("triangle", style.SYNERGY, "synergy"),
    "redundancy": ("inverted_triangle", style.REDUNDANCY, "redundancy"),
}


def chosen_pairs(tests: pd.DataFrame, most: int, seed: int) -> pd.DataFrame:
    """Return the tested pairs to draw, so many at most, at random: half of them called, where there are more.

    Few called pairs are all there, and many do not hide those that are not called.
    """
    tested = tests[tests["p"].notna()]
    if len(tested) <= most:
        return tested
    order = np.random.default_rng(seed).permutation(len(tested))
    is_called = tested["called"].to_numpy()[order] == 1
    called, others = order[is_called], order[~is_called]
    number = min(len(called), max(most // 2, most - len(others)))
    return tested.iloc[np.sort(np.concatenate([called[:number], others[: most - number]]))]


def letters_around(pairs: pd.DataFrame, bases) -> dict[str, list]:
    """Return the sequence about each pair, ``letters``, and the position of its first base, ``from``.

    ``bases`` uint8 ASCII (example, position), an array or one of HDF5, which is read a row at a time.
    """
    rows = {example: bytes(np.asarray(bases[int(example)])).decode() for example in pairs["example"].unique()}
    low = [max(0, start - _FLANK) for start in pairs["first_start"]]
    ends = pairs[["first_end", "second_end"]].max(axis=1) + _FLANK
    letters = [
        rows[example][start:end] for example, start, end in zip(pairs["example"], low, ends, strict=True)
    ]
    return {"letters": letters, "from": low}


def draw_pairs(pairs: pd.DataFrame, key: str):
    """Return the plot of tested pairs as a Bokeh figure; a click calls ``dfimShowPair(key, pair)``.

    ``pairs`` have ``letters`` and ``from`` of :func:`letters_around` beside the columns of pair tests.
    """
    plot = figure(
        height=340, sizing_mode="stretch_width", tools="pan,wheel_zoom,box_zoom,reset,save,tap",
        x_axis_label="bases between the two features", y_axis_label="interaction",
        min_border_left=66, max_width=1000, toolbar_location="above",
    )  # fmt: skip
    renderers = []
    for call, (marker, colour, words) in _MARKS.items():
        own = pairs[pairs["call"].fillna("") == call]
        if own.empty:
            continue
        source = ColumnDataSource(_columns(own))
        renderer = plot.scatter(
            "distance", "interaction", source=source, marker=marker, size=8 if call else 5, fill_color=colour,
            fill_alpha=0.75 if call else 0.25, line_color=colour, legend_label=f"{words} ({len(own):,})",
        )  # fmt: skip
        renderer.nonselection_glyph = None
        source.selected.js_on_change("indices", CustomJS(args={"source": source, "key": key}, code=_CLICKED))
        renderers.append(renderer)
    tooltips = [(name, f"@{name}") for name in ("pair", "sequence", "first", "second")]
    tooltips += [("interaction", "@interaction{0.000}"), ("share", "@share{0.00}"), ("p", "@p"), ("q", "@q")]
    plot.add_tools(HoverTool(renderers=renderers, tooltips=tooltips))
    plot.select_one(TapTool).renderers = renderers
    plot.legend.location = "top_right"
    plot.legend.click_policy = "hide"
    plot.legend.background_fill_alpha = 0.7
    return plot


_CLICKED = """
const chosen = source.selected.indices;
if (chosen.length) {
  const pair = {};
  for (const name of Object.keys(source.data)) pair[name] = source.data[name][chosen[0]];
  window.dfimShowPair(key, pair);
}
"""


def _columns(pairs: pd.DataFrame) -> dict[str, list]:
    """Return what hovering and clicking say of each pair."""
    rows = pairs.to_dict("records")
    columns = {name: pairs[name].tolist() for name in ("pair", "distance", "interaction", "share")}
    columns |= {name: [f"{value:.3g}" for value in pairs[name]] for name in ("p", "q")}
    columns["sequence"] = [str(row.get("sequence", row["example"])) for row in rows]
    for end in ("first", "second"):
        columns[end] = [f"{row[f'{end}_name']} {place(row, f'{end}_')}" for row in rows]
        columns[f"{end}_start"] = pairs[f"{end}_start"].tolist()
        columns[f"{end}_end"] = pairs[f"{end}_end"].tolist()
    return columns | {name: pairs[name].tolist() for name in ("letters", "from")}
