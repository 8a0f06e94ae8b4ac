"""Interactions of pairs of features by pairwise mutagenesis, on one shard of the selected examples."""

from pathlib import Path

from workflow.running import running

with running(snakemake) as log:
    from dfim.attribution import open_model
    from dfim.datasets.dataset import read_dataset
    from dfim.datasets.selection import features_of_groups
    from dfim.files.tables import read_table, write_table
    from dfim.interactions.mutagenesis import mutate_pairs
    from dfim.interactions.sources import examples_of_shard, make_pairs

    settings = snakemake.params
    analysis = settings.analysis
    dataset = read_dataset(Path(snakemake.input.sequences).parent)
    selected = read_table(snakemake.input.selection)["example"]
    examples = examples_of_shard(selected, int(snakemake.wildcards.shard), analysis["shards"])
    pairs, _ = make_pairs(
        features_of_groups(dataset.features, analysis["feature_groups"]),
        examples,
        analysis["sources"]["features"],
        analysis["targets"]["features"],
        analysis["same_name"],
        analysis["max_distance"],
    )
    log.info("%d ordered pairs in %d examples", len(pairs), len(examples))
    options = {"threads": snakemake.threads}
    with open_model(
        snakemake.input.model,
        settings.task,
        settings.tasks,
        "gradient_input",
        analysis["background"],
        options,
        length=dataset.bases.shape[1],
    ) as (scorer, task):
        table = mutate_pairs(
            scorer.logits, dataset.bases, dataset.features, pairs, task, analysis["background"]
        )
    write_table(table, snakemake.output[0])
