"""What an analysis found, from its tables: counts, kinds, recall, and what needs care."""

from collections.abc import Iterable, Iterator, Mapping

import pandas as pd

from dfim.errors import counted
from dfim.files.tables import read_table
from dfim.page.numbers import interval, number, place
from dfim.statistics.resolution import LEVEL, coarse_nulls

MOST_KINDS = 300  # rows of kinds of one analysis
_MOST_SOURCES = 25


def pairs_found(
    files: Mapping[str, str], methods: Mapping[str, Mapping[str, str]], level: float, p_values: str
) -> dict:
    """Return what the template says of an analysis of pairs.

    ``files`` are the tables that are the same for every method (``tests``, ``kinds``, ``signs``, ``nulls``
    and, where there are some, ``networks``), ``methods`` those of each method (``recovery``,
    ``calibration``, ``nulls``).
    """
    tests = read_table(files["tests"])
    kinds = read_table(files["kinds"])
    tested, called = tests["p"].notna(), tests["called"] == 1
    by_call = {call: int((called & (tests["call"] == call)).sum()) for call in ("synergy", "redundancy")}
    rows = _kind_rows(kinds, read_table(files["networks"]) if files.get("networks") else None)
    return {
        "pairs": len(tests),
        "tested": int(tested.sum()),
        "called": int(called.sum()),
        **by_call,
        "examples": int(tests["example"].nunique()),
        "kinds": rows[:MOST_KINDS],
        "kinds_all": len(rows),
        "kinds_called": int((kinds["called"] == 1).sum()),
        "called_names": _called_names(kinds),
        "recovery": recovery_rows(methods),
        "warnings": _once(
            _pair_warnings(files, int(tested.sum()), level), method_warnings(methods, level, p_values)
        ),
    }


def _once(*parts: Iterable[str]) -> list[str]:
    """Return sentences without repeats, those of pair tests first."""
    sentences = dict.fromkeys(sentence for part in parts for sentence in part)
    return sorted(sentences, key=lambda sentence: not sentence.startswith("Pair tests"))


def _called_names(kinds: pd.DataFrame) -> list[str]:
    """Say each called kind of the grain ``names``: its call, its median interaction and the interval."""
    called = kinds[(kinds["grain"] == "names") & (kinds["called"] == 1)]
    return [
        f"{row['pair']}: {row['call']}, {interval(row, 'interaction')}" for row in called.to_dict("records")
    ]


def scan_found(scan: pd.DataFrame) -> list[dict]:
    """Return, of each pair of a scan, the cells within reach and called, and the largest that is called."""
    rows = []
    for pair, cells in scan.groupby("pair", sort=False):
        called = cells[cells["called"] == 1]
        row = {"pair": pair, "tested": int((cells["within_reach"] == 1).sum()), "called": len(called)}
        largest = ""
        if len(called):
            best = called.loc[called["interaction"].abs().idxmax()]
            largest = (
                f"{best['call']} of {interval(best, 'interaction')} at {best['spacing']} bp, "
                f"{best['orientation']}"
            )
        rows.append(row | {"largest": largest})
    return rows


def _kind_rows(kinds: pd.DataFrame, networks: pd.DataFrame | None) -> list[dict]:
    """Return the rows of the table of kinds, with what other networks and twins say where there are some."""
    key = ["grain", "pair", "orientation", "distance"]
    if networks is not None:
        more = [name for name in ("networks", "networks_called", "twins", "beyond_twins") if name in networks]
        kinds = kinds.merge(networks[key + more], on=key, how="left")
    rows = []
    for row in kinds.to_dict("records"):
        shown = {
            name: row[name]
            for name in ("grain", "pair", "orientation", "distance", "n", "n_examples", "p", "q")
        }
        shown |= {name: row[name] for name in ("interaction", "share", "shortest")}
        shown |= {"interaction_text": interval(row, "interaction"), "share_text": interval(row, "share")}
        shown |= {"called": row["called"] == 1, "call": row["call"] if isinstance(row["call"], str) else ""}
        shown["networks"] = _networks_say(row)
        rows.append(shown)
    return rows


def _networks_say(row: Mapping) -> str:
    """Say how many networks call a kind, and whether it is more than additive twins show."""
    said = []
    if pd.notna(row.get("networks")) and row["networks"] > 1:
        said.append(
            f"called by {round(row['networks_called'] * row['networks'])} of {int(row['networks'])} networks"
        )
    if row["called"] == 1 and pd.notna(row.get("beyond_twins")):
        beyond = "" if row["beyond_twins"] == 1 else "not "
        said.append(f"{beyond}beyond {counted(int(row['twins']), 'twin')}")
    return "; ".join(said)


def _pair_warnings(files: Mapping[str, str], tested: int, level: float) -> Iterator[str]:
    """Yield what needs care in the tables that are the same for every method."""
    if not tested:
        yield "No pair is tested: no sequence has two features within reach of the network."
        return
    for sentence in coarse_nulls(read_table(files["nulls"]), level):
        yield f"Pair tests: {sentence}"
    for row in read_table(files["signs"]).dropna(subset="note").to_dict("records"):
        yield f"{row['method']}: {row['note']}."


