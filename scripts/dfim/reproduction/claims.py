"""Lists of claims: what a claim may say, and reading and checking it before anything is measured.

A list of claims is a YAML file, a list of mappings with the keys

``section``, ``claim``
    where the claim stands, and what it says, in a sentence (both required);
``stated``
    the value that it gives: a number, a text or a list of them, or nothing where it gives a direction only;
``file``
    the file to look into, relative to the results folder: a table (``.tsv``, ``.tsv.gz``), an HDF5 file
    (``.h5``) or a network (``.keras``);
``measure``
    what to measure in it, one of :data:`MEASURES` for its kind of file;
``where``, ``against``
    conditions, pandas expressions over the columns of the table: the rows that are measured, and those that
    the measures ``auroc`` and ``average_precision`` compare them with;
``column``
    the column, or expression over columns, that is measured; of an HDF5 file the array or the attribute;
``by``
    the column whose every value is a group of its own, of the measure ``largest_share``;
``per``
    a mapping of ``file``, ``measure``, ``where``, ``against`` and ``column``: what is found is divided by
    what these give;
``n``
    a column whose sum is the number of observations, where it is not the number of rows;
``rule``
    ``equals stated``, ``within X of stated``, ``between X and Y``, ``at least X``, ``at most X``, ``above X``
    or ``below X``; of several values each must hold;
``parts``
    several things to measure, in place of one: a list of mappings with a ``name`` and the keys from ``file``
    to ``rule``; the claim holds where all of them do;
``table``
    where the verdict stands: ``reproduction`` (default), or ``data_checks`` for a configuration read back;
``needs``
    the name of data that the claim is about, so that a run on other data cannot confirm or refute it;
``cannot_show``
    why no run of the workflow can show the claim (then no file is needed); ``note``: a remark.

Beside the columns in ``docs/files.md``, expressions may use: of ``examples.tsv.gz`` ``label_{task}`` and
``copies_{name}``; of ``features.tsv.gz`` ``origin`` and ``split`` of the example and ``sequence`` (the bases
of the feature, read on its strand); of ``pairs.tsv.gz`` ``abs_distance``.
"""

import os
import re
from pathlib import Path

from dfim.errors import InputError
from dfim.files.yaml_files import read_yaml

_PART = ("file", "measure", "where", "against", "column", "by", "per", "n", "rule")
KEYS = ("section", "claim", "stated", *_PART, "parts", "table", "needs", "cannot_show", "note")
_DESCRIBING = {*KEYS, "name"} - {*_PART, "parts"} | {"file", "measure", "rule"}
REPRODUCTION, DATA_CHECKS = "reproduction", "data_checks"
TABLES = (REPRODUCTION, DATA_CHECKS)

_OF_ROWS = {"where", "n", "per"}
# By kind of file: each measure, the keys that it needs, and those that it may have.
MEASURES = {
    ".tsv": {
        "rows": ((), _OF_ROWS),
        **{
            name: (("column",), _OF_ROWS)
            for name in ("value", "values", "mean", "median", "smallest", "largest", "share")
        },
        "largest_share": (("column", "by"), {"where"}),
        **{name: (("where", "against", "column"), set()) for name in ("auroc", "average_precision", "gap")},
    },
    ".h5": {
        "rows": (("column",), set()),
        "length": (("column",), set()),
        "attribute": (("column",), set()),
        "background": ((), set()),
    },
    ".keras": {"layers": ((), set())},
}

_NUMBER = r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
RULES = re.compile(
    rf"(equals|within {_NUMBER} of) stated|(at least|at most|above|below) {_NUMBER}|"
    rf"between {_NUMBER} and {_NUMBER}"
)


def read_claims(path: str | os.PathLike) -> list[dict]:
    """Read a list of claims; InputError, naming file and number (from 1), on one that is not as described."""
    claims = read_yaml(path, "a YAML list of claims")
    if not isinstance(claims, list):
        raise InputError(f"{path} is not a list of claims: start each with a dash.")
    for number, claim in enumerate(claims, start=1):
        _check(claim, f"{path}, claim {number}")
    return claims


def check_cannot_show(claims: list[dict], cannot_show: dict[str, str]) -> None:
    """Raise InputError when a key of ``cannot_show`` is something that no claim ``needs``."""
    needs = sorted({claim["needs"] for claim in claims if "needs" in claim})
    if unknown := [name for name in cannot_show if name not in needs]:
        raise InputError(
            f"key 'cannot_show' has {unknown[0]!r}, which no claim needs; the claims need "
            f"{', '.join(needs) or 'nothing'}."
        )


def parts_of(claim: dict) -> list[dict]:
    """Return what a claim asks to be measured: its parts, or the claim itself where it has none."""
    return claim.get("parts", [claim])


def table_of(claim: dict) -> str:
    """Return the table that a claim's verdict stands in, one of :data:`TABLES`."""
    return claim.get("table", REPRODUCTION)


