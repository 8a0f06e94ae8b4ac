"""What the options of analyses and models mean: kinds of targets, combinations, what decides scores."""

from collections.abc import Iterator, Mapping

# The options that decide scores; the others decide figures, comparisons and p-values.
SCORING_KEYS = (
    "background",
    "sources",
    "targets",
    "feature_groups",
    "same_name",
    "max_distance",
    "shuffles",
    "shards",
)


def target_kind(analysis: Mapping) -> str:
    """Return 'pairs' for an analysis with feature targets, 'profiles' for one with position targets."""
    return "pairs" if "features" in analysis["targets"] else "profiles"


def analyses_with(config: Mapping, kind: str) -> list[str]:
    """Return the names of the analyses with this kind of targets."""
    return [name for name, analysis in config["analyses"].items() if target_kind(analysis) == kind]


def combinations(analysis: Mapping) -> Iterator[tuple[str, str, str]]:
    """Yield the models, tasks and methods of an analysis."""
    for model in analysis["models"]:
        for task in analysis["tasks"]:
            for method in analysis["methods"]:
                yield model, task, method


def analysis_figures(analysis: Mapping) -> dict[str, Mapping]:
    """Return the figures of an analysis with their options: those configured, and how its null holds."""
    return {"calibration": {}} | analysis["figures"]


def scoring_options(analysis: Mapping) -> dict:
    """Return what of an analysis decides its scores (not its figures, comparisons or p-values)."""
    return {key: analysis[key] for key in SCORING_KEYS}


def given_models(config: Mapping) -> list[str]:
    """Return the names of the models that come as files and are not trained."""
    return [name for name, model in config["models"].items() if "source" in model]


def trained_models(config: Mapping) -> list[str]:
    """Return the names of the models that are trained."""
    return [name for name, model in config["models"].items() if "source" not in model]


def contribution_background(model: Mapping, task: str, method: str) -> list[float]:
    """Return the configured background of the contributions of one task and method."""
    return next(
        entry["background"]
        for entry in model["contributions"]
        if (entry["task"], entry["method"]) == (task, method)
    )
