"""Score all examples of a data set with a trained network; write metrics, curves, place check and logits."""

from pathlib import Path

from workflow.running import running

with running(snakemake, on_gpu=True) as log:
    import pandas as pd

    from dfim.attribution import FORWARD, open_scorer, read_network
    from dfim.attribution.whole_dataset import logits_of_dataset
    from dfim.datasets import evaluation
    from dfim.datasets.dataset import SPLITS, check_fit, read_dataset
    from dfim.datasets.logits_file import write_predictions
    from dfim.files.tables import write_table
    from dfim.files.whole import sha256_of
    from dfim.networks.place import place_check, reads_place
    from dfim.sequences.bases import reverse_complement

    dataset = read_dataset(Path(snakemake.input.sequences).parent)
    tasks, seed = list(snakemake.params.tasks), snakemake.params.seed
    columns, test = [tasks.index(task) for task in dataset.tasks], dataset.rows("test")
    asked = dataset.present if dataset.real_valued else dataset.labels == 1
    network = read_network(snakemake.input.graph, dataset.bases.shape[1])
    any_reference = (0.25,) * 4  # no logit depends on it
    with open_scorer(FORWARD, network, any_reference, {"threads": snakemake.threads}) as scorer:
        check_fit(dataset, scorer.length, scorer.outputs, tasks)
        logits = logits_of_dataset(scorer, dataset.bases)
        labelled = turned = logits[:, columns]
        if dataset.real_valued:  # the strands are compared for measured values alone
            turned = logits_of_dataset(scorer, reverse_complement(dataset.bases))[:, columns]
        place = place_check(
            lambda bases: logits_of_dataset(scorer, bases)[:, columns],
            labelled[test],
            dataset.bases[test],
            asked[test],
            dataset.tasks,
            seed,
        )

    tables = [evaluation.evaluate(dataset, split, labelled, turned, seed) for split in SPLITS]
    for table in tables:
        means = table.drop(columns=["split", "task"]).iloc[-1]
        log.info("%s: %s", table["split"].iloc[0], ", ".join(f"{k} {v:.4g}" for k, v in means.items()))
    write_table(pd.concat(tables), snakemake.output.metrics)
    write_table(
        evaluation.curves(dataset.labels[test], labelled[test], dataset.tasks), snakemake.output.curves
    )
    if sentence := reads_place(place):
        log.warning("%s", sentence)
    write_table(place, snakemake.output.place)
    checksums = {
        "model_sha256": sha256_of(snakemake.input.model),
        "sequences_sha256": sha256_of(snakemake.input.sequences),
    }
    write_predictions(logits, tasks, snakemake.output.predictions, checksums)
