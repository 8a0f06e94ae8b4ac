"""What figures show is what their data say, the data are what was given, and bad input has its sentence."""

import copy
import functools
import logging
import re
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.text import Text
from PIL import Image
from support import plot_data

from dfim.errors import InputError
from dfim.files.tables import read_table, write_table
from dfim.interactions.profile_significance import profile_significance
from dfim.interactions.shards import Profiles
from dfim.plots import (
    aggregate_map,
    calibration,
    distance,
    groups,
    interaction_map,
    kinds,
    module_for,
    mutagenesis,
    pair_significance,
    performance,
    scan,
    spacing,
    style,
    tracks,
    training,
)
from dfim.plots.inputs import open_tables, sequence_title
from dfim.plots.logos import draw_logo
from dfim.plots.marks import LogWithZeros
from dfim.plots.options import FIGURES, OPTIONS, check_options

SCRIPTS = Path(__file__).parents[2] / "scripts"


def words(figure) -> list[str]:
    """Return every non-empty text of a figure."""
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def line_points(axis, colour: str) -> np.ndarray:
    """Return the points (x, y) of the only line of a colour in a panel."""
    (line,) = [line for line in axis.lines if line.get_color() == colour]
    return line.get_xydata()


@pytest.fixture
def significance_tables() -> dict:
    pairs, null = plot_data.make_pairs(motifs=2, per_pair=200)
    return {"pairs": pairs, "nulls": plot_data.make_nulls(null)}


# Pairs -------------------------------------------------------------------------------------------------


def test_pair_shares_are_printed_and_equal_a_count(significance_tables):
    figure, data = pair_significance.draw(significance_tables, {})
    pairs = significance_tables["pairs"]
    table = data.set_index(["pair", "score"])
    for name, group in pairs.groupby("pair"):
        assert table.loc[(name, "fis_p"), "n"] == len(group) == 200
        assert table.loc[(name, "fis_p"), "share_below_level"] == sum(p < 0.05 for p in group["fis_p"]) / 200
        assert (
            table.loc[(name, "signed_sum"), "share_above_zero"]
            == sum(s > 0 for s in group["signed_sum"]) / 200
        )
        assert table.loc[(name, "fis"), "quantile_0.5"] == group["fis"].median()
        assert f"{name}  (n = 200)" in words(figure)
        assert style.percent(table.loc[(name, "fis_q"), "share_below_level"]) in words(figure)
    assert {"synergy", "redundancy", "smallest attainable"} <= set(words(figure))


def test_every_null_that_was_asked_for_is_drawn_the_first_one_first(significance_tables):
    pairs, nulls = significance_tables["pairs"].copy(), significance_tables["nulls"]
    first = nulls["null_model"].iloc[0]
    tables = {"nulls": pd.concat([nulls, nulls.assign(null_model="matched", smallest_p=0.004)])}
    for column in ("fis_p", "fis_q", "signed_sum_q"):
        pairs[f"{column}_matched"] = np.where(np.arange(len(pairs)) % 4, 0.9, np.nan)
    figure, data = pair_significance.draw({"pairs": pairs, **tables}, {})
    titles = [axis.get_title("left").split("  ")[-1] for axis in figure.axes]
    assert titles[2:] == [
        f"{title}, {model}" for model in (first, "matched") for title in ("FIS: p", "FIS: q", "Signed sum: q")
    ]
    table = data.set_index(["score", "pair"])
    # What has no p was not tested, and does not count.
    assert (table.loc["fis_p_matched", "n"] == 150).all()
    assert (table.loc["fis_p", "n"] == 200).all()
    assert {f"{name}  (n = 150)" for name in pairs["pair"].unique()} <= set(words(figure))


def test_pair_medians_and_levels_are_drawn_where_the_data_say(significance_tables):
    figure, data = pair_significance.draw(significance_tables, {"level": 0.01})
    names = [label.get_text().split("  ")[0] for label in figure.subfigs[0].axes[0].get_yticklabels()]
    assert names[0] == "ELF1–SIX5"  # the only synergistic pair stands on top
    signed = data[data["score"] == "signed_sum"].set_index("pair")
    panel = figure.subfigs[0].axes[1]
    medians = [line.get_xdata()[0] for line in panel.lines if line.get_linewidth() == 1.2]
    assert medians == [signed.loc[name, "quantile_0.5"] for name in names]
    levels = [line.get_xdata()[0] for line in figure.subfigs[1].axes[0].lines if line.get_linestyle() == "--"]
    floor = [line.get_xdata()[0] for line in figure.subfigs[1].axes[0].lines if line.get_linestyle() == ":"]
    assert levels == [0.01]
    assert floor == [significance_tables["nulls"]["smallest_p"].iloc[0]]


def test_synergy_and_redundancy_have_two_hues(significance_tables):
    figure, _ = pair_significance.draw(significance_tables, {})
    for bar in figure.subfigs[0].axes[1].patches:
        red, _, blue, _ = bar.get_facecolor()
        left, right = sorted([bar.get_x(), bar.get_x() + bar.get_width()])
        if right > left:
            assert (red > blue) == (right > 0)


def test_no_floor_is_drawn_when_a_fit_has_next_to_none(significance_tables):
    significance_tables["nulls"]["smallest_p"] = 1e-38
    figure, _ = pair_significance.draw(significance_tables, {})
    assert "smallest attainable" not in words(figure)


def test_chosen_pairs_keep_their_order(significance_tables):
    chosen = ["SIX5–SIX5", "ELF1–SIX5"]
    _, data = pair_significance.draw(significance_tables, {"pairs": chosen})
    assert list(data["pair"].unique()) == chosen
    with pytest.raises(InputError, match="the figure 'pair_significance' found no pairs named 'X–Y'"):
        pair_significance.draw(significance_tables, {"pairs": ["X–Y"]})


# Distance ----------------------------------------------------------------------------------------------

DIRECTIONS = {"near_gata1_mutated": ["GATA1", "TAL1"], "near_tal1_mutated": ["TAL1", "GATA1"]}


def test_titles_of_long_names_run_into_no_other_words(tmp_path):
    pairs, _ = plot_data.make_distances(200)
    names = {"GATA1": "GATA1_disc1", "TAL1": "TAL1_known11"}
    pairs = pairs.assign(
        **{column: pairs[column].replace(names) for column in ("source_name", "target_name")}
    )
    figure, data = distance.draw({"pairs": pairs}, {"pairs": [list(names.values())]})
    style.save(figure, data, *(tmp_path / f"distance.{ending}" for ending in ("pdf", "png", "tsv")))
    first, second = figure.axes[:2]
    title = first._left_title.get_window_extent()
    assert first._left_title.get_text().endswith("GATA1_disc1 mutated → TAL1_known11")
    others = [first._right_title, second.title, second._right_title]
    assert not any(title.overlaps(other.get_window_extent()) for other in others if other.get_text())


def test_distance_shows_each_direction_with_its_own_pairs():
    pairs, comparisons = plot_data.make_distances(400)
    options = {"pairs": [["GATA1", "TAL1"]], "comparisons": DIRECTIONS}
    figure, data = distance.draw({"pairs": pairs, "comparisons": comparisons}, options)
    shown = words(figure)
    for row, (source, target) in enumerate((("GATA1", "TAL1"), ("TAL1", "GATA1"))):
        given = pairs[pairs["source_name"] == source]
        drawn = data[(data["source_name"] == source) & (data["panel"] == "pairs")]
        columns = ["distance", "fis", "signed_sum"]
        np.testing.assert_array_equal(drawn[columns], given[columns])
        fis, signed = (figure.axes[3 * row + column].collections[0].get_offsets() for column in (0, 1))
        np.testing.assert_array_equal(fis[:, 0], given["distance"])
        np.testing.assert_array_equal(signed, given[["distance", "signed_sum"]])
        positive = given["fis"].to_numpy() >= 1e-4
        np.testing.assert_array_equal(fis[positive, 1], given["fis"][positive])
        near = data[(data["source_name"] == source) & (data["panel"] == "near")].set_index("group")["n"]
        assert near["≤ 20 bp"] == (given["distance"].abs() <= 20).sum()
        assert near.sum() == len(given)
        assert f"{source} mutated → {target}" in " ".join(shown)
        assert any(f"auROC {comparisons.loc[row, 'auroc']:.3f}" in text for text in shown)


def test_pairs_have_the_hue_of_their_sign_and_the_signed_axis_zero_in_the_middle():
    pairs, _ = plot_data.make_distances(200)
    figure, _ = distance.draw({"pairs": pairs}, {"pairs": [["GATA1", "TAL1"]]})
    signs = np.sign(pairs.loc[pairs["source_name"] == "GATA1", "signed_sum"])
    for panel in figure.axes[:2]:
        red, _, blue, _ = panel.collections[0].get_facecolors().T
        np.testing.assert_array_equal(np.sign(np.round(red - blue, 1)), signs)
    low, high = figure.axes[1].get_ylim()
    assert low == -high


