"""The one way of opening text: marks, line ends, packing, comments, headers, and numbers as programs write
them.
"""

import gzip

import numpy as np
import pandas as pd
import pytest

from dfim.errors import InputError
from dfim.files.tables import read_table, write_table
from dfim.files.text import (
    HeaderedTable,
    TableLines,
    data_fields,
    is_comment,
    is_interval,
    read_lines,
    read_text,
    text_lines,
)


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    "pack", [bytes, gzip.compress, lambda text: gzip.compress(b"") + gzip.compress(text)]
)
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_the_same_lines_whatever_the_ends_the_mark_and_the_packing(tmp_path, pack, ends, mark):
    text = (mark + "a\tä\n\nb\t2\n" + mark + "c").replace("\n", ends)
    path = write(tmp_path / "t", pack(text.encode()))
    assert list(text_lines(path, "x")) == [(1, "a\tä"), (2, ""), (3, "b\t2"), (4, "c")]
    assert read_text(path, "x") == "a\tä\n\nb\t2\nc\n"
    lines, numbers = read_lines(path)
    assert (lines, numbers.tolist()) == (["a\tä", "b\t2", "c"], [1, 3, 4])


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"a\nb\xe9\n", "is not text in UTF-8 (line 2 has the byte 0xe9): a poem is needed."),
        (b"a\n" * 9000 + b"\xff\n", "is not text in UTF-8 (line 9001 has the byte 0xff): a poem is needed."),
        ("a".encode("utf-16"), "is not text in UTF-8 (it is UTF-16: save it as UTF-8): a poem is needed."),
        ("ab".encode("utf-16-le"), "is not text in UTF-8 (line 1 holds a NUL byte): a poem is needed."),
        (gzip.compress(b"a" * 99, mtime=0)[:-9], "is a damaged gzip file (Compressed file ended before"),
        (None, "was not found: give the path of a poem."),
    ],
)
def test_what_is_no_text_is_named_with_its_line(tmp_path, content, found):
    path = tmp_path / "t"
    if content is not None:
        write(path, content)
    with pytest.raises(InputError) as error:
        read_text(path, "a poem")
    assert str(error.value).startswith(f"{path} {found}")


@pytest.mark.parametrize(
    "line", ["#", "# x", "track", "track name=x", "browser\tposition", "track\tname\t10\t5"]
)
def test_comments_are_told(line):
    assert is_comment(line)


@pytest.mark.parametrize("line", ["trackA\t1\t2", "browser2\t5\t9", "track_1\t5\t9", "track\t5\t9", "tracks"])
def test_contigs_are_no_comments(line):
    assert not is_comment(line)


def test_empty_cells_at_the_end_are_no_columns(tmp_path):
    fields, table = data_fields(write(tmp_path / "t", "#c\na\t1\t2\t\t \n\nb\t\t3\t\n"))
    assert fields == [["a", "1", "2"], ["b", "", "3"]]
    assert table.numbers.tolist() == [2, 4]


HEADERS = {
    "plain": "id\tp\nx\t1\n",
    "comments before": "## made by y\n# z\nid\tp\nx\t1\n",
    "a comment with tabs before": "# made\tby y\nid\tp\nx\t1\n",
    "begins with #": "#id\tp\nx\t1\n",
    "begins with # and a space": "# id\tp\nx\t1\n",
    "comments before one that begins with #": "##a\n#id\tp\nx\t1\n",
    "comments after": "id\tp\n# remark\nx\t1\n",
    "tabs at the ends": "id\tp\t\t\nx\t1\t\n",
    "R's row names": "id\tp\n1\tx\t1\n",
    "R's row names and quotation marks": '"id"\t"p"\n"1"\t"x"\t1\n',
    "empty lines": "\n\nid\tp\n\nx\t1\n",
    "a mark": "\ufeffid\tp\nx\t1\n",
}


