"""Writing files so that an interrupted run leaves nothing that looks finished, and damage is noticed later.

Beside every file that is written lies its SHA-256, in ``.{name}.sha256``: a line as ``sha256sum`` writes it.
"""

import glob
import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dfim.errors import InputError

_UNFINISHED = ".unfinished-"


@contextmanager
def atomic_path(path: str | os.PathLike, checksum: bool = True) -> Iterator[Path]:
    """Yield a temporary path beside ``path``, renamed to ``path`` when the block ends without an error.

    The temporary name keeps the suffixes of ``path``, so that writers which look at the suffix
    (gzip, Keras, matplotlib) do the right thing. On an error the temporary file is removed; what a killed
    process left under such a name is removed first, for only one process writes a file. The content reaches
    the disk before the name does. With ``checksum`` the file's SHA-256 is written beside it, for
    :func:`check_unchanged`; not for a link.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    for left in path.parent.glob(f"{_UNFINISHED}*-{glob.escape(path.name)}"):
        left.unlink(missing_ok=True)
    temporary = path.with_name(f"{_UNFINISHED}{os.getpid()}-{path.name}")
    try:
        yield temporary
        if not temporary.is_symlink():
            _to_disk(temporary)
            if checksum:
                _write_checksum(path, sha256_of(temporary))
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _to_disk(path: Path) -> None:
    """Wait until the content of a file is on the disk."""
    with open(path, "rb") as handle:
        os.fsync(handle.fileno())


def checksum_path(path: str | os.PathLike) -> Path:
    """Return where the SHA-256 of a file is kept: beside it, under a hidden name."""
    path = Path(path)
    return path.with_name(f".{path.name}.sha256")


def _write_checksum(path: Path, sha256: str) -> None:
    beside = checksum_path(path)
    temporary = beside.with_name(f"{_UNFINISHED}{os.getpid()}-{beside.name}")
    try:
        temporary.write_text(f"{sha256}  {path.name}\n", encoding="utf-8")
        os.replace(temporary, beside)
    finally:
        temporary.unlink(missing_ok=True)


def check_unchanged(paths: Iterable[str | os.PathLike]) -> None:
    """Raise InputError for the first of some files that is not as :func:`atomic_path` wrote it.

    Files without a SHA-256 beside them, a user's own, are not looked at.
    """
    for path in paths:
        beside = checksum_path(path)
        if not beside.is_file() or not os.path.isfile(path):
            continue
        expected, found = beside.read_bytes().split()[:1], sha256_of(path).encode()
        if expected != [found]:
            raise InputError(
                f"{path} is damaged, or was changed after it was made (its SHA-256 is not the one in "
                f"{beside}): delete it and run again, or delete {beside.name} if the change is meant."
            )


def sha256_of(path: str | os.PathLike) -> str:
    """Return the SHA-256 of a file's content as 64 hexadecimal digits."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
