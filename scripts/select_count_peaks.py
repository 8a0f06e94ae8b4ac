"""Write the intervals of a matrix of read counts that are open in one cell type, as BED."""

from dfim.datasets.peak_sources import peaks_from_counts
from dfim.files.whole import atomic_path
from workflow.running import running

with running(snakemake) as log:
    settings = snakemake.params
    peaks = peaks_from_counts(snakemake.input[0], settings.samples, settings.least)
    log.info("%d intervals are open in the samples %s", len(peaks), ", ".join(settings.samples))
    with atomic_path(snakemake.output[0]) as temporary:
        gzipped = {"method": "gzip", "mtime": 0}
        peaks.to_csv(temporary, sep="\t", header=False, index=False, compression=gzipped)
