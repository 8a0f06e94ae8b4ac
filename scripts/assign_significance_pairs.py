"""Join the shards of an analysis of feature pairs and give every score its p and q."""

from workflow.running import running

with running(snakemake) as log:
    import pandas as pd

    from dfim.files.tables import read_table, write_table
    from dfim.interactions.shards import add_mutagenesis, read_pair_shards
    from dfim.interactions.significance import pair_significance
    from dfim.statistics.agreement import agreement
    from dfim.statistics.nulls import NullModel

    settings = snakemake.params
    features = read_table(snakemake.input.features, dtype={"name": "str"})
    scores = read_pair_shards(snakemake.input.shards)
    found = pair_significance(
        scores,
        features,
        settings.p_values,
        [NullModel.read(options) for options in settings.nulls],
        read_table(snakemake.input.reach)["reach"].iloc[-1],
        settings.truth.get("not_interacting"),
        settings.seed,
    )
    mutated = pd.concat([read_table(path) for path in snakemake.input.mutagenesis], ignore_index=True)
    pairs = add_mutagenesis(found.results, mutated)
    beyond = pairs[pairs["within_reach"] == 0]
    log.info("%d pairs, %d null scores", len(pairs), len(found.null))
    log.info(
        "%d pairs are beyond the reach of the network and not tested; their largest FIS is %.2g",
        len(beyond),
        beyond["fis"].max() if len(beyond) else 0,
    )
    log.info("the smallest p that can be had: %.2g", found.nulls["smallest_p"].min())
    tested = pairs[pairs["within_reach"] == 1]
    for column in [name for name in pairs if name.endswith("_p") or "_p_" in name]:
        log.info(
            "%s: %d missing, %d exactly 0", column, tested[column].isna().sum(), (tested[column] == 0).sum()
        )
    write_table(pairs, snakemake.output.pairs)
    write_table(found.null, snakemake.output.null)
    write_table(found.nulls, snakemake.output.nulls)
    write_table(found.calibration, snakemake.output.calibration)
    write_table(found.quantiles, snakemake.output.quantiles)
    write_table(agreement(pairs, settings.seed), snakemake.output.agreement)
