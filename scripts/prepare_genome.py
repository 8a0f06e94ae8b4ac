"""Unpack a genome and write its index and its table of chromosome sizes."""

from dfim.genomes.assembly import check_sizes
from dfim.genomes.fasta import index_fasta, unpack_fasta, write_sizes
from workflow.running import running

with running(snakemake) as log:
    unpack_fasta(snakemake.input.fasta, snakemake.output.fasta)
    sizes = index_fasta(snakemake.output.fasta, snakemake.output.fai)
    if snakemake.params.assembly:
        check_sizes(sizes, snakemake.params.assembly, snakemake.input.fasta)
    write_sizes(sizes, snakemake.output.sizes)
    log.info("%d chromosomes, %d bp", len(sizes), sum(sizes.values()))
