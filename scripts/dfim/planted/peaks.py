"""What the elements of a planted genome hold makes their peaks: rules, and noise."""

from collections import defaultdict
from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd

from dfim.genomes.narrowpeak import NARROWPEAK_COLUMNS
from dfim.planted.elements import Element, Instance, stream
from dfim.planted.grammar import peak_names


def core_gap(one: Instance, other: Instance) -> int:
    """Return the number of bases between the cores of two instances, edge to edge."""
    return max(one.core_start, other.core_start) - min(one.core_end, other.core_end)


def met_rules(element: Element, rules: list[Mapping]) -> dict[int, list[tuple[Instance, ...]]]:
    """Return the groups of instances that meet each rule, by the rule's number in the grammar (from 0)."""
    held = defaultdict(list)
    for size in {len(rule["motifs"]) for rule in rules}:
        for group in combinations(element.instances, size):
            held[tuple(sorted([instance.motif.name for instance in group]))].append(group)
    met = {}
    for number, rule in enumerate(rules):
        groups = [
            group
            for group in held.get(tuple(sorted(rule["motifs"])), ())
            if "gap" not in rule or rule["gap"][0] <= core_gap(*group) <= rule["gap"][1]
        ]
        if groups:
            met[number] = groups
    return met


def rule_name(rule: Mapping) -> str:
    """Return how the tables call a rule, e.g. ``EBOX+GATA``."""
    return "+".join(sorted(rule["motifs"]))


def all_peaks(elements: list[Element], grammar: Mapping, seed: int) -> dict[str, pd.DataFrame]:
    """Make the peaks of every set, with the number of the element as a further column."""
    peaks = {}
    for peak_set in grammar["peaks"].values():
        for name in peak_set["names"]:
            numbers = {number for number, rule in enumerate(grammar["rules"]) if name in rule["peaks"]}
            called = np.array([not numbers.isdisjoint(element.met) for element in elements])
            peaks[name] = _peak_table(elements, called, peak_set, stream(seed, f"peaks {name}"))
    known = sorted({name for rule in grammar["rules"] for name in rule["motifs"]})
    held = [{instance.motif.name for instance in element.instances} for element in elements]
    reference = grammar["reference_samples"]
    for name in peak_names(grammar)[len(peaks) :]:
        rng = stream(seed, f"peaks {name}")
        expressed = set(rng.choice(known, min(reference["motifs"], len(known)), replace=False))
        called = np.array([not expressed.isdisjoint(motifs) for motifs in held])
        peaks[name] = _peak_table(elements, called, reference, rng)
    return peaks


def _peak_table(
    elements: list[Element], called: np.ndarray, peak_set: Mapping, rng: np.random.Generator
) -> pd.DataFrame:
    """Make one set of peaks at the centres of elements; ``called`` tells those that its rules make.

    Peaks are lost and gained with the probabilities of the set.
    """
    chosen = np.flatnonzero(
        np.where(
            called, rng.random(len(called)) >= peak_set["lost"], rng.random(len(called)) < peak_set["gained"]
        )
    )
    width = rng.integers(*peak_set["width"], len(called), endpoint=True)
    jitter = rng.integers(-peak_set["jitter"], peak_set["jitter"], len(called), endpoint=True)
    signal = np.round(rng.lognormal(3, 0.7, len(called)), 4)
    centre = np.array([element.centre for element in elements])
    half = width // 2
    start = centre + jitter - half
    peaks = pd.DataFrame(
        {
            "chrom": [elements[index].chrom for index in chosen],
            "start": start[chosen],
            "end": (start + width)[chosen],
            "name": [f"element_{elements[index].number}" for index in chosen],
            "score": 0,
            "strand": ".",
            "signal": signal[chosen],
            "pvalue": -1,
            "qvalue": -1,
            "summit": -1 if peak_set["summit"] == "midpoint" else half[chosen],
            "element": [elements[index].number for index in chosen],
        }
    )
    return peaks[[*NARROWPEAK_COLUMNS, "element"]]
