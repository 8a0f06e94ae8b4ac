"""Convert a network from the files of Keras 0.3 on Theano to today's format."""

from running import running

with running(snakemake) as log:
    from dfim import network
    from dfim.legacy_keras import convert_model

    model = convert_model(snakemake.input.architecture, snakemake.input.weights)
    network.save_network(model, snakemake.output.model)
    log.info("converted %d weights, %d outputs", model.count_params(), model.output_shape[-1])
