"""Join what several networks, and additive twins, say of the pairs of one analysis and of their kinds."""

from workflow.running import running

with running(snakemake) as log:
    from dfim.files.tables import read_table, write_table
    from dfim.statistics.several_networks import between_networks, beyond_twins

    kind, pair = ["grain", "pair", "orientation", "distance"], ["example", "first", "second"]
    kinds = between_networks([read_table(path) for path in snakemake.input.networks], kind)
    pairs = between_networks([read_table(path) for path in snakemake.input.pairs], pair)
    log.info("%d kinds of %d pairs in %d networks", len(kinds), len(pairs), len(snakemake.input.networks))
    twins = [read_table(path) for path in snakemake.input.twins]
    if twins:
        kinds = beyond_twins(kinds, twins, kind)
        called = kinds["called"] == 1
        log.info(
            "%d kinds are called, %d of them beyond what %d additive twins show",
            called.sum(),
            (called & (kinds["beyond_twins"] == 1)).sum(),
            len(twins),
        )
    write_table(kinds, snakemake.output.kinds)
    write_table(pairs, snakemake.output.pairs)
