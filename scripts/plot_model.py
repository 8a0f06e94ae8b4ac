"""Draw one figure of a trained network: PDF, PNG and the data as TSV."""

from workflow.running import running

with running(snakemake) as log:
    from dfim.plots import module_for
    from dfim.plots.inputs import open_tables
    from dfim.plots.options import MODEL_FIGURES
    from dfim.plots.style import save

    with open_tables(dict(snakemake.input.items())) as tables:
        figure, data = module_for(snakemake.wildcards.figure, MODEL_FIGURES).draw(tables, {})
    save(
        figure,
        data,
        snakemake.output.pdf,
        snakemake.output.png,
        snakemake.output.tsv,
        f"model {snakemake.wildcards.model}",
    )
    log.info("figure %s drawn from %d rows of data", snakemake.wildcards.figure, len(data))
