"""Draw the quality of a task's reads and peaks: PDF, PNG and the data as TSV."""

from workflow.running import running

with running(snakemake) as log:
    from dfim.files.tables import read_table
    from dfim.plots import reads_quality
    from dfim.plots.style import save

    names = ("quality", "distributions", "reproducibility")
    tables = {name: read_table(snakemake.input[name], dtype={"library": str}) for name in names}
    figure, data = reads_quality.draw(tables)
    of = snakemake.wildcards
    save(figure, data, *snakemake.output, f"reads {of.reads}, task {of.task}")
    log.info("figure drawn from %d rows of data", len(data))
