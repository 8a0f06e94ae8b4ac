"""The producers of datasets, one entry each: their rule, sheet, sources, cost, and what they tell beforehand.

A new producer is its module of :mod:`dfim.datasets`, an entry here, its options in the schema, a rule and
a script.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from dfim.errors import InputError
from workflow.small_files import names_of_own_features

# The role of a source as an input, the source (or several) as options give it, and the kind that it is of.
Given = tuple[str, object, str]


@dataclass(frozen=True)
class Producer:
    """What is known of a producer of datasets.

    ``rule`` makes the dataset, in ``seconds`` of processor time an example, for each of which it holds
    ``text`` MB of the user's files beside the sequence. ``tasks`` gives the names of the tasks from the
    options and the rows of the sheet that the option ``sheet`` names, ``given`` the sources of the options
    but for that sheet's. ``told`` gives what options tell of the size before the dataset is made:
    ``examples``, ``length``, ``features`` (of an example), ``origins`` (examples by origin) and ``fixed``
    (positions where all examples are alike). ``names`` gives the names that features can have, and ``groups``
    their groups; ``readers`` what reads the user's files, by their role. ``check`` refuses options that the
    schema cannot. ``background`` says whether the options have shares of the bases.
    """

    rule: str
    seconds: float
    text: float = 0.0
    sheet: str | None = None
    tasks: Callable[[Mapping, list[dict]], list[str]] = lambda options, rows: []
    given: Callable[[Mapping], Iterator[Given]] = lambda options: iter(())
    told: Callable[[Mapping], dict] = lambda options: {}
    names: Callable[[Mapping], Iterable[str]] = lambda options: ()
    groups: Callable[[Mapping], list[str]] = lambda options: []
    readers: Callable[[Mapping], dict[str, Callable[[str], object]]] = lambda options: {}
    check: Callable[[str, Mapping], None] = lambda key, options: None
    background: bool = False


def _keys(**kinds: str) -> Callable[[Mapping], Iterator[Given]]:
    """Return a function that gives the sources under these keys of options, which have a kind each."""
    return lambda options: ((key, options[key], kind) for key, kind in kinds.items() if options.get(key))


def check_background(key: str, probabilities: list[float] | str) -> None:
    """Refuse probabilities that do not sum to 1; InputError names the key."""
    if not isinstance(probabilities, str) and abs(sum(probabilities) - 1) > 1e-6:
        raise InputError(
            f"key '{key}' has the value {probabilities!r}, which sums to {sum(probabilities):.6g}, not 1."
        )


def _own_task(options: Mapping, rows: list[dict]) -> list[str]:
    return [options["task"]]


def _simulated(options: Mapping) -> dict:
    """Tell the size of a simulation: all but the motifs' numbers are given."""
    sets = options["sets"]
    origins = {name: one["sequences"] for name, one in sets.items()}
    motifs = sum(
        origins[name] * sum((motif["minimum"] + motif["maximum"]) / 2 for motif in one["motifs"].values())
        for name, one in sets.items()
    )
    examples = sum(origins.values())
    return {
        "examples": examples,
        "length": options["length"],
        "features": motifs / examples,
        "origins": origins,
    }


# How many bases an IUPAC letter stands for.
_LETTERS = {"A": 1, "C": 1, "G": 1, "T": 1, "N": 4, "*": 4, "B": 3, "D": 3, "H": 3, "V": 3}


def _chance(pattern: str) -> float:
    """Return how often a pattern of IUPAC letters matches at one place of random bases."""
    chance = 1.0
    for letter in pattern.upper():
        chance *= _LETTERS.get(letter, 2) / 4
    return chance


def _peaks_told(options: Mapping) -> dict:
    """Tell the windows' length, and their features as random bases have them."""
    expected = [options["window"] * _chance(pattern) for pattern in options["patterns"].values()]
    return {"length": options["window"], "features": sum(expected)}


def _check_patterns(key: str, options: Mapping) -> None:
    """Refuse patterns that match nothing or everything, and motifs that there are not."""
    from dfim.sequences.motifs import check_pattern, load_pwm

    window = options.get("window") or float("inf")
    for name, pattern in options["patterns"].items():
        _at(f"{key}.patterns.{name}", check_pattern, pattern)
        if len(pattern) > window:
            raise InputError(
                f"key '{key}.patterns.{name}' is a pattern of {len(pattern)} bp, and the window has "
                f"{window}: give a wider window or a shorter pattern."
            )
    for name, pwm in options.get("pwms", {}).items():
        if "pwm" in pwm:
            _at(f"{key}.pwms.{name}.pwm", load_pwm, pwm["pwm"])


def _at(key: str, check: Callable, value: object) -> None:
    """Call a check of the library; its InputError names the key."""
    try:
        check(value)
    except InputError as error:
        raise InputError(f"key '{key}': {error}") from None


def _check_simulated(key: str, options: Mapping) -> None:
    from dfim.datasets.simulation_design import check_design

    check_background(f"{key}.background", options["background"])
    _at(key, check_design, options)