def test_windows_that_overlap_are_one_in_the_intervals_of_running_medians():
    pairs, _ = plot_data.make_distances(500)
    asked = {"pairs": [["GATA1", "TAL1"]], "bin": 50}
    of_examples, of_blocks = (
        distance.draw({"pairs": table}, asked)[1].query("panel == 'running'")
        for table in (pairs, pairs.assign(block=pairs["example"] % 3))
    )
    assert of_examples["median_low"].notna().any()
    assert of_blocks["median_low"].isna().all()  # of three blocks there is none
    np.testing.assert_array_equal(of_blocks["median"], of_examples["median"])


def test_running_median_is_the_median_of_its_bin_within_its_interval():
    pairs, _ = plot_data.make_distances(500)
    figure, data = distance.draw({"pairs": pairs}, {"pairs": [["GATA1", "TAL1"]], "signed": False, "bin": 10})
    given = pairs[pairs["source_name"] == "GATA1"]
    running = data[(data["source_name"] == "GATA1") & (data["panel"] == "running")]
    for score, rows in running.groupby("score"):
        for _, row in rows.iterrows():
            inside = given[score][given["distance"].abs() // 10 == row["distance"] // 10]
            assert row["n"] == len(inside)
            assert row["median"] == pytest.approx(inside.median())
            assert row["quartile_1"] <= row["median_low"] <= row["median"] <= row["median_high"]
    running = running[running["score"] == "fis"]
    line = max((line.get_xydata() for line in figure.axes[0].lines), key=len)
    above = running["median"].to_numpy() > 1e-3
    assert above.any()
    np.testing.assert_array_equal(line[above, 1], running["median"][above])


def test_a_finite_reach_is_drawn_and_pairs_beyond_it_are_a_group_of_their_own():
    pairs, _ = plot_data.make_distances(500)
    options = {"pairs": [["GATA1", "TAL1"]]}
    for reach, edges in ((70.0, [-69, 69]), (np.inf, [])):
        tables = {"pairs": pairs, "reach": pd.DataFrame({"reach": [46.0, reach]})}
        figure, data = distance.draw(tables, options)
        found = [line.get_xdata()[0] for line in figure.axes[0].lines if line.get_linestyle() == "--"]
        assert sorted(found) == edges
        assert any("reach of the network by its layers, 70 bp" in text for text in words(figure)) == bool(
            edges
        )
        near = data[(data["panel"] == "near") & (data["source_name"] == "GATA1")].set_index("group")["n"]
        away = pairs.loc[pairs["source_name"] == "GATA1", "distance"].abs()
        if edges:
            assert list(near.index) == ["≤ 20 bp", "21–68 bp", "≥ 69 bp"]
            assert near["≥ 69 bp"] == (away >= 69).sum()
        assert near.sum() == 500


def test_comparison_of_other_pairs_prints_its_own_n():
    pairs, comparisons = plot_data.make_distances(300)
    comparisons["n_against"] = 17
    options = {"pairs": [["GATA1", "TAL1"]], "comparisons": DIRECTIONS}
    figure, _ = distance.draw({"pairs": pairs, "comparisons": comparisons}, options)
    assert any(f"(n = {comparisons['n_group'][0]}, 17)" in text for text in words(figure))


def test_the_same_pairs_on_shuffled_sequences_have_a_curve():
    pairs, _ = plot_data.make_distances(400)
    pairs = pairs.assign(source=np.arange(len(pairs)), target=-np.arange(len(pairs)))
    scores = pairs[["source", "target", "example"]].assign(fis=0.01, signed_sum=-0.02)
    null = pd.concat([scores.assign(replicate=number) for number in (1, 2)])
    figure, data = distance.draw({"pairs": pairs, "null": null}, {"pairs": [["GATA1", "TAL1"]]})
    shuffled = data[data["panel"] == "shuffled"]
    assert set(shuffled["median"].dropna()) == {0.01, -0.02}
    inside = pairs["distance"].abs() <= 150
    assert shuffled.loc[shuffled["score"] == "fis", "n"].sum() == 2 * inside.sum()
    lines = [line for line in figure.axes[0].lines if line.get_color() == style.PURPLE]
    assert [set(line.get_ydata()[~np.isnan(line.get_ydata())]) for line in lines] == [{0.01}]


def test_the_key_of_distances_says_only_what_is_drawn():
    pairs, _ = plot_data.make_distances(400)
    pairs = pairs.assign(source=np.arange(len(pairs)), target=-np.arange(len(pairs)))
    null = pairs[["source", "target", "example"]].assign(fis=0.01, signed_sum=-0.02)
    options = {"pairs": [["GATA1", "TAL1"]]}
    for near, reach, drawn in ((pairs, 70.0, True), (pairs[::20], 200.0, False)):
        tables = {"pairs": near, "null": null, "reach": pd.DataFrame({"reach": [reach]})}
        figure, _ = distance.draw(tables, options)
        key = figure.get_supxlabel()
        for word in ("Line: running median", "dark band", "light band", "Purple", "Dashed"):
            assert (word in key) == drawn
        assert ("No running median: too few bins of 5 bp hold 5 pairs for a line" in key) != drawn


def test_n_of_near_and_far_pairs_stands_in_one_line_below_their_distances():
    pairs, _ = plot_data.make_distances(300)
    figure, data = distance.draw({"pairs": pairs}, {"pairs": [["GATA1", "TAL1"]]})
    near = (
        data[(data["panel"] == "near") & (data["source_name"] == "GATA1")].set_index("group")["n"].astype(int)
    )
    ticks = [text.get_text() for text in figure.axes[2].get_xticklabels()]
    assert ticks == [f"≤ 20\n{near['≤ 20 bp']}", f"> 20\n{near['> 20 bp']}"]
    assert figure.axes[2].get_xlabel() == "Distance (bp), n"


def test_distance_with_three_pairs_beyond_the_axis():
    pairs, _ = plot_data.make_distances(3)
    pairs["distance"] = 400
    figure, data = distance.draw({"pairs": pairs}, {})
    assert "n = 0" in words(figure)
    assert set(data["panel"]) == {"near"}


# Calibration and mutagenesis ---------------------------------------------------------------------------


def test_calibration_draws_the_quantiles_and_prints_the_shares():
    tables = plot_data.make_calibration(3000)
    figure, data = calibration.draw(tables, {})
    assert list(data["panel"].unique()) == ["held-out null", "by distance (bp)", "known not to interact"]
    shown = tables["quantiles"].query(
        "method == 'released' and tested == 'held-out null' and distance == 'all'"
    )
    shown = shown[shown["score"] == "fis"]
    (line,) = [line for line in figure.axes[0].lines if "released (" in line.get_label()]
    np.testing.assert_allclose(line.get_xdata(), -np.log10(shown["expected"]))
    inside = line.get_ydata() < figure.axes[0].get_ylim()[1]
    np.testing.assert_allclose(line.get_ydata()[inside], -np.log10(shown["observed"])[inside])
    row = tables["calibration"].query(
        "method == 'released' and tested == 'held-out null' and distance == 'all' and score == 'fis' "
        "and level == 0.05"
    )
    # Every line has its own n, and a cross where its share is off.
    cross = "" if row["holds"].item() else "✗ "
    label = line.get_label()
    assert label.startswith(f"{cross}released ({100 * row['share'].item():.2g}, ")
    assert label.endswith(f"; {style.count(shown['n'].iloc[0])})")


def test_of_more_bins_of_distance_than_lines_those_that_are_farthest_off_are_drawn():
    tables = plot_data.make_calibration(3000)
    of_bin = {name: table["distance"] == "0–20" for name, table in tables.items() if "distance" in table}
    shares = {f"bin {number}": 0.05 + 0.01 * number for number in range(6)}
    for name, chosen in of_bin.items():
        copies = [tables[name][chosen].assign(distance=label) for label in shares]
        rows = [tables[name][tables[name]["distance"] == "all"], *copies]
        tables[name] = pd.concat(rows, ignore_index=True)
    at = tables["calibration"]["level"] == 0.05
    tables["calibration"].loc[at, "share"] = tables["calibration"]["distance"].map(shares)
    _, data = calibration.draw(tables, {})
    drawn = data.loc[data["panel"] == "by distance (bp)", "distance"]
    assert list(drawn.unique()) == ["bin 2", "bin 3", "bin 4", "bin 5"]


@pytest.mark.parametrize(("holds", "cross"), [(1, False), (0, True), ("", False)])
def test_a_line_that_is_off_has_a_cross(holds, cross):
    tables = plot_data.make_calibration(400, plain=True)
    tables["calibration"] = tables["calibration"].assign(holds=holds)
    figure, _ = calibration.draw(tables, {})
    texts = [text for axis in figure.axes for text in axis.get_legend().get_texts()]
    assert len(texts) > 2
    assert {text.get_text().startswith("✗ ") for text in texts} == {cross}
    assert {text.get_color() == style.VERMILLION for text in texts} == {cross}


def test_a_score_that_no_panel_shows_has_no_row():
    """As that of single positions, whose null is another one than that of the scores of sources."""
    tables = plot_data.make_calibration(3000)
    height = calibration.draw(tables, {})[0].get_figheight()
    held_out = tables["quantiles"].query("tested == 'held-out null'")
    other = held_out.assign(score="delta", null_model="another")
    tables["quantiles"] = pd.concat([tables["quantiles"], other])
    figure, data = calibration.draw(tables, {})
    assert figure.get_figheight() == height
    assert list(data["score"].unique()) == ["fis", "signed_sum"]
    assert all(axis.get_title(loc="left") for axis in figure.axes)


def test_calibration_without_distances_and_truth_has_one_column_of_panels():
    tables = plot_data.make_calibration(400, plain=True)
    figure, data = calibration.draw(tables, {})
    assert set(data["panel"]) == {"held-out null"}
    assert len(figure.axes) == 2


def test_calibration_of_a_single_example_says_that_nothing_can_be_held_out():
    tables = plot_data.make_calibration(4, plain=True)
    figure, data = calibration.draw(tables, {})
    assert len(data) == len(tables["calibration"]) > 0
    assert any("The null is of 1 example: too few to hold some out" in text for text in words(figure))
    check_texts(figure)


def test_mutagenesis_draws_every_pair_in_reach_and_prints_the_correlations():
    tables = plot_data.make_mutagenesis(300)
    tables["pairs"].loc[:9, "within_reach"] = 0
    figure, data = mutagenesis.draw(tables, {})
    assert len(data) == len(tables["pairs"]) - 10
    offsets = np.asarray(figure.axes[0].collections[0].get_offsets())
    expected = data[["interaction", "signed_sum"]].to_numpy()
    np.testing.assert_array_equal(offsets[offsets[:, 0].argsort()], expected[expected[:, 0].argsort()])
    rows = tables["agreement"].set_index(["pairs", "score", "scale"])
    for score, scale in (("signed_sum", "logit"), ("fis", "probability")):
        spearman = f"{rows.loc[('all', score, scale), 'spearman']:.2f}".replace("-", "−")
        assert any(f"rank correlation {spearman} (" in text for text in words(figure))


def test_mutagenesis_is_coloured_by_pair_and_zeros_are_grey_and_no_stripes():
    tables = plot_data.make_mutagenesis(600)
    pairs = tables["pairs"]
    pairs["pair"] = np.where(pairs["source"] < 200, "AP1–ELF1", "ELF1–SIX5")
    pairs.loc[100:499, ["fis", "interaction", "signed_sum"]] = 0
    figure, _ = mutagenesis.draw(tables, {})
    dots = figure.axes[2].collections[-1]
    colours = pd.Series([to_hex(hue) for hue in dots.get_facecolors()]).value_counts()
    assert sorted(colours) == [100, 100, 400]
    assert colours.idxmax() == style.GREY.lower()
    # Those that are zero on both axes fill their corner: no line holds more than a few of them.
    grey = [to_hex(hue) == style.GREY.lower() for hue in dots.get_facecolors()]
    corner = np.log10(dots.get_offsets()[grey])
    shares = (corner - corner.min(axis=0)) / np.ptp(corner, axis=0)
    assert abs(np.corrcoef(shares.T)[0, 1]) < 0.1
    cells = np.histogram2d(*shares.T, bins=5)[0]
    assert cells.min() >= 8
    assert cells.max() <= 26


# Kinds ---------------------------------------------------------------------------------------------------


def kinds_table() -> pd.DataFrame:
    """Return ``kinds`` of one pair: all its distances, and two bins of them."""
    rows = [("names", "A–B", "any", 0), ("distance", "A–B", "0–5 bp", 0), ("distance", "A–B", "6–10 bp", 1)]
    return pd.DataFrame(rows, columns=["grain", "pair", "distance", "called"]).assign(
        orientation="any", shortest=[0, 0, 6], n=40, interaction=[1.0, 0.2, 3.0], interaction_low=0.1,
        interaction_high=3.5, null_low=[-1.0, -0.5, -0.25], null_high=[1.0, 0.75, 0.5], q=0.01,
        called_synergy=0.5, called_redundancy=0.0, call=["synergy", "", "synergy"],
    )  # fmt: skip


def test_kinds_have_the_band_of_their_null():
    figure, data = kinds.draw({"kinds": kinds_table()}, {})
    bands = [(bar.get_y(), bar.get_y() + bar.get_height()) for bar in figure.axes[0].patches]
    assert bands == [(-0.5, 0.75), (-0.25, 0.5)]
    assert len(data) == 2
    assert any("Grey band: 95 % of the null" in text for text in words(figure))


def test_a_kind_that_is_called_has_the_mark_of_its_sign_and_the_others_are_grey_circles():
    table = kinds_table()
    rows = pd.concat([table, table.iloc[[2]].assign(distance="11–20 bp", shortest=11, call="redundancy")])
    figure, _ = kinds.draw({"kinds": rows.assign(interaction=[1.0, -0.2, 3.0, -3.0])}, {})
    marks = [line for line in figure.axes[0].lines if line.get_marker() != "None"]
    assert [(line.get_marker(), line.get_color(), line.get_fillstyle()) for line in marks] == [
        ("o", style.GREY, "none"),
        ("^", style.SYNERGY, "full"),
        ("v", style.REDUNDANCY, "full"),
    ]
    assert "▲ called as synergy, ▼ as redundancy, ○ not called" in figure.get_supxlabel()


# A logarithmic axis with zeros ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "label"), [([0, 0, 1e-3, 0.5], "0"), ([1e-9, 1e-3, 0.5], "< 10⁻⁶"), ([0, 0], "0")]
)
def test_zeros_have_a_band_below_all_other_values(values, label):
    scale = LogWithZeros(np.array(values))
    assert scale.label == label
    axis = style.new_figure(2).subplots()
    scale.apply(axis, "y")
    placed = scale.place(np.array(values))
    low, high = axis.get_ylim()
    assert ((placed > low) & (placed < high)).all()
    shown = np.array(values) >= scale.floor
    np.testing.assert_array_equal(placed[shown], np.array(values)[shown])
    assert (placed[~shown] < scale.floor).all()
    spread = scale.spread(np.array(values))
    assert ((spread[~shown] > low) & (spread[~shown] < scale.floor)).all()
    assert label in [text.get_text() for text in axis.get_yticklabels()]


