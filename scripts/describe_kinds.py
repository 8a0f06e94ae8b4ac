"""Kinds of pairs of an analysis, ranked, with what every method of contribution scores says of them."""

from workflow.running import running

with running(snakemake) as log:
    import pandas as pd

    from dfim.files.tables import read_table, write_table
    from dfim.interactions.pair_files import read_tested
    from dfim.statistics.kinds import add_methods, kinds_of_pairs

    settings = snakemake.params
    tests, shared = read_tested(snakemake.input.tests, snakemake.input.shared)
    calling = (settings.level, settings.least_share)
    kinds = kinds_of_pairs(
        tests, shared.by_name, shared.floor, *calling, **settings.kinds, seed=settings.seed
    )
    methods = dict(zip(settings.methods, map(read_table, snakemake.input.pairs), strict=True))
    kinds = add_methods(kinds, tests, methods, settings.kinds["distances"])
    signs = [
        read_table(path).assign(method=method)
        for method, path in zip(settings.methods, snakemake.input.signs, strict=True)
    ]
    for grain, rows in kinds.groupby("grain", sort=False):
        log.info("%s: %d of %d kinds are called", grain, rows["called"].sum(), len(rows))
    write_table(kinds, snakemake.output.kinds)
    write_table(pd.concat(signs, ignore_index=True), snakemake.output.signs)
