"""Join what several networks, and additive twins, say of the kinds of pairs of one analysis."""

from workflow.running import running

with running(snakemake) as log:
    from dfim.files.tables import read_table, write_table
    from dfim.statistics.several_networks import between_networks, beyond_twins

    keys = ["grain", "pair", "orientation", "distance"]
    tables = [read_table(path) for path in snakemake.input.networks]
    kinds = between_networks(tables, keys)
    log.info("%d kinds of pairs in %d networks", len(kinds), len(tables))
    if snakemake.input.get("twins"):
        kinds = beyond_twins(kinds, [read_table(path) for path in snakemake.input.twins], keys)
        called = kinds["called"] == 1
        log.info(
            "%d kinds called, %d of them beyond what additive twins show",
            called.sum(),
            (called & (kinds["beyond_twins"] == 1)).sum(),
        )
    write_table(kinds, snakemake.output[0])
