"""Join the shards of pair tests: p, q and calls of every unordered pair of an analysis."""

from workflow.running import running

with running(snakemake) as log:
    from dfim.datasets.blocks import blocks
    from dfim.files.tables import read_table, write_table
    from dfim.interactions.pair_files import read_pair_draws, write_shared_draws
    from dfim.interactions.places import PAIR_ENDS, add_places
    from dfim.interactions.tested_pairs import judge_pairs
    from dfim.statistics.agreement import removal_agreement
    from dfim.statistics.resolution import coarse_nulls

    settings = snakemake.params
    text = dict.fromkeys(["name", "chrom", "group", "strand"], "str")
    features, examples = (
        read_table(path, dtype=text) for path in (snakemake.input.features, snakemake.input.examples)
    )
    selected = read_table(snakemake.input.selection)["example"]
    found = judge_pairs(
        read_pair_draws(snakemake.input.shards, snakemake.input.draws),
        features,
        blocks(examples, selected),
        settings.level,
        settings.least_share,
    )
    tests, called = found.table, found.table["called"] == 1
    log.info("%d of %d pairs are within the network's reach and tested", tests["p"].notna().sum(), len(tests))
    for call in ("synergy", "redundancy"):
        log.info("%d pairs are called: %s", (tests["call"] == call).sum(), call)
    for sentence in coarse_nulls(found.nulls, settings.level):
        log.warning("%s", sentence)
    compared = removal_agreement(tests, settings.seed)
    log.info("%s", compared["note"].iloc[0])
    write_table(add_places(tests, examples, features, PAIR_ENDS), snakemake.output.tests)
    write_table(found.nulls, snakemake.output.nulls)
    write_shared_draws(found.shared, snakemake.output.shared)
    write_table(compared, snakemake.output.removals)
