"""Make the miniature genome of a planted grammar: sequence, peaks, variants and their truth."""

from pathlib import Path

from dfim.planted.genome import plant_genome, write_planted
from dfim.planted.grammar import read_grammar
from workflow.running import running

with running(snakemake) as log:
    genome = plant_genome(read_grammar(snakemake.input.grammar), int(snakemake.params.seed))
    write_planted(
        genome,
        fasta=snakemake.output.genome,
        peaks={Path(path).name.removesuffix(".narrowPeak.gz"): path for path in snakemake.output.peaks},
        variants=snakemake.output.variants,
        elements=snakemake.output.elements,
        instances=snakemake.output.instances,
        sites=snakemake.output.sites,
        variant_truth=snakemake.output.variant_truth,
    )
    log.info(
        "planted %d elements with %d motif instances on %d chromosomes, %d bp, and %d variants",
        len(genome.elements),
        len(genome.instances),
        len(genome.chromosomes),
        sum(map(len, genome.chromosomes.values())),
        len(genome.variants),
    )
