"""What a file holds: each kind is known by itself, whole, packed or not, and never a web page."""

import gzip

import h5py
import numpy as np
import onnx
import pytest

from dfim.errors import InputError
from dfim.files.arrivals import KINDS, check_content, web_page_title
from dfim.genomes.intervals import read_peaks


def make(kind, path):
    """Write a small file of a kind."""
    match kind:
        case "fasta":
            path.write_text(">chr1\nACGT\n")
        case "peaks":
            path.write_text("track name=x\nchr1\t5\t9\tpeak\n")
        case "table":
            path.write_text("chrom\tpos1\n")
        case "json":
            path.write_text('{"name": "Sequential"}')
        case "hdf5" | "network":
            h5py.File(path, "w").close()
        case "array":
            with open(path, "wb") as handle:
                np.save(handle, np.zeros(3))
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_told_from_the_others(tmp_path, kind):
    related = {"peaks": {"table"}, "network": {"hdf5"}, "hdf5": {"network"}}.get(kind, set())
    path = make(kind, tmp_path / "file")
    for other in KINDS:
        if other == kind or other in related:
            check_content(path, "it", other)
        else:
            with pytest.raises(InputError, match=r"^it is not .*: it begins with b.* give another file\.$"):
                check_content(path, "it", other)


def test_an_onnx_file_is_a_network(tmp_path):
    model = onnx.helper.make_model(onnx.helper.make_graph([], "nothing", [], []))
    onnx.save(model, tmp_path / "file")
    check_content(tmp_path / "file", "it", "network")
    with pytest.raises(InputError, match=r"^it is not an HDF5 file"):
        check_content(tmp_path / "file", "it", "hdf5")


@pytest.mark.parametrize("kind", ["fasta", "peaks", "table"])
def test_text_may_be_packed(tmp_path, kind):
    packed = tmp_path / "file.gz"
    packed.write_bytes(gzip.compress(make(kind, tmp_path / "file").read_bytes()))
    check_content(packed, "file.gz", kind)


def test_long_files_are_judged_by_their_first_lines(tmp_path):
    path = tmp_path / "long.bed"
    path.write_text("chr1\t5\t9\n" * 20000)
    check_content(path, "long.bed", "peaks")
    path.write_text("chr1\t5\t9\n" * 20000 + "chr1 5 9\n")
    check_content(path, "long.bed", "peaks")  # the reader of peaks names the line


HEADERS = {
    "fasta": "\n" * 70_000,
    "peaks": "# a remark\n" * 7_000 + "track name=x\n",
    "table": "##contig=<ID=scaffold_1,length=1000>\n" * 3_000,
}
FIRST = {"fasta": ">a\nACGT\n", "peaks": "chr1\t5\t9\n", "table": "chr1\t5\n"}


def members(content):
    """Pack as bgzip does, in many members, and two empty ones first."""
    parts = [content[place : place + 999] for place in range(0, len(content), 999)]
    return b"".join(map(gzip.compress, [b"", b"", *parts]))


@pytest.mark.parametrize("kind", HEADERS)
@pytest.mark.parametrize("pack", [bytes, gzip.compress, members])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_header_of_any_size_is_read_until_data_begin(tmp_path, kind, pack, mark):
    path = tmp_path / "file"
    path.write_bytes(pack((mark + HEADERS[kind] + FIRST[kind]).encode()))
    check_content(path, "it", kind)
    path.write_bytes(pack((mark + HEADERS[kind]).encode()))
    with pytest.raises(InputError, match=r"^it is not .*: it begins with b"):
        check_content(path, "it", kind)


@pytest.mark.parametrize("row", ["chr1\t1e+05\t200000\n", "trackA\t5\t9\t\n", "chr1\t5\t9\r\n"])
def test_what_the_reader_takes_is_taken_on_arrival(tmp_path, row):
    path = tmp_path / "file"
    path.write_text(row)
    check_content(path, "it", "peaks")
    assert len(read_peaks(path, {"chr1": 300_000, "trackA": 10})) == 1


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("<!DOCTYPE html>\n<html><title>Not\n found</title>", "Not found"),
        ("\n <HTML><body><h1>503 <b>Busy</b></h1></body>", "503 Busy"),
        ("<html></html>", ""),
        ('<?xml version="1.0"?>\n<Error><Code>x</Code><Message>No such key</Message></Error>', "No such key"),
        (">chr1\nACGT", None),
        ('<?xml version="1.0"?><plist>', None),
        ("", None),
    ],
)
def test_web_pages_are_known_by_how_they_begin(tmp_path, text, title):
    path = tmp_path / "page"
    path.write_text(text)
    assert web_page_title(path) == title
    path.write_bytes(gzip.compress(text.encode()))
    assert web_page_title(path) == title


def test_an_empty_file_is_none(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"^it is empty: fetch it again, or give another address"):
        check_content(tmp_path / "file", "it", "")
