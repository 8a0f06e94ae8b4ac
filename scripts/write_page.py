"""Write the page of a run: what was asked and found, in one file that needs no network."""

from workflow.running import running

with running(snakemake) as log:
    import yaml

    from dfim.files.text import read_text
    from dfim.page.writing import write_page
    from workflow.page import with_warnings

    citation = yaml.safe_load(read_text(snakemake.input.citation, "a file about citation"))
    contents = with_warnings(snakemake.params.contents, snakemake.params.logs)
    size = write_page(contents, citation, snakemake.output[0], snakemake.params.seed)
    log.info("%s: %.1f MB", snakemake.output[0], size / 1e6)
