"""The grammar scans of a configuration: their checks, and what their jobs ask."""

from collections.abc import Iterator, Mapping
from itertools import product
from math import comb

from dfim.datasets.spacing import check_backgrounds
from dfim.errors import InputError
from dfim.sequences.motifs import load_pwm, words_of
from workflow.datasets import check_background
from workflow.sentences import need

# Options of a scan under the names, and with the meaning, that dfim.scan has.
_SAME = (
    "spacings", "orientations", "both_orders", "backgrounds", "shuffled", "background", "length", "draws",
    "level", "least_share",
)  # fmt: skip


def scan_places(config: Mapping) -> Iterator[tuple[str, str, str]]:
    """Yield the name, model and task of every scan of a configuration."""
    for name, scan in config["scans"].items():
        yield from product([name], scan["models"], scan["tasks"])


def scan_motifs(scan: Mapping) -> dict[str, str]:
    """Return the letters of the motifs of a scan by name; InputError on an unknown motif of ENCODE."""
    return words_of(
        {
            name: motif if isinstance(motif, str) else load_pwm(motif["pwm"])
            for name, motif in scan["motifs"].items()
        }
    )


def scan_options(scan: Mapping) -> dict:
    """Return the options of a scan that :func:`dfim.api.scan` takes by the same names."""
    return {key: scan[key] for key in _SAME if key in scan}


def cells_of(scan: Mapping) -> int:
    """Return the number of cells of a scan: pairs, orders, orientations and spacings."""
    from dfim.interactions.grammar_scan import read_spacings  # with it comes scipy

    orders = 2 if scan["both_orders"] else 1
    spacings = len(set(read_spacings(scan["spacings"])))
    return comb(len(scan["motifs"]), 2) * orders * len(scan["orientations"]) * spacings


def check_scan(name: str, config: Mapping, tasks_of_model: Mapping[str, list[str]]) -> None:
    """Check that what a scan names exists, and that it can be scanned; raise InputError if not."""
    from dfim.interactions.grammar_scan import scan_cells

    scan, key = config["scans"][name], f"scans.{name}"
    for model in scan["models"]:
        need(model, config["models"], f"{key}.models", "models")
        for task in scan["tasks"]:
            need(task, tasks_of_model[model], f"{key}.tasks", "tasks")
    for one in ("background", "length") if "sequences" in scan else ():
        if one in scan:
            raise InputError(
                f"key '{key}' has both 'sequences' and '{one}', which is of random sequences: remove one of "
                "them."
            )
    if scan["shuffled"] and "sequences" not in scan:
        raise InputError(f"key '{key}.shuffled' is true, and there are no 'sequences' to shuffle: give them.")
    if "background" in scan:
        check_background(f"{key}.background", scan["background"])
    try:
        scan_cells(scan_motifs(scan), scan["spacings"], scan["orientations"], scan["both_orders"])
        check_backgrounds(scan["backgrounds"])
    except InputError as error:
        raise InputError(f"key '{key}': {error}") from None
