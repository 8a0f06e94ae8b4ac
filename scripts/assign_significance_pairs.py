"""Join the shards of an analysis of feature pairs and give every score its p and q."""

from running import running

with running(snakemake) as log:
    from dfim.files import read_table, write_table
    from dfim.shards import read_pair_shards
    from dfim.significance import pair_significance, smallest_p

    features = read_table(snakemake.input.features, dtype={"name": "str"})
    scores = read_pair_shards(snakemake.input.shards)
    pairs, null, calibrated = pair_significance(scores, features, snakemake.params.p_values)
    log.info("%d pairs, %d null scores", len(pairs), len(null))
    log.info("the smallest empirical p of a FIS is %.2g", smallest_p(len(null)))
    for score in ("fis", "signed_sum"):
        log.info("%s: %d p-values are exactly 0", score, (pairs[f"{score}_p"] == 0).sum())
    write_table(pairs, snakemake.output.pairs)
    write_table(null, snakemake.output.null)
    write_table(calibrated, snakemake.output.calibration)
