"""Build a dataset of two motifs at every distance and in every orientation."""

from pathlib import Path

from dfim.datasets.dataset import write_dataset
from dfim.datasets.spacing import build_spacing_dataset
from workflow.running import running

with running(snakemake) as log:
    dataset = build_spacing_dataset(snakemake.params.design, snakemake.params.seed)
    write_dataset(dataset, Path(snakemake.output.examples).parent)
    log.info("%d examples of %d bp", *dataset.bases.shape)
