"""Single-nucleotide variants: reading them, checking them against the genome, and windows centred at them."""

import logging
import os
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from dfim.datasets.dataset import Dataset
from dfim.datasets.sequence_files import read_sequences
from dfim.datasets.windows import examples_table, few_n
from dfim.errors import InputError, counted
from dfim.files.text import TABLE, HeaderedTable, TableLines, data_fields, text_lines
from dfim.genomes.fasta import Genome, genome_order
from dfim.genomes.intervals import check_chromosomes, overlapping, read_peaks, windows_at
from dfim.sequences.bases import BASES, reverse_complement
from dfim.sequences.features import FEATURE_COLUMNS

logger = logging.getLogger(__name__)

# The columns that a table of variants must have, and what they are called if not told otherwise.
COLUMNS = {
    "chrom": "chrom", "position": "pos1", "reference": "ref", "alternate": "alt", "pvalue": "pvalue",
}  # fmt: skip
_VCF = "##fileformat=VCF"
_VCF_PLACES = {"chrom": 0, "position": 1, "reference": 3, "alternate": 4}
_VCF_INFO = 7


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
    ).drop(columns="record")
    variants = _in_peaks(variants, peaks, genome.sizes)
    windows = windows_at(variants["chrom"], variants["position"], width, genome.sizes)
    variants = variants.loc[windows.index]
    bases = genome.fetch(windows, width)
    check_alleles(variants, bases, table)
    return _dataset(variants, windows, bases, options["max_n_fraction"], table)


