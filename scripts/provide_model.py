"""Take in a trained network, from a Keras file of today or from the files of Keras 0.3 on Theano."""

from running import running

with running(snakemake) as log:
    from dfim.networks import keras_files
    from dfim.networks.given import check_outputs, read_own_network
    from dfim.networks.old_keras import convert_model

    files = snakemake.input
    if files.get("model"):
        model, origin = read_own_network(files.model), files.model
    else:
        model, origin = convert_model(files.architecture, files.weights), files.architecture
    check_outputs(model, snakemake.params.tasks, origin)
    keras_files.save_network(model, snakemake.output.model)
    log.info("%s: sequences of %d bp, %d weights", origin, model.input_shape[1], model.count_params())
