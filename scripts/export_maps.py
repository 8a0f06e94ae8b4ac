"""Write the maps of an analysis as one NumPy file with names."""

import h5py

from dfim.exports.maps import write_maps
from dfim.files.tables import read_table
from workflow.running import running

with running(snakemake) as log:
    sources = read_table(snakemake.input.sources, dtype={"chrom": "str"})
    with h5py.File(snakemake.input.profiles) as profiles:
        write_maps(sources, profiles, snakemake.output.maps)
    log.info("%d rows", len(sources))
