"""The sheet of samples: what it means, and what is refused."""

from pathlib import Path

import pytest

from configuration import read_tasks
from dfim.accessions.records import ReadFile
from dfim.errors import InputError
from samples import read_sample_sheet, read_samples

SCHEMAS = Path(__file__).parents[1] / "config/schemas"
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
    found = read_samples(write(tmp_path, text), SCHEMAS / "samples.schema.yaml")
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
        read_samples(write(tmp_path, HEADER + rows), SCHEMAS / "samples.schema.yaml")
    assert sentence in str(error.value)


@pytest.mark.parametrize(("row", "word"), [("A\tx\ta.bed\tset\n", "both"), ("A\tx\t\t\n", "no")])
def test_a_task_has_peaks_or_reads(tmp_path, row, word):
    path = write(tmp_path, "task\tassay\tpeaks\treads\n" + row)
    with pytest.raises(InputError) as error:
        read_tasks(path, SCHEMAS / "tasks.schema.yaml")
    assert str(error.value) == (
        f"{path}, line 2: the task 'A' has {word} peaks and reads; give a peak file, or the reads (of the "
        "configuration) to make peaks from."
    )


def lock_file(name, run, replicate="1", **changes):
    values = {
        "asked": "ENCSR000AAA", "portal": "ENCODE", "file": name, "address": f"http://localhost/{name}.fastq.gz",
        "md5": "0" * 32, "bytes": 7, "ends": "paired", "read_end": 1, "run": run, "experiment": "ENCSR000AAA",
        "sample": "", "title": "", "biological_replicate": replicate, "technical_replicate": "1", "cell_type": "K562",
        "assay": "ATAC-seq", "reads": 100, "read_length": 36, "status": "released", "released": "2013-06-14",
    }  # fmt: skip
    return ReadFile(**values | changes)


FOUND = {
    "ENCSR000AAA": [
        lock_file("a1", "a1"), lock_file("a2", "a1", read_end=2), lock_file("b", "b", ends="single"),
        lock_file("c1", "c1", "2"), lock_file("c2", "c1", "2", read_end=2),
    ],
}  # fmt: skip
ACCESSIONS = "task\treplicate\tassay\tends\taccession\tsubsample\n"


def test_an_accession_becomes_the_lanes_of_its_replicates(tmp_path):
    text = ACCESSIONS + "A\t\tATAC-seq\tpaired\tENCSR000AAA\t50\n"
    sheet = read_sample_sheet(write(tmp_path, text), SCHEMAS / "samples.schema.yaml")
    assert (sheet.tasks, sheet.accessions) == (["A"], ["ENCSR000AAA"])
    found = sheet.samples(FOUND)["A"]
    assert {name: [(row["fastq_1"], row["fastq_2"]) for row in rows] for name, rows in found.items()} == {
        "1": [("http://localhost/a1.fastq.gz", "http://localhost/a2.fastq.gz")],
        "2": [("http://localhost/c1.fastq.gz", "http://localhost/c2.fastq.gz")],
    }
    (row,) = found["1"]
    assert (row["ends"], row["md5_2"], row["bytes_1"], row["reads"], row["subsample"]) == (
        "paired", "0" * 32, 7, 200, "50",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ("A\t\tATAC-seq\t\tK562\n", "line 2: 'K562' is no accession that is known here (ENCODE experiment;"),
        (
            "A\t1\tATAC-seq\tpaired\t\n",
            "line 2: the row has neither of fastq_1 and accession: give one of them.",
        ),
        (
            "A\t\tATAC-seq\t\tENCSR000AAB\n",
            "line 2: it is not known which files the accession ENCSR000AAB has: 'snakemake accessions' asks the",
        ),
        (
            "A\t\tDNase-seq\tpaired\tENCSR000AAA\n",
            "line 2: assay is 'DNase-seq', and ENCSR000AAA is ATAC-seq: correct one of them.",
        ),
        (
            "A\tx\tATAC-seq\tpaired\tENCSR000AAA\n",
            "the task 'A' has the replicate x alone, and peaks are kept by comparing two",
        ),
        (
            "A\t\tATAC-seq\tpaired\tENCSR000AAA\nA\t\tATAC-seq\tpaired\tENCSR000AAA\n",
            "line 3: http://localhost/a1.fastq.gz is named on line 2 too: name each file once.",
        ),
    ],
)
def test_what_is_wrong_with_a_row_of_an_accession(tmp_path, rows, sentence):
    with pytest.raises(InputError) as error:
        read_samples(write(tmp_path, ACCESSIONS + rows), SCHEMAS / "samples.schema.yaml", FOUND)
    assert sentence in str(error.value)
