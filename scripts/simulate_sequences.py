"""Simulate a dataset of sequences with planted motif instances."""

from pathlib import Path

from dfim.datasets.dataset import write_dataset
from dfim.datasets.simulation import simulate
from workflow.running import running

with running(snakemake) as log:
    dataset = simulate(snakemake.params.design, snakemake.params.seed)
    write_dataset(dataset, Path(snakemake.output[0]).parent)
    log.info("%d sequences with %d motif instances", len(dataset.bases), len(dataset.features))