def test_without_zeros_there_is_no_band():
    scale = LogWithZeros(np.array([0.001, 0.5]))
    axis = style.new_figure(2).subplots()
    scale.apply(axis, "x")
    assert axis.get_xlim()[0] == scale.floor == 0.001
    assert not axis.patches


def test_less_than_two_decades_have_plain_numbers():
    axis = style.new_figure(2).subplots()
    LogWithZeros(np.array([0.03, 0.4])).apply(axis, "x")
    assert [text.get_text() for text in axis.get_xticklabels()] == ["0.02", "0.05", "0.1", "0.2", "0.5"]
    low, high = axis.get_xlim()
    assert low < 0.03 < 0.4 < high


# Groups ------------------------------------------------------------------------------------------------


def test_spacing_finds_the_planted_distance_and_the_reach():
    """A response at 14 bp in one orientation and direction, noise within 30 bp, nothing beyond."""
    pairs, features = plot_data.make_spacing(peak=14, reach=30)
    figure, data = spacing.draw({"pairs": pairs, "features": features}, {"first": "E-box"})
    assert len(figure.axes) == 8
    peak = data.loc[data["median"].idxmax()]
    assert tuple(peak[["orientation", "source_name", "distance"]]) == ("+-", "GATA", 14)
    own = pairs[(pairs["source_name"] == "GATA") & (pairs["source_start"] - pairs["target_start"] == 14)]
    own = own[own["source"].map(features.set_index("feature")["strand"]) == "-"]
    own = own[own["target"].map(features.set_index("feature")["strand"]) == "+"]
    assert peak["median"] == pytest.approx(own["fis"].median())
    assert peak["n"] == len(own) == 5
    texts = [text.get_text() for axis in figure.axes for text in axis.texts]
    assert sum("at 14 bp\nexactly 0 from 31 bp on" in text for text in texts) == 1
    assert sum("exactly 0 from 31 bp on" in text for text in texts) == 8
    assert "E-box →  GATA ←" in texts
    counted_from_gata = spacing.draw({"pairs": pairs, "features": features}, {})[1]
    largest = counted_from_gata.loc[counted_from_gata["median"].idxmax()]
    # By default distances are counted from the first name in alphabetical order, E-box.
    assert largest["distance"] == 14
    turned = spacing.draw({"pairs": pairs, "features": features}, {"first": "GATA", "max": 20})[1]
    largest = turned.loc[turned["median"].idxmax()]
    assert tuple(largest[["orientation", "source_name", "distance"]]) == ("-+", "GATA", -14)
    assert turned["distance"].abs().max() == 20


