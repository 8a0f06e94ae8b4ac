"""Take in a trained network, from a file of Keras or ONNX, or an architecture and weights."""

from workflow.running import running

with running(snakemake) as log:
    from dfim.attribution import network_of
    from dfim.networks import keras_files
    from dfim.networks.given import read_own_network
    from dfim.networks.graph_files import save_graph
    from dfim.networks.outputs import Output

    files, source = snakemake.input, snakemake.params.source
    origin = files.get("model") or files.architecture
    model = read_own_network(
        origin,
        snakemake.params.tasks,
        files.get("weights"),
        {task: Output(**output) for task, output in source.get("outputs", {}).items()},
        source.get("inputs"),
        source.get("length"),
    )
    keras_files.save_network(model, snakemake.output.model)
    save_graph(network_of(model), snakemake.output.graph)
    length = model.input_shape[1] or "any number of"
    log.info("%s: sequences of %s bp, %d weights", origin, length, model.count_params())
