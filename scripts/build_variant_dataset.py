"""Build a dataset of windows centred at single-nucleotide variants."""

from pathlib import Path

from dfim.dataset import write_dataset
from dfim.genome import Genome, read_sizes
from dfim.variants import build_variant_dataset
from running import running

with running(snakemake) as log:
    files = snakemake.input
    genome = Genome(files.fasta, files.fai, read_sizes(files.sizes))
    dataset = build_variant_dataset(genome, files.variants, files.get("peaks", []), snakemake.params.options)
    write_dataset(dataset, Path(snakemake.output.examples).parent)
    log.info("%d examples", len(dataset.bases))
