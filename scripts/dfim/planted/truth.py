"""What is true of a planted genome, as tables: elements, their motif instances, and the sites of cores."""

from collections import defaultdict
from collections.abc import Mapping

import pandas as pd

from dfim.planted.elements import Element
from dfim.planted.peaks import core_gap, rule_name

ELEMENT_COLUMNS = [
    "element", "chrom", "start", "end", "centre", "kind", "distance", "cooperating", "rules", "peaks",
]  # fmt: skip
INSTANCE_COLUMNS = [
    "instance", "element", "chrom", "start", "end", "strand", "factor", "pwm", "core_start", "core_end",
    "score", "role", "partners", "rules",
]  # fmt: skip
SITE_COLUMNS = ["chrom", "start", "end", "name"]


def element_table(elements: list[Element], grammar: Mapping) -> pd.DataFrame:
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
                "rules": ",".join(map(rule_name, rules)),
                "peaks": ",".join(dict.fromkeys(name for rule in rules for name in rule["peaks"])),
            }
        )
    table = pd.DataFrame(rows, columns=ELEMENT_COLUMNS)
    return table.astype({"distance": "Int64"})


def instance_table(elements: list[Element], grammar: Mapping) -> pd.DataFrame:
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
                    rules[instance.number].append(rule_name(grammar["rules"][number]))
        for instance in element.instances:
            number = instance.number
            place = (number, element.number, element.chrom, instance.start, instance.end, instance.strand)
            motif = (instance.motif.name, instance.motif.pwm, instance.core_start, instance.core_end)
            meets = (",".join(dict.fromkeys(partners[number])), ",".join(dict.fromkeys(rules[number])))
            rows.append((*place, *motif, instance.score, instance.role, *meets))
    return pd.DataFrame(rows, columns=INSTANCE_COLUMNS)


def site_table(elements: list[Element]) -> pd.DataFrame:
    """Make the table of sites: the cores of all instances whose motif has one, named by the motif."""
    rows = [
        (element.chrom, instance.core_start, instance.core_end, instance.motif.name)
        for element in elements
        for instance in element.instances
        if instance.motif.core
    ]
    return pd.DataFrame(rows, columns=SITE_COLUMNS)
