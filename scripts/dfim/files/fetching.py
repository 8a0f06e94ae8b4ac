"""Fetching a source: a download or a checked link, complete and of its kind, or not there at all."""

import hashlib
import http.client
import logging
import os
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dfim.errors import InputError
from dfim.files.arrivals import check_content, web_page_title
from dfim.files.origins import write_origin
from dfim.files.whole import atomic_path
from dfim.progress import Progress

logger = logging.getLogger("dfim")

# How downloads are tried if not told otherwise; seconds.
OPTIONS = {"tries": 5, "pause": 5.0, "timeout": 60.0, "mirror": ""}
_LONGEST_PAUSE = 300
_BLOCK = 1 << 16
# Answers of a server that another try will not change; all others of the 400s and 500s may pass.
_FINAL = {204, 400, 401, 403, 404, 405, 406, 407, 410, 451, 501, 505}
_MEND = "check the address, or download the file by other means and give its path instead"


class NotServed(InputError):
    """A file that a server does not hand out; ``status`` is its last answer's, None where it gave none."""

    def __init__(self, message: str, status: int | None = None):
        super().__init__(message)
        self.status = status


def fetch(source: Mapping, path: str | Path, options: Mapping | None = None) -> None:
    """Put a source at ``path``: download a URL, or link to a local file, after it was verified.

    ``source`` has the ``location`` and, where known, ``sha256``, ``md5``, ``size`` (bytes) and ``kind`` (see
    :func:`dfim.files.arrivals.check_content`). ``options`` may set those of :data:`OPTIONS`: the number of
    ``tries``, the ``pause`` before the second one (it doubles each time, unless the server names one), the
    ``timeout`` after which a silent connection is given up (a slow one is not), and a ``mirror``: a URL or
    folder below which the file of ``https://host/path`` is looked for as ``host/path``. A download that
    broke off is taken up where it ended, when the server allows it.

    Raises InputError when the source cannot be had (:class:`NotServed` when a server said so), when a
    checksum or the size differs, and when the file is not of its kind; then nothing is left at ``path``.
    """
    options = {**OPTIONS, **(options or {})}
    location = _mirrored(source["location"], options["mirror"])
    with atomic_path(path) as temporary:
        if "://" in location:
            _Download(location, temporary, options).run(source)
        elif not Path(location).is_file():
            raise InputError(f"the source {location} does not exist; give the path of a file, or a URL.")
        else:
            os.symlink(Path(location).resolve(), temporary)
            _verify(location, temporary, source)
    if "://" in location:
        write_origin(path, source["location"])


def _mirrored(location: str, mirror: str) -> str:
    """Return where a URL is looked for when there is a mirror; a local path stays what it is."""
    if not mirror or "://" not in location:
        return location
    return f"{mirror.rstrip('/')}/{location.split('://', 1)[1]}"


def _verify(location: str, path: Path, source: Mapping) -> None:
    """Raise InputError when the file does not have its size, its checksums or its kind."""
    found = {"size": path.stat().st_size}
    for name in ("sha256", "md5"):
        if source.get(name):
            with open(path, "rb") as handle:
                found[name] = hashlib.file_digest(handle, name).hexdigest()
    for name, value in found.items():
        if source.get(name) and source[name] != value:
            title = web_page_title(path)
            is_page = "" if title is None else f" (it is a web page, titled {title!r})"
            raise InputError(
                f"{location} has the {name} {value}, and {source[name]} was expected{is_page}: the file is "
                "damaged or another version; fetch it again, or correct the checksum."
            )
    check_content(path, location, source.get("kind", ""))


def source_states(sources: Mapping[str, Mapping], folder: Path) -> pd.DataFrame:
    """Return where each source stands, sorted by state: a table of ``state``, ``location`` and ``name``.

    ``sources`` gives the parts of a source for the name that it has in ``folder``. ``here``: fetched already;
    ``download``: a URL that the workflow downloads; ``local``: a file of the user's that it verifies;
    ``supply``: a file that does not exist, which the user must supply.
    """
    rows = []
    for name, source in sources.items():
        location = source["location"]
        if (folder / name).exists():
            state = "here"
        elif "://" in location:
            state = "download"
        else:
            state = "local" if Path(location).is_file() else "supply"
        rows.append({"state": state, "location": location, "name": name})
    table = pd.DataFrame(rows, columns=["state", "location", "name"])
    return table.sort_values(["state", "location"], ignore_index=True)


class _Interrupted(OSError):
    """A transfer that ended too early: the next try may take it up, or begin anew."""


