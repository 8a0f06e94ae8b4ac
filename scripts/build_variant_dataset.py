"""Build a dataset of windows centred at single-nucleotide variants."""

from pathlib import Path

from dfim.datasets.dataset import write_dataset
from dfim.datasets.variants import build_variant_array, build_variant_dataset
from dfim.genomes.fasta import Genome, read_sizes
from workflow.running import running

with running(snakemake) as log:
    files, options = snakemake.input, snakemake.params.options
    if files.get("sequences"):
        dataset = build_variant_array(files.sequences, files.variants, options)
    else:
        genome = Genome(files.fasta, files.fai, read_sizes(files.sizes))
        dataset = build_variant_dataset(genome, files.variants, files.get("peaks", []), options)
    write_dataset(dataset, Path(snakemake.output.examples).parent)
    log.info("%d examples", len(dataset.bases))
