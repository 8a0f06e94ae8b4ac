"""The figures that there are and their options with default values, without matplotlib."""

from collections.abc import Mapping

from dfim.errors import InputError

# Figures of an analysis: those of feature targets (pairs) and those of position targets (profiles).
FIGURES = {
    "pairs": ("kinds", "pair_significance", "distance", "spacing", "mutagenesis", "calibration"),
    "profiles": ("variants", "groups", "tracks", "interaction_map", "aggregate_map", "calibration"),
}
INTERACTION_FIGURES = tuple(dict.fromkeys(FIGURES["pairs"] + FIGURES["profiles"]))
MODEL_FIGURES = ("training", "performance")

OPTIONS = {
    "pair_significance": {"level": 0.05, "pairs": None},
    "kinds": {"pairs": None, "most": 6},
    "mutagenesis": {},
    "calibration": {},
    "distance": {"pairs": None, "near": 20, "max": 150, "signed": True, "bin": 5, "comparisons": {}},
    "spacing": {"score": "fis", "first": None, "max": None},
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


def check_options(kind: str, options: Mapping | None, where: str) -> None:
    """Check the options of a figure; ``where`` names them in messages, e.g. ``key 'analyses.a.figures.b'``.

    The key ``kind``, by which the configuration names the kind of figure, is no option and allowed. Raises
    InputError, listing what is allowed, on an unknown kind of figure and on an unknown option.
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


def read_options(kind: str, options: Mapping | None) -> dict:
    """Return the options of a figure with defaults filled in; raises InputError as :func:`check_options`."""
    check_options(kind, options, f"figures.{kind}")
    return OPTIONS[kind] | {key: value for key, value in (options or {}).items() if key != "kind"}