def test_a_scan_marks_what_is_called_by_shape_and_leaves_out_what_cannot_interact():
    figure, data = scan.draw({"scan": plot_data.make_scan(reach=12)}, {"most": 1})
    assert len(figure.axes) == 2
    assert set(data["pair"]) == {"GATA1–TAL1"}
    assert data["spacing"].max() == 10
    marks = [
        {line.get_marker(): line.get_xdata().tolist() for line in axis.lines if line.get_marker() != "None"}
        for axis in figure.axes
    ]
    assert (marks[0]["^"], marks[0]["v"]) == ([5, 6], [])
    assert (marks[1]["^"], marks[1]["v"]) == ([], [8])
    assert marks[0]["o"] == [*range(5), *range(7, 11)]
    band = figure.axes[0].patches[0]
    assert (band.get_y(), band.get_y() + band.get_height()) == pytest.approx((-0.2, 0.3))
    assert [axis.get_title(loc="left")[-15:] for axis in figure.axes] == [
        "TAL1 →  GATA1 →",
        "TAL1 →  GATA1 ←",
    ]
    assert [axis.texts[0].get_text() for axis in figure.axes] == [
        "2 of 11 spacings called, largest +2 at 5 bp",
        "1 of 11 spacings called, largest −1 at 8 bp",
    ]
    assert "40 backgrounds" in figure.get_supxlabel()
    both, drawn = scan.draw({"scan": plot_data.make_scan()}, {})
    assert [len(both.axes), len(drawn)] == [4, 33]  # the fourth is empty
    assert both.axes[2].texts[0].get_text() == "0 of 11 spacings called"
    assert "Not drawn" not in both.get_supxlabel()
    assert "Not drawn: 1 pair" in figure.get_supxlabel()


@pytest.mark.parametrize(
    ("smallest", "largest", "ticks"), [(0, 40, [0, 10, 20, 30, 40]), (3, 23, [5, 10, 15, 20]), (0, 0, [0])]
)
def test_the_axis_of_a_scan_begins_at_the_smallest_spacing_and_has_even_ticks(smallest, largest, ticks):
    table = plot_data.make_scan(reach=50, largest=largest)
    figure, _ = scan.draw({"scan": table[table["spacing"] >= smallest]}, {})
    for axis in figure.axes[:3]:
        assert axis.get_xlim() == (smallest - 0.5, largest + 0.5)
        assert [tick for tick in axis.get_xticks() if smallest <= tick <= largest] == ticks