@dataclass
class _Download:
    """A download in several tries to one temporary file."""

    url: str
    path: Path
    options: Mapping
    total: int | None = None  # bytes of the whole file, when the server says so
    validator: str = ""  # what tells versions of the file apart

    def run(self, source: Mapping) -> None:
        """Download and verify, with retries; raises InputError when it cannot be done."""
        pause = self.options["pause"]
        for attempt in range(1, self.options["tries"] + 1):
            resumed = self._size() > 0
            try:
                self._transfer()
                try:
                    return _verify(self.url, self.path, source)
                except InputError:
                    # Pieces of two versions, or an end that nobody announced: once more from the beginning.
                    if not resumed and self.total is not None:
                        raise
                    self.path.unlink()
                    raise
            except (OSError, http.client.HTTPException) as error:
                if attempt == self.options["tries"] or _is_final(error):
                    raise NotServed(
                        f"{self.url} could not be downloaded ({_words(error)}); {_MEND}.",
                        getattr(error, "code", None),
                    ) from None
                wait = min(_retry_after(error) or pause, _LONGEST_PAUSE)
                logger.warning("%s: %s; trying again in %g s", self.url, _words(error), wait)
            except InputError as error:
                if self.path.exists() or attempt == self.options["tries"]:
                    raise
                wait = pause
                logger.warning("%s Trying again from the beginning in %g s", error, wait)
            time.sleep(wait)
            pause *= 2

    def _size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def _transfer(self) -> None:
        """Receive the file, or what is missing of it."""
        done = self._size()
        request = urllib.request.Request(self.url, headers={"User-Agent": "dfim"})
        if done:
            request.add_header("Range", f"bytes={done}-")
            if self.validator:
                request.add_header("If-Range", self.validator)
        try:
            response = urllib.request.urlopen(request, timeout=self.options["timeout"])
        except urllib.error.HTTPError as error:
            if error.code == 416:  # the server has no such range: what is here is of another version
                self.path.unlink(missing_ok=True)
                raise _Interrupted("the file changed on the server") from None
            raise
        with response:
            if response.status == 204:
                raise urllib.error.HTTPError(self.url, 204, "No Content", response.headers, None)
            continued = response.status == 206 and self._continues(response.headers, done)
            if response.status == 206 and not continued:
                self.path.unlink(missing_ok=True)
                raise _Interrupted("the file changed on the server")
            if not continued:
                done = 0
                length = response.headers.get("Content-Length")
                self.total = int(length) if length is not None else None
                self.validator = _validator(response.headers)
            self._receive(response, done)
        if self.total is not None and self._size() != self.total:
            raise _Interrupted(f"the connection ended after {self._size()} of {self.total} bytes")

    def _continues(self, headers, done: int) -> bool:
        """Tell whether a partial answer begins where the file ends, and is of a file of the same size."""
        begin, _, total = headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
        return begin.split("-")[0] == str(done) and total in (str(self.total), "*")

    def _receive(self, response, done: int) -> None:
        name = self.url.rsplit("/", 1)[-1]
        progress = Progress(total=self.total, initial=done, desc=name, unit="B", unit_scale=True)
        with open(self.path, "ab" if done else "wb") as out, progress:
            # read1: what has arrived, so that the time-out is that of silence and not of a whole block.
            while block := response.read1(_BLOCK):
                out.write(block)
                progress.update(len(block))


def _validator(headers) -> str:
    """Return what a server tells versions of a file apart by; weak tags do not hold for parts of a file."""
    tag = headers.get("ETag", "")
    return tag if tag and not tag.startswith("W/") else headers.get("Last-Modified", "")


def _is_final(error: Exception) -> bool:
    """Tell whether another try cannot help: the answers of ``_FINAL``, and redirects that lead nowhere."""
    return isinstance(error, urllib.error.HTTPError) and (error.code in _FINAL or 300 <= error.code < 400)


def _retry_after(error: Exception) -> float | None:
    """Return the seconds that a server asks to wait, or None."""
    headers = getattr(error, "headers", None)
    value = headers.get("Retry-After", "") if headers else ""
    return float(value) if value.isdecimal() else None


def _words(error: Exception) -> str:
    """Return one line on what went wrong."""
    if isinstance(error, TimeoutError) or isinstance(getattr(error, "reason", None), TimeoutError):
        return "nothing arrived for too long"
    if isinstance(error, urllib.error.HTTPError) and 300 <= error.code < 400:
        return "its redirects lead in a circle"
    return " ".join(str(error).split()) or type(error).__name__
