"""Fetching from a hostile server: complete and verified after some tries, or one sentence and no file."""

import gzip
import hashlib
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import numpy as np
import pytest

from dfim.errors import InputError
from dfim.files.fetching import fetch, source_states

STARTS = np.random.default_rng(0).integers(10**7, size=2000)
PEAKS = "".join(f"chr1\t{start}\t{start + 200}\n" for start in STARTS).encode()
PACKED = gzip.compress(PEAKS, mtime=0)
HALF = len(PEAKS) // 2
PAGE = b"<!DOCTYPE html>\n<html><head><title>404 &amp; nothing found</title></head><body>Sorry</body></html>"
OPTIONS = {"tries": 4, "pause": 0.01, "timeout": 0.5}


class Handler(BaseHTTPRequestHandler):
    """A server that fails in the way that the path says; only ``/plain…`` and ``/packed…`` do not."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        name = self.path.strip("/").split("/")[0].split(".")[0]
        self.server.requests.append((self.path, self.headers.get("Range")))
        self.attempt = sum(path == self.path for path, _ in self.server.requests)
        getattr(self, f"do_{name}", self.do_missing)()

    def answer(self, status, content=b"", length=True, **headers):
        self.send_response(status)
        if length:
            self.send_header("Content-Length", str(len(content) if length is True else length))
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)

    def do_plain(self):
        self.answer(200, PEAKS)

    def do_packed(self):
        self.answer(200, PACKED)

    def do_missing(self):
        self.answer(404, PAGE)

    def do_flaky(self):
        status = (500, 503, 200)[min(self.attempt, 3) - 1]
        self.answer(status, PEAKS if status == 200 else PAGE)

    def do_broken(self):
        self.answer(500, PAGE)

    def do_cut(self):
        """End at half, and serve the rest when asked for it."""
        wanted = self.headers.get("Range", "")
        if wanted == f"bytes={HALF}-" and self.headers.get("If-Range") == '"v1"':
            headers = {"Content_Range": f"bytes {HALF}-{len(PEAKS) - 1}/{len(PEAKS)}"}
            return self.answer(206, PEAKS[HALF:], ETag='"v1"', **headers)
        return self.answer(200, PEAKS[:HALF], length=len(PEAKS), ETag='"v1"')

    def do_always(self):
        """End at half whatever is asked for."""
        self.answer(200, PEAKS[:HALF], length=len(PEAKS))

    def do_changed(self):
        """End at half, and then be another version, which does not know ranges of the old one."""
        if self.attempt == 1:
            return self.answer(200, PACKED[: len(PACKED) // 2], length=len(PACKED), ETag='"v1"')
        return self.answer(200, PEAKS, ETag='"v2"')

    def do_mixed(self):
        """Continue with another version of the same size, without saying so."""
        other = PEAKS.replace(b"2", b"3")
        if "Range" not in self.headers:
            half = self.attempt == 1
            return self.answer(200, PEAKS[:HALF] if half else PEAKS, length=len(PEAKS))
        headers = {"Content_Range": f"bytes {HALF}-{len(PEAKS) - 1}/{len(PEAKS)}"}
        return self.answer(206, other[HALF:], **headers)

    def do_stall(self):
        """Say nothing after half of the file, the first time; then serve the rest."""
        if "Range" in self.headers:
            headers = {"Content_Range": f"bytes {HALF}-{len(PEAKS) - 1}/{len(PEAKS)}"}
            return self.answer(206, PEAKS[HALF:], **headers)
        self.answer(200, PEAKS[:HALF], length=len(PEAKS))
        return self.server.ended.wait(30)

    def do_silent(self):
        self.server.ended.wait(30)

    def do_slow(self):
        """Send the file in many pieces, each within the time-out, all together far beyond it."""
        self.answer(200, b"", length=len(PEAKS))
        step = len(PEAKS) // 15
        for start in range(0, len(PEAKS), step):
            time.sleep(0.1)
            self.wfile.write(PEAKS[start : start + step])

    def do_truncated(self):
        """A gzip file that is cut on the server: its length is that of the piece."""
        self.answer(200, PACKED[:-200])

    def do_unannounced(self):
        """Cut a gzip file, without a length that would tell, the first time."""
        self.answer(200, PACKED[:-200] if self.attempt == 1 else PACKED, length=False)

    def do_page(self):
        """A web page with the status of success."""
        self.answer(200, PAGE)

    def do_circle(self):
        self.answer(302, Location="/circle")

    def do_moved(self):
        self.answer(301, Location="/plain")

    def do_busy(self):
        status = 429 if self.attempt == 1 else 200
        self.answer(status, PEAKS if status == 200 else b"", Retry_After="0")

    def log_message(self, *arguments):
        """Say nothing."""


@pytest.fixture
def server():
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.requests, httpd.ended, httpd.daemon_threads = [], Event(), True
    Thread(target=httpd.serve_forever, args=(0.02,), daemon=True).start()
    yield httpd
    httpd.ended.set()
    httpd.shutdown()
    httpd.server_close()


@pytest.fixture
def get(server, tmp_path):
    """Return a function that fetches a path of the server and returns the content that it left."""

    def fetched(path, kind="peaks", options=OPTIONS, **parts):
        location = f"http://127.0.0.1:{server.server_port}/{path}"
        fetch({"location": location, "kind": kind, **parts}, tmp_path / "out" / "file", options)
        return (tmp_path / "out" / "file").read_bytes()

    return fetched


def test_download_with_checksums_and_size(get):
    digests = {"sha256": hashlib.sha256(PEAKS).hexdigest(), "md5": hashlib.md5(PEAKS).hexdigest()}
    assert get("plain.bed", **digests, size=len(PEAKS)) == PEAKS
    assert get("packed.bed.gz") == PACKED


@pytest.mark.parametrize(
    ("path", "ranges"),
    [
        ("flaky", [None] * 3),
        ("busy", [None] * 2),
        ("moved", [None] * 2),
        ("cut", [None, f"bytes={HALF}-"]),
        ("changed", [None, f"bytes={len(PACKED) // 2}-"]),
        ("stall", [None, f"bytes={HALF}-"]),
        ("slow", [None]),
    ],
)
def test_what_passes_is_overcome(get, server, path, ranges):
    assert get(path) == PEAKS
    assert [asked for _, asked in server.requests] == ranges


def test_a_file_put_together_from_two_versions_is_fetched_anew(get, server):
    assert get("mixed", sha256=hashlib.sha256(PEAKS).hexdigest()) == PEAKS
    assert [asked for _, asked in server.requests] == [None, f"bytes={HALF}-", None]


def test_a_gzip_file_that_ends_too_early_without_notice_is_fetched_anew(get, server):
    assert get("unannounced.bed.gz") == PACKED
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("path", "words", "requests"),
    [
        ("missing.bed", "could not be downloaded (HTTP Error 404: Not Found); check the address, or", 1),
        ("broken", "could not be downloaded (HTTP Error 500: Internal Server Error); check", 4),
        ("always", f"could not be downloaded (the connection ended after {HALF} of {len(PEAKS)} bytes)", 4),
        ("silent", "could not be downloaded (nothing arrived for too long)", 4),
        ("circle", "could not be downloaded (its redirects lead in a circle)", None),
        ("truncated.bed.gz", "is a damaged gzip file (Compressed file ended before", 1),
        ("page.bed.gz", "is a web page (titled '404 & nothing found') and not the file itself", 1),
        ("plain.bed.gz", "is named as gzip and begins with b'chr1\\t850': it is no gzip file", 1),
    ],
)  # fmt: skip
def test_what_does_not_pass_is_one_sentence_and_no_file(get, server, tmp_path, path, words, requests):
    with pytest.raises(InputError) as error:
        get(path)
    assert f"http://127.0.0.1:{server.server_port}/{path}" in str(error.value)
    assert words in str(error.value)
    assert str(error.value).count("\n") == 0
    assert list((tmp_path / "out").iterdir()) == []
    if requests:
        assert len(server.requests) == requests


def test_a_wrong_checksum_or_size_is_named_and_not_tried_again(get, server, tmp_path):
    digest = hashlib.sha256(PEAKS).hexdigest()
    with pytest.raises(InputError) as error:
        get("plain.bed", sha256="0" * 64)
    assert str(error.value) == (
        f"http://127.0.0.1:{server.server_port}/plain.bed has the sha256 {digest}, and {'0' * 64} was "
        "expected: the file is damaged or another version; fetch it again, or correct the checksum."
    )
    with pytest.raises(InputError, match=r"has the md5 .* was expected \(it is a web page, titled '404 & no"):
        get("page.bed", md5="0" * 32)
    with pytest.raises(InputError, match=f"has the size {len(PEAKS)}, and 7 was expected"):
        get("plain.bed", size=7)
    assert len(server.requests) == 3
    assert list((tmp_path / "out").iterdir()) == []


def test_no_server_at_all(tmp_path):
    with pytest.raises(InputError, match=r"could not be downloaded \(.*refused.*\); check the address"):
        fetch({"location": "http://127.0.0.1:9/x"}, tmp_path / "x", OPTIONS | {"tries": 2})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["url", "folder"])
def test_a_mirror_redirects_urls_and_nothing_else(server, tmp_path, kind):
    """The address's own host does not exist."""
    if kind == "url":
        mirror = f"http://127.0.0.1:{server.server_port}/plain/"
    else:
        mirror = str(tmp_path / "mirror")
        (tmp_path / "mirror/nowhere.invalid").mkdir(parents=True)
        (tmp_path / "mirror/nowhere.invalid/peaks.bed").write_bytes(PEAKS)
    fetch({"location": "https://nowhere.invalid/peaks.bed"}, tmp_path / "copy", {"mirror": mirror})
    assert (tmp_path / "copy").read_bytes() == PEAKS
    assert [path for path, _ in server.requests] == ["/plain/nowhere.invalid/peaks.bed"] * (kind == "url")
    (tmp_path / "own.bed").write_bytes(PEAKS)
    fetch({"location": f"{tmp_path}/own.bed"}, tmp_path / "other", {"mirror": mirror})
    assert (tmp_path / "other").resolve() == tmp_path / "own.bed"


