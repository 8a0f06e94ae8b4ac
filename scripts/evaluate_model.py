"""Score all examples of a data set with a trained network; write metrics, curves and logits."""

from pathlib import Path

from running import running

with running(snakemake) as log:
    import pandas as pd

    from dfim import network, training
    from dfim.dataset import SPLITS, read_dataset
    from dfim.files import sha256_of, write_table
    from dfim.predictions import write_predictions

    training.prepare_tensorflow(snakemake.threads)
    dataset = read_dataset(Path(snakemake.input.sequences).parent)
    model, tasks = network.load_network(snakemake.input.model), list(snakemake.params.tasks)
    training.check_fit(model, dataset, tasks)
    logits = training.predict_logits(model, dataset.bases)
    labelled = logits[:, [tasks.index(task) for task in dataset.tasks]]

    tables = []
    for split in SPLITS:
        rows = dataset.rows(split)
        table = training.metrics(dataset.labels[rows], labelled[rows], dataset.tasks)
        tables.append(table.assign(split=split)[["split", *table.columns]])
        log.info("%s: mean auROC %.4f, mean auPRC %.4f", split, *table[["auroc", "auprc"]].iloc[-1])
    write_table(pd.concat(tables), snakemake.output.metrics)

    test = dataset.rows("test")
    write_table(training.curves(dataset.labels[test], labelled[test], dataset.tasks), snakemake.output.curves)

    checksums = {
        "model_sha256": sha256_of(snakemake.input.model),
        "sequences_sha256": sha256_of(snakemake.input.sequences),
    }
    write_predictions(logits, tasks, snakemake.output.predictions, checksums)
