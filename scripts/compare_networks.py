"""Join what several networks, and additive twins, say of the pairs of one analysis and of their kinds."""

from workflow.running import running

with running(snakemake) as log:
    from dfim.files.tables import read_table, write_table
    from dfim.interactions.pair_files import read_tested
    from dfim.statistics.kinds import kinds_of_pairs
    from dfim.statistics.several_networks import between_networks, beyond_twins

    settings, files = snakemake.params, snakemake.input
    kind, pair = ["grain", "pair", "orientation", "distance"], ["example", "first", "second"]

    def kinds_of(*paths):
        """Return the kinds of the pairs in a table of tests; they need no method of contribution scores."""
        tests, shared = read_tested(*paths)
        own = (shared.by_name, shared.floor, settings.level, settings.least_share)
        return kinds_of_pairs(tests, *own, **settings.kinds, seed=settings.seed)

    others = [kinds_of(*each) for each in zip(files.tests[1:], files.shared[1:], strict=True)]
    kinds = between_networks([read_table(files.kinds), *others], kind)
    pairs = between_networks([read_table(path) for path in files.tests], pair)
    log.info("%d kinds of %d pairs in %d networks", len(kinds), len(pairs), len(files.tests))
    twins = [kinds_of(*each) for each in zip(files.twin_tests, files.twin_shared, strict=True)]
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
