"""Draw the figure of a scan: PDF, PNG and the data as TSV."""

from workflow.running import running

with running(snakemake) as log:
    from dfim.plots import module_for
    from dfim.plots.inputs import open_tables
    from dfim.plots.options import SCAN_FIGURES
    from dfim.plots.style import save

    of, files = snakemake.wildcards, snakemake.output
    with open_tables(dict(snakemake.input.items())) as tables:
        figure, data = module_for(of.figure, SCAN_FIGURES).draw(tables, {})
    save(figure, data, files.pdf, files.png, files.tsv, f"scan {of.scan}, model {of.model}, task {of.task}")
    log.info("figure %s drawn from %d rows of data", of.figure, len(data))
