"""Build the dataset of a library of sequences with measured values: a table or an array of all flanks."""

from pathlib import Path

from workflow.running import running

with running(snakemake) as log:
    from dfim.datasets.dataset import write_dataset
    from dfim.datasets.values import all_flanks, library_dataset, read_table_of_values

    options = snakemake.params.options
    if "array" in options:
        bases, numbers = all_flanks(snakemake.input.library, options["core"])
    else:
        bases, numbers = read_table_of_values(snakemake.input.library, options["columns"])
    shares = options["test_fraction"], options["validation_fraction"]
    dataset = library_dataset(bases, numbers, options["task"], *shares, snakemake.params.seed)
    counts = dataset.examples["split"].value_counts()
    log.info("%d sequences: %s", len(bases), ", ".join(f"{n} {split}" for split, n in counts.items()))
    write_dataset(dataset, Path(snakemake.output.sequences).parent)
