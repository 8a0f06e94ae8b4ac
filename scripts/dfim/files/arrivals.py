"""What is in a file that arrived: whether it is whole, of its kind, and not a web page in its place."""

import gzip
import html
import json
import os
import re
import zipfile
import zlib

from dfim.errors import InputError
from dfim.files.text import is_comment, is_gzipped, is_interval, read_text, text_lines

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
    "network": "a network of Keras (.keras or .h5) or ONNX",
}
KINDS = tuple(_NEEDED)


def check_content(path: str | os.PathLike, name: str, kind: str = "") -> None:
    """Raise InputError when a file is not whole or not of its kind.

    ``name`` is what the file is called in messages, and says by its ending whether it should be gzip, which
    is then read to its end. ``kind`` is one of :data:`KINDS` (text kinds gzipped or not, judged by where
    their data begin) or empty for any. A web page is told apart from everything else: servers like to send
    one, with the status of success, for a file that they do not have.
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
        reason = str(error).rstrip(".")
        raise InputError(
            f"{name} is a damaged gzip file ({reason}): fetch it again, or give another address."
        ) from error


def _head(path: str | os.PathLike) -> bytes:
    """Return the beginning of a file's content, unpacked as far as it can be."""
    content = b""
    with gzip.open(path) if is_gzipped(path) else open(path, "rb") as handle:
        try:
            while len(content) < _HEAD and (more := handle.read1(_HEAD)):
                content += more
        except (EOFError, zlib.error, gzip.BadGzipFile):
            pass
    return content[:_HEAD]


def _is_kind(path: str | os.PathLike, kind: str) -> bool:
    """Judge a file by its beginning; text, however long its header, by where its data begin."""
    match kind:
        case "network":
            # An ONNX file begins with its version, field 1 of the message.
            return zipfile.is_zipfile(path) or _head(path).startswith((_MAGIC["hdf5"], b"\x08"))
        case "hdf5" | "array":
            return _head(path).startswith(_MAGIC[kind])
        case "json":
            try:
                json.loads(read_text(path, _NEEDED[kind]))
            except (InputError, json.JSONDecodeError, RecursionError):
                return False
            return True
    try:
        lines = (line for _, line in text_lines(path, _NEEDED[kind]) if line.strip())
        if kind == "fasta":
            return next(lines, "").startswith(">")
        data = (line.split("\t") for line in lines if not is_comment(line))
        if kind == "table":
            first = next(data, None)
            return first is not None and len(first) > 1
        return is_interval(next(data, []))
    except InputError:
        return False


def _begin(path: str | os.PathLike) -> str:
    """Say how a file begins."""
    return f"it begins with {_head(path)[:40]!r}"
