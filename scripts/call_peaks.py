"""Call the peaks of one library with MACS."""

import pandas as pd

from dfim.files.tables import write_table
from dfim.genomes.fasta import read_sizes
from dfim.genomes.narrowpeak import write_narrowpeak
from dfim.reads.calling import call_peaks
from workflow.running import running

with running(snakemake) as log:
    options = snakemake.params.options
    sizes = read_sizes(snakemake.input.sizes)
    peaks, caller = call_peaks(
        snakemake.input.tags,
        sizes,
        options["genome_size"] or sum(sizes.values()),
        options["p_threshold"],
        options["window"],
        options["maximum_peaks"],
    )
    write_narrowpeak(peaks, snakemake.output.peaks)
    write_table(pd.DataFrame([{"caller": caller, "peaks": len(peaks)}]), snakemake.output.caller)
    log.info("%s called %d peaks", caller, len(peaks))