def test_group_curves_are_the_cumulative_shares():
    sources, comparisons = plot_data.make_sources(40, 60)
    options = {"comparisons": list(comparisons["comparison"])}
    figure, data = groups.draw({"sources": sources, "comparisons": comparisons}, options)
    for column, score in enumerate(["fis", "fis_sum"]):
        for group, colour in (("positive", style.VERMILLION), ("control", style.BLUE)):
            values = np.sort(sources.loc[sources["group"] == group, score])
            points = line_points(figure.axes[column], colour)
            for value in values[[0, len(values) // 2, -1]]:
                assert points[points[:, 0] <= value, 1].max() == pytest.approx(np.mean(values <= value))
            box = data[(data["panel"] == "boxes") & (data["score"] == score) & (data["group"] == group)]
            assert box["quantile_0.5"].item() == np.median(values)
            assert box["n"].item() == len(values)
    assert {"positive\nn = 40", "control\nn = 60"} <= set(words(figure))
    assert "auROC 0.870 (0.840–0.900)\np = 2.1 × 10⁻¹⁹" in words(figure)


def test_matched_groups_are_those_of_matched_sets():
    sources, comparisons = plot_data.make_sources(40, 60)
    with pytest.raises(
        InputError, match="asked for matched sources, and there are none: leave out its option"
    ):
        groups.draw({"sources": sources}, {"matched": True})
    sources["matched_set"] = np.where(np.arange(100) % 4 == 0, 1.0, np.nan)
    _, data = groups.draw({"sources": sources, "comparisons": comparisons}, {"matched": True})
    n = data[(data["panel"] == "boxes") & (data["score"] == "fis")].set_index("group")["n"]
    assert dict(n) == {"positive": 10, "control": 15}


def test_group_errors_name_what_is_there():
    sources, comparisons = plot_data.make_sources(5, 5)
    tables = {"sources": sources, "comparisons": comparisons}
    with pytest.raises(InputError, match="no source of the group 'mid', only 'positive', 'control'"):
        groups.draw(tables, {"groups": ["positive", "mid"]})
    with pytest.raises(
        InputError, match=r"no comparison 'x' among .*positives_against_controls, sums_of_positives"
    ):
        groups.draw(tables, {"comparisons": ["x"]})
    with pytest.raises(
        InputError, match=r"has the value \['delta'\]; needed: a list of fis, fis_sum and signed_sum\."
    ):
        groups.draw(tables, {"scores": ["delta"]})


# Tracks ------------------------------------------------------------------------------------------------


def glyphs(axis) -> dict[int, tuple[float, float]]:
    """Return position → (lowest, highest) of the letters of a logo."""
    extents = [path.get_extents() for letters in axis.collections for path in letters.get_paths()]
    return {round((box.x0 + box.x1) / 2): (box.y0, box.y1) for box in extents}


def test_tracks_draw_exactly_the_significant_changes():
    tables = plot_data.make_variants()
    figure, data = tracks.draw(tables, {"names": ["variant_2"]})
    delta_letters = glyphs(figure.subfigs[0].axes[2])
    significant = data[data["p"] <= 0.05].set_index("relative")["delta"]
    assert len(significant) == 17
    assert set(delta_letters) == set(significant.index)
    for relative, change in significant.items():
        assert delta_letters[relative] == pytest.approx((min(change, 0), max(change, 0)), abs=1e-6)
    assert set(data.loc[data["shown"], "relative"]) == set(significant.index)
    original = glyphs(figure.subfigs[0].axes[0])
    for _, row in data.iterrows():
        low, high = original[row["relative"]]
        assert max(high, -low) == pytest.approx(abs(row["importance"]), abs=1e-6)
    assert 0 not in delta_letters  # the source itself


def test_tracks_name_alleles_and_places():
    tables = plot_data.make_variants()
    figure, data = tracks.draw(tables, {"names": ["variant_2"]})
    source = tables["sources"].loc[2]
    start = tables["examples"].loc[2, "start"] + 200 + 1
    title = f"variant_2  {source['reference']} → {source['alternate']}  (chr11:{start:,})"
    assert title in " ".join(words(figure))
    at_source = data[data["relative"] == 0].iloc[0]
    assert at_source["genome_position_1_based"] == start
    assert at_source["base"] == chr(tables["sequences"][2, 200]) == source["reference"]
    assert at_source["mutant_base"] == source["alternate"]
    others = data[data["relative"] != 0]
    assert (others["base"] == others["mutant_base"]).all()


def test_zoom_holds_the_source_and_its_responses():
    _, data = tracks.draw(plot_data.make_variants(), {"names": ["variant_5"]})
    assert data["relative"].min() == -15  # motif from -5, and the flank
    assert data["relative"].max() == 127  # site ends at 117, and the flank


def test_far_response_is_kept_when_all_do_not_fit():
    tables = plot_data.make_variants()
    _, data = tracks.draw(tables, {"names": ["variant_5"], "widest": 30, "flank": 0})
    peak = np.nanargmax(
        np.where(tables["profiles"]["p"][5] <= 0.05, np.abs(tables["profiles"]["delta"][5]), 0)
    )
    assert {0, peak - 200} <= set(data["relative"])


def test_no_distant_effect_is_said_where_there_is_none():
    tables = plot_data.make_variants()
    # Large changes far away, but none that is significant.
    tables["profiles"]["q"][:, 285:] = 0.06
    figure, data = tracks.draw(tables, {"distant": 1, "minimum_distance": 85})
    assert data.empty
    (words,) = (text.get_text() for text in figure.axes[0].texts)
    assert words == (
        "No distant effect: of 6 sources none changes a position\n85 bp or more away with q < 0.05."
    )
    # Beside others that are asked for, they alone are drawn.
    _, data = tracks.draw(tables, {"distant": 1, "minimum_distance": 85, "top": 1})
    assert list(data["source"].unique()) == [tables["sources"]["fis"].idxmax()]


def test_choice_of_sources():
    tables = plot_data.make_variants()
    ranked = tables["sources"].sort_values("fis", ascending=False)
    _, data = tracks.draw(tables, {"top": 2})
    assert list(data["source"].unique()) == list(ranked["source"][:2])
    # Sources 4 and 5 respond 90 bp away and farther: no others are drawn, however many are asked for.
    _, data = tracks.draw(tables, {"distant": 3, "minimum_distance": 85})
    far = [abs(tables["profiles"]["delta"][number, 285:]).max() for number in (4, 5)]
    assert list(data["source"].unique()) == ([4, 5] if far[0] > far[1] else [5, 4])
    with pytest.raises(InputError, match="has room for 3 sources, and its options choose 4"):
        tracks.draw(tables, {"top": 4})
    with pytest.raises(InputError, match="found no source named 'rs1'"):
        tracks.draw(tables, {"names": ["rs1"]})


@pytest.mark.parametrize(
    ("start", "end", "peak", "remark"),
    [(200, 201, 195, "the strongest 5 bp upstream"), (198, 204, 206, "the strongest 3 bp downstream"),
     (198, 204, 204, "the strongest 1 bp downstream")],
)  # fmt: skip
def test_the_figure_says_the_distance_of_the_table(start, end, peak, remark):
    tables = plot_data.make_variants(1)
    arrays = tables["profiles"]
    arrays["delta"][:] = 0.001
    arrays["delta"][:, start:end] = np.nan
    arrays["delta"][0, peak] = -1
    arrays["p"][:] = np.where(arrays["delta"] == -1, 1e-4, 0.5)
    places = tables["sources"].drop(columns=["fis", "fis_p", "fis_q"]).assign(start=start, end=end)
    null = pd.DataFrame({"replicate": 1, "source": 0, "fis": [0.1, 0.2], "fis_sum": 0.1, "signed_sum": 0.1})
    positions = pd.DataFrame({"example": 0, "delta": [0.1, 0.2] * 5})
    positions["distance"] = np.repeat([1, 10, 30, 80, 500], 2)
    profiles = Profiles(places, arrays["delta"], arrays["delta"], arrays["delta"], null, positions)
    tables["sources"] = profile_significance(profiles)[0].results
    figure, _ = tracks.draw(tables, {"top": 1})
    assert any(text.endswith(remark) for text in words(figure))


def test_source_without_significant_change_says_so():
    tables = plot_data.make_variants(2)
    tables["profiles"]["p"][:] = 0.9
    figure, data = tracks.draw(tables, {"top": 1})
    assert "no significant change" in words(figure)
    assert not data["shown"].any()


def test_nucleotide_source_says_why_no_mutant_is_drawn():
    tables = plot_data.make_variants(1)
    tables["sources"] = tables["sources"].assign(alternate="", reference="", name="")
    tables["profiles"]["mutant_importance"][:] = np.nan
    figure, _ = tracks.draw(tables, {})
    assert not glyphs(figure.subfigs[0].axes[1])
    assert "not drawn: one mutant for each other base" in words(figure)


def test_motif_source_has_no_letters_in_the_mutant():
    tables = plot_data.make_variants(1)
    tables["sources"] = tables["sources"].assign(end=205, alternate="", reference="")
    figure, data = tracks.draw(tables, {})
    assert set(range(5)).isdisjoint(glyphs(figure.subfigs[0].axes[1]))
    assert list(data.set_index("relative").loc[range(5), "mutant_base"]) == ["N"] * 5


def test_letters_stand_on_zero_or_hang_from_it_upside_down():
    axis = style.new_figure(2).subplots()
    draw_logo(axis, np.frombuffer(b"TNTTA", np.uint8), np.array([2.0, 1, -3, np.nan, 0]), 10)
    upright, hanging = (path.to_polygons()[0] for path in axis.collections[0].get_paths())
    for letter, position, end in ((upright, 10, 2), (hanging, 12, -3)):
        np.testing.assert_allclose(
            [letter[:, 0].min(), letter[:, 0].max()], [position - 0.475, position + 0.475]
        )
        assert np.ptp(letter[np.isclose(letter[:, 1], end), 0]) == pytest.approx(0.95)  # the bar of the T
        assert np.ptp(letter[np.isclose(letter[:, 1], 0), 0]) < 0.5  # its foot
    np.testing.assert_array_equal(
        axis.collections[0].get_facecolors()[0, :3], to_rgb(style.BASE_COLOURS["T"])
    )


def test_long_logos_become_bars_of_the_same_heights():
    values = np.linspace(-1, 1, 300)
    axis = style.new_figure(2).subplots()
    draw_logo(axis, np.full(300, ord("A"), np.uint8), values, 0)
    np.testing.assert_array_equal([bar.get_height() for bar in axis.patches], values)


# Aggregate map -----------------------------------------------------------------------------------------


def test_aggregate_maps_place_every_cell_on_one_scale():
    cells = plot_data.make_cells()
    # With a small q, and an effect that is too small for a call.
    cells.loc[(cells["set"] == "strong") & (cells["p"] == 0.5) & (cells.index % 7 == 0), "q"] = 0.01
    figure, data = aggregate_map.draw({"cells": cells}, {"sets": ["strong", "weak"], "core": [2, 5]})
    maps = [axis for axis in figure.axes if len(axis.images) == 2]
    assert [axis.get_title("left").split("  ")[-1] for axis in maps] == ["strong", "weak", "a − b"]
    limits = {axis.images[1].get_clim() for axis in maps}
    largest = data.loc[data["p"].notna() | (data["set"] == "difference"), "mean"].abs().max()
    assert limits == {(-largest, largest)}
    shape = (4 * 12 + 4 * aggregate_map.GAP, 4 * 4 + aggregate_map.GAP)
    rows = {0: 0, 1: 12, 5: 24 + 4 * aggregate_map.GAP, 6: 36 + 4 * aggregate_map.GAP}
    columns = {0: 0, 1: 4, 5: 8 + aggregate_map.GAP, 6: 12 + aggregate_map.GAP}
    for axis, name in zip(maps, ["strong", "weak", "difference"], strict=True):
        expected = np.full(shape, np.nan)
        own = data[data["set"] == name]
        for cell in own[
            (own["target_position"] != 4) & (own["p"].notna() | (name == "difference"))
        ].itertuples():
            mutant = "ACGT".replace(cell.source_base, "").index(cell.mutant_base)
            row = rows[cell.source_position] + 3 * "ACGT".index(cell.source_base) + mutant
            expected[row, columns[cell.target_position] + "ACGT".index(cell.target_base)] = cell.mean
        shown = np.ma.filled(axis.images[1].get_array().astype(float), np.nan)
        np.testing.assert_array_equal(shown, expected)
    dots = [collection.get_offsets() for axis in maps for collection in axis.collections]
    assert [len(found) for found in dots] == [((data["set"] == n) & (data["called"] == 1)).sum() for n in
                                              ("strong", "weak", "difference")]  # fmt: skip
    assert len(dots[0]) > 0
    labels = [label.get_text() for label in maps[0].get_yticklabels()]
    assert labels == ["−2", "−1", "+1", "+2", "core"]


def test_planted_couplings_are_framed_where_they_are_known():
    cells = plot_data.make_cells()

    def frames(table):
        figure, data = aggregate_map.draw({"cells": table}, {"sets": ["strong"], "core": [2, 5]})
        (axis,) = [axis for axis in figure.axes if len(axis.images) == 2]
        return data, [patch for patch in axis.patches if not patch.get_fill()], figure

    assert frames(cells)[1] == []
    data, found, figure = frames(cells.assign(coupled=(cells.index % 9 == 0).astype(int)))
    shown = data[(data["coupled"] == 1) & (data["target_position"] != 4)]
    assert len(found) == len(shown) > 5
    assert "planted coupling" in [text.get_text() for text in figure.legends[0].get_texts()]


def test_the_difference_is_of_cells_with_enough_sequences_in_both():
    cells = plot_data.make_cells()
    _, data = aggregate_map.draw({"cells": cells}, {})  # the first two sets
    key = [column for column in cells if column.endswith(("_position", "_base"))]
    a, b = (cells[(cells["set"] == name) & cells["p"].notna()].set_index(key) for name in ("strong", "weak"))
    both = a.index.intersection(b.index)
    found = data[data["set"] == "difference"].set_index(key)
    assert set(found.index) == set(both)
    np.testing.assert_allclose(found.loc[both, "mean"], a.loc[both, "mean"] - b.loc[both, "mean"])


def test_one_set_is_one_map_and_unknown_sets_are_refused():
    cells = plot_data.make_cells()
    figure, data = aggregate_map.draw({"cells": cells}, {"sets": ["random"]})
    assert set(data["set"]) == {"random"}
    (axis,) = [axis for axis in figure.axes if len(axis.images) == 2]
    assert [label.get_text() for label in axis.get_yticklabels()] == ["0", "1", "5", "6"]
    with pytest.raises(
        InputError, match=r"draws one or two sets of the selection, and wild are asked for: name"
    ):
        aggregate_map.draw({"cells": cells}, {"sets": ["wild"]})


# Interaction map ---------------------------------------------------------------------------------------


def test_the_title_of_a_map_is_the_name_of_its_sequence_and_its_place():
    examples = pd.DataFrame({"example": [3, 5], "name": ["mine", "chr1:100-200"], "chrom": ["chr1", "chr1"]})
    tables = {"examples": examples.assign(start=[1499, 100])}
    assert sequence_title(tables, 3) == "mine  (chr1:1,500)"
    assert sequence_title(tables, 5) == "chr1:100-200"
    tables = {"examples": examples.assign(chrom="", start=np.nan)}
    assert sequence_title(tables, 3) == "mine"
    assert sequence_title({}, 3) == "Example 3"


def test_map_shows_the_changes_with_zero_in_the_middle():
    tables = plot_data.make_map(150)
    figure, data = interaction_map.draw(tables, {"example": 1})
    (image,) = [image for axis in figure.axes for image in axis.images]
    shown = np.ma.filled(image.get_array().astype(float), np.nan)
    expected = tables["profiles"]["delta"][150:].astype(float)
    np.testing.assert_array_equal(shown, expected)
    assert np.isnan(np.diag(shown)).all()
    np.testing.assert_array_equal(data.filter(like="target_"), expected)
    np.testing.assert_array_equal(data["base"], [chr(base) for base in tables["sequences"][1]])
    low, high = image.get_clim()
    assert low == -high < 0
    neutral, positive, negative = image.cmap(image.norm([0.0, high, low]))
    assert min(neutral[:3]) > 0.95
    assert positive[0] > positive[2]
    assert negative[2] > negative[0]
    assert words(figure).count("SIX5") == 4  # two copies, on top and on the left


def test_changes_next_to_the_source_do_not_set_the_scale():
    tables = plot_data.make_map(150, examples=1)
    images = []
    for factor in (1, 100):
        delta = tables["profiles"]["delta"].copy()
        near = np.abs(np.subtract.outer(np.arange(150), np.arange(150))) < 20
        delta[near] *= factor
        figure, _ = interaction_map.draw(tables | {"profiles": tables["profiles"] | {"delta": delta}}, {})
        images += [image for axis in figure.axes for image in axis.images]
    assert images[0].get_clim() == images[1].get_clim()
    # Where nothing is farther away, all changes do.
    figure, _ = interaction_map.draw(tables, {"apart": 150})
    assert figure.axes[0].images[0].get_clim()[1] > 0


def test_map_rows_stay_empty_where_no_source_is():
    tables = plot_data.make_map(150, examples=1)
    tables["sources"] = tables["sources"].iloc[40:60].assign(feature=-1)
    figure, data = interaction_map.draw(tables, {})
    computed = data.filter(like="target_").notna().any(axis=1)
    assert list(np.flatnonzero(computed)) == list(range(40, 60))
    assert "n = 20 sources" in words(figure)


def test_long_map_zooms_into_the_region_that_interacts_most():
    tables = plot_data.make_map(300, examples=1)
    figure, _ = interaction_map.draw(tables, {"zoom": 60})
    shapes = sorted(image.get_array().shape for axis in figure.axes for image in axis.images)
    assert (60, 60) in shapes
    assert (300, 300) in shapes
    # The two copies of SIX5 span 70 to 137: 60 bp hold ELF1 and the first copy whole (30 to 87).
    low = next(
        int(text.split("positions ")[1].split(" ")[0]) for text in words(figure) if "positions" in text
    )
    assert 27 <= low <= 30


def test_map_errors():
    tables = plot_data.make_map(60 + 90, examples=2)
    with pytest.raises(InputError, match=r"asked for the example number 2, and 2 examples .* \(0 to 1\)"):
        interaction_map.draw(tables, {"example": 2})
    tables["sources"] = tables["sources"].assign(feature=3)
    with pytest.raises(InputError, match="the figure 'interaction_map' found no nucleotide sources"):
        interaction_map.draw(tables, {})


# Networks ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("epochs", [1, 12])
def test_training_draws_the_history(epochs):
    history = plot_data.make_history(epochs)
    figure, data = training.draw({"history": history}, {})
    pd.testing.assert_frame_equal(data, history)
    left, right = figure.axes
    np.testing.assert_array_equal(line_points(left, style.BLUE), history[["epoch", "loss"]])
    np.testing.assert_array_equal(
        line_points(right, style.VERMILLION), history[["epoch", "validation_auroc"]]
    )
    kept = history.loc[history["best"] == 1, "epoch"].item()
    assert line_points(left, style.GREY)[0, 0] == kept
    assert f"epoch kept: {kept}" in words(figure)


def test_measured_values_are_drawn_against_predicted_ones():
    rng = np.random.default_rng(0)
    x = rng.normal(size=500)
    curves = pd.DataFrame({"task": "ddG", "curve": "values", "x": x, "y": x + rng.normal(0, 0.1, 500)})
    row = {
        "split": "test",
        "r2": 0.98,
        "pearson": 0.99,
        "spearman": 0.985,
        "examples": 500,
        "noise_ceiling": 0.97,
    }
    metrics = pd.DataFrame([row | {"task": name} for name in ("ddG", "mean")])
    figure, data = performance.draw({"curves": curves, "metrics": metrics}, {})
    (cells,) = [c for axis in figure.axes for c in axis.collections if axis.get_xlabel() == "Measured"]
    assert cells.get_array().sum() == 500
    assert "r² 0.980, Pearson 0.990, Spearman 0.985\nr² of the noise-free values 0.970" in words(figure)
    assert set(data["panel"]) == {"values"}


def test_training_draws_r2_of_measured_values():
    history = plot_data.make_history(5).rename(columns={"validation_auroc": "validation_r2"})
    figure, _ = training.draw({"history": history}, {})
    labels = [axis.get_ylabel() for axis in figure.axes]
    assert labels == ["Loss (mean squared error)", "Validation r²\n(mean over tasks)"]


def test_few_tasks_have_a_legend_with_their_numbers():
    curves, metrics = plot_data.make_performance(["GATA1", "TAL1"])
    figure, data = performance.draw({"curves": curves, "metrics": metrics}, {})
    for _, row in metrics[metrics["task"] != "mean"].iterrows():
        label = (
            f"{row['task']}: auROC {row['auroc']:.3f} [{row['auroc_low']:.3f}, {row['auroc_high']:.3f}] "
            f"(n+ {row['positives']:.0f}, n− {row['negatives']:.0f})"
        )
        assert label in words(figure)
        (line,) = [line for line in figure.axes[0].lines if line.get_label() == label]
        given = curves[(curves["task"] == row["task"]) & (curves["curve"] == "roc")]
        np.testing.assert_array_equal(line.get_xydata(), given[["x", "y"]])
        assert np.trapezoid(given["y"], given["x"]) == pytest.approx(row["auroc"])
        share = row["positives"] / (row["positives"] + row["negatives"])
        assert share in [line.get_ydata()[0] for line in figure.axes[1].lines if line.get_linestyle() == "--"]
    assert set(data["panel"]) == {"roc", "pr", "tasks"}


def test_many_tasks_are_sorted_dots():
    names = [f"cell_{number}" for number in range(18)]
    curves, metrics = plot_data.make_performance(names, n=200)
    figure, _ = performance.draw({"curves": curves, "metrics": metrics}, {})
    dots = figure.subfigs[1].axes[0].collections[1].get_offsets()
    expected = np.sort(metrics.loc[metrics["task"] != "mean", "auroc"])[::-1]
    np.testing.assert_array_equal(dots[:, 0], expected)
    bars = np.array([line[:, 0] for line in figure.subfigs[1].axes[0].collections[2].get_segments()])
    np.testing.assert_allclose(bars, np.stack([expected - 0.04, expected + 0.03], axis=1))
    best = metrics[metrics["task"] != "mean"].sort_values("auroc").iloc[-1]
    first = figure.subfigs[1].axes[0].get_yticklabels()[0].get_text()
    assert first.startswith(f"{best['task']}  (n+ {best['positives']:.0f}")


# All figures -------------------------------------------------------------------------------------------


def test_words_of_numbers():
    assert style.percent(0.0004) == "0.0 %"
    assert style.percent(0.996) == "99.6 %"
    assert style.percent(1) == "100 %"
    assert style.percent(0.0) == "0 %"
    assert style.p_value(0.0) == "p < 10⁻³⁰⁰"
    assert style.p_value(2.1e-20) == "p = 2.1 × 10⁻²⁰"
    assert style.p_value(0.031) == "p = 0.031"


@pytest.mark.parametrize("size", [3, 40])
def test_no_text_is_smaller_than_seven_points_or_cut_off(size):
    pairs, null = plot_data.make_pairs(motifs=3, per_pair=size)
    nulls = plot_data.make_nulls(null)
    check_texts(pair_significance.draw({"pairs": pairs, "nulls": nulls}, {})[0])


@pytest.mark.parametrize(
    ("module", "tables"),
    [
        (calibration, plot_data.make_calibration(400)),
        (mutagenesis, plot_data.make_mutagenesis(40)),
        (distance, {"pairs": plot_data.make_distances(60)[0]}),
    ],
)
def test_no_text_of_new_tables_is_too_small_or_cut_off(module, tables):
    check_texts(module.draw(tables, {})[0])


@functools.cache
def tables_of_all_figures() -> dict[str, dict]:
    """Return what each kind of figure is drawn from."""
    pairs, null = plot_data.make_pairs(motifs=2, per_pair=40)
    return {
        "pair_significance": {"pairs": pairs, "nulls": plot_data.make_nulls(null)},
        "kinds": {"kinds": kinds_table()},
        "mutagenesis": plot_data.make_mutagenesis(40),
        "calibration": plot_data.make_calibration(400),
        "distance": dict(zip(("pairs", "comparisons"), plot_data.make_distances(60), strict=True)),
        "spacing": dict(zip(("pairs", "features"), plot_data.make_spacing(), strict=True)),
        "scan": {"scan": plot_data.make_scan()},
        "groups": dict(zip(("sources", "comparisons"), plot_data.make_sources(40, 60), strict=True)),
        "tracks": plot_data.make_variants(),
        "variants": plot_data.make_variants(),
        "interaction_map": plot_data.make_map(150),
        "aggregate_map": {"cells": plot_data.make_cells()},
        "training": {"history": plot_data.make_history()},
        "performance": dict(zip(("curves", "metrics"), plot_data.make_performance(["a", "b"]), strict=True)),
    }


@pytest.mark.parametrize("kind", OPTIONS)
def test_a_figure_leaves_its_tables_as_they_are(kind):
    """The next figure of the job is drawn from the same."""
    tables = tables_of_all_figures()[kind]
    before = copy.deepcopy(tables)
    module_for(kind).draw(tables, {"top": 2} if kind == "tracks" else {})
    assert tables.keys() == before.keys()
    for name, table in before.items():
        if isinstance(table, pd.DataFrame):
            pd.testing.assert_frame_equal(tables[name], table, check_exact=True)
        elif isinstance(table, dict):
            for part, values in table.items():
                np.testing.assert_array_equal(tables[name][part], values)
        else:
            np.testing.assert_array_equal(tables[name], table)


def check_texts(figure):
    figure.draw_without_rendering()
    frame = figure.bbox
    for text in figure.findobj(Text):
        if text.get_text() and text.get_visible():
            assert text.get_fontsize() >= 7
            box = text.get_window_extent()
            assert frame.x0 <= box.x0
            assert box.x1 <= frame.x1
            assert frame.y0 <= box.y0
            assert box.y1 <= frame.y1


def test_saved_files_are_equal_for_equal_figures(tmp_path):
    outputs = []
    for run in ("first", "second"):
        figure, data = training.draw({"history": plot_data.make_history()}, {})
        paths = [tmp_path / run / f"training.{suffix}" for suffix in ("pdf", "png", "tsv")]
        style.save(figure, data, *paths)
        outputs.append([path.read_bytes() for path in paths])
    assert outputs[0] == outputs[1]
    pdf, png, _ = outputs[0]
    assert pdf.startswith(b"%PDF")
    assert b"/FontFile2" in pdf or b"/Type0" in pdf  # TrueType: text stays text
    assert b"CreationDate" not in pdf
    assert png.startswith(b"\x89PNG")
    pd.testing.assert_frame_equal(
        read_table(tmp_path / "first" / "training.tsv"),
        plot_data.make_history(),
        rtol=1e-6,
        check_dtype=False,
    )


def test_unknown_figures_inputs_and_options():
    with pytest.raises(InputError) as error:
        module_for("heatmap")
    assert str(error.value) == (
        "there is no figure 'heatmap': choose one of aggregate_map, calibration, distance, groups, "
        "interaction_map, kinds, mutagenesis, pair_significance, performance, scan, spacing, tracks, "
        "training, variants in the configuration."
    )
    with pytest.raises(InputError) as error:
        distance.draw({"sources": pd.DataFrame()}, {})
    assert str(error.value) == (
        "the figure 'distance' is drawn from pairs, and pairs is not among its inputs (sources): "
        "add it to the rule."
    )
    with pytest.raises(InputError) as error:
        training.draw({"history": plot_data.make_history()}, {"nea": 1})
    assert str(error.value) == (
        "figures.training: the figure 'training' has no options, and 'nea' was given; remove it."
    )
    with pytest.raises(InputError) as error:
        distance.draw({"pairs": pd.DataFrame()}, {"nea": 1})
    assert str(error.value) == (
        "figures.distance: the figure 'distance' has no option 'nea'; its options are bin, comparisons, max, "
        "near, pairs, signed."
    )


def test_options_are_checked_without_drawing():
    where = "key 'analyses.b.figures.far'"
    check_options("tracks", {"kind": "tracks", "distant": 1}, where)
    check_options("distance", None, where)
    with pytest.raises(InputError) as error:
        check_options("groups", {"kind": "groups", "score": ["fis"]}, where)
    assert str(error.value) == (
        f"{where}: the figure 'groups' has no option 'score'; its options are comparisons, groups, "
        "matched, scores."
    )
    with pytest.raises(InputError) as error:
        check_options("pie", {}, where)
    assert str(error.value) == (
        f"{where}: there is no figure 'pie'; choose one of pair_significance, kinds, mutagenesis, "
        "calibration, distance, spacing, scan, groups, tracks, interaction_map, aggregate_map, variants, "
        "training, performance."
    )
    code = "import sys, dfim.plots.options; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": str(SCRIPTS)})


