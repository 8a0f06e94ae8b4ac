"""Draw all figures of a network, of a scan or of an analysis: PDF, PNG and the data of each as TSV."""

from workflow.running import running

with running(snakemake) as log:
    from dfim.errors import InputError
    from dfim.plots import module_for
    from dfim.plots.inputs import open_tables
    from dfim.plots.style import save

    asked, files, troubles = snakemake.params.figures, snakemake.output, []
    with open_tables(dict(snakemake.input.items())) as tables:
        for (name, one), *paths in zip(asked.items(), files.pdf, files.png, files.tsv, strict=True):
            try:
                figure, data = module_for(one["kind"]).draw(tables, one["options"])
            except InputError as error:  # told with those of the other figures
                troubles.append(f"key '{one['key']}': {error}" if one["key"] else str(error))
                continue
            save(figure, data, *paths, snakemake.params.of)
            figure.clear()  # what it holds is not needed for the next
            log.info("figure %s drawn from %d rows of data", name, len(data))
    if troubles:
        raise InputError(" ".join(troubles))