@pytest.mark.parametrize("form", HEADERS)
def test_a_header_is_found_by_what_is_needed_of_it(tmp_path, form):
    path = write(tmp_path / "t.tsv", HEADERS[form])
    (names, values), lines = HeaderedTable(path, {"id", "p"}).columns(["id", "p"])
    assert (names, values) == (["x"], ["1"])
    written = HEADERS[form].replace("\ufeff", "").split("\n")
    assert written[lines.numbers[0] - 1].replace('"', "").rstrip("\t").endswith("x\t1")


# Which of two lines with as many columns is the header, only the needed columns can tell.
@pytest.mark.parametrize("form", sorted(set(HEADERS) - {"a comment with tabs before"}))
def test_a_header_that_lacks_a_column_is_still_the_header(tmp_path, form):
    """What the messages list are the columns, not the first remark."""
    header = HeaderedTable(write(tmp_path / "t.tsv", HEADERS[form]), {"id", "q"}).header
    assert [name for name in header if name] == ["id", "p"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a\ta\n1\t2\n", ", line 1: two columns are called 'a': rename one."),
        (
            "a\tb\n1\t2\n3\n",
            ", line 3: found 1 column, and the header has 2: separate columns by single tabs.",
        ),
        (
            "a\tb\n1\t2\n3\t4\t5\n",
            ", line 3: found 3 columns, and the header has 2: separate columns by single",
        ),
        ("\n", " is empty: a tab-separated table is needed."),
        ("\n<html>\n", " is a web page, not a table: fetch the file itself."),
    ],
)
def test_a_table_that_cannot_be_read_is_named(tmp_path, text, sentence):
    path = write(tmp_path / "t.tsv", text)
    with pytest.raises(InputError) as error:
        list(HeaderedTable(path))
    assert str(error.value).startswith(f"{path}{sentence}")


@pytest.mark.parametrize(
    ("text", "number"),
    [("7", 7), ("-1", -1), ("+3", 3), ("1e+05", 10**5), ("1e5", 10**5), ("1.2E+07", 12 * 10**6), ("100.0",
    100),
     (" 5", 5), ("007", 7), ("1e2", 100)],
)  # fmt: skip
def test_whole_numbers_as_programs_write_them(text, number):
    assert TableLines("t", np.array([1])).integers("x", [text]).tolist() == [number]


@pytest.mark.parametrize(
    "text", ["", "x", "1.5", "1e-2", "1.23457e+07", "nan", "inf", "1,000", "٣", "1e400", "0x1"]
)
def test_what_is_no_whole_number_or_a_rounded_one_is_refused(text):
    with pytest.raises(InputError, match=r"^t, line 4: x is .*, .*(a|of a) whole number (is|are) needed\.$"):
        TableLines("t", np.array([4])).integers("x", [text])
    assert not is_interval(["chr1", text, "9"])


NAMES = ["1", "007", "NA", "null", "true", "1e5", "nan", "-", "3.50", "#x", 'say "a"', "é", ""]


@pytest.mark.parametrize("ending", ["tsv", "tsv.gz"])
@pytest.mark.parametrize("chosen", [slice(0, 2), slice(4, 5), slice(None)])
def test_names_that_look_like_numbers_stay_text_in_the_projects_tables(tmp_path, ending, chosen):
    names = NAMES[chosen]
    columns = ("name", "chrom", "task", "group", "source_name", "pair", "set", "comparison")
    table = pd.DataFrame({column: names for column in columns} | {"p": 0.5})
    write_table(table, tmp_path / f"t.{ending}")
    found = read_table(tmp_path / f"t.{ending}")
    for column in columns:
        assert found[column].fillna("").tolist() == names
    assert found["p"].dtype == float


def test_equal_tables_are_equal_bytes_whoever_writes_them(tmp_path, monkeypatch):
    table = pd.DataFrame({"name": ["one", "two"], "value": [1.5, 2.0]})
    packed = []
    for process in (1, 22):  # whose number is in the name of what is not finished
        monkeypatch.setattr("dfim.files.whole.os.getpid", lambda process=process: process)
        write_table(table, tmp_path / "t.tsv.gz")
        packed.append((tmp_path / "t.tsv.gz").read_bytes())
    assert packed[0] == packed[1]
