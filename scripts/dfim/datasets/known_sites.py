"""Sites that are known to be bound, marked among the features of a dataset."""

import logging
import os
from collections.abc import Mapping

import numpy as np
import pandas as pd

from dfim.errors import InputError
from dfim.files.text import COMMENTS, TableLines, read_lines
from dfim.genomes.intervals import INTERVAL_COLUMNS, check_chromosomes

logger = logging.getLogger(__name__)

# The group of a feature that is one of the known sites.
KNOWN = "known"


def read_sites(path: str | os.PathLike, sizes: Mapping[str, int]) -> pd.DataFrame:
    """Read known sites from BED, or from a table with a header that has ``chrom``, ``start`` and ``end``.

    The file is tab-separated, gzipped or not, the intervals 0-based and half-open; in a file without such a
    header the first three columns count. Lines that begin with ``#``, ``track`` or ``browser`` are left out.
    Returns ``chrom``, ``start`` and ``end`` in the order of the file. Raises InputError, naming file and
    line, for anything that is not an interval of the genome.
    """
    table, (chrom, start, end) = _site_columns(path)
    sites = pd.DataFrame(
        {"chrom": chrom, "start": table.integers("start", start), "end": table.integers("end", end)}
    )
    check_chromosomes(table, sites["chrom"], sizes)
    lengths = sites["chrom"].map(sizes)
    outside = (sites["start"] < 0) | (sites["start"] >= sites["end"]) | (sites["end"] > lengths)
    table.refuse(
        outside.to_numpy(),
        lambda row: (
            f"the site from {start[row]} to {end[row]} is no interval of {chrom[row]}, which has the "
            f"positions 0 to {lengths[row]}: give 0-based, half-open intervals of the genome's own assembly"
        ),
    )
    return sites


def _site_columns(path: str | os.PathLike) -> tuple[TableLines, list[list[str]]]:
    """Return the lines of a file of sites, and the text of their chromosomes, starts and ends."""
    lines, numbers = read_lines(path)
    rows = [row for row, line in enumerate(lines) if not line.startswith(COMMENTS)]
    header = lines[rows[0]].split("\t") if rows else []
    places = [0, 1, 2]
    if set(INTERVAL_COLUMNS) <= set(header):
        places = [header.index(column) for column in INTERVAL_COLUMNS]
        rows = rows[1:]
    if not rows:
        raise InputError(f"{path} has no sites: at least one line with chromosome, start and end is needed.")
    fields = [lines[row].split("\t") for row in rows]
    table = TableLines(path, numbers[rows])
    needed = max(places) + 1
    table.refuse(
        np.array([len(line) for line in fields]) < needed,
        lambda row: (
            f"found {lines[rows[row]]!r}, and {needed} or more tab-separated columns are needed, with "
            "chromosome, start and end"
        ),
    )
    return table, [[line[place] for line in fields] for place in places]


def mark_known(features: pd.DataFrame, examples: pd.DataFrame, sites: pd.DataFrame) -> pd.DataFrame:
    """Return the features with the group ``known`` where one equals a site, and the group empty elsewhere.

    ``features`` and ``examples`` are tables of a dataset whose examples lie on a genome; ``sites`` has
    ``chrom``, ``start`` and ``end``. All are 0-based and half-open, those of features in their example. It
    is chromosome, start and end that must be equal; name and strand are not looked at.
    """
    own = examples.iloc[features["example"].to_numpy(dtype=np.int64)]
    offset = own["start"].to_numpy()
    places = [own["chrom"], features["start"].to_numpy() + offset, features["end"].to_numpy() + offset]
    known = pd.MultiIndex.from_arrays(places).isin(pd.MultiIndex.from_frame(sites[INTERVAL_COLUMNS]))
    return features.assign(group=np.where(known, KNOWN, "").astype(object))


def require_known(features: pd.DataFrame, sites: pd.DataFrame, path: str | os.PathLike) -> None:
    """Raise InputError when no feature is known; the numbers go to the log."""
    known = int((features["group"] == KNOWN).sum())
    logger.info("%d of %d features equal one of %d known sites", known, len(features), len(sites))
    if not known:
        raise InputError(
            f"{path}: none of its {len(sites)} sites equals one of the dataset's {len(features)} features: "
            "give 0-based, half-open intervals of exactly the bases that one of 'patterns' matches."
        )
