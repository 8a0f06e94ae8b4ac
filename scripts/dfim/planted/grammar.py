"""The grammar of a planted genome: what its tables must hold, checked before anything is planted.

The grammar is a dictionary; ``config/planted.yaml`` describes every key. Whatever it holds, a fault ends in
one sentence that names the table, the key, what was found and what is needed.
"""

import math
import re
import reprlib
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import yaml

from dfim.errors import InputError
from dfim.files.text import read_text

# What the column of a peak's summit holds: the centre of the element, or -1, as in UCSC's DNase peaks, whose
# middle is the centre then.
SUMMITS = ("centre", "midpoint")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")
_PATTERN = re.compile(r"[ACGTRYSWKMBDHVN*]+")


# --- what a value must be: a test, and the words for it ------------------------------------------


def _is_number(value) -> bool:
    """Tell a finite number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_whole(value) -> bool:
    """Tell a whole number."""
    return isinstance(value, int) and not isinstance(value, bool)


def _is_text(value) -> bool:
    """Tell text that is not empty."""
    return isinstance(value, str) and bool(value)


def _are_names(value) -> bool:
    """Tell a list of texts, which may be empty."""
    return isinstance(value, list) and all(map(_is_text, value))


def _is_table(value) -> bool:
    """Tell a table that has at least one entry, each with a name."""
    return isinstance(value, Mapping) and len(value) > 0 and all(map(_is_name, value))


def _is_name(value) -> bool:
    """Tell text that can be part of a file's name."""
    return isinstance(value, str) and bool(_NAME.fullmatch(value))


def _is_pattern(value) -> bool:
    """Tell an exact pattern: IUPAC letters, and * for any base."""
    return isinstance(value, str) and bool(_PATTERN.fullmatch(value.upper()))


def _range_from(least: int) -> tuple[Callable, str]:
    """Return the test and the words of a range, from and to, both included."""
    return (
        lambda value: (
            isinstance(value, list)
            and len(value) == 2
            and all(map(_is_whole, value))
            and least <= value[0] <= value[1]
        ),
        f"two whole numbers, from and to, of {least} or more",
    )


_WHOLE = (lambda value: _is_whole(value) and value >= 0, "a whole number of 0 or more")
_NOT_NEGATIVE = (lambda value: _is_number(value) and value >= 0, "a number of 0 or more")
_SHARE = (lambda value: _is_number(value) and 0 <= value <= 1, "a number from 0 to 1")
_TEXT = (_is_text, "a name")
_MOTIFS = (lambda value: _are_names(value) and value, "a list of one motif or more")
_TABLES = (_is_table, "a table with an entry for each name (of letters, digits, '.', '_', '+' and '-')")
_SUMMIT = (lambda value: value in SUMMITS, f"one of {', '.join(SUMMITS)}")
_NAMES = (
    lambda value: _are_names(value) and value and all(map(_is_name, value)),
    "a list of one name or more (of letters, digits, '.', '_', '+' and '-')",
)

_ANY_PEAKS = {"width": _range_from(1), "jitter": _WHOLE, "summit": _SUMMIT, "lost": _SHARE, "gained": _SHARE}

# What the keys of the grammar's tables must hold: those that are required, and those that are optional.
_KEYS = {
    "grammar": (
        {
            "gc": (lambda value: _is_number(value) and 0 < value < 1, "a number between 0 and 1"),
            "chromosomes": _TABLES,
            "spacing": _range_from(1),
            "reach": _WHOLE,
            "trim": _NOT_NEGATIVE,
            "minimum_score": _SHARE,
            "motifs": _TABLES,
            "decoys": None,
            "elements": _TABLES,
            "peaks": _TABLES,
            "rules": (lambda value: isinstance(value, list) and value, "a list of one rule or more"),
            "reference_samples": None,
            "variants": None,
        },
        {"further_chromosomes": _TABLES},
    ),
    "further chromosome": (
        {
            "length": (lambda value: _is_whole(value) and value > 0, "a whole number above 0"),
            "copies": _WHOLE,
        },
        {},
    ),
    "motif": (
        {"pwm": _TEXT},
        {
            "core": (_is_pattern, "a pattern of IUPAC letters, * for any base"),
            "strand": (lambda value: value in ("+", "both"), "+ or both"),
        },
    ),
    "decoys": (
        {"motifs": (_are_names, "a list of motifs"), "number": _range_from(0)},
        {},
    ),
    "element": ({"motifs": _MOTIFS, "number": _WHOLE}, {"gap": _range_from(0), "further": _range_from(0)}),
    "peak set": ({"names": _NAMES, **_ANY_PEAKS}, {}),
    "rule": ({"motifs": _MOTIFS, "peaks": _NAMES}, {"gap": _range_from(0)}),
    "reference_samples": ({"number": _WHOLE, "motifs": _WHOLE, **_ANY_PEAKS}, {}),
    "variants": (
        {
            "peaks": _TEXT,
            "motifs": _MOTIFS,
            "sig": _WHOLE,
            "mid": _WHOLE,
            "ctl": _WHOLE,
            "minimum_drop": _NOT_NEGATIVE,
            "weak_drop": _NOT_NEGATIVE,
            "clearance": _WHOLE,
        },
        {},
    ),
}


# --- the grammar as a whole ----------------------------------------------------------------------


def read_grammar(path: str | Path) -> dict:
    """Read a YAML file of a grammar; raise InputError when it is missing or no YAML mapping."""
    try:
        grammar = yaml.safe_load(read_text(path, "a YAML file of a grammar"))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"the grammar {path} is not YAML: {' '.join(str(error).split())}.") from None
    if not isinstance(grammar, dict):
        raise InputError(f"the grammar {path} is not a mapping; config/planted.yaml is an example.")
    return grammar


