"""Tables that the project writes and reads again: tab-separated, gzip when named so, whole or not at all."""

import os

import numpy as np
import pandas as pd

from dfim.files.text import open_bytes
from dfim.files.whole import atomic_path

# Columns of names, in whatever table they are: text even where all of them look like numbers or truth values.
TEXT = (
    "name", "chrom", "origin", "split", "kind", "strand", "reference", "alternate", "group", "set", "task",
    "source_name", "target_name", "source_group", "target_group", "first_name", "second_name", "first_group",
    "second_group", "first_strand", "second_strand", "orientation", "call", "grain", "pair", "model",
    "method", "analysis", "dataset", "library", "comparison", "measure", "factor", "motif", "pwm", "role",
    "rules", "class", "ref", "alt", "base", "source_base", "mutant_base", "target_base", "first_base",
    "second_base", "mutated", "intact", "covariate", "stratum", "hypothesis", "panel", "sequence", "against",
    "source_strand", "target_strand", "state", "location", "caller", "chosen", "implementation", "warning",
    "distribution",
)  # fmt: skip


# Of gzip: a third of the time of the usual 6, and files that are 6 % larger.
_LEVEL = 4


def write_table(table: pd.DataFrame, path: str | os.PathLike) -> None:
    """Write a table as TSV with a header and no index, gzipped when ``path`` ends in ``.gz``.

    The gzip header carries no time and no name: equal tables give equal bytes.
    """
    compression = None
    if str(path).endswith(".gz"):
        compression = {"method": "gzip", "mtime": 0, "filename": "", "compresslevel": _LEVEL}
    written = [_in_words(values) for _, values in table.items()]
    table = pd.concat(written, axis=1) if written else table
    with atomic_path(path) as temporary, open(temporary, "wb") as handle:
        table.to_csv(handle, sep="\t", index=False, compression=compression)


def _in_words(values: pd.Series) -> pd.Series:
    """Return a column as it is, one of floats as text: pandas takes four times as long for that."""
    if not isinstance(values.dtype, np.dtype) or values.dtype.kind != "f":
        return values
    text = ["" if number != number else f"{number:.7g}" for number in values.tolist()]
    return pd.Series(text, values.index, dtype=object, name=values.name)


def read_table(path: str | os.PathLike, **options) -> pd.DataFrame:
    """Read a TSV with a header that :func:`write_table` wrote; only empty cells are missing values.

    The columns of :data:`TEXT` are text, and names such as ``NA`` or ``007`` stay what they are. Further
    options go to :func:`pandas.read_csv`.
    """
    text = dict.fromkeys(TEXT, "str") | options.pop("dtype", {})
    with open_bytes(path, "a table of the project") as handle:
        return pd.read_csv(
            handle, sep="\t", encoding="utf-8", keep_default_na=False, na_values=[""], dtype=text, **options
        )


def read_headerless(path: str | os.PathLike, columns: dict[int, str], text: tuple[str, ...], **options):
    """Read a TSV without a header that another program wrote: some columns, by place (from 0, ascending).

    The columns named in ``text`` are text; others what they look like. Returns what :func:`pandas.read_csv`
    does with further options.
    """
    return pd.read_csv(
        path,
        sep="\t",
        header=None,
        usecols=list(columns),
        names=list(columns.values()),
        dtype={name: "str" for name in text},
        encoding="utf-8",
        na_filter=False,
        quoting=3,
        **options,
    )
