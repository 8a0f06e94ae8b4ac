"""The null models of an analysis and the conditions over its rows: what can be known before jobs start."""

import ast
import itertools
from collections.abc import Mapping

import pandas as pd

from dfim.errors import InputError
from dfim.statistics.conditions import compared_texts, evaluate, values_of, with_known_pairs
from dfim.statistics.nulls import NullModel
from workflow.groups import conditions_of

_SHUFFLES, _SUBSTITUTIONS = {"model": "dinucleotide"}, {"model": "substitutions"}
_REPLACED = {"model": "replaced"}


def set_nulls(config: dict) -> None:
    """Give every analysis its null models, and check them and its conditions; InputError with one sentence.

    Analyses that name none have ``replaced`` and ``dinucleotide`` for pairs, ``substitutions`` and
    ``dinucleotide`` for variants, else ``dinucleotide``.
    """
    for name, analysis in config["analyses"].items():
        variants = _of_variants(config, analysis)
        if not analysis.get("nulls"):
            own = [_REPLACED] if _of_pairs(analysis) else [_SUBSTITUTIONS] if variants else []
            analysis["nulls"] = [*own, _SHUFFLES]
        for number, options in enumerate(analysis["nulls"]):
            key = f"analyses.{name}.nulls.{number}"
            try:
                NullModel.read(options)
            except InputError as error:
                raise InputError(f"key '{key}': {error}") from None
            if options["model"] == "substitutions" and not variants:
                raise InputError(
                    f"key '{key}.model' is 'substitutions', which is for variants as sources and positions "
                    "as targets: choose dinucleotide or matched."
                )
            if options["model"] == "replaced" and not _of_pairs(analysis):
                raise InputError(
                    f"key '{key}.model' is 'replaced', which is for features as targets: choose dinucleotide "
                    "or matched."
                )
        bins = analysis.get("position_bins", [])
        if list(bins) != sorted(bins):
            raise InputError(
                f"key 'analyses.{name}.position_bins' has the value {bins}: write ascending numbers of bp."
            )
        _check_conditions(name, analysis, config)


def _of_pairs(analysis: Mapping) -> bool:
    """Return whether the results of an analysis are pairs of features."""
    return "features" in analysis["targets"]


def _of_variants(config: Mapping, analysis: Mapping) -> bool:
    """Return whether the sources of an analysis are variants, and its targets positions."""
    dataset = config["datasets"].get(analysis["dataset"], {})
    return "variants" in dataset and "features" in analysis["sources"] and "positions" in analysis["targets"]


def _check_conditions(name: str, analysis: Mapping, config: Mapping) -> None:
    """Refuse a condition that names what is not there, that no row meets or, of null rows, that all meet."""
    known = _known_rows(config, analysis)
    if known is None:
        return
    for key, options, part in conditions_of(analysis):
        condition = options[part]
        where = f"key 'analyses.{name}.{key}'"
        try:
            tree = ast.parse(condition.strip(), mode="eval")
        except SyntaxError:
            continue  # the rule that evaluates it says what is wrong, with the columns there are
        _check_texts(where, tree, condition, known)
        columns = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        if not columns <= set(known):
            continue
        met = evaluate(known, condition, where)
        found = "no row meets" if not met.any() else "every row meets" if met.all() else ""
        if found and (not met.any() or key.endswith("members")):
            raise InputError(
                f"{where} has the condition {condition!r}, which {found}: mend it"
                f"{values_of(known, condition)}."
            )


def _check_texts(where: str, tree: ast.Expression, condition: str, known: pd.DataFrame) -> None:
    """Refuse a text that a column is compared with and cannot have."""
    if "pair" in known:
        tree = ast.parse(with_known_pairs(condition, known["pair"].unique()).strip(), mode="eval")
    for column, text in compared_texts(tree):
        if column in known and text.value not in set(known[column]):
            raise InputError(
                f"{where} compares {column} with {text.value!r}, which is not among its values: mend the "
                f"condition{values_of(known, column)}."
            )


def _known_rows(config: Mapping, analysis: Mapping) -> pd.DataFrame | None:
    """Return a row of each kind that an analysis's results can have, or None where that is not known.

    Of pairs the columns of names and groups, of variants that of groups.
    """
    if _of_variants(config, analysis):
        return pd.DataFrame({"group": ["positive", "control"]})
    names = _feature_names(config["datasets"].get(analysis["dataset"], {}))
    if names is None or "features" not in analysis["targets"] or "features" not in analysis["sources"]:
        return None
    ends = [_chosen(names, analysis[end]["features"]) for end in ("sources", "targets")]
    rows = [
        pair for pair in itertools.product(*ends) if analysis.get("same_name", True) or pair[0] != pair[1]
    ]
    table = pd.DataFrame(rows, columns=["source_name", "target_name"])
    return table.assign(pair=["–".join(sorted(pair)) for pair in rows]) if rows else None


def _feature_names(dataset: Mapping) -> list[str] | None:
    """Return the names that the features of a dataset can have, or None where a file says it."""
    ((producer, options),) = dataset.items() if dataset else [("", {})]
    if producer == "simulation":
        names = {motif for group in options["sets"].values() for motif in group["motifs"]}
    elif producer == "spacing":
        names = set(options["motifs"])
    elif producer in ("peaks", "sequences") and not options.get("features"):
        names = {*options.get("patterns", {}), *options.get("pwms", {})}
    else:
        return None
    return sorted(names) or None


def _chosen(names: list[str], asked: str | list[str]) -> list[str]:
    return names if asked == "all" else [name for name in names if name in asked]