def _check(claim: object, where: str) -> None:
    """Raise InputError on a claim with an unknown or missing key, or a value that cannot be used."""
    _check_keys(claim, KEYS, where)
    _check_texts(claim, where)
    for key in ("section", "claim"):
        if key not in claim:
            raise InputError(f"{where} has no {key!r}: write one.")
    if table_of(claim) not in TABLES:
        raise InputError(f"{where} has the table {claim['table']!r}: choose from {', '.join(TABLES)}.")
    if "parts" in claim:
        _check_parts(claim, where)
    elif "file" in claim or "cannot_show" not in claim:
        _check_part(claim, claim.get("stated"), where)


def _check_keys(mapping: object, keys: tuple[str, ...], where: str) -> None:
    """Raise InputError unless a mapping has no other keys than these."""
    if not isinstance(mapping, dict) or (unknown := [key for key in mapping if key not in keys]):
        found = f"has the unknown key {unknown[0]!r}" if isinstance(mapping, dict) else "is no mapping"
        raise InputError(f"{where} {found}: the keys are {', '.join(keys)}.")


def _check_texts(mapping: dict, where: str) -> None:
    """Raise InputError unless every value is a text, but for those that are something else."""
    for key, value in mapping.items():
        if key not in ("stated", "parts", "per") and not (isinstance(value, str) and value):
            raise InputError(f"{where} has the {key!r} {value!r}: write a text.")


def _check_parts(claim: dict, where: str) -> None:
    """Raise InputError on parts that are no list of sound ones, or beside keys that belong into a part."""
    if beside := [key for key in _PART if key in claim]:
        raise InputError(f"{where} has 'parts' and the key {beside[0]!r}: write it in each part.")
    if not isinstance(claim["parts"], list) or not claim["parts"]:
        raise InputError(f"{where} has 'parts' that are no list: start each with a dash.")
    for number, part in enumerate(claim["parts"], start=1):
        here = f"{where}, part {number}"
        _check_keys(part, ("name", *_PART), here)
        _check_texts(part, here)
        if "name" not in part:
            raise InputError(f"{here} has no 'name': write one.")
        _check_part(part, claim.get("stated"), here)


def _check_part(part: dict, stated: object, where: str) -> None:
    """Raise InputError unless a part can be measured and judged."""
    for key in ("file", "measure", "rule"):
        if key not in part:
            raise InputError(f"{where} has no {key!r}: write one.")
    _check_measure(part, where)
    _check_rule(part["rule"], stated, where)
    if "per" in part:
        here = f"{where}, key 'per'"
        _check_keys(part["per"], ("file", "measure", "where", "against", "column"), here)
        _check_texts(part["per"], here)
        _check_part({**part["per"], "rule": "above 0"}, None, here)


def _check_measure(claim: dict, where: str) -> None:
    """Raise InputError unless the measure is one of the file's kind, with the keys that it takes."""
    kind = kind_of_file(claim["file"])
    if kind not in MEASURES:
        raise InputError(
            f"{where} has the file {claim['file']!r}: name a table (.tsv, .tsv.gz), an .h5 or a .keras file."
        )
    measure = claim["measure"]
    if measure not in MEASURES[kind]:
        raise InputError(
            f"{where} has the measure {measure!r}, and {claim['file']} is a {kind} file: choose from "
            f"{', '.join(MEASURES[kind])}."
        )
    needed, optional = MEASURES[kind][measure]
    if missing := [key for key in needed if key not in claim]:
        raise InputError(f"{where} has the measure {measure!r} and no {missing[0]!r}: write one.")
    if unused := [key for key in claim if key not in (*_DESCRIBING, *needed, *optional)]:
        raise InputError(
            f"{where} has the key {unused[0]!r}, which the measure {measure!r} of a {kind} file does not "
            "use: remove it."
        )


def kind_of_file(file: str) -> str:
    """Return the suffix that says the kind of a file: ``.tsv`` for a gzipped table, too."""
    return Path(file.removesuffix(".gz")).suffix


def _check_rule(rule: str, stated: object, where: str) -> None:
    """Raise InputError unless the rule is one of the known forms and has the stated value that it needs."""
    matched = RULES.fullmatch(rule)
    if not matched or (stated is None and "stated" in rule):
        raise InputError(
            f"{where} has the rule {rule!r}: write 'equals stated' or 'within X of stated' (both with a "
            "'stated'), 'between X and Y', 'at least X', 'at most X', 'above X' or 'below X'."
        )
    values = stated if isinstance(stated, list) else [] if stated is None else [stated]
    kinds = (int, float) if rule.startswith("within") else (int, float, str)
    if not all(isinstance(value, kinds) for value in values):
        needed = "numbers" if rule.startswith("within") else "a number, a text or a list of them"
        raise InputError(f"{where} has the rule {rule!r} and the stated value {stated!r}: write {needed}.")
