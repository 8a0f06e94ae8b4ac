"""Elements, the open regions of a planted genome: where they lie, and what they hold.

The motifs of an element lie anywhere within its reach, with equal chance, whatever they are: where a motif
lies says nothing of what it does.
"""

import zlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dfim.errors import InputError
from dfim.planted.motifs import CODES, Motif, sample_instances


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


def stream(seed: int, purpose: str) -> np.random.Generator:
    """Return the random numbers of one purpose: a change to one leaves all others as they are."""
    return np.random.default_rng([seed, zlib.crc32(purpose.encode())])


def lay_out(grammar: Mapping, seed: int) -> tuple[dict[str, np.ndarray], list[Element]]:
    """Draw the background sequence and put the elements, in random order, along the chromosomes."""
    rng = stream(seed, "layout")
    kinds = [kind for kind, entry in grammar["elements"].items() for _ in range(entry["number"])]
    kinds = rng.permutation(np.array(kinds, dtype=object))
    shares = np.array(list(grammar["chromosomes"].values()), dtype=float)
    bounds = np.round(np.cumsum(shares) / shares.sum() * len(kinds)).astype(int)
    smallest, largest = grammar["spacing"]
    chromosomes, elements = {}, []
    for chrom, first, last in zip(grammar["chromosomes"], np.r_[0, bounds[:-1]], bounds, strict=True):
        # One more step than elements: the chromosome goes on after the last one.
        centres = np.cumsum(rng.integers(smallest, largest, last - first + 1, endpoint=True))
        chromosomes[chrom] = _background(int(centres[-1]), grammar["gc"], stream(seed, f"background {chrom}"))
        elements += [
            Element(number, kinds[number], chrom, int(centre), [], {})
            for number, centre in zip(range(first, last), centres, strict=False)
        ]
    for chrom, entry in grammar.get("further_chromosomes", {}).items():
        unit = _background(entry["length"], grammar["gc"], stream(seed, f"background {chrom}"))
        chromosomes[chrom] = np.tile(unit, entry["copies"])
    return chromosomes, elements


def _background(length: int, gc: float, rng: np.random.Generator) -> np.ndarray:
    """Draw independent bases with a GC content, ASCII letters of shape (length,)."""
    edges = np.cumsum([(1 - gc) / 2, gc / 2, gc / 2]).astype(np.float32)
    return CODES[np.searchsorted(edges, rng.random(length, dtype=np.float32), side="right")]


def plant(elements: list[Element], motifs: Mapping[str, Motif], grammar: Mapping, seed: int) -> None:
    """Sample the instances of all elements and give them their places."""
    rng = stream(seed, "decoys")
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
        name: sample_instances(motifs[name], number, grammar["minimum_score"], stream(seed, f"motif {name}"))
        for name, number in needed.items()
    }
    for number, (element, name, role) in enumerate(planned):
        element.instances.append(
            Instance(number, element.number, motifs[name], role=role, **next(drawn[name]))
        )
    rng = stream(seed, "places")
    for element in elements:
        _place(element, grammar, rng)


def _draw_decoys(decoys: Mapping, rng: np.random.Generator) -> list[str]:
    """Draw the motifs that an element holds besides its own."""
    if not decoys["motifs"]:
        return []
    return list(rng.choice(decoys["motifs"], rng.integers(*decoys["number"], endpoint=True)))


def _place(element: Element, grammar: Mapping, rng: np.random.Generator) -> None:
    """Give the instances of an element their starts: anywhere within its reach, so that places tell nothing.

    Two motifs of its own stay as far apart as their gap, and either may come first; all others lie wherever
    there is room.
    """
    own = [instance for instance in element.instances if instance.role == "element"]
    strewn = [instance for instance in element.instances if instance.role != "element"]
    rng.shuffle(own)
    if len(own) == 2:
        _set_gap(own, grammar["elements"][element.kind]["gap"], element.kind, rng)
    _move(own, element, grammar["reach"], rng)
    for number, instance in enumerate(strewn):
        _strew(instance, element, grammar["reach"], [*own, *strewn[:number]], rng)
    element.instances.sort(key=lambda instance: instance.start)


def _set_gap(pair: list[Instance], gap: list, kind: str, rng: np.random.Generator) -> None:
    """Put two instances side by side, the gap between their cores drawn evenly from what the flanks allow."""
    left, right = pair
    left_flank = len(left.bases) - left.core_offset - left.core_length
    smallest, largest = max(gap[0], left_flank + right.core_offset), gap[1]
    if smallest > largest:
        raise InputError(
            f"element {kind!r} of the planted grammar has gaps up to {largest} bp, and the flanks of its "
            f"motifs need {smallest}: raise the gap."
        )
    left.start = 0
    right.start = left.core_end + int(rng.integers(smallest, largest, endpoint=True)) - right.core_offset


def _move(together: list[Instance], element: Element, reach: int, rng: np.random.Generator) -> None:
    """Move instances together to a place within the reach of their element, each place with equal chance."""
    first, last = together[0].start, together[-1].end
    room = 2 * reach - (last - first)
    if room < 0:
        raise InputError(
            f"an element {element.kind!r} of the planted grammar takes {last - first} bp, and 'reach' allows "
            f"{2 * reach}: raise 'reach'."
        )
    offset = element.centre - reach + int(rng.integers(room, endpoint=True)) - first
    for instance in together:
        instance.start += offset


def _strew(
    instance: Instance, element: Element, reach: int, taken: list[Instance], rng: np.random.Generator
) -> None:
    """Draw a place within the reach of an element until it overlaps no other instance."""
    for _ in range(1000):
        instance.start = 0
        _move([instance], element, reach, rng)
        if all(instance.end <= other.start or other.end <= instance.start for other in taken):
            return
    raise InputError(f"'reach' of the planted grammar leaves no room for decoys within {reach} bp: raise it.")
