"""Compute from a network's layers how far a mutation can act in it."""

from workflow.running import running

with running(snakemake) as log:
    from dfim.files.tables import write_table
    from dfim.networks.description import describe
    from dfim.networks.keras_files import load_network
    from dfim.networks.reach import receptive_fields
    from dfim.networks.stored import SOME_LENGTH

    table = receptive_fields(describe(load_network(snakemake.input.model), SOME_LENGTH))
    log.info("positions %g bp apart, or farther, cannot interact in this network", table["reach"].iloc[-1])
    write_table(table, snakemake.output[0])
