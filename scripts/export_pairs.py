"""Write the called pairs of an analysis as BEDPE."""

from dfim.exports.pairs import called_pairs, write_bedpe
from dfim.files.tables import read_table
from workflow.running import running

with running(snakemake) as log:
    table = called_pairs(read_table(snakemake.input.tests, dtype={"chrom": "str"}))
    write_bedpe(table, snakemake.output.bedpe)
    log.info("%d called pairs", len(table))