def method_warnings(methods: Mapping[str, Mapping[str, str]], level: float, p_values: str) -> Iterator[str]:
    """Yield what needs care in the tables of each method: coarse nulls, small p where none are known."""
    for method, files in methods.items():
        for sentence in coarse_nulls(read_table(files["nulls"]), level):
            yield f"{method}: {sentence}"
        rows = read_table(files["calibration"])
        told = level if (rows["level"] == level).any() else LEVEL  # a calibration has a few levels
        own = (rows["method"] == p_values) & (rows["distance"] == "all") & (rows["level"] == told)
        off = rows[own & (rows["tested"] == "not interacting") & (rows["holds"] == 0)]
        for row in off.to_dict("records"):
            # The pair test is the same for every method.
            of = "Pair tests" if row["score"] == "interaction" else method
            yield (
                f"{of}: of {number(row['n'])} scores of {row['score']} that are known not to interact, a "
                f"share of {interval(row, 'share')} has p ≤ {told:g} by the null {row['null_model']}. The "
                "network may have small interactions there; whether p hold, the checks of the null say."
            )


def recovery_rows(methods: Mapping[str, Mapping[str, str]]) -> list[dict]:
    """Return, where a truth is known, what each method recalls of it by the first null model."""
    rows = []
    for method, files in methods.items():
        table = read_table(files["recovery"])
        for row in table[table["null_model"] == "first"].to_dict("records"):
            rows.append(
                {
                    "method": method,
                    **{
                        name: row[name]
                        for name in ("score", "call", "n", "n_interacting", "n_called", "recall")
                    },
                    **{name: interval(row, name) for name in ("precision", "false_positive_rate")},
                    "recall_text": interval(row, "recall"),
                }
            )
    return rows


def null_checks(path: str) -> tuple[list[dict], list[str]]:
    """Return the rows of the checks of the null as text, and a sentence for each that does not hold."""
    rows, sentences = [], []
    for row in read_table(path).to_dict("records"):
        method = row["method"] if isinstance(row["method"], str) else "mutagenesis"
        words = {name: row[name] for name in ("check", "score", "n", "level", "holds")} | {"method": method}
        rows.append(words | {"share": interval(row, "share"), "called": interval(row, "called")})
        if row["holds"] == 0:
            sentences.append(
                f"{method}: the null does not hold in the check {row['check']!r}: a share of "
                f"{interval(row, 'share')} of {number(row['n'])} {row['score']} has p ≤ {row['level']:g}."
            )
    return rows, sentences


def main_recalls(rows: list[dict]) -> list[dict]:
    """Return the rows of recall that answer an analysis: of the pair test, once, or else of FIS by method."""
    tested = [row for row in rows if row["score"] == "interaction"]
    return tested[:1] or [row for row in rows if row["score"] == "fis"]


def positions_found(methods: Mapping[str, Mapping[str, str]], level: float, p_values: str) -> dict:
    """Return what the template says of an analysis of positions; ``methods`` have their ``sources`` too."""
    sources = {method: read_table(files["sources"]) for method, files in methods.items()}
    first = next(iter(sources.values()))
    features = first[first["feature"].notna()]
    called = {method: int((table["fis_q"] < level).sum()) for method, table in sources.items()}
    return {
        "sources": len(first),
        "features": len(features),
        "examples": int(first["example"].nunique()),
        "called_by_method": called,
        "top": [row for method, table in sources.items() for row in _top(method, table)]
        if len(features)
        else [],
        "cells": _cells(next(iter(methods.values())).get("cells")),
        "recovery": recovery_rows(methods),
        "warnings": list(method_warnings(methods, level, p_values)),
    }


def _cells(path: str | None) -> dict[str, dict[str, int]]:
    """Return how many cells of an aggregate map are tested and called, by set; nothing without a map."""
    if path is None:
        return {}
    cells = read_table(path)
    return {
        name: {"tested": int(rows["p"].notna().sum()), "called": int((rows["called"] == 1).sum())}
        for name, rows in cells.groupby("set", sort=False)
    }


def _top(method: str, sources: pd.DataFrame) -> list[dict]:
    """Return the sources of smallest q of one method, at most :data:`_MOST_SOURCES`."""
    best = sources.sort_values(["fis_q", "fis_p", "fis"], ascending=[True, True, False]).head(_MOST_SOURCES)
    return [
        {
            "method": method,
            "name": row["name"] if isinstance(row["name"], str) else "",
            "group": row["group"] if isinstance(row["group"], str) else "",
            "place": place(row),
            "fis": row["fis"],
            "signed_sum": row["signed_sum"],
            "p": row["fis_p"],
            "q": row["fis_q"],
        }
        for row in best.to_dict("records")
    ]


def summary(view: Mapping) -> str:
    """Say in one sentence what an analysis found."""
    if "tested" in view:
        call = f"{view['synergy']:,} synergy, {view['redundancy']:,} redundancy"
        kinds = f"{view['kinds_called']:,} of {view['kinds_all']:,} kinds are called"
        return f"{view['called']:,} of {view['tested']:,} tested pairs act together ({call}); {kinds}"
    called = "; ".join(f"{method} {count:,}" for method, count in view["called_by_method"].items())
    looked = f"{view['sources']:,} sources in {counted(view['examples'], 'sequence')}"
    if view["cells"]:
        sets = "; ".join(f"{name} {n['called']:,} of {n['tested']:,}" for name, n in view["cells"].items())
        return f"{looked}; cells of the aggregate map whose mean change is called: {sets}"
    return (
        f"{looked}; sources with a q of FIS below {view['level']:g}: {called}" if view["features"] else looked
    )
