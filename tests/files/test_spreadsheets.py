"""Worksheets as tables: titles above the header, one factor of several, numbers as Excel keeps them."""

import openpyxl
import pytest

from dfim.datasets.variants import read_variants
from dfim.errors import InputError
from dfim.files.spreadsheets import worksheet_table
from dfim.files.tables import write_table

COLUMNS = ["Chr", "position", "POSTallele", "ALTallele", "pvalue"]


@pytest.fixture
def book(tmp_path):
    """A workbook like a journal's: a title, a header with a column more, rows of two factors."""
    made = openpyxl.Workbook()
    made.active.title = "README"
    made.active.append(["Table S2. Binding QTLs"])
    page = made.create_sheet("bQTLs")
    page.append(["Table S2. Binding QTLs of two factors"])
    page.append([])
    page.append(["TF", "Chr", "position", "Depth", "ALTallele", "POSTallele", "pvalue"])
    page.append(["SPI1", "chr1", 7, 81.0, "G", "A", 4.4886041051281e-23])
    page.append(["JUND", "chr1", 9, 20, "C", "T", 1])
    page.append(["SPI1", "chr1", 12.0, 30, "T", "C", 1.0])
    page.append([None] * 7)
    path = tmp_path / "mmc3.xlsx"
    made.save(path)
    return path


def test_one_factor_of_a_published_table(book):
    table = worksheet_table(book, COLUMNS, "bQTLs", {"TF": "SPI1"})
    assert table.to_numpy().tolist() == [
        ["chr1", "7", "A", "G", "4.4886041051281e-23"],
        ["chr1", "12", "C", "T", "1"],
    ]
    assert len(worksheet_table(book, COLUMNS, "bQTLs")) == 3


def test_its_variants_are_one_based_with_the_post_allele_as_reference(book, tmp_path):
    write_table(worksheet_table(book, COLUMNS, "bQTLs", {"TF": "SPI1"}), tmp_path / "SPI1.tsv")
    names = dict(zip(["chrom", "position", "reference", "alternate", "pvalue"], COLUMNS, strict=True))
    variants = read_variants(tmp_path / "SPI1.tsv", {"chr1": 20}, names)
    assert list(variants["name"]) == ["chr1:7:A>G", "chr1:12:C>T"]
    assert list(variants["position"]) == [6, 11]
    assert list(variants["group"]) == ["positive", "control"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((COLUMNS, "SPI1"), "mmc3.xlsx has no worksheet 'SPI1'; its worksheets are README, bQTLs."),
        (
            (["Chr", "REF"], "bQTLs"),
            "no row of the worksheet bQTLs has the columns Chr, REF; the first row with several cells has TF, "
            "Chr, position, Depth, ALTallele, POSTallele, pvalue.",
        ),
        ((COLUMNS,), "no row of the worksheet at its beginning has the columns Chr, position, POSTallele,"),
        ((COLUMNS, "bQTLs", {"TF": "NFKB"}), "the worksheet bQTLs has no row with TF 'NFKB'."),
    ],
)
def test_what_is_not_there_is_named(book, arguments, sentence):
    with pytest.raises(InputError) as error:
        worksheet_table(book, *arguments)
    assert sentence in str(error.value)


def test_what_is_no_excel_file(tmp_path):
    (tmp_path / "page.xlsx").write_text("<html>Access denied</html>")
    with pytest.raises(InputError, match=r"page.xlsx is no Excel file \(.xlsx\): File is not a zip file"):
        worksheet_table(tmp_path / "page.xlsx", COLUMNS)
