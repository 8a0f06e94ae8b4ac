"""Simulate the FASTQ files of one replicate from the open regions of a planted genome."""

from workflow.running import running

with running(snakemake) as log:
    import numpy as np
    import pyfaidx

    from dfim.files.tables import write_table
    from dfim.genomes.narrowpeak import read_narrowpeak
    from dfim.reads.simulated import simulate_reads, write_reads

    design = snakemake.params.design
    with pyfaidx.Fasta(snakemake.input.fasta, indexname=snakemake.input.index, rebuild=False) as fasta:
        chromosomes = {name: np.frombuffer(str(record).encode(), np.uint8) for name, record in fasta.items()}
    regions = read_narrowpeak(snakemake.input.peaks)
    truth, reads, lanes = simulate_reads(
        chromosomes, regions, design, int(snakemake.params.seed), snakemake.params.name
    )
    ends = 1 + design["paired"]
    paths = [snakemake.output.fastqs[first : first + ends] for first in range(0, ends * len(lanes), ends)]
    write_reads(truth, reads, lanes, paths)
    write_table(truth, snakemake.output.truth)
    log.info("simulated %d fragments: %s", len(truth), truth["kind"].value_counts().to_dict())
