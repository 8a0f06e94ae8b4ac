"""The page of a small run: what it says, that names cannot break it, and that nothing to show is no error."""

import re
from pathlib import Path

import pytest
from support import plot_data
from support.page_cells import Cells
from support.page_data import CITATION, NASTY, kinds, pair_tests, small_contents

from dfim.page.found import scan_found
from dfim.page.writing import said, write_page


def page_of(tmp_path, **changes) -> str:
    path = tmp_path / "index.html"
    size = write_page(small_contents(tmp_path, **changes), CITATION, path)
    text = path.read_text(encoding="utf-8")
    assert size == len(text.encode()) < 4e6
    return text


def test_the_table_of_kinds_has_the_numbers_of_the_table(tmp_path):
    rows = Cells(page_of(tmp_path)).tables["table-kinds"][1:]
    table = kinds()
    assert [float(row[4][1]) for row in rows] == table["interaction"].tolist()
    assert [float(row[6][1]) for row in rows] == table["q"].tolist()
    assert [row[3][0] for row in rows] == ["not called", "▲ synergy", "not called"]
    assert rows[1][4][0] == "1.2 [1, 1.4]"


def test_what_is_exported_of_an_analysis_is_one_click_away(tmp_path):
    page = page_of(tmp_path)
    assert page.count("For other programs:") == 1
    assert '<a href="exports/near_pairs/called_pairs.bedpe">' in page


def test_what_was_found_is_counted_and_what_needs_care_is_said(tmp_path):
    text = page_of(tmp_path)
    pairs, positions = Cells(text).tables["table-found"][1:]
    tests = pair_tests()
    assert int(pairs[2][1]) == tests["p"].notna().sum() == 11
    assert int(pairs[3][1]) == (tests["called"] == 1).sum()
    assert pairs[5][0] == "0.8 [0.5, 0.9] interaction"
    assert positions[2][0] == "60 sources"
    assert "deeplift: sign not to be trusted: too few." in text
    assert (
        "of 400 scores of fis that are known not to interact, a share of 0.11 has p ≤ 0.05 by the null"
        in text
    )


def test_small_p_of_pair_tests_are_told_once_and_first(tmp_path):
    contents = small_contents(tmp_path)
    part = contents["analyses"][0]
    path = Path(part["methods"]["deeplift"]["calibration"])
    rows = path.read_text().splitlines()
    path.write_text("\n".join([*rows, rows[-1].replace("\tfis\t", "\tinteraction\t")]) + "\n")
    part["methods"]["other"] = part["methods"]["deeplift"]
    write_page(contents, CITATION, tmp_path / "index.html")
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    sentence = (
        "<li>Pair tests: of 400 scores of interaction that are known not to interact, a share of 0.11 has p"
    )
    assert text.count(sentence) == 1
    assert (
        text.index(sentence)
        < text.index("deeplift: sign not to be trusted")
        < text.index("other: of 400 scores of fis")
    )


def test_the_page_begins_with_a_network_that_is_hardly_better_than_chance(tmp_path):
    head = page_of(tmp_path).split('id="found"')[0]
    assert "The network poor is hardly better than chance on the test split: bound (auROC 0.55" in head
    assert "network good" not in head


def test_a_name_cannot_break_out_of_the_page(tmp_path):
    contents = small_contents(tmp_path)
    contents["analyses"][0]["name"] = contents["networks"][0]["name"] = NASTY
    contents["analyses"][0]["asked"]["dataset"] = NASTY
    write_page(contents, CITATION, tmp_path / "index.html")
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "window.broken" in text
    assert "<script>window.broken" not in text


def test_what_logs_warn_of_is_told_beside_the_tables_and_once(tmp_path):
    contents = small_contents(tmp_path)
    logged = ["contributions miss much", "sign not to be trusted: too few"]
    contents["analyses"][0] |= {"logged": logged}
    write_page(contents, CITATION, tmp_path / "index.html")
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert [text.count(sentence) for sentence in logged] == [1, 1]


def test_a_level_that_no_calibration_has_is_answered_by_that_of_five_percent(tmp_path):
    contents = small_contents(tmp_path)
    contents["analyses"][0] |= {"level": 0.2}
    write_page(contents, CITATION, tmp_path / "index.html")
    assert "a share of 0.11 has p ≤ 0.05 by the null" in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_checks_of_the_null_are_shown_and_warn_where_they_do_not_hold(tmp_path):
    text = page_of(tmp_path)
    rows = Cells(text).tables["checks"][1:]
    assert [cell[0] for cell in rows[0]][4:] == ["0.04 [0.02, 0.06]", "0.05", "0", "✓ yes"]
    assert rows[1][-1][0] == "✗ no"
    assert "deeplift: the null does not hold in the check &#39;untrained&#39;: a share of 0.21 [0.15" in text


def test_no_address_is_asked_for(tmp_path):
    text = re.sub(r"<script.*?</script>", "", page_of(tmp_path), flags=re.DOTALL)
    assert not re.findall(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=[\"'](?!data:)", text)


@pytest.mark.parametrize("what", ["no pair", "none tested", "no kind"])
def test_an_analysis_without_pairs_or_kinds_has_its_page(tmp_path, what):
    tests = pair_tests()
    if what == "no pair":
        tests = tests.iloc[:0]
    elif what == "none tested":
        tests[["p", "q"]] = None
    text = page_of(tmp_path, tests=tests, found=kinds().iloc[:0])
    assert "No analysis of this run has kinds of pairs to show." in text
    assert ("No pair is tested" in text) == (what != "no kind")


def test_options_are_said_in_a_line():
    assert said({"origins": ["set3"], "correct": True, "limit": 3}) == "origins: set3; correct: yes; limit: 3"
    assert said([{"model": "replaced"}]) == "(model: replaced)"


def test_a_scan_is_told_by_pair_with_its_largest_interaction():
    scan = plot_data.make_scan(reach=12)
    largest = "synergy of 2 [1.9, 2.1] at 5 bp, TAL1+ GATA1+"
    first = {"pair": "GATA1–TAL1", "tested": 22, "called": 3, "largest": largest}
    second = {"pair": "SPI1–TAL1", "tested": 11, "called": 0, "largest": ""}
    assert scan_found(scan) == [first, second]
    assert scan_found(scan.assign(called=0))[0] == first | {"called": 0, "largest": ""}
