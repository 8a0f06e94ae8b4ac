"""Sheets of samples by accession: the lanes that they become, what is refused, and a lock that comes
later.
"""

import pytest

from dfim.accessions.lock import write_lock
from dfim.accessions.records import ReadFile
from dfim.errors import InputError
from workflow.samples import SampleTasks, Unresolved, locks_of, read_sample_sheet


def write(tmp_path, text):
    path = tmp_path / "samples.tsv"
    path.write_text(text)
    return path


def lock_file(name, run, replicate="1", **changes):
    values = {
        "asked": "ENCSR000AAA", "portal": "ENCODE", "file": name, "address": f"http://localhost/{name}.fastq.gz",
        "md5": "0" * 32, "bytes": 7, "ends": "paired", "read_end": 1, "run": run, "experiment": "ENCSR000AAA",
        "sample": "", "title": "", "biological_replicate": replicate, "technical_replicate": "1",
        "cell_type": "K562",
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
    sheet = read_sample_sheet(write(tmp_path, text))
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
        ("A\t\tATAC-seq\t\tK562\n", "line 2: 'K562' is no accession that is known here: give one of ENCODE"),
        (
            "A\t1\tATAC-seq\tpaired\t\n",
            "line 2: the row has neither of fastq_1 and accession: give one of them.",
        ),
        (
            "A\t\tATAC-seq\t\tENCSR000AAB\n",
            "line 2: it is not known which files the accession ENCSR000AAB has: 'snakemake accessions' "
            "asks the",
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
        read_sample_sheet(write(tmp_path, ACCESSIONS + rows)).samples(FOUND)
    assert sentence in str(error.value)


def test_tasks_are_known_before_the_lock_and_rows_when_it_comes(tmp_path):
    text = ACCESSIONS + "A\t\tATAC-seq\tpaired\tENCSR000AAA\t\n"
    tasks = SampleTasks(read_sample_sheet(write(tmp_path, text), str(tmp_path / "locks")))
    assert (list(tasks), "A" in tasks, "B" in tasks) == (["A"], True, False)
    assert locks_of({"one": tasks, "two": tasks}) == {str(tmp_path / "locks/samples.tsv"): ["ENCSR000AAA"]}
    with pytest.raises(Unresolved) as missing:
        tasks["A"]
    assert missing.value.lock == str(tmp_path / "locks/samples.tsv")
    write_lock(FOUND["ENCSR000AAA"], missing.value.lock)
    assert list(tasks["A"]) == ["1", "2"]


def test_a_sheet_names_either_files_or_accessions(tmp_path):
    text = ACCESSIONS.replace("accession", "accession\tfastq_1")
    rows = "A\t\tATAC-seq\t\tGSM1\t\t\nA\t2\tATAC-seq\tsingle\t\ta.fastq\t\n"
    with pytest.raises(InputError, match="line 3: a sheet names either files or accessions: make two sheets"):
        read_sample_sheet(write(tmp_path, text + rows))
