"""Accessions against a server that answers as the portals do: each kind to its files, every obstacle a sentence."""

import pytest
from support.portal_server import PortalServer

from dfim.accessions.encode import peak_files
from dfim.accessions.portals import Portals
from dfim.accessions.resolve import check_accession, resolve
from dfim.errors import InputError

OPTIONS = {"tries": 3, "pause": 0.01, "timeout": 2}


@pytest.fixture
def server():
    started = PortalServer()
    yield started
    started.close()


@pytest.fixture
def portals(server, monkeypatch):
    monkeypatch.setattr("dfim.accessions.portals._PAUSES", dict.fromkeys(("encode", "ena", "geo"), 0.0))
    return Portals(server.addresses, OPTIONS)


def replicate(biological, technical=1):
    return {"biological_replicate_number": biological, "technical_replicate_number": technical}


def refusal(portals, accession):
    with pytest.raises(InputError) as error:
        resolve(portals, accession)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_an_experiment_is_its_replicates_and_their_pairs(server, portals):
    pairs = server.add_pair("ENCFF001AAB", "ENCFF001AAA", replicate=replicate(1))
    single = server.add_file("ENCFF001AAC", replicate=replicate(2, 3))
    others = [
        server.add_file("ENCFF001AAD", file_format="bam"),
        server.add_file("ENCFF001AAE", output_type="index reads"),
    ]
    server.add_experiment("ENCSR000AAA", [*pairs, single, *others])
    found = resolve(portals, "ENCSR000AAA")
    keys = [
        (one.file, one.ends, one.read_end, one.run, one.biological_replicate, one.technical_replicate)
        for one in found
    ]
    assert keys == [
        ("ENCFF001AAB", "paired", 1, "ENCFF001AAB", "1", "1"),
        ("ENCFF001AAA", "paired", 2, "ENCFF001AAB", "1", "1"),
        ("ENCFF001AAC", "single", 1, "ENCFF001AAC", "2", "3"),
    ]
    last = found[-1]
    assert last.address == f"{server.base}/files/ENCFF001AAC/@@download/ENCFF001AAC.fastq.gz"
    assert (last.md5, last.bytes, last.reads, last.read_length) == (single["md5sum"], 1000, 100, 36)
    assert (last.cell_type, last.assay, last.status, last.released) == (
        "K562",
        "DNase-seq",
        "released",
        "2013-06-14",
    )
    assert {one.asked for one in found} == {"ENCSR000AAA"}


def test_a_file_brings_its_mate(server, portals):
    server.add_experiment("ENCSR000AAA", server.add_pair("ENCFF001AAA", "ENCFF001AAB"))
    for named in ("ENCFF001AAA", "ENCFF001AAB"):
        found = resolve(portals, named)
        assert [(one.file, one.read_end) for one in found] == [("ENCFF001AAA", 1), ("ENCFF001AAB", 2)]
        assert found[0].experiment == "ENCSR000AAA"


def test_of_two_releases_of_a_lane_the_newer_is_taken_and_the_log_says_so(server, portals, caplog):
    lane = {"flowcell_details": [{"machine": "m", "flowcell": "f", "lane": "1"}]}
    old = server.add_file("ENCFF001AAZ", date_created="2012-01-01", **lane)
    new = server.add_file("ENCFF001AAA", date_created="2014-01-01", **lane)
    other = server.add_file("ENCFF001AAB", flowcell_details=[{"machine": "m", "flowcell": "f", "lane": "2"}])
    server.add_experiment("ENCSR000AAA", [old, new, other])
    assert {one.file for one in resolve(portals, "ENCSR000AAA")} == {"ENCFF001AAA", "ENCFF001AAB"}
    assert "ENCFF001AAZ is an older release of ENCFF001AAA, and is left out" in caplog.text


def test_archived_and_superseded_files_are_left_out(server, portals, caplog):
    files = [
        server.add_file("ENCFF001AAA", status="archived"),
        server.add_file("ENCFF001AAB", superseded_by=["/files/ENCFF001AAC/"]),
        server.add_file("ENCFF001AAC"),
    ]
    server.add_experiment("ENCSR000AAA", files)
    assert [one.file for one in resolve(portals, "ENCSR000AAA")] == ["ENCFF001AAC"]
    assert "the file ENCFF001AAA is archived, and is left out" in caplog.text
    assert "the file ENCFF001AAB was superseded by ENCFF001AAC, and is left out" in caplog.text
    # Named by itself, an archived file is what is wanted.
    (named,) = resolve(portals, "ENCFF001AAA")
    assert (named.status, named.note) == ("archived", "archived")


