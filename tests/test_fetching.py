"""Fetching: complete and verified, or one sentence and no file."""

import hashlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from dfim.errors import InputError
from dfim.fetching import TRIES, fetch

CONTENT = b"chr1\t10\t20\n" * 1000


class Handler(BaseHTTPRequestHandler):
    """Serve CONTENT; /flaky fails twice first, /cut ends at half, anything else is not there."""

    def do_GET(self):
        self.server.requests.append(self.path)
        status = 200 if self.path in ("/fine", "/flaky", "/cut") else 404
        if self.path == "/flaky" and len(self.server.requests) < 3:
            status = 500
        self.send_response(status)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        if status == 200:
            self.wfile.write(CONTENT[: len(CONTENT) // 2] if self.path == "/cut" else CONTENT)

    def log_message(self, *arguments):
        """Say nothing."""


@pytest.fixture
def server():
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.requests = []
    Thread(target=httpd.serve_forever, daemon=True).start()
    yield httpd
    httpd.shutdown()
    httpd.server_close()


def url(server, path):
    return f"http://127.0.0.1:{server.server_port}{path}"


def test_download_with_checksums(server, tmp_path):
    digests = {"sha256": hashlib.sha256(CONTENT).hexdigest(), "md5": hashlib.md5(CONTENT).hexdigest()}
    fetch(url(server, "/fine"), tmp_path / "peaks.bed", **digests)
    assert (tmp_path / "peaks.bed").read_bytes() == CONTENT


def test_server_errors_are_tried_again(server, tmp_path):
    fetch(url(server, "/flaky"), tmp_path / "peaks.bed", pause=0)
    assert (tmp_path / "peaks.bed").read_bytes() == CONTENT
    assert len(server.requests) == 3


@pytest.mark.parametrize(("path", "requests"), [("/cut", TRIES), ("/missing", 1)])
def test_failed_downloads_leave_nothing(server, tmp_path, path, requests):
    with pytest.raises(InputError, match=r"could not be downloaded .* give its path instead"):
        fetch(url(server, path), tmp_path / "peaks.bed", pause=0)
    assert list(tmp_path.iterdir()) == []
    assert len(server.requests) == requests


def test_local_file_is_linked_when_its_checksum_holds(tmp_path):
    source = tmp_path / "source.bed"
    source.write_bytes(CONTENT)
    fetch(str(source), tmp_path / "copy.bed", sha256=hashlib.sha256(CONTENT).hexdigest())
    assert (tmp_path / "copy.bed").resolve() == source


def test_wrong_checksum(tmp_path):
    source = tmp_path / "source.bed"
    source.write_bytes(CONTENT)
    with pytest.raises(InputError) as error:
        fetch(str(source), tmp_path / "copy.bed", sha256="0" * 64)
    assert str(error.value) == (
        f"{source} has the sha256 {hashlib.sha256(CONTENT).hexdigest()}, and {'0' * 64} was expected: "
        "the file is damaged or another version; fetch it again, or correct the checksum."
    )
    assert not (tmp_path / "copy.bed").exists()


def test_missing_local_file(tmp_path):
    with pytest.raises(InputError) as error:
        fetch(f"{tmp_path}/none.bed", tmp_path / "copy.bed")
    assert str(error.value) == (
        f"the source {tmp_path}/none.bed does not exist; give the path of a file, or a URL."
    )
