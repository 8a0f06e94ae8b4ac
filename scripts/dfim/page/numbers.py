"""Numbers as the page writes them: short, with their intervals, and nothing where there is nothing."""

from collections.abc import Mapping

import pandas as pd

MISSING = "–"
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value, digits: int = 3) -> str:
    """Write a number with so many digits; counts with thousands set apart, a missing one as a dash."""
    if value is None or pd.isna(value):
        return MISSING
    value = float(value)
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}".replace("-", "−")
    text = f"{value:.{digits}g}"
    if "e" in text:
        factor, exponent = text.split("e")
        return f"{factor} × 10{str(int(exponent)).translate(_RAISED)}".replace("-", "−")
    return text.replace("-", "−")


def interval(row: Mapping, name: str) -> str:
    """Write a value of a row with its 95 % interval, where the row has one: 0.91 [0.88, 0.93]."""
    low, high = row.get(f"{name}_low"), row.get(f"{name}_high")
    if low is None or pd.isna(low) or pd.isna(high):
        return number(row.get(name))
    return f"{number(row.get(name))} [{number(low)}, {number(high)}]"


def place(row: Mapping, prefix: str = "") -> str:
    """Write where a feature lies, from 0 and half-open: in the genome, or else in its sequence."""
    genomic = "chrom_" if pd.notna(row.get("chrom")) and row.get("chrom") else ""
    start, end = row[f"{prefix}{genomic}start"], row[f"{prefix}{genomic}end"]
    strand = row.get(f"{prefix}strand")
    where = f"{row['chrom']}:{int(start)}–{int(end)}" if genomic else f"{int(start)}–{int(end)}"
    return f"{where} ({strand})" if isinstance(strand, str) and strand.strip() else where
