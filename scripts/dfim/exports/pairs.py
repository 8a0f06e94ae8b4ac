"""Called pairs as BEDPE, which IGV draws as arcs."""

import os

import pandas as pd

from dfim.files.whole import atomic_path

# The ten columns of BEDPE and what follows them.
BEDPE_COLUMNS = [
    "chrom1", "start1", "end1", "chrom2", "start2", "end2", "name", "score", "strand1", "strand2",
    "call", "interaction", "share", "q",
]  # fmt: skip
_FULL_SCORE = 1000


def called_pairs(tests: pd.DataFrame) -> pd.DataFrame:
    """Return the called rows of a table of pair tests as BEDPE: ``BEDPE_COLUMNS``, by chromosome and start.

    ``tests`` has the columns of ``pair_tests.tsv.gz``, with places in a genome. Intervals are 0-based and
    half-open. ``score`` is 1,000 times the size of the share, rounded, 1,000 at most; ``strand1`` and
    ``strand2`` are ``.`` where a feature has none.
    """
    rows = tests[(tests["called"] == 1) & tests["chrom"].notna()]
    columns = {"name": rows["pair"], "score": (_FULL_SCORE * rows["share"].abs()).clip(upper=_FULL_SCORE)}
    for number, end in (("1", "first"), ("2", "second")):
        columns[f"chrom{number}"] = rows["chrom"].astype(str)
        for side in ("start", "end"):
            columns[f"{side}{number}"] = rows[f"{end}_chrom_{side}"].astype(int)
        columns[f"strand{number}"] = rows[f"{end}_strand"].where(rows[f"{end}_strand"].isin(["+", "-"]), ".")
    table = pd.DataFrame(columns).assign(score=lambda table: table["score"].round().astype(int))
    table = table.join(rows[["call", "interaction", "share", "q"]])[BEDPE_COLUMNS]
    return table.sort_values(["chrom1", "start1", "start2"], ignore_index=True)


def write_bedpe(table: pd.DataFrame, path: str | os.PathLike) -> None:
    """Write a table of :func:`called_pairs` as BEDPE: its header is a comment that begins with ``#``."""
    with atomic_path(path) as temporary:
        table.rename(columns={"chrom1": "#chrom1"}).to_csv(
            temporary, sep="\t", index=False, lineterminator="\n", float_format="%.6g"
        )
