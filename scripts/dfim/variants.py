"""Single-nucleotide variants: reading them, checking them against the genome, and windows centred at them."""

import logging
import os
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from dfim.dataset import FEATURE_COLUMNS, Dataset
from dfim.errors import InputError
from dfim.genome import Genome, genome_order
from dfim.intervals import check_chromosomes, overlapping, read_peaks, windows_at
from dfim.peak_examples import examples_table, few_n
from dfim.sequence import BASES, reverse_complement
from dfim.tables import TableLines, read_lines

logger = logging.getLogger(__name__)

# The columns that a table of variants must have, and what they are called if not told otherwise.
COLUMNS = {
    "chrom": "chrom", "position": "pos1", "reference": "ref", "alternate": "alt", "pvalue": "pvalue",
}  # fmt: skip


def build_variant_dataset(
    genome: Genome,
    table: str | os.PathLike,
    peaks: Sequence[str | os.PathLike],
    options: Mapping,
) -> Dataset:
    """Build a dataset of windows centred at variants, with the reference allele (supplement C.3).

    ``peaks`` are peak files: variants that overlap no peak of any of them are left out; with no file
    all are kept. ``options`` has the keys ``columns``, ``positive_below`` and ``control_from`` (see
    :func:`read_variants`), ``window`` (bp; the variant is at 0-based index window // 2) and
    ``max_n_fraction``. The dataset has no tasks; every example is in the test split and has one feature of
    kind ``variant``, in the group ``positive`` or ``control``.

    Windows that cross a chromosome end, have too large a share of N, or have N at the variant are left
    out and counted in the log. Raises InputError when a reference allele is not the genome's base, and
    when no variant is left.
    """
    width = options["window"]
    variants = read_variants(
        table, genome.sizes, options["columns"], options["positive_below"], options["control_from"]
    )
    variants = _in_peaks(variants, peaks, genome.sizes)
    windows = windows_at(variants["chrom"], variants["position"], width, genome.sizes)
    variants = variants.loc[windows.index]
    bases = genome.fetch(windows, width)
    check_alleles(variants, bases, table)
    kept = few_n(bases, options["max_n_fraction"]) & (bases[:, width // 2] != ord("N"))
    variants, windows, bases = variants[kept].reset_index(drop=True), windows[kept], bases[kept]
    groups = {group: int((variants["group"] == group).sum()) for group in ("positive", "control")}
    logger.info("%d positive and %d control variants are kept", groups["positive"], groups["control"])
    if variants.empty:
        raise InputError(
            f"{table}: no variant is left with a window of {width} bp on the genome and in the peaks: give a "
            "table and peaks of the genome's own assembly."
        )
    windows = windows.reset_index(drop=True).assign(name=variants["name"], origin="variant")
    labels = np.empty((len(variants), 0), dtype=np.int8)
    return Dataset(
        bases, labels, [], examples_table(windows, np.full(len(windows), "test")), _features(variants, width)
    )


def read_variants(
    path: str | os.PathLike,
    sizes: Mapping[str, int],
    columns: Mapping[str, str] | None = None,
    positive_below: float = 5e-5,
    control_from: float = 1.0,
) -> pd.DataFrame:
    """Read single-nucleotide variants from a tab-separated table with a header, gzipped or not.

    ``columns`` names the table's columns for ``chrom``, ``position`` (1-based), ``reference``,
    ``alternate`` and ``pvalue``, :data:`COLUMNS` where not given. Returns ``chrom``, ``position``
    (0-based), ``reference``, ``alternate``, ``pvalue``, ``group``, ``name`` (``chr11:30344883:G>C``,
    1-based) and ``line`` (1-based, of the file), in the order of the genome.

    ``group`` is ``positive`` where p < ``positive_below`` and ``control`` where p >= ``control_from``;
    variants between are left out, and of variants that occur twice the one with the smallest p-value is
    kept; both are counted in the log. Raises InputError, naming file and line, for a missing column, a
    position that is not on the genome, a p-value outside 0 to 1, and alleles that are not two different
    bases.
    """
    rows, lines = _read_columns(path, {**COLUMNS, **(columns or {})})
    pvalue = pd.to_numeric(rows["pvalue"], errors="coerce").to_numpy()
    lines.refuse(
        ~((pvalue >= 0) & (pvalue <= 1)),
        lambda row: f"the p-value is {rows['pvalue'][row]!r}, and a number from 0 to 1 is needed",
    )
    check_chromosomes(lines, rows["chrom"], sizes)
    position = lines.integers("the position", list(rows["position"]))
    length = rows["chrom"].map(sizes).to_numpy()
    lines.refuse(
        (position < 1) | (position > length),
        lambda row: (
            f"the position is {position[row]}, and {rows['chrom'][row]} has the 1-based positions 1 to "
            f"{length[row]}"
        ),
    )
    group = np.select([pvalue < positive_below, pvalue >= control_from], ["positive", "control"], "")
    variants = pd.DataFrame(
        {
            "chrom": rows["chrom"],
            "position": position - 1,
            "reference": rows["reference"].str.upper(),
            "alternate": rows["alternate"].str.upper(),
            "pvalue": pvalue,
            "group": group,
            "line": lines.numbers,
        }
    )
    return _named(_grouped(variants, path), sizes)


def _read_columns(path: str | os.PathLike, columns: Mapping[str, str]) -> tuple[pd.DataFrame, TableLines]:
    """Read columns of a table with a header as text, under the names of :data:`COLUMNS`."""
    lines, numbers = read_lines(path)
    header = lines[0].lstrip("#").split("\t")
    for key, name in columns.items():
        if name not in header:
            raise InputError(
                f"{path} has no column {name!r}, which the key {key!r} of columns names; it has "
                f"{', '.join(header)}."
            )
    fields = [line.split("\t") for line in lines[1:]]
    table = TableLines(path, numbers[1:])
    counts = np.array([len(line) for line in fields], dtype=int)
    table.refuse(
        counts != len(header),
        lambda row: f"found {counts[row]} tab-separated columns, and the header has {len(header)}",
    )
    places = {key: header.index(name) for key, name in columns.items()}
    return pd.DataFrame(
        {key: pd.Series([line[place] for line in fields], dtype=str) for key, place in places.items()}
    ), table


def _grouped(variants: pd.DataFrame, path: str | os.PathLike) -> pd.DataFrame:
    """Keep the variants of a group, once each, and check their alleles."""
    kept = variants[variants["group"] != ""].reset_index(drop=True)
    reference, alternate = kept["reference"], kept["alternate"]
    letters = list(BASES)
    TableLines(path, kept["line"].to_numpy()).refuse(
        (~reference.isin(letters) | ~alternate.isin(letters) | (reference == alternate)).to_numpy(),
        lambda row: (
            f"the alleles are {reference[row]!r} and {alternate[row]!r}, and two different ones of A, C, G "
            "and T are needed: leave out all but single-nucleotide variants"
        ),
    )
    smallest_first = kept.sort_values("pvalue", kind="stable")
    unique = smallest_first.drop_duplicates(["chrom", "position", "reference", "alternate"])
    logger.info(
        "%d variants: %d with a p-value between the groups and %d that occur twice are left out",
        len(variants),
        len(variants) - len(kept),
        len(kept) - len(unique),
    )
    return unique


def _named(variants: pd.DataFrame, sizes: Mapping[str, int]) -> pd.DataFrame:
    """Sort variants in the order of the genome and add their names."""
    variants = variants.sort_values("alternate", kind="stable")
    order = genome_order(variants.assign(start=variants["position"]), sizes)
    variants = variants.iloc[order].reset_index(drop=True)
    position = (variants["position"] + 1).astype(str)
    alleles = variants["reference"] + ">" + variants["alternate"]
    return variants.assign(name=variants["chrom"] + ":" + position + ":" + alleles)


def _in_peaks(
    variants: pd.DataFrame, peaks: Sequence[str | os.PathLike], sizes: Mapping[str, int]
) -> pd.DataFrame:
    """Keep the variants that overlap a peak of any file; all of them when there is no file."""
    if not peaks:
        return variants
    tables = [read_peaks(path, sizes)[["chrom", "start", "end"]] for path in peaks]
    places = variants.assign(start=variants["position"], end=variants["position"] + 1)
    kept = overlapping(places, pd.concat(tables, ignore_index=True))
    logger.info("%d of %d variants overlap a peak", kept.sum(), len(kept))
    return variants[kept].reset_index(drop=True)


def check_alleles(variants: pd.DataFrame, bases: np.ndarray, path: str | os.PathLike) -> None:
    """Raise InputError when the reference allele of a variant is not the genome's base.

    ``bases`` are the windows of the variants, uint8 (variants, positions), the variant at 0-based index
    positions // 2. An N of the genome contradicts no allele.
    """
    centre = bases.shape[1] // 2
    genome_base, next_base = bases[:, centre], bases[:, centre + 1]
    reference = np.array([ord(allele) for allele in variants["reference"]], dtype=np.uint8)
    wrong = (genome_base != reference) & (genome_base != ord("N"))
    if not wrong.any():
        return
    row = np.flatnonzero(wrong)[0]
    variant, found = variants.iloc[row], chr(genome_base[row])
    if wrong.mean() > 0.5 and np.all((next_base == reference) | (next_base == ord("N"))):
        hint = "all fit one base further on, so the positions may be 0-based"
    elif variant["alternate"] == found:
        hint = "the alleles may be swapped"
    elif reverse_complement(variant["reference"]) == found:
        hint = "the alleles may be those of the other strand"
    else:
        hint = "the table may belong to another assembly"
    raise InputError(
        f"{path}, line {variant['line']}: the variant {variant['name']} has the reference allele "
        f"{variant['reference']}, and the genome has {found} there ({wrong.sum()} of {len(wrong)} variants "
        f"do not fit): {hint}."
    )


def _features(variants: pd.DataFrame, width: int) -> pd.DataFrame:
    """Return the features table: the variant of each example, in the middle of its window."""
    return pd.DataFrame(
        {
            "feature": np.arange(len(variants)),
            "example": np.arange(len(variants)),
            "name": variants["name"],
            "kind": "variant",
            "start": width // 2,
            "end": width // 2 + 1,
            "strand": "+",
            "reference": variants["reference"],
            "alternate": variants["alternate"],
            "group": variants["group"],
        }
    )[FEATURE_COLUMNS]
