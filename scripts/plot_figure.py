"""Draw one figure of a network, or of a scan: PDF, PNG and the data as TSV."""

from workflow.running import running

with running(snakemake) as log:
    from dfim.plots import module_for
    from dfim.plots.inputs import open_tables
    from dfim.plots.options import MODEL_FIGURES, SCAN_FIGURES
    from dfim.plots.style import save

    kind, files = snakemake.wildcards.figure, snakemake.output
    with open_tables(dict(snakemake.input.items())) as tables:
        figure, data = module_for(kind, MODEL_FIGURES + SCAN_FIGURES).draw(tables, {})
    save(figure, data, files.pdf, files.png, files.tsv, snakemake.params.of)
    log.info("figure %s drawn from %d rows of data", kind, len(data))
