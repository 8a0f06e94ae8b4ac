"""The figures that there are and their options with default values, without matplotlib."""

import math
from collections.abc import Callable, Mapping
from functools import partial

from dfim.errors import InputError

# Figures of an analysis: those of feature targets (pairs) and those of position targets (profiles).
FIGURES = {
    "pairs": ("kinds", "pair_significance", "distance", "spacing", "mutagenesis", "calibration"),
    "profiles": ("variants", "groups", "tracks", "interaction_map", "aggregate_map", "calibration"),
}

OPTIONS = {
    "pair_significance": {"level": 0.05, "pairs": None},
    "kinds": {"pairs": None, "most": 6},
    "mutagenesis": {},
    "calibration": {},
    "distance": {"pairs": None, "near": 20, "max": 150, "signed": True, "bin": 5, "comparisons": {}},
    "spacing": {"score": "fis", "first": None, "max": None},
    "scan": {"most": 6},
    "groups": {
        "groups": ["positive", "control"],
        "scores": ["fis", "fis_sum", "signed_sum"],
        "comparisons": [],
        "matched": False,
    },
    "tracks": {
        "names": [],
        "top": 0,
        "distant": 0,
        "minimum_distance": 30,
        "level": 0.05,
        "flank": 10,
        "widest": 160,
    },
    "interaction_map": {"example": 0, "zoom": 120, "saturation": 0.998, "apart": 20},
    "aggregate_map": {"sets": None, "core": None, "level": 0.05, "unit": "logit"},
    "variants": {"level": 0.05},
    "training": {},
    "performance": {},
}


def _is_number(value: object, least: float = 0, most: float = math.inf) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most


def _is_whole(value: object, least: int = 0) -> bool:
    return isinstance(value, int) and _is_number(value, least)


def _are(values: object, holds: Callable[[object], bool]) -> bool:
    return isinstance(values, list | tuple) and all(map(holds, values))


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_pair(value: object) -> bool:
    return _are(value, _is_text) and len(value) == 2


_WHOLE = _is_whole, "a whole number, 0 or more"
_POSITIVE = partial(_is_whole, least=1), "a whole number, 1 or more"
_LEVEL = partial(_is_number, most=1), "a number between 0 and 1"
_NAMES = partial(_are, holds=_is_text), "a list of names"
_TRUTH = lambda value: isinstance(value, bool), "true or false"
# What an option can be, by figure and option, or by option where all figures mean the same.
_VALUES: dict[str | tuple[str, str], tuple[Callable[[object], bool], str]] = {
    "apart": _WHOLE,
    "level": _LEVEL, "saturation": _LEVEL, "most": _POSITIVE, "bin": _POSITIVE, "near": _WHOLE,
    "max": _POSITIVE, "zoom": _POSITIVE, "widest": _POSITIVE, "example": _WHOLE, "top": _WHOLE,
    "distant": _WHOLE, "minimum_distance": _WHOLE, "flank": _WHOLE, "signed": _TRUTH, "matched": _TRUTH,
    "names": _NAMES, "pairs": _NAMES, "sets": _NAMES, "comparisons": _NAMES,
    "first": (_is_text, "a name"), "unit": (_is_text, "a text"),
    "groups": (lambda value: _are(value, _is_text) and 2 <= len(value) <= 3, "a list of two or three names"),
    "scores": (
        lambda value: _are(value, ("fis", "fis_sum", "signed_sum").__contains__) and len(value) > 0,
        "a list of fis, fis_sum and signed_sum",
    ),
    "score": (("fis", "signed_sum").__contains__, "fis or signed_sum"),
    "core": (
        lambda value: _are(value, _is_whole) and len(value) == 2 and value[0] < value[1],
        "[start, end), start < end",
    ),
    ("distance", "pairs"): (partial(_are, holds=_is_pair), "a list of [source, target]"),
    ("distance", "comparisons"): (
        lambda value: isinstance(value, Mapping) and all(map(_is_pair, value.values())),
        "a [source, target] for each comparison",
    ),
}  # fmt: skip


def _check_values(kind: str, options: Mapping, where: str) -> None:
    """Raise InputError on an option with a value that it cannot have; those without a default may be null."""
    for key, value in options.items():
        if key == "kind" or (value is None and OPTIONS[kind][key] is None):
            continue
        holds, needed = _VALUES.get((kind, key)) or _VALUES[key]
        if not holds(value):
            raise InputError(
                f"{where}: the option {key!r} of the figure {kind!r} has the value {value!r}; "
                f"needed: {needed}."
            )


def check_options(kind: str, options: Mapping | None, where: str) -> None:
    """Check the options of a figure; ``where`` names them in messages, e.g. ``key 'analyses.a.figures.b'``.

    The key ``kind``, by which the configuration names the kind of figure, is no option and allowed. Raises
    InputError, listing what is allowed, on an unknown kind of figure, on an unknown option and on a value
    that an option cannot have.
    """
    if kind not in OPTIONS:
        raise InputError(f"{where}: there is no figure {kind!r}; choose one of {', '.join(OPTIONS)}.")
    defaults = OPTIONS[kind]
    for key in (key for key in options or {} if key not in {"kind", *defaults}):
        if not defaults:
            raise InputError(
                f"{where}: the figure {kind!r} has no options, and {key!r} was given; remove it."
            )
        raise InputError(
            f"{where}: the figure {kind!r} has no option {key!r}; its options are "
            f"{', '.join(sorted(defaults))}."
        )
    _check_values(kind, options or {}, where)


def read_options(kind: str, options: Mapping | None) -> dict:
    """Return the options of a figure with defaults filled in; raises InputError as :func:`check_options`."""
    check_options(kind, options, f"figures.{kind}")
    return OPTIONS[kind] | {key: value for key, value in (options or {}).items() if key != "kind"}
