"""Judge the claims of the lists of the configuration by the results of this run."""

from workflow.running import running

with running(snakemake) as log:
    import pandas as pd

    from dfim.files.tables import write_table
    from dfim.reproduction.claims import TABLES, check_cannot_show, read_claims, table_of
    from dfim.reproduction.judging import judge_null_checks, reproduce

    claims = [claim for path in snakemake.input.claims for claim in read_claims(path)]
    cannot_show = snakemake.params.cannot_show
    check_cannot_show(claims, cannot_show)
    folder, files = snakemake.params.folder, snakemake.input.tables
    for name in TABLES:
        asked = [claim for claim in claims if table_of(claim) == name]
        parts = [reproduce(asked, folder, files, cannot_show)]
        if name == "reproduction":
            parts.insert(0, judge_null_checks(folder, files))
        filled = [part for part in parts if len(part)]
        table = pd.concat(filled, ignore_index=True) if filled else parts[0]
        for verdict, rows in table.groupby("verdict"):
            log.info("%s: %d of %d claims: %s", name, len(rows), len(table), verdict)
        write_table(table, getattr(snakemake.output, name))
