"""Download a source, or link to a local one, and verify its checksums."""

from dfim.fetching import fetch
from running import running

with running(snakemake):
    source = snakemake.params.source
    fetch(source["location"], snakemake.output[0], source.get("sha256", ""), source.get("md5", ""))