def peak_names(grammar: Mapping) -> list[str]:
    """Return the names of all peak files of a grammar, the reference samples last.

    Raises InputError at the first fault of the grammar, see :func:`check_grammar`.
    """
    check_grammar(grammar)
    return _peak_names(grammar)


def _peak_names(grammar: Mapping) -> list[str]:
    """Return the names of all peak files of a grammar that may name one twice."""
    named = [name for peak_set in grammar["peaks"].values() for name in peak_set["names"]]
    return named + [
        f"reference_{number:02d}" for number in range(1, grammar["reference_samples"]["number"] + 1)
    ]


def check_grammar(grammar: Mapping) -> None:
    """Raise InputError at the first fault of a grammar: its keys, their values, and unknown names."""
    whole = "the planted grammar"
    _check_keys(whole, "grammar", grammar)
    for chrom, share in grammar["chromosomes"].items():
        positive = (lambda value: _is_number(value) and value > 0, "a share above 0")
        _check_value(f"'chromosomes' of {whole}", chrom, share, positive)
    for chrom, entry in grammar.get("further_chromosomes", {}).items():
        _check_keys(f"'further_chromosomes.{chrom}' of {whole}", "further chromosome", entry)
    for name, motif in grammar["motifs"].items():
        _check_keys(f"motif {name!r} of {whole}", "motif", motif)
    for name, peak_set in grammar["peaks"].items():
        _check_keys(f"peaks {name!r} of {whole}", "peak set", peak_set)
    for key in ("decoys", "reference_samples", "variants"):
        _check_keys(f"{key!r} of {whole}", key, grammar[key])
    for name, element in grammar["elements"].items():
        _check_group(f"element {name!r} of {whole}", "element", element, grammar["motifs"])
    for number, rule in enumerate(grammar["rules"], start=1):
        _check_group(f"rule {number} of {whole}", "rule", rule, grammar["motifs"])
    _check_peak_names(grammar)
    for key in ("decoys", "variants"):
        _check_names(f"{key!r} of {whole}", "motif", grammar[key]["motifs"], grammar["motifs"])
    _check_spacing(grammar)


def _check_keys(where: str, kind: str, table) -> None:
    """Raise InputError when a table lacks a key, has one too many, or has a value of the wrong kind."""
    required, optional = _KEYS[kind]
    if not isinstance(table, Mapping):
        raise InputError(
            f"{where} is {reprlib.repr(table)}, and must be a table with the keys "
            f"{', '.join(sorted(required))}."
        )
    for key in table:
        if key not in required | optional:
            raise InputError(
                f"{where} has the unknown key {key!r}: the keys are {', '.join(sorted(required | optional))}."
            )
    missing = sorted(set(required) - set(table))
    if missing:
        raise InputError(f"{where} lacks the key {missing[0]!r}: add it.")
    for key, wanted in (required | optional).items():
        if key in table and wanted:
            _check_value(where, key, table[key], wanted)


def _check_value(where: str, key: str, value, wanted: tuple[Callable, str]) -> None:
    """Raise InputError when a value is not what is wanted: a test, and the words for it."""
    test, words = wanted
    if not test(value):
        raise InputError(f"{where} has the {key} {reprlib.repr(value)}, and must have {words}.")


def _check_group(where: str, kind: str, table, motifs: Mapping) -> None:
    """Check an element or a rule: one motif alone, or two with the range of gaps between them."""
    _check_keys(where, kind, table)
    _check_names(where, "motif", table["motifs"], motifs)
    if (len(table["motifs"]), "gap" in table) not in ((1, False), (2, True)):
        raise InputError(
            f"{where} names {len(table['motifs'])} motifs {'with' if 'gap' in table else 'without'} a gap: "
            "give one motif without a gap, or two with the smallest and largest gap."
        )


def _check_peak_names(grammar: Mapping) -> None:
    """Raise InputError when two peak files have one name, or a rule or the variants name one that is none."""
    for name, number in Counter(_peak_names(grammar)).items():
        if number > 1:
            raise InputError(
                f"the planted grammar names the peaks {name!r} {number} times: rename all but one."
            )
    names = [name for peak_set in grammar["peaks"].values() for name in peak_set["names"]]
    for number, rule in enumerate(grammar["rules"], start=1):
        _check_names(f"rule {number} of the planted grammar", "peaks", rule["peaks"], names)
    _check_names("'variants' of the planted grammar", "peaks", [grammar["variants"]["peaks"]], names)


def _check_names(where: str, what: str, found, known) -> None:
    """Raise InputError for the first name that is not known."""
    for name in found:
        if name not in known:
            raise InputError(f"{where} names the unknown {what} {name!r}: the names are {', '.join(known)}.")


def _check_spacing(grammar: Mapping) -> None:
    """Raise InputError when elements could overlap, or a peak overlap the next one or a chromosome's end."""
    peak_sets = [*grammar["peaks"].values(), grammar["reference_samples"]]
    widest = max(peak_set["width"][1] + 2 * peak_set["jitter"] for peak_set in peak_sets)
    needed = max(2 * grammar["reach"], widest)
    if grammar["spacing"][0] < needed:
        raise InputError(
            f"'spacing' of the planted grammar begins at {grammar['spacing'][0]} bp, and its reach and its "
            f"peaks need {needed} bp: raise it."
        )