def test_a_superseded_experiment_is_taken_as_named_with_a_note(server, portals):
    server.add_experiment(
        "ENCSR000AAA", [server.add_file("ENCFF001AAA")], superseded_by=["/experiments/ENCSR000AAB/"]
    )
    assert resolve(portals, "ENCSR000AAA")[0].note == "superseded by ENCSR000AAB"


def test_obstacles_at_encode_are_one_sentence_each(server, portals):
    server.add_experiment("ENCSR000AAA", [server.add_file("ENCFF001AAA", file_format="bam")])
    server.add_experiment("ENCSR000AAB", [server.add_file("ENCFF001AAB", restricted=True)])
    server.add_experiment("ENCSR000AAC", [], status="replaced", superseded_by=["/experiments/ENCSR000AAZ/"])
    server.add_experiment("ENCSR000AAD", [], status="revoked")
    server.objects["experiments/ENCSR000AAE"] = server.objects["experiments/ENCSR000AAB"]
    server.add_experiment("ENCSR000AAF", [server.add_pair("ENCFF001AAC", "ENCFF001AAD")[0]])
    server.add_experiment("ENCSR000AAG", [server.add_file("ENCFF001AAE", status="archived")])
    server.faults["/experiments/ENCSR000AAH"] = [403]
    assert refusal(portals, "ENCSR000AAA") == (
        "ENCODE's experiment ENCSR000AAA has no FASTQ file of reads (it has bam): name another experiment, or "
        "give its peaks."
    )
    assert refusal(portals, "ENCSR000AAB") == (
        "ENCSR000AAB: ENCODE's ENCFF001AAB is under controlled access: apply for it at dbGaP "
        "(https://dbgap.ncbi.nlm.nih.gov), download it by yourself, and give its path as fastq_1."
    )
    assert refusal(portals, "ENCSR000AAC") == (
        "ENCODE's ENCSR000AAC was replaced, and ENCSR000AAZ took its place: name ENCSR000AAZ."
    )
    assert refusal(portals, "ENCSR000AAD") == "ENCODE's ENCSR000AAD was revoked: name another one."
    assert (
        refusal(portals, "ENCSR000AAE") == "ENCODE's ENCSR000AAE is now part of ENCSR000AAB: name that one."
    )
    assert refusal(portals, "ENCSR000AAF") == (
        "ENCODE's ENCSR000AAF has the file ENCFF001AAC of paired ends without its mate ENCFF001AAD among the "
        "files to be used: name the files themselves."
    )
    assert refusal(portals, "ENCSR000AAG") == (
        "ENCODE's experiment ENCSR000AAG has no FASTQ file that is released and current (ENCFF001AAE: "
        "archived): name the files themselves to take them."
    )
    assert refusal(portals, "ENCSR000AAH") == (
        "ENCODE does not show ENCSR000AAH to the public: it is not released; name another one."
    )
    assert refusal(portals, "ENCSR999ZZZ") == (
        "ENCODE does not know ENCSR999ZZZ (experiments): check the accession."
    )
    assert refusal(portals, "ENCFF001AAA") == "ENCODE's file ENCFF001AAA is bam, and FASTQ is needed."


def test_a_query_is_asked_page_by_page(server, portals):
    for number in range(450):
        server.add_file(f"ENCFF{number:03d}AAA", file_format="bed", assembly="hg19", assay_title="DNase-seq")
    server.add_file("ENCFF900AAA", file_format="bed", assembly="GRCh38", assay_title="DNase-seq")
    found = peak_files(portals, {"file_format": "bed", "assembly": "hg19", "status": "released"})
    assert [one["accession"] for one in found] == [f"ENCFF{number:03d}AAA" for number in range(450)]
    assert server.requests["/search/"] == 3
    with pytest.raises(InputError, match="ENCODE has no file for the query assembly mm1: change the query"):
        peak_files(portals, {"assembly": "mm1"})


@pytest.mark.parametrize(
    "accession",
    [
        "PRJNA000001",
        "SRP000001",
        "SRS0000011",
        "SAMN0000011",
        "SRX0000011",
        "SRR0000011",
        "GSE1",
        "GSM0000011",
    ],
)
def test_every_accession_of_the_archives_and_of_geo(server, portals, accession):
    server.add_run("SRR0000011", (b"one", b"two2"))
    server.add_series("GSE1", {"GSM0000011": "7256-1A"})
    found = resolve(portals, accession)
    assert [(one.file, one.ends, one.read_end, one.bytes) for one in found] == [
        ("SRR0000011_1", "paired", 1, 3), ("SRR0000011_2", "paired", 2, 4),
    ]  # fmt: skip
    first = found[0]
    assert first.address == f"{server.base}/vol1/fastq/SRR000/SRR0000011/SRR0000011_1.fastq.gz"
    assert (first.asked, first.sample, first.experiment) == (accession, "GSM0000011", "SRX0000011")
    assert first.title == ("7256-1A" if accession.startswith("GS") else "title of GSM0000011")
    assert (first.reads, first.read_length, first.released) == (100, 50, "2016-06-01")


