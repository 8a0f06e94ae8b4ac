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
    "removal",
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


def kind_of(name: str, options: Mapping | None) -> str:
    """Return the kind of a figure: its name, unless its options say it, since two of one kind have names."""
    return (options or {}).get("kind", name)


# All jobs of a rule have the same outputs, and each analysis has figures of its own: so each has a rule. What
# is said of this one, which is none, holds for all of them: demands, and the groups of a profile.
_PLOT = "plot_interactions"


def figures_rule(analysis: str) -> str:
    """Return the name of the rule that draws the figures of an analysis."""
    return f"{_PLOT}_{analysis}"


def family_of(rule: str) -> str:
    """Return the rule whose demands a rule has, and by which it is told: itself, but one for all analyses."""
    return _PLOT if rule.startswith(f"{_PLOT}_") else rule


def scoring_options(analysis: Mapping) -> dict:
    """Return what of an analysis decides its scores (not its figures, comparisons or p-values)."""
    drawn = next((null for null in analysis["nulls"] if null["model"] == "substitutions"), None)
    chosen = {key: analysis[key] for key in SCORING_KEYS}
    return chosen | {"substitutions": drawn} | pair_draws(analysis)


def pair_draws(analysis: Mapping) -> dict[str, int | str]:
    """Return how many draws of each pair an analysis makes.

    ``draws`` are of outputs, ``shared_draws`` likewise with pieces that are the same in all sequences, and
    ``score_draws`` of scores. Outputs are drawn whatever the nulls are, for the pair test; scores for the
    null ``replaced`` alone.
    """
    replaced = next((null for null in analysis["nulls"] if null["model"] == "replaced"), None)
    if replaced is None:
        return {"draws": "auto", "shared_draws": "auto", "score_draws": 0}
    return {key: replaced.get(key, "auto") for key in ("draws", "shared_draws", "score_draws")}


def pair_options(analysis: Mapping) -> list:
    """Return what decides which features are paired: the names of both ends, one name, and how far apart."""
    ends = (analysis[end].get("features") for end in ("sources", "targets"))
    return [*ends, analysis["same_name"], analysis["max_distance"]]


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