def test_every_figure_has_a_module_and_options():
    assert {*FIGURES["pairs"], *FIGURES["profiles"]} < set(OPTIONS)
    modules = [module_for(name) for name in OPTIONS]
    assert [module.FIGURE for module in modules] == list(OPTIONS)


def test_defaults_are_those_of_the_documentation():
    documented = (SCRIPTS.parent / "docs" / "figures.md").read_text()
    for name in {*FIGURES["pairs"], *FIGURES["profiles"]}:
        (row,) = [line for line in documented.splitlines() if line.startswith(f"| `{name}` |")]
        named = set(re.findall(r"`(\w+)`", row.split("|")[-2]))
        assert named == set(OPTIONS[name])


@pytest.mark.parametrize(
    ("module", "tables", "what"),
    [
        (pair_significance, {"pairs": plot_data.make_pairs()[0].iloc[:0]}, "pairs of features"),
        (distance, {"pairs": plot_data.make_distances(5)[0].iloc[:0]}, "pairs of features"),
        (
            spacing,
            dict(zip(("pairs", "features"), (table[:0] for table in plot_data.make_spacing()), strict=True)),
            "pairs of features",
        ),
        (scan, {"scan": plot_data.make_scan(reach=0)}, "spacings within the network's reach"),
        (
            tracks,
            plot_data.make_variants() | {"sources": plot_data.make_variants()["sources"][:0]},
            "sources",
        ),
        (training, {"history": plot_data.make_history()[:0]}, "epochs of training"),
    ],
)
def test_empty_tables_have_one_sentence(module, tables, what):
    sentence = (
        f"the figure '{module.FIGURE}' found no {what}: check its options and the selection of examples."
    )
    with pytest.raises(InputError) as error:
        module.draw(tables, {})
    assert str(error.value) == sentence