def _check_peaks(key: str, options: Mapping) -> None:
    _check_patterns(key, options)
    if options["examples"] == "summits" and "accessible" not in options:
        raise InputError(
            f"key '{key}' has examples: summits and no key 'accessible'; "
            "give the peaks of open chromatin, or use examples: union."
        )


def _variant_sources(options: Mapping) -> Iterator[Given]:
    if options.get("worksheet"):
        yield "workbook", options["table"], ""
    else:
        yield "variants", options["table"], "table"
    if options.get("sequences"):
        yield "sequences", options["sequences"], ""


def _check_variants(key: str, options: Mapping) -> None:
    """Check that variants have either a genome or sequences of their own, and peaks only with a genome."""
    if ("genome" in options) == ("sequences" in options):
        raise InputError(f"key '{key}' needs either 'genome' or 'sequences': what has the variants' bases.")
    if "sequences" in options and options["overlapping"]:
        raise InputError(f"key '{key}.overlapping' needs a genome, and 'sequences' are given: remove it.")
    if options["positive_below"] > options["control_from"]:
        raise InputError(
            f"key '{key}.positive_below' has the value {options['positive_below']:g}, which is above that of "
            f"'control_from', {options['control_from']:g}: a variant would be both, so lower it."
        )


def _variant_readers(options: Mapping) -> dict[str, Callable[[str], object]]:
    from dfim.datasets.variants import read_variants

    bounds = options["positive_below"], options["control_from"]
    return {"variants": lambda path: read_variants(path, None, options["columns"], *bounds)}


def _own_sources(options: Mapping) -> Iterator[Given]:
    yield from _keys(file="", regions="peaks", features="table", labels="table")(options)
    yield "matrices", [pwm["matrix"] for pwm in options["pwms"].values() if "matrix" in pwm], ""


def _own_readers(options: Mapping) -> dict[str, Callable[[str], object]]:
    from dfim.datasets.sequence_files import read_sequences
    from dfim.datasets.sequences import names_of_features
    from dfim.sequences.matrices import read_matrices

    return {"file": read_sequences, "features": names_of_features, "matrices": read_matrices}


def _own_told(options: Mapping) -> dict:
    """Tell the windows' length; that of a file is known when it is read."""
    return {"length": options["window"]} if "window" in options and "regions" in options else {}


def _check_own(key: str, options: Mapping) -> None:
    """Check that own sequences come from a file or regions of a genome, and each matrix from one place."""
    if ("file" in options) == ("regions" in options) or ("regions" in options) != ("genome" in options):
        raise InputError(f"key '{key}' needs either 'file', or 'regions' and 'genome'.")
    for name, pwm in options["pwms"].items():
        if ("pwm" in pwm) == ("matrix" in pwm):
            raise InputError(f"key '{key}.pwms.{name}' needs either 'pwm' or 'matrix'.")
    _check_patterns(key, options)
    check_background(f"{key}.background", options["background"])
    if "labels" in options or options.get("tasks"):
        _check_labels(key, options)


def _check_labels(key: str, options: Mapping) -> None:
    """Check that labels have tasks and a file of sequences, and that their shares leave some to train on."""
    if ("labels" in options) != bool(options["tasks"]):
        raise InputError(
            f"key '{key}' needs both 'labels' and 'tasks', the columns of the table that are labels, or "
            "neither."
        )
    shares = options["test_fraction"], options["validation_fraction"]
    if shares[0] < 1 <= sum(shares):
        raise InputError(
            f"key '{key}' has the shares test_fraction {shares[0]:g} and validation_fraction {shares[1]:g}, "
            "which leave nothing to train on: lower them, or give test_fraction: 1 to evaluate alone."
        )
    if "labels" in options and "file" not in options:
        raise InputError(
            f"key '{key}.labels' names sequences of a file, and there is none: give 'file', or make a "
            "dataset of peaks."
        )


def _check_spaced(key: str, options: Mapping) -> None:
    from dfim.datasets.spacing import check_spacing

    if "backgrounds" not in options:
        check_background(f"{key}.background", options["background"])
    elif "background" in options:
        raise InputError(
            f"key '{key}' has both 'background', shares of the bases in random sequences, and 'backgrounds', "
            "sequences to take instead: remove one of them."
        )
    _at(key, check_spacing, options)


def _spacing_sources(options: Mapping) -> Iterator[Given]:
    if "backgrounds" in options:
        yield "file", options["backgrounds"]["file"], ""


def _spacing_readers(options: Mapping) -> dict[str, Callable[[str], object]]:
    from dfim.datasets.sequence_files import read_sequences

    return {"file": read_sequences}


def _spacing_told(options: Mapping) -> dict:
    """Tell the size of a dataset of spacings: all distances but those at which the motifs overlap."""
    places = 2 * options["largest"] + 2 - sum(map(len, options["motifs"].values()))
    examples = places * len(options["orientations"]) * options["sequences"]
    return {"examples": examples, "length": options["length"], "features": 2.0}


