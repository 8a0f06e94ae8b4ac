"""Score all examples of a data set with a trained network; write metrics, curves and logits."""

import json
from pathlib import Path

from running import running

with running(snakemake) as log:
    import h5py
    import pandas as pd

    from dfim import network, training
    from dfim.dataset import SPLITS, read_dataset
    from dfim.files import atomic_path, sha256_of, write_table

    training.prepare_tensorflow(snakemake.threads)
    dataset = read_dataset(Path(snakemake.input.sequences).parent)
    model = network.load_network(snakemake.input.model)
    training.check_fit(model, dataset)
    logits = training.predict_logits(model, dataset.bases)

    tables = []
    for split in SPLITS:
        rows = dataset.rows(split)
        table = training.metrics(dataset.labels[rows], logits[rows], dataset.tasks)
        tables.append(table.assign(split=split)[["split", *table.columns]])
        log.info("%s: mean auROC %.4f, mean auPRC %.4f", split, *table[["auroc", "auprc"]].iloc[-1])
    write_table(pd.concat(tables), snakemake.output.metrics)

    test = dataset.rows("test")
    write_table(training.curves(dataset.labels[test], logits[test], dataset.tasks), snakemake.output.curves)

    with atomic_path(snakemake.output.predictions) as temporary, h5py.File(temporary, "w") as handle:
        array = handle.create_dataset("logits", data=logits)
        array.attrs["axes"] = json.dumps(["example", "task"])
        handle.attrs["tasks"] = json.dumps(dataset.tasks)
        handle.attrs["model_sha256"] = sha256_of(snakemake.input.model)
        handle.attrs["sequences_sha256"] = sha256_of(snakemake.input.sequences)
