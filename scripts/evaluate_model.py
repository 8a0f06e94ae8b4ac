"""Score all examples of a data set with a trained network; write metrics, curves, place check and logits."""

from pathlib import Path

from workflow.running import running

with running(snakemake, on_gpu=True) as log:
    import pandas as pd

    from dfim.datasets.dataset import SPLITS, read_dataset
    from dfim.files.tables import write_table
    from dfim.files.whole import sha256_of
    from dfim.networks import keras_files
    from dfim.networks.place import place_check, reads_place
    from dfim.sequences.bases import reverse_complement
    from dfim.training import evaluation, fitting, options, prediction
    from dfim.training.logits_file import write_predictions

    fitting.prepare_tensorflow(snakemake.threads)
    dataset = read_dataset(Path(snakemake.input.sequences).parent)
    model, tasks = keras_files.load_network(snakemake.input.model), list(snakemake.params.tasks)
    options.check_fit(model, dataset, tasks)
    predictor = prediction.compiled_predictor(model)
    logits = prediction.predict(predictor, dataset.bases)
    # The strands are compared for measured values alone.
    turned = (
        prediction.predict(predictor, reverse_complement(dataset.bases)) if dataset.real_valued else logits
    )
    columns = [tasks.index(task) for task in dataset.tasks]
    labelled, turned = logits[:, columns], turned[:, columns]

    seed = snakemake.params.seed
    tables = [evaluation.evaluate(dataset, split, labelled, turned, seed) for split in SPLITS]
    for table in tables:
        means = table.drop(columns=["split", "task"]).iloc[-1]
        log.info("%s: %s", table["split"].iloc[0], ", ".join(f"{k} {v:.4g}" for k, v in means.items()))
    write_table(pd.concat(tables), snakemake.output.metrics)

    test = dataset.rows("test")
    write_table(
        evaluation.curves(dataset.labels[test], labelled[test], dataset.tasks), snakemake.output.curves
    )

    asked = dataset.present if dataset.real_valued else dataset.labels == 1
    place = place_check(
        lambda bases: prediction.predict(predictor, bases)[:, columns],
        labelled[test],
        dataset.bases[test],
        asked[test],
        dataset.tasks,
        seed,
    )
    if sentence := reads_place(place):
        log.warning("%s", sentence)
    write_table(place, snakemake.output.place)

    checksums = {
        "model_sha256": sha256_of(snakemake.input.model),
        "sequences_sha256": sha256_of(snakemake.input.sequences),
    }
    write_predictions(logits, tasks, snakemake.output.predictions, checksums)