# Scripts -----------------------------------------------------------------------------------------------


def run_script(figures: dict, inputs: dict, folder: Path) -> None:
    """Draw figures, options by name, into a folder as Snakemake does."""
    files = {
        suffix: [str(folder / f"{name}.{suffix}") for name in figures] for suffix in ("pdf", "png", "tsv")
    }
    keys = {name: f"analyses.a.figures.{name}" for name in figures if name != "calibration"}
    asked = {
        name: {"kind": options.get("kind", name), "options": options, "key": keys.get(name, "")}
        for name, options in figures.items()
    }
    snakemake = SimpleNamespace(
        input={key: str(path) for key, path in inputs.items()},
        output=SimpleNamespace(**files),
        params=SimpleNamespace(figures=asked, of="model m"),
        log=[],
    )
    runpy.run_path(str(SCRIPTS / "plot_figures.py"), init_globals={"snakemake": snakemake})


@pytest.fixture
def quiet_logging(monkeypatch):
    """Keep the scripts from replacing the handlers of the test run."""
    monkeypatch.setattr(logging, "basicConfig", lambda **options: None)


@pytest.fixture
def locus_files(tmp_path) -> dict:
    """Write the inputs of the tracks as the workflow does."""
    tables = plot_data.make_variants()
    paths = {"sources": tmp_path / "sources.tsv.gz", "examples": tmp_path / "examples.tsv.gz"}
    for name, path in paths.items():
        write_table(tables[name], path)
    paths |= {"profiles": tmp_path / "profiles.h5", "sequences": tmp_path / "sequences.h5"}
    with h5py.File(paths["profiles"], "w") as handle:
        for name, values in tables["profiles"].items():
            handle[name] = values
    with h5py.File(paths["sequences"], "w") as handle:
        handle["bases"] = tables["sequences"]
    return paths


