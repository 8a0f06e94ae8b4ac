"""Sheets of tasks and of samples: what they mean, and what is refused."""

import pytest

from dfim.errors import InputError
from workflow.samples import read_sample_sheet
from workflow.sheets import read_tasks


def sheet(tmp_path, text):
    path = tmp_path / "tasks.tsv"
    path.write_text(text)
    return path


def test_sheet_rows_are_read_in_order(tmp_path):
    path = sheet(
        tmp_path, "task\tassay\tpeaks\tsha256\n# a remark\nB\tATAC-seq\tb.bed\t\nA\tATAC-seq\ta.bed\n"
    )
    assert [row["task"] for row in read_tasks(path)] == ["B", "A"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("task\tassay\tpeaks\n", "{path} has no row of tasks; it needs a header and at least one row."),
        (
            "task\tassay\tpeaks\nA\tATAC\ta.bed\nA\tATAC\tb.bed\n",
            "{path}, line 3: the task 'A' appears twice; name each task once.",
        ),
        (
            "task\tassay\tpeaks\nA\tATAC\ta.bed\textra\n",
            "{path}, line 2: found 4 columns where the header has 3; separate the columns by single tabs.",
        ),
        (
            "task\tassay\tpeak\nA\tATAC\ta.bed\n",
            "{path}, line 2: key 'peak' (value 'a.bed') is not known; allowed here are "
            "task, assay, peaks, reads, peak_set, samples, least, sha256, md5, motif. Did you mean 'peaks'?",
        ),
        (
            "task\tassay\tpeaks\n../A\tATAC\ta.bed\n",
            "{path}, line 2: key 'task' has the value '../A', which does not match the form "
            "^[A-Za-z0-9][A-Za-z0-9._+-]*$: Name of the task, as it appears in tables and in paths.",
        ),
    ],
)
def test_sheet_errors_name_file_and_line(tmp_path, text, sentence):
    path = sheet(tmp_path, text)
    with pytest.raises(InputError) as error:
        read_tasks(path)
    assert str(error.value) == sentence.format(path=path)


def test_missing_sheet(tmp_path):
    with pytest.raises(InputError, match="does not exist; give the path of a TSV file with a header"):
        read_tasks(tmp_path / "none.tsv")


HEADER = "task\treplicate\tassay\tends\tfastq_1\tfastq_2\tsubsample\n"


def write(tmp_path, text):
    path = tmp_path / "samples.tsv"
    path.write_text(text)
    return path


def test_lanes_are_gathered_by_task_and_replicate(tmp_path):
    text = HEADER + (
        "A\t1\tATAC-seq\tpaired\ta1.fq\ta2.fq\t100\nA\t1\tATAC-seq\tpaired\tb1.fq\tb2.fq\t100\n"
        "A\t2\tATAC-seq\tsingle\tc.fq\t\t\nB\tx\tDNase-seq\tsingle\td.fq\nB\ty\tDNase-seq\tsingle\te.fq\n"
    )
    found = read_sample_sheet(write(tmp_path, text)).samples()
    assert {task: {name: len(rows) for name, rows in reps.items()} for task, reps in found.items()} == {
        "A": {"1": 2, "2": 1},
        "B": {"x": 1, "y": 1},
    }
    assert found["A"]["1"][1]["fastq_2"] == "b2.fq"


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (
            "A\t1\tATAC-seq\tpaired\ta.fq\n",
            "line 2: ends is 'paired' and fastq_2 is empty: name the mates' file.",
        ),
        (
            "A\t1\tATAC-seq\tsingle\ta.fq\tb.fq\n",
            "line 2: ends is 'single' and fastq_2 is 'b.fq': remove it, or say 'paired'.",
        ),
        (
            "A\t1\tATAC-seq\tsingle\ta.fq\nA\t2\tATAC-seq\tsingle\ta.fq\n",
            "line 3: a.fq is named on line 2 too: name each file once.",
        ),
        (
            "A\t1\tATAC-seq\tsingle\ta.fq\n",
            "the task 'A' has the replicate 1 alone, and peaks are kept by comparing two: add the rows "
            "of another",
        ),
        (
            "A\t1\tATAC-seq\tsingle\ta.fq\nA\t2\tDNase-seq\tsingle\tb.fq\n",
            "line 3: assay is 'DNase-seq', and an earlier row of the same task has 'ATAC-seq': all rows "
            "of a task",
        ),
        (
            "A\t1\tATAC-seq\tsingle\ta.fq\t\t5\nA\t1\tATAC-seq\tsingle\tb.fq\t\t6\n",
            "line 3: subsample is '6', and an earlier row of the same replicate has '5'",
        ),
        ("A\tpooled\tATAC-seq\tsingle\ta.fq\n", "line 2: a replicate cannot be called 'pooled'"),
        (
            "A\t1\tChIP-seq\tsingle\ta.fq\n",
            "line 2: key 'assay' has the value 'ChIP-seq'; allowed values are ATAC",
        ),
        (
            "A\tr.1\tATAC-seq\tsingle\ta.fq\n",
            "line 2: key 'replicate' has the value 'r.1', which does not match",
        ),
    ],
)
def test_what_is_wrong_with_a_sheet_is_said(tmp_path, rows, sentence):
    with pytest.raises(InputError) as error:
        read_sample_sheet(write(tmp_path, HEADER + rows)).samples()
    assert sentence in str(error.value)


@pytest.mark.parametrize(("row", "word"), [("A\tx\ta.bed\tset\n", "both"), ("A\tx\t\t\n", "no")])
def test_a_task_has_peaks_or_reads(tmp_path, row, word):
    path = write(tmp_path, "task\tassay\tpeaks\treads\n" + row)
    with pytest.raises(InputError) as error:
        read_tasks(path)
    assert str(error.value) == (
        f"{path}, line 2: the task 'A' has {word} peaks and reads; give a peak file, or the reads (of the "
        "configuration) to make peaks from."
    )
