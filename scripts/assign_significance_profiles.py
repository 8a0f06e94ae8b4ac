"""Join the shards of an analysis of every position and give every change and every source its p and q."""

from workflow.running import running

with running(snakemake) as log:
    from dfim.attribution.completeness import completeness
    from dfim.datasets.blocks import blocks
    from dfim.datasets.controls import add_covariates
    from dfim.files.tables import read_table, write_table
    from dfim.interactions.places import SOURCE, add_places
    from dfim.interactions.profile_significance import profile_significance
    from dfim.interactions.shards import read_profile_shards, write_profiles
    from dfim.statistics.nulls import NullModel
    from dfim.statistics.resolution import coarse_nulls

    settings = snakemake.params
    reach = read_table(snakemake.input.reach)["reach"].iloc[-1]
    bins = settings.position_bins
    profiles = read_profile_shards(snakemake.input.shards, settings.seed, reach=reach, bins=bins)
    examples = profiles.sources["example"]
    block_of = blocks(read_table(snakemake.input.examples, dtype={"chrom": "str"}), examples)
    profiles.sources["block"] = block_of.loc[examples].to_numpy()
    found, p, q = profile_significance(
        profiles,
        settings.p_values,
        [NullModel.read(options) for options in settings.nulls],
        reach,
        settings.truth.get("not_interacting"),
        settings.seed,
        bins,
        settings.level,
    )
    log.info("%d sources, %d null scores", len(found.results), len(found.null))
    log.info("%d null positions", len(profiles.null_positions))
    for sentence in coarse_nulls(found.nulls, settings.level):
        log.warning("%s", sentence)
    log.info("%d p-values of positions are exactly 0", (p == 0).sum())
    attributes = {"p_values": settings.p_values, "null_seed": settings.seed}
    write_profiles(profiles, p, q, snakemake.output.profiles, attributes)
    examples, features = read_table(snakemake.input.examples), read_table(snakemake.input.features)
    sources = add_places(found.results, examples, features, SOURCE)
    if snakemake.input.get("covariates"):
        sources = add_covariates(sources, read_table(snakemake.input.covariates))
    write_table(sources, snakemake.output.sources)
    write_table(found.null, snakemake.output.null)
    write_table(profiles.draws, snakemake.output.draws)
    write_table(found.nulls, snakemake.output.nulls)
    write_table(completeness(map(read_table, snakemake.input.completeness)), snakemake.output.completeness)
    write_table(found.calibration, snakemake.output.calibration)
    write_table(found.quantiles, snakemake.output.quantiles)
