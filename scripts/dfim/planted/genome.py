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

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from dfim.files.tables import write_table
from dfim.files.whole import atomic_path
from dfim.genomes.fasta import wrapped_fasta
from dfim.genomes.narrowpeak import write_narrowpeak
from dfim.planted.elements import lay_out, plant
from dfim.planted.grammar import check_grammar
from dfim.planted.motifs import load_motifs
from dfim.planted.peaks import all_peaks, met_rules
from dfim.planted.truth import element_table, instance_table, site_table
from dfim.planted.variants import VARIANT_COLUMNS, VARIANT_TRUTH_COLUMNS, plant_variants


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
    chromosomes, elements = lay_out(grammar, seed)
    plant(elements, motifs, grammar, seed)
    for element in elements:
        sequence = chromosomes[element.chrom]
        for instance in element.instances:
            sequence[instance.start : instance.end] = instance.bases
        element.met = met_rules(element, grammar["rules"])
    peaks = all_peaks(elements, grammar, seed)
    variants = plant_variants(chromosomes, elements, peaks, grammar, seed)
    return PlantedGenome(
        chromosomes,
        {name: table.drop(columns="element") for name, table in peaks.items()},
        variants[VARIANT_COLUMNS],
        element_table(elements, grammar),
        instance_table(elements, grammar),
        site_table(elements),
        variants[VARIANT_TRUTH_COLUMNS],
    )


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
