"""Plant a library of sequences with measured values of a known energy model."""

from workflow.running import running

with running(snakemake) as log:
    from dfim.files.tables import write_table
    from dfim.planted.flanks import plant_library
    from dfim.planted.grammar import read_grammar

    path = snakemake.input.design
    library, couplings, interactions = plant_library(read_grammar(path), snakemake.params.seed, path)
    log.info("%d sequences, %d couplings", len(library), len(couplings))
    write_table(library, snakemake.output.library)
    write_table(couplings, snakemake.output.couplings)
    write_table(interactions, snakemake.output.interactions)