def test_local_file_is_linked_when_its_checksum_holds(tmp_path):
    source = tmp_path / "source.bed"
    source.write_bytes(PEAKS)
    fetch({"location": str(source), "sha256": hashlib.sha256(PEAKS).hexdigest()}, tmp_path / "copy.bed")
    assert (tmp_path / "copy.bed").resolve() == source
    with pytest.raises(InputError, match="was expected: the file is damaged"):
        fetch({"location": str(source), "sha256": "0" * 64}, tmp_path / "other.bed")
    assert not (tmp_path / "other.bed").exists()


def test_states_tell_what_is_here_and_what_a_user_must_supply(tmp_path):
    (tmp_path / "fetched.bed").touch()
    (tmp_path / "own.bed").touch()
    locations = {
        "fetched.bed": "https://host/fetched.bed",
        "other.bed": "https://host/other.bed",
        "checked.bed": f"{tmp_path}/own.bed",
        "missing.bed": f"{tmp_path}/missing/own.bed",
    }
    sources = {name: {"location": location} for name, location in locations.items()}
    states = source_states(sources, tmp_path).set_index("name")["state"]
    assert states.to_dict() == {
        "other.bed": "download", "fetched.bed": "here", "checked.bed": "local", "missing.bed": "supply",
    }  # fmt: skip


def test_missing_local_file(tmp_path):
    with pytest.raises(InputError) as error:
        fetch({"location": f"{tmp_path}/none.bed"}, tmp_path / "copy.bed")
    assert str(error.value) == (
        f"the source {tmp_path}/none.bed does not exist; give the path of a file, or a URL."
    )
