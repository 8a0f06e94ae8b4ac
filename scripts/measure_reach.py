"""Compute from a network's layers how far a mutation can act in it."""

from workflow.running import running

with running(snakemake) as log:
    from dfim.files.tables import write_table
    from dfim.networks.graph import SOME_LENGTH
    from dfim.networks.graph_files import load_graph
    from dfim.networks.reach import receptive_fields

    table = receptive_fields(load_graph(snakemake.input.graph, SOME_LENGTH))
    log.info("positions %g bp apart, or farther, cannot interact in this network", table["reach"].iloc[-1])
    write_table(table, snakemake.output[0])
