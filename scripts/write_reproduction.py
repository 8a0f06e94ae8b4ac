"""Judge the claims of the lists of the configuration by the results of this run."""

from workflow.running import running

with running(snakemake) as log:
    import pandas as pd

    from dfim.files.tables import write_table
    from dfim.reproduction.claims import check_cannot_show, read_claims
    from dfim.reproduction.measuring import judge_calibration, reproduce

    claims = [claim for path in snakemake.input.claims for claim in read_claims(path)]
    cannot_show = snakemake.params.cannot_show
    check_cannot_show(claims, cannot_show)
    folder, tables = snakemake.params.folder, snakemake.input.tables
    parts = [reproduce(claims, folder, tables, cannot_show), judge_calibration(folder, tables)]
    table = pd.concat([part for part in parts if len(part)], ignore_index=True)
    for verdict, rows in table.groupby("verdict"):
        log.info("%d of %d claims: %s", len(rows), len(table), verdict)
    write_table(table, snakemake.output[0])
