"""Build a dataset of two motifs at every distance and in every orientation."""

from pathlib import Path

from dfim.datasets.dataset import write_dataset
from dfim.datasets.sequence_files import read_sequences
from dfim.datasets.spacing import build_spacing_dataset
from workflow.running import running

with running(snakemake) as log:
    file = snakemake.input.get("file")
    given = read_sequences(file)[1] if file else None
    dataset = build_spacing_dataset(snakemake.params.design, snakemake.params.seed, given)
    write_dataset(dataset, Path(snakemake.output.examples).parent)
    log.info("%d examples of %d bp", *dataset.bases.shape)
