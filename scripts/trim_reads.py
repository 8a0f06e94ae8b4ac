"""Trim the adapter from the reads of one lane; whatever is wrong with its files is said here."""

import pandas as pd

from dfim.files.tables import write_table
from dfim.files.whole import atomic_path
from dfim.reads.fastq import trim
from workflow.running import running

with running(snakemake) as log:
    inputs = list(map(str, snakemake.params.files))
    outputs = [snakemake.output.reads, snakemake.output.mates][: len(inputs)]
    counts = trim(inputs, outputs, snakemake.params.adapter, snakemake.threads, snakemake.output.report)
    if len(inputs) == 1:
        with atomic_path(snakemake.output.mates) as temporary:
            temporary.write_bytes(b"")
    write_table(pd.DataFrame([counts]), snakemake.output.counts)
    log.info("%(sequenced)d reads, %(with_adapter)d with adapter, %(trimmed)d kept", counts)
