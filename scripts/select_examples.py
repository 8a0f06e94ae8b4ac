"""Choose the examples of a dataset that an analysis looks at."""

from pathlib import Path

from running import running

with running(snakemake) as log:
    import h5py

    from dfim.dataset import read_dataset
    from dfim.files import write_table
    from dfim.selection import select_examples

    dataset = read_dataset(Path(snakemake.input.sequences).parent)
    logits = None
    if snakemake.input.get("predictions"):
        with h5py.File(snakemake.input.predictions, "r") as handle:
            logits = handle["logits"][()]
    parameters = snakemake.params
    rows = select_examples(
        dataset, logits, parameters.task, parameters.criteria, parameters.seed, list(parameters.tasks)
    )
    log.info("%d of %d examples selected", len(rows), len(dataset.examples))
    write_table(dataset.examples.loc[rows, ["example", "name"]], snakemake.output[0])
