"""Build a dataset from a user's own sequences and their labels, or regions of a genome."""

from pathlib import Path

from dfim.datasets.dataset import write_dataset
from dfim.datasets.sequences import build_own_dataset
from dfim.genomes.fasta import Genome, read_sizes
from workflow.running import running

with running(snakemake) as log:
    files, options = snakemake.input, snakemake.params.options
    genome = Genome(files.fasta, files.fai, read_sizes(files.sizes)) if files.get("fasta") else None
    named = [name for name, pwm in options["pwms"].items() if "matrix" in pwm]
    dataset = build_own_dataset(
        options,
        files.get("file"),
        genome,
        files.get("regions"),
        files.get("features"),
        dict(zip(named, files.get("matrices", []), strict=True)),
        files.get("labels"),
        snakemake.params.seed,
    )
    if dataset.tasks:
        counts = dataset.examples["split"].value_counts()
        log.info("splits: %s", ", ".join(f"{number} {split}" for split, number in counts.items()))
    write_dataset(dataset, Path(snakemake.output.examples).parent)
