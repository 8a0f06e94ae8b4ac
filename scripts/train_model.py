"""Train a network on a data set, from random weights or from those of another network."""

from pathlib import Path

from workflow.running import running

with running(snakemake, on_gpu=True) as log:
    from dfim.datasets.dataset import read_dataset
    from dfim.files.tables import write_table
    from dfim.networks import building, keras_files, weights
    from dfim.networks.description import describe
    from dfim.networks.graph_files import save_graph
    from dfim.training import fitting

    fitting.prepare_tensorflow(snakemake.threads)
    seed = snakemake.params.seed
    dataset = read_dataset(Path(snakemake.input.sequences).parent)
    head = "linear" if dataset.real_valued else "sigmoid"
    length = dataset.bases.shape[1]
    model = building.build_network(snakemake.params.layers, length, dataset.tasks, seed, head)
    initial = snakemake.input.get("initial")
    if initial:
        weights.initialise_from(model, keras_files.load_network(initial))
        log.info("all weights but the head's are taken from %s", initial)
    log.info("training %d weights on %d examples", model.count_params(), len(dataset.rows("train")))
    # No output of the rule, so that it outlives a failure; it goes when everything is written.
    checkpoint = Path(snakemake.output.model).with_name("checkpoint.npz")
    history = fitting.train(model, dataset, snakemake.params.training, seed, checkpoint)
    keras_files.save_network(model, snakemake.output.model)
    save_graph(describe(model), snakemake.output.graph)
    write_table(history, snakemake.output.history)
    checkpoint.unlink(missing_ok=True)
