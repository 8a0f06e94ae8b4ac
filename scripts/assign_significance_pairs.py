"""Join the shards of an analysis of feature pairs and give every score its p and q."""

from workflow.running import running

with running(snakemake) as log:
    import pandas as pd

    from dfim.attribution.completeness import completeness
    from dfim.files.tables import read_table, write_table
    from dfim.interactions.pair_files import read_score_draws
    from dfim.interactions.pair_significance import pair_significance
    from dfim.interactions.places import ORDERED_ENDS, add_places
    from dfim.interactions.shards import read_pair_shards
    from dfim.statistics.agreement import agreement
    from dfim.statistics.nulls import NullModel
    from dfim.statistics.resolution import coarse_nulls
    from dfim.statistics.signs import sign_agreement, signed_call

    settings = snakemake.params
    features = read_table(snakemake.input.features, dtype={"name": "str"})
    found = pair_significance(
        read_pair_shards(snakemake.input.shards),
        features,
        read_table(snakemake.input.tests),
        read_score_draws(snakemake.input.shards, snakemake.input.draws),
        settings.p_values,
        [NullModel.read(options) for options in settings.nulls],
        settings.truth.get("not_interacting"),
        settings.seed,
        settings.level,
        settings.least_share,
    )
    pairs, signs = found.results, sign_agreement(found.results)
    called = pairs["signed_sum_called"] == 1
    pairs = pairs.assign(signed_sum_call=signed_call(pairs["signed_sum"], called, signs["trusted"] == 1))
    beyond = pairs[pairs["within_reach"] == 0]
    log.info("%d pairs, %d scores of shuffled sequences", len(pairs), len(found.null))
    log.info(
        "%d pairs are beyond the reach of the network and not tested; their largest FIS is %.2g",
        len(beyond),
        beyond["fis"].max() if len(beyond) else 0,
    )
    log.info(
        "the signed sum has the sign of the interaction in %.3g of %d pairs that mutagenesis calls",
        signs["same_sign"],
        signs["n"],
    )
    if signs["note"]:
        log.warning("warning: synergy or redundancy by the signed sum: %s", signs["note"])
    for sentence in coarse_nulls(found.nulls, settings.level):
        log.warning("%s", sentence)
    tested = pairs[pairs["within_reach"] == 1]
    for column in [name for name in pairs if name.endswith("_p") or "_p_" in name]:
        log.info(
            "%s: %d missing, %d exactly 0", column, tested[column].isna().sum(), (tested[column] == 0).sum()
        )
    placed = add_places(pairs, read_table(snakemake.input.examples), features, ORDERED_ENDS)
    write_table(placed, snakemake.output.pairs)
    write_table(found.null, snakemake.output.null)
    write_table(found.nulls, snakemake.output.nulls)
    write_table(completeness(map(read_table, snakemake.input.completeness)), snakemake.output.completeness)
    write_table(found.calibration, snakemake.output.calibration)
    write_table(found.quantiles, snakemake.output.quantiles)
    write_table(agreement(pairs, settings.seed), snakemake.output.agreement)
    write_table(pd.DataFrame([signs]), snakemake.output.signs)
