"""Choose the examples of a dataset that an analysis looks at."""

from pathlib import Path

from workflow.running import running

with running(snakemake) as log:
    from dfim.datasets.dataset import read_dataset
    from dfim.datasets.logits_file import read_predictions
    from dfim.datasets.selection import select_sets
    from dfim.files.tables import write_table

    dataset = read_dataset(Path(snakemake.input.sequences).parent)
    parameters = snakemake.params
    logits, tasks = None, list(parameters.tasks)
    if snakemake.input.get("predictions"):
        logits, tasks = read_predictions(snakemake.input.predictions)
    table = select_sets(dataset, logits, parameters.task, parameters.criteria, parameters.seed, tasks)
    log.info("%d of %d examples selected", table["example"].nunique(), len(dataset.examples))
    write_table(table, snakemake.output[0])
