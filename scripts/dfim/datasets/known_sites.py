"""Sites that are known to be bound, marked among the features of a dataset."""

import logging
import os
from collections.abc import Mapping

import numpy as np
import pandas as pd

from dfim.errors import InputError, counted
from dfim.files.text import HeaderedTable, TableLines, data_fields
from dfim.genomes.intervals import INTERVAL_COLUMNS, LENGTHS, check_chromosomes, zero_based

logger = logging.getLogger(__name__)

# The group of a feature that is one of the known sites.
KNOWN = "known"


def read_sites(path: str | os.PathLike, sizes: Mapping[str, int]) -> pd.DataFrame:
    """Read known sites from BED, or from a table with a header that has ``chrom``, ``start`` and ``end``.

    The file is tab-separated, gzipped or not, the intervals 0-based and half-open; in a table with a column
    ``length`` or ``width`` they may be counted from 1 (:func:`dfim.genomes.intervals.zero_based`). In a file
    without such a header the first three columns count. Comments are left out. Returns ``chrom``, ``start``
    and ``end`` in the order of the file. Raises InputError, naming file and line, for anything that is not an
    interval of the genome.
    """
    table, (chrom, start, end, *length) = _site_columns(path)
    start, end = table.integers("start", start), table.integers("end", end)
    length = table.integers("length", length[0]) if length else None
    start = zero_based(table, start, end, length)
    sites = pd.DataFrame({"chrom": chrom, "start": start, "end": end})
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
    """Return the lines of a file of sites, and the text of their chromosomes, starts, ends and lengths."""
    headed = HeaderedTable(path, INTERVAL_COLUMNS)
    if set(INTERVAL_COLUMNS) <= set(headed.header):
        lengths = [name for name in headed.header if name.lower() in LENGTHS][:1]
        columns, table = headed.columns([*INTERVAL_COLUMNS, *lengths])
        fields = columns[0]
    else:
        fields, table = data_fields(path)
        table.refuse(
            [len(line) < len(INTERVAL_COLUMNS) for line in fields],
            lambda row: (
                f"found {chr(9).join(fields[row])!r}, and 3 or more tab-separated columns are needed, with "
                "chromosome, start and end"
            ),
        )
        columns = [[line[place] for line in fields] for place in range(3)]
    if not fields:
        raise InputError(f"{path} has no sites: at least one line with chromosome, start and end is needed.")
    return table, columns


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
            f"{path}: of {counted(len(sites), 'site')} none equals a feature of the dataset, which has "
            f"{counted(len(features), 'feature')}: "
            "give 0-based, half-open intervals of exactly the bases that one of 'patterns' matches."
        )
