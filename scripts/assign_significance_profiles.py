"""Join the shards of an analysis of every position and give every change and every source its p and q."""

from running import running

with running(snakemake) as log:
    from dfim.files import write_table
    from dfim.shards import read_profile_shards, write_profiles
    from dfim.significance import profile_significance, smallest_p

    profiles = read_profile_shards(snakemake.input.shards, snakemake.params.seed)
    sources, p, q, calibrated = profile_significance(profiles, snakemake.params.p_values)
    n = len(profiles.null_positions)
    log.info("%d sources, %d null scores", len(sources), len(profiles.null))
    log.info("%d null positions: their smallest empirical p is %.2g", n, smallest_p(n))
    log.info("%d p-values of positions are exactly 0", (p == 0).sum())
    attributes = {"p_values": snakemake.params.p_values, "null_seed": snakemake.params.seed}
    write_profiles(profiles, p, q, snakemake.output.profiles, attributes)
    write_table(sources, snakemake.output.sources)
    write_table(profiles.null, snakemake.output.null)
    write_table(calibrated, snakemake.output.calibration)
