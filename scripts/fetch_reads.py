"""Download the FASTQ files of a replicate, and verify them."""

from pathlib import Path

from dfim.errors import InputError
from dfim.files.fetching import fetch
from workflow.running import running

with running(snakemake) as log:
    folder = Path(snakemake.output[0])
    for name, source in snakemake.params.files.items():
        log.info("%s", source["location"])
        fetch(source, folder / name, snakemake.config["downloads"])
    if not snakemake.params.files:
        raise InputError(f"no file is known of {snakemake.wildcards.replicate}: run 'snakemake accessions'.")
