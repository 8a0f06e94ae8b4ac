"""Tables that the project writes and reads again: tab-separated, gzip when named so, whole or not at all."""

import os

import pandas as pd

from dfim.files.whole import atomic_path


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
