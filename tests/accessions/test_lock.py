"""The lock keeps every word, says what changed, and names the line at fault; and which of its files a row means."""

import pytest

from dfim.accessions.choice import replicate_lanes
from dfim.accessions.lock import by_accession, differences, read_lock, write_lock
from dfim.accessions.records import ReadFile
from dfim.errors import InputError


def file(name, **changes):
    values = {
        "asked": "ENCSR000AAA", "portal": "ENCODE", "file": name, "address": f"http://localhost/{name}.fastq.gz",
        "md5": "0" * 32, "bytes": 1000, "ends": "single", "read_end": 1, "run": name, "experiment": "ENCSR000AAA",
        "sample": "ENCBS000AAA", "title": "Homo sapiens K562", "biological_replicate": "1", "technical_replicate": "1",
        "cell_type": "K562", "assay": "DNase-seq", "reads": 100, "read_length": 36, "status": "released",
        "released": "2013-06-14",
    }  # fmt: skip
    return ReadFile(**values | changes)


def test_a_lock_is_read_as_it_was_written_in_one_order(tmp_path):
    files = [file("ENCFF001AAB", note="an\todd\nnote"), file("ENCFF001AAA", asked="GSM1")]
    write_lock(files, tmp_path / "a.tsv")
    write_lock(files[::-1], tmp_path / "b.tsv")
    assert (tmp_path / "a.tsv").read_bytes() == (tmp_path / "b.tsv").read_bytes()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    found = by_accession(read_lock(tmp_path / "a.tsv"))
    assert found == {"ENCSR000AAA": [file("ENCFF001AAB", note="an odd note")], "GSM1": [files[1]]}


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("1000", "many", "line 3: bytes is 'many', and a whole number from 0 is needed."),
        ("single", "double", "line 3: ends is 'double' and read_end 1; single or paired, and 1 or 2, are needed."),
        ("http://localhost/ENCFF001AAA.fastq.gz", "", "line 3: the address is empty; a URL or a path is needed."),
        ("\t36\t", "\t", "line 3: found 20 columns, and the header has 21."),
        ("\tmd5\t", "\tsum\t", "line 3: the column 'md5' is missing; the columns are asked, portal, file,"),
    ],
)  # fmt: skip
def test_a_wrong_lock_is_refused_by_line(tmp_path, old, new, sentence):
    write_lock([file("ENCFF001AAA")], tmp_path / "a.tsv")
    text = (tmp_path / "a.tsv").read_text()
    assert old in text
    (tmp_path / "a.tsv").write_text(text.replace(old, new))
    with pytest.raises(InputError) as error:
        read_lock(tmp_path / "a.tsv")
    assert sentence in str(error.value)


def test_differences_name_what_came_went_and_changed():
    before = [file("ENCFF001AAA"), file("ENCFF001AAB")]
    after = [file("ENCFF001AAA", md5="1" * 32, status="archived"), file("ENCFF001AAC")]
    assert differences(before, after) == [
        f"~ ENCSR000AAA ENCFF001AAA: md5 was '{'0' * 32}', and is '{'1' * 32}'",
        "~ ENCSR000AAA ENCFF001AAA: status was 'released', and is 'archived'",
        "- ENCSR000AAA ENCFF001AAB: is no longer there",
        "+ ENCSR000AAA ENCFF001AAC: http://localhost/ENCFF001AAC.fastq.gz (1000 bytes)",
    ]
    assert differences(before, before[::-1]) == []


def names(lanes):
    return {name: [[one.file for one in files] for files in runs] for name, runs in lanes.items()}


def test_replicates_are_biological_ones_with_technical_ones_and_runs_as_lanes():
    files = [
        file("R2", biological_replicate="2"),
        file("R1b", technical_replicate="2"),
        file("R1a_2", ends="paired", read_end=2, run="R1a_1", biological_replicate="3"),
        file("R1a_1", ends="paired", run="R1a_1", biological_replicate="3"),
        file("R1"),
    ]
    assert names(replicate_lanes(files, "s")) == {
        "1": [["R1"], ["R1b"]],
        "2": [["R2"]],
        "3": [["R1a_1", "R1a_2"]],
    }
    assert names(replicate_lanes(files[:2], "s", replicate="all")) == {"all": [["R2"], ["R1b"]]}


def test_samples_of_a_series_are_replicates_and_are_chosen_by_name():
    files = [
        file("a", sample="GSM1", title="SU070-LSC-1", biological_replicate="SRX1"),
        file("b", sample="GSM1", title="SU070-LSC-1", biological_replicate="SRX2"),
        file("c", sample="GSM2", title="SU070-Blast"),
    ]
    assert names(replicate_lanes(files, "s", ["*LSC*"])) == {"GSM1": [["a"], ["b"]]}
    assert names(replicate_lanes(files, "s", ["GSM2", "*LSC*"])) == {"GSM1": [["a"], ["b"]], "GSM2": [["c"]]}
    with pytest.raises(InputError) as error:
        replicate_lanes(files, "sheet.tsv, line 4", ["*pHSC*"])
    assert str(error.value) == (
        "sheet.tsv, line 4: no sample of ENCSR000AAA has a name like '*pHSC*'; the samples are GSM1 SU070-LSC-1, "
        "GSM2 SU070-Blast."
    )


def test_mixed_read_ends_are_refused_until_the_sheet_says_which():
    files = [file("one"), file("two", ends="paired"), file("three", ends="paired", read_end=2, run="two")]
    with pytest.raises(InputError) as error:
        replicate_lanes(files, "sheet.tsv, line 2")
    assert str(error.value) == (
        "sheet.tsv, line 2: the replicate 1 of ENCSR000AAA has reads of ends that are paired (two) and single "
        "(one): say in the column ends which are to be used."
    )
    assert names(replicate_lanes(files, "s", ends="paired")) == {"1": [["two", "three"]]}
    with pytest.raises(
        InputError, match="ENCSR000AAA has no reads of paired ends: leave the column ends empty"
    ):
        replicate_lanes(files[:1], "sheet.tsv, line 2", ends="paired")
