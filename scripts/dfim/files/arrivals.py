"""What is in a file that arrived: whether it is whole, of its kind, and not a web page in its place."""

import gzip
import html
import io
import json
import os
import re
import zipfile
import zlib
from pathlib import Path

from dfim.errors import InputError
from dfim.files.text import COMMENTS, is_gzipped

_HEAD = 1 << 16
_READ = 1 << 20
_MAGIC = {"hdf5": b"\x89HDF\r\n\x1a\n", "array": b"\x93NUMPY"}
_NEEDED = {
    "fasta": "FASTA, whose first character is '>',",
    "peaks": "BED or narrowPeak, with chromosome, start and end in tab-separated columns,",
    "table": "a table of tab-separated columns",
    "json": "JSON",
    "hdf5": "an HDF5 file",
    "array": "a NumPy file (.npy)",
    "network": "a Keras file (.keras or .h5)",
}
KINDS = tuple(_NEEDED)


def check_content(path: str | os.PathLike, name: str, kind: str = "") -> None:
    """Raise InputError when a file is not whole or not of its kind.

    ``name`` is what the file is called in messages, and says by its ending whether it should be gzip, which
    is then read to its end. ``kind`` is one of :data:`KINDS` (text kinds gzipped or not, judged by their
    first lines) or empty for any. A web page is told apart from everything else: servers like to send one,
    with the status of success, for a file that they do not have.
    """
    title = web_page_title(path)
    if title is not None:
        raise InputError(
            f"{name} is a web page (titled {title!r}) and not the file itself: open the address in a "
            "browser to see what the server says, and give the address of the file."
        )
    ending = name.split("?")[0].rsplit("/", 1)[-1]
    if os.path.getsize(path) == 0:
        raise InputError(f"{name} is empty: fetch it again, or give another address.")
    if is_gzipped(path):
        _check_gzip(path, name)
    elif ending.endswith((".gz", ".bgz")):
        with open(path, "rb") as handle:
            raise InputError(
                f"{name} is named as gzip and begins with {handle.read(8)!r}: it is no gzip file."
            )
    if kind and not _is_kind(path, kind):
        raise InputError(f"{name} is not {_NEEDED[kind].rstrip(',')}: {_begin(path)}; give another file.")


def web_page_title(path: str | os.PathLike) -> str | None:
    """Return the title of a web page (empty when it has none), gzipped or not; None when it is none."""
    text = _head(path).decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    if not re.match(r"<!doctype\s+html|<html|<head|<\?xml[^>]*>\s*<(!doctype\s+html|html|error)", text, re.I):
        return None
    found = re.search(r"<title[^>]*>(.*?)</title>", text, re.I | re.S) or re.search(
        r"<h1[^>]*>(.*?)</h1>|<message>(.*?)</message>", text, re.I | re.S
    )
    title = next(group for group in found.groups() if group is not None) if found else ""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", title)).split())[:80]


def _check_gzip(path: str | os.PathLike, name: str) -> None:
    """Read a gzip file to its end."""
    try:
        with gzip.open(path) as handle:
            while handle.read(_READ):
                pass
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(
            f"{name} is a damaged gzip file ({str(error).rstrip('.')}): fetch it again, or give another "
            "address."
        ) from None


def _head(path: str | os.PathLike) -> bytes:
    """Return the beginning of a file's content, unpacked as far as it can be."""
    with open(path, "rb") as handle:
        content = handle.read(_HEAD)
    if content[:2] == b"\x1f\x8b":
        try:
            return zlib.decompressobj(wbits=31).decompress(content, _HEAD)
        except zlib.error:
            return b""
    return content


def _is_kind(path: str | os.PathLike, kind: str) -> bool:
    head = _head(path)
    match kind:
        case "json":
            try:
                json.loads(Path(path).read_text())
            except (UnicodeDecodeError, json.JSONDecodeError):
                return False
            return True
        case "network":
            return zipfile.is_zipfile(path) or head.startswith(_MAGIC["hdf5"])
        case "hdf5" | "array":
            return head.startswith(_MAGIC[kind])
    try:
        lines = _lines(head)
    except UnicodeDecodeError:
        return False
    if kind == "fasta":
        return bool(lines) and lines[0].startswith(">")
    if kind == "table":
        return any("\t" in line for line in lines)
    intervals = [line.split("\t") for line in lines if not line.startswith(COMMENTS)]
    return bool(intervals) and all(
        len(fields) >= 3 and fields[1].isdecimal() and fields[2].isdecimal() for fields in intervals
    )


def _lines(head: bytes) -> list[str]:
    """Return the complete lines at the beginning of a text that are not empty."""
    text = head if len(head) < _HEAD else head[: head.rfind(b"\n") + 1] or head
    with io.TextIOWrapper(io.BytesIO(text), encoding="utf-8") as handle:
        return [line.rstrip("\r\n") for line in handle if line.strip()]


def _begin(path: str | os.PathLike) -> str:
    """Say how a file begins."""
    return f"it begins with {_head(path)[:40]!r}"