def build_variant_array(sequences: str | os.PathLike, table: str | os.PathLike, options: Mapping) -> Dataset:
    """Build a dataset from the sequences around variants, one for each row of a table, in its order.

    ``sequences`` are FASTA or a one-hot array (:func:`dfim.datasets.sequence_files.read_sequences`) of any
    length; the variant is at 0-based index length // 2, where the sequence has the reference allele.
    ``options`` has the keys ``columns``, ``positive_below``, ``control_from`` and ``max_n_fraction`` of
    :func:`build_variant_dataset`, whose dataset this one equals for the same sequences but for its order.

    Raises InputError when the table does not have one row for each sequence, and when a reference allele is
    not the sequence's base.
    """
    _, bases = read_sequences(sequences, distinct=False)
    variants = read_variants(
        table, None, options["columns"], options["positive_below"], options["control_from"]
    )
    records = variants.attrs["records"]
    if records != len(bases):
        raise InputError(
            f"{table} has {counted(records, 'variant')}, and {sequences} {counted(len(bases), 'sequence')}: "
            "give one sequence for each variant, in the same order."
        )
    bases = bases[variants["record"]]
    check_alleles(variants, bases, table, f"the sequence of {sequences} has")
    width = bases.shape[1]
    windows = pd.DataFrame({"chrom": variants["chrom"], "start": variants["position"] - width // 2})
    windows["end"] = windows["start"] + width
    return _dataset(variants.drop(columns="record"), windows, bases, options["max_n_fraction"], table)


def _dataset(
    variants: pd.DataFrame,
    windows: pd.DataFrame,
    bases: np.ndarray,
    max_n_fraction: float,
    table: str | os.PathLike,
) -> Dataset:
    """Make a dataset of variants and their windows, without those with too many N or one at the variant."""
    width = bases.shape[1]
    kept = few_n(bases, max_n_fraction) & (bases[:, width // 2] != ord("N"))
    variants, windows, bases = variants[kept].reset_index(drop=True), windows[kept], bases[kept]
    groups = {group: int((variants["group"] == group).sum()) for group in ("positive", "control")}
    logger.info("%d positive and %d control variants are kept", groups["positive"], groups["control"])
    for group, number in groups.items():
        # A table without p-values has no controls, and none is expected.
        if not number and variants["pvalue"].notna().any():
            logger.warning("%s", _without_group(group, table))
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


def _without_group(group: str, table: str | os.PathLike) -> str:
    """Return a sentence that says that a table gives no variants of a group, and what that means."""
    key, bound = ("positive_below", "below") if group == "positive" else ("control_from", "from")
    return (
        f"{table} gives no {group} variants: a comparison of positives with controls has nothing to compare, "
        f"and a condition group == {group!r} selects nothing; a {group} has a p-value {bound} {key}."
    )


def read_variants(
    path: str | os.PathLike,
    sizes: Mapping[str, int] | None,
    columns: Mapping[str, str | int | None] | None = None,
    positive_below: float = 5e-5,
    control_from: float = 1.0,
) -> pd.DataFrame:
    """Read single-nucleotide variants from a tab-separated table or a VCF file, gzipped or not.

    ``columns`` names the table's columns for ``chrom``, ``position`` (1-based), ``reference``,
    ``alternate`` and ``pvalue``, :data:`COLUMNS` where not given; numbers (from 1) are those of the columns
    of a table without a header. In a VCF file the columns are known, and ``pvalue`` is the key of INFO; a
    record with several alternate alleles becomes a variant for each, and alleles that are not single bases
    (indels, symbolic ones) are left out, counted in the log. Returns ``chrom``, ``position`` (0-based),
    ``reference``, ``alternate``, ``pvalue``, ``group``, ``name`` (``chr11:30344883:G>C``, 1-based),
    ``line`` (1-based, of the file) and ``record`` (0-based number of the row), in the order of the genome,
    or of the file when ``sizes`` is None; ``attrs["records"]`` is the number of rows.

    ``group`` is ``positive`` where p < ``positive_below`` and ``control`` where p >= ``control_from``;
    variants between are left out, and of variants that occur twice the one with the smallest p-value is
    kept; both are counted in the log. When ``pvalue`` is None, all are ``positive``. Raises InputError,
    naming file and line, for a missing column, a position that is not on the genome, a p-value outside 0 to
    1, and alleles that are not two different bases.
    """
    rows, lines = _read_columns(path, {**COLUMNS, **(columns or {})})
    position = _check_positions(rows, lines, sizes)
    pvalue = pd.to_numeric(rows["pvalue"], errors="coerce").to_numpy()
    if rows["pvalue"].notna().any():
        lines.refuse(
            ~((pvalue >= 0) & (pvalue <= 1)),
            lambda row: f"the p-value is {rows['pvalue'][row]!r}, and a number from 0 to 1 is needed",
        )
        group = np.select([pvalue < positive_below, pvalue >= control_from], ["positive", "control"], "")
    else:
        group = np.full(len(rows), "positive")
    variants = pd.DataFrame(
        {
            "chrom": rows["chrom"],
            "position": position - 1,
            "reference": rows["reference"].str.upper(),
            "alternate": rows["alternate"].str.upper(),
            "pvalue": pvalue,
            "group": group,
            "line": lines.numbers,
            "record": rows["record"],
        }
    )
    variants = _named(_grouped(variants, path), sizes)
    variants.attrs["records"] = rows.attrs["records"]
    return variants


def _check_positions(rows: pd.DataFrame, lines: TableLines, sizes: Mapping[str, int] | None) -> np.ndarray:
    """Return the 1-based positions, which must be on the genome, or at least above 0 when it is not known."""
    if sizes is not None:
        check_chromosomes(lines, rows["chrom"], sizes)
    position = lines.integers("the position", list(rows["position"]))
    if sizes is None:
        lines.refuse(position < 1, lambda row: f"the position is {position[row]}, and positions begin at 1")
        return position
    length = rows["chrom"].map(sizes).to_numpy()
    lines.refuse(
        (position < 1) | (position > length),
        lambda row: (
            f"the position is {position[row]}, and {rows['chrom'][row]} has the 1-based positions 1 to "
            f"{length[row]}"
        ),
    )
    return position


def _read_columns(
    path: str | os.PathLike, columns: Mapping[str, str | int | None]
) -> tuple[pd.DataFrame, TableLines]:
    """Read columns of a table or VCF file as text, under the names of :data:`COLUMNS`, and ``record``."""
    if _is_vcf(path):
        return _read_vcf(path, columns["pvalue"])
    columns = {key: column for key, column in columns.items() if column is not None}
    numbered = [isinstance(column, int) for column in columns.values()]
    if any(numbered) and not all(numbered):
        raise InputError(
            f"the columns of {path} are {dict(columns)}: give a name for each, or for a table without a "
            "header the number of each, from 1."
        )
    cells, table = (_numbered if any(numbered) else _headed)(path, columns)
    rows = {key: pd.Series(column, dtype=str) for key, column in zip(columns, cells, strict=True)}
    frame = pd.DataFrame({"pvalue": None, **rows, "record": np.arange(len(table.numbers))})
    frame.attrs["records"] = len(frame)
    return frame, table


def _is_vcf(path: str | os.PathLike) -> bool:
    """Tell whether a file is VCF by its first line."""
    return next((line.startswith(_VCF) for _, line in text_lines(path, TABLE) if line.strip()), False)


def _headed(path: str | os.PathLike, columns: Mapping[str, str]) -> tuple[list[list[str]], TableLines]:
    """Read columns of a table by the names in its header."""
    table = HeaderedTable(path, set(columns.values()))
    for key, name in columns.items():
        if name not in table.header:
            raise InputError(
                f"{path} has no column {name!r}, which the key {key!r} of columns names; it has "
                f"{', '.join(table.header)}."
            )
    return table.columns(list(columns.values()))


def _numbered(path: str | os.PathLike, columns: Mapping[str, int]) -> tuple[list[list[str]], TableLines]:
    """Read columns of a table without a header by their numbers, from 1."""
    fields, table = data_fields(path)
    needed = max(columns.values())
    table.refuse(
        [len(line) < needed for line in fields],
        lambda row: (
            f"found {counted(len(fields[row]), 'tab-separated column')}, and column {needed} is needed"
        ),
    )
    return [[line[number - 1] for line in fields] for number in columns.values()], table


def _read_vcf(path: str | os.PathLike, info_key: str | None) -> tuple[pd.DataFrame, TableLines]:
    """Read the single-base alleles of a VCF file as :func:`_read_columns` reads a table."""
    fields, table = data_fields(path)
    table.refuse(
        [len(line) < 8 for line in fields],
        lambda row: f"found {counted(len(fields[row]), 'tab-separated column')}, and VCF has 8 or more",
    )
    rows, left_out = [], 0
    for record, line in enumerate(fields):
        alleles = line[_VCF_PLACES["alternate"]].split(",")
        values = _info_values(table, record, line[_VCF_INFO], info_key, len(alleles))
        for allele, pvalue in zip(alleles, values, strict=True):
            single = len(line[_VCF_PLACES["reference"]]) == 1 and allele.upper() in BASES and len(allele) == 1
            left_out += not single
            if single:
                cells = {key: line[place] for key, place in _VCF_PLACES.items()}
                rows.append({**cells, "alternate": allele, "pvalue": pvalue, "record": record})
    logger.info("%d records: %d alleles that are not single bases are left out", len(fields), left_out)
    if not rows:
        raise InputError(f"{path} has no single-nucleotide variant: only those can be analysed.")
    frame = pd.DataFrame(rows)
    frame.attrs["records"] = len(fields)
    return frame, TableLines(path, table.numbers[frame["record"]])


def _info_values(table: TableLines, row: int, info: str, key: str | None, alleles: int) -> list[str | None]:
    """Return a value of the INFO column for each alternate allele; None for each when no key is given."""
    if key is None:
        return [None] * alleles
    parts = [entry.partition("=")[::2] for entry in info.split(";")]
    entries = dict(parts)
    if sum(name == key for name, _ in parts) > 1:
        raise InputError(f"{table.where(row)}: INFO has {key!r} twice: leave one of them.")
    if not entries.get(key):
        raise InputError(
            f"{table.where(row)}: INFO has no value for {key!r}, which the key 'pvalue' of columns names; "
            f"it has {', '.join(map(repr, entries))}: name one of them."
        )
    values = entries[key].split(",")
    if len(values) not in (1, alleles):
        raise InputError(
            f"{table.where(row)}: INFO has {counted(len(values), 'value')} for {key!r}, and one or "
            f"{alleles} are needed, one for each alternate allele."
        )
    return values if len(values) == alleles else values * alleles


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


def _named(variants: pd.DataFrame, sizes: Mapping[str, int] | None) -> pd.DataFrame:
    """Sort variants in the order of the genome, or of the file when it is not known, and add their names."""
    if sizes is None:
        variants = variants.sort_values("line", kind="stable", ignore_index=True)
    else:
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


def check_alleles(
    variants: pd.DataFrame, bases: np.ndarray, path: str | os.PathLike, there: str = "the genome has"
) -> None:
    """Raise InputError when the reference allele of a variant is not the base that is there.

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
        f"{variant['reference']}, and {there} {found} there ({wrong.sum()} of "
        f"{counted(len(wrong), 'variant')} do not fit): {hint}."
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
