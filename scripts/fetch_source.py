"""Download a source, or link to a local one, and verify it."""

from dfim.errors import InputError
from dfim.files.fetching import fetch
from workflow.running import running

with running(snakemake):
    source = snakemake.params.source
    if "missing" in source:
        raise InputError(source["missing"])
    # The options come from the configuration and not as parameters: a change of them makes no file outdated.
    fetch(source, snakemake.output[0], snakemake.config["downloads"])