def test_script_draws_from_files_what_the_module_draws_from_memory(locus_files, tmp_path, quiet_logging):
    options = {"kind": "tracks", "distant": 1, "minimum_distance": 50}
    run_script({"distant_locus": options}, locus_files, tmp_path)
    _, expected = tracks.draw(plot_data.make_variants(), {"distant": 1, "minimum_distance": 50})
    found = read_table(tmp_path / "distant_locus.tsv")
    assert list(found["position"]) == list(expected["position"])
    np.testing.assert_allclose(found["delta"], expected["delta"], rtol=1e-6)
    assert (tmp_path / "distant_locus.pdf").stat().st_size > 5000
    assert (tmp_path / "distant_locus.png").stat().st_size > 5000


def test_figures_drawn_together_are_those_drawn_alone(locus_files, tmp_path, quiet_logging):
    figures = {
        "variants": {},
        "tracks": {"top": 2},
        "far": {"kind": "tracks", "distant": 1},
        "near": {"kind": "variants"},
    }
    run_script(figures, locus_files, tmp_path / "together")
    for name, options in figures.items():
        run_script({name: options}, locus_files, tmp_path / "alone")
    made = sorted(path.name for path in (tmp_path / "together").glob("[!.]*"))
    assert made == sorted(f"{name}.{suffix}" for name in figures for suffix in ("pdf", "png", "tsv"))
    # In a PDF the places that the layout solves for may differ in their tenth decimal, drawn alone or not.
    for name in (name for name in made if not name.endswith(".pdf")):
        assert (tmp_path / "together" / name).read_bytes() == (tmp_path / "alone" / name).read_bytes()


def test_figures_that_cannot_be_drawn_are_all_told_with_their_keys(
    locus_files, tmp_path, quiet_logging, caplog
):
    figures = {
        "tracks": {"names": ["x"]},
        "calibration": {},
        "variants": {},
        "far": {"kind": "tracks", "names": ["y"]},
    }
    with pytest.raises(SystemExit):
        run_script(figures, locus_files, tmp_path)
    (told,) = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    for name, source in (("tracks", "x"), ("far", "y")):
        assert (
            f"key 'analyses.a.figures.{name}': the figure 'tracks' found no source named '{source}'" in told
        )
    # Which is drawn without being asked for, and has no key.
    assert "the figure 'calibration' is drawn from quantiles, calibration, nulls" in told
    assert "figures.calibration" not in told
    assert (tmp_path / "variants.png").exists()
    assert not list(tmp_path.glob("*tracks*")) + list(tmp_path.glob("*unfinished*"))


def test_script_of_a_model(tmp_path, quiet_logging):
    write_table(plot_data.make_history(), tmp_path / "history.tsv")
    run_script({"training": {}}, {"history": tmp_path / "history.tsv"}, tmp_path)
    assert len(read_table(tmp_path / "training.tsv")) == 12
    assert (tmp_path / "training.pdf").stat().st_size > 5000
    assert (tmp_path / "training.png").stat().st_size > 5000


def test_script_ends_with_one_sentence_on_an_unknown_figure(locus_files, tmp_path, quiet_logging, caplog):
    with pytest.raises(SystemExit) as ended:
        run_script({"pie": {}}, locus_files, tmp_path)
    assert ended.value.code == 1
    told = "error: key 'analyses.a.figures.pie': there is no figure 'pie': choose one of aggregate_map, "
    assert told + "calibration" in caplog.text
    assert not (tmp_path / "pie.pdf").exists()


def test_inputs_are_read_when_a_figure_asks_for_them(tmp_path):
    write_table(pd.DataFrame({"fis": [1.0]}), tmp_path / "sources.tsv.gz")
    paths = {"sources": tmp_path / "sources.tsv.gz", "null": tmp_path / "missing.tsv.gz"}
    with open_tables(paths) as tables:
        assert list(tables) == ["sources", "null"]
        assert "null" in tables
        assert "pairs" not in tables
        assert tables["sources"] is tables["sources"]
        with pytest.raises(InputError, match="was not found"):
            tables["null"]


def test_tables_keep_names_that_look_like_missing_values(tmp_path):
    write_table(pd.DataFrame({"name": ["NA", ""], "fis": [1.0, np.nan]}), tmp_path / "sources.tsv.gz")
    with open_tables({"sources": tmp_path / "sources.tsv.gz"}) as tables:
        assert list(tables["sources"]["name"]) == ["NA", ""]
        assert tables["sources"]["fis"].isna().tolist() == [False, True]


def drawn(figure) -> bytes:
    """Return the pixels of a figure, arranged."""
    figure.set_layout_engine("constrained")
    return FigureCanvasAgg(figure).print_to_buffer()[0]


@pytest.mark.parametrize("name", ["a$b$c", r"$\\frac$x$", "$$", "p$"])
def test_dollars_in_names_are_drawn_as_they_are(name, tmp_path):
    def figure(parse: bool | None):
        figure = style.new_figure(2)
        axis = figure.subplots()
        axis.set_xticks([0, 1], [name, f"{name} {style.power_of_ten(-3)}"])
        style.panel_title(axis, "a", f"of {name}, {style.scientific(1e-7)}")
        if parse is not None:
            for text in figure.findobj(Text):
                text.set_parse_math(parse)
        return figure

    paths = [tmp_path / f"f.{suffix}" for suffix in ("pdf", "png", "tsv")]
    style.save(figure(None), pd.DataFrame({"x": [1]}), *paths)
    assert (tmp_path / "f.pdf").stat().st_size > 1000
    assert drawn(figure(None)) == drawn(figure(False))


def test_counts_on_a_logarithmic_scale_are_plain_numbers(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=3000)
    curves = pd.DataFrame({"task": "a", "curve": "values", "x": x, "y": x + rng.normal(size=3000)})
    row = {"split": "test", "task": "a", "r2": 0.5, "pearson": 0.7, "spearman": 0.7, "examples": 3000}
    figure, data = performance.draw({"curves": curves, "metrics": pd.DataFrame([row])}, {})
    style.save(figure, data, tmp_path / "a.pdf", tmp_path / "a.png", tmp_path / "a.tsv")
    assert {"1", "10"} <= {text.get_text() for text in figure.axes[1].get_yticklabels(which="both")}
    assert not any("$" in text for text in words(figure))


def test_both_pictures_of_a_figure_are_arranged_alike_and_hold_its_texts(tmp_path):
    """They were arranged one by one; once is enough, and nothing may be cut off in either."""
    figure, data = training.draw({"history": plot_data.make_history()}, {})
    style.save(figure, data, tmp_path / "a.pdf", tmp_path / "a.png", tmp_path / "a.tsv", "model a")
    boxes = [axis.get_position().bounds for axis in figure.axes]
    again, _ = training.draw({"history": plot_data.make_history()}, {})
    again.set_dpi(style.PNG_DPI)
    again.draw_without_rendering()
    assert boxes == [axis.get_position().bounds for axis in again.axes]
    box = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", (tmp_path / "a.pdf").read_bytes())
    inches = np.array([float(side) for side in box.groups()]) / 72
    with Image.open(tmp_path / "a.png") as picture:
        np.testing.assert_allclose(np.array(picture.size) / style.PNG_DPI, inches, atol=1 / style.PNG_DPI)
        edges = np.asarray(picture.convert("L"))
    assert (edges[[0, -1]] == 255).all()
    assert (edges[:, [0, -1]] == 255).all()
