"""Variants of a planted genome: some break a site of a cooperating pair, controls lie beside such pairs."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from scipy.special import ndtri  # scipy.stats, a second to load, has no other normal quantiles

from dfim.errors import InputError
from dfim.planted.elements import Element, Instance, stream
from dfim.planted.motifs import CODES
from dfim.planted.peaks import core_gap, rule_name
from dfim.sequences.bases import BASES, reverse_complement

VARIANT_COLUMNS = ["chrom", "pos1", "ref", "alt", "depth", "postfreq", "prefreq", "pvalue", "class"]
VARIANT_TRUTH_COLUMNS = [
    "chrom", "pos1", "ref", "alt", "class", "element", "instance", "factor", "position_in_motif",
    "score_change", "partners", "partner_distance", "rules",
]  # fmt: skip

_EXHAUSTED = object()


def plant_variants(
    chromosomes: Mapping, elements: list[Element], peaks: Mapping, grammar: Mapping, seed: int
) -> pd.DataFrame:
    """Draw one variant for each of a number of elements: breaking a motif, touching it, or beside all motifs.

    Returns one table with the columns of both the variants and their truth, sorted by place.
    """
    settings = grammar["variants"]
    rng = stream(seed, "variants")
    table = peaks[settings["peaks"]]
    open_in = dict(zip(table["element"], zip(table["start"], table["end"], strict=True), strict=True))
    candidates = [
        (instance, element, open_in[element.number])
        for element in elements
        if element.number in open_in and (instance := _affected(element, grammar, rng))
    ]
    rng.shuffle(candidates)
    queue = iter(candidates)
    rows = []
    for label, bounds in (("sig", (settings["minimum_drop"], np.inf)), ("mid", (0, settings["weak_drop"]))):
        made = (_motif_variant(label, bounds, *candidate, grammar, rng) for candidate in queue)
        rows += _take(made, settings[label], label)
    offsets = [row["pos1"] - 1 - elements[row["element"]].centre for row in rows if row["class"] == "sig"]
    made = (_control_variant(offsets, *candidate, settings["clearance"], rng) for candidate in queue)
    rows += _take(made, settings["ctl"], "ctl")
    for row in rows:
        row["ref"] = chr(chromosomes[row["chrom"]][row["pos1"] - 1])
        row["alt"] = row["alt"] or str(rng.choice([base for base in BASES if base != row["ref"]]))
    variants = pd.DataFrame(rows, columns=list(dict.fromkeys(VARIANT_TRUTH_COLUMNS + VARIANT_COLUMNS)))
    variants = variants.assign(**_evidence(variants["class"].to_numpy(), rng))
    order = {chrom: number for number, chrom in enumerate(chromosomes)}
    return variants.iloc[np.lexsort([variants["pos1"], variants["chrom"].map(order)])].reset_index(drop=True)


def _take(made: Iterator[dict | None], number: int, label: str) -> list[dict]:
    """Take a number of variants, passing over the elements where none could be made."""
    taken = []
    while len(taken) < number:
        row = next(made, _EXHAUSTED)
        if row is _EXHAUSTED:
            raise InputError(
                f"the planted grammar asks for {number} variants of class {label!r}, and its elements hold "
                f"only {len(taken)}: plant more elements where two motifs make a peak together, or ask for "
                "fewer."
            )
        if row is not None:
            taken.append(row)
    return taken


def _affected(element: Element, grammar: Mapping, rng: np.random.Generator) -> Instance | None:
    """Draw an instance that makes a peak of the variants' set together with another; None without one."""
    settings = grammar["variants"]
    found = [
        instance
        for number, groups in element.met.items()
        if settings["peaks"] in grammar["rules"][number]["peaks"]
        for group in groups
        for instance in group
        if len(group) == 2 and instance.motif.name in settings["motifs"]
    ]
    return found[rng.integers(len(found))] if found else None


def _motif_variant(
    label: str, bounds: tuple, instance: Instance, element: Element, peak: tuple, grammar: Mapping, rng
) -> dict | None:
    """Draw a base change in the peak that lowers an instance's score by bits within the bounds."""
    bases = reverse_complement(instance.bases) if instance.strand == "-" else instance.bases
    present = np.searchsorted(CODES, bases)
    changes = instance.motif.scores - instance.motif.scores[np.arange(len(bases)), present][:, None]
    positions = np.arange(len(bases))
    places = instance.end - 1 - positions if instance.strand == "-" else instance.start + positions
    inside = (places >= peak[0]) & (places < peak[1])
    choices = np.argwhere(
        (-changes > bounds[0] - 1e-9) & (-changes <= bounds[1]) & (changes != 0) & inside[:, None]
    )
    if not len(choices):
        return None
    position, alternate = choices[rng.integers(len(choices))]
    base = BASES[alternate]
    groups = [
        (grammar["rules"][number], group)
        for number, groups in element.met.items()
        for group in groups
        if len(group) == 2 and instance in group
    ]
    partners = {one.number: core_gap(*group) for _, group in groups for one in group if one is not instance}
    return {
        "chrom": element.chrom,
        "pos1": int(places[position]) + 1,
        "alt": reverse_complement(base) if instance.strand == "-" else base,
        "class": label,
        "element": element.number,
        "instance": instance.number,
        "factor": instance.motif.name,
        "position_in_motif": int(position),
        "score_change": float(changes[position, alternate]),
        "partners": ",".join(map(str, partners)),
        "partner_distance": min(partners.values()),
        "rules": ",".join(dict.fromkeys(rule_name(rule) for rule, _ in groups)),
    }


def _control_variant(
    offsets: list, instance: Instance, element: Element, peak: tuple, clearance: int, rng
) -> dict | None:
    """Draw a place as far from the element's centre as a breaking variant's, away from every instance."""
    for offset in rng.permutation(offsets):
        place = element.centre + int(offset)
        clear = all(
            place < one.start - clearance or place >= one.end + clearance for one in element.instances
        )
        if clear and peak[0] <= place < peak[1]:
            row = {
                "chrom": element.chrom,
                "pos1": place + 1,
                "alt": "",
                "class": "ctl",
                "element": element.number,
            }
            return row | {"score_change": 0.0}
    return None


def _evidence(labels: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw what a bQTL table reports: depth, frequency of ref before and after, and p.

    p is evenly spread on the log scale, from 1e-20 to 5e-5 for ``sig`` and 1e-4 to .5 for ``mid``, and 1 for
    ``ctl``; the shift of the frequency is that of a two-sided normal test at this depth.
    """
    exponents = {"sig": (-20, -4.31), "mid": (-4, -0.3), "ctl": (0, 0)}
    limits = np.array([exponents[label] for label in labels]).reshape(-1, 2)
    pvalue = 10 ** rng.uniform(limits[:, 0], limits[:, 1])
    depth = rng.integers(60, 400, len(labels))
    before = rng.uniform(0.2, 0.7, len(labels))
    shift = -ndtri(pvalue / 2) * np.sqrt(before * (1 - before) / depth)
    after = np.minimum(before + shift, 1 - 0.5 / depth)
    return {"depth": depth, "postfreq": after, "prefreq": before, "pvalue": pvalue}
