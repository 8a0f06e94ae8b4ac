"""Judge the claims of the supplement by the results of this run."""

from running import running

with running(snakemake) as log:
    from dfim.files import write_table
    from dfim.reproduction import read_claims, reproduce

    table = reproduce(
        read_claims(snakemake.input.claims),
        snakemake.params.folder,
        snakemake.input.tables,
        snakemake.params.get("cannot_show"),
    )
    for verdict, rows in table.groupby("verdict"):
        log.info("%d of %d claims: %s", len(rows), len(table), verdict)
    write_table(table, snakemake.output[0])
