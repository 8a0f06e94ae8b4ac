"""Conditions over the rows of results, and columns that an analysis names: refused before jobs start."""

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import pandas as pd

from dfim.errors import InputError
from dfim.interactions.result_columns import (
    COPIES,
    SCORES,
    described_columns,
    null_columns,
    result_columns,
)
from dfim.statistics.conditions import compared_texts, evaluate, values_of, with_known_pairs
from workflow.analyses import target_kind
from workflow.datasets import matched_datasets
from workflow.feature_names import chosen, feature_names, known_rows
from workflow.groups import conditions_of, parsed
from workflow.sentences import in_one_list, sentences_of

_QUOTED = re.compile(r"`([^`]+)`")  # a column whose name is no name of Python


def check_conditions(config: Mapping) -> None:
    """Refuse conditions and columns that no result can have; InputError with all that is wrong."""
    checks = [check for name in config["analyses"] for check in _checks(name, config)]
    in_one_list(sentences_of(*checks), "the configuration")


def _checks(name: str, config: Mapping) -> Iterator[Callable[[], None]]:
    """Yield the checks of an analysis."""
    analysis, key = config["analyses"][name], f"key 'analyses.{name}"
    kind, columns, known = target_kind(analysis), columns_of(config, analysis), known_rows(config, analysis)
    for number, options in enumerate(analysis["nulls"]):
        yield partial(_check_null, f"{key}.nulls.{number}", options, kind, columns["nulls"])
    for part, options, own in conditions_of(analysis):
        there = columns["against_null" if own == "against_null" else part.split(".")[0]]
        yield partial(_check_condition, f"{key}.{part}'", options[own], there, known)
    for comparison, options in analysis.get("comparisons", {}).items():
        yield partial(_check_comparison, f"{key}.comparisons.{comparison}", options, kind)
        yield partial(_check_exclusive, f"{key}.comparisons.{comparison}'", options, known)


def columns_of(config: Mapping, analysis: Mapping) -> dict[str, list[str]]:
    """Return the columns that the conditions of each section of an analysis are over."""
    kind, names = target_kind(analysis), feature_names(config["datasets"].get(analysis["dataset"], {}))
    if names and kind == "pairs" and "features" in analysis["sources"]:
        taken = [chosen(names, analysis[end]["features"]) for end in ("sources", "targets")]
        names = sorted({*taken[0], *taken[1]})
    before = described_columns(kind, names)
    covariates = analysis["dataset"] in matched_datasets(config) and "features" in analysis["sources"]
    found = result_columns(kind, names, [null["model"] for null in analysis["nulls"]], covariates)
    null = null_columns(kind, found)
    return {"nulls": before, "truth": before, "comparisons": found, "against_null": null}


def _check_null(key: str, options: Mapping, kind: str, columns: Sequence[str]) -> None:
    """Refuse distances where there are none, and columns to match on that rows have not."""
    if options.get("distances") and kind != "pairs":
        raise InputError(
            f"{key}.distances' is for pairs of features, and the targets are positions: remove it, and give "
            "'position_bins' where distances matter."
        )
    for part in ("match", "each"):
        for column in options.get(part, ()):
            if not _there(column, columns):
                raise InputError(
                    f"{key}.{part}' names the column {column!r}, which the rows have not: name some of "
                    f"{', '.join(columns)}."
                )


def _check_comparison(key: str, options: Mapping, kind: str) -> None:
    """Refuse a score that the results have not."""
    if options.get("score", SCORES[kind][0]) not in SCORES[kind]:
        raise InputError(
            f"{key}.score' has the value {options['score']!r}, which the results of "
            f"{'pairs of features' if kind == 'pairs' else 'positions'} have not: choose one of "
            f"{', '.join(SCORES[kind])}."
        )


def _check_exclusive(where: str, options: Mapping, known: pd.DataFrame | None) -> None:
    """Refuse two groups of which one holds the other; a fault of one of them alone is told elsewhere."""
    if "group" not in options or "against" not in options:
        return
    conditions = [options[part].strip() for part in ("group", "against")]
    same = conditions[0] == conditions[1]
    if not same and known is not None:
        try:
            if any(not _names(one, where) <= set(known) for one in conditions):
                return
            first, second = (evaluate(known, one, where).to_numpy(bool) for one in conditions)
        except InputError:
            return
        same = bool((first & second).any() and ((first <= second).all() or (second <= first).all()))
    if same:
        raise InputError(
            f"{where} has the same rows in 'group', {conditions[0]!r}, and 'against', {conditions[1]!r}: "
            "make them exclusive."
        )


def _check_condition(where: str, condition: str, columns: Sequence[str], known: pd.DataFrame | None) -> None:
    """Refuse a condition that names what is not there, that no row meets or, of null rows, that all meet."""
    names = _names(condition, where)
    if known is not None:
        _check_texts(where, condition, known)
    if unknown := [name for name in sorted(names) if not _there(name, columns)]:
        raise InputError(
            f"{where} has the condition {condition!r}, and there is no column {unknown[0]!r}: write it over "
            f"the columns {', '.join(columns)}."
        )
    if known is None or not names <= set(known):
        return
    met = evaluate(known, condition, where)
    found = "no row meets" if not met.any() else "every row meets" if met.all() else ""
    if found and (not met.any() or where.endswith("members'")):
        raise InputError(
            f"{where} has the condition {condition!r}, which {found}: mend it{values_of(known, condition)}."
        )


def _there(column: str, columns: Sequence[str]) -> bool:
    """Return whether rows have a column; of names that are not known any may be counted."""
    return column in columns or (column.startswith(COPIES) and f"{COPIES}{{name}}" in columns)


def _names(condition: str, where: str) -> set[str]:
    """Return the columns that a condition names; InputError when it is none."""
    tree = parsed(_QUOTED.sub("0", condition), where)
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    found = {
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in called
    } | set(_QUOTED.findall(condition))
    if not found or (isinstance(tree, ast.BinOp) and not isinstance(tree.op, ast.BitAnd | ast.BitOr)):
        what = "names no column" if not found else "is no condition"
        raise InputError(f"{where} has the condition {condition!r}, which {what}: mend it.")
    return found


def _check_texts(where: str, condition: str, known: pd.DataFrame) -> None:
    """Refuse a text that a column is compared with and cannot have."""
    tree = parsed(_QUOTED.sub("0", condition), where)
    if "pair" in known and "`" not in condition:
        tree = parsed(with_known_pairs(condition, known["pair"].unique()), where)
    for column, text in compared_texts(tree):
        if column in known and text.value not in set(known[column]):
            raise InputError(
                f"{where} compares {column} with {text.value!r}, which is not among its values: mend the "
                f"condition{values_of(known, column)}."
            )
