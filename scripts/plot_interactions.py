"""Draw one figure of an analysis of interactions: PDF, PNG and the data as TSV."""

from workflow.running import running

with running(snakemake) as log:
    from dfim.plots import module_for
    from dfim.plots.inputs import open_tables
    from dfim.plots.options import INTERACTION_FIGURES
    from dfim.plots.style import save

    # Two figures of one kind have names of their own and name the kind in their options.
    options = snakemake.params.options or {}
    kind = options.get("kind", snakemake.wildcards.figure)
    with open_tables(dict(snakemake.input.items())) as tables:
        figure, data = module_for(kind, INTERACTION_FIGURES).draw(tables, options)
    of = snakemake.wildcards
    origin = f"analysis {of.analysis}, model {of.model}, task {of.task}, {of.method}"
    save(figure, data, snakemake.output.pdf, snakemake.output.png, snakemake.output.tsv, origin)
    log.info("figure %s drawn from %d rows of data", snakemake.wildcards.figure, len(data))