def _value_sources(options: Mapping) -> Iterator[Given]:
    yield "library", options.get("table") or options["array"], ""


def _value_readers(options: Mapping) -> dict[str, Callable[[str], object]]:
    from dfim.datasets.values import read_table_of_values

    return (
        {"library": lambda path: read_table_of_values(path, options["columns"])}
        if options.get("table")
        else {}
    )


PRODUCERS = {
    "simulation": Producer(
        "simulate_sequences",
        6e-4,
        tasks=_own_task,
        told=_simulated,
        names=lambda options: (motif for one in options["sets"].values() for motif in one["motifs"]),
        check=_check_simulated,
        background=True,
    ),
    "peaks": Producer(
        "build_peak_dataset",
        2e-4,
        sheet="tasks",
        tasks=lambda options, rows: [row["task"] for row in rows],
        given=_keys(accessible="peaks", known_sites="table"),
        told=_peaks_told,
        names=names_of_own_features,
        groups=lambda options: ["known"] if options.get("known_sites") else [],
        check=_check_peaks,
    ),
    "variants": Producer(
        "build_variant_dataset",
        5e-4,
        sheet="overlapping",
        given=_variant_sources,
        told=lambda options: {"length": options["window"], "features": 1.0},
        groups=lambda options: ["positive", "control"],
        readers=_variant_readers,
        check=_check_variants,
    ),
    "sequences": Producer(
        "build_own_dataset",
        1e-4,
        text=4e-4,
        tasks=lambda options, rows: options["tasks"],
        given=_own_sources,
        told=_own_told,
        names=names_of_own_features,
        readers=_own_readers,
        check=_check_own,
        background=True,
    ),
    "spacing": Producer(
        "build_spacing_dataset",
        5e-4,
        given=_spacing_sources,
        told=_spacing_told,
        names=lambda options: options["motifs"],
        readers=_spacing_readers,
        check=_check_spaced,
        background=True,
    ),
    "values": Producer(
        "build_value_dataset",
        2e-5,
        tasks=_own_task,
        given=_value_sources,
        told=lambda options: {"fixed": len(options.get("core", ""))},
        readers=_value_readers,
    ),
    # Of no configuration: workflow.ensembles adds datasets of this kind.
    "twin": Producer(
        "draw_twin",
        2e-4,
        tasks=lambda options, rows: options["tasks"],
        told=lambda options: options["told"],
    ),
}


def producer_of(config: Mapping, dataset: str) -> tuple[str, Mapping]:
    """Return the name and the options of a dataset's producer."""
    ((name, options),) = config["datasets"][dataset].items()
    return name, options


def made_by(config: Mapping, rule: str) -> list[str]:
    """Return the names of the datasets that a rule makes."""
    return [name for name in config["datasets"] if PRODUCERS[producer_of(config, name)[0]].rule == rule]


def sheet_of(config: Mapping, dataset: str) -> str | None:
    """Return the path of a dataset's sheet of tasks, as the configuration has it, if it has one."""
    name, options = producer_of(config, dataset)
    return options.get(PRODUCERS[name].sheet)


def told_of(config: Mapping, dataset: str) -> dict:
    """Return what the configuration tells of a dataset's size, see :class:`Producer`."""
    name, options = producer_of(config, dataset)
    return PRODUCERS[name].told(options)


def tasks_of_datasets(config: Mapping, rows: Mapping[str, list[dict]]) -> dict[str, list[str]]:
    """Return the names of each dataset's tasks, from the rows of the sheets of tasks by path."""
    tasks = {}
    for dataset in config["datasets"]:
        name, options = producer_of(config, dataset)
        tasks[dataset] = PRODUCERS[name].tasks(options, rows.get(sheet_of(config, dataset), []))
    return tasks


def tasks_of_models(config: Mapping, tasks_of_dataset: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Return the names of each model's outputs: its source's, else those of the dataset it is trained on."""
    return {
        name: model["source"]["tasks"] if "source" in model else tasks_of_dataset.get(model["dataset"], [])
        for name, model in config["models"].items()
    }


def fits_additive(config: Mapping, dataset: str) -> bool:
    """Tell whether a dataset has what an additive fit needs: labels and features, or measured values."""
    name, options = producer_of(config, dataset)
    if name == "sequences":
        return _trained_on(config, dataset) and (options["values"] or _has_features(options))
    return name in ("simulation", "values") or (name == "peaks" and bool(options["patterns"]))


def _trained_on(config: Mapping, dataset: str) -> bool:
    """Tell whether a network is trained on a dataset, which then has examples to fit."""
    return any(
        model.get("dataset") == dataset and "source" not in model for model in config["models"].values()
    )


def _has_features(options: Mapping) -> bool:
    """Tell whether own sequences have features at all."""
    return any(options.get(key) for key in ("features", "patterns", "pwms"))


def matched_datasets(config: Mapping) -> list[str]:
    """Return the names of the datasets of variants whose controls can be matched: those with peaks."""
    return [name for name in made_by(config, "build_variant_dataset") if sheet_of(config, name)]
