"""Fetching a source: a download or a checked link, complete or not there at all."""

import hashlib
import logging
import os
import shutil
import time
import urllib.error
import urllib.request
from pathlib import Path

from dfim.errors import InputError
from dfim.files import atomic_path
from dfim.progress import Progress

logger = logging.getLogger("dfim")
TIMEOUT = 60
TRIES = 4


def fetch(location: str, path: str | Path, sha256: str = "", md5: str = "", pause: float = 5.0) -> None:
    """Put a source at ``path``: download a URL, or link to a local file, after its checksums were verified.

    A failed download is tried again, after ``pause`` seconds that double each time. Raises InputError when
    the source cannot be had, or when a checksum differs; then nothing is left at ``path``.
    """
    with atomic_path(path) as temporary:
        if "://" in location:
            _download_with_retries(location, temporary, pause)
        elif not Path(location).is_file():
            raise InputError(f"the source {location} does not exist; give the path of a file, or a URL.")
        else:
            os.symlink(Path(location).resolve(), temporary)
        for name, expected in (("sha256", sha256), ("md5", md5)):
            _verify(location, temporary, name, expected)


def _download_with_retries(url: str, path: Path, pause: float) -> None:
    for attempt in range(1, TRIES + 1):
        try:
            return _download(url, path)
        except (OSError, urllib.error.URLError) as error:
            if attempt == TRIES or (
                isinstance(error, urllib.error.HTTPError) and error.code in (403, 404, 410)
            ):
                raise InputError(
                    f"{url} could not be downloaded ({error}); check the address, or download the file by "
                    "other means and give its path instead."
                ) from None
            logger.warning("%s: %s; trying again in %g s", url, error, pause)
            time.sleep(pause)
            pause *= 2


def _download(url: str, path: Path) -> None:
    with urllib.request.urlopen(url, timeout=TIMEOUT) as response, open(path, "wb") as out:
        size = int(response.headers.get("Content-Length") or 0)
        with Progress.wrapattr(out, "write", total=size or None, desc=url.rsplit("/", 1)[-1]) as counted:
            shutil.copyfileobj(response, counted, length=1 << 20)
    if size and path.stat().st_size != size:
        raise OSError(f"the connection ended after {path.stat().st_size} of {size} bytes")


def _verify(location: str, path: Path, name: str, expected: str) -> None:
    if not expected:
        return
    with open(path, "rb") as handle:
        found = hashlib.file_digest(handle, name).hexdigest()
    if found != expected:
        raise InputError(
            f"{location} has the {name} {found}, and {expected} was expected: the file is damaged or another "
            "version; fetch it again, or correct the checksum."
        )
