"""Names that an analysis takes from its dataset, its sets and its comparisons, and that there are not."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from dfim.errors import InputError
from dfim.plots.options import check_options
from workflow.datasets import PRODUCERS, producer_of, told_of
from workflow.feature_names import feature_names, known_rows


def checks_of_names(name: str, config: Mapping) -> Iterator[Callable[[], None]]:
    """Yield the checks of what an analysis names; each raises InputError."""
    analysis, key = config["analyses"][name], f"analyses.{name}"
    if analysis["dataset"] not in config["datasets"]:  # told elsewhere
        return
    yield partial(_check_region, f"{key}.sources.nucleotides", analysis, config)
    yield from _of_criteria(key, analysis, config)
    names = feature_names(config["datasets"][analysis["dataset"]])
    for end in ("sources", "targets"):
        asked = analysis[end].get("features", "all")
        if names is not None and asked != "all":
            yield partial(_need_all, asked, names, f"{key}.{end}.features", "features of the dataset")
    for figure, options in analysis.get("figures", {}).items():
        if not _is_sound(options.get("kind", figure), options):
            continue
        where = f"{key}.figures.{figure}"
        for option, asked, known, what in _of_figure(options.get("kind", figure), options, analysis, config):
            yield partial(_need_all, asked, known, f"{where}.{option}", what)


def _check_region(key: str, analysis: Mapping, config: Mapping) -> None:
    """Refuse a region of the sources that the sequences do not have."""
    region, length = (
        analysis["sources"].get("nucleotides"),
        told_of(config, analysis["dataset"]).get("length"),
    )
    if isinstance(region, list) and length and region[1] > length:
        raise InputError(
            f"key '{key}' has the value {region}, and the sequences have {length} bp: lower its end."
        )


def _of_criteria(key: str, analysis: Mapping, config: Mapping) -> Iterator[Callable[[], None]]:
    """Yield the checks of the criteria of the selection, and of its sets."""
    dataset, examples = config["datasets"][analysis["dataset"]], analysis.get("examples", {})
    names, origins = feature_names(dataset), told_of(config, analysis["dataset"]).get("origins")
    groups = _groups(config, analysis["dataset"])
    known = {"origins": origins, "features": names, "groups": groups}
    parts = {f"{key}.examples": examples}
    parts |= {f"{key}.examples.sets.{name}": own for name, own in examples.get("sets", {}).items()}
    for where, criteria in parts.items():
        for criterion, there in known.items():
            if there is not None:
                asked = criteria.get(criterion) or []
                yield partial(_need_all, asked, there, f"{where}.{criterion}", f"{criterion} of the dataset")
        yield partial(_check_contrary, where, criteria)
    asked = analysis.get("feature_groups") or []
    yield partial(_need_all, asked, groups, f"{key}.feature_groups", "groups of the dataset's features")


def _check_contrary(where: str, criteria: Mapping) -> None:
    """Refuse examples that are positive and negative for the same task."""
    positive, negative = (criteria.get(f"{sign}_for") or [] for sign in ("positive", "negative"))
    if len(positive) == 1 and positive == negative:
        raise InputError(
            f"key '{where}' wants examples that are positive for {positive[0]!r} and negative for it: remove "
            "one of the two keys."
        )


def _groups(config: Mapping, dataset: str) -> list[str]:
    """Return the groups that the features of a dataset have."""
    producer, options = producer_of(config, dataset)
    return PRODUCERS[producer].groups(options)


def _is_sound(figure: str, options: Mapping) -> bool:
    """Return whether there is such a figure with such options; what is wrong is told elsewhere."""
    try:
        check_options(figure, options, "")
    except InputError:
        return False
    return True


def _of_figure(
    figure: str, options: Mapping, analysis: Mapping, config: Mapping
) -> Iterator[tuple[str, Iterable, Iterable, str]]:
    """Yield each option of a figure that names something, what it names, what there is, and what that is."""
    yield (
        "comparisons",
        options.get("comparisons") or [],
        analysis.get("comparisons", {}),
        "comparisons of the analysis",
    )
    if figure == "groups":
        groups = _groups(config, analysis["dataset"])
        yield "groups", options.get("groups") or [], groups, "groups of the dataset's features"
    if figure == "aggregate_map":
        sets = analysis.get("examples", {}).get("sets") or {"all": {}}
        yield "sets", options.get("sets") or [], sets, "sets of the analysis's examples"
    rows = known_rows(config, analysis)
    if rows is None or "pair" not in rows:
        return
    if figure == "distance":
        known = list(zip(rows["source_name"], rows["target_name"], strict=True))
        asked = [tuple(pair) for pair in options.get("pairs") or []]
        yield "pairs", asked, known, "pairs of a source and a target"
    elif figure in ("kinds", "pair_significance"):
        yield "pairs", options.get("pairs") or [], sorted(set(rows["pair"])), "pairs"
    elif figure == "spacing":
        names = sorted({*rows["source_name"], *rows["target_name"]})
        yield "first", [options["first"]] if options.get("first") else [], names, "features"


def _need_all(asked: Iterable, known: Iterable, key: str, what: str) -> None:
    """Refuse the first of what is asked for that there is not."""
    known = list(known)
    for one in asked:
        if one not in known:
            there = ", ".join(str(name) for name in known) or "empty"
            raise InputError(f"key '{key}' has the value {one!r}, and the {what} are {there}.")
