"""The page of a finished run has the numbers of its tables; Snakemake's report has captions."""

import json
import re
from pathlib import Path

import pandas as pd
import pyfaidx
import pytest
from support.browser import CHROMIUM, Browser
from support.page_cells import Cells

from dfim.files.tables import read_table
from dfim.page.captions import caption
from dfim.page.numbers import interval

pytestmark = pytest.mark.workflow
INTERACTIONS = "results/interactions"
GATA_TAL = f"{INTERACTIONS}/gata_tal/tf_binding/TAL1"


@pytest.fixture
def tables(finished):
    page = finished.path / "results/index.html"
    assert page.stat().st_size < 15e6
    return Cells(page.read_text(encoding="utf-8")).tables


def test_counts_are_those_of_the_pair_tests(finished, tables):
    found = {row[0][0]: row for row in tables["table-found"][1:]}
    assert set(found) == set(finished.config["analyses"])
    tests = read_table(finished.path / GATA_TAL / "pair_tests.tsv.gz")
    assert int(found["gata_tal"][2][1]) == tests["p"].notna().sum() > 10
    assert int(found["gata_tal"][3][1]) == (tests["called"] == 1).sum()


def test_cells_of_an_aggregate_map_are_counted_by_set(finished, tables):
    row = next(row for row in tables["table-found"] if row[0][0] == "flanks")
    cells = read_table(finished.path / INTERACTIONS / "flanks/flanks/ddG/gradient_input/cells.tsv.gz")
    for name, own in cells.groupby("set"):
        called, tested = (own["called"] == 1).sum(), own["p"].notna().sum()
        assert f"{called:,} of {tested:,} cells {name}" in row[3][0]


def test_kinds_are_those_of_the_tables_of_kinds(finished, tables):
    kinds = pd.concat(map(read_table, (finished.path / INTERACTIONS).glob("*/*/*/kinds.tsv")))
    shown = [(row[0][0], float(row[4][1]), float(row[6][1])) for row in tables["table-kinds"][1:]]
    assert sorted(shown) == sorted(kinds[["pair", "interaction", "q"]].itertuples(index=False, name=None))


def test_performance_recall_and_claims_are_those_of_the_tables(finished, tables):
    metrics = read_table(finished.path / "results/models/simulation/metrics.tsv")
    test = metrics[(metrics["split"] == "test") & (metrics["task"] == "ELF1_SIX5")].iloc[0]
    shown = [[cell[0] for cell in row[:2]] for row in tables["performance"]]
    assert ["ELF1_SIX5", interval(test, "auroc")] in shown
    files = (finished.path / INTERACTIONS).glob("*/*/*/*/recovery.tsv")
    recalls = pd.concat(map(read_table, files)).query("null_model == 'first'")["recall"]
    rows = [row for row in tables["recovery"] if row[0][0] != "Method"]
    assert sorted(float(row[6][1]) for row in rows) == sorted(recalls) != []
    claims = [read_table(finished.path / f"results/{name}.tsv") for name in ("reproduction", "data_checks")]
    rows = [row for row in tables["claims"] if row[0][0] != "section"]
    assert [row[1][0] for row in rows] == [
        " ".join(claim.split()) for table in claims for claim in table["claim"]
    ]


def test_the_genome_has_the_pattern_of_a_feature_at_its_place(finished):
    """Read back from the genome, not from the example: GATA, or CA**TG, on the strand of the table."""
    genome = pyfaidx.Fasta(str(finished.path / "results/genomes/tiny.fa"))
    tests = read_table(finished.path / GATA_TAL / "pair_tests.tsv.gz")
    names = set()
    for row in tests.to_dict("records"):
        for end in ("first", "second"):
            found = genome[row["chrom"]][int(row[f"{end}_chrom_start"]) : int(row[f"{end}_chrom_end"])]
            letters = str(found if row[f"{end}_strand"] == "+" else found.reverse.complement).upper()
            names.add(row[f"{end}_name"])
            if row[f"{end}_name"] == "GATA1":
                assert letters == "GATA"
            else:
                assert (letters[:2], letters[4:]) == ("CA", "TG")
    assert names == {"GATA1", "TAL1"}


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt-get install chromium")
@pytest.mark.parametrize("width", [1280, 400])
def test_the_page_opens_without_trouble(finished, tmp_path, width):
    with Browser(tmp_path) as browser:
        browser.open(finished.path / "results/index.html", width)
        assert browser.troubles() == []
        assert browser.js("document.documentElement.scrollWidth") <= width


def test_the_report_of_snakemake_has_the_captions(finished, tmp_path):
    folder = finished.copy(tmp_path)
    ran = folder.run("--report", "report.html")
    assert ran.returncode == 0, ran.stdout[-3000:]
    text = (folder.path / "report.html").read_text(encoding="utf-8")
    assert "which features of a DNA sequence act together" in text
    told, _ = json.JSONDecoder().raw_decode(re.split(r'id="results">\s*var results = ', text)[1])
    figures = {path: told[path] for path in told if "/figures/" in path}
    drawn = {str(path.relative_to(folder.path)) for path in (folder.path / "results/figures").rglob("*.png")}
    assert set(figures) == drawn
    for path, figure in figures.items():  # several of which one job drew
        name = figure["labels"]["figure"]
        assert Path(path).stem == name
        assert caption(name).split(".")[0] in " ".join(figure["caption"].split()), path
