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
``n``
    a column whose sum is the number of observations, where it is not the number of rows;
``rule``
    ``equals stated``, ``within X of stated``, ``at least X``, ``at most X``, ``above X`` or ``below X``; of
    several values each must hold;
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

import yaml

from dfim.errors import InputError
from dfim.files.text import read_text

KEYS = (
    "section", "claim", "stated", "file", "measure", "where", "against", "column", "n", "rule", "needs",
    "cannot_show", "note",
)  # fmt: skip
_DESCRIBING = ("section", "claim", "stated", "file", "measure", "rule", "needs", "cannot_show", "note")

_OF_ROWS = {"where", "n"}
# By kind of file: each measure, the keys that it needs, and those that it may have.
MEASURES = {
    ".tsv": {
        "rows": ((), _OF_ROWS),
        **{
            name: (("column",), _OF_ROWS)
            for name in ("value", "values", "mean", "median", "smallest", "largest", "share")
        },
        **{name: (("where", "against", "column"), set()) for name in ("auroc", "average_precision")},
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
RULES = re.compile(rf"(equals|within {_NUMBER} of) stated|(at least|at most|above|below) {_NUMBER}")


def read_claims(path: str | os.PathLike) -> list[dict]:
    """Read a list of claims; InputError, naming file and number (from 1), on one that is not as described."""
    try:
        claims = yaml.safe_load(read_text(path, "a YAML list of claims"))
    except InputError:
        raise
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a ValueError is a wrong date
        raise InputError(f"{path} is not YAML ({str(error).split(chr(10))[0]}): mend it.") from error
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


def _check(claim: object, where: str) -> None:
    """Raise InputError on a claim with an unknown or missing key, or a value that cannot be used."""
    if not isinstance(claim, dict) or (unknown := [key for key in claim if key not in KEYS]):
        found = f"has the unknown key {unknown[0]!r}" if isinstance(claim, dict) else "is no mapping"
        raise InputError(f"{where} {found}: the keys are {', '.join(KEYS)}.")
    measured = "file" in claim or "cannot_show" not in claim
    needed = ["section", "claim"] + (["file", "measure", "rule"] if measured else [])
    if missing := [key for key in needed if not claim.get(key)]:
        raise InputError(f"{where} has no {missing[0]!r}: write one.")
    for key, value in claim.items():
        if key != "stated" and not (isinstance(value, str) and value):
            raise InputError(f"{where} has the {key!r} {value!r}: write a text.")
    if measured:
        _check_measure(claim, where)
        _check_rule(claim, where)


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


def _check_rule(claim: dict, where: str) -> None:
    """Raise InputError unless the rule is one of the known forms and has the stated value that it needs."""
    rule, stated = claim["rule"], claim.get("stated")
    matched = RULES.fullmatch(rule)
    if not matched or (stated is None and "stated" in rule):
        raise InputError(
            f"{where} has the rule {rule!r}: write 'equals stated' or 'within X of stated' (both with a "
            "'stated'), 'at least X', 'at most X', 'above X' or 'below X'."
        )
    values = stated if isinstance(stated, list) else [] if stated is None else [stated]
    kinds = (int, float) if rule.startswith("within") else (int, float, str)
    if not all(isinstance(value, kinds) for value in values):
        needed = "numbers" if rule.startswith("within") else "a number, a text or a list of them"
        raise InputError(f"{where} has the rule {rule!r} and the stated value {stated!r}: write {needed}.")
