"""Position weight matrices from files: plain, MEME, HOMER and JASPAR, one motif or several by name."""

import math
import os
import re
from dataclasses import dataclass, field

import numpy as np

from dfim.errors import InputError, counted
from dfim.files.text import text_lines
from dfim.sequences.bases import BASES

_WHAT = "a matrix"
_NUMBERS = re.compile(r"\s*[\d.+-]")
_JASPAR_ROW = re.compile(r"\s*([ACGT])\s*[\[|:]?\s*([\d.eE+\s-]+?)\s*\]?\s*", re.IGNORECASE)
_HOMER = re.compile(r">\s*[ACGTRYSWKMBDHVN]+\t\s*(\S+)", re.IGNORECASE)
_WIDTH = re.compile(r"\bw\s*=\s*(\d+)")
_ALPHABET = re.compile(r"ALPHABET\s*=\s*(\S+)")
_LETTERS = re.compile(r"\s*(?:#|P[O0]\s|Pos\s)?\s*([ACGTU](?:\s+[ACGTU]){3})\s*", re.IGNORECASE)
_NAME = re.compile(r"(?:MOTIF|>)\s*(\S*)")


@dataclass
class _Motif:
    """A motif as it stands in a file: its name, and its rows with their lines."""

    name: str
    where: str
    rows: list[tuple[int, str]] = field(default_factory=list)
    bases: list[str] = field(default_factory=list)  # of JASPAR's rows, which are of one base each
    width: int | None = None  # positions, where MEME's line of a matrix says it


def read_matrices(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Read the motifs of a file: by name, probabilities, float64 (positions, 4), bases A C G T.

    A plain file has one line for each position with four numbers, counts or probabilities, and one motif,
    whose name is empty. A line ``MOTIF name`` (MEME) or ``>`` (HOMER, where the name is the second column,
    and JASPAR, where it is the first word) begins a motif. JASPAR's motifs have a row for each base. Other
    lines that do not begin with a number are left out, and MEME's tables of log-odds. A file of one motif
    gives it the empty name.

    Raises InputError, naming file and line, on a line with another number of columns, on values below 0 or
    not finite, on a position that sums to 0, on a motif without a position, and on motifs of one name.
    """
    motifs = [motif for motif in _motifs(path) if motif.rows or motif.name]
    if not any(motif.rows for motif in motifs):
        raise InputError(f"{path} has no line of four numbers, for A, C, G and T: it is no matrix.")
    matrices = {}
    for motif in motifs:
        if not motif.rows:
            raise InputError(
                f"{motif.where}: the motif {motif.name!r} has no line of four numbers: remove it."
            )
        if motif.width not in (None, len(motif.rows)):
            raise InputError(
                f"{motif.where}: the motif {motif.name!r} has w= {motif.width} and "
                f"{counted(len(motif.rows), 'line')} of four numbers: fetch the file again."
            )
        name = motif.name if len(motifs) > 1 else ""
        if len(motifs) > 1 and (not name or name in matrices):
            raise InputError(
                f"{motif.where}: the file has {counted(len(motifs), 'motif')}, and this one has "
                f"{f'the name {name!r} of another' if name else 'no name'}: write a name of its own after "
                "'>' or 'MOTIF'."
            )
        matrices[name] = _probabilities(path, motif)
    return matrices


def _motifs(path: str | os.PathLike) -> list[_Motif]:
    """Return the motifs of a file; the first is what comes before any name."""
    motifs, in_log_odds = [_Motif("", f"{path}, line 1")], False
    for number, line in text_lines(path, _WHAT):
        _check_order(path, number, line)
        if line.startswith((">", "MOTIF")):
            in_log_odds = False
            name = (_HOMER.match(line) or _NAME.match(line))[1]
            motifs.append(_Motif(name, f"{path}, line {number}"))
        elif line.startswith(("log-odds matrix", "letter-probability matrix")):
            in_log_odds = line.startswith("log-odds")
            if not in_log_odds and motifs[-1].rows:
                motifs.append(_Motif("", f"{path}, line {number}"))
            if not in_log_odds and (width := _WIDTH.search(line)):
                motifs[-1].width = int(width[1])
        elif in_log_odds:
            continue
        elif _NUMBERS.match(line):
            motifs[-1].rows.append((number, line))
        elif len(motifs) > 1 and (match := _JASPAR_ROW.fullmatch(line)):
            motifs[-1].bases.append(match[1].upper())
            motifs[-1].rows.append((number, match[2]))
    return motifs


def _check_order(path: str | os.PathLike, number: int, line: str) -> None:
    """Refuse a line that says that columns are of other letters, or in another order, than A, C, G, T."""
    named = _ALPHABET.match(line) or _LETTERS.fullmatch(line)
    letters = re.sub(r"[^A-Z]", "", named[1].upper().replace("U", "T")) if named else ""
    if named and letters != BASES:
        raise InputError(
            f"{path}, line {number}: the columns are of {letters or 'no letters'}, and A, C, G and T "
            "in this order are needed: change the order of the columns, or give a motif of DNA."
        )


def _probabilities(path: str | os.PathLike, motif: _Motif) -> np.ndarray:
    """Return a motif's probabilities, (positions, 4)."""
    loose = [_row(path, number, line, None) for number, line in motif.rows]
    if motif.bases:
        if sorted(motif.bases) != list(BASES) or len(loose) != len(BASES) or len(set(map(len, loose))) != 1:
            raise InputError(
                f"{motif.where}: the motif {motif.name!r} has rows for {', '.join(motif.bases)}, and one for "
                "each of A, C, G and T is needed, all of one length."
            )
        counts = np.array([loose[motif.bases.index(base)] for base in BASES]).T
    elif motif.name and _is_by_base(loose):
        counts = np.array(loose).T
    else:
        counts = np.array([_row(path, number, line, len(BASES)) for number, line in motif.rows])
    sums = counts.sum(axis=1, keepdims=True)
    if not (sums > 0).all():
        raise InputError(
            f"{motif.where}: position {int(np.argmin(sums > 0)) + 1} of the motif {motif.name!r} sums to 0, "
            "and a position has at least one base: mend it."
        )
    return counts / sums


def _is_by_base(rows: list[list[float]]) -> bool:
    """Tell whether the rows under a name are those of the four bases (JASPAR), and not of positions.

    Four rows of four numbers are where the columns have one sum, that of the sites, and the rows have not.
    """
    if len(rows) != len(BASES) or len(set(map(len, rows))) != 1 or not rows[0]:
        return False
    if len(rows[0]) != len(BASES):
        return True
    across, down = np.sum(rows, axis=1), np.sum(rows, axis=0)
    return not np.allclose(across, across[0], rtol=0.02) and np.allclose(down, down[0], rtol=0.02)


def _row(path: str | os.PathLike, number: int, line: str, width: int | None) -> list[float]:
    """Return the numbers of a line, from 0; with a ``width``, so many, and not all 0."""
    try:
        row = [float(value) for value in line.split()]
    except ValueError:
        row = []
    right = bool(row) and min(row) >= 0 and sum(row) < math.inf
    if not right or (width is not None and (len(row) != width or not sum(row))):
        raise InputError(
            f"{path}, line {number}: found {line.strip()!r}, and four numbers from 0, for A, C, G and T, "
            "are needed."
        )
    return row
