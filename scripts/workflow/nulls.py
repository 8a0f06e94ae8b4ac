"""The null models of an analysis: what can be known before jobs start."""

from collections.abc import Mapping

from dfim.errors import InputError
from dfim.statistics.nulls import NullModel
from workflow.conditions import check_conditions
from workflow.feature_names import of_variants

_SHUFFLES, _SUBSTITUTIONS = {"model": "dinucleotide"}, {"model": "substitutions"}
_REPLACED = {"model": "replaced"}


def set_nulls(config: dict) -> None:
    """Give every analysis its null models, and check them and its conditions; InputError with one sentence.

    Analyses that name none have ``replaced`` and ``dinucleotide`` for pairs, ``substitutions`` and
    ``dinucleotide`` for variants, else ``dinucleotide``.
    """
    for name, analysis in config["analyses"].items():
        variants = of_variants(config, analysis)
        if not analysis.get("nulls"):
            own = [_REPLACED] if _of_pairs(analysis) else [_SUBSTITUTIONS] if variants else []
            analysis["nulls"] = [*own, _SHUFFLES]
        for number, options in enumerate(analysis["nulls"]):
            if options in analysis["nulls"][:number]:
                raise InputError(f"key 'analyses.{name}.nulls.{number}' is there twice: remove it.")
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
        _check_null_checks(f"analyses.{name}", analysis)
        bins = analysis.get("position_bins", [])
        if list(bins) != sorted(bins):
            raise InputError(
                f"key 'analyses.{name}.position_bins' has the value {bins}: write ascending numbers of bp."
            )
    check_conditions(config)


def _check_null_checks(key: str, analysis: Mapping) -> None:
    """Check that a null is checked of pairs, or of variants among random substitutions, alone."""
    substitutions = any(null["model"] == "substitutions" for null in analysis["nulls"])
    if analysis.get("null_checks") and not (_of_pairs(analysis) or substitutions):
        raise InputError(
            f"key '{key}.null_checks' needs features as targets, or the null model 'substitutions' in "
            f"'{key}.nulls': remove it."
        )


def _of_pairs(analysis: Mapping) -> bool:
    """Return whether the results of an analysis are pairs of features."""
    return "features" in analysis["targets"]
