"""Motifs put into many sequences: the interaction of every two of them at every spacing, with p and q."""

from workflow.running import running

with running(snakemake, on_gpu=True) as log:
    from dfim.api import scan
    from dfim.files.tables import write_table

    settings = snakemake.params
    table = scan(
        snakemake.input.graph,
        settings.motifs,
        snakemake.input.get("sequences"),
        settings.tasks.index(settings.task),
        seed=settings.seed,
        threads=snakemake.threads,
        **settings.options,
    )
    write_table(table, snakemake.output.scan)
    tested, put_into = int(table["within_reach"].sum()), table["n"].iloc[0]
    log.info("%d of %d cells are called, in %d backgrounds", table["called"].sum(), tested, put_into)
