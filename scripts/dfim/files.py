"""Writing files so that an interrupted run leaves nothing that looks finished."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd


@contextmanager
def atomic_path(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary path beside ``path``, renamed to ``path`` when the block ends without an error.

    The temporary name keeps the suffixes of ``path``, so that writers which look at the suffix
    (gzip, Keras, matplotlib) do the right thing. On an error the temporary file is removed.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".unfinished-{os.getpid()}-{path.name}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_table(table: pd.DataFrame, path: str | os.PathLike) -> None:
    """Write a table as TSV with a header and no index, gzipped when ``path`` ends in ``.gz``.

    The gzip header carries no time and no name: equal tables give equal bytes.
    """
    compression = {"method": "gzip", "mtime": 0, "compresslevel": 6} if str(path).endswith(".gz") else None
    with atomic_path(path) as temporary, open(temporary, "wb") as handle:
        table.to_csv(handle, sep="\t", index=False, compression=compression, float_format="%.7g")


def read_table(path: str | os.PathLike, **options) -> pd.DataFrame:
    """Read a TSV with a header that :func:`write_table` wrote; only empty cells are missing values.

    Names such as ``NA`` or ``null`` stay text. Further options go to :func:`pandas.read_csv`.
    """
    return pd.read_csv(path, sep="\t", keep_default_na=False, na_values=[""], **options)


def sha256_of(path: str | os.PathLike) -> str:
    """Return the SHA-256 of a file's content as 64 hexadecimal digits."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
