"""The claims of :mod:`dfim.reproduction.claims`, each judged by its rule on what a run's results hold."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from dfim.errors import InputError
from dfim.files.tables import read_table
from dfim.reproduction.claims import RULES, parts_of
from dfim.reproduction.measuring import Found, Results
from dfim.statistics.calibration import TOLERANCE, level_is_held
from dfim.statistics.conditions import UnknownColumn
from dfim.statistics.resolution import LEVEL

COLUMNS = ["section", "claim", "stated", "found", "threshold", "n", "verdict", "note"]
REPRODUCED, NOT_REPRODUCED, CANNOT_SHOW = "reproduced", "not reproduced", "cannot show"

_BOUNDS = {"at least": np.greater_equal, "at most": np.less_equal, "above": np.greater, "below": np.less}


def reproduce(
    claims: list[dict],
    folder: str | os.PathLike,
    files: Sequence[str],
    cannot_show: dict[str, str] | None = None,
) -> pd.DataFrame:
    """Measure every claim; return one row per claim that this run can show, the columns ``COLUMNS``.

    ``folder`` is the results folder and ``files`` the files below it that this run has made: a claim about
    another file cannot be shown. ``cannot_show`` gives, for what a claim ``needs``, the reason why this run's
    data cannot show it. The verdict is ``reproduced``, ``not reproduced`` (a part that fails is enough) or
    ``cannot show`` (a part is missing, and none fails). All claims whose data or files this run has not are
    one last row together, whose note counts them by reason.
    """
    made = {os.path.relpath(path, folder) for path in files}
    results = Results(Path(folder))
    reasons = [_reason(claim, made, cannot_show or {}) for claim in claims]
    rows = [_judge(claim, results, made) for claim, why in zip(claims, reasons, strict=True) if not why]
    if missing := Counter(filter(None, reasons)):
        rows.append(_cannot_be_shown(missing))
    return pd.DataFrame(rows, columns=COLUMNS)


def judge_null_checks(folder: str | os.PathLike, files: Sequence[str]) -> pd.DataFrame:
    """Return the row, as of :func:`reproduce`, that says whether p hold their level where nothing interacts.

    ``files`` are those of the run; each ``null_checks.tsv`` among them, below ``folder``, is judged, method
    by method and score by score: one that is off is enough to fail. Real features that are known not to
    interact are no judge of this, since a network may have small interactions that nobody planted; how
    often they have p ≤ .05 stands in the note. No row where no analysis checks its null.
    """
    paths = [path for path in sorted(files) if Path(path).name == "null_checks.tsv"]
    parts = [read_table(path).assign(place=_place(path, folder)) for path in paths]
    if not parts:
        return pd.DataFrame(columns=COLUMNS)
    table = pd.concat(parts, ignore_index=True)
    table = table[table["holds"].notna()]
    off = table[table["holds"] == 0]
    row = {
        "section": "calibration",
        "claim": f"p-values hold their level where nothing interacts: share with p ≤ {LEVEL:g} of pairs of a "
        "feature and a place without one, and of variants in networks of random weights, for each analysis, "
        "method and score",
        "stated": "",
        "found": f"{len(table) - len(off)} of {len(table)} hold it"
        + (f"; largest share {table['share'].max():.3g}" if len(table) else ""),
        "threshold": f"at most {TOLERANCE[LEVEL][1]:g}, or an interval with the level, in each",
        "n": int(table.groupby("place")["n"].max().sum()),
        "verdict": NOT_REPRODUCED if len(off) else REPRODUCED if len(table) else CANNOT_SHOW,
        "note": "; ".join(filter(None, [_off_text(off), _real_text(files)])),
    }
    return pd.DataFrame([row], columns=COLUMNS)


def _place(path: str, folder: str | os.PathLike) -> str:
    return os.path.relpath(Path(path).parent, Path(folder) / "interactions")


def _off_text(off: pd.DataFrame) -> str:
    """Return where the level is not held, each place with its checks, methods, scores and shares."""
    if off.empty:
        return ""
    named = off.assign(method=off["method"].fillna("").replace("", "mutagenesis"))
    texts = [
        f"{row.place} ({row.check}, {row.method} {row.score} {row.share:.2g})" for row in named.itertuples()
    ]
    return f"off in {'; '.join(texts)}"


def _real_text(files: Sequence[str]) -> str:
    """Return the range of shares of real rows known not to interact that have p ≤ .05 by the first null."""
    parts = [_known_rows(path) for path in sorted(files) if Path(path).name == "calibration.tsv"]
    shares = pd.concat(parts)["share"].dropna() if parts else pd.Series(dtype=float)
    if shares.empty:
        return ""
    return (
        f"of real features known not to interact {shares.min():.2g} to {shares.max():.2g} have p ≤ "
        f"{LEVEL:g}; these may be small interactions that the network has, and few of them are called"
    )


def _known_rows(path: str) -> pd.DataFrame:
    """Return the rows of a calibration table that are of real rows known not to interact."""
    nulls = read_table(Path(path).with_name("nulls.tsv"))
    own = level_is_held(read_table(path), nulls["method"].iloc[0])
    return own[(own["null_model"] == nulls["null_model"].iloc[0]) & (own["level"] == LEVEL)]


def _reason(claim: dict, made: set[str], cannot_show: dict[str, str]) -> str:
    """Return why this run cannot show a claim at all; nothing where it can show a part of it."""
    if reason := claim.get("cannot_show") or cannot_show.get(claim.get("needs")):
        return reason
    missing = [part["file"] for part in parts_of(claim) if part["file"] not in made]
    return f"this run did not make {missing[0]}" if len(missing) == len(parts_of(claim)) else ""


def _cannot_be_shown(reasons: Counter) -> dict:
    """Return the one row of the claims that a run cannot show."""
    number = sum(reasons.values())
    return {
        "section": "other data",
        "claim": f"{number} claim{'s' * (number > 1)} about what this run does not have",
        **dict.fromkeys(("stated", "found", "threshold"), ""),
        "n": 0,
        "verdict": CANNOT_SHOW,
        "note": "; ".join(f"{reason} ({times})" for reason, times in reasons.items()),
    }


def _judge(claim: dict, results: Results, made: set[str]) -> dict:
    """Return the row of one claim."""
    parts = parts_of(claim)
    judged = [_measured(claim, part, results, made) for part in parts]
    texts = [_found_text(part.get("name"), found) for part, (found, _) in zip(parts, judged, strict=True)]
    holds = [
        _holds(claim, part, found)
        for part, (found, _) in zip(parts, judged, strict=True)
        if found.value is not None
    ]
    verdict = NOT_REPRODUCED if not all(holds) else REPRODUCED if len(holds) == len(parts) else CANNOT_SHOW
    return {
        "section": claim["section"],
        "claim": claim["claim"],
        "stated": _text(claim.get("stated")),
        "found": "; ".join(filter(None, texts)),
        "threshold": "; ".join(part["rule"] for part in parts),
        "n": sum(found.n for found, _ in judged),
        "verdict": verdict,
        "note": "; ".join(filter(None, [*dict.fromkeys(reason for _, reason in judged), claim.get("note")])),
    }


def _measured(claim: dict, part: dict, results: Results, made: set[str]) -> tuple[Found, str]:
    """Return what is found for a part of a claim, and why it is nothing."""
    files = [part["file"], *([part["per"]["file"]] if "per" in part else [])]
    if missing := [file for file in files if file not in made]:
        return Found(None, 0), f"this run did not make {missing[0]}"
    where = f"the claim {claim['claim']!r}" + (f", part {part['name']!r}" if "name" in part else "")
    try:
        found = results.measure(part, where)
    except UnknownColumn:  # a feature or task that this run's data do not have
        return Found(None, 0), f"{part['file']} has no such column"
    return found, f"{part['file']} has no such row" if found.value is None else ""


def _holds(claim: dict, part: dict, found: Found) -> bool:
    """Return whether what was found satisfies the rule, each element of it where it is a list."""
    equals, within, bound, limit, least, most = RULES.fullmatch(part["rule"]).groups()
    values = np.atleast_1d(found.value)
    numbers = values.dtype.kind in "biuf"
    if (bound or least) and not numbers:
        raise InputError(
            f"the claim {claim['claim']!r} has the rule {part['rule']!r}, and {_text(found.value)!r} was "
            f"found in {part['file']}: measure a number."
        )
    if least:
        return bool(np.all((values >= float(least)) & (values <= float(most))))
    if bound:
        return bool(np.all(_BOUNDS[bound](values, float(limit))))
    stated = np.atleast_1d(claim["stated"])
    if stated.shape != values.shape:
        return False
    if numbers and stated.dtype.kind in "biuf":
        return bool(np.allclose(values, stated, rtol=1e-9, atol=float(within or 0) + 1e-12))
    return equals == "equals" and bool((stated.astype(str) == values.astype(str)).all())


def _found_text(name: str | None, found: Found) -> str:
    """Return what was found as text: the part's name, the group, the value and its interval."""
    if found.value is None:
        return ""
    named = f"{name} " if name else ""
    group = f" ({found.group})" if found.group else ""
    interval = f" [{found.low:.3g}, {found.high:.3g}]" if np.isfinite(found.low) else ""
    return f"{named}{_text(found.value)}{interval}{group}"


def _text(value) -> str:
    """Return a value of a claim as text; the elements of a list separated by commas."""
    if value is None:
        return ""
    if isinstance(value, (list, tuple, np.ndarray)):
        return ", ".join(map(_text, value))
    return str(value) if isinstance(value, (str, int, np.integer)) else f"{value:.6g}"
