"""The page in a real browser: no errors, no network, sorting, filters, hovering, the slider, a click."""

import json

import h5py
import numpy as np
import pytest
from support.browser import CHROMIUM, Browser
from support.page_data import CITATION, LENGTH, kinds, pair_tests, small_contents

from dfim.page.maps import masked
from dfim.page.writing import write_page

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium")
ROWS = "[...document.querySelectorAll('#table-kinds tbody tr')].filter((r) => !r.hidden)"
COLUMN = ROWS + ".map((r) => r.cells[{}].{})"
SORT = """[...document.querySelectorAll('#table-kinds th button')]
  .find((b) => b.textContent === 'Interaction').click()"""
SEARCH = """(() => {{
  const search = document.getElementById('kinds-search');
  search.value = '{}';
  search.dispatchEvent(new Event('input'));
}})()"""
# The text of everything in the page that hides behind a root of its own, as what hovering says.
SAID = """[...document.querySelectorAll('*')].map(function deep(e) {
  const root = e.shadowRoot;
  return root ? root.textContent + [...root.querySelectorAll('*')].map(deep).join('') : '';
}).join(' ')"""
FIND = "[...Bokeh.documents.flatMap((d) => [...d._all_models.values()])].filter((m) => m.type === '{}')"
# Where a place of a plot lies in the window, by the frame of the plot whose axis has a label.
PLACE = """(() => {
  const views = Object.values(Bokeh.index.roots ?? Bokeh.index).flatMap(function all(v) {
    return [v, ...(v.child_views ?? []).flatMap(all)];
  });
  const labelled = (v) => v.model.type === 'Figure' && v.model.below.some((a) => a.axis_label === '%s');
  const view = views.find(labelled);
  view.el.scrollIntoView({block: 'center'});
  const box = view.canvas_view.el.getBoundingClientRect();
  return [box.x + view.frame.x_scale.compute(%f), box.y + view.frame.y_scale.compute(%f)];
})()"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    write_page(small_contents(folder), CITATION, folder / "index.html")
    return folder / "index.html"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


def sequence_of(page, example: int) -> str:
    with h5py.File(page.parent / "dataset/sequences.h5") as file:
        return bytes(file["bases"][example]).decode()


def place(browser, label: str, x: float, y: float) -> tuple[float, float]:
    return tuple(browser.js(PLACE % (label, x, y)))


@pytest.mark.parametrize("width", [1280, 400])
def test_the_page_opens_without_trouble_and_is_as_wide_as_its_window(browser, page, width):
    browser.events.clear()
    browser.open(page, width)
    assert browser.troubles() == []
    assert browser.js("document.documentElement.scrollWidth") <= width
    widest = (
        "Math.max(...[...document.querySelectorAll('.plot > *')].map((e) => e.getBoundingClientRect().right))"
    )
    assert browser.js(widest) <= width
    assert browser.js("window.broken") is None


def test_kinds_are_sorted_by_their_full_values(browser, page):
    browser.open(page)
    for order in (1, -1):
        browser.js(SORT)
        shown = [float(value) for value in browser.js(COLUMN.format(4, "dataset.value"))]
        assert shown == sorted(kinds()["interaction"], reverse=order < 0)


def test_headings_stand_over_their_numbers(browser, page):
    browser.open(page)
    aligned = (
        "[...document.querySelectorAll('#table-kinds {} > *')].map((c) => getComputedStyle(c).textAlign)"
    )
    headings = browser.js(aligned.format("thead tr"))
    assert headings == browser.js(aligned.format("tbody tr:first-child"))
    assert set(headings) == {"left", "right"}


def test_a_heading_sorts_by_the_keyboard(browser, page):
    browser.open(page)
    browser.js("document.querySelector('#table-kinds th button').focus()")
    for kind in ("keyDown", "keyUp"):
        browser.ask(
            "Input.dispatchKeyEvent",
            type=kind,
            key="Enter",
            code="Enter",
            text="\r",
            windowsVirtualKeyCode=13,
        )
    assert browser.js("document.querySelector('#table-kinds th').getAttribute('aria-sort')") == "ascending"


def test_kinds_are_filtered(browser, page):
    browser.open(page)
    browser.js("document.getElementById('kinds-called').click()")
    assert browser.js(COLUMN.format(1, "textContent")) == ["0–5 bp"]
    browser.js("document.getElementById('kinds-called').click()")
    browser.js(SEARCH.format("6–11"))
    assert browser.js(COLUMN.format(1, "textContent")) == ["6–11 bp"]
    assert browser.js("document.getElementById('kinds-count').textContent") == "1 of 3 kinds"


def test_the_slider_leaves_out_what_is_near_as_the_library_does(browser, page):
    browser.open(page)
    browser.js(FIND.format("Slider") + "[0].value = 17")
    source = FIND.format("ColumnDataSource") + ".find((m) => m.data.shown)"
    full, shown = (
        np.array(
            json.loads(browser.js(f"JSON.stringify([...{source}.data.{name}[0]])")), dtype=float
        ).reshape(LENGTH, LENGTH)
        for name in ("delta", "shown")
    )
    expected, limit = masked(np.float32(full), 17)
    np.testing.assert_array_equal(np.float32(shown), expected)
    assert browser.js(FIND.format("LinearColorMapper") + "[0].high") == pytest.approx(limit)
    browser.js(FIND.format("RadioButtonGroup") + "[0].active = 1")
    above = np.array(json.loads(browser.js(f"JSON.stringify([...{source}.data.shown[0]])")), dtype=float)
    assert np.nanmin(above) > 0
    assert np.isfinite(above).sum() == (np.nan_to_num(expected) > 0).sum()


def test_hovering_over_the_map_says_source_target_change_and_p(browser, page):
    browser.open(page)
    spot = place(browser, "target: responding position", 40, 9)
    browser.move(spot[0] - 3, spot[1])
    browser.move(*spot)
    change = np.exp(-31 / 8)  # row 9, column 40
    browser.until(f"({SAID}).includes('{change:.4f}')")
    found = browser.js(SAID)
    assert "source:" in found
    assert "target:" in found
    assert "0.25000" in found


def test_the_map_zooms_with_its_logo(browser, page):
    browser.open(page)
    ranges = (
        FIND.format("Figure")
        + ".filter((f) => f.x_range.end > 40).map((f) => [f.x_range.start, f.x_range.end])"
    )
    heat = (
        FIND.format("Figure")
        + ".find((f) => f.below.some((a) => a.axis_label === 'target: responding position'))"
    )
    browser.js(f"{heat}.x_range.setv({{start: 10, end: 41}})")
    shared = [each for each in browser.js(ranges) if each == [10, 41]]
    assert len(shared) == 3  # features, logo and map


def test_a_click_on_a_pair_shows_its_sequence_with_both_features(browser, page):
    browser.open(page)
    pair = pair_tests().iloc[3]
    browser.click(*place(browser, "bases between the two features", pair["distance"], pair["interaction"]))
    browser.until("document.querySelectorAll('.pair mark').length === 2")
    marks = browser.js("[...document.querySelectorAll('.pair mark')].map((m) => m.textContent)")
    letters = browser.js("document.querySelector('.pair div').textContent")
    assert letters == sequence_of(page, 3)
    assert marks == [letters[pair[f"{end}_start"] : pair[f"{end}_end"]] for end in ("first", "second")]
    assert browser.js("document.querySelector('.pair p').textContent").startswith(pair["sequence"])
    assert browser.js("window.broken") is None
