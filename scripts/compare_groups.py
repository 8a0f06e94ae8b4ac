"""Compare the groups of pairs or sources that the configuration names."""

from running import running

with running(snakemake) as log:
    from dfim.comparison import compare_all
    from dfim.files import read_table, write_table

    table, null = read_table(snakemake.input.table), read_table(snakemake.input.null)
    compared = compare_all(table, snakemake.params.comparisons, snakemake.params.seed, null)
    for row in compared.to_dict("records"):
        log.info("%(comparison)s: auROC %(auroc).3f (%(auroc_low).3f to %(auroc_high).3f), p %(p).2g", row)
    write_table(compared, snakemake.output[0])
