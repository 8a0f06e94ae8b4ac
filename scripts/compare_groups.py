"""Compare the groups of pairs or sources that the configuration names, and measure what is recovered."""

from workflow.running import running

with running(snakemake) as log:
    from dfim.files.tables import read_table, write_table
    from dfim.statistics.comparison import compare_all
    from dfim.statistics.nulls import NullModel
    from dfim.statistics.recovery import recovery

    settings = snakemake.params
    table, null = read_table(snakemake.input.table), read_table(snakemake.input.null)
    compared = compare_all(table, settings.comparisons, settings.seed, null)
    for row in compared.to_dict("records"):
        log.info("%(comparison)s: auROC %(auroc).3f (%(auroc_low).3f to %(auroc_high).3f), p %(p).2g", row)
    models = [NullModel.read(options) for options in settings.nulls]
    recovered = recovery(table, settings.truth, models=models)
    for row in recovered.to_dict("records"):
        log.info("%(score)s, %(null_model)s, %(call)s: precision %(precision).3f, recall %(recall).3f", row)
    write_table(compared, snakemake.output.comparisons)
    write_table(recovered, snakemake.output.recovery)
