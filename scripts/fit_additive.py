"""Ask whether data need an interaction: held out, an additive fit, one with pairs, and the network."""

from pathlib import Path

from workflow.running import running

with running(snakemake) as log:
    from dfim.datasets.additive_fits import fit_tasks, held_out
    from dfim.datasets.blocks import overlap_blocks
    from dfim.datasets.dataset import read_dataset
    from dfim.datasets.logits_file import read_predictions
    from dfim.files.tables import write_table
    from dfim.statistics.additive import verdict

    dataset = read_dataset(Path(snakemake.input.sequences).parent)
    logits, tasks = read_predictions(snakemake.input.predictions)
    outputs = logits[:, [tasks.index(task) for task in dataset.tasks]]
    blocks = overlap_blocks(dataset.examples)
    table = held_out(fit_tasks(dataset), dataset, outputs, blocks, snakemake.params.seed)
    for _, own in table.groupby("task", sort=False):
        log.info("%s", verdict(own))
    write_table(table, snakemake.output[0])
