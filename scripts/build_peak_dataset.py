"""Build a dataset from the peaks of each task: windows, labels, split, and the sites of patterns."""

from pathlib import Path

from dfim.datasets.dataset import write_dataset
from dfim.datasets.peaks import build_peak_dataset
from dfim.genomes.fasta import Genome, read_sizes
from workflow.running import running

with running(snakemake) as log:
    files = snakemake.input
    genome = Genome(files.fasta, files.fai, read_sizes(files.sizes))
    peaks = dict(zip(snakemake.params.tasks, files.peaks, strict=True))
    dataset = build_peak_dataset(
        genome,
        peaks,
        files.get("accessible"),
        snakemake.params.options,
        snakemake.params.seed,
        files.get("known_sites"),
        snakemake.params.motifs,
    )
    write_dataset(dataset, Path(snakemake.output.examples).parent)
    log.info("%d examples with %d features", len(dataset.bases), len(dataset.features))