def test_a_series_has_its_own_samples_alone_and_a_series_of_series_those_of_all(server, portals):
    for run in ("SRR0000011", "SRR0000012", "SRR0000013"):
        server.add_run(run)
    server.add_series("GSE1", {"GSM0000011": "one", "GSM0000013": "three"})
    server.add_series("GSE2", {"GSM0000011": "one", "GSM0000012": "two"}, study="")
    assert {one.sample: one.title for one in resolve(portals, "GSE1")} == {
        "GSM0000011": "one",
        "GSM0000013": "three",
    }
    assert {one.sample: one.title for one in resolve(portals, "GSE2")} == {
        "GSM0000011": "one",
        "GSM0000012": "two",
    }


def test_reads_that_lost_their_mates_are_left_out(server, portals):
    row = server.add_run("SRR0000011", (b"one", b"two"))
    for name, more in (
        ("fastq_ftp", "x/SRR0000011.fastq.gz;"),
        ("fastq_md5", "0" * 32 + ";"),
        ("fastq_bytes", "9;"),
    ):
        row[name] = more + row[name]
    assert [one.file for one in resolve(portals, "SRR0000011")] == ["SRR0000011_1", "SRR0000011_2"]


def test_obstacles_at_the_archives_are_one_sentence_each(server, portals):
    server.add_run("SRR0000011", fastq_ftp="", fastq_md5="", fastq_bytes="")
    server.add_run("SRR0000012", library_layout="SINGLE")
    server.add_series("GSE1", {"GSM0000019": "none"}, study="")
    server.summaries["GSM0000019"]["extrelations"] = []
    assert refusal(portals, "SRX0000011") == (
        "SRX0000011: SRR0000011 has no FASTQ files at ENA: name the other runs, or make FASTQ files by yourself "
        "and give their paths."
    )
    assert refusal(portals, "SRR0000012") == (
        "SRR0000012: the run SRR0000012 has the layout SINGLE and the files SRR0000012_1.fastq.gz, "
        "SRR0000012_2.fastq.gz: name its files by hand, as fastq_1 (and fastq_2)."
    )
    assert refusal(portals, "SRX9999999") == (
        "ENA has no public runs of SRX9999999: check the accession; reads under controlled access are not "
        "listed, and are applied for at dbGaP (https://dbgap.ncbi.nlm.nih.gov) or EGA (https://ega-archive.org)."
    )
    assert refusal(portals, "GSM0000019").startswith(
        "GEO names no public reads of GSM0000019: those under controlled"
    )
    assert refusal(portals, "GSE1").startswith("GEO names no public reads of GSE1: ")
    assert refusal(portals, "GSE7") == "GEO does not know GSE7, or does not show it yet: check the accession."


def test_what_is_no_accession_and_what_must_be_applied_for():
    with pytest.raises(
        InputError, match=r"sheet.tsv, line 3: 'K562' is no accession that is known here \(ENCODE exp"
    ):
        check_accession("K562", "sheet.tsv, line 3")
    with pytest.raises(InputError, match=r"phs000424.v8 is under controlled access: apply for it at dbGaP"):
        check_accession("phs000424.v8", "sheet.tsv, line 3")
    with pytest.raises(InputError, match=r"EGAD00001002729 is under controlled access: apply for it at EGA"):
        check_accession("EGAD00001002729", "sheet.tsv, line 3")


def test_busy_servers_are_asked_again_and_each_question_is_asked_once(server, portals):
    server.add_experiment("ENCSR000AAA", [server.add_file("ENCFF001AAA")])
    server.faults["/experiments"] = [429, 503]
    assert len(resolve(portals, "ENCSR000AAA")) == 1
    assert len(resolve(portals, "ENCSR000AAA")) == 1
    assert server.requests["/experiments/ENCSR000AAA/"] == 3
    server.faults["/ena"] = [500, 502, 504]
    assert "could not be downloaded (HTTP Error 504" in refusal(portals, "SRR0000011")
    assert server.requests["/ena/filereport"] == 3


def test_answers_that_make_no_sense_are_sentences(server, portals):
    server.contents["/experiments/ENCSR000AAA/"] = b"<!DOCTYPE html><title>Down for maintenance</title>"
    server.contents["/experiments/ENCSR000AAB/"] = b"[]"
    server.contents["/ena/filereport"] = b"run_accession\tfastq_ftp\nSRR1\n"
    assert "is a web page (titled 'Down for maintenance')" in refusal(portals, "ENCSR000AAA")
    assert "answered with JSON that is no object" in refusal(portals, "ENCSR000AAB")
    assert "answered with a row of 1 columns under a header of 2" in refusal(portals, "SRR0000011")
